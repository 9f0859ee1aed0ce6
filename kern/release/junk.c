/* Release builds leave freed pages as they are. */
#include <kern/buddy.h>

void page_junk(pfn_t pfn)
{
	(void)pfn;
}
