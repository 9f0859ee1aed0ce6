/*
 * What a program's file says to whoever starts it: two words right before the program's entry. For C and assembler.
 *
 * The first is START_MAGIC (else there are none), the second says what the program wants to find mapped. A program
 * whose code does not look into the boot archive is started without it, which saves mapping and unmapping every page of
 * it.
 */
#ifndef FINCH_START_H
#define FINCH_START_H

#define START_MAGIC 0x68636E46 /* "Fnch" */
#define START_WANTS_ARCHIVE 1  /* the boot archive at UARCHIVE */

#endif
