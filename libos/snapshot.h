/*
 * The bytes of a checkpoint: writing them piece by piece, and reading them with distrust. Pure code, without the
 * system: host tests damage every byte. doc/checkpoint.md has the format byte by byte; what it means, checkpoint_file.c
 * knows.
 *
 * A header and records, all numbers with the lowest byte first. Each record ends in a checksum of all before it, so
 * that none can be missing, changed or in another place; the last one says that it is the last.
 */
#ifndef FINCH_LIBOS_SNAPSHOT_H
#define FINCH_LIBOS_SNAPSHOT_H

#include <abi/types.h>
#include <common/names.h>

#define SNAPSHOT_VERSION 1
#define SNAPSHOT_MACHINE 1 /* the i386: registers, FPU and pages as it has them */

/* What pages can be, as checkpoint_file.c asserts: their size, where they end, the bits they must and may have. */
#define SNAPSHOT_PAGE 4096u
#define SNAPSHOT_TOP 0xEEC00000u
#define SNAPSHOT_MUST 0x005u /* PTE_P, PTE_U */
#define SNAPSHOT_MAY 0xE07u  /* PTE_SYSCALL */

/* The kinds of records: what follows the kind, and the data. */
enum {
	SNAPSHOT_STATE = 1, /* the number of the part; the part. Each once, before all pages. */
	SNAPSHOT_ARCHIVE,   /* 0; none. The boot archive is mapped, of whatever boot it is. Before all pages. */
	SNAPSHOT_DATA,      /* address and permissions of a page; its bytes. Pages come in rising order. */
	SNAPSHOT_ZERO,      /* the same; none */
	SNAPSHOT_EQUAL,     /* the same; the address of an earlier page that holds the same bytes */
	SNAPSHOT_SAME,      /* the same; the address of an earlier page that is this one */
	SNAPSHOT_END,       /* how many records came before; none */
	SNAPSHOT_KINDS
};

#define SNAPSHOT_PARTS 6 /* parts are numbered below, from 1 */

/* --- Writing --- */

/* Takes n bytes away. 0, or an error, which the writing function returns. */
typedef int (*snapshot_put)(const void *data, size_t n, void *arg);

struct snapshot_writer {
	snapshot_put put;
	void *arg;
	uint32_t crc, records;
};

int snapshot_begin(struct snapshot_writer *writer, snapshot_put put, void *arg) LINKED_NAME(snapshot_begin);
/* data: as many bytes as a record of this kind has. */
int snapshot_add(struct snapshot_writer *writer, uint32_t kind, uint32_t value, const void *data)
	LINKED_NAME(snapshot_add);
int snapshot_end(struct snapshot_writer *writer) LINKED_NAME(snapshot_end);

/* --- Reading --- */

/* Brings the next n bytes. 0, or an error: there are not so many. */
typedef int (*snapshot_get)(void *data, size_t n, void *arg);

struct snapshot_reader {
	snapshot_get get;
	void *arg;
	uint32_t crc, records;
	uint32_t parts;    /* bit n: part n has come */
	uint32_t next;     /* address of the next page at least; 0: none has come */
	bool archive;
	const char *wrong; /* for people: what the last error was about */
};

struct snapshot_record {
	uint32_t kind, value, size; /* size: of the data */
	uint8_t data[SNAPSHOT_PAGE];
};

/* Read the header. 0, or -E_INVAL and reader->wrong says why. */
int snapshot_open(struct snapshot_reader *reader, snapshot_get get, void *arg) LINKED_NAME(snapshot_open);
/* The next record, checked: 1; 0: it was SNAPSHOT_END, and nothing is missing; -E_INVAL and reader->wrong. */
int snapshot_next(struct snapshot_reader *reader, struct snapshot_record *record) LINKED_NAME(snapshot_next);

/* Address and permissions in the value of a page's record. */
static inline uint32_t snapshot_va(uint32_t value)
{
	return value & ~(SNAPSHOT_PAGE - 1);
}
static inline uint32_t snapshot_perm(uint32_t value)
{
	return value & (SNAPSHOT_PAGE - 1);
}
static inline uint32_t snapshot_word(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}
/* How many bytes of data a record has. */
uint32_t snapshot_size(uint32_t kind, uint32_t value) LINKED_NAME(snapshot_size);

#endif
