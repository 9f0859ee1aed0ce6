/* What the monitor and backtraces look at: page tables of any address space, frames. Reads only. */
#include <kern/arch.h>
#include <kern/cpu.h>
#include <kern/page.h>

/* A page table by its frame number; NULL for one that has no kernel address, which a sound entry never names. */
static const uint32_t *table_at(uint32_t pfn)
{
	return pfn < DIRECT_MAP_LIMIT >> PGSHIFT ? page_address(pfn) : NULL;
}

static bool describe(struct arch_mapping *mapping, uintptr_t va, size_t size, uint32_t physical, uint32_t flags)
{
	mapping->start = va & ~(size - 1);
	mapping->size = size;
	mapping->physical = physical;
	mapping->flags = flags;
	return flags & PTE_P;
}

/* Source: Intel SDM vol. 3A, section 4.3. */
bool arch_space_walk(const struct arch_space *space, uintptr_t va, struct arch_mapping *mapping)
{
	const uint32_t *directory = space ? space->directory : table_at(rcr3() >> PGSHIFT);
	uint32_t pde = directory ? directory[PDX(va)] : 0;
	if ((pde & (PTE_P | PTE_PS)) == (PTE_P | PTE_PS))
		return describe(mapping, va, PTSIZE, pde & ~(PTSIZE - 1), pde & (PGSIZE - 1));
	const uint32_t *table = pde & PTE_P ? table_at(pde >> PGSHIFT) : NULL;
	if (!table)
		return describe(mapping, va, PTSIZE, 0, 0);
	uint32_t pte = table[PTX(va)];
	uint32_t allowed = (pde & (PTE_W | PTE_U)) | ~(PTE_W | PTE_U);
	/* In this level the bit PTE_PS means a memory type, not a size. */
	return describe(mapping, va, PGSIZE, PTE_ADDR(pte), pte & (PGSIZE - 1) & allowed & ~PTE_PS);
}

uintptr_t arch_frame_bp(const struct Trapframe *tf)
{
	return tf->tf_regs.reg_ebp;
}

const struct Trapframe *arch_frame_of(const struct cpu *cpu)
{
	return &((const struct arch_frame *)cpu->arch.stack_top - 1)->tf;
}
