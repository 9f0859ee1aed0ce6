/*
 * Invariants of pages and address spaces. All CPUs stand still.
 *
 * A page's word `next` is of no use while it has references: here it counts those that are known. The reference count of a
 * free page is set to SEEN where it was found in a list, so that each is found once.
 */
#include <arch/space.h>
#include <kern/buddy.h>
#include <kern/cpu.h>
#include <kern/space_slice.h>
#include <kern/trace.h>
#include <kern/verify.h>
#include "verify.h"

#define SEEN 0xFFFFFFFFu
#define PTE_ALLOWED (PTE_SYSCALL | PTE_A | PTE_D)

void verify_begin(void)
{
	for (pfn_t pfn = 0; pfn < page_limit; pfn++)
		page_states[pfn].boot = page_refs[pfn].pp_ref != 0;
}

/* --- References --- */

/* Somebody has a reference to this page. */
static void found(pfn_t pfn, const char *holder, uint32_t where)
{
	if (pfn >= page_limit)
		wrong("page %05x, which %s %08x has, lies beyond memory\n", pfn, holder, where);
	else if (page_refs[pfn].pp_ref == 0)
		wrong("page %05x, which %s %08x has, has no references\n", pfn, holder, where);
	else
		page_links[pfn].next++;
}

/* How many entries of address spaces map each superpage. */
static uint16_t large_found[(1ull << 32) / PTSIZE];

static void check_large(const struct space *space, uintptr_t va, uint32_t id)
{
	arch_pte_t pte = *arch_space_slot(&space->arch, va);
	pfn_t first = arch_pte_pfn(pte);

	if (first % LARGE_PAGES || (pte & (PGSIZE - 1) & ~(PTE_ALLOWED | PTE_PS)) || !(pte & PTE_U))
		wrong("%08x: superpage %08x at %08x\n", id, (uint32_t)pte, (uint32_t)va);
	else if (large_found[first / LARGE_PAGES]++ == 0)
		for (unsigned i = 0; i < LARGE_PAGES; i++)
			found(first + i, "in a superpage of", id);
}

/* The tables that a space has in reserve, one for each superpage. */
static void check_spare(const struct space *space, unsigned superpages, uint32_t id)
{
	unsigned tables = 0;

	for (pfn_t pfn = space->spare; pfn && tables <= superpages; pfn = *page_note(pfn), tables++)
		found(pfn, "as a table in reserve,", id);
	if (tables != superpages)
		wrong("%08x: %u superpages, %u tables in reserve\n", id, superpages, tables);
}

static void check_large_counts(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(large_found); i++) {
		if (large_found[i] && large_found[i] != large_entries(i * LARGE_PAGES))
			wrong("superpage %05x has %u entries, the count says %u\n", i * LARGE_PAGES, large_found[i],
			      large_entries(i * LARGE_PAGES));
		large_found[i] = 0;
	}
}

static void check_table(const struct space *space, uintptr_t va, uint32_t id)
{
	const arch_pte_t *table = arch_space_entry(&space->arch, va);

	found(page_of(table), "as a page table,", id);
	if (arch_table_noted(space->arch.directory, PDX(va)) != PDX(va))
		wrong("%08x: its directory does not know of the table for %08x\n", id, (uint32_t)va);
	for (unsigned i = 0; i < NPTENTRIES; i++, va += PGSIZE) {
		if (!arch_pte_present(table[i])) {
			if (table[i])
				wrong("%08x: entry %08x at %08x\n", id, (uint32_t)table[i], (uint32_t)va);
			continue;
		}
		bool device = arch_pte_is_device(table[i]);
		if (!device)
			found(arch_pte_pfn(table[i]), "mapped in", id);
		else if (!space->has_devices || page_managed(arch_pte_pfn(table[i])))
			wrong("%08x: device memory %08x at %08x\n", id, (uint32_t)table[i], (uint32_t)va);
		if (arch_table_noted(table, i) != i)
			wrong("%08x: the table does not know of its entry for %08x\n", id, (uint32_t)va);
		if ((table[i] & (PGSIZE - 1) & ~(PTE_ALLOWED | (device ? PTE_DEVICE : 0))) || !(table[i] & PTE_U))
			wrong("%08x: entry %08x at %08x\n", id, (uint32_t)table[i], (uint32_t)va);
	}
}

static void check_space(const struct space *space, uint32_t id)
{
	pfn_t directory = space->arch.physical >> PGSHIFT;
	uint32_t loaded = 0, superpages = 0;

	found(directory, "as a page directory,", id);
	if (space->arch.directory[PDX(UVPT)] >> PGSHIFT != directory)
		wrong("%08x: what it sees of page tables is not its own\n", id);
	for (uintptr_t va = 0; va < UTOP; va += PTSIZE) {
		if (arch_space_entry(&space->arch, va))
			check_table(space, va, id);
		else if (space_large(space, va)) {
			check_large(space, va, id);
			superpages++;
		}
	}
	check_spare(space, superpages, id);
	for (unsigned n = 0; n < cpu_count; n++)
		loaded |= (uint32_t)(cpus[n]->space == space) << n;
	if (loaded != atomic_load(&space->loaded))
		wrong("%08x: its space is loaded on CPUs %x, and says %x\n", id, loaded, atomic_load(&space->loaded));
	if (space->pins.value)
		wrong("%08x: its space has %u pins\n", id, space->pins.value);
	if (spin_is_taken(&space->lock))
		wrong("%08x: its space is locked\n", id);
}

static uint32_t id_of(const struct env *env)
{
	return env->pub->env_id;
}

/* The page of this record of a space is held once, however many of it there are. Returns 1 if it was not known yet. */
static unsigned record_found(const struct space *space)
{
	struct page_links *links = &page_links[page_of(space)];

	if (page_refs[page_of(space)].pp_ref != 1)
		wrong("page %05x, of records of spaces, has %u references\n", page_of(space),
		      page_refs[page_of(space)].pp_ref);
	if (links->next)
		return 0;
	links->next = 1;
	return 1;
}

/* Each record of a space is in the pool or belongs to somebody. */
static void check_pool(unsigned live, unsigned record_pages)
{
	unsigned unused = 0, all = record_pages * (PGSIZE / sizeof(struct space));

	for (const struct space *space = space_pool; space && unused <= all; space = (const struct space *)space->cursor)
		unused++;
	if (unused + live != all)
		wrong("of %u records of spaces %u are used and %u in the pool\n", all, live, unused);
}

/* Spaces are counted in `cursor`, which is of no use before their end. */
static void check_spaces(void)
{
	unsigned live = 0, record_pages = 0;
	struct env *env;

	for (const struct space *space = space_pool; space; space = (const struct space *)space->cursor)
		record_pages += record_found(space);
	for (uint32_t i = 0; i < env_limit(); i++) {
		if (!(env = env_slot(i)) || !env->alive)
			continue;
		if (env->left_space ? env->leads : env->space->cursor++ == 0) {
			live++;
			record_pages += record_found(env->space);
			check_space(env->space, id_of(env));
		}
	}
	for (uint32_t i = 0; i < env_limit(); i++) {
		if (!(env = env_slot(i)) || !verify_in_space(env) || !env->space->cursor)
			continue;
		if (env->space->cursor != env->space->envs.value)
			wrong("%08x: %u are in its space, the count says %u\n", id_of(env), (uint32_t)env->space->cursor,
			      env->space->envs.value);
		env->space->cursor = 0;
	}
	check_pool(live, record_pages);
}

/* Private records of environments, and messages that wait. */
static void check_holders(void)
{
	pfn_t last = NO_PAGE;

	for (uint32_t i = 0; i < env_limit(); i++) {
		const struct env *env = env_slot(i);
		if (!env)
			continue;
		if (page_of(env) != last)
			found(last = page_of(env), "as the record of slot", i);
		for (unsigned n = 0; arch_env_port_pages(env) && n < ARCH_PORT_PAGES; n++)
			found(arch_env_port_pages(env) + n, "for its ports,", id_of(env));
		if (!env->sending_to || !env->message.count)
			continue;
		const pfn_t *pages = env->message.count > 1 ? page_address(env->message.page) : &env->message.page;
		for (uint32_t n = 0; n < env->message.count; n++)
			found(pages[n], "in its message,", id_of(env));
		if (env->message.count > 1)
			found(env->message.page, "as the list of its message,", id_of(env));
	}
}

/* The rings that a program wanted. */
static void check_rings(void)
{
	for (unsigned cpu = 0; cpu < cpu_count; cpu++) {
		const struct trace_ring *ring = trace_ring_of(cpu);
		if (!ring || page_states[page_of(ring)].boot)
			continue;
		found(page_of(ring), "as the event ring of CPU", cpu);
		for (unsigned i = 0; i < TRACE_PAGES_MAX && ring->pages[i]; i++)
			found(ring->pages[i], "in the event ring of CPU", cpu);
	}
}

static void check_references(void)
{
	for (pfn_t pfn = 0; pfn < page_limit; pfn++) {
		if (page_refs[pfn].pp_ref)
			page_links[pfn].next = page_states[pfn].boot;
	}
	check_spaces();
	check_large_counts();
	check_holders();
	check_rings();
	for (pfn_t pfn = 0; pfn < page_limit; pfn++) {
		if (page_refs[pfn].pp_ref && page_refs[pfn].pp_ref != page_links[pfn].next)
			wrong("page %05x has %u references, %u of them known\n", pfn, page_refs[pfn].pp_ref,
			      page_links[pfn].next);
	}
}

/* --- Free pages --- */

/* A free page stands in a list. False: it may not, and the list cannot be followed. */
static bool free_found(pfn_t pfn, const char *list, unsigned number)
{
	if (!page_managed(pfn)) {
		wrong("%s %u: %05x is no page\n", list, number, pfn);
		return false;
	}
	if (page_refs[pfn].pp_ref == 0) {
		page_refs[pfn].pp_ref = SEEN;
		return true;
	}
	if (page_refs[pfn].pp_ref == SEEN)
		wrong("%s %u: page %05x stands in two lists, or twice\n", list, number, pfn);
	else
		wrong("%s %u: page %05x has %u references\n", list, number, pfn, page_refs[pfn].pp_ref);
	return false;
}

static void check_stack(const struct page_stack *stack, const char *name, unsigned cpu)
{
	if (stack->count > PAGE_CACHE_MAX)
		wrong("%s %u: the count says %u\n", name, cpu, stack->count);
	for (uint32_t i = 0; i < stack->count && free_found(stack->pages[i], name, cpu); i++)
		continue;
}

static uint32_t check_blocks(enum page_zone zone, unsigned order) UNCHECKED_LOCKING
{
	uint32_t count = 0;
	pfn_t before = NO_PAGE;

	for (pfn_t pfn = buddy_blocks[zone][order]; pfn; before = pfn, pfn = page_links[pfn].next) {
		const struct page_state *state = &page_states[pfn];
		if (!state->block_free || state->order != order || pfn % (1u << order) || page_links[pfn].prev != before)
			wrong("the free block %05x of order %u is not marked as one\n", pfn, order);
		for (pfn_t i = pfn; i < pfn + (1u << order); i++) {
			if (!free_found(i, "free blocks of order", order))
				return count;
		}
		count += 1u << order;
	}
	return count;
}

static void check_free(void)
{
	uint32_t count = 0;

	for (unsigned zone = 0; zone < PAGE_ZONES; zone++) {
		for (unsigned order = 0; order < BUDDY_ORDERS; order++)
			count += check_blocks(zone, order);
		for (unsigned n = 0; n < cpu_count; n++) {
			check_stack(&cpus[n]->pages.plain[zone], "plain pages of CPU", n);
			check_stack(&cpus[n]->pages.zeroed[zone], "zeroed pages of CPU", n);
		}
	}
	if (count != buddy_free_pages())
		wrong("%u pages in free blocks, the count says %u\n", count, buddy_free_pages());
	for (pfn_t pfn = 0; pfn < page_limit; pfn++) {
		if (page_refs[pfn].pp_ref == SEEN)
			page_refs[pfn].pp_ref = 0;
		else if (page_refs[pfn].pp_ref == 0 && page_managed(pfn))
			wrong("page %05x is free, but stands in no list\n", pfn);
	}
}

void verify_pages(void)
{
	check_references();
	check_free();
}
