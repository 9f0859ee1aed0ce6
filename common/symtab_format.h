/*
 * The packed table of functions, files and lines: its layout, for the tool that writes it (tools/mksyms) and the
 * code that reads it (common/symtab.c). Only numbers here, so that host programs can include it beside their libc.
 *
 * All numbers are little-endian, offsets count from the table's start:
 *
 *     header     SYMTAB_HEADER_SIZE bytes, words at the SYMTAB_AT_ offsets
 *     functions  sorted by address, none overlapping; SYMTAB_FUNCTION_SIZE bytes each:
 *                address, size in bytes, name (offset within strings), lines (offset within lines, or SYMTAB_NO_LINES)
 *     files      one word each: name (offset within strings)
 *     lines      for each function: file, line of its first byte; then rows of
 *                    how many bytes further (0: no more rows),
 *                    2 * zigzag(change of line) + (1 if a file follows), [file]
 *                each number 7 bits a byte, lowest first, bit 7 set where more follow; zigzag(n) is 2n, or -2n-1 if
 *                n is negative; files are numbered from 0
 *     strings    each ended by a zero
 *
 * A row holds from its address to that of the next. A function has at most SYMTAB_ROWS_MAX rows, which bounds a
 * look-up in a table that was damaged on purpose.
 */
#ifndef FINCH_COMMON_SYMTAB_FORMAT_H
#define FINCH_COMMON_SYMTAB_FORMAT_H

#define SYMTAB_MAGIC 0x4D595346u /* "FSYM" */
#define SYMTAB_VERSION 1

#define SYMTAB_AT_MAGIC 0
#define SYMTAB_AT_VERSION 4
#define SYMTAB_AT_SIZE 8 /* of the whole table */
#define SYMTAB_AT_FUNCTIONS 12 /* how many */
#define SYMTAB_AT_FILES 16 /* how many */
#define SYMTAB_AT_LINES 20 /* offset of lines */
#define SYMTAB_AT_STRINGS 24 /* offset of strings, which end with the table */
#define SYMTAB_HEADER_SIZE 32 /* the last word is 0 */

#define SYMTAB_FUNCTION_SIZE 16
#define SYMTAB_NO_LINES 0xFFFFFFFFu

#define SYMTAB_SIZE_MAX 0x00200000u /* 2 MB: what stands between USTABDATA and UTEMP */
#define SYMTAB_ROWS_MAX 16384

#endif
