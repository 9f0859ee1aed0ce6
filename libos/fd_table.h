/* What fd.c and the devices share: where a descriptor's pages are, and the lock of the table. */
#ifndef FINCH_LIBOS_FD_TABLE_H
#define FINCH_LIBOS_FD_TABLE_H

#include <common/names.h>
#include <finch/mutex.h>
#include <inc/fd.h>
#include <inc/memlayout.h>

#define FD_TABLE 0xD0000000
#define FD_COUNT 32
#define FD_DATA (FD_TABLE + FD_COUNT * PGSIZE)
#define FD_MORE (FD_TABLE + 0x100000) /* more data pages, for devices that want them */
#define FD_MORE_PAGES 8

/* Taken by who opens a descriptor, from before it looks for a free one until that is mapped; and by who closes one. */
extern struct mutex fd_table_lock LINKED_NAME(fd_table_lock);

static inline char *fd2more(struct Fd *fd)
{
	return (char *)(FD_MORE + ((uintptr_t)fd - FD_TABLE) * FD_MORE_PAGES);
}

/* Map the data pages of from at to as well, where it has any; after an error none. */
int fd_data_dup(struct Fd *from, struct Fd *to) LINKED_NAME(fd_data_dup);
void fd_data_unmap(struct Fd *fd) LINKED_NAME(fd_data_unmap);

/* Enter child, which shares this program's descriptors, as a holder of its pipes. -E_NO_MEM. */
int pipe_inherit(envid_t child) LINKED_NAME(pipe_inherit);

#endif
