/*
 * schedstress [COUNT [ROUNDS]]: COUNT processes (default 20) that compute, yield and are moved from CPU to CPU, and see
 * whether the scheduler keeps its word: no environment runs on two CPUs at once, each comes back with the registers
 * and memory it had, and all come to their end.
 *
 * Each process has a word that says it is inside. Were it running twice, the second one would find the word set, or
 * one of the two would lose a step of a count that is kept both in memory and in a register.
 */
#include "number.h"

#define COUNT_MAX 200
#define CPUS_MAX 256

/* One page, shared by all. */
struct tally {
	uint32_t finished;       /* processes */
	uint32_t began[CPUS_MAX]; /* by CPU, the rounds that began there */
};

#define TALLY ((volatile struct tally *)0x10000000)

static volatile uint32_t inside, steps;

static void compute(uint32_t rounds)
{
	const volatile struct Env *self = thisenv;
	uint32_t count = 0, random = (uint32_t)self->env_id;

	for (uint32_t round = 0; round < rounds; round++) {
		random = random * 1664525 + 1013904223;
		if (xchg(&inside, 1) != 0)
			panic("runs on two CPUs at once");
		__atomic_add_fetch(&TALLY->began[self->env_cpunum % CPUS_MAX], 1, __ATOMIC_RELAXED);
		for (uint32_t n = random >> 20; n > 0; n--) {
			uint32_t before = steps;
			if (before != count)
				panic("%u steps in memory, %u in a register", before, count);
			steps = before + 1;
			count++;
		}
		if (self->env_status != ENV_RUNNING || self->env_id != sys_getenvid())
			panic("runs with the status %s", env_status_name(self->env_status));
		xchg(&inside, 0);
		if (random & 1 << 18)
			sys_yield();
	}
	__atomic_add_fetch(&TALLY->finished, 1, __ATOMIC_RELAXED);
}

static void start_all(envid_t *children, int count, uint32_t rounds)
{
	for (int i = 0; i < count; i++) {
		children[i] = fork();
		if (children[i] < 0)
			panic("fork: %e", children[i]);
		if (children[i] == 0) {
			compute(rounds);
			exit();
		}
	}
}

void umain(int argc, char **argv)
{
	int count = number_argument(argc, argv, 1, (struct number){ "COUNT", 20, 1, COUNT_MAX });
	uint32_t rounds = number_argument(argc, argv, 2, (struct number){ "ROUNDS", 100, 0, 1000000 }), total = 0;
	envid_t children[COUNT_MAX];

	int err = sys_page_alloc(0, (void *)TALLY, PTE_P | PTE_U | PTE_W | PTE_SHARE);
	if (err < 0)
		panic("sys_page_alloc: %e", err);
	start_all(children, count, rounds);
	for (int i = 0; i < count; i++)
		wait(children[i]);
	for (int cpu = 0; cpu < CPUS_MAX; cpu++) {
		if (TALLY->began[cpu])
			cprintf("schedstress: CPU %d began %u rounds\n", cpu, TALLY->began[cpu]);
		total += TALLY->began[cpu];
	}
	bool right = TALLY->finished == (uint32_t)count && total == (uint32_t)count * rounds;
	cprintf("schedstress: %u processes, %s\n", TALLY->finished, right ? "all right" : "wrong");
}
