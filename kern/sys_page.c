/* The system calls about mappings. Checks in the order environment, address, permission, memory. */
#include <abi/error.h>
#include <abi/state.h>
#include <abi/syscall.h>
#include <kern/env_space.h>
#include <kern/range.h>
#include <kern/reclaim.h>
#include <kern/space_slice.h>
#include <kern/syscall.h>

/* The call in full: for others, for ranges, and when memory is out. */
static int32_t page_alloc_any(envid_t envid, uintptr_t va, uint32_t perm)
{
	struct space *space;
	struct range range;
	int error = env_space_get(envid, &space);

	if (error)
		return error;
	int done = range_decode_perm(&range, va, perm);
	if (!done)
		done = WITH_RECLAIM(space_alloc(space, va, perm & PTE_SYSCALL, range.pages));
	env_space_put(space, envid);
	return range_result(&range, done);
}

int32_t sys_page_alloc(envid_t envid, uintptr_t va, uint32_t perm)
{
	/* One page for oneself. */
	if (likely(envid == 0 && perm < PGSIZE)) {
		if (va % PGSIZE || va >= UTOP || !perm_valid(perm))
			return -E_INVAL;
		if (likely(space_alloc_page(this_cpu()->env->space, va, perm) == 0))
			return 0;
	}
	return page_alloc_any(envid, va, perm);
}

/* env_space_get for two. */
static inline int spaces_get(envid_t srcenv, struct space **src, envid_t dstenv, struct space **dst)
{
	int error = env_space_get(srcenv, src);

	if (error)
		return error;
	error = env_space_get(dstenv, dst);
	if (error)
		env_space_put(*src, srcenv);
	return error;
}

int32_t sys_page_map(envid_t srcenv, uintptr_t srcva, envid_t dstenv, uintptr_t dstva, uint32_t perm)
{
	struct space *src, *dst;
	struct range from, to;
	int error = spaces_get(srcenv, &src, dstenv, &dst);

	if (error)
		return error;
	int done = range_decode(&from, srcva, perm);
	if (!done)
		done = range_decode_perm(&to, dstva, perm);
	if (!done)
		done = WITH_RECLAIM(space_map(src, srcva, dst, dstva, perm & PTE_SYSCALL, from.pages));
	env_space_put(dst, dstenv);
	env_space_put(src, srcenv);
	return range_result(&from, done);
}

static int32_t page_unmap_any(envid_t envid, uintptr_t va, uint32_t range_word)
{
	struct space *space;
	struct range range;
	int error = env_space_get(envid, &space);

	if (error)
		return error;
	int done = range_decode(&range, va, range_word);
	if (!done)
		done = space_unmap(space, va, range.pages);
	env_space_put(space, envid);
	return range_result(&range, done);
}

int32_t sys_page_unmap(envid_t envid, uintptr_t va, uint32_t range_word)
{
	if (unlikely(envid != 0 || range_word >= PGSIZE))
		return page_unmap_any(envid, va, range_word);
	if (va % PGSIZE || va >= UTOP)
		return -E_INVAL;
	space_unmap_page(this_cpu()->env->space, va);
	return 0;
}

int32_t sys_page_protect(envid_t envid, uintptr_t va, uint32_t perm)
{
	struct space *space;
	struct range range;
	int error = env_space_get(envid, &space);

	if (error)
		return error;
	int done = range_decode_perm(&range, va, perm);
	if (!done)
		done = space_protect(space, va, perm & PTE_SYSCALL, range.pages);
	env_space_put(space, envid);
	return range_result(&range, done);
}

static inline int32_t page_copy(envid_t srcenv, envid_t dstenv, uintptr_t va, uint32_t range_word, uint32_t filter_word)
{
	const struct space_filter filter = {
		.only = filter_word >> PERM_COUNT_SHIFT,
		.keep = filter_word % PGSIZE,
		.mark = range_word % PGSIZE,
	};
	struct space *src, *dst;
	struct range range;
	int error = spaces_get(srcenv, &src, dstenv, &dst);

	if (error)
		return error;
	int done = range_decode(&range, va, range_word);
	if (!done && (filter.mark & ~PTE_AVAIL || (filter.only | filter.keep) & ~PTE_SYSCALL))
		done = -E_INVAL;
	if (!done)
		done = WITH_RECLAIM(space_copy(src, dst, va, &filter, range.pages));
	env_space_put(dst, dstenv);
	env_space_put(src, srcenv);
	return likely(done) ? range_result(&range, done) : arch_call_again(arch_frame());
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
