/* Listing the mappings of a space: see space.h. Where nothing can be, tables and groups of entries are passed over. */
#include <abi/state.h>
#include <kern/space_slice.h>

#define LOOKS 1024 /* entries that are looked at under the lock at once */

uint32_t space_list(struct space *space, uintptr_t *va, struct page_record *records, uint32_t n)
{
	uintptr_t at = *va;
	uint32_t found = 0;

	spin_lock(&space->lock);
	for (uint32_t looks = 0; found < n && looks < LOOKS; looks++) {
		at = arch_space_next_table(&space->arch, at);
		if (at >= UTOP)
			break;
		uintptr_t start = ROUNDDOWN(at, (uintptr_t)PTSIZE);
		const arch_pte_t *table = arch_space_entry(&space->arch, start);
		if (!table) {
			records[found++] = (struct page_record){ .va = start, .entry = *space_large(space, start) };
			at = start + PTSIZE;
			continue;
		}
		unsigned index = arch_table_noted(table, (at - start) / PGSIZE);
		at = start + index * PGSIZE; /* behind the last entry that is the next table */
		if (index == NPTENTRIES)
			continue;
		if (arch_pte_present(table[index]))
			records[found++] = (struct page_record){ .va = at, .entry = (uint32_t)table[index] };
		at += PGSIZE;
	}
	spin_unlock(&space->lock);
	*va = at;
	return found;
}
