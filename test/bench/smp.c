/*
 * smp: do two CPUs do more of an operation than one? tools/bench runs it on two CPUs and makes the table.
 *
 * A worker does rounds of an operation for a slice of time and counts them: one worker alone, then two that begin at the
 * same moment, each on a CPU of its own. The plain loop, which never enters the kernel, is measured in the same way right
 * beside each operation: what two CPUs gain there is what this machine can give just now, whatever else the host does. So
 * the figure is the operation's gain divided by the loop's. A slice is short, and turns in which the host was busy with
 * something else do not count, which the loop tells.
 *
 * For each operation a line: its key, rounds a second by one worker and by two, both gains and the figure in thousandths,
 * how many turns counted, and how many slices were done again since the workers were not on two different CPUs. `-` in
 * place of the figures: too few turns counted, the host was too busy.
 */
#include <finch/machine.h>
#include <finch/syscall.h>
#include <inc/lib.h>
#include <inc/x86.h>

#define TURNS 20        /* that count, of each operation, if so many come together ... */
#define TURNS_MOST 200  /* ... in so many in all */
#define TURNS_LEAST 10
#define ENOUGH 80       /* percent of the best that a worker's loop must reach for a turn to count */
#define SLICE_MS 2
#define LEAD_US 1500 /* from saying when a slice begins to its beginning: time enough to wake the other worker */
#define TRIES 20
#define WORKERS 2

#define PAGE ((char *)0x10000000)
#define SHARED ((struct shared *)0x20000000)

struct worker {
	envid_t partner;  /* answers its messages */
	uint64_t rounds;  /* in the last slice, brought to its nominal length, times 1,024 */
	int cpu_first, cpu_last;
	volatile bool done; /* with the slice */
	char padding[64]; /* from what the other worker writes */
};

struct shared {
	struct worker workers[WORKERS] __attribute__((aligned(64)));
	uint64_t start; /* of the next slice, by the time-stamp counter */
};

static uint64_t ticks_ms; /* of the time-stamp counter */
static int me;            /* which worker this is */
static envid_t helper;    /* the other one */

static void check(int result, const char *what)
{
	if (result < 0)
		panic("%s: %e", what, result);
}

/* --- Operations. One call does some rounds, so that reading the counter does not show. --- */

static void plain_loop(void)
{
	for (int i = 0; i < 10000; i++)
		__asm__ volatile("");
}

static void null_calls(void)
{
	for (int i = 0; i < 100; i++)
		libos_call0(SYS_getenvid);
}

static void null_calls_by_int(void)
{
	for (int i = 0; i < 100; i++)
		__asm__ volatile("int $0x30" : : "a"(SYS_getenvid) : "memory", "cc");
}

static void skip_instruction(struct UTrapframe *utf)
{
	utf->utf_eip += 2;
}

static void faults(void)
{
	set_pgfault_handler(skip_instruction);
	for (int i = 0; i < 20; i++)
		__asm__ volatile(".byte 0x8B, 0x01" : : "c"(0x30000000) : "eax", "memory"); /* movl (%ecx), %eax */
}

static void page_alloc_unmap(void)
{
	for (int i = 0; i < 20; i++) {
		sys_page_alloc(0, PAGE, PTE_P | PTE_U | PTE_W);
		sys_page_unmap(0, PAGE);
	}
}

static void fork_exit(void)
{
	envid_t child = fork();

	check(child, "fork");
	if (child == 0)
		exit();
	wait(child);
}

static void message_pair(void)
{
	for (int i = 0; i < 10; i++) {
		ipc_send(SHARED->workers[me].partner, 1, NULL, 0);
		ipc_recv(NULL, NULL, NULL);
	}
}

enum { NOTHING = -1, LOOP, LOOP_BESIDE };

static const struct operation {
	const char *key;
	void (*run)(void);
	int rounds;      /* that one call does */
	/*
	 * STAYS: the worker is on one CPU all the time. SPREADS: it has others do something and waits for it, so that a second
	 * CPU takes part even in the work of one worker. BESIDE: the same with the plain loop on the other CPU meanwhile,
	 * so that one worker has just one CPU; it is compared with a loop beside a loop.
	 */
	enum { STAYS, SPREADS, BESIDE } kind;
} operations[] = {
	[LOOP] = { "loop", plain_loop, 1, STAYS },
	[LOOP_BESIDE] = { "loop-one", plain_loop, 1, BESIDE },
	{ "null", null_calls, 100, STAYS },
	{ "null-int", null_calls_by_int, 100, STAYS },
	{ "fault", faults, 20, STAYS },
	{ "page", page_alloc_unmap, 20, STAYS },
	{ "fork", fork_exit, 1, SPREADS },
	{ "fork-one", fork_exit, 1, BESIDE },
	{ "message", message_pair, 10, SPREADS },
	{ "message-one", message_pair, 10, BESIDE },
};
#define OPERATIONS ((int)ARRAY_SIZE(operations))

/* --- Slices --- */

static void work(const struct operation *operation)
{
	struct worker *worker = &SHARED->workers[me];
	uint64_t start = SHARED->start, span = SLICE_MS * ticks_ms, now, rounds = 0;

	while (read_tsc() < start)
		__asm__ volatile("pause");
	worker->cpu_first = thisenv->env_cpunum;
	do {
		operation->run();
		rounds += (uint64_t)operation->rounds;
		now = read_tsc();
	} while (now < start + span);
	worker->cpu_last = thisenv->env_cpunum;
	worker->rounds = rounds * 1024 * span / (now - start);
	worker->done = true;
}

/* Did each worker stay on one CPU, and not the same? */
static bool apart(void)
{
	const struct worker *w = SHARED->workers;

	return w[0].cpu_first == w[0].cpu_last && w[1].cpu_first == w[1].cpu_last && w[0].cpu_first != w[1].cpu_first;
}

/* One slice: this worker does `mine`, the other one `its`, or sleeps (NOTHING). Both count; what they did is in SHARED. */
static void slice(int mine, int its)
{
	struct worker *other = &SHARED->workers[1];

	other->done = its == NOTHING;
	other->rounds = 0;
	SHARED->start = read_tsc() + LEAD_US * ticks_ms / 1000;
	if (its != NOTHING)
		ipc_send(helper, (uint32_t)its, NULL, 0);
	work(&operations[mine]);
	while (!other->done) /* no message says so: it could be taken for the answer of a partner */
		sys_yield();
}

static uint64_t one_worker(int number)
{
	slice(number, operations[number].kind == BESIDE ? LOOP : NOTHING);
	return SHARED->workers[0].rounds;
}

static uint64_t two_workers(int number, int *again)
{
	for (int i = 0; i < TRIES; i++) {
		slice(number, number);
		if (operations[number].kind != STAYS || apart())
			return SHARED->workers[0].rounds + SHARED->workers[1].rounds;
		++*again;
	}
	panic("%s: the workers are never on two CPUs", operations[number].key);
}

/* --- The other environments --- */

static void serve_slices(void)
{
	for (;;) {
		int number = ipc_recv(NULL, NULL, NULL);
		work(&operations[number]);
	}
}

static void answer_messages(void)
{
	for (;;) {
		envid_t from;
		ipc_recv(&from, NULL, NULL);
		ipc_send(from, 0, NULL, 0);
	}
}

static envid_t start(void (*serve)(void), int worker)
{
	envid_t child = fork();

	check(child, "fork");
	if (child)
		return child;
	me = worker;
	serve();
	exit();
}

/* --- Measuring --- */

enum { LOOP_ONE, ONE, LOOP_TWO, TWO, SERIES };

/* What the turns that count have brought, operation by operation. */
static struct results {
	int turns, again;
	uint64_t rounds[SERIES][TURNS];
} results[OPERATIONS];

static uint64_t best_loop; /* what one worker has done at most */

/* Did so many workers do about what they can? */
static bool undisturbed(uint64_t rounds, unsigned workers)
{
	return rounds > best_loop * workers * ENOUGH / 100;
}

/*
 * Loop and operation side by side. The turn counts if the host gave the CPUs their time, which the loop shows by what it
 * does before and after the operation.
 */
static void take_turn(int number)
{
	struct results *result = &results[number];
	bool beside = operations[number].kind == BESIDE;
	uint64_t rounds[SERIES], after;

	rounds[LOOP_ONE] = one_worker(beside ? LOOP_BESIDE : LOOP);
	rounds[ONE] = one_worker(number);
	rounds[LOOP_TWO] = two_workers(LOOP, &result->again);
	rounds[TWO] = two_workers(number, &result->again);
	after = two_workers(LOOP, &result->again);
	best_loop = MAX(best_loop, rounds[LOOP_ONE]);
	if (!undisturbed(rounds[LOOP_ONE], 1) || !undisturbed(rounds[LOOP_TWO], 2) || !undisturbed(after, 2))
		return;
	for (int i = 0; i < SERIES; i++)
		result->rounds[i][result->turns] = rounds[i];
	result->turns++;
}

/* A turn of each operation that has not had enough of them. False: all have. */
static bool take_turns(void)
{
	bool more = false;

	for (int number = 0; number < OPERATIONS; number++) {
		if (results[number].turns == TURNS)
			continue;
		take_turn(number);
		more = true;
	}
	return more;
}

static uint64_t median(uint64_t values[], int count)
{
	for (int i = 1; i < count; i++) {
		uint64_t value = values[i];
		int j = i;
		for (; j > 0 && value < values[j - 1]; j--)
			values[j] = values[j - 1];
		values[j] = value;
	}
	return values[count / 2];
}

/* Thousandths. */
static uint64_t ratio(uint64_t a, uint64_t b)
{
	return a * 1000 / MAX(b, (uint64_t)1);
}

static void report(const char *key, struct results *result)
{
	uint64_t rounds[SERIES];

	if (result->turns < TURNS_LEAST) {
		printf("%-12s - - - - - %d %d\n", key, result->turns, result->again);
		return;
	}
	for (int i = 0; i < SERIES; i++)
		rounds[i] = median(result->rounds[i], result->turns);
	uint64_t gain = ratio(rounds[TWO], rounds[ONE]), loop = ratio(rounds[LOOP_TWO], rounds[LOOP_ONE]);
	printf("%-12s %9llu %9llu %6llu %6llu %6llu %4d %4d\n", key, rounds[ONE] * 1000 / SLICE_MS / 1024,
	       rounds[TWO] * 1000 / SLICE_MS / 1024, gain, loop, ratio(gain, loop), result->turns, result->again);
}

void umain(int argc, char **argv)
{
	struct info_machine machine;

	check(machine_info(&machine), "machine_info");
	if (machine.cpus != WORKERS)
		panic("there are %u CPUs, not %d", machine.cpus, WORKERS);
	ticks_ms = machine.tsc_khz;
	check(sys_page_alloc(0, SHARED, PTE_P | PTE_U | PTE_W | PTE_SHARE), "page_alloc");
	check(sys_page_alloc(0, PAGE + PGSIZE, PTE_P | PTE_U | PTE_W), "page_alloc");
	for (int i = 0; i < WORKERS; i++)
		SHARED->workers[i].partner = start(answer_messages, i);
	helper = start(serve_slices, 1);
	for (int i = 0; i < TURNS_MOST && take_turns(); i++)
		continue;
	for (int number = 0; number < OPERATIONS; number++)
		report(operations[number].key, &results[number]);
	for (int i = 0; i < WORKERS; i++)
		sys_env_destroy(SHARED->workers[i].partner);
	sys_env_destroy(helper);
}
