/*
 * Pointers: each call that takes one is given one that is nothing, the kernel's, unaligned, wraps round or runs from
 * good into bad memory. cputs destroys its caller and says where; the others return -E_FAULT and change nothing.
 */
#include "child.h"

#define AREA ((char *)0x10000000) /* one page, nothing behind it */
#define EDGE (AREA + PGSIZE)

static volatile uint32_t cputs_at, cputs_len;
static volatile bool went_on;

/* Where nothing can be read, whatever the size (of at least 4 bytes). */
static const uintptr_t unreadable[] = {
	0, 1, 0x1000, 0x0FFFFFFC, (uintptr_t)EDGE, (uintptr_t)EDGE - 3, (uintptr_t)EDGE - 1, USTACKTOP,
	ULIM, ULIM - 1, MMIOBASE, KSTACKTOP - 8, KERNBASE, 0xF0100000, 0xFFFFF000, 0xFFFFFFFC, 0xFFFFFFFE, 0xFFFFFFFF,
};
/* Readable, not writable. */
static const uintptr_t unwritable[] = { UTEXT, UENVS, UPAGES, UENVS - 2, UVPT + (UVPT >> PTXSHIFT) * 4 };

static void reads_frame(uintptr_t at)
{
	envid_t child = sys_exofork();
	struct Trapframe before, after;

	expect(child > 0);
	memcpy(&before, (const void *)&envs[ENVX(child)].env_tf, sizeof before);
	expect_error(sys_env_set_trapframe(child, (struct Trapframe *)at), E_FAULT);
	memcpy(&after, (const void *)&envs[ENVX(child)].env_tf, sizeof after);
	expect(memcmp(&before, &after, sizeof before) == 0);
	expect_error(sys_env_set_trapframe(0, (struct Trapframe *)at), E_FAULT);
	expect_is(sys_env_destroy(child), 0);
	wait(child);
}

static void writes_info(uintptr_t at)
{
	struct info_machine machine;
	int full = sys_info(INFO_MACHINE, 0, &machine, sizeof machine);

	expect_is(full, sizeof machine);
	expect_error(sys_info(INFO_MACHINE, 0, (void *)at, 4), E_FAULT);
	expect_error(sys_info(INFO_MACHINE, 0, (void *)at, 0xFFFFFFFF), E_FAULT);
	expect_error(sys_info(INFO_CPU, 0, (void *)at, 16), E_FAULT);
	/* Nothing is written where nothing is asked for. */
	expect_is(sys_info(INFO_MACHINE, 0, NULL, 0), full);
}

static void exit_7(uint32_t arg)
{
	USED(arg);
	sys_env_exit(7);
}

static void writes_status(uintptr_t at)
{
	envid_t child = child_run(exit_7, 0);

	/* 0 stands for: the status is not wanted. */
	if (at)
		expect_error(sys_env_wait(child, (int *)at), E_FAULT);
	expect_end(child, 7);
}

static void cputs_it(uint32_t arg)
{
	USED(arg);
	sys_cputs((const char *)cputs_at, cputs_len);
	went_on = true;
}

static void dies_of_cputs(uint32_t at, uint32_t len)
{
	cputs_at = at;
	cputs_len = len;
	went_on = false;
	envid_t child = child_make(cputs_it, 0);
	expect_is(sys_page_map(0, AREA, child, AREA, RW), 0);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	expect_end(child, -E_KILLED);
	expect(!went_on);
}

static void cputs(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(unreadable); i++) {
		dies_of_cputs(unreadable[i], 4);
		dies_of_cputs(unreadable[i], 200);
	}
	/* From good to bad, in a piece far behind the first; and all of the address space. */
	memset(AREA, '\n', PGSIZE);
	memset(AREA, ' ', PGSIZE - 1);
	dies_of_cputs((uint32_t)AREA, PGSIZE + 1);
	dies_of_cputs((uint32_t)AREA, 0xFFFFFFFF);
	dies_of_cputs((uint32_t)EDGE - 1, 0u - ((uint32_t)EDGE - 1));
	/* Nothing at all may stand anywhere. */
	sys_cputs(NULL, 0);
	sys_cputs((char *)0xF0100000, 0);
	/* What every program may read can be printed. */
	sys_cputs((const char *)envs[ENVX(sys_getenvid())].env_label, 3);
	sys_cputs("\n", 1);
}

static void labels(uintptr_t at)
{
	char before[ENV_LABEL_SIZE];

	memcpy(before, (const void *)envs[ENVX(sys_getenvid())].env_label, sizeof before);
	memcpy(EDGE - 4, "xyzw", 4);
	expect_error(sys_env_set_label(0, (const char *)at), E_FAULT);
	expect(memcmp(before, (const void *)envs[ENVX(sys_getenvid())].env_label, sizeof before) == 0);
}

static void values_of_info(void)
{
	struct info_machine machine;
	struct info_cpu cpu;

	expect_is(machine_info(&machine), 0);
	expect(machine.pages_free <= machine.pages_total && machine.pages_zeroed <= machine.pages_free);
	expect(machine.cpus >= 1 && machine.envs_live >= 1 && machine.envs_live <= machine.envs_limit);
	expect(machine.envs_limit <= NENV);
	for (uint32_t n = 0; n < machine.cpus; n++) {
		expect_is(machine_cpu(n, &cpu), 0);
		expect_is(cpu.number, n);
	}
	expect_error(machine_cpu(machine.cpus, &cpu), E_INVAL);
	expect_error(machine_cpu(0xFFFFFFFF, &cpu), E_INVAL);
	expect_error(sys_info(INFO_MACHINE, 1, &machine, sizeof machine), E_INVAL);
	expect_error(sys_info(0, 0, &machine, sizeof machine), E_INVAL);
	expect_error(sys_info(99, 0, &machine, sizeof machine), E_INVAL);
	expect_error(sys_info(-1, 0, &machine, sizeof machine), E_INVAL);
	unsigned a = sys_time_msec(), b = sys_time_msec();
	expect((int)a >= 0 && b - a < 0x40000000);
}

void umain(int argc, char **argv)
{
	expect_is(sys_page_alloc(0, AREA, RW), 0);
	expect_is(perm_of(EDGE), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(unreadable); i++) {
		reads_frame(unreadable[i]);
		writes_info(unreadable[i]);
		writes_status(unreadable[i]);
		labels(unreadable[i]);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(unwritable); i++) {
		writes_info(unwritable[i]);
		writes_status(unwritable[i]);
	}
	cputs();
	values_of_info();
	expect_kernel_sound();
}
