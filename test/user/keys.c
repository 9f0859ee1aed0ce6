/*
 * keys [READERS]: prints the bytes that come from the console, asleep between them, up to a q. With READERS that many
 * children sleep for each byte, and each byte goes to one of them.
 */
#include "child.h"

#define READERS_MAX 16

static volatile uint32_t taken;
static volatile bool ended;

/* Sleep until there is a byte, and take it; others may be quicker. */
static int take(void)
{
	for (;;) {
		int byte = sys_cgetc();
		if (byte || ended)
			return byte;
		int error = sys_console_wait(TIMEOUT_NEVER);
		if (error != 0 && error != -E_INTERRUPTED)
			fail("console_wait: expected 0 or %d, saw %d", -E_INTERRUPTED, error);
	}
}

static void reader(uint32_t number)
{
	int byte;

	USED(number);
	while (!ended && (byte = take()) != 0) {
		__atomic_add_fetch(&taken, 1, __ATOMIC_SEQ_CST);
		cprintf("key %c\n", byte);
		if (byte == 'q')
			ended = true;
	}
}

/* Each of the readers sleeps until the last byte has come; then those who still sleep are woken. */
static void read_by(uint32_t readers)
{
	envid_t children[READERS_MAX];

	for (uint32_t i = 0; i < readers; i++)
		children[i] = child_run(reader, i);
	for (uint32_t i = 0; i < readers; i++) {
		int status = 0;
		if (!ended) {
			wait_until(ended || !env_alive(children[i]));
		}
		/* Made runnable, it finds that all is over, whether it slept or was just about to. */
		while (env_alive(children[i])) {
			sys_env_set_status(children[i], ENV_RUNNABLE);
			sys_yield();
		}
		expect_is(wait_status(children[i], &status), 0);
		expect_is(status, 0);
	}
}

void umain(int argc, char **argv)
{
	uint32_t readers = argc > 1 ? (uint32_t)strtol(argv[1], NULL, 10) : 0;

	cprintf("keys: ready\n");
	if (readers)
		read_by(MIN(readers, (uint32_t)READERS_MAX));
	else
		reader(0);
	cprintf("keys: %u came\n", taken);
}
