/*
 * pagehog: takes all pages that it can get, says how many they were, and goes on trying. It ends by kill alone. See
 * doc/rights.md.
 */
#include <finch/syscall.h>
#include <inc/lib.h>

#define FROM ((char *)0x10000000)
#define END ((char *)0xB0000000)

void umain(int argc, char **argv)
{
	char *va = FROM;

	USED(argc);
	USED(argv);
	while (va < END && sys_page_alloc(0, va, PTE_P | PTE_U | PTE_W) == 0)
		va += PGSIZE;
	printf("pagehog: %u pages, all that there are\n", (uint32_t)(va - FROM) / PGSIZE);
	for (;;)
		sys_page_alloc(0, va, PTE_P | PTE_U | PTE_W);
}
