/* User memory: range checks before the copies that the architecture supplies. */
#include <abi/error.h>
#include <kern/arch.h>
#include <kern/user.h>

/* The first address of [va, va + n) that user code has no business with, or va + n. */
static uintptr_t range_end(uintptr_t va, size_t n)
{
	uintptr_t end = va + n;

	if (end < va || end > ULIM)
		end = va < ULIM ? ULIM : va;
	if (end <= UTOP)
		return end;
	/* Kernel mappings that programs may read: nothing here changes while the kernel runs. */
	for (uintptr_t page = MAX(va, (uintptr_t)UTOP); page < end; page = ROUNDDOWN(page, PGSIZE) + PGSIZE) {
		if (!arch_space_user_readable(page))
			return page;
	}
	return end;
}

int user_read_where(void *to, uaddr_t from, size_t n, uintptr_t *fault)
{
	uintptr_t end = range_end(from.va, n);
	size_t allowed = end - from.va;

	if (arch_copy_user(to, (const void *)from.va, allowed, fault) != 0)
		return -E_FAULT;
	*fault = end;
	return allowed == n ? 0 : -E_FAULT;
}

int user_read(void *to, uaddr_t from, size_t n)
{
	uintptr_t fault;

	return user_read_where(to, from, n, &fault);
}

int user_write(uaddr_t to, const void *from, size_t n)
{
	uintptr_t fault;

	if (to.va + n < to.va || to.va + n > UTOP)
		return -E_FAULT;
	return arch_copy_user((void *)to.va, from, n, &fault) ? -E_FAULT : 0;
}
