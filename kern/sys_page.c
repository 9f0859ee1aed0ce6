/* The system calls about mappings. Checks in the order environment, address, permission, memory. */
#include <abi/error.h>
#include <abi/state.h>
#include <abi/syscall.h>
#include <kern/range.h>
#include <kern/reclaim.h>
#include <kern/space_page.h>
#include <kern/syscall.h>

/* The calls in full: for others, for ranges, and where space_page.h is not enough. */
static __attribute__((noinline)) int32_t page_alloc_any(envid_t envid, uintptr_t va, uint32_t perm)
{
	struct range range;
	int done = range_open_perm(&range, envid, va, perm);

	if (!done)
		done = WITH_RECLAIM(space_alloc(range.space, va, perm & PTE_SYSCALL, range.pages));
	return range_close(&range, done);
}

int32_t sys_page_alloc(envid_t envid, uintptr_t va, uint32_t perm)
{
	if (unlikely(envid != 0 || perm >= PGSIZE))
		return page_alloc_any(envid, va, perm);
	/* One page for oneself. */
	if (va % PGSIZE || va >= UTOP || !perm_valid(perm))
		return -E_INVAL;
	return likely(space_alloc_page(this_cpu()->space, va, perm)) ? 0 : page_alloc_any(0, va, perm);
}

/* Calls from one range to another, both of as many pages: first both environments, then the addresses. */
static inline must_use int ranges_open(struct range *from, envid_t srcenv, uintptr_t srcva, struct range *to,
				       envid_t dstenv, uintptr_t dstva, uint32_t word)
{
	int error = range_find(from, srcenv);

	*to = (struct range){ .space = NULL };
	if (!error)
		error = range_find(to, dstenv);
	if (!error)
		error = range_decode(from, srcva, word);
	return error ? error : range_decode(to, dstva, word);
}

static inline int32_t ranges_close(const struct range *from, const struct range *to, int done)
{
	return range_close(from, range_close(to, done));
}

int32_t sys_page_map(envid_t srcenv, uintptr_t srcva, envid_t dstenv, uintptr_t dstva, uint32_t perm)
{
	struct range from, to;
	int done = ranges_open(&from, srcenv, srcva, &to, dstenv, dstva, perm);

	if (!done && !perm_valid(perm))
		done = -E_INVAL;
	if (!done)
		done = WITH_RECLAIM(space_map(from.space, srcva, to.space, dstva, perm & PTE_SYSCALL, from.pages));
	return ranges_close(&from, &to, done);
}

static __attribute__((noinline)) int32_t page_unmap_any(envid_t envid, uintptr_t va, uint32_t range_word)
{
	struct range range;
	int done = range_open(&range, envid, va, range_word);

	if (!done)
		done = space_unmap(range.space, va, range.pages);
	return range_close(&range, done);
}

int32_t sys_page_unmap(envid_t envid, uintptr_t va, uint32_t range_word)
{
	if (unlikely(envid != 0 || range_word >= PGSIZE))
		return page_unmap_any(envid, va, range_word);
	if (va % PGSIZE || va >= UTOP)
		return -E_INVAL;
	return likely(space_unmap_page(this_cpu()->space, va)) ? 0 : page_unmap_any(0, va, 0);
}

int32_t sys_page_protect(envid_t envid, uintptr_t va, uint32_t perm)
{
	struct range range;
	int done = range_open_perm(&range, envid, va, perm);

	if (!done)
		done = space_protect(range.space, va, perm & PTE_SYSCALL, range.pages);
	return range_close(&range, done);
}

static inline int32_t page_copy(envid_t srcenv, envid_t dstenv, uintptr_t va, uint32_t range_word, uint32_t filter_word)
{
	const struct space_filter filter = {
		.only = filter_word >> PERM_COUNT_SHIFT,
		.keep = filter_word % PGSIZE,
		.mark = range_word % PGSIZE,
	};
	struct range from, to;
	int done = ranges_open(&from, srcenv, va, &to, dstenv, va, range_word);

	if (!done && (filter.mark & ~PTE_AVAIL || (filter.only | filter.keep) & ~PTE_SYSCALL))
		done = -E_INVAL;
	if (!done)
		done = WITH_RECLAIM(space_copy(from.space, to.space, va, &filter, from.pages));
	int32_t result = ranges_close(&from, &to, done);
	return likely(done) ? result : arch_call_again(arch_frame());
}

int32_t sys_page_copy(envid_t dstenv, uintptr_t va, uint32_t range_word, uint32_t filter_word)
{
	return page_copy(0, dstenv, va, range_word, filter_word);
}

int32_t sys_page_copy_from(const struct Trapframe *tf)
{
	return page_copy(arch_call_argument(tf, 0), arch_call_argument(tf, 1), arch_call_argument(tf, 2),
			 arch_call_argument(tf, 3), arch_call_argument(tf, 4));
}

/* Lists what is mapped, a slice at a time; the slices are written where no lock is held. */
int32_t sys_page_list(envid_t envid, uintptr_t va, uaddr_t buf, uint32_t count)
{
	struct page_record records[SPACE_SLICE];
	struct space *space;
	uint32_t done = 0;
	int error = env_space_get(envid, &space);

	if (error)
		return error;
	if (va % PGSIZE || va >= UTOP)
		error = -E_INVAL;
	while (!error && done < count && va < UTOP) {
		uint32_t n = space_list(space, &va, records, MIN(count - done, (uint32_t)SPACE_SLICE));
		if (n && user_write((uaddr_t){ buf.va + done * sizeof *records }, records, n * sizeof *records) < 0)
			error = -E_FAULT;
		done += n;
		if (space_interrupted())
			break;
	}
	env_space_put(space, envid);
	if (error || done || va >= UTOP || !count)
		return error ? error : (int32_t)done;
	/* The search goes on behind what has been looked at. */
	arch_call_set_argument(arch_frame(), 1, va);
	return arch_call_again(arch_frame());
}

int32_t sys_page_replace(uintptr_t va, uint32_t expected, uint32_t perm)
{
	struct space *space = this_cpu()->env->space;

	if (va % PGSIZE || va >= UTOP || perm >= PGSIZE || !perm_valid(perm) || !perm_valid(expected & PTE_SYSCALL) ||
	    expected & (PTE_W | PTE_DEVICE))
		return -E_INVAL;
	int result = WITH_RECLAIM(space_replace(space, va, expected, perm));
	return likely(result != SPACE_AGAIN) ? result : arch_call_again(arch_frame());
}
