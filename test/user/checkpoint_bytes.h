/*
 * What the tests of checkpoints as bytes share: the bytes, in memory of the test, and what gives them and takes them.
 */
#ifndef TEST_CHECKPOINT_BYTES_H
#define TEST_CHECKPOINT_BYTES_H

#include <finch/checkpoint.h>
#include "child.h"

#define BYTES ((uint8_t *)0x60000000)
#define BYTES_PAGES 256

static size_t written, taken; /* so many have been */
static size_t put_limit = BYTES_PAGES * PGSIZE;

/* For checkpoint_write: no more than put_limit. */
static int put(const void *data, size_t n, void *arg)
{
	USED(arg);
	if (n > put_limit - written)
		return -E_NO_DISK;
	memcpy(BYTES + written, data, n);
	written += n;
	return 0;
}

/* For checkpoint_read. */
static int get(void *data, size_t n, void *arg)
{
	USED(arg);
	if (n > written - taken)
		return -E_EOF;
	memcpy(data, BYTES + taken, n);
	taken += n;
	return 0;
}

/* Read a checkpoint from the first byte on. */
static envid_t read_bytes(const char **wrong)
{
	taken = 0;
	return checkpoint_read(get, NULL, wrong);
}

#endif
