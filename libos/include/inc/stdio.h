/*
 * For programs: formatted output, and the console as characters and lines. The conversions are those of
 * <common/format.h>: %c %d %e %i %o %p %s %u %x %X, with - 0 # width . precision * l ll.
 */
#ifndef INC_STDIO_H
#define INC_STDIO_H

#include <inc/stdarg.h>
#include <inc/types.h>

/* Write fmt through put, one character at a time; arg is handed to it. */
void printfmt(void (*put)(int c, void *arg), void *arg, const char *fmt, ...);
void vprintfmt(void (*put)(int c, void *arg), void *arg, const char *fmt, va_list ap);
/*
 * Write into size bytes at buf, ended by a zero. The result is the length of the whole text, which is size or more
 * where it was cut off. -E_INVAL: buf is NULL or size is 0.
 */
int snprintf(char *buf, size_t size, const char *fmt, ...);
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);

/* Print on the console, whatever the descriptors are. The result is the number of characters. */
int cprintf(const char *fmt, ...);
int vcprintf(const char *fmt, va_list ap);
/* Write to descriptor 1 (the console if it is not open), or to fd. The number of characters, or an error. */
int printf(const char *fmt, ...);
int fprintf(int fd, const char *fmt, ...);
int vfprintf(int fd, const char *fmt, va_list ap);

/* Print one character on the console. */
void cputchar(int c);
/* The next byte of descriptor 0 (the console if it is not open), waiting for it. -E_EOF at its end; an error. */
int getchar(void);
/* Does fdnum lead to the console? An error if it is not open. */
int iscons(int fdnum);
/* Open the console. A descriptor, or -E_MAX_OPEN, -E_NO_MEM. */
int opencons(void);

/*
 * Print prompt (unless it is NULL) and read a line, which can be edited where descriptor 0 is the console. The
 * result, without the newline, is overwritten by the next call. NULL at the end of input.
 */
char *readline(const char *prompt);

#endif
