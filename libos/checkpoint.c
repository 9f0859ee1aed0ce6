/*
 * Checkpoints in memory: see <finch/checkpoint.h>.
 *
 * Taking one and putting it back are both the copying of one environment to another: memory and the parts of the state.
 * What both may write is marked to be copied on write, on both sides; but not the exception stack, where the kernel
 * itself writes, which is copied at once, as is everything that may be written where the child has no handler for
 * faults of that kind.
 *
 * Putting back must not stop half-way. So all that needs memory comes first: the copies are made in a third
 * environment, the spare, and the tables that the child needs are made. After that the child's memory is replaced,
 * which cannot fail.
 */
#include <finch/checkpoint.h>
#include <finch/memory.h>
#include <finch/pgfault.h>
#include <finch/process.h>
#include <finch/self.h>
#include <finch/upcall.h>
#include <inc/lib.h>
#include "checkpoint.h"
#include "forking.h"

#define PERM_READ (PTE_P | PTE_U)
#define PERM_WRITE (PTE_P | PTE_U | PTE_W)
#define RECORDS 64 /* mappings that are listed at once */

/* A program that takes checkpoints of its forks has the handler for them: see <finch/upcall.h>. */
static bool (*const handler)(const struct UTrapframe *) __attribute__((used)) = copy_on_write;

struct mutex checkpoint_lock;
FORK_LOCK(checkpoint_lock);

/* --- Looking into another environment --- */

/* Call `each` for a page, or for each page of a superpage that lies between start and end. */
static int each_page(struct page_record page, uintptr_t start, uintptr_t end,
		     int (*each)(const struct page_record *, void *), void *arg)
{
	unsigned n = page.entry & PTE_PS ? NPTENTRIES : 1;
	int err = 0;

	page.entry &= ~PTE_PS;
	for (; n > 0 && page.va < end && err == 0; n--, page.va += PGSIZE, page.entry += PGSIZE)
		if (page.va >= start)
			err = each(&page, arg);
	return err;
}

int checkpoint_each(envid_t envid, uintptr_t start, uintptr_t end, int (*each)(const struct page_record *, void *), void *arg)
{
	struct page_record records[RECORDS] = { { 0, 0 } };

	while (start < end) {
		int n = sys_page_list(envid, start, records, RECORDS);
		if (n <= 0)
			return n;
		for (int i = 0; i < n && records[i].va < end; i++) {
			int err = each_page(records[i], start, end, each, arg);
			if (err < 0)
				return err;
		}
		start = records[n - 1].va + (records[n - 1].entry & PTE_PS ? PTSIZE : PGSIZE);
	}
	return 0;
}

static struct part {
	int what;
	size_t offset, size;
} const parts[] = {
#define PART(number, member)                                                                                     \
	{ number, offsetof(struct checkpoint_state, member), sizeof((struct checkpoint_state *)0)->member }
	PART(STATE_REGISTERS, registers), PART(STATE_FPU, fpu), PART(STATE_UPCALLS, upcalls),
	PART(STATE_MESSAGE, message), PART(STATE_GENERAL, general),
#undef PART
};

int checkpoint_get_state(envid_t envid, struct checkpoint_state *state)
{
	memset(state, 0, sizeof *state);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		int err = sys_env_state_get(envid, parts[i].what, (char *)state + parts[i].offset, parts[i].size);
		if (err < 0)
			return err;
	}
	return 0;
}

int checkpoint_set_state(envid_t envid, const struct checkpoint_state *state)
{
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		int err = sys_env_state_set(envid, parts[i].what, (const char *)state + parts[i].offset, parts[i].size);
		if (err < 0)
			return err;
	}
	return 0;
}

/* Read size bytes at va of envid, within a page. False: nothing is mapped there, or they are not within one. */
static bool peek(envid_t envid, uintptr_t va, void *to, size_t size)
{
	if (va >= UTOP || PGOFF(va) + size > PGSIZE ||
	    sys_page_map(envid, (void *)ROUNDDOWN(va, PGSIZE), 0, CHECKPOINT_FROM, PERM_READ) < 0)
		return false;
	memcpy(to, CHECKPOINT_FROM + PGOFF(va), size);
	sys_page_unmap(0, CHECKPOINT_FROM);
	return true;
}

/* Do faults of this environment come to a handler that copies on write? */
static bool copies_on_write(envid_t envid, const struct state_upcalls *upcalls)
{
	uint32_t words[2];

	return upcalls->pgfault && peek(envid, upcalls->pgfault - sizeof words, words, sizeof words) &&
	       words[0] == UPCALL_MAGIC && words[1] != 0;
}

/* --- Copying memory --- */

/* Map in dst what src has from start to end, marking and keeping as page_copy does. */
static int copy_range(envid_t src, envid_t dst, uintptr_t start, uintptr_t end, int keep, int mark)
{
	while (start < end) {
		int done = sys_page_copy_from_range(src, dst, start, 0, keep, mark, (end - start) / PGSIZE);
		if (done <= 0)
			return done < 0 ? done : -E_INVAL;
		start += (uintptr_t)done * PGSIZE;
	}
	return 0;
}

/* A pair of environments between which copies are made. */
struct pair {
	envid_t src, dst;
};

/*
 * What a page is to be mapped with that has this entry in the environment it is copied from: nothing is to be copied
 * there.
 */
static int perm_of_copy(uint32_t entry)
{
	int perm = (int)(entry & PTE_SYSCALL);

	return perm & PTE_COW ? (perm & ~PTE_COW) | PTE_W : perm;
}

/* Give dst a copy of the page of src that the record tells of. */
static int copy_page(const struct page_record *record, void *arg)
{
	const struct pair *pair = arg;
	void *va = (void *)record->va;
	int err = sys_page_map(pair->src, va, 0, CHECKPOINT_FROM, PERM_READ);

	if (err == 0 && (err = sys_page_alloc(0, CHECKPOINT_TO, PERM_WRITE)) == 0) {
		libos_copy(CHECKPOINT_TO, CHECKPOINT_FROM, PGSIZE);
		err = sys_page_map(0, CHECKPOINT_TO, pair->dst, va, perm_of_copy(record->entry));
	}
	sys_page_unmap(0, CHECKPOINT_FROM);
	sys_page_unmap(0, CHECKPOINT_TO);
	return err;
}

/* The same if the page is src's own and may be written, and is one, not a device's. */
static int copy_own_page(const struct page_record *record, void *arg)
{
	return (record->entry & (PTE_W | PTE_SHARE | PTE_DEVICE)) == PTE_W ? copy_page(record, arg) : 0;
}

#define USUAL_STACK (UXSTACKTOP - PGSIZE) /* an exception stack that is not in use may be again */

/* The copies that dst cannot do without: of exception stacks, or of all. */
static int copy_at_once(envid_t src, envid_t dst, const struct state_upcalls *upcalls, bool on_write)
{
	struct pair pair = { src, dst };

	if (!on_write)
		return checkpoint_each(src, 0, UTOP, copy_own_page, &pair);
	int err = checkpoint_each(src, upcalls->stack - PGSIZE, upcalls->stack, copy_own_page, &pair);
	if (err < 0 || upcalls->stack == UXSTACKTOP)
		return err;
	return checkpoint_each(src, USUAL_STACK, UXSTACKTOP, copy_own_page, &pair);
}

/* Map all of src in dst, without the copies. */
static int copy_mappings(envid_t src, envid_t dst, const struct state_upcalls *upcalls, bool on_write)
{
	uintptr_t stack = upcalls->stack - PGSIZE;

	if (!on_write)
		return copy_range(src, dst, 0, UTOP, PTE_W | PTE_SHARE, 0);
	int err = copy_range(src, dst, 0, stack, PTE_SHARE, PTE_COW);
	if (err == 0)
		err = copy_range(src, dst, stack, upcalls->stack, PTE_W, 0);
	if (err == 0)
		err = copy_range(src, dst, upcalls->stack, USUAL_STACK, PTE_SHARE, PTE_COW);
	return err == 0 ? copy_range(src, dst, MAX(upcalls->stack, USUAL_STACK), UXSTACKTOP, PTE_W, 0) : err;
}

/* --- Standing still --- */

/* Suspend child. *ran: it was not before. */
static int suspend(envid_t child, bool *ran)
{
	const volatile struct Env *env = &envs[ENVX(child)];

	*ran = !(env->env_status == ENV_NOT_RUNNABLE && env->env_wait == ENV_WAIT_SUSPENDED);
	return child <= 0 || child == sys_getenvid() ? -E_BAD_ENV : sys_env_set_status(child, ENV_NOT_RUNNABLE);
}

static void go_on(envid_t child)
{
	sys_env_set(child, ENV_SET_SUSPENDED, 0);
}

/* Destroy an environment that has never run. */
static void discard(envid_t envid)
{
	sys_env_destroy(envid);
	wait_status(envid, NULL);
}

/* --- Taking --- */

/* The state of the one that is copied. Not on the stack, which may be of one page; with the lock held. */
static struct checkpoint_state state;

static int fill_once(envid_t holder, envid_t child)
{
	int err = checkpoint_get_state(child, &state);

	if (err < 0)
		return err;
	if (state.general.environments != 1)
		return -E_NOT_SUPP;
	bool on_write = copies_on_write(child, &state.upcalls);
	err = copy_mappings(child, holder, &state.upcalls, on_write);
	return err == 0 ? copy_at_once(child, holder, &state.upcalls, on_write) : err;
}

static bool same(const struct checkpoint_state *a, const struct checkpoint_state *b)
{
	const uint32_t *x = (const uint32_t *)a, *y = (const uint32_t *)b;

	for (size_t i = 0; i < sizeof *a / sizeof *x; i++)
		if (x[i] != y[i])
			return false;
	return true;
}

/*
 * Fill a new holder. While child stands still a message that it waits for may come, with a page, or its time be up;
 * after that it waits for nothing. So a second try finds the same state before and after.
 */
static int fill(envid_t holder, envid_t child)
{
	static struct checkpoint_state after;
	int err = fill_once(holder, child);

	while (err == 0 && (err = checkpoint_get_state(child, &after)) == 0) {
		if (same(&state, &after))
			return checkpoint_set_state(holder, &state);
		err = fill_once(holder, child);
	}
	return err;
}

envid_t checkpoint_take(envid_t child)
{
	bool ran;
	int err = suspend(child, &ran);

	if (err < 0)
		return err;
	mutex_lock(&checkpoint_lock);
	envid_t holder = sys_exofork();
	err = holder < 0 ? holder : fill(holder, child);
	if (err < 0 && holder > 0)
		discard(holder);
	mutex_unlock(&checkpoint_lock);
	if (ran)
		go_on(child);
	return err < 0 ? err : holder;
}

/* --- Putting back --- */

/*
 * Where the environment of these registers has its thisenv, in its memory; 0: nowhere, or it needs no change for child.
 */
static uintptr_t thisenv_place(envid_t holder, const struct state_registers *registers, envid_t child)
{
	struct {
		uint32_t self, env;
	} block;
	uintptr_t base = registers->tls_base;

	static_assert(offsetof(struct libos_self, env) == offsetof(__typeof__(block), env), "as struct libos_self begins");
	if (!peek(holder, base, &block, sizeof block) || block.self != base || block.env - UENVS >= NENV * sizeof(struct Env) ||
	    block.env == (uintptr_t)&envs[ENVX(child)])
		return 0;
	return base + offsetof(struct libos_self, env);
}

/* In the spare stands, for child, the page that has its thisenv. */
static int set_thisenv(envid_t holder, envid_t spare, const struct state_registers *registers, envid_t child)
{
	struct pair pair = { holder, spare };
	struct page_record record = { 0, 0 };
	uintptr_t at = thisenv_place(holder, registers, child), page = ROUNDDOWN(at, PGSIZE);

	if (!at || sys_page_list(holder, page, &record, 1) != 1 || record.va != page || record.entry & PTE_SHARE)
		return 0;
	int err = copy_page(&record, &pair);
	if (err == 0)
		err = sys_page_map(spare, (void *)page, 0, CHECKPOINT_TO, PERM_WRITE);
	if (err < 0)
		return err;
	*(const volatile struct Env **)(CHECKPOINT_TO + PGOFF(at)) = &envs[ENVX(child)];
	return sys_page_unmap(0, CHECKPOINT_TO);
}

/* See that child has a table wherever holder has pages: mapping a page where none is makes one. */
static int make_tables(envid_t holder, envid_t child)
{
	struct page_record page = { 0, 0 }, there = { 0, 0 };

	for (uintptr_t start = 0; start < UTOP; start += PTSIZE) {
		int n = sys_page_list(holder, start, &page, 1);
		if (n <= 0)
			return n;
		start = ROUNDDOWN(page.va, PTSIZE);
		n = sys_page_list(child, start, &there, 1);
		if (n > 0 && there.va < start + PTSIZE)
			continue;
		if (n >= 0)
			n = sys_page_map(0, ROUNDDOWN((void *)make_tables, PGSIZE), child, (void *)start, PERM_READ);
		if (n < 0)
			return n;
		sys_page_unmap(child, (void *)start);
	}
	return 0;
}

/* All that may fail. */
static int prepare(envid_t holder, envid_t spare, envid_t child, bool on_write)
{
	int err = copy_at_once(holder, spare, &state.upcalls, on_write);

	if (err == 0)
		err = set_thisenv(holder, spare, &state.registers, child);
	return err == 0 ? make_tables(holder, child) : err;
}

/* What cannot fail. */
static void replace(envid_t holder, envid_t spare, envid_t child, bool on_write)
{
	/* The state first: from then on it waits for no message, which could bring a page. */
	int err = checkpoint_set_state(child, &state);

	if (err == 0)
		err = pages_unmap(child, NULL, UTOP / PGSIZE);
	if (err == 0)
		err = copy_mappings(holder, child, &state.upcalls, on_write);
	if (err == 0)
		err = copy_range(spare, child, 0, UTOP, PTE_W, 0);
	if (err < 0)
		panic("checkpoint_restore: %e", err);
}

static int check_child(envid_t child)
{
	struct state_general general = { .environments = 0 };
	int err = sys_env_state_get(child, STATE_GENERAL, &general, sizeof general);

	return err < 0 ? err : general.environments == 1 ? 0 : -E_NOT_SUPP;
}

/* child stands still. */
static int restore(envid_t holder, envid_t child)
{
	int err = checkpoint_get_state(holder, &state);

	if (err == 0)
		err = check_child(child);
	envid_t spare = err < 0 ? err : sys_exofork();
	if (spare < 0)
		return spare;
	bool on_write = copies_on_write(holder, &state.upcalls);
	err = prepare(holder, spare, child, on_write);
	if (err == 0)
		replace(holder, spare, child, on_write);
	discard(spare);
	return err;
}

envid_t checkpoint_restore(envid_t checkpoint, envid_t child)
{
	bool ran = false, fresh = child == 0;
	int err = 0;

	mutex_lock(&checkpoint_lock);
	if (fresh)
		child = err = sys_exofork();
	else
		err = suspend(child, &ran);
	if (err >= 0) {
		err = restore(checkpoint, child);
		if (err < 0 && fresh)
			discard(child);
		else if (err == 0 || ran)
			go_on(child);
	}
	mutex_unlock(&checkpoint_lock);
	return err < 0 ? err : child;
}

int checkpoint_drop(envid_t checkpoint)
{
	int err = checkpoint <= 0 || checkpoint == sys_getenvid() ? -E_BAD_ENV : sys_env_destroy(checkpoint);

	return err < 0 ? err : wait_status(checkpoint, NULL);
}
