/*
 * pipes [wall]: what bytes through pipes cost, to and from a partner in its own address space. Otherwise as bench, whose
 * test/bench/bench/measure.c it uses, and the same source for Finch and for Linux.
 */
#include <test/bench/bench/measure.h>

static envid_t partner;

/* Start a copy of this program that serves, and do some rounds with it, so that it has its own copies of pages. */
static bool serve(void (*server)(void), void (*round)(void))
{
	partner = fork();
	check(partner, "fork");
	if (partner == 0) {
		server();
		exit();
	}
	for (int i = 0; i < 20; i++)
		round();
	return true;
}

static int there[2], back[2];

static void answer_bytes(void)
{
	char byte;

	while (read(there[0], &byte, 1) == 1)
		write(back[1], &byte, 1);
}

static void pipe_byte(void)
{
	char byte = 0;

	write(there[1], &byte, 1);
	read(back[0], &byte, 1);
}

static char block[PGSIZE];

static void take_blocks(void)
{
	while (read(there[0], block, sizeof block) > 0)
		continue;
}

static void pipe_block(void)
{
	write(there[1], block, sizeof block);
}

static bool pipes_open(void)
{
	return pipe(there) == 0 && pipe(back) == 0;
}

static bool byte_partner(void)
{
	return pipes_open() && serve(answer_bytes, pipe_byte);
}

static bool block_partner(void)
{
	return pipes_open() && serve(take_blocks, pipe_block);
}

static bool pipes_end(void)
{
	sys_env_destroy(partner);
	wait(partner);
	for (int i = 0; i < 2; i++) {
		close(there[i]);
		close(back[i]);
	}
	return true;
}

const struct operation operations[] = {
	{ "pipe-byte", pipe_byte, 1000, 1, byte_partner, pipes_end },
	{ "pipe-4k", pipe_block, 1000, 1, block_partner, pipes_end },
	{ .key = NULL },
};
