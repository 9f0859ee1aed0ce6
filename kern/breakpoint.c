/* Breakpoints, watchpoints, single steps: see breakpoint.h. */
#include <common/string.h>
#include <kern/breakpoint.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/monitor.h>
#include <kern/print.h>
#include <kern/request.h>

struct breakpoint breakpoints[BREAKPOINTS_MAX];

void breakpoints_load(void)
{
	arch_breakpoints_load(breakpoints);
}

void breakpoints_changed(void)
{
	breakpoints_load();
	request_errand(ERRAND_BREAKPOINTS);
}

void breakpoint_step(struct Trapframe *tf, uint32_t count)
{
	struct env_step *step = &this_cpu()->env->step;
	bool was = arch_frame_step(tf, true);

	if (step->left == 0)
		step->own = was;
	step->left = count;
	step->kept |= !step->own;
	this_cpu()->attention |= ATTEND_FRAME;
}

/* It runs no more instructions by itself. */
static void steps_end(struct env_step *step, struct Trapframe *tf)
{
	if (step->left == 0)
		return;
	step->left = 0;
	arch_frame_step(tf, step->own);
}

/* A program has made a step. True: it wanted to itself, too. */
static bool step_made(struct env_step *step, struct Trapframe *tf)
{
	if (step->left > 1)
		step->left--;
	else if (step->left == 0 && step->kept)
		arch_frame_step(tf, false);
	return step->left ? step->own : !step->kept;
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
	struct env *env = this_cpu()->env;
	bool user = arch_frame_is_user(tf), steps = false;
	uint32_t met = arch_breakpoints_met(tf, &steps), mine = monitor_is_here() ? 0 : awaited(met);
	bool last = steps && user && env->step.left == 1;
	bool own = steps && user && step_made(&env->step, tf);

	/* The instruction at a breakpoint has not run yet: it is to, once. */
	if (met && user)
		arch_frame_resume(tf);
	if ((mine || last) && user)
		steps_end(&env->step, tf);
	if (mine) {
		unsigned n = __builtin_ctz(mine);
		kprintf("%s %u at %08lx%s\n", breakpoints[n].kind == BREAK_EXECUTE ? "Breakpoint" : "Watchpoint", n,
			(unsigned long)breakpoints[n].va, user ? "" : ", met by the kernel in a system call");
		monitor_enter(breakpoints[n].kind == BREAK_EXECUTE ? "at a breakpoint" : "after an access", tf);
	} else if (last) {
		monitor_enter(NULL, tf);
	}
	return !own && (met || steps);
}
