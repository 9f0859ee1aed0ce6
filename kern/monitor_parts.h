/* What the parts of the monitor (kern/monitor*.c) share. Only for them. */
#ifndef FINCH_KERN_MONITOR_PARTS_H
#define FINCH_KERN_MONITOR_PARTS_H

#include <kern/env.h>
#include <kern/space.h>

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
monitor_command monitor_registers, monitor_backtrace;                                      /* monitor.c */

/* A word as a hexadecimal number, with or without 0x, of at most 32 bits. False: it is none (a message is printed). */
bool monitor_number(const char *word, uint32_t *number);
/* Is word n of the line there, and this text? */
bool monitor_word_is(const struct monitor_line *line, unsigned n, const char *text);
/* May locks be taken? Not if the kernel has stopped at an unknown place: in a panic, or a breakpoint within itself. */
bool monitor_may_lock(const struct monitor_line *line);
/*
 * The environment whose id is word n of the line; for 0, or if the line has no such word, the one on this CPU. NULL:
 * there is none (a message is printed). It may end at any time while other CPUs run.
 */
struct env *monitor_env(const struct monitor_line *line, unsigned n);

/* Memory that a command looks at: monitor_view.c. */
enum view_kind { VIEW_CURRENT, VIEW_PHYSICAL, VIEW_PROGRAM };
struct view {
	enum view_kind kind;
	const struct space *space; /* of VIEW_PROGRAM */
};

/* Copy n bytes; false if some are not mapped, or (VIEW_PHYSICAL, VIEW_PROGRAM) not in RAM. */
bool view_read(const struct view *view, uintptr_t at, void *to, size_t n);
/* Store a word, aligned; NULL, or why it cannot be. Where the mapping is read-only it cannot. */
const char *view_write(const struct view *view, uintptr_t at, uint32_t word);
/* view_read with its view as context, as symbols_read. */
bool view_read_program(void *view, uintptr_t at, void *to, size_t n);

#endif
