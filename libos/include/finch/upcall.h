/*
 * What stands before the library's page-fault upcall, for who looks into another program's memory. For C and assembler.
 *
 * Two words: UPCALL_MAGIC, and 0 unless the handler resolves copy on write (which it does if anything in the program
 * needs that).
 */
#ifndef FINCH_UPCALL_H
#define FINCH_UPCALL_H

#define UPCALL_MAGIC 0x67506E46 /* "FnPg" */

#endif
