/* What the programs share that show scheduling policies. */
#ifndef BIN_POLICY_H
#define BIN_POLICY_H

#include <finch/machine.h>
#include <finch/process.h>
#include <finch/syscall.h>
#include <inc/lib.h>

#define CPUS_SHOWN 32

static inline void must(int result)
{
	if (result < 0)
		panic("%e", result);
}

/* A child that burns CPU time until it is destroyed. */
static inline envid_t burner(void)
{
	envid_t child = fork();

	must(child);
	if (child == 0) {
		for (;;)
			continue;
	}
	return child;
}

static inline void end_of(envid_t child)
{
	must(sys_env_destroy(child));
	wait(child);
}

/* What a program says that was made for another policy. */
static inline void say_how_to_boot(const char *name, const char *policy, const char *wanted)
{
	printf("%s: this is how it is under the policy %s. Boot with ./finch run --sched %s to see the other one.\n", name, policy,
	       wanted);
}

#endif
