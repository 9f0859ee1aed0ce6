/*
 * top: CPUs, memory and environments, what has run most first, anew each second until q is typed. `top -n N` prints
 * that N times, one below the other. All of it is read from what the kernel shows everybody: envs[] and SYS_info.
 */
#include <finch/ipc.h>
#include <finch/machine.h>
#include <finch/process.h>
#include <finch/syscall.h>
#include <inc/lib.h>

#define LINES 24
#define CPUS_MAX 32
#define CPUS_A_LINE 6
#define PERIOD_MS 1000
#define END_OF_INPUT 4
#define HOME "\033[H"       /* the cursor to the top left */
#define CLEAR_LINE "\033[K" /* from the cursor on */
#define CLEAR_BELOW "\033[J"

static bool plain;

static struct sample {
	struct info_machine machine;
	uint64_t idle_ns[CPUS_MAX];
} before, now;

/* What is known of an environment's time: by slot. */
static struct usage {
	envid_t id;
	uint64_t ticks; /* so far, */
	uint32_t used;  /* and of these in the last period, in thousandths of it */
} usage[NENV];

/* The environments that there are, as indices of usage[]. */
static uint16_t order[NENV];
static unsigned count, states[ENV_NOT_RUNNABLE + 1];

/* For how long env has run, whose halves the kernel writes one after the other. */
static uint64_t ticks_of(const volatile struct Env *env)
{
	uint64_t ticks = env->env_cpu_time, again;

	while ((again = env->env_cpu_time) != ticks)
		ticks = again;
	return ticks;
}

static void sample_env(unsigned i, uint64_t period_ticks)
{
	struct usage *it = &usage[i];
	const volatile struct Env *env = &envs[i];
	envid_t id = env->env_id;
	uint64_t ticks = ticks_of(env);
	uint64_t used = it->id == id && ticks >= it->ticks ? ticks - it->ticks : ticks;

	it->used = period_ticks ? (uint32_t)MIN(used * 1000 / period_ticks, (uint64_t)1000) : 0;
	it->ticks = ticks;
	it->id = id;
}

static int by_use(const void *a, const void *b)
{
	const struct usage *first = &usage[*(const uint16_t *)a], *second = &usage[*(const uint16_t *)b];

	if (first->used != second->used)
		return first->used > second->used ? -1 : 1;
	return ENVX(first->id) - ENVX(second->id);
}

static void sort_by_use(void)
{
	for (unsigned i = 1; i < count; i++) {
		uint16_t it = order[i];
		unsigned at = i;
		for (; at > 0 && by_use(&it, &order[at - 1]) < 0; at--)
			order[at] = order[at - 1];
		order[at] = it;
	}
}

static void take_sample(void)
{
	before = now;
	int err = machine_info(&now.machine);
	for (uint32_t n = 0; n < now.machine.cpus && n < CPUS_MAX && err == 0; n++) {
		struct info_cpu cpu;
		err = machine_cpu(n, &cpu);
		now.idle_ns[n] = cpu.idle_ns;
	}
	if (err < 0)
		panic("no information: %e", err);
	uint64_t period_ticks = (now.machine.uptime_ns - before.machine.uptime_ns) * now.machine.tsc_khz / 1000000;
	count = 0;
	memset(states, 0, sizeof(states));
	/* Slots are first used in index order: after one without an id none was ever used. */
	for (unsigned i = 0; i < NENV && envs[i].env_id; i++) {
		uint32_t status = envs[i].env_status;
		if (status == ENV_FREE || status > ENV_NOT_RUNNABLE)
			continue;
		states[status]++;
		sample_env(i, period_ticks);
		order[count++] = (uint16_t)i;
	}
	sort_by_use();
}

static void end_line(void)
{
	printf("%s\n", plain ? "" : CLEAR_LINE);
}

static void show_machine(void)
{
	uint32_t s = (uint32_t)(now.machine.uptime_ns / 1000000000), kb = PGSIZE / 1024;

	printf("up %u:%02u:%02u   %u environments: %u running, %u ready, %u waiting", s / 3600, s / 60 % 60, s % 60, count,
	       states[ENV_RUNNING], states[ENV_RUNNABLE], states[ENV_NOT_RUNNABLE]);
	end_line();
	printf("memory   %u KB: %u used, %u free", now.machine.pages_total * kb,
	       (now.machine.pages_total - now.machine.pages_free) * kb, now.machine.pages_free * kb);
	end_line();
}

/* How busy each CPU was; returns how many lines that took. */
static unsigned show_cpus(void)
{
	uint64_t period = now.machine.uptime_ns - before.machine.uptime_ns;
	uint32_t cpus = MIN(now.machine.cpus, (uint32_t)CPUS_MAX);

	for (uint32_t n = 0; n < cpus; n++) {
		uint64_t idle = MIN(now.idle_ns[n] - before.idle_ns[n], period);
		printf("CPU%-2u %3u%%  ", n, (uint32_t)((period - idle) * 100 / period));
		if ((n + 1) % CPUS_A_LINE == 0 || n + 1 == cpus)
			end_line();
	}
	return (cpus + CPUS_A_LINE - 1) / CPUS_A_LINE;
}

static void show_env(const struct usage *it)
{
	const volatile struct Env *env = &envs[ENVX(it->id)];
	char label[ENV_LABEL_SIZE], state[20];
	uint32_t status = env->env_status, ms = (uint32_t)(it->ticks / now.machine.tsc_khz);

	for (int i = 0; i < ENV_LABEL_SIZE; i++)
		label[i] = env->env_label[i];
	label[ENV_LABEL_SIZE - 1] = 0;
	strlcpy(state, status == ENV_NOT_RUNNABLE ? env_wait_name(env->env_wait) : env_status_name(status), sizeof(state));
	printf("%08x %3u.%u%%  %3d  %-13s %10u %7u.%03u  %s", it->id, it->used / 10, it->used % 10, env->env_cpunum, state,
	       env->env_runs, ms / 1000, ms % 1000, label);
	end_line();
}

static void show(void)
{
	printf("%s", plain ? "" : HOME);
	show_machine();
	unsigned lines = 2 + show_cpus() + 1;
	printf("ID         CPU%%  CPU  STATE               RUNS  SECONDS   NAME");
	end_line();
	for (unsigned i = 0; i < count && (plain || lines + i < LINES - 1); i++)
		show_env(&usage[order[i]]);
	printf("%s", plain ? "\n" : CLEAR_BELOW);
}

/* Wait a period. False: q was typed meanwhile, or the input has ended. */
static bool wait_period(void)
{
	unsigned start = sys_time_msec(), passed;

	if (plain) {
		sleep_ms(PERIOD_MS);
		return true;
	}
	while ((passed = (sys_time_msec() - start) & 0x7FFFFFFF) < PERIOD_MS) {
		int key = sys_cgetc();
		if (key == 'q' || key == END_OF_INPUT)
			return false;
		if (!key)
			sys_console_wait(PERIOD_MS - passed);
	}
	return true;
}

void umain(int argc, char **argv)
{
	char *rest = "";
	long times = argc == 3 && strcmp(argv[1], "-n") == 0 ? strtol(argv[2], &rest, 10) : 0;

	plain = argc > 1;
	if (plain && (times < 1 || *rest)) {
		printf("usage: top [-n N]\n");
		exit_status(1);
	}
	if (!plain)
		printf(HOME CLEAR_BELOW);
	take_sample();
	while (wait_period()) {
		take_sample();
		show();
		if (plain && --times == 0)
			break;
	}
}
