/* How often a page is mapped. */
#include <finch/memory.h>
#include <inc/lib.h>

int pageref(void *va)
{
	pte_t entry = page_entry(va);

	if (!(entry & PTE_P))
		return 0;
	return (int)pages[PGNUM(PTE_ADDR(entry)) + (entry & PTE_PS ? PTX(va) : 0)].pp_ref;
}
