/* The parts of an environment's state that SYS_env_state_get and SYS_env_state_set move, and the records of SYS_page_list. */
#ifndef FINCH_ABI_STATE_H
#define FINCH_ABI_STATE_H

#include <abi/env.h>

/* What SYS_page_list tells of a mapping. */
struct page_record {
	uintptr_t va;
	uint32_t entry; /* as uvpt has it: the page's physical address and PTE_ bits; with PTE_PS, uvpd's */
};

#endif
