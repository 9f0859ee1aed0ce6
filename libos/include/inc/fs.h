/* For programs: files as a directory descriptor shows them. */
#ifndef INC_FS_H
#define INC_FS_H

#include <inc/types.h>

#define MAXNAMELEN 128
#define MAXPATHLEN 1024

enum { FTYPE_REG = 0, FTYPE_DIR = 1 };

/* One entry of a directory: reading one yields these. */
struct File {
	char f_name[MAXNAMELEN];
	off_t f_size;
	uint32_t f_type; /* FTYPE_ */
	uint8_t f_pad[256 - MAXNAMELEN - 8];
} __attribute__((packed));

static_assert(sizeof(struct File) == 256, "a directory entry is 256 bytes");

#endif
