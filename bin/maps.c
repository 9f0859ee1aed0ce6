/*
 * maps: this program's own address space, read from its page tables, which every program can see at uvpt and uvpd. A
 * line for each run of pages with the same permissions: r or rw, s for shared with what it starts, c for copy on write.
 */
#include <finch/memory.h>
#include <inc/lib.h>

extern char etext[], end[];

/* The permission bits of page n that are worth a line, or 0 if it is not mapped. */
static uint32_t page_perm(uint32_t n)
{
	pte_t entry = page_entry((void *)(n << PGSHIFT));

	return entry & PTE_P ? entry & (PTE_P | PTE_U | PTE_W | PTE_SHARE | PTE_COW | PTE_PS) : 0;
}

static const char *area_name(uintptr_t va)
{
	if (va >= UTEXT && va < (uintptr_t)end)
		return va < (uintptr_t)etext ? "text" : "image";
	if (va >= USTABDATA && va < (uintptr_t)UTEMP)
		return "symbols";
	if (va >= 0xD0000000 && va < 0xD0040000)
		return "descriptors";
	if (va >= UARCHIVE && va < UARCHIVE + 0x08000000)
		return "boot archive";
	if (va >= USTACKTOP - PTSIZE && va < USTACKTOP)
		return "stack";
	return "";
}

static void show(uint32_t first, uint32_t after, uint32_t perm)
{
	printf("%08x-%08x %6u KB  r%c%c%c  %s%s\n", first << PGSHIFT, after << PGSHIFT, (after - first) * (PGSIZE / 1024),
	       perm & PTE_W ? 'w' : '-', perm & PTE_SHARE ? 's' : '-', perm & PTE_COW ? 'c' : '-',
	       area_name((uintptr_t)first << PGSHIFT), perm & PTE_PS ? "superpages" : "");
}

void umain(int argc, char **argv)
{
	uint32_t first = 0, perm = 0, n = 0;

	USED(argc);
	USED(argv);
	while (n <= PGNUM(UTOP)) {
		uint32_t now = n < PGNUM(UTOP) ? page_perm(n) : 0;
		if (now != perm) {
			if (perm)
				show(first, n, perm);
			first = n;
			perm = now;
		}
		/* A whole table that is not there is passed over at once. */
		n += n < PGNUM(UTOP) && n % NPTENTRIES == 0 && !(uvpd[n / NPTENTRIES] & PTE_P) ? NPTENTRIES : 1;
	}
}
