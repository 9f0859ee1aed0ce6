/*
 * Messages on many CPUs at once: ten thousand there and back between two; then a storm of senders to one receiver,
 * with pages, interrupted and destroyed at any moment: no message is lost or comes twice, no page is left behind.
 */
#include "child.h"

#define A ((char *)0x10000000)
#define B ((char *)0x20000000)
#define NOWHERE ((void *)UTOP)
#define PING_PONG 1500
#define SENDERS 8
#define ROUNDS 200

static volatile envid_t parent;
static volatile uint32_t sent[SENDERS]; /* by the sender now in this place: messages whose send has returned 0 */
static const volatile struct Env *self;

static void answers(uint32_t count)
{
	const volatile struct Env *me = &envs[ENVX(sys_getenvid())];

	for (uint32_t i = 0; i < count; i++) {
		expect_is(sys_ipc_recv(NOWHERE), 0);
		expect_is(me->env_ipc_value, i);
		expect_is(sys_ipc_send(parent, ~i, NOWHERE, 0, TIMEOUT_NEVER), 0);
	}
}

static void ping_pong(void)
{
	uint32_t count = cpu_total() > 2 ? PING_PONG / 4 : PING_PONG;
	envid_t child = child_run(answers, count);

	for (uint32_t i = 0; i < count; i++) {
		expect_is(sys_ipc_send(child, i, NOWHERE, 0, TIMEOUT_NEVER), 0);
		expect_is(sys_ipc_recv(NOWHERE), 0);
		expect_is(self->env_ipc_value, ~i);
	}
	expect_end(child, 0);
}

/* Numbers for ever: place << 24 | number, the same in the page, if one goes with it. */
static void sends(uint32_t place)
{
	for (uint32_t n = 0;; n++) {
		uint32_t value = place << 24 | n;
		bool with_page = n % 3 == 0;
		int error;
		if (with_page) {
			expect_is(sys_page_alloc(0, A, RW), 0);
			*(volatile uint32_t *)A = value;
		}
		do
			error = sys_ipc_send(parent, value, with_page ? A : NOWHERE, RO, TIMEOUT_NEVER);
		while (error == -E_INTERRUPTED);
		expect_is(error, 0);
		sent[place] = n + 1;
	}
}

static void check(uint32_t place, uint32_t expected)
{
	uint32_t value = self->env_ipc_value;

	if (value != (place << 24 | expected))
		fail("from place %u: expected message %u, saw 0x%x", place, expected, value);
	expect_is(self->env_ipc_perm, expected % 3 == 0 ? RO : 0);
	if (expected % 3 == 0) {
		expect_is(perm_of(B), RO);
		expect_is(*(volatile uint32_t *)B, value);
	}
}

static void storm(uint32_t rounds)
{
	envid_t senders[SENDERS];
	uint32_t received[SENDERS] = { 0 }, random = rounds;

	for (uint32_t i = 0; i < SENDERS; i++) {
		sent[i] = 0;
		senders[i] = child_run(sends, i);
	}
	for (uint32_t round = 0; round < rounds; round++) {
		for (uint32_t n = next_random(&random) % 8; n > 0; n--) {
			expect_is(sys_ipc_recv(B), 0);
			uint32_t place = self->env_ipc_value >> 24;
			expect(place < SENDERS && self->env_ipc_from == senders[place]);
			check(place, received[place]++);
		}
		uint32_t victim = next_random(&random) % SENDERS;
		if (round % 2) {
			expect_is(sys_env_set_status(senders[victim], ENV_RUNNABLE), 0);
			continue;
		}
		if (round % 8)
			continue;
		expect_is(sys_env_destroy(senders[victim]), 0);
		expect_end(senders[victim], -E_KILLED);
		expect(sent[victim] <= received[victim]);
		received[victim] = sent[victim] = 0;
		senders[victim] = child_run(sends, victim);
	}
	for (uint32_t i = 0; i < SENDERS; i++) {
		expect_is(sys_env_destroy(senders[i]), 0);
		expect_end(senders[i], -E_KILLED);
		expect(sent[i] <= received[i]);
	}
	expect_is(sys_page_unmap(0, B), 0);
}

/* --- A receiver that is interrupted and destroyed while many send to it. --- */

static volatile envid_t target;
static volatile uint32_t taken, given;
static volatile bool over;

static void takes(uint32_t arg)
{
	USED(arg);
	for (;;) {
		int error = sys_ipc_recv(B);
		expect(error == 0 || error == -E_INTERRUPTED);
		if (error == 0)
			__atomic_add_fetch(&taken, 1, __ATOMIC_SEQ_CST);
	}
}

static void sends_to_target(uint32_t with_page)
{
	while (!over) {
		expect_is(sys_page_alloc(0, A, RW), 0);
		int error = sys_ipc_send(target, 1, with_page ? A : NOWHERE, RW, TIMEOUT_NEVER);
		expect(error == 0 || error == -E_BAD_ENV || error == -E_INTERRUPTED);
		if (error == 0)
			__atomic_add_fetch(&given, 1, __ATOMIC_SEQ_CST);
		else
			sys_yield();
	}
}

static void dying_receivers(uint32_t rounds)
{
	envid_t senders[4];
	uint32_t random = 7;

	over = false;
	given = taken = 0;
	target = child_run(takes, 0);
	for (uint32_t i = 0; i < 4; i++)
		senders[i] = child_run(sends_to_target, i % 2);
	for (uint32_t round = 0; round < rounds; round++) {
		uint32_t at = taken;
		/* Interrupted meanwhile: what was given is taken. */
		while (taken == at)
			expect_is(sys_env_set_status(target, ENV_RUNNABLE), 0);
		for (volatile uint32_t n = next_random(&random) % 3000; n > 0; n--)
			continue;
		expect_is(sys_env_destroy(target), 0);
		expect_end(target, -E_KILLED);
		target = child_run(takes, 0);
	}
	over = true;
	for (uint32_t i = 0; i < 4; i++)
		expect_end(senders[i], 0);
	expect_is(sys_env_destroy(target), 0);
	expect_end(target, -E_KILLED);
	/* Of what each one that was destroyed had been given, it may not have counted the last. */
	if (given > taken + rounds + 1)
		fail("%u messages were sent, %u taken by %u receivers", given, taken, rounds + 1);
	if (taken > given)
		fail("%u messages were sent, %u taken", given, taken);
}

/* Receiver and senders are interrupted all the time: what was sent has been taken, and nothing else, and once. */
static void interruptions(uint32_t rounds)
{
	envid_t all[5];
	uint32_t random = 3, start;

	over = false;
	given = taken = 0;
	target = all[0] = child_run(takes, 0);
	for (uint32_t i = 1; i < 5; i++)
		all[i] = child_run(sends_to_target, 1);
	for (uint32_t round = 0; round < rounds; round++) {
		uint32_t who = next_random(&random) % 9;
		expect_is(sys_env_set_status(all[who < 5 ? who : 0], ENV_RUNNABLE), 0);
		if (round % 64 == 0)
			sys_yield();
	}
	over = true;
	for (uint32_t i = 1; i < 5; i++)
		expect_end(all[i], 0);
	start = sys_time_msec();
	wait_until(taken >= given || sys_time_msec() - start > 2000);
	expect_is(taken, given);
	cprintf("ipc_storm: %u messages, %u interruptions\n", given, rounds);
	expect(taken > 0);
	expect_is(sys_env_destroy(target), 0);
	expect_end(target, -E_KILLED);
}

void umain(int argc, char **argv)
{
	uint32_t rounds = argc > 1 ? strtol(argv[1], NULL, 0) : cpu_total() > 2 ? ROUNDS / 4 : ROUNDS;

	parent = sys_getenvid();
	self = &envs[ENVX(parent)];
	grow_records(20);
	ping_pong();
	storm(10);
	dying_receivers(2);
	uint32_t before = free_pages();
	storm(rounds);
	expect_is(free_pages(), before);
	dying_receivers(rounds / 4);
	expect_is(free_pages(), before);
	interruptions(rounds * 200);
	expect_is(free_pages(), before);
	expect_kernel_sound();
}
