/* The VGA's text screen, 80 columns of 25 lines. Calls are serialised by the console lock. */
#ifndef FINCH_DEV_VGA_H
#define FINCH_DEV_VGA_H

#include <abi/types.h>

/* Take over the screen as the firmware left it: output goes on below what stands there. */
void vga_init(void);
/* Print len bytes: '\n' to a new line, '\r' to the line's start, '\b' one cell back, '\t' to a multiple of 8. */
void vga_write(const char *s, size_t len);

#endif
