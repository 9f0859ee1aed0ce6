/* How often a page is mapped. */
#include <finch/memory.h>
#include <inc/lib.h>

int pageref(void *va)
{
	if (!page_mapped(va))
		return 0;
	return (int)pages[PGNUM(PTE_ADDR(uvpt[PGNUM(va)]))].pp_ref;
}
