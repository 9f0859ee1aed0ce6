/* Ranges of pages, done whole or not at all. */
#include <finch/memory.h>
#include <finch/syscall.h>
#include <inc/lib.h>

/* The most pages to ask of one call. */
#define CALL_MAX ((size_t)1 << (31 - PERM_COUNT_SHIFT))

pte_t page_entry(const void *va)
{
	pde_t pde = uvpd[PDX(va)];

	return (pde & (PTE_P | PTE_PS)) == PTE_P ? uvpt[PGNUM(va)] : pde;
}

bool page_mapped(const void *va)
{
	return page_entry(va) & PTE_P;
}

int pages_unmap(envid_t envid, void *va, size_t count)
{
	while (count > 0) {
		int done = sys_page_unmap_range(envid, va, MIN(count, CALL_MAX));
		if (done <= 0)
			return done < 0 ? done : -E_INVAL;
		va = (char *)va + (size_t)done * PGSIZE;
		count -= (size_t)done;
	}
	return 0;
}

int pages_alloc(envid_t envid, void *va, int perm, size_t count)
{
	for (size_t at = 0; at < count;) {
		int done = sys_page_alloc_range(envid, (char *)va + at * PGSIZE, perm, MIN(count - at, CALL_MAX));
		if (done <= 0) {
			pages_unmap(envid, va, at);
			return done < 0 ? done : -E_INVAL;
		}
		at += (size_t)done;
	}
	return 0;
}

int pages_alloc_large(envid_t envid, void *va, int perm, size_t count)
{
	for (size_t at = 0; at < count;) {
		int done = sys_page_alloc_large_range(envid, (char *)va + at * PTSIZE, perm, count - at);
		if (done <= 0) {
			pages_unmap(envid, va, at * (PTSIZE / PGSIZE));
			return done < 0 ? done : -E_INVAL;
		}
		at += (size_t)done;
	}
	return 0;
}

int pages_alloc_dma(void *va, size_t count, uint32_t *physical)
{
	int done = libos_sys_page_alloc_dma(0, (uintptr_t)va, libos_range(PTE_P | PTE_U | PTE_W | PTE_SHARE, count));

	if (done < 0)
		return done;
	*physical = PTE_ADDR(uvpt[PGNUM(va)]);
	return 0;
}

int pages_share(const void *srcva, envid_t envid, void *dstva, int perm, size_t count)
{
	for (size_t at = 0; at < count;) {
		int done = sys_page_map_range(0, (const char *)srcva + at * PGSIZE, envid,
					      (char *)dstva + at * PGSIZE, perm, MIN(count - at, CALL_MAX));
		if (done <= 0) {
			pages_unmap(envid, dstva, at);
			return done < 0 ? done : -E_INVAL;
		}
		at += (size_t)done;
	}
	return 0;
}

int pages_copy(envid_t envid, void *va, int only, int keep, int mark, size_t count)
{
	while (count > 0) {
		int done = sys_page_copy_range(envid, va, only, keep, mark, count);
		if (done <= 0)
			return done < 0 ? done : -E_INVAL;
		va = (char *)va + (size_t)done * PGSIZE;
		count -= (size_t)done;
	}
	return 0;
}
