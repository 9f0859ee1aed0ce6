/* Breakpoints, watchpoints, single steps: see breakpoint.h. */
#include <common/string.h>
#include <kern/breakpoint.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/monitor.h>
#include <kern/print.h>
#include <kern/request.h>

struct breakpoint breakpoints[BREAKPOINTS_MAX];

/* The one that is stepped, by id; 0: none. Written in the monitor, and by the CPU that runs it. */
static struct {
	envid_t envid;
	uint32_t left;   /* instructions still to be run */
	bool own;        /* the program steps itself too */
} step;

void breakpoints_load(void)
{
	arch_breakpoints_load(breakpoints);
}

void breakpoints_changed(void)
{
	breakpoints_load();
	for (unsigned n = 0; n < cpu_count; n++) {
		if (n != this_cpu()->number)
			atomic_or(&cpus[n]->errands, ERRAND_BREAKPOINTS);
	}
	request_all((uint32_t)((1ull << cpu_count) - 1));
}

void breakpoint_step(struct Trapframe *tf, uint32_t count)
{
	step.envid = this_cpu()->env->pub->env_id;
	step.left = count;
	step.own = arch_frame_step(tf, true);
	this_cpu()->attention |= ATTEND_FRAME;
}

/* A step has ended. True: it was the monitor's alone. */
static bool step_ended(struct Trapframe *tf)
{
	if (--step.left > 0)
		return !step.own;
	step.envid = 0;
	arch_frame_step(tf, step.own);
	monitor_enter(NULL, tf);
	return !step.own;
}

/* Is breakpoint n for env? */
static bool concerns(const struct breakpoint *breakpoint, const struct Env *env)
{
	if (breakpoint->envid)
		return breakpoint->envid == env->env_id;
	return !breakpoint->label[0] || strncmp(breakpoint->label, env->env_label, ENV_LABEL_SIZE) == 0;
}

/* Those of the mask `met` that are for the environment here. */
static uint32_t awaited(uint32_t met)
{
	const struct env *env = this_cpu()->env;
	uint32_t mask = 0;

	for (unsigned n = 0; n < BREAKPOINTS_MAX; n++) {
		if (met & 1u << n && breakpoints[n].kind && env && concerns(&breakpoints[n], env->pub))
			mask |= 1u << n;
	}
	return mask;
}

bool breakpoint_trap(struct Trapframe *tf)
{
	bool user = arch_frame_is_user(tf), steps = false;
	uint32_t met = arch_breakpoints_met(&steps), mine = monitor_is_here() ? 0 : awaited(met);
	const struct env *env = this_cpu()->env;

	/* The instruction at a breakpoint has not run yet: it is to, once. */
	if (met && user)
		arch_frame_resume(tf);
	if (mine) {
		unsigned n = __builtin_ctz(mine);
		kprintf("%s %u at %08lx%s\n", breakpoints[n].kind == BREAK_EXECUTE ? "Breakpoint" : "Watchpoint", n,
			(unsigned long)breakpoints[n].va, user ? "" : ", met by the kernel in a system call");
		step.envid = 0;
		monitor_enter(breakpoints[n].kind == BREAK_EXECUTE ? "at a breakpoint" : "after an access", tf);
		return true;
	}
	if (steps && user && env && step.envid && step.envid == env->pub->env_id)
		return step_ended(tf);
	return met != 0;
}
