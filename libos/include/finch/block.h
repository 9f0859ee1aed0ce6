/*
 * For programs: disks. What a program reads and writes goes by DMA straight into and out of its own memory, without a
 * copy, and without a system call as long as the driver is busy anyway.
 *
 *	struct block_disk *disk;
 *	int err = block_open("disk0", &disk);
 *	if (err == 0)
 *		err = block_read(disk, 0, 1, buffer);
 *
 * A sector is 512 bytes. Several requests may be in flight at a time (block_submit); they are done in any order, and
 * what two of them that overlap leave behind is that of either. A write is on the medium when it has ended and a flush
 * that was submitted after that has ended too.
 *
 * Each disk that is open belongs to the environment that opened it; after a fork, the child opens its own. If the
 * driver dies, another takes its place and does what was in flight once more: nothing shows but the time it takes.
 *
 * Errors of requests: -E_INVAL: beyond the end of the disk, no sectors or too many; -E_FAULT: the memory is not mapped,
 * or a read's not writable; -E_READ_ONLY: a write to such a disk; -E_IO: the device says so, or has gone; -E_TIMEOUT:
 * it did not answer.
 */
#ifndef FINCH_BLOCK_H
#define FINCH_BLOCK_H

#include <abi/types.h>
#include <common/names.h>

#define BLOCK_SECTOR 512
#define BLOCK_DEPTH 32       /* requests in flight, at most */
#define BLOCK_COUNT_MAX 256  /* sectors a request, at most */
#define BLOCK_SHARE_MAX 6144 /* pages a program can share for one open disk */

/* What a request is to do. */
enum { BLOCK_READ = 1, BLOCK_WRITE, BLOCK_FLUSH };

/* What a disk is: bits. */
enum {
	BLOCK_READ_ONLY = 1,
	BLOCK_VOLATILE = 2, /* it has a cache that a loss of power empties: writes need a flush */
};

struct block_disk;

/* Open the disk of that name: disk0, disk1, ... 0, or -E_NOT_FOUND: no such disk, or nobody serves disks; -E_NO_MEM;
 * -E_MAX_OPEN: too many are open; -E_IO: its driver does not start. */
int block_open(const char *name, struct block_disk **disk) LINKED_NAME(block_open);
/* Waits for what is in flight. */
void block_close(struct block_disk *disk) LINKED_NAME(block_close);

uint64_t block_sectors(const struct block_disk *disk) LINKED_NAME(block_sectors);
uint32_t block_flags(const struct block_disk *disk) LINKED_NAME(block_flags);

/*
 * Read or write count sectors (any number) from `sector` on, and wait. memory may be anywhere: if a request could not
 * name it, it is copied. 0, or the error of the first part that failed.
 */
int block_read(struct block_disk *disk, uint64_t sector, uint32_t count, void *memory) LINKED_NAME(block_read);
int block_write(struct block_disk *disk, uint64_t sector, uint32_t count, const void *memory) LINKED_NAME(block_write);
int block_flush(struct block_disk *disk) LINKED_NAME(block_flush);

/*
 * Share whole pages with the disk's driver, for requests: they must be writable, and get the mark PTE_SHARE. 0, or
 * -E_INVAL; -E_NO_MEM: more than BLOCK_SHARE_MAX pages in all, or no memory. They stay shared until the disk is closed.
 */
int block_share(struct block_disk *disk, void *memory, size_t pages) LINKED_NAME(block_share);

/*
 * Begin a request of op BLOCK_ with memory from shared pages, a multiple of 512 into them, which must be left alone
 * until it has ended. Its tag, 0 to BLOCK_DEPTH - 1, or -E_BUSY: BLOCK_DEPTH are in flight; -E_FAULT: memory is not
 * shared; other errors come from block_wait.
 */
int block_submit(struct block_disk *disk, int op, uint64_t sector, uint32_t count, void *memory)
	LINKED_NAME(block_submit);
/* Wait for the end of request `tag`; its result, 0 or an error. The tag is free then. */
int block_wait(struct block_disk *disk, int tag) LINKED_NAME(block_wait);
/* Wait for the end of any: its tag, with its result in *result; -E_INVAL: nothing is in flight. */
int block_wait_any(struct block_disk *disk, int *result) LINKED_NAME(block_wait_any);

/*
 * After so many milliseconds without an answer a request is given up, with -E_TIMEOUT: 60000. It may still be done later:
 * its memory is to be left alone. block_read and block_write that have to copy return -E_TIMEOUT until that has happened.
 */
extern uint32_t block_patience_ms LINKED_NAME(block_patience_ms);

#endif
