/* The event ring: see trace.h. */
#include <abi/env.h>
#include <abi/error.h>
#include <common/string.h>
#include <common/words.h>
#include <kern/boot.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/print.h>
#include <kern/space.h>
#include <kern/syscall.h>
#include <kern/trace.h>
#include <kern/trap.h>

#define RECORDS_PER_PAGE (PGSIZE / sizeof(struct trace_record))
#define MEMORY_SHARE 16 /* all rings take at most one page of so many */

static_assert(sizeof(struct trace_record) == 32, "programs and tools/mktrace know it");
static_assert(sizeof(struct trace_ring) <= PGSIZE && offsetof(struct trace_ring, pages) == 64, "so is this");

uint32_t trace_kinds;

static struct trace_ring *rings[CPUS_MAX];
static struct spinlock making = SPINLOCK(RANK_TRACE, "event rings");
static uint32_t ring_pages; /* of records, in each: a power of two, set at boot */
static bool made;           /* all are there, for ever */

struct trace_root trace_root = {
	.magic = TRACE_MAGIC,
	.env_size = sizeof(struct Env),
	.env_id_at = offsetof(struct Env, env_id),
	.env_label_at = offsetof(struct Env, env_label),
};

envid_t trace_env(void)
{
	const struct env *env = this_cpu()->env;

	return env ? env->pub->env_id : 0;
}

/* Interrupts are off, and an NMI records nothing: no record begins within another. */
void trace_write(enum trace_event event, envid_t env, uint32_t a, uint32_t b, uint32_t c)
{
	struct trace_ring *ring = rings[this_cpu()->number];

	if (!ring)
		return;
	uint32_t at = (uint32_t)ring->count & (ring->records - 1);
	struct trace_record *record = page_address(ring->pages[at / RECORDS_PER_PAGE]);
	record += at % RECORDS_PER_PAGE;
	record->number = (uint32_t)ring->count + 1; /* first: who reads what stood here sees it go */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	record->time = arch_ticks();
	record->event = event;
	record->env = env;
	record->words[0] = a;
	record->words[1] = b;
	record->words[2] = c;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	ring->count++;
}

uint32_t trace_took(uint64_t since)
{
	uint64_t ticks = since ? arch_ticks() - since : 0;

	return MIN(ticks, (uint64_t)~0u);
}

void trace_label(const struct Env *env)
{
	uint32_t words[3];

	memcpy(words, env->env_label, sizeof words);
	TRACE_ABOUT(SCHED, LABEL, env->env_id, words[0], words[1], words[2]);
}

/* In a system call the CPU went straight from one environment to another, with a message: exchange() in sys_ipc.c. */
static void record_exchange(const struct cpu *cpu, const struct env *from, const struct env *to)
{
	TRACE_ABOUT(MESSAGE, MESSAGE, to->pub->env_id, from->pub->env_id, to->pub->env_ipc_value, 0);
	TRACE_ABOUT(SCHED, BLOCK, from->pub->env_id, ENV_WAIT_MESSAGE, from->pub->env_wait_for, TIMEOUT_NEVER);
	TRACE(SCHED, RUN, cpu->queue->count, 0, 0);
}

int32_t trace_syscall(const struct Trapframe *tf)
{
	struct cpu *cpu = this_cpu();
	struct env *self = cpu->env;
	uint32_t number = arch_call_number(tf);
	uintptr_t ip = arch_frame_ip(tf);

	TRACE(SYSCALL, CALL, number, arch_call_argument(tf, 0), arch_call_argument(tf, 1));
	int32_t result = syscall_dispatch(tf);
	if (cpu->env == self)
		TRACE(SYSCALL, RESULT, number, result, arch_frame_ip(tf) != ip);
	else if (cpu->env)
		record_exchange(cpu, self, cpu->env);
	return result;
}

/* --- Making the rings --- */

static void ring_drop(unsigned cpu) REQUIRES(making)
{
	struct trace_ring *ring = rings[cpu];

	if (!ring)
		return;
	rings[cpu] = NULL;
	trace_root.ring[cpu] = NO_PAGE;
	for (unsigned i = 0; i < TRACE_PAGES_MAX && ring->pages[i]; i++)
		page_drop(ring->pages[i]);
	page_drop(page_of(ring));
}

static int ring_make(unsigned cpu) REQUIRES(making)
{
	pfn_t pfn = page_take_kernel();

	if (!pfn)
		return -E_NO_MEM;
	struct trace_ring *ring = page_address(pfn);
	*ring = (struct trace_ring){ .magic = TRACE_MAGIC, .cpu = cpu, .records = ring_pages * RECORDS_PER_PAGE,
				     .tsc_khz = platform_tsc_khz() };
	rings[cpu] = ring;
	for (unsigned i = 0; i < ring_pages; i++) {
		if (!(ring->pages[i] = page_take_kernel())) {
			ring_drop(cpu);
			return -E_NO_MEM;
		}
	}
	trace_root.ring[cpu] = pfn;
	return 0;
}

int trace_make(void)
{
	int result = 0;

	spin_lock(&making);
	for (unsigned n = 0; n < cpu_count && !result; n++) {
		if (!rings[n])
			result = ring_make(n) < 0 ? -E_NO_MEM : TRACE_AGAIN;
	}
	made = !result;
	spin_unlock(&making);
	return result;
}

void trace_unmake(void)
{
	spin_lock(&making);
	/* Nobody writes to those that there are: events are recorded when all are there. */
	for (unsigned n = 0; n < cpu_count && !made; n++)
		ring_drop(n);
	spin_unlock(&making);
}

uint32_t trace_set(uint32_t kinds)
{
	spin_lock(&making);
	uint32_t before = trace_kinds;
	syscall_choose(big_lock_wanted || kinds);
	__atomic_store_n(&trace_kinds, kinds, __ATOMIC_RELEASE);
	spin_unlock(&making);
	return before;
}

int trace_map(uintptr_t va, uint32_t cpu)
{
	if (cpu >= cpu_count || !made)
		return -E_INVAL;
	struct space *space = this_cpu()->env->space;
	const struct trace_ring *ring = rings[cpu];
	const pfn_t first = page_of(ring);
	uint32_t n = 1 + ring_pages;

	if (va % PGSIZE || va >= UTOP || n > (UTOP - va) / PGSIZE)
		return -E_INVAL;
	if (space_prepare(space, va, n) < 0 || space_insert(space, va, &first, 1, PTE_P | PTE_U) < 0 ||
	    space_insert(space, va + PGSIZE, ring->pages, ring_pages, PTE_P | PTE_U) < 0)
		return -E_NO_MEM;
	return n;
}

const struct trace_ring *trace_ring_of(unsigned cpu)
{
	return rings[cpu];
}

/* --- The boot words --- */

/* Kinds by name, with commas between them. */
static uint32_t kinds_named(const char *names)
{
	static const char *const kinds[] = {
#define TRACE_KIND(name, bit, word) [bit] = word,
#define EVENT(name, number, kind, words, text)
#include <abi/trace.def>
#undef TRACE_KIND
#undef EVENT
	};
	uint32_t bits = 0;
	const char *bad = *names ? words_bits(names, kinds, ARRAY_SIZE(kinds), &bits) : NULL;

	if (bad)
		kprintf("trace=: there is no kind of event '%.*s'\n", (int)(strfind(bad, ',') - bad), bad);
	return bits;
}

/* What trace_pages= says, or, if that is nothing, as many as there is memory for; rounded down to a power of two. */
static uint32_t choose_pages(void)
{
	struct page_counts counts;
	char text[8] = "";
	uint32_t wanted = 0;

	page_count(&counts);
	boot_value("trace_pages=", text, sizeof text);
	for (const char *digit = text; *digit >= '0' && *digit <= '9'; digit++)
		wanted = wanted * 10 + *digit - '0';
	if (!wanted)
		wanted = counts.free / MEMORY_SHARE / cpu_count;
	wanted = MAX(MIN(wanted, (uint32_t)TRACE_PAGES_MAX), 1u);
	return 1u << (31 - __builtin_clz(wanted));
}

void trace_init(void)
{
	char names[80];
	int error;

	ring_pages = choose_pages();
	trace_root.env_count = env_limit();
	trace_root.envs = page_of(env_records()) << PGSHIFT;
	if (!boot_value("trace=", names, sizeof names))
		return;
	uint32_t kinds = kinds_named(names);
	do
		error = trace_make();
	while (error == TRACE_AGAIN);
	if (!error) {
		trace_set(kinds);
		return;
	}
	trace_unmake();
	kprintf("trace=: no memory for %u KB of records a CPU\n", ring_pages * (PGSIZE / 1024));
}
