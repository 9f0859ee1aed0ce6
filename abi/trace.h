/* The event ring: what SYS_trace does, and the records that it brings. */
#ifndef FINCH_ABI_TRACE_H
#define FINCH_ABI_TRACE_H

#include <abi/types.h>

#endif
