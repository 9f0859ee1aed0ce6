/* The system calls about devices in user mode. Checks in the order environment, address, permission, memory. */
#include <abi/error.h>
#include <abi/rights.h>
#include <kern/budget.h>
#include <kern/boot.h>
#include <kern/env_space.h>
#include <kern/irq.h>
#include <kern/platform.h>
#include <kern/range.h>
#include <kern/reclaim.h>
#include <kern/syscall.h>

/* --- Memory --- */

/* Map the n pages from `first` on, which have a reference each for that; there are tables for them. */
static void map_block(struct space *space, uintptr_t va, uint32_t perm, pfn_t first, uint32_t n)
{
	pfn_t pages[SPACE_SLICE];

	for (uint32_t done = 0, slice; done < n; done += slice) {
		slice = MIN(n - done, (uint32_t)SPACE_SLICE);
		for (uint32_t i = 0; i < slice; i++)
			pages[i] = first + done + i;
		space_insert(space, va + done * PGSIZE, pages, slice, perm);
		for (uint32_t i = 0; i < slice; i++)
			page_drop(pages[i]);
		arch_poll_interrupts();
	}
}

/* All of the pages or none. */
static int alloc_block(struct space *space, const struct range *range, uint32_t perm)
{
	pfn_t first;

	if (space_prepare(space, range->va, range->pages) < 0)
		return -E_NO_MEM;
	if (!(first = budget_take_block(space->budget, range->pages, false)))
		return -E_NO_MEM;
	map_block(space, range->va, perm, first, range->pages);
	return range->pages;
}

int32_t sys_page_alloc_dma(envid_t envid, uintptr_t va, uint32_t perm)
{
	struct space *space;
	struct range range;
	int error = env_may(RIGHT_DMA) ? env_space_get(envid, &space) : -E_BAD_ENV;

	if (error)
		return error;
	int done = range_decode_perm(&range, va, perm);
	if (!done && range.pages > PAGE_BLOCK_MAX)
		done = -E_INVAL;
	if (!done)
		done = WITH_RECLAIM(alloc_block(space, &range, perm & PTE_SYSCALL));
	env_space_put(space, envid);
	return range_result(&range, done);
}

/* May programs map [start, end)? Not if any of it is RAM, or a device of the kernel's, or beyond 4 GB. */
static bool is_device(uint64_t start, uint64_t end)
{
	if (start % PGSIZE || end > 1ull << 32)
		return false;
	for (unsigned i = 0; i < boot_info.ram_count; i++) {
		if (start < boot_info.ram[i].end && end > ROUNDDOWN(boot_info.ram[i].start, (uint64_t)PGSIZE))
			return false;
	}
	return !platform_memory_is_kernel(start, end);
}

int32_t sys_device_map(envid_t envid, uintptr_t va, uint32_t perm, uintptr_t physical)
{
	struct space *space;
	struct range range;
	int error = env_may(RIGHT_MMIO) ? env_space_get(envid, &space) : -E_BAD_ENV;

	if (error)
		return error;
	int done = range_decode_perm(&range, va, perm);
	if (!done && (range.pages > SPACE_DEVICE_MAX ||
		      !is_device(physical, physical + (uint64_t)range.pages * PGSIZE)))
		done = -E_INVAL;
	if (!done)
		done = WITH_RECLAIM(space_map_device(space, va, perm & PTE_SYSCALL, range.pages, physical >> PGSHIFT));
	env_space_put(space, envid);
	return range_result(&range, done);
}

/* --- Ports --- */

static int ports_allow(struct env *env, uint32_t port, uint32_t count, bool allow) REQUIRES(env->lock)
{
	if (port >= ARCH_PORTS || count == 0 || count > ARCH_PORTS - port)
		return -E_INVAL;
	if ((allow && platform_ports_are_kernel(port, count)) || (env != this_cpu()->env && !env->suspended))
		return -E_INVAL;
	env->drives = true;
	return arch_env_allow_ports(env, port, count, allow);
}

static int ports_allow_id(envid_t envid, uint32_t port, uint32_t count, bool allow) UNCHECKED_LOCKING
{
	struct env *env;
	int error = env_may(RIGHT_PORTS) ? env_find(envid, true, &env) : -E_BAD_ENV;

	if (error)
		return error;
	if (env == this_cpu()->env)
		spin_lock(&env->lock);
	error = ports_allow(env, port, count, allow);
	spin_unlock(&env->lock);
	return error;
}

int32_t sys_port_allow(envid_t envid, uint32_t port, uint32_t count, int allow)
{
	return WITH_RECLAIM(ports_allow_id(envid, port, count, allow));
}

/* --- Interrupt lines --- */

int32_t sys_irq(envid_t envid, uint32_t line, int op) UNCHECKED_LOCKING
{
	static int (*const ops[])(struct env *, unsigned) = {
		[IRQ_ATTACH] = irq_attach, [IRQ_DONE] = irq_done, [IRQ_DETACH] = irq_detach,
	};
	struct env *env;
	int error = op != IRQ_ATTACH || env_may(RIGHT_IRQ) ? env_find(envid, true, &env) : -E_BAD_ENV;

	if (error)
		return error;
	if (env == this_cpu()->env)
		spin_lock(&env->lock);
	if (line < IRQ_LINES && platform_irq_usable(line) && op >= IRQ_ATTACH && op <= IRQ_DETACH)
		return ops[op](env, line);
	spin_unlock(&env->lock);
	return -E_INVAL;
}
