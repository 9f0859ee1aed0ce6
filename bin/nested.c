/*
 * nested [DEPTH]: a page-fault handler that faults itself. Making page n it needs page n + 1, which is not there
 * either: so the handler is entered again, on the same exception stack, below what it has there already, DEPTH
 * times (default 6). Then all of them return, the last one first.
 */
#include "number.h"

#define BASE 0x30000000
#define DEPTH_MAX 12 /* the exception stack is one page */

static int depth, entered;

static volatile int *page(uint32_t n)
{
	return (volatile int *)(BASE + n * PGSIZE);
}

static void handler(struct UTrapframe *utf)
{
	uint32_t n = (utf->utf_fault_va - BASE) / PGSIZE;

	entered++;
	cprintf("nested: %*sin for page %u\n", (int)n * 2, "", n);
	int err = sys_page_alloc(0, (void *)page(n), PTE_P | PTE_U | PTE_W);
	if (err < 0)
		panic("sys_page_alloc: %e", err);
	*page(n) = n + 1 < (uint32_t)depth ? *page(n + 1) + 1 : 1;
	cprintf("nested: %*sout with %d\n", (int)n * 2, "", *page(n));
}

void umain(int argc, char **argv)
{
	depth = number_argument(argc, argv, 1, (struct number){ "DEPTH", 6, 1, DEPTH_MAX });
	set_pgfault_handler(handler);
	int value = *page(0);
	cprintf("nested: %s\n", value == depth && entered == depth ? "all right" : "wrong");
}
