/*
 * The console. Output goes straight to the platform under one lock, so what one call prints stays together.
 *
 * Input is taken from the platform into a ring. When that is full, the platform stops listening, and what is typed or
 * piped in stays in the devices until there is room.
 */
#include <common/list.h>
#include <kern/boot.h>
#include <kern/console.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/lock.h>
#include <kern/platform.h>

#define RING_SIZE 1024 /* a power of two */
#define MONITOR_KEY 0x1C /* Ctrl-\ */

static struct spinlock output_lock = SPINLOCK(RANK_CONSOLE, "console output");
static struct spinlock input_lock = SPINLOCK(RANK_CONSOLE_INPUT, "console input");

static struct {
	uint8_t bytes[RING_SIZE];
	uint32_t head, tail; /* taken at head, put at tail; they only grow; read without the lock as a hint */
	bool listening;
	bool held;           /* the monitor reads: nobody else takes input in */
	struct list readers; /* environments that wait, through wait_node */
} input GUARDED_BY(input_lock) = { .readers = LIST_EMPTY(input.readers) };

static bool forced;

void console_force(void)
{
	forced = true;
}

void console_write(const char *s, size_t len)
{
	if (unlikely(forced)) {
		platform_console_write(s, len);
		return;
	}
	spin_lock(&output_lock);
	platform_console_write(s, len);
	spin_unlock(&output_lock);
}

/* Does this byte call the monitor? What comes after it is for that. */
static bool calls_monitor(int byte) REQUIRES(input_lock)
{
	if (likely(byte != MONITOR_KEY) || input.held || !boot_word("monitor"))
		return false;
	input.held = true;
	this_cpu()->attention |= ATTEND_MONITOR;
	return true;
}

/* Take in what the platform has. */
static void fill(void) REQUIRES(input_lock)
{
	int byte;

	while (input.tail - input.head < RING_SIZE && (byte = platform_console_read()) >= 0) {
		if (calls_monitor(byte))
			return;
		if (byte) /* a zero would read as none */
			input.bytes[input.tail++ % RING_SIZE] = byte;
	}
	bool room = input.tail - input.head < RING_SIZE;
	if (room != input.listening) {
		input.listening = room;
		platform_console_listen(room);
	}
}

void console_listen(void)
{
	spin_lock(&input_lock);
	fill();
	spin_unlock(&input_lock);
}

void console_input(void)
{
	/* Bounded: those who stood in the list are woken, not all who come again meanwhile. */
	for (unsigned most = env_limit(); most > 0; most--) {
		struct list *node = NULL;
		spin_lock(&input_lock);
		if (!input.held)
			fill();
		if (input.tail != input.head && !input.held)
			node = list_pop_front(&input.readers);
		spin_unlock(&input_lock);
		if (!node)
			return;
		env_wake(LIST_ENTRY(node, struct env, wait_node), ENV_WAIT_CONSOLE, 0);
	}
}

int console_take(void) UNCHECKED_LOCKING
{
	int byte = 0;

	/* Most calls find nothing: look without the lock first. */
	if (__atomic_load_n(&input.tail, __ATOMIC_ACQUIRE) == __atomic_load_n(&input.head, __ATOMIC_ACQUIRE))
		return 0;
	spin_lock(&input_lock);
	if (input.tail != input.head && !input.held) {
		byte = input.bytes[input.head++ % RING_SIZE];
		if (calls_monitor(byte)) /* it was typed in the monitor, behind the line that left it */
			byte = 0;
		else if (!input.listening)
			fill();
	}
	spin_unlock(&input_lock);
	return byte;
}

void console_hold(bool held) UNCHECKED_LOCKING
{
	if (forced) {
		input.held = held;
		return;
	}
	spin_lock(&input_lock);
	input.held = held;
	spin_unlock(&input_lock);
}

int console_poll(void) UNCHECKED_LOCKING
{
	bool locked = !forced; /* after a panic nobody else runs, but the lock may never be released */
	int byte = 0;

	if (locked)
		spin_lock(&input_lock);
	fill();
	if (input.tail != input.head)
		byte = input.bytes[input.head++ % RING_SIZE];
	if (locked)
		spin_unlock(&input_lock);
	return byte;
}

void console_await(struct env *env)
{
	spin_lock(&input_lock);
	list_push_back(&input.readers, &env->wait_node);
	spin_unlock(&input_lock);
}

void console_forget(struct env *env)
{
	spin_lock(&input_lock);
	list_remove(&env->wait_node);
	spin_unlock(&input_lock);
}
