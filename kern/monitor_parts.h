/* What the parts of the monitor (kern/monitor*.c) share. Only for them. */
#ifndef FINCH_KERN_MONITOR_PARTS_H
#define FINCH_KERN_MONITOR_PARTS_H

#include <kern/env.h>
#include <kern/view.h>

#define MONITOR_WORDS_MAX 8

/* A line as typed, in words. words[0] is the command. */
struct monitor_line {
	unsigned count;
	const char *words[MONITOR_WORDS_MAX];
	struct Trapframe *frame; /* as given to monitor_enter */
};

/* What comes after a command: the next, the command's usage and the next, or the end of the monitor. */
enum monitor_next { MONITOR_NEXT, MONITOR_USAGE, MONITOR_LEAVE };

typedef enum monitor_next monitor_command(const struct monitor_line *line);

monitor_command monitor_kerninfo, monitor_envs, monitor_cpus, monitor_locks, monitor_page; /* monitor_state.c */
monitor_command monitor_mappings;                                                          /* monitor_mappings.c */
monitor_command monitor_memory;                                                            /* monitor_memory.c */
monitor_command monitor_registers, monitor_backtrace;                                      /* monitor_calls.c */
monitor_command monitor_break, monitor_watch, monitor_delete, monitor_step;                /* monitor_break.c */

/*
 * Where the program that frame is of stands: a line with its instruction's bytes, a line with file, line and function.
 */
void monitor_print_place(const struct Trapframe *frame);

/*
 * Print what is typed and take the next line: its text, and the words in it, none for an empty line or one with too
 * many (a message is printed). False: the input has ended.
 */
#define MONITOR_TEXT_MAX 128
bool monitor_read(char text[MONITOR_TEXT_MAX], struct monitor_line *line);
/* A word as a hexadecimal number, with or without 0x, of at most 32 bits. False: it is none (a message is printed). */
bool monitor_number(const char *word, uint32_t *number);
/* Is word n of the line there, and this text? */
bool monitor_word_is(const struct monitor_line *line, unsigned n, const char *text);
/*
 * May locks be taken? Not if the kernel has stopped at an unknown place: in a panic, or a breakpoint within itself (a
 * message is printed).
 */
bool monitor_may_lock(const struct monitor_line *line);
/*
 * The environment whose id is word n of the line; for 0, or if the line has no such word, the one on this CPU. NULL:
 * there is none (a message is printed). It may end at any time while other CPUs run.
 */
struct env *monitor_env(const struct monitor_line *line, unsigned n);

#endif
