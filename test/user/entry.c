/*
 * Ways into the kernel and back: whatever a program leaves in its flags, selectors and registers before int 0x30 or
 * sysenter, or has set by env_set_trapframe, the call works or the program dies of it; the kernel goes on, and what
 * is to be kept is kept. Also: the registers of the FPU and of SSE are an environment's own.
 */
#include "child.h"

#define TRIES 400

#define ALL_FLAGS (FL_CF | FL_PF | FL_AF | FL_ZF | FL_SF | FL_DF | FL_OF | FL_NT | FL_AC | FL_ID)

static volatile bool done;
static volatile int go;

static bool has_sysenter(void)
{
	uint32_t features;

	cpuid(1, NULL, NULL, NULL, &features);
	return features >> 11 & 1;
}

/* getenvid with these flags loaded; what they are afterwards. */
static uint32_t call_by_int(uint32_t flags, uint32_t *result)
{
	uint32_t after, own = read_eflags();

	__asm__ volatile("pushl %3; popfl; int $0x30; pushfl; popl %1; pushl %4; popfl"
			 : "=a"(*result), "=&r"(after)
			 : "0"(SYS_getenvid), "r"(flags), "r"(own)
			 : "memory", "cc");
	return after;
}

static uint32_t call_by_sysenter(uint32_t flags, uint32_t *result)
{
	static uint32_t flags_before, flags_after, flags_own;

	flags_before = flags;
	flags_own = read_eflags();
	__asm__ volatile("pushl %%ebp; pushl %[before]; movl %%esp, %%ebp; addl $4, %%ebp; movl $1f, %%esi;"
			 "popfl; sysenter\n"
			 "1: pushfl; popl %[after]; pushl %[own]; popfl; popl %%ebp"
			 : "=a"(*result), [after] "=m"(flags_after)
			 : "0"(SYS_getenvid), [before] "m"(flags_before), [own] "m"(flags_own)
			 : "esi", "ecx", "edx", "memory", "cc");
	return flags_after;
}

/* One that dies of nothing: every flag but TF. */
static void flags_by(uint32_t by_sysenter)
{
	static const uint32_t single[] = { 0, FL_CF, FL_DF, FL_NT, FL_AC, FL_ID, FL_OF, FL_IOPL_3, FL_VM, FL_RF,
					   FL_VIF, FL_VIP, FL_DF | FL_NT | FL_AC, ALL_FLAGS };
	uint32_t seed = 7, result;

	for (unsigned i = 0; i < ARRAY_SIZE(single) + TRIES; i++) {
		uint32_t flags = i < ARRAY_SIZE(single) ? single[i] : next_random(&seed);
		flags &= ~FL_TF;
		uint32_t after = by_sysenter ? call_by_sysenter(flags, &result) : call_by_int(flags, &result);
		expect_is(result, sys_getenvid());
		flags &= ALL_FLAGS;
		if ((after & (ALL_FLAGS | FL_IOPL_MASK | FL_VM | FL_IF)) != (flags | FL_IF))
			fail("flags 0x%x before the call: expected 0x%x after it, saw 0x%x", flags, flags | FL_IF,
			     after);
	}
	done = true;
}

/*
 * Into virtual-8086 mode by an iret, which QEMU's translator lets a program do and processors do not: they go on behind it.
 * What runs there is at segment * 16, in the low page that is mapped for it.
 */
#define VM86_CODE 0x8000

static void vm86(uint32_t kind)
{
	static const uint8_t code[][10] = {
		{ 0xEB, 0xFE }, /* jmp . */
		{ 0x66, 0xB8, SYS_exofork, 0, 0, 0, 0xCD, 0x30 }, /* mov $SYS_exofork, %eax; int $0x30 */
		{ 0x8E, 0xE8, 0x66, 0xB8, SYS_yield, 0, 0, 0, 0x0F, 0x34 }, /* mov %ax, %gs; mov $SYS_yield, %eax; sysenter */
		{ 0xF4 }, /* hlt */
		{ 0xCD, 0x0E }, /* int $14 */
		{ 0xCD, 0x80 }, /* int $128, which is nobody's */
		{ 0xCC }, /* int3 */
	};
	uint32_t segment = VM86_CODE >> 4 | (kind & 8 ? 3 : 0);

	expect_is(sys_page_alloc(0, (void *)VM86_CODE, RW), 0);
	memcpy((char *)(segment << 4), code[kind % 8], sizeof code[0]);
	__asm__ volatile("pushl $8; pushl $8; pushl $8; pushl $8; pushl $0x23; pushl %%esp; pushl $0x20202; pushl %1;"
			 "pushl %2; iret" : : "a"(0x1234), "r"(segment), "r"(0) : "memory");
}

static void vm86_all(void)
{
	for (uint32_t kind = 0; kind < 16; kind++) {
		if (kind % 8 >= 7)
			continue;
		envid_t child = child_run(vm86, kind);
		for (int i = 0; i < 20; i++)
			sys_yield();
		sys_env_destroy(child);
		wait_status(child, NULL);
	}
}

/* With TF there is a debug exception after the call, which has had its effect. */
static void step_by_int(uint32_t arg)
{
	USED(arg);
	static const char label[] = "stepped";
	__asm__ volatile("pushfl; orl $0x100, (%%esp); popfl; int $0x30; nop; nop"
			 : : "a"(SYS_env_set_label), "d"(0), "c"(label) : "memory", "cc");
	done = true;
}

static void step_by_sysenter(uint32_t arg)
{
	USED(arg);
	static const char label[] = "stepped";
	__asm__ volatile("movl %%esp, %%ebp; movl $1f, %%esi; pushfl; orl $0x100, (%%esp); popfl; sysenter\n"
			 "1: nop; nop"
			 : : "a"(SYS_env_set_label), "d"(0), "c"(label) : "memory", "cc", "esi");
	done = true;
}

static void step(child_function function)
{
	done = false;
	envid_t child = child_run(function, 0);
	expect_end(child, -E_KILLED);
	expect(!done);
	expect(strcmp((const char *)envs[ENVX(child)].env_label, "stepped") == 0);
}

/* Every register that is to be kept is: esp is changed meanwhile for one whose address is in a variable. */
static struct PushRegs given, kept;
static uint32_t saved_esp;

static void registers(uint32_t number)
{
	uint32_t seed = number;

	for (int i = 0; i < 50; i++) {
		for (unsigned w = 0; w < sizeof given / 4; w++)
			((uint32_t *)&given)[w] = next_random(&seed);
		given.reg_eax = number;
		__asm__ volatile("pushal; movl %%esp, %[esp]; movl %[given], %%esp; popal; movl %[esp], %%esp;"
				 "int $0x30;"
				 "movl %[after], %%esp; pushal; movl %[esp], %%esp; popal"
				 : [esp] "+m"(saved_esp)
				 : [given] "i"(&given), [after] "i"(&kept + 1), "m"(given)
				 : "memory", "cc");
		given.reg_eax = kept.reg_eax;
		given.reg_oesp = kept.reg_oesp;
		expect(memcmp(&given, &kept, sizeof given) == 0);
		expect_is(kept.reg_eax, number == SYS_getenvid ? sys_getenvid() : 0);
	}
}

static void selectors(uint32_t arg)
{
	static const uint16_t loadable[] = { 0, 1, 2, 3, GD_UD, GD_UD | 1, GD_UD | 3, GD_UT | 3, GD_UT };
	uint32_t id = sys_getenvid();

	USED(arg);
	for (unsigned i = 0; i < ARRAY_SIZE(loadable); i++) {
		for (int reg = 0; reg < 4; reg++) {
			uint32_t result, after, value = loadable[i];
			/* Several calls, so that it is also put away and taken up again. */
			for (int call = 0; call < 2; call++) {
				result = call ? SYS_yield : SYS_getenvid;
				switch (reg) {
#define TRY(name)                                                                                                \
	__asm__ volatile("movw %w2, %%" name "; int $0x30; movw %%" name ", %w1;"                                \
			 "pushl %%ss; popl %%ds; pushl %%ss; popl %%es"                                          \
			 : "+a"(result), "=&r"(after) : "r"(value) : "memory")
				case 0:
					TRY("ds");
					break;
				case 1:
					TRY("es");
					break;
				case 2:
					TRY("fs");
					break;
				default:
					TRY("gs");
					break;
				}
				/* Of one that names nothing the processor may forget the privilege: vol. 2, IRET. */
				expect_is(after & 0xFFFF, value < 4 && (after & 0xFFFF) < 4 ? after & 0xFFFF : value);
				expect_is(result, call ? 0 : id);
			}
		}
	}
	__asm__ volatile("movw %w0, %%fs; movw %w0, %%gs" : : "r"(0));
	done = true;
}

static void spin(uint32_t arg)
{
	USED(arg);
	for (;;)
		__asm__ volatile("pushl %%eax; popl %%eax; movl %0, %%eax" : : "m"(go) : "eax");
}

/* --- sysenter with everything wrong --- */

static volatile uint32_t regs[8]; /* eax ecx edx ebx ebp esi edi */

static void garbage(uint32_t arg)
{
	USED(arg);
	__asm__ volatile("movl %0, %%eax; pushl 24(%%eax); movl 4(%%eax), %%ecx; movl 8(%%eax), %%edx;"
			 "movl 12(%%eax), %%ebx;"
			 "movl 16(%%eax), %%ebp; movl 20(%%eax), %%esi; popl %%edi; movl (%%eax), %%eax; sysenter"
			 : : "i"(regs) : "memory");
}

/* A child does it; it may die or go on. Nothing may be known of it but that it can be destroyed. */
static void try_garbage(uint32_t number, uint32_t esp, uint32_t eip, uint32_t *seed)
{
	regs[0] = number;
	for (int i = 1; i < 4; i++)
		regs[i] = next_random(seed);
	regs[4] = esp;
	regs[5] = eip;
	regs[6] = next_random(seed);
	/* What would act on others, or wait for ever. */
	if (number == SYS_machine || number == SYS_test || number == SYS_console_wait || number == SYS_exofork)
		regs[0] = SYS_getenvid;
	if (number == SYS_cputs)
		regs[1] %= 64;
	envid_t child = child_run(garbage, 0);
	for (int i = 0; i < 4; i++)
		sys_yield();
	sys_env_destroy(child);
	expect_is(wait_status(child, NULL), 0);
}

static void sysenter_garbage(void)
{
	static const uint32_t addresses[] = { 0, 1, 4, 0xFFFFFFFF, 0xFFFFFFFC, 0xFFFFFFFE, KERNBASE, 0xF0100000,
					      0xF0100003, UTOP, UTOP - 2, ULIM, UVPT, UTEXT, USTACKTOP, USTACKTOP - 2,
					      0x80000000 };
	uint32_t seed = 99;

	for (unsigned i = 0; i < ARRAY_SIZE(addresses); i++) {
		try_garbage(SYS_getenvid, addresses[i], (uint32_t)spin, &seed);
		try_garbage(SYS_getenvid, USTACKTOP - 64, addresses[i], &seed);
		try_garbage(SYS_page_map, addresses[i], (uint32_t)spin, &seed);
		try_garbage(SYS_page_map, addresses[i], addresses[i], &seed);
		try_garbage(SYS_env_wait, addresses[i], addresses[i], &seed);
		try_garbage(SYS_env_set_trapframe, addresses[i], addresses[i], &seed);
	}
	for (unsigned i = 0; i < 60; i++)
		try_garbage(i % 3 ? next_random(&seed) % (NSYSCALLS + 2) : next_random(&seed), next_random(&seed),
			    next_random(&seed), &seed);
}

/* --- Registers from a parent --- */

static void random_frames(void)
{
	uint32_t seed = 12345;

	for (int i = 0; i < TRIES; i++) {
		struct Trapframe tf;
		uint32_t *words = (uint32_t *)&tf;
		for (unsigned w = 0; w < sizeof tf / 4; w++)
			words[w] = next_random(&seed);
		/* Half of them could run, but for flags and selectors. */
		if (i % 2) {
			tf.tf_eip = (uintptr_t)spin;
			tf.tf_esp = USTACKTOP - 64;
		}
		if (i % 4 == 1)
			tf.tf_ds = tf.tf_es = GD_UD | 3;
		if (i % 8 == 1)
			tf.tf_eflags &= ~FL_TF;
		envid_t child = child_make(spin, 0);
		int error = sys_env_set_trapframe(child, &tf);
		if (tf.tf_eip < ULIM && tf.tf_esp < ULIM)
			expect_is(error, 0);
		else
			expect_error(error, E_INVAL);
		const volatile struct Trapframe *is = &envs[ENVX(child)].env_tf;
		expect_is(is->tf_cs, GD_UT | 3);
		expect_is(is->tf_ss, GD_UD | 3);
		expect_is(is->tf_eflags & (FL_IF | FL_IOPL_MASK | FL_VM | FL_VIF | FL_VIP), FL_IF);
		expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
		wait_until(envs[ENVX(child)].env_id != child || envs[ENVX(child)].env_status == ENV_FREE ||
			   envs[ENVX(child)].env_runs > 0);
		sys_env_destroy(child);
		expect_is(wait_status(child, NULL), 0);
	}
}

/* Registers that it sets of itself: it goes on there, with all of them. */
static void own_frame(uint32_t arg)
{
	static struct Trapframe tf;
	uint32_t eax, ebx, ecx, edx, esi, edi, flags;

	USED(arg);
	tf.tf_regs = (struct PushRegs){ 0xD1D1D1D1, 0x51515151, 0, 0, 0xB1B1B1B1, 0xDDDD1111, 0xCCCC1111, 0xAAAA1111 };
	tf.tf_ds = tf.tf_es = GD_UD | 3;
	tf.tf_eflags = FL_CF | FL_ID | FL_IOPL_3 | FL_VM;
	__asm__ volatile("movl %%ebp, %[bp]; movl %%esp, %[sp]; movl $1f, %[ip]; xorl %%edx, %%edx; movl %[tf], %%ecx;"
			 "movl %[nr], %%eax; int $0x30\n"
			 "1:"
			 : [bp] "=m"(tf.tf_regs.reg_ebp), [sp] "=m"(tf.tf_esp), [ip] "=m"(tf.tf_eip), "=a"(eax),
			   "=b"(ebx), "=c"(ecx), "=d"(edx), "=S"(esi), "=D"(edi)
			 : [tf] "i"(&tf), [nr] "i"(SYS_env_set_trapframe), "m"(tf)
			 : "memory", "cc");
	flags = read_eflags();
	expect_is(eax, 0xAAAA1111);
	expect_is(ebx, 0xB1B1B1B1);
	expect_is(ecx, 0xCCCC1111);
	expect_is(edx, 0xDDDD1111);
	expect_is(esi, 0x51515151);
	expect_is(edi, 0xD1D1D1D1);
	expect_is(flags & (FL_IOPL_MASK | FL_VM | FL_IF | FL_ID), FL_IF | FL_ID);
	write_eflags(0);
}

/* --- FPU --- */

static bool has_sse(void)
{
	uint32_t features;

	cpuid(1, NULL, NULL, NULL, &features);
	return features >> 25 & 1;
}

static void fpu(uint32_t number)
{
	uint32_t in[4] = { number, ~number, number * 3, number * 5 }, out[4];
	uint16_t control = 0x037F & ~(number % 4 << 8), control_now;
	uint32_t x = number;

	__asm__ volatile("fninit; fldcw %0; fildl %1" : : "m"(control), "m"(x));
	if (has_sse())
		__asm__ volatile("movups %0, %%xmm5" : : "m"(in));
	for (int i = 0; i < 200; i++) {
		sys_yield();
		x = 0;
		__asm__ volatile("fistl %0; fnstcw %1" : "=m"(x), "=m"(control_now) : : "memory");
		expect_is(x, number);
		expect_is(control_now, control);
		if (has_sse()) {
			__asm__ volatile("movups %%xmm5, %0" : "=m"(out));
			expect(memcmp(in, out, sizeof in) == 0);
		}
	}
}

/* A child begins with the state after a reset, not with what another left. */
static void fpu_fresh(uint32_t arg)
{
	uint16_t control, tags;
	uint8_t environment[28];
	uint32_t out[4] = { 1, 1, 1, 1 };

	USED(arg);
	__asm__ volatile("fnstcw %0; fnstenv %1" : "=m"(control), "=m"(environment) : : "memory");
	memcpy(&tags, environment + 8, 2);
	expect_is(control, 0x037F);
	expect_is(tags, 0xFFFF);
	if (has_sse()) {
		__asm__ volatile("movups %%xmm5, %0" : "=m"(out));
		expect(out[0] == 0 && out[1] == 0 && out[2] == 0 && out[3] == 0);
	}
}

static void fpus(void)
{
	envid_t children[8];

	for (int i = 0; i < 8; i++)
		children[i] = child_run(fpu, 1000 + i);
	for (int i = 0; i < 8; i++)
		expect_end(children[i], 0);
}

static void run_alone(child_function function, uint32_t arg)
{
	done = false;
	envid_t child = child_run(function, arg);
	expect_end(child, 0);
}

void umain(int argc, char **argv)
{
	fpus();
	run_alone(fpu_fresh, 0);
	run_alone(flags_by, 0);
	step(step_by_int);
	run_alone(selectors, 0);
	run_alone(own_frame, 0);
	run_alone(registers, SYS_getenvid);
	run_alone(registers, SYS_yield);
	random_frames();
	vm86_all();
	if (has_sysenter()) {
		run_alone(flags_by, 1);
		step(step_by_sysenter);
		sysenter_garbage();
	}
	grow_records(24); /* how many there are at once depends on the CPUs */
	uint32_t before = free_pages();
	fpus();
	random_frames();
	if (has_sysenter())
		sysenter_garbage();
	expect_is(free_pages(), before);
	expect_kernel_sound();
}
