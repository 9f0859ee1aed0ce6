/*
 * spin [COUNT [MS]]: start COUNT copies of itself (default 4) that compute for MS milliseconds each (default 1000),
 * and say on which CPUs they ran. With more copies than CPUs they take turns.
 */
#include <finch/process.h>
#include <inc/lib.h>

#define COUNT_MAX 64

static void compute(unsigned ms)
{
	unsigned start = sys_time_msec(), loops = 0;
	uint32_t seen = 1u << thisenv->env_cpunum % 32;

	while (sys_time_msec() - start < ms) {
		seen |= 1u << thisenv->env_cpunum % 32;
		loops++;
	}
	char cpus[3 * 32 + 1];
	size_t n = 0;
	for (int i = 0; i < 32; i++)
		if (seen >> i & 1)
			n += (size_t)snprintf(cpus + n, sizeof(cpus) - n, " %d", i);
	printf("%08x: %u loops in %u ms, CPUs%s\n", thisenv->env_id, loops, sys_time_msec() - start, cpus);
}

static void start_all(int count, const char *ms)
{
	envid_t children[COUNT_MAX];

	for (int i = 0; i < count; i++) {
		children[i] = spawnl("spin", "spin", "-c", ms, 0);
		if (children[i] < 0)
			printf("spin: copy %d does not start: %e\n", i + 1, children[i]);
	}
	for (int i = 0; i < count; i++)
		if (children[i] >= 0)
			wait(children[i]);
}

void umain(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "-c") == 0) {
		compute((unsigned)strtol(argv[2], NULL, 0));
		return;
	}
	long count = argc > 1 ? strtol(argv[1], NULL, 0) : 4;
	if (count < 1 || count > COUNT_MAX) {
		printf("spin: the count must be 1 to %d\n", COUNT_MAX);
		exit_status(1);
	}
	start_all((int)count, argc > 2 ? argv[2] : "1000");
}
