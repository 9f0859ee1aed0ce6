/*
 * The porting contract for a CPU architecture: what arch/<cpu>/ supplies and kern/ builds on.
 *
 * The include path chooses the architecture; its <arch/...> headers bring the constants (PGSIZE, UTOP, PTE_ ...),
 * the frames that programs see, and the inline part (<arch/kernel.h>): arch_this_cpu, arch_pause, arch_idle,
 * arch_poll_interrupts, arch_ticks_low (the low half of the time-stamp counter), arch_add_to, arch_test_and_set, arch_pte_...,
 * arch_call_number, arch_call_argument, arch_call_set_result, arch_call_is_fast.
 *
 * The kernel runs with interrupts off, on one stack per CPU. An entry from user mode leaves its frame at the top of
 * that stack; C code returns to the entry code, which restores whatever stands there then. So a switch between
 * environments is a copy out of that frame and a copy into it.
 */
#ifndef FINCH_KERN_ARCH_H
#define FINCH_KERN_ARCH_H

#include <abi/types.h>
#include <arch/kernel.h>

struct env;
struct boot_info;
struct budget;

/* --- CPUs --- */

/* Prepare CPU n's stack and tables and start it; it ends up in cpu_main(). False: it did not answer in a second. */
bool arch_cpu_start(struct cpu *cpu);
/* Prepare the boot CPU's tables anew, once memory is up: stack with a guard page, all descriptor tables. Does not
 * return: goes on in `next` on the new stack. */
void arch_cpu_adopt_boot(struct cpu *cpu, void (*next)(void)) __attribute__((noreturn));
/* The processor's brand as text, at most size bytes with the ending zero. */
void arch_cpu_name(char *name, size_t size);
/* A counter that runs at one rate (platform_tsc_khz) on all CPUs: cheaper than platform_time_ns. */
/* inline: uint64_t arch_ticks(void); */
/* Leave the kernel for whatever environment sched_attend chooses. The stack is emptied. */
void arch_enter_user(void) __attribute__((noreturn));
/* Stop for ever, interrupts off. */
void arch_halt(void) __attribute__((noreturn));

/* --- Address spaces. What is inline is defined in <arch/space.h>, which kern/space.c includes. --- */

/* A new top level with the kernel's part in place; its pages are charged to budget. -E_NO_MEM. */
int arch_space_create(struct arch_space *space, struct budget *budget);
/* Free the top level; user mappings are gone already (arch_space_next_table ended). No CPU has it loaded. */
void arch_space_destroy(struct arch_space *space);
/*
 * The entry for va, or NULL where no table stands (but perhaps a superpage). Valid for the addresses up to the next
 * multiple of PTSIZE.
 */
/* inline: arch_pte_t *arch_space_entry(const struct arch_space *space, uintptr_t va); */
/* The same, making the table where there is none, charged to budget. No superpage is there. NULL: out of memory. */
arch_pte_t *arch_space_entry_make(struct arch_space *space, uintptr_t va, struct budget *budget);
/* The first address >= va and below UTOP that has a table or a superpage, or UTOP. */
uintptr_t arch_space_next_table(const struct arch_space *space, uintptr_t va);
/*
 * Tables remember where they may have entries, so that one with few is not searched whole: note that this entry is
 * about to be used; and the index of the next noted entry at or after `index` of a table (given by its first entry),
 * NPTENTRIES if there is none. A noted entry may be empty.
 */
/* inline: void arch_table_note(arch_pte_t *entry); */
/* inline: unsigned arch_table_noted(const arch_pte_t *table, unsigned index); */
/* All notes of a table: bit n for its entries from n * ARCH_TABLE_GROUP on, of which there is a multiple of 16; note more. */
/* inline: uint32_t arch_table_notes(const arch_pte_t *table); */
/* inline: void arch_table_note_groups(arch_pte_t *table, uint32_t groups); */
/*
 * Superpages: can this CPU map PTSIZE bytes by one entry? The slot is where an entry leads to the table for va, or maps
 * a superpage instead (NULL: there is none). _make makes it and notes it as used; NULL: out of memory.
 */
/* inline: bool arch_large_supported(void); */
/* inline: arch_pte_t *arch_space_slot(const struct arch_space *space, uintptr_t va); */
/* inline: arch_pte_t *arch_space_slot_make(const struct arch_space *space, uintptr_t va); */
/*
 * Does what stands in a slot map a superpage? What is to stand there for a superpage, given its first frame, and for a
 * table. What maps the page at va where pte, of a table or of a slot, maps it (or did, as a program remembers it).
 */
/* inline: bool arch_pte_large(arch_pte_t pte); */
/* inline: arch_pte_t arch_pte_make_large(uint32_t pfn, uint32_t perm); */
/* inline: arch_pte_t arch_pte_make_table(uint32_t pfn); */
/* inline: arch_pte_t arch_pte_of_page(arch_pte_t pte, uintptr_t va); */
/* Free the table that maps va, or forget the superpage; what it maps has been dropped. */
void arch_space_free_table(struct arch_space *space, uintptr_t va);
/* Let programs read size bytes at the kernel address from, at va (UENVS or UPAGES), and zeros from there to the end of
 * the window. At boot only. */
void arch_space_publish(uintptr_t va, const void *from, size_t size);
/* May user code read va, which is >= UTOP? (Kernel mappings that programs may see.) */
bool arch_space_user_readable(uintptr_t va);
/*
 * What the page tables say of va, in space (NULL: the one that this CPU has loaded), kernel addresses included. False:
 * nothing is mapped there. Reads only; works without locks and in a panic.
 */
struct arch_mapping {
	uintptr_t start;   /* of the piece that this says it of: as much as one entry maps, or leaves unmapped */
	size_t size;       /* of it, in bytes */
	uint64_t physical; /* where start is mapped */
	uint32_t flags;    /* PTE_ bits; PTE_W and PTE_U only where all levels have them */
};
bool arch_space_walk(const struct arch_space *space, uintptr_t va, struct arch_mapping *mapping);
/* Use space on this CPU from now on. NULL: the kernel's own, without user mappings. */
/* inline: void arch_space_load(const struct arch_space *space); */
/* Forget this CPU's cached translations: of one page, whose table stays where it is, or all of user space. */
/* inline: void arch_tlb_flush_page(uintptr_t va); */
void arch_tlb_flush_user(void);

/* --- Physical memory --- */

/* A kernel address for page pfn, through this CPU's window slot (0 or 1) if it is beyond the direct map. */
/* inline: void *arch_window(uint32_t pfn, unsigned slot); */
/* Fill a page (kernel address, page aligned) with zeros, or copy one. */
void arch_page_zero(void *page);
void arch_page_copy(void *to, const void *from);
/* Map device memory uncached, for ever. NULL: no room, or above 4 GB. */
void *arch_device_map(uint64_t physical, size_t size);
/* A read-only view of firmware tables in RAM or ROM. NULL: no room, or above 4 GB. */
const void *arch_table_map(uint32_t physical, size_t size);

/* --- User memory: raw copies that stop at a fault; kern/user.c checks ranges first. --- */

/* Copy n bytes. Returns how many could not be copied; *fault then is the address that faulted. */
size_t arch_copy_user(void *to, const void *from, size_t n, uintptr_t *fault);

/* --- Environments --- */

/* The frame at the top of this CPU's stack, or of another's: to look at, since that may run meanwhile. */
struct Trapframe *arch_frame(void);
const struct Trapframe *arch_frame_of(const struct cpu *cpu);
/* End the system call that is under way: attend to what there is before user mode, and leave the kernel. */
void arch_end_call(int32_t result) __attribute__((noreturn));
/* arch_frame, for who has the calling CPU's record at hand; and leave the kernel at once with what is in that. */
/* inline, in <arch/switch.h>: struct Trapframe *arch_frame_here(const struct cpu *cpu); */
/* inline, in <arch/switch.h>: void arch_leave(const struct cpu *cpu) __attribute__((noreturn)); */
/*
 * Save what the frame and cpu, the calling one, hold into env (the FPU's registers are lost then; _plain: while nothing
 * is to be attended to, or by sched_attend), or load them from it; _switch is save_plain of one and load of the other.
 */
/* inline, in <arch/switch.h>: void arch_env_save(const struct cpu *cpu, struct env *env); */
/* inline, in <arch/switch.h>: void arch_env_save_plain(const struct cpu *cpu, struct env *env); */
/* inline, in <arch/switch.h>: void arch_env_load(struct cpu *cpu, const struct env *env); */
/* inline, in <arch/switch.h>: void arch_env_switch(struct cpu *cpu, struct env *from, const struct env *to); */
/* Set up env's registers: start at entry with the stack pointer, everything else zero; FPU as after reset. */
void arch_env_init(struct env *env, uintptr_t entry, uintptr_t stack);
/* Give child the registers and FPU state of the environment that is in this system call, and the result 0. */
void arch_env_inherit(struct env *child);
/* Its FPU state is as after a reset. It does not run. */
void arch_env_reset_fpu(struct env *env);
/*
 * Let env, the caller or one that runs nowhere, find its thread's data at base: through gs on the i386, which is loaded
 * for it. Any base is harmless.
 */
void arch_env_set_tls(struct env *env, uintptr_t base);
/*
 * The parts STATE_REGISTERS and STATE_FPU (<abi/state.h>) of env, which runs nowhere; and set them. Registers are made
 * harmless; -E_INVAL: an FPU image that is not in the form of this CPU, or that the CPU would not load.
 */
struct state_registers;
struct state_fpu;
void arch_env_registers(const struct env *env, struct state_registers *state);
void arch_env_set_registers(struct env *env, const struct state_registers *state);
void arch_env_fpu(const struct env *env, struct state_fpu *state);
int arch_env_set_fpu(struct env *env, const struct state_fpu *state);
/*
 * Let env, which is locked, and is the caller or suspended, use count I/O ports from port on (within ARCH_PORTS), or no
 * more. -E_NO_MEM.
 */
int arch_env_allow_ports(struct env *env, uint32_t port, uint32_t count, bool allow);
/* env, which has ended, uses none any more. */
void arch_env_free_ports(struct env *env);
/* The pages, ARCH_PORT_PAGES from this one on, that the kernel holds for that; NO_PAGE: none. For tests. */
uint32_t arch_env_port_pages(const struct env *env);
/* Make the calling CPU let env, which runs on it, use its ports, and no others. */
/* inline, in <arch/switch.h>: void arch_env_switch_ports(struct cpu *cpu, const struct env *env); */
/* Does cpu let whom it runs use any? 0: it does not. */
/* inline, in <arch/switch.h>: uint32_t arch_ports_open(const struct cpu *cpu); */
/* Make a frame from a program harmless: user segments, interrupts on, no I/O privilege. */
void arch_frame_sanitize(struct Trapframe *tf);
/* Copy a frame from user mode to where all may read it, without the kernel's addresses in it. */
void arch_frame_publish(struct Trapframe *to, const struct Trapframe *tf);
/* Print a frame dump ("TRAP frame at ..."). */
void arch_frame_print(const struct Trapframe *tf);
/* Make the system call that tf is in happen again when tf is resumed; or undo that, giving it a result. */
void arch_call_restart(struct Trapframe *tf);
void arch_call_finish(struct Trapframe *tf, int32_t result);
/* The same for a call that has not blocked, from its handler: it happens again as the frame now says. Returns what the
 * handler is to return. */
int32_t arch_call_again(struct Trapframe *tf);
void arch_call_set_argument(struct Trapframe *tf, unsigned n, uintptr_t value);
/* Set or clear in tf that the processor traps after each instruction; returns whether it did. */
bool arch_frame_step(struct Trapframe *tf, bool on);
/* Let the instruction that tf is at run once without its breakpoint. */
void arch_frame_resume(struct Trapframe *tf);
/* Is tf from user mode? The program counter and stack pointer in it; the frame pointer for backtraces. */
bool arch_frame_is_user(const struct Trapframe *tf);
uintptr_t arch_frame_ip(const struct Trapframe *tf);
uintptr_t arch_frame_sp(const struct Trapframe *tf);
uintptr_t arch_frame_bp(const struct Trapframe *tf);
/*
 * tf is in the function that begins at start (or jumped there, to what may be no function), in memory as `view` shows
 * it. Returns where that returns to, if it has not made a frame of its own, as small functions never do; else, or where
 * it cannot be known, 0.
 */
struct view;
uintptr_t arch_frame_caller(const struct Trapframe *tf, uintptr_t start, const struct view *view);

/* --- Breakpoints: kern/breakpoint.h --- */

struct breakpoint;
/* Make the calling CPU trap at these BREAKPOINTS_MAX, and no others. */
void arch_breakpoints_load(const struct breakpoint *list);
/*
 * In a debug exception with the frame tf: which of them were met, as bits, and whether it comes after a step. Asked
 * once.
 */
uint32_t arch_breakpoints_met(const struct Trapframe *tf, bool *stepped);

#endif
