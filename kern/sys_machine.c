/* The system calls about the console, time, the machine and the tests. */
#include <abi/error.h>
#include <abi/info.h>
#include <abi/rights.h>
#include <abi/syscall.h>
#include <abi/test.h>
#include <common/div64.h>
#include <common/string.h>
#include <kern/boot.h>
#include <kern/budget.h>
#include <kern/console.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/print.h>
#include <kern/rest.h>
#include <kern/syscall.h>
#include <kern/trap.h>
#include <kern/verify.h>
#include <kern/version.h>

/* --- Console --- */

#define CPUTS_PIECE 256              /* copied and printed at once */
#define CPUTS_CHECKED (4096u * 1024) /* what lies further on is looked at when its turn comes */

/* Is all of it readable? Else *fault is the first address that is not. */
static bool cputs_check(uaddr_t s, size_t len, uintptr_t *fault)
{
	size_t checked = MIN(len, CPUTS_CHECKED);
	char byte;

	for (size_t at = 0; at < checked; at = ROUNDDOWN(s.va + at, PGSIZE) + PGSIZE - s.va) {
		if (user_read_where(&byte, (uaddr_t){ s.va + at }, 1, fault) < 0)
			return false;
	}
	return true;
}

int32_t sys_cputs(uaddr_t s, size_t len)
{
	struct cpu *cpu = this_cpu();
	char piece[CPUTS_PIECE];
	uintptr_t fault;
	size_t done = 0;
	bool good = len <= sizeof piece || cputs_check(s, len, &fault);

	while (done < len) {
		size_t n = MIN(len - done, sizeof piece);
		if (!good || user_read_where(piece, (uaddr_t){ s.va + done }, n, &fault) < 0) {
			kprintf("[%08x] user_mem_check assertion failure for va %08x\n", cpu->env->pub->env_id,
				(uint32_t)fault);
			env_end_current(-E_KILLED, false, true);
			return -E_FAULT;
		}
		console_write(piece, n);
		done += n;
		if (done == len)
			break;
		arch_poll_interrupts();
		if (cpu->attention) {
			/* Others are waiting: the call goes on later, with what is left. */
			arch_call_set_argument(arch_frame(), 0, s.va + done);
			arch_call_set_argument(arch_frame(), 1, len - done);
			return arch_call_again(arch_frame());
		}
	}
	return 0;
}

int32_t sys_cgetc(void)
{
	return console_take();
}

int32_t sys_console_wait(uint32_t timeout)
{
	env_block(ENV_WAIT_CONSOLE, 0, false, timeout);
	/* What came before it stood in the list. */
	console_input();
	return -E_INTERRUPTED;
}

/* --- Time and the machine --- */

int32_t sys_time_msec(void)
{
	uint64_t ns = platform_time_ns();

	div64_32(&ns, 1000000);
	return (uint32_t)ns & 0x7fffffff;
}

int32_t sys_machine(int what)
{
	if (!env_may(RIGHT_POWER))
		return -E_BAD_ENV;
	if (what == MACHINE_REBOOT)
		platform_reboot();
	if (what != MACHINE_POWEROFF)
		return -E_INVAL;
	platform_poweroff();
	if (boot_word("batch") || boot_word("testdev"))
		platform_test_exit(REST_EXITED);
	kprintf("This machine cannot switch itself off: you can do so now.\n");
	return -E_NOT_SUPP;
}

static void info_machine(struct info_machine *info)
{
	struct page_counts pages;

	page_count(&pages);
	info->pages_total = pages.total;
	info->pages_free = pages.free;
	info->pages_zeroed = pages.zeroed;
	info->cpus = cpu_count;
	info->envs_limit = env_limit();
	info->envs_live = env_live();
	info->uptime_ns = platform_time_ns();
	info->clock_s = platform_clock_seconds();
	info->tsc_khz = platform_tsc_khz();
	info->big_lock = big_lock_wanted;
	strlcpy(info->version, FINCH_VERSION, sizeof info->version);
	strlcpy(info->policy, policy_name(), sizeof info->policy);
}

static void info_cpu(struct info_cpu *info, const struct cpu *cpu)
{
	const struct env *env = cpu->env;

	info->number = cpu->number;
	info->hardware_id = platform_cpu_hardware_id(cpu->platform_number);
	info->env_id = env ? (uint32_t)env->pub->env_id : 0;
	info->queued = cpu->queue->count;
	/* Another CPU may change both halves of a number meanwhile: then the figure is wrong, once. */
	info->idle_ns = cpu->idle_ns + (cpu->idle_since_ns ? platform_time_ns() - cpu->idle_since_ns : 0);
	info->switches = sched_switches(cpu);
	info->interrupts = cpu->interrupts;
	arch_cpu_name(info->name, sizeof info->name);
}

static int info_env(struct info_env *info, envid_t envid)
{
	struct env *env;
	int error = env_find(envid, true, &env);

	if (error)
		return error;
	info->env_id = env->pub->env_id;
	info->rights = env->rights;
	info->budget = env->budget ? env->budget->number : 0;
	info->held = env->held ? env->held->number : 0;
	env_release(env);
	return 0;
}

int32_t sys_info(int what, uint32_t index, uaddr_t buf, size_t size)
{
	union {
		struct info_machine machine;
		struct info_cpu cpu;
		struct info_env env;
		struct info_budget budget;
	} info;
	size_t full;
	int error;

	memset(&info, 0, sizeof info);
	if (what == INFO_MACHINE && index == 0) {
		info_machine(&info.machine);
		full = sizeof info.machine;
	} else if (what == INFO_CPU && index < cpu_count) {
		info_cpu(&info.cpu, cpus[index]);
		full = sizeof info.cpu;
	} else if (what == INFO_ENV) {
		if ((error = info_env(&info.env, index)))
			return error;
		full = sizeof info.env;
	} else if (what == INFO_BUDGET) {
		if ((error = budget_info(&info.budget, index)))
			return error;
		full = sizeof info.budget;
	} else {
		return -E_INVAL;
	}
	if (user_write(buf, &info, MIN(size, full)) < 0)
		return -E_FAULT;
	return full;
}

/* --- Tests --- */

static int test_report(uaddr_t text, size_t len)
{
	char piece[512];
	size_t n = MIN(len, sizeof piece);

	if (user_read(piece, text, n) < 0)
		return -E_FAULT;
	platform_test_write(piece, n);
	return 0;
}

/* Once more, after others had the CPU. */
static int32_t test_again(void)
{
	this_cpu()->attention |= ATTEND_SWITCH | ATTEND_ENV;
	return arch_call_again(arch_frame());
}

static int32_t test_check(bool ever)
{
	int violations = verify_all();

	if (violations < 0)
		return test_again();
	return ever ? (int)verify_violations : violations;
}

int32_t sys_test(int op, uintptr_t arg, uaddr_t text, size_t len)
{
	if (!boot_word("test"))
		return -E_NOSYS;
	switch (op) {
	case TEST_REPORT:
		return test_report(text, len);
	case TEST_EXIT:
		if (arg > 31)
			return -E_INVAL;
		platform_test_exit(arg);
		return -E_NOT_SUPP;
	case TEST_FAIL_AFTER:
		if (arg == (uintptr_t)-1)
			page_fail_never();
		else
			page_fail_after(arg);
		return 0;
	case TEST_CHECK:
		return test_check(arg != 0);
	case TEST_FREE_PAGES:
		return env_any_dying() ? test_again() : (int32_t)page_count_unused();
	default:
		return -E_INVAL;
	}
}
