/* What the monitor and backtraces look at: page tables of any address space, frames. Reads only. */
#include <kern/arch.h>
#include <kern/cpu.h>
#include <kern/page.h>
#include <kern/view.h>

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

#define PROLOGUE_REACH 64 /* bytes of a function in which it is looked for */
#define STACK_REACH 16    /* words that a function without a frame may have pushed */

/* Do pushl %ebp and movl %esp, %ebp stand in the bytes? */
static bool makes_frame(const uint8_t *code, size_t n)
{
	for (size_t i = 0; i + 3 <= n; i++)
		if (code[i] == 0x55 && code[i + 1] == 0x89 && code[i + 2] == 0xE5)
			return true;
	return false;
}

/*
 * Does a call stand before the address to, that may have gone to start: call rel32 to there (or anywhere, if `jumped`:
 * what was called may have gone on by a jump), or call through a register or memory (FF /2) in its usual lengths?
 * Source: Intel SDM vol. 2A, CALL.
 */
static bool follows_call(const struct view *view, uintptr_t to, uintptr_t start, bool jumped)
{
	static const uint8_t lengths[] = {2, 3, 6, 7};
	uint8_t code[7];

	if (!view_read(view, to - sizeof(code), code, sizeof(code)))
		return false;
	uint32_t distance = code[3] | code[4] << 8 | code[5] << 16 | (uint32_t)code[6] << 24;
	if (code[2] == 0xE8 && (jumped || to + distance == start))
		return true;
	for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++) {
		const uint8_t *call = code + sizeof(code) - lengths[i];
		if (call[0] == 0xFF && (call[1] >> 3 & 7) == 2)
			return true;
	}
	return false;
}

uintptr_t arch_frame_caller(const struct Trapframe *tf, uintptr_t start, const struct view *view)
{
	uint8_t code[PROLOGUE_REACH];
	size_t n = MIN((size_t)(arch_frame_ip(tf) - start), sizeof(code));
	/* The processor pushes no stack pointer where the privilege stays: it is where that would stand. */
	uintptr_t at = arch_frame_is_user(tf) ? arch_frame_sp(tf) : (uintptr_t)&tf->tf_esp;

	if (n > 0 && (!view_read(view, start, code, n) || makes_frame(code, n)))
		return 0;
	/* At its first byte a function has pushed nothing. */
	for (unsigned i = 0; i < (n > 0 ? STACK_REACH : 1); i++, at += sizeof(uintptr_t)) {
		uintptr_t to;
		if (!view_read(view, at, &to, sizeof(to)))
			return 0;
		if (follows_call(view, to, start, n == 0))
			return to;
	}
	return 0;
}
