/*
 * Reading a line from descriptor 0. Where that is the console the line can be edited:
 *
 *   left, right, Ctrl-B, Ctrl-F     move                     Backspace     take out what stands before
 *   Home, End, Ctrl-A, Ctrl-E       to the start, the end    Delete        take out what stands at the cursor
 *   up, down, Ctrl-P, Ctrl-N        earlier, later lines     Ctrl-U, -K    take out all before, all from the cursor on
 *   Ctrl-W                          take out a word          Ctrl-C        drop the line and start anew
 *   Ctrl-L                          clear the screen         Ctrl-D        end of input
 *
 * An end of input after some text gives that text first, and NULL from the next call.
 *
 * The screen is changed with printable characters, '\b' and '\a' alone, and each key's change goes out in one piece.
 */
#include <inc/lib.h>

#define LINE_SIZE 1024
#define HISTORY_SIZE 2048

#define CTRL(letter) ((letter) & 0x1F)
#define ESC 0x1B
#define DEL 0x7F

/* Keys that are no characters, by what they do. */
enum { KEY_LEFT = 256, KEY_RIGHT, KEY_UP, KEY_DOWN, KEY_HOME, KEY_END, KEY_DELETE, KEY_NONE };

/* The line at hand: used characters, the cursor before the one at cursor. */
static char line[LINE_SIZE];
static size_t used, cursor;

/* What is to go to the screen. */
static char screen[LINE_SIZE];
static size_t screen_used;

/* Earlier lines, the latest first, each ended by a zero. */
static char history[HISTORY_SIZE];

static bool end_pending;

static void screen_flush(void)
{
	if (screen_used > 0)
		sys_cputs(screen, screen_used);
	screen_used = 0;
}

static void screen_put(char c)
{
	if (screen_used == sizeof(screen))
		screen_flush();
	screen[screen_used++] = c;
}

static void screen_fill(char c, size_t count)
{
	while (count-- > 0)
		screen_put(c);
}

static void screen_text(const char *s, size_t length)
{
	while (length-- > 0)
		screen_put(*s++);
}

static void cursor_to(size_t to)
{
	if (to < cursor)
		screen_fill('\b', cursor - to);
	else
		screen_text(line + cursor, to - cursor);
	cursor = to;
}

/* Show the line from the cursor on, and blanks where a longer one of that many more characters stood. */
static void show_rest(size_t longer)
{
	screen_text(line + cursor, used - cursor);
	screen_fill(' ', longer);
	screen_fill('\b', used - cursor + longer);
}

static void insert(char c)
{
	if (used == LINE_SIZE - 1) {
		screen_put('\a');
		return;
	}
	memmove(line + cursor + 1, line + cursor, used - cursor);
	line[cursor] = c;
	used++;
	screen_put(c);
	cursor++;
	show_rest(0);
}

/* Take out what stands from from to to; the cursor is left at from. */
static void cut(size_t from, size_t to)
{
	cursor_to(from);
	memmove(line + from, line + to, used - to);
	used -= to - from;
	show_rest(to - from);
}

static void replace(const char *text, size_t length)
{
	length = MIN(length, (size_t)LINE_SIZE - 1);
	cut(0, used);
	memcpy(line, text, length);
	used = length;
	cursor_to(used);
}

static size_t word_start(void)
{
	size_t at = cursor;
	while (at > 0 && line[at - 1] == ' ')
		at--;
	while (at > 0 && line[at - 1] != ' ')
		at--;
	return at;
}

/* The nth earlier line, counted from 1, or NULL if it is not known. */
static const char *history_line(int n)
{
	const char *p = history;
	while (n-- > 1 && *p)
		p += strlen(p) + 1;
	return *p ? p : NULL;
}

/* Put the line at hand before the others; the oldest fall off the end, whole. */
static void history_add(void)
{
	const char *last = history_line(1);
	if (used == 0 || (last && strlen(last) == used && memcmp(last, line, used) == 0))
		return;
	memmove(history + used + 1, history, HISTORY_SIZE - used - 1);
	memcpy(history, line, used);
	history[used] = 0;
	size_t keep = HISTORY_SIZE - 1;
	while (history[keep - 1])
		keep--;
	memset(history + keep, 0, HISTORY_SIZE - keep);
}

/* Go delta lines back (1) or forth (-1); where is how far back the line at hand is. */
static void history_step(int *where, int delta)
{
	int to = *where + delta;
	const char *text = to > 0 ? history_line(to) : "";

	if (to < 0 || !text) {
		screen_put('\a');
		return;
	}
	*where = to;
	replace(text, strlen(text));
}

/* What the numbered sequence ESC [ n ~ stands for. */
static int numbered_key(int n)
{
	switch (n) {
	case 1:
	case 7: return KEY_HOME;
	case 4:
	case 8: return KEY_END;
	case 3: return KEY_DELETE;
	default: return KEY_NONE;
	}
}

/* Read the rest of an escape sequence (ECMA-48, section 5.4; and ESC O as a VT100 in application mode sends it). */
static int read_sequence(void)
{
	int c = getchar();
	if (c != '[' && c != 'O')
		return c < 0 ? c : KEY_NONE;
	int n = 0;
	while ((c = getchar()) >= '0' && c <= '?')
		n = c <= '9' ? (n * 10 + (c - '0')) % 1000 : 0;
	switch (c) {
	case 'A': return KEY_UP;
	case 'B': return KEY_DOWN;
	case 'C': return KEY_RIGHT;
	case 'D': return KEY_LEFT;
	case 'H': return KEY_HOME;
	case 'F': return KEY_END;
	case '~': return numbered_key(n);
	default: return c < 0 ? c : KEY_NONE;
	}
}

static int read_key(void)
{
	int c = getchar();
	return c == ESC ? read_sequence() : c;
}

static void edit_move(int key)
{
	switch (key) {
	case KEY_LEFT: cursor_to(cursor > 0 ? cursor - 1 : 0); break;
	case KEY_RIGHT: cursor_to(MIN(cursor + 1, used)); break;
	case KEY_HOME: cursor_to(0); break;
	case KEY_END: cursor_to(used); break;
	}
}

static void edit_cut(int key)
{
	switch (key) {
	case '\b': cut(cursor > 0 ? cursor - 1 : 0, cursor); break;
	case KEY_DELETE: cut(cursor, MIN(cursor + 1, used)); break;
	case CTRL('U'): cut(0, cursor); break;
	case CTRL('K'): cut(cursor, used); break;
	case CTRL('W'): cut(word_start(), cursor); break;
	}
}

static void start_anew(const char *prompt)
{
	cursor_to(used);
	screen_text("^C\n", 3);
	screen_text(prompt, strlen(prompt));
	used = cursor = 0;
}

/* A screenful of newlines: the console knows no sequence that clears it. */
static void clear_screen(const char *prompt)
{
	size_t at = cursor;

	screen_fill('\n', 25);
	screen_text(prompt, strlen(prompt));
	cursor = 0;
	show_rest(0);
	cursor_to(at);
}

static void edit(int key, int *where, const char *prompt)
{
	switch (key) {
	case KEY_UP:
	case CTRL('P'): history_step(where, 1); break;
	case KEY_DOWN:
	case CTRL('N'): history_step(where, -1); break;
	case CTRL('A'): edit_move(KEY_HOME); break;
	case CTRL('E'): edit_move(KEY_END); break;
	case CTRL('B'): edit_move(KEY_LEFT); break;
	case CTRL('F'): edit_move(KEY_RIGHT); break;
	case CTRL('C'): start_anew(prompt); break;
	case CTRL('L'): clear_screen(prompt); break;
	case '\t': insert(' '); break;
	case DEL: edit_cut('\b'); break;
	case '\b':
	case KEY_DELETE:
	case CTRL('U'):
	case CTRL('K'):
	case CTRL('W'): edit_cut(key); break;
	default:
		if (key >= ' ' && key < 256)
			insert((char)key);
		else
			edit_move(key);
	}
}

/* Read keys up to the end of the line: true if a newline ended it, false at the end of input. */
static bool edit_line(const char *prompt)
{
	int where = 0, key;

	while ((key = read_key()) >= 0 && key != '\n' && key != '\r') {
		edit(key, &where, prompt);
		screen_flush();
	}
	cursor_to(used);
	screen_put('\n');
	screen_flush();
	history_add();
	return key >= 0;
}

/* The same from a descriptor that is not the console. */
static bool take_line(void)
{
	int c;

	while ((c = getchar()) >= 0 && c != '\n')
		if (c != '\r' && used < LINE_SIZE - 1)
			line[used++] = (char)c;
	return c >= 0;
}

char *readline(const char *prompt)
{
	if (!prompt)
		prompt = "";
	printf("%s", prompt);
	used = cursor = 0;
	if (!end_pending) {
		bool console = iscons(0) != 0; /* descriptor 0 not open: getchar reads the console */
		end_pending = !(console ? edit_line(prompt) : take_line());
	} else {
		cputchar('\n');
	}
	if (end_pending && used == 0) {
		end_pending = false;
		return NULL;
	}
	line[used] = 0;
	return line;
}
