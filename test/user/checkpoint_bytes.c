/*
 * Checkpoints as bytes: what is read again is what was written, pages that were one are one, pages that were alike are not;
 * and bytes that are well-formed but tell of a state that cannot be are refused. (test/host/test_snapshot.c has damage.)
 */
#include <common/crc32.h>
#include "checkpoint_bytes.h"

#define SHARED ((volatile uint32_t *)0x20000000)
#define AGAIN ((volatile uint32_t *)0x24000000) /* the same page */
#define BEFORE ((volatile uint32_t *)0x1C000000) /* so is this, only to be read, below the one that may be written */
#define ALIKE ((volatile uint32_t *)0x28000000) /* three pages with the same on them */
#define HEADER 32
#define HEAD 12
#define CRC 4
#define ROUNDS 100

/* --- A child with pages of all kinds; the parent looks at what it sees through a page that stays --- */

static void child_main(void)
{
	uint32_t local = 3;

	for (;;) {
		SHARED[1] = local++;
		/* What was just written, if they are the same page. */
		SHARED[2] = AGAIN[1] == BEFORE[1] && perm_of(BEFORE) == (RO | PTE_SHARE) ? AGAIN[1] : 0;
		SHARED[3] = ALIKE[0] + ALIKE[NPTENTRIES] + ALIKE[2 * NPTENTRIES];
		ALIKE[NPTENTRIES]++;
		SHARED[4] = perm_of(AGAIN);
		SHARED[5] = thisenv->env_id;
		int err = sys_ipc_recv((void *)UTOP);
		SHARED[6] = (uint32_t)err;
		SHARED[0]++;
	}
}

/* Let a child that waits for a message make one round, in its own memory; see what that says of it. */
static void round_of(envid_t child, uint32_t *seen)
{
	wait_until(envs[ENVX(child)].env_wait == ENV_WAIT_MESSAGE);
	expect_is(sys_ipc_try_send(child, 0, (void *)UTOP, 0), 0);
	wait_until(envs[ENVX(child)].env_wait == ENV_WAIT_MESSAGE);
	expect_is(sys_page_map(child, (void *)SHARED, 0, UTEMP, RO), 0);
	for (int i = 0; i < 7; i++)
		seen[i] = ((volatile uint32_t *)UTEMP)[i];
	expect_is(sys_page_unmap(0, UTEMP), 0);
}

static envid_t start(void)
{
	expect_is(sys_page_alloc(0, (void *)SHARED, RW | PTE_SHARE), 0);
	expect_is(sys_page_map(0, (void *)SHARED, 0, (void *)AGAIN, RO | PTE_SHARE), 0);
	expect_is(sys_page_map(0, (void *)SHARED, 0, (void *)BEFORE, RO | PTE_SHARE), 0);
	expect_is(pages_alloc(0, (void *)ALIKE, RW, 3), 0);
	for (int i = 0; i < 3; i++)
		ALIKE[i * NPTENTRIES] = 5;
	envid_t child = fork();
	if (child == 0)
		child_main();
	expect(child > 0);
	wait_until(envs[ENVX(child)].env_wait == ENV_WAIT_MESSAGE);
	return child;
}

static void there_and_back(void)
{
	envid_t child = start(), checkpoint = checkpoint_take(child);
	uint32_t seen[7];

	expect(checkpoint > 0);
	expect_is(pages_alloc(0, BYTES, RW, BYTES_PAGES), 0);
	expect_is(checkpoint_write(checkpoint, put, NULL), 0);
	/* Once more: the same bytes. */
	uint32_t size = written, crc = crc32(0, BYTES, written);
	written = 0;
	expect_is(checkpoint_write(checkpoint, put, NULL), 0);
	expect_is(written, size);
	expect_is(crc32(0, BYTES, written), crc);
	/* Who takes the bytes has no room: its error comes back. */
	for (put_limit = 0; put_limit < size; put_limit += 1 + put_limit / 2) {
		written = 0;
		expect_is(checkpoint_write(checkpoint, put, NULL), -E_NO_DISK);
	}
	written = 0;
	put_limit = size;
	expect_is(checkpoint_write(checkpoint, put, NULL), 0);
	expect_is(checkpoint_drop(checkpoint), 0);
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);

	checkpoint = read_bytes(NULL);
	if (checkpoint < 0)
		fail("checkpoint_read: %e", checkpoint);
	expect_is(taken, written);
	uint32_t ours = SHARED[1] = 4711;
	for (uint32_t i = 0; i < 3; i++) {
		envid_t again = checkpoint_restore(checkpoint, 0);
		expect(again > 0);
		round_of(again, seen);
		round_of(again, seen);
		expect_is(seen[0], 2);
		expect_is(seen[1], 3 + 2);
		expect_is(seen[2], 3 + 2); /* one page */
		expect_is(seen[3], 5 + 5 + 2 + 5); /* three pages */
		expect_is(seen[4], RO | PTE_SHARE);
		expect_is(seen[5], again);
		expect_is(seen[6], 0);
		expect_is(SHARED[1], ours); /* no more this program's page */
		expect_is(sys_env_destroy(again), 0);
		expect_end(again, -E_KILLED);
		/* The page stays that of the checkpoint, which shares it with all that are made of it. */
		envid_t look = checkpoint_restore(checkpoint, 0);
		expect(look > 0);
		expect_is(sys_page_map(look, (void *)SHARED, 0, UTEMP, RW), 0);
		((volatile uint32_t *)UTEMP)[0] = 0;
		expect_is(sys_page_unmap(0, UTEMP), 0);
		expect_is(sys_env_destroy(look), 0);
		expect_end(look, -E_KILLED);
	}
	expect_is(checkpoint_drop(checkpoint), 0);
}

/* --- Forged --- */

static uint32_t word(size_t at)
{
	return *(uint32_t *)(BYTES + at);
}

/* Give all records right checksums again. */
static void seal(void)
{
	uint32_t crc = crc32(0, BYTES, HEADER - CRC);

	*(uint32_t *)(BYTES + HEADER - CRC) = crc;
	for (size_t at = HEADER; at < written;) {
		size_t size = HEAD + word(at + 8);
		crc = crc32(crc, BYTES + at, size);
		*(uint32_t *)(BYTES + at + size) = crc;
		at += size + CRC;
	}
}

/* Where the data of a part of the state is. */
static size_t part_at(uint32_t part)
{
	size_t at = HEADER;

	while (word(at) != 1 || word(at + 4) != part)
		at += HEAD + word(at + 8) + CRC;
	return at + HEAD;
}

/* With that byte, it is refused, for that reason; and nothing is left of it. */
static void expect_refused(uint32_t part, size_t offset, uint8_t value, int error, const char *why)
{
	size_t at = part_at(part) + offset;
	uint8_t before = BYTES[at];
	const char *wrong = NULL;
	uint32_t pages = free_pages();

	BYTES[at] = value;
	seal();
	expect_is(read_bytes(&wrong), -error);
	if (!wrong || strcmp(wrong, why) != 0)
		fail("part %u, byte %u: expected '%s', saw '%s'", part, offset, why, wrong ? wrong : "nothing");
	BYTES[at] = before;
	seal();
	expect_is(free_pages(), pages);
}

static void forged(void)
{
	static const char state[] = "it has a state that cannot be", cpu[] = "it uses registers that this CPU does not have";
	size_t fpu = part_at(STATE_FPU);

	expect_refused(STATE_REGISTERS, offsetof(struct Trapframe, tf_eip) + 3, 0xF0, E_INVAL, state);
	expect_refused(STATE_REGISTERS, offsetof(struct Trapframe, tf_esp) + 3, 0xFF, E_INVAL, state);
	expect_refused(STATE_FPU, 0, 9, E_NOT_SUPP, cpu);
	expect_refused(STATE_FPU, 4, 1, E_INVAL, state);
	if (word(fpu) != FPU_FNSAVE)
		expect_refused(STATE_FPU, 8 + 24 + 3, 0x80, E_INVAL, state);
	if (word(fpu) == FPU_XSAVE)
		expect_refused(STATE_FPU, 8 + 512 + 8, 1, E_INVAL, state);
	expect_refused(STATE_UPCALLS, 8, 1, E_INVAL, state);
	expect_refused(STATE_UPCALLS, 11, 0xFF, E_INVAL, state);
	expect_refused(STATE_MESSAGE, offsetof(struct state_message, unparked), 2, E_INVAL, state);
	expect_refused(STATE_GENERAL, ENV_LABEL_SIZE - 1, 'x', E_INVAL, state);
	/* As it was, it is good. */
	envid_t checkpoint = read_bytes(NULL);
	expect(checkpoint > 0);
	expect_is(checkpoint_drop(checkpoint), 0);
}

/*
 * Any words in any places of records, under right checksums: a holder or an error, and nothing is left of either. What
 * comes of one is let go its way.
 */
static void forged_anyhow(void)
{
	uint32_t state = 1, made = 0;

	for (int round = 0; round < ROUNDS; round++) {
		size_t at = HEADER, places[4];
		uint32_t words[4];
		uint32_t pages = free_pages();
		for (uint32_t skip = next_random(&state) % 40; skip > 0 && word(at) != 7; skip--)
			at += HEAD + word(at + 8) + CRC;
		size_t size = (HEAD + word(at + 8)) / 4;
		for (int i = 0; i < 4; i++) {
			places[i] = at + 4 * (next_random(&state) % 3 ? 1 : next_random(&state) % size);
			words[i] = word(places[i]);
			if (places[i] != at + 8) /* where the next record begins */
				*(uint32_t *)(BYTES + places[i]) ^= 1u << next_random(&state) % 32;
		}
		seal();
		envid_t checkpoint = read_bytes(NULL);
		if (checkpoint > 0) {
			made++;
			envid_t child = checkpoint_restore(checkpoint, 0);
			expect(child > 0);
			expect_is(sys_env_destroy(child), 0);
			wait_status(child, NULL);
			expect_is(checkpoint_drop(checkpoint), 0);
		}
		for (int i = 4; i-- > 0;)
			*(uint32_t *)(BYTES + places[i]) = words[i];
		expect_is(free_pages(), pages);
	}
	expect(made > 0 && made < ROUNDS);
}

void umain(int argc, char **argv)
{
	grow_records(6);
	there_and_back();
	forged();
	forged_anyhow();
	expect_kernel_sound();
}
