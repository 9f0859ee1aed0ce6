/*
 * sparse: a table of 256 MB of which no page is there until it is looked at. The program's page-fault handler makes
 * each page at the first touch, with all the squares that stand on it; the instruction that wanted one then goes on.
 */
#include <inc/lib.h>

#define TABLE ((volatile uint32_t *)0x20000000)
#define COUNT (64u << 20) /* entries of 4 bytes */
#define PER_PAGE (PGSIZE / sizeof(*TABLE))

static int made; /* pages */

static void fill(struct UTrapframe *utf)
{
	uint32_t *page = (uint32_t *)ROUNDDOWN(utf->utf_fault_va, PGSIZE);
	uint32_t first = (uint32_t)(page - (uint32_t *)TABLE);

	if (first >= COUNT)
		panic("a fault outside the table, at %08x", utf->utf_fault_va);
	int err = sys_page_alloc(0, page, PTE_P | PTE_U | PTE_W);
	if (err < 0)
		panic("sys_page_alloc: %e", err);
	for (uint32_t i = 0; i < PER_PAGE; i++)
		page[i] = (first + i) * (first + i);
	made++;
}

void umain(int argc, char **argv)
{
	static const uint32_t wanted[] = { 0, 7, 12, 1000, 1024, 60000, 65535, 60001 };
	bool right = true;

	set_pgfault_handler(fill);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		uint32_t square = TABLE[wanted[i]];
		cprintf("sparse: the square of %u is %u, pages so far %d\n", wanted[i], square, made);
		right = right && square == wanted[i] * wanted[i];
	}
	cprintf("sparse: %s\n", right && made == 4 ? "all right" : "wrong");
}
