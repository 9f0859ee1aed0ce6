/* The system calls about devices in user mode. Checks in the order environment, address, permission, memory. */
#include <abi/error.h>
#include <abi/rights.h>
#include <kern/budget.h>
#include <kern/boot.h>
#include <kern/irq.h>
#include <kern/platform.h>
#include <kern/range.h>
#include <kern/reclaim.h>
#include <kern/syscall.h>

/* --- Memory --- */

/* All of the pages or none. */
static int alloc_block(const struct range *range, uintptr_t va, uint32_t perm)
{
	pfn_t first;

	if (space_prepare(range->space, va, range->pages) < 0 ||
	    !(first = budget_take_block(range->space->budget, range->pages, false)))
		return -E_NO_MEM;
	return space_map_frames(range->space, va, perm, range->pages, first);
}

int32_t sys_page_alloc_dma(envid_t envid, uintptr_t va, uint32_t perm)
{
	struct range range = { .space = NULL };
	int done = env_may(RIGHT_DMA) ? range_open_perm(&range, envid, va, perm) : -E_BAD_ENV;

	if (!done && range.pages > PAGE_BLOCK_MAX)
		done = -E_INVAL;
	if (!done)
		done = WITH_RECLAIM(alloc_block(&range, va, perm & PTE_SYSCALL));
	return range_close(&range, done);
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
	struct range range = { .space = NULL };
	int done = env_may(RIGHT_MMIO) ? range_open_perm(&range, envid, va, perm) : -E_BAD_ENV;

	if (!done && (range.pages > SPACE_DEVICE_MAX ||
		      !is_device(physical, physical + (uint64_t)range.pages * PGSIZE)))
		done = -E_INVAL;
	if (!done)
		done = WITH_RECLAIM(space_map_frames(range.space, va, (perm & PTE_SYSCALL) | PTE_DEVICE, range.pages,
						     physical >> PGSHIFT));
	return range_close(&range, done);
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
