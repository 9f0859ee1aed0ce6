/*
 * fault [KIND...]: things that a program must not do, each of which must cost that program its life and nothing else.
 *
 * Each kind is done by a child, which must be destroyed (-E_KILLED), while another child computes and must not
 * notice. `fault -x KIND` does it in this environment itself. What the kernel prints for each is in
 * test/transcript/faults.
 */
#include "child.h"

#define KERNEL_TEXT 0xF0100000u

static char *const null;
static volatile uint32_t never; /* what a forbidden access would have changed */
static volatile bool survived;
static volatile uint32_t count;

#define SEGMENT(name, reg, value)                                                                                \
	static void name(void)                                                                                   \
	{                                                                                                        \
		__asm__ volatile("movw %w0, %%" reg : : "r"(value));                                             \
	}
SEGMENT(ds_kernel_data, "ds", GD_KD)
SEGMENT(ds_beyond, "ds", 0x1238)
SEGMENT(ds_local, "ds", 0x24)
SEGMENT(es_kernel_text, "es", GD_KT)
SEGMENT(es_task, "es", 0x28)
SEGMENT(fs_kernel_data, "fs", GD_KD)
SEGMENT(fs_cpu, "fs", 0x30)
SEGMENT(gs_beyond, "gs", 0xFFFB)
SEGMENT(gs_task, "gs", 0x2B)
SEGMENT(ss_kernel_data, "ss", GD_KD)
SEGMENT(ss_user_text, "ss", GD_UT | 3)
SEGMENT(ss_null, "ss", 0)

#define INSTRUCTION(name, text)                                                                                  \
	static void name(void)                                                                                   \
	{                                                                                                        \
		__asm__ volatile(text : : : "eax", "ecx", "edx", "memory", "cc");                                \
	}
INSTRUCTION(int_2, "int $2")
INSTRUCTION(int_8, "int $8")
INSTRUCTION(int_13, "int $13")
INSTRUCTION(int_14, "int $14")
INSTRUCTION(int_32, "int $0x20")
INSTRUCTION(int_128, "int $0x80")
INSTRUCTION(int_251, "int $0xFB")
INSTRUCTION(int_255, "int $0xFF")
INSTRUCTION(breakpoint_3, "int3")
INSTRUCTION(overflow, "movl $0x7fffffff, %%eax; addl $1, %%eax; into")
INSTRUCTION(illegal, "ud2")
INSTRUCTION(divide, "xorl %%ecx, %%ecx; xorl %%edx, %%edx; movl $1, %%eax; divl %%ecx")
INSTRUCTION(divide_too_big, "movl $-1, %%ecx; movl $0x80000000, %%eax; cltd; idivl %%ecx")
INSTRUCTION(do_cli, "cli")
INSTRUCTION(do_sti, "sti")
INSTRUCTION(do_hlt, "hlt")
INSTRUCTION(do_clts, "clts")
INSTRUCTION(do_invd, "invd")
INSTRUCTION(do_lmsw, "xorl %%eax, %%eax; lmsw %%ax")
INSTRUCTION(do_ltr, "movl $0x28, %%eax; ltr %%ax")
INSTRUCTION(do_lldt, "xorl %%eax, %%eax; lldt %%ax")
INSTRUCTION(do_lgdt, "lgdt -8(%%esp)")
INSTRUCTION(do_lidt, "lidt -8(%%esp)")
INSTRUCTION(read_cr0, "movl %%cr0, %%eax")
INSTRUCTION(write_cr0, "xorl %%eax, %%eax; movl %%eax, %%cr0")
INSTRUCTION(write_cr3, "xorl %%eax, %%eax; movl %%eax, %%cr3")
INSTRUCTION(read_dr7, "movl %%dr7, %%eax")
INSTRUCTION(do_in, "movl $0x64, %%edx; inb %%dx, %%al")
INSTRUCTION(do_out, "movl $0xf4, %%edx; movb $0, %%al; outb %%al, %%dx")
INSTRUCTION(do_rdmsr, "movl $0x1b, %%ecx; rdmsr")
INSTRUCTION(do_wrmsr, "movl $0x176, %%ecx; xorl %%eax, %%eax; xorl %%edx, %%edx; wrmsr")
INSTRUCTION(do_invlpg, "invlpg (%%esp)")
INSTRUCTION(do_sysexit, "sysexit")
INSTRUCTION(jump_to_kernel_segment, "ljmp $0x08, $0xF0100000")
INSTRUCTION(call_task, "lcall $0x28, $0")
INSTRUCTION(call_double_fault_task, "lcall $0x38, $0")
INSTRUCTION(return_to_kernel, "pushl $0x08; pushl $0xF0100000; lret")
INSTRUCTION(iret_to_kernel, "pushfl; pushl $0x08; pushl $0xF0100000; iret")
INSTRUCTION(iret_nested_task, "pushfl; orl $0x4000, (%%esp); popfl; iret")

static void bound(void)
{
	static const int32_t limits[2] = { 1, 5 };
	__asm__ volatile("bound %0, %1" : : "r"(6), "m"(limits));
}

static void single_step(void)
{
	write_eflags(read_eflags() | FL_TF);
	__asm__ volatile("nop; nop");
}

#define ACCESS(name, ...)                                                                                        \
	static void name(void)                                                                                   \
	{                                                                                                        \
		__VA_ARGS__;                                                                                     \
	}
#define READ(at) never = *(volatile uint32_t *)(at)
#define WRITE(at) *(volatile uint32_t *)(at) = 0
#define EXECUTE(at) ((void (*)(void))(at))()
ACCESS(read_0, READ(null))
ACCESS(write_0, WRITE(null))
ACCESS(execute_0, EXECUTE(null))
ACCESS(read_kernel, READ(KERNEL_TEXT))
ACCESS(write_kernel, WRITE(KERNEL_TEXT))
ACCESS(execute_kernel, EXECUTE(KERNEL_TEXT))
ACCESS(read_kernel_stack, READ(KSTACKTOP - 4))
ACCESS(read_device_memory, READ(MMIOBASE))
ACCESS(read_last, READ(0xFFFFFFFC))
ACCESS(write_last, WRITE(0xFFFFFFFC))
ACCESS(write_page_table, WRITE(&uvpt[PGNUM(UTEXT)]))
ACCESS(write_page_directory, WRITE(&uvpd[PDX(UTEXT)]))
ACCESS(write_envs, WRITE(&envs[0]))
ACCESS(write_pages, WRITE(&pages[0]))
/* Its record is zeros: add %al, (%eax). */
ACCESS(execute_envs, __asm__ volatile("jmp *%0" : : "a"(&envs[NENV - 1])))
ACCESS(write_text, WRITE(UTEXT))
ACCESS(write_guard, WRITE(USTACKTOP))

static uint32_t descend(volatile uint32_t *above, uint32_t levels)
{
	volatile uint32_t here[64];

	here[0] = above ? above[0] + 1 : 0;
	return levels ? descend(here, levels - 1) + here[0] : 0;
}

static void stack_overflow(void)
{
	never = descend(NULL, 0x10000);
}

static void stack_pointer_0(void)
{
	__asm__ volatile("xorl %%esp, %%esp; pushl %%eax" : : : "memory");
}

static void stack_pointer_kernel(void)
{
	__asm__ volatile("movl $0xF0100100, %%esp; pushl %%eax; ret" : : : "memory");
}

static void cputs_0(void)
{
	sys_cputs(null, 1);
}

static void cputs_1(void)
{
	sys_cputs((char *)1, 1);
}

static void cputs_kernel(void)
{
	sys_cputs((char *)KERNEL_TEXT, 100);
}

static void cputs_wrap(void)
{
	sys_cputs((char *)UTEXT, 0xFFFFFFFF);
}

/* Into the page behind the stack, which is not mapped: what stands before it must not matter. */
static void cputs_runs_out(void)
{
	sys_cputs((char *)USTACKTOP - 16, 32);
}

static void user_panic(void)
{
	panic("on purpose, %d", 42);
}

#define NO_TRAP 999 /* destroyed by a call */
/* QEMU reads the stack for lret and iret as the kernel would, and then meets SMAP where the CPU has it. */
#define PERHAPS_SMAP 998

static const struct kind {
	const char *name;
	void (*run)(void);
	uint32_t trap, error; /* what the processor says */
} kinds[] = {
#define KIND(name, trap, error) { #name, name, trap, error }
	KIND(divide, T_DIVIDE, 0),
	KIND(divide_too_big, T_DIVIDE, 0),
	KIND(breakpoint_3, T_BRKPT, 0),
	KIND(overflow, T_OFLOW, 0),
	KIND(bound, T_BOUND, 0),
	KIND(illegal, T_ILLOP, 0),
	KIND(single_step, T_DEBUG, 0),
	KIND(int_2, T_GPFLT, 2 << 3 | 2),
	KIND(int_8, T_GPFLT, 8 << 3 | 2),
	KIND(int_13, T_GPFLT, 13 << 3 | 2),
	KIND(int_14, T_GPFLT, 14 << 3 | 2),
	KIND(int_32, T_GPFLT, 32 << 3 | 2),
	KIND(int_128, 128, 0),
	KIND(int_251, T_GPFLT, 251 << 3 | 2),
	KIND(int_255, 255, 0),
	KIND(ds_kernel_data, T_GPFLT, GD_KD),
	KIND(ds_beyond, T_GPFLT, 0x1238),
	KIND(ds_local, T_GPFLT, 0x24),
	KIND(es_kernel_text, T_GPFLT, GD_KT),
	KIND(es_task, T_GPFLT, 0x28),
	KIND(fs_kernel_data, T_GPFLT, GD_KD),
	KIND(fs_cpu, T_GPFLT, 0x30),
	KIND(gs_beyond, T_GPFLT, 0xFFF8),
	KIND(gs_task, T_GPFLT, 0x28),
	KIND(ss_kernel_data, T_GPFLT, GD_KD),
	KIND(ss_user_text, T_GPFLT, GD_UT),
	KIND(ss_null, T_GPFLT, 0),
	KIND(do_cli, T_GPFLT, 0),
	KIND(do_sti, T_GPFLT, 0),
	KIND(do_hlt, T_GPFLT, 0),
	KIND(do_clts, T_GPFLT, 0),
	KIND(do_invd, T_GPFLT, 0),
	KIND(do_lmsw, T_GPFLT, 0),
	KIND(do_ltr, T_GPFLT, 0),
	KIND(do_lldt, T_GPFLT, 0),
	KIND(do_lgdt, T_GPFLT, 0),
	KIND(do_lidt, T_GPFLT, 0),
	KIND(read_cr0, T_GPFLT, 0),
	KIND(write_cr0, T_GPFLT, 0),
	KIND(write_cr3, T_GPFLT, 0),
	KIND(read_dr7, T_GPFLT, 0),
	KIND(do_in, T_GPFLT, 0),
	KIND(do_out, T_GPFLT, 0),
	KIND(do_rdmsr, T_GPFLT, 0),
	KIND(do_wrmsr, T_GPFLT, 0),
	KIND(do_invlpg, T_GPFLT, 0),
	KIND(do_sysexit, T_GPFLT, 0),
	KIND(jump_to_kernel_segment, T_GPFLT, GD_KT),
	KIND(call_task, T_GPFLT, 0x28),
	KIND(call_double_fault_task, T_GPFLT, 0x38),
	KIND(return_to_kernel, PERHAPS_SMAP, 0),
	KIND(iret_to_kernel, PERHAPS_SMAP, 0),
	KIND(iret_nested_task, T_TSS, 0),
	KIND(read_0, T_PGFLT, FEC_U),
	KIND(write_0, T_PGFLT, FEC_U | FEC_WR),
	KIND(execute_0, T_PGFLT, FEC_U),
	KIND(read_kernel, T_PGFLT, FEC_U | FEC_PR),
	KIND(write_kernel, T_PGFLT, FEC_U | FEC_WR | FEC_PR),
	KIND(execute_kernel, T_PGFLT, FEC_U | FEC_PR),
	KIND(read_kernel_stack, T_PGFLT, FEC_U | FEC_PR),
	KIND(read_device_memory, T_PGFLT, FEC_U | FEC_PR),
	KIND(read_last, T_PGFLT, FEC_U),
	KIND(write_last, T_PGFLT, FEC_U | FEC_WR),
	KIND(write_page_table, T_PGFLT, FEC_U | FEC_WR | FEC_PR),
	KIND(write_page_directory, T_PGFLT, FEC_U | FEC_WR | FEC_PR),
	KIND(write_envs, T_PGFLT, FEC_U | FEC_WR | FEC_PR),
	KIND(write_pages, T_PGFLT, FEC_U | FEC_WR | FEC_PR),
	KIND(execute_envs, T_PGFLT, FEC_U | FEC_WR | FEC_PR),
	KIND(write_text, T_PGFLT, FEC_U | FEC_WR | FEC_PR),
	KIND(write_guard, T_PGFLT, FEC_U | FEC_WR),
	KIND(stack_overflow, T_PGFLT, FEC_U | FEC_WR),
	KIND(stack_pointer_0, T_PGFLT, FEC_U | FEC_WR),
	KIND(stack_pointer_kernel, T_PGFLT, FEC_U | FEC_WR | FEC_PR),
	KIND(cputs_0, NO_TRAP, 0),
	KIND(cputs_1, NO_TRAP, 0),
	KIND(cputs_kernel, NO_TRAP, 0),
	KIND(cputs_wrap, NO_TRAP, 0),
	KIND(cputs_runs_out, NO_TRAP, 0),
	KIND(user_panic, T_BRKPT, 0),
#undef KIND
};

static void run_kind(uint32_t i)
{
	kinds[i].run();
	survived = true;
}

/* Beside all that: counts for ever. */
static void counter(uint32_t arg)
{
	USED(arg);
	for (;;)
		count++;
}

static void try(uint32_t i)
{
	uint32_t before;

	cprintf("fault: %s\n", kinds[i].name);
	survived = false;
	envid_t child = child_run(run_kind, i);
	int status = 0;
	expect_is(wait_status(child, &status), 0);
	if (survived)
		fail("%s: expected the end of who did it, but it went on", kinds[i].name);
	if (status != -E_KILLED)
		fail("%s: expected status %d, saw %d", kinds[i].name, -E_KILLED, status);
	/* Its registers at the end stand in its record, until the slot is used again. */
	const volatile struct Trapframe *tf = &envs[ENVX(child)].env_tf;
	uint32_t trap = tf->tf_trapno, error = tf->tf_err;
	if (trap == T_PGFLT)
		error &= FEC_U | FEC_WR | FEC_PR; /* some processors also say that it was the fetch of an instruction */
	if (kinds[i].trap == PERHAPS_SMAP)
		expect((trap == T_GPFLT && error == GD_KT) || (trap == T_PGFLT && error == FEC_PR));
	else if (kinds[i].trap != NO_TRAP && (trap != kinds[i].trap || error != kinds[i].error))
		fail("%s: expected trap %u with error 0x%x, saw trap %u with error 0x%x", kinds[i].name, kinds[i].trap,
		     kinds[i].error, trap, error);
	before = count;
	wait_until(count != before);
}

static int find_kind(const char *name)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(kinds[i].name, name) == 0)
			return i;
	}
	fail("there is no kind %s", name);
}

void umain(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "-x") == 0) {
		int kind = find_kind(argv[2]);
		kinds[kind].run();
		fail("%s: expected not to come back", argv[2]);
	}
	envid_t beside = child_run(counter, 0);
	if (argc > 1) {
		for (int i = 1; i < argc; i++)
			try(find_kind(argv[i]));
	} else {
		for (uint32_t i = 0; i < ARRAY_SIZE(kinds); i++)
			try(i);
	}
	expect_is(sys_env_destroy(beside), 0);
	expect_end(beside, -E_KILLED);
	expect_kernel_sound();
	cprintf("fault: all is well\n");
}
