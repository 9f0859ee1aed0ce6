/* threads [N [ROUNDS]]: N threads count to ROUNDS together, each on whatever CPU there is, with a mutex. */
#include <finch/process.h>
#include <finch/thread.h>
#include <inc/lib.h>

#define MOST 1000

static struct mutex mutex;
static uint32_t total, rounds, without;

static void *count(void *arg)
{
	for (uint32_t i = 0; i < rounds; i++) {
		without++; /* what threads that do this at once lose */
		mutex_lock(&mutex);
		total++;
		mutex_unlock(&mutex);
	}
	return (void *)thisenv->env_cpunum;
}

void umain(int argc, char **argv)
{
	uint32_t n = argc > 1 ? (uint32_t)strtol(argv[1], 0, 0) : 4, started = 0;
	static int ids[MOST];

	rounds = argc > 2 ? (uint32_t)strtol(argv[2], 0, 0) : 10000;
	for (; started < MIN(n, (uint32_t)MOST); started++) {
		if ((ids[started] = thread_create(count, NULL)) < 0) {
			printf("threads: %e\n", ids[started]);
			break;
		}
	}
	for (uint32_t i = 0; i < started; i++) {
		void *cpu;
		thread_join(ids[i], &cpu);
		if (started <= 8)
			printf("thread %u ended on CPU %u\n", i, (uint32_t)cpu);
	}
	printf("%u threads counted to %u with a mutex, to %u without\n", started, total, without);
	exit_status(total == started * rounds ? 0 : 1);
}
