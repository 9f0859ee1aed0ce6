/*
 * The start of a program on Linux. The first process is such a program too, /init: it says how long that took since reset,
 * runs the benchmarks with the arguments that the kernel was given, and switches the machine off.
 */
#include <inc/x86.h>
#include "linux.h"

#define AT_SYSINFO 32 /* Source: Linux, arch/x86/include/uapi/asm/auxvec.h */
#define SCHED_FIFO 1
#define ARGUMENTS_MAX 8

void (*linux_gate)(void) = linux_gate_int;

void linux_main(uintptr_t *stack) __attribute__((noreturn));

static void find_gate(uintptr_t *at)
{
	for (; at[0]; at += 2) {
		if (at[0] == AT_SYSINFO)
			linux_gate = (void (*)(void))at[1];
	}
}

/*
 * All run in the class of real-time processes, first come, first served: there a yield goes to the next one, as it does on
 * Finch, where the ordinary class mostly lets the same one go on.
 */
static void first_process(int argc, char **argv)
{
	uint64_t ticks = read_tsc(); /* 0 at reset */
	int priority = 1;
	const char *const *a = (const char *const *)argv;

	if (argc > 1 && strcmp(argv[1], "wall") == 0)
		ticks = ticks * 1000000 / tsc_khz();
	printf("prompt %llu 1\n", ticks);
	linux_call(CALL_SCHED_SETSCHEDULER, 0, SCHED_FIFO, &priority);
	wait(spawnl("bench", "bench", argc > 1 ? a[1] : NULL, argc > 2 ? a[2] : NULL, NULL));
	wait(spawnl("pipes", "pipes", argc > 1 ? a[1] : NULL, argc > 2 ? a[2] : NULL, NULL));
	printf("done\n");
	linux_call(CALL_REBOOT, 0xfee1dead, 0x28121969, 0x4321fedc);
}

/* Source: System V ABI, i386, "Initial Process Stack": argc, argv, NULL, the environment, NULL, pairs ended by 0. */
void linux_main(uintptr_t *stack)
{
	int argc = (int)stack[0];
	char **argv = (char **)(stack + 1);
	uintptr_t *at = stack + 1 + argc + 1;

	while (*at)
		at++;
	find_gate(at + 1);
	if (linux_call(CALL_GETPID) == 1)
		first_process(argc, argv);
	linux_messages_prepare();
	umain(argc, argv);
	exit();
}
