/*
 * I/O ports of programs: an I/O permission bitmap for each environment that has any (0: it may), of two pages, made
 * when it gets its first. I/O privilege is never given.
 *
 * The processor looks for the bitmap behind the task segment: SDM vol. 1, 19.5.2, and vol. 3A, 7.2.1. So each CPU sees
 * its task segment through a window, and in the two windows behind that the bitmap of the environment that runs. One
 * without ports needs no bitmap: then the segment says that it lies beyond the segment's limit. The limit is that of
 * the two pages; for the last eight ports the processor would look at the byte behind it, so they cannot be given.
 *
 * The two pages are one block, so its first page tells a CPU which bitmap it has mapped. A bitmap that is freed may
 * stay mapped on a CPU, on which nothing runs that uses it: should it become another's, the mapping is right.
 */
#include <abi/error.h>
#include <common/string.h>
#include <kern/budget.h>
#include <kern/env.h>
#include <kern/page.h>
#include <arch/switch.h>
#include "paging.h"
#include "tables.h"

static_assert(ARCH_PORT_PAGES * PGSIZE == (ARCH_PORTS + 8) / 8, "the bitmap fills its pages");

#define NO_BITMAP 0xFFFF /* beyond any limit */

void ports_load(struct cpu *cpu, uint32_t ports)
{
	struct arch_tables *tables = cpu->arch.tables;

	cpu->arch.ports = ports;
	tables->task.io_map = ports ? PGSIZE - (uintptr_t)&tables->task % PGSIZE : NO_BITMAP;
	for (unsigned i = 0; ports && i < ARCH_PORT_PAGES; i++)
		paging_window_set(cpu, WINDOW_PORTS + i, ports + i, PTE_P);
}

/* Set bits of a bitmap. */
static void set_range(uint8_t *bitmap, uint32_t port, uint32_t end, bool allow)
{
	while (port < end) {
		if (port % 8 == 0 && end - port >= 8) {
			bitmap[port / 8] = allow ? 0 : 0xFF;
			port += 8;
			continue;
		}
		uint8_t bit = (uint8_t)(1 << port % 8);
		bitmap[port / 8] = (uint8_t)(allow ? bitmap[port / 8] & ~bit : bitmap[port / 8] | bit);
		port++;
	}
}

int arch_env_allow_ports(struct env *env, uint32_t port, uint32_t count, bool allow)
{
	struct cpu *cpu = this_cpu();

	if (!env->arch.ports) {
		if (!allow)
			return 0;
		pfn_t pages = budget_take_block(env->budget, ARCH_PORT_PAGES, true);
		if (!pages)
			return -E_NO_MEM;
		memset(page_address(pages), 0xFF, ARCH_PORT_PAGES * PGSIZE);
		env->arch.ports = pages;
	}
	set_range(page_address(env->arch.ports), port, port + count, allow);
	if (env == cpu->env)
		arch_env_switch_ports(cpu, env);
	return 0;
}

void arch_env_free_ports(struct env *env)
{
	pfn_t pages = env->arch.ports;

	env->arch.ports = NO_PAGE;
	for (unsigned i = 0; pages && i < ARCH_PORT_PAGES; i++)
		page_drop(pages + i);
}

uint32_t arch_env_port_pages(const struct env *env)
{
	return env->arch.ports;
}
