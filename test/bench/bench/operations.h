/* The operations of the program bench: see table.c. */
#ifndef BENCH_OPERATIONS_H
#define BENCH_OPERATIONS_H

#include <finch/memory.h>
#include <inc/x86.h>
#include <test/bench/bench/measure.h>

#define POOL_ROW 6    /* pages taken in a row from the zeroed pool, which holds about 60 */
#define RANGE 4096    /* pages in a large range: 16 MB */
#define FAULT_ROW 200 /* fresh pages mapped by a fault handler in a row */

#define PERM_WRITE (PTE_P | PTE_U | PTE_W)

#define PAGE ((char *)0x10000000)
#define FIRST_RANGE ((char *)0x20000000)
#define SECOND_RANGE ((char *)0x30000000)

/* --- Operations, and what comes before and after a row of them. On Linux, those of finch.c are not there. --- */

OPERATION(null_int);
OPERATION(null_sysenter);
STEP(has_sysenter);
OPERATION(yield);
STEP(partner_start);
STEP(partner_end);
OPERATION(message_call);
STEP(server_start);
STEP(server_end);
OPERATION(exofork_destroy);
OPERATION(start_tiny);
STEP(has_tiny);
OPERATION(start_this);
OPERATION(user_fault);
STEP(handler_skips);
OPERATION(user_fault_map);
STEP(handler_maps);
STEP(mapped_gone);
OPERATION(exception_skipped);
OPERATION(int_128);
STEP(exceptions_skip);
OPERATION(fork_exit_wait);
STEP(touch_4m);
STEP(touch_16m);
OPERATION(page_alloc_unmap);
STEP(neighbour_and_pool);
STEP(neighbour_and_no_pool);
STEP(pool_fill);
STEP(pool_was_used);
STEP(pool_empty);
STEP(pool_was_empty);
OPERATION(range_alloc);
STEP(first_range_gone);
OPERATION(range_map);
OPERATION(range_unmap);
STEP(first_range_there);
STEP(ranges_there);
STEP(ranges_gone);
OPERATION(thread_create_join);
OPERATION(message_pair);
STEP(message_partner);
OPERATION(message_page);
STEP(page_partner);
STEP(page_partner_end);

#endif
