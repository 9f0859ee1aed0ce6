/* The monitor's command memory: words as numbers and as characters. */
#include <kern/monitor_parts.h>
#include <kern/print.h>

#define WORDS_A_LINE 4
#define WORDS_USUAL 0x10
#define WORDS_MAX 0x1000

/* Print one line: the words from at on, as many as `words`, at most WORDS_A_LINE. */
static void print_line(const struct view *view, uintptr_t at, unsigned words)
{
	char text[WORDS_A_LINE * 4 + 1];
	unsigned length = 0;

	kprintf("%08lx:", (unsigned long)at);
	for (unsigned i = 0; i < WORDS_A_LINE && i < words; i++) {
		uint32_t word;
		bool there = view_read(view, at + i * 4, &word, 4);
		if (there)
			kprintf("  %08x", word);
		else
			kprintf("  --------");
		for (unsigned byte = 0; byte < 4; byte++) {
			char c = there ? (char)(word >> 8 * byte) : ' ';
			text[length++] = c >= ' ' && c < 0x7F ? c : '.';
		}
	}
	text[length] = '\0';
	kprintf("  |%s|\n", text);
}

static void show(const struct view *view, uintptr_t at, uint32_t count)
{
	uint32_t left = MIN(count, (uint32_t)WORDS_MAX);

	if (left < count)
		kprintf("The first %x words:\n", left);
	/* Stops at the end of the addresses rather than begin again at 0. */
	for (uintptr_t last = at; left > 0 && at >= last; at += WORDS_A_LINE * 4) {
		print_line(view, at, left);
		left -= MIN(left, (uint32_t)WORDS_A_LINE);
		last = at;
	}
}

/* The view that the words after the command ask for; *next is the word after them. False: there is none. */
static bool choose_view(const struct monitor_line *line, struct view *view, unsigned *next)
{
	*next = 1;
	*view = (struct view){.kind = VIEW_CURRENT};
	if (monitor_word_is(line, 1, "physical")) {
		view->kind = VIEW_PHYSICAL;
		*next = 2;
	} else if (monitor_word_is(line, 1, "env")) {
		const struct env *env = monitor_env(line, 2);
		if (!env)
			return false;
		view->kind = VIEW_PROGRAM;
		view->space = env->space;
		*next = 3;
	}
	return true;
}

enum monitor_next monitor_memory(const struct monitor_line *line)
{
	struct view view;
	unsigned next;
	uint32_t at, number = WORDS_USUAL;

	if (!choose_view(line, &view, &next))
		return MONITOR_NEXT;
	bool store = monitor_word_is(line, next + 1, "=");
	if (next >= line->count || line->count > next + (store ? 3 : 2) || (store && line->count < next + 3))
		return MONITOR_USAGE;
	if (!monitor_number(line->words[next], &at))
		return MONITOR_NEXT;
	if (line->count > next + 1 && !monitor_number(line->words[line->count - 1], &number))
		return MONITOR_NEXT;
	if (at % 4) {
		kprintf("%08x is not a multiple of 4.\n", at);
	} else if (store) {
		const char *why = view_write(&view, at, number);
		if (why)
			kprintf("%08x is left as it is: %s.\n", at, why);
		else
			print_line(&view, at, 1);
	} else {
		show(&view, at, number);
	}
	return MONITOR_NEXT;
}
