/*
 * thread_shootdown [ROUNDS]: threads of one address space write through a page, by themselves and through the kernel,
 * while another takes it away: unmaps it, makes it read-only, maps or allocates another one in its place. Once that call
 * has returned, no write lands in the old page. One thread writes on each other CPU.
 */
#include "child.h"

#define WRITERS_MAX 7
#define TARGET ((volatile uint32_t *)0x10000000)
#define KEPT(n) ((volatile uint32_t *)(0x20000000 + (n) * PGSIZE)) /* the pages that come to TARGET, to look at them */
#define XSTACK(w) (0x30000000 + (w) * 2 * PGSIZE)                  /* exception stack of writer w, at its begin what fault() needs */
#define MARK 0xF0000000                                            /* with the round: what no writer writes */

static uint8_t stacks[WRITERS_MAX][2048] __attribute__((aligned(16)));
static volatile uint32_t passes[WRITERS_MAX], faults[WRITERS_MAX];
static uint32_t writers, rounds;
static bool alone; /* there is one CPU */

void shot_upcall(void);
__asm__("shot_upcall:\n\t"
	"movl %esp, %eax\n\t"
	"andl $~0xFFF, %eax\n\t"
	"movl (%eax), %esp\n\t" /* the stack of this thread, anew */
	"pushl 4(%eax)\n\t"     /* its number */
	"pushl $0\n\t"
	"jmp shot_fault\n");

static __attribute__((noreturn)) void writes(uint32_t w)
{
	for (;;) {
		passes[w]++;
		if (passes[w] / 8 % 2)
			libos_sys_info(INFO_CPU, 0, (void *)TARGET, 4);
		else
			*TARGET = passes[w];
		if (alone)
			sys_yield();
	}
}

__attribute__((noreturn)) void shot_fault(uint32_t w)
{
	faults[w]++;
	if (alone || faults[w] % 16 == 0)
		sys_yield();
	writes(w);
}

static void start(uint32_t w)
{
	uint32_t *stack = (uint32_t *)(stacks[w] + sizeof stacks[w]) - 4;
	uint32_t *exception_stack = (uint32_t *)XSTACK(w);

	stack[1] = w;
	expect_is(sys_page_alloc(0, exception_stack, RW), 0);
	exception_stack[0] = (uint32_t)stack;
	exception_stack[1] = w;
	envid_t thread = sys_env_thread((uintptr_t)writes, (uintptr_t)stack);
	expect(thread > 0);
	expect_is(sys_env_set_pgfault_upcall(thread, shot_upcall), 0);
	expect_is(sys_env_set(thread, ENV_SET_EXCEPTION_STACK, XSTACK(w) + PGSIZE), 0);
	expect_is(sys_env_set_status(thread, ENV_RUNNABLE), 0);
}

/* Each writer has begun and ended at least one write since. */
static void await_all(void)
{
	uint32_t before[WRITERS_MAX];

	for (uint32_t w = 0; w < writers; w++)
		before[w] = passes[w];
	for (uint32_t w = 0; w < writers; w++)
		wait_until(passes[w] - before[w] >= 2);
}

/* Take away the page at TARGET, in one of the ways; the page that is there afterwards, as it is kept, or NULL. */
static volatile uint32_t *take_away(uint32_t round)
{
	volatile uint32_t *other = KEPT((round + 1) % 2);

	switch (round / 2 % 4) {
	case 0:
		expect_is(sys_page_unmap(0, (void *)TARGET), 0);
		return NULL;
	case 1:
		expect_is(sys_page_protect(0, (void *)TARGET, RO), 0);
		return NULL;
	case 2:
		expect_is(sys_page_map(0, (void *)other, 0, (void *)TARGET, RW), 0);
		return other;
	default:
		expect_is(sys_page_alloc(0, (void *)TARGET, RW), 0);
		return TARGET;
	}
}

static void one_round(uint32_t round)
{
	volatile uint32_t *page = KEPT(round % 2);

	*page = MARK;
	expect_is(sys_page_map(0, (void *)page, 0, (void *)TARGET, RW), 0);
	wait_until(*page != MARK);
	volatile uint32_t *now = take_away(round);
	*page = MARK | round;
	if (now)
		*now = MARK;
	if (round % 4 == 0 || alone)
		await_all();
	if (now)
		wait_until(*now != MARK);
	if (*page != (MARK | round))
		fail("round %u: expected that no write comes through to 0x%x, saw 0x%x", round, MARK | round, *page);
}

void umain(int argc, char **argv)
{
	uint32_t cpus = cpu_total();

	alone = cpus == 1;
	writers = MIN(MAX(cpus - 1, 1u), (uint32_t)WRITERS_MAX);
	rounds = argc > 1 ? (uint32_t)strtol(argv[1], NULL, 0) : 400 / (cpus * cpus);
	expect_is(pages_alloc(0, (void *)KEPT(0), RW, 2), 0);
	for (uint32_t w = 0; w < writers; w++)
		start(w);
	for (uint32_t round = 0; round < rounds; round++)
		one_round(round);
	expect_is(refs_of(KEPT(0)) + refs_of(KEPT(1)), 2 + (perm_of(TARGET) && rounds / 2 % 4 != 0));
	expect_kernel_sound();
	cprintf("%u rounds, %u writers, %u writes and %u faults of the first\n", rounds, writers, passes[0], faults[0]);
	sys_space_exit(0);
}
