/*
 * In place of drv/lib, for host tests of drivers: requests, and a clock that passes when a driver pauses. Before the
 * driver's own files.
 */
#ifndef FINCH_TEST_HOST_DRIVER_H
#define FINCH_TEST_HOST_DRIVER_H

#include "host.h"

#include <abi/error.h>

#define DRV_LIB_BLOCK_SERVER_H

#define BLOCK_SECTOR 512
enum { BLOCK_READ = 1, BLOCK_WRITE, BLOCK_FLUSH };

#define BLOCK_PIECES_MAX 33

struct block_piece {
	uint32_t address, size;
};
struct block_request {
	uint32_t op, unit;
	uint64_t sector;
	uint32_t count;
	char *memory;
	uint32_t piece_count;
	struct block_piece pieces[BLOCK_PIECES_MAX];
	int ended, result; /* for the test: how often it was ended, and with what the last time */
};

static uint32_t clock_ms;

/* What the device does meanwhile: the test's. */
static void driver_pauses(void);

static inline uint32_t block_now(void)
{
	return clock_ms;
}

static inline bool block_passed(uint32_t since, uint32_t ms)
{
	return clock_ms - since >= ms;
}

static inline void block_pause(uint32_t ms)
{
	clock_ms += ms;
	driver_pauses();
}

static inline void block_say(const char *format, ...)
{
	USED(format);
}

static inline void block_end(struct block_request *request, int result)
{
	request->ended++;
	request->result = result;
}

#endif
