/*
 * Memory as the monitor and backtraces look at it: an address is never touched before it is known to be there. Takes no
 * locks and works in a panic; what other CPUs change meanwhile may come out old or new.
 */
#ifndef FINCH_KERN_VIEW_H
#define FINCH_KERN_VIEW_H

#include <kern/space.h>

enum view_kind {
	VIEW_CURRENT,  /* virtual memory as this CPU has it loaded, the kernel's included */
	VIEW_PHYSICAL, /* physical RAM */
	VIEW_PROGRAM,  /* an address space below UTOP, loaded or not */
};

struct view {
	enum view_kind kind;
	const struct space *space; /* of VIEW_PROGRAM */
};

/* Copy n bytes from address `at`. False: some are not mapped or, but for VIEW_CURRENT, not RAM. */
bool view_read(const struct view *view, uintptr_t at, void *to, size_t n);
/*
 * Store a word at an address that is a multiple of 4. NULL, or why it cannot be: where it is mapped read-only it
 * cannot.
 */
const char *view_write(const struct view *view, uintptr_t at, uint32_t word);

#endif
