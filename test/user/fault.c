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
ACCESS(execute_envs, EXECUTE(&envs[NENV - 1]))
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

static const struct kind {
	const char *name;
	void (*run)(void);
} kinds[] = {
#define KIND(name) { #name, name }
	KIND(divide), KIND(divide_too_big), KIND(breakpoint_3), KIND(overflow), KIND(bound), KIND(illegal),
	KIND(single_step),
	KIND(int_2), KIND(int_8), KIND(int_13), KIND(int_14), KIND(int_32), KIND(int_128), KIND(int_251), KIND(int_255),
	KIND(ds_kernel_data), KIND(ds_beyond), KIND(ds_local), KIND(es_kernel_text), KIND(es_task),
	KIND(fs_kernel_data), KIND(fs_cpu), KIND(gs_beyond), KIND(gs_task),
	KIND(ss_kernel_data), KIND(ss_user_text), KIND(ss_null),
	KIND(do_cli), KIND(do_sti), KIND(do_hlt), KIND(do_clts), KIND(do_invd), KIND(do_lmsw), KIND(do_ltr),
	KIND(do_lldt), KIND(do_lgdt), KIND(do_lidt), KIND(read_cr0), KIND(write_cr0), KIND(write_cr3), KIND(read_dr7),
	KIND(do_in), KIND(do_out), KIND(do_rdmsr), KIND(do_wrmsr), KIND(do_invlpg), KIND(do_sysexit),
	KIND(jump_to_kernel_segment), KIND(call_task), KIND(call_double_fault_task), KIND(return_to_kernel),
	KIND(iret_to_kernel), KIND(iret_nested_task),
	KIND(read_0), KIND(write_0), KIND(execute_0), KIND(read_kernel), KIND(write_kernel), KIND(execute_kernel),
	KIND(read_kernel_stack), KIND(read_device_memory), KIND(read_last), KIND(write_last),
	KIND(write_page_table), KIND(write_page_directory), KIND(write_envs), KIND(write_pages), KIND(execute_envs),
	KIND(write_text), KIND(write_guard), KIND(stack_overflow), KIND(stack_pointer_0), KIND(stack_pointer_kernel),
	KIND(cputs_0), KIND(cputs_1), KIND(cputs_kernel), KIND(cputs_wrap), KIND(cputs_runs_out), KIND(user_panic),
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
