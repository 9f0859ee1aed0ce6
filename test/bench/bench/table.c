/*
 * bench [wall] [keys] [only KEY] [PROGRAM]: what the basic operations cost. tools/bench runs it and makes the table of it.
 *
 *   wall        in nanoseconds, not in ticks
 *   keys        bytes keep coming at the console, so it can sleep a moment to let the idle CPU zero pages
 *   only KEY    only that operation, for tools/profile
 *   PROGRAM     the program of operation start-tiny
 *
 * The same source is a program for Finch and one for Linux, where test/bench/linux/ has the names of <inc/lib.h> in
 * terms of Linux's calls. To add an operation: its function in operations.c, or in finch.c if it has no form on Linux; a
 * declaration in operations.h; a line in the table here; and one in test/bench/goals. What makes a program larger, so
 * that to start and to fork it costs more, stands in a program of its own: test/bench/pipes/.
 */
#include "operations.h"

/*
 * page-pool first: a CPU that was idle has some zeroed pages even where no keys come. What starts and copies programs
 * before what needs page tables of its own, which stay.
 */
const struct operation operations[] = {
	{ "page-pool", page_alloc_unmap, POOL_ROW, 1, neighbour_and_pool, pool_was_used },
	{ "null-int", null_int, 100, 10, NULL, NULL },
	{ "null-sysenter", null_sysenter, 100, 10, has_sysenter, NULL },
	{ "yield-alone", yield, 1000, 1, NULL, NULL },
	{ "yield-pair", yield, 1000, 1, partner_start, partner_end },
	{ "message-call", message_call, 1000, 1, server_start, server_end },
	{ "exofork", exofork_destroy, 50, 1, NULL, NULL },
	{ "start-tiny", start_tiny, 20, 1, has_tiny, NULL },
	{ "start-this", start_this, 20, 1, NULL, NULL },
	{ "user-fault", user_fault, 1000, 1, handler_skips, NULL },
	{ "user-fault-map", user_fault_map, FAULT_ROW, 1, handler_maps, mapped_gone },
	{ "exception", exception_skipped, 1000, 1, exceptions_skip, NULL },
	{ "int-128", int_128, 1000, 1, exceptions_skip, NULL },
	{ "fork-small", fork_exit_wait, 20, 1, NULL, NULL },
	{ "fork-4m", fork_exit_wait, 1, 1, touch_4m, first_range_gone },
	{ "fork-16m", fork_exit_wait, 1, 1, touch_16m, first_range_gone },
	{ "message", message_pair, 1000, 1, message_partner, partner_end },
	{ "message-page", message_page, 1000, 1, page_partner, page_partner_end },
	{ "page-inline", page_alloc_unmap, 200, 1, neighbour_and_no_pool, pool_was_empty },
	{ "range-alloc", range_alloc, 1, RANGE, pool_empty, first_range_gone },
	{ "range-map", range_map, 1, RANGE, first_range_there, ranges_gone },
	{ "range-unmap", range_unmap, 1, RANGE, ranges_there, ranges_gone },
	{ "thread", thread_create_join, 50, 1, NULL, NULL },
	{ .key = NULL },
};
