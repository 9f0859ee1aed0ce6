/* Debug builds: a freed page is filled with junk, so that whoever still uses it shows. */
#include <common/string.h>
#include <kern/arch.h>
#include <kern/buddy.h>

void page_junk(pfn_t pfn)
{
	memset(arch_window(pfn, 0), 0xCB, PGSIZE);
}
