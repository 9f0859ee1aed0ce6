/*
 * File descriptors: 32 pages from FD_TABLE on, each mapped while its descriptor is open, after them a page each for the
 * device's data, and FD_MORE_PAGES each for more of it. Everything about an open descriptor is in these pages, which
 * are shared with whoever else has it open: this file keeps no state.
 */
#include <finch/memory.h>
#include <inc/lib.h>
#include "fd_table.h"
#include "forking.h"

struct mutex fd_table_lock;
FORK_LOCK(fd_table_lock);

static struct Dev *const devices[] = { &devpipe, &devcons };

static struct Fd *fd_at(int fdnum)
{
	return (struct Fd *)(FD_TABLE + (uintptr_t)fdnum * PGSIZE);
}

static inline bool is_open(int fdnum)
{
	return uvpd[PDX(FD_TABLE)] & PTE_P && uvpt[PGNUM(FD_TABLE) + (size_t)fdnum] & PTE_P;
}

int fd2num(struct Fd *fd)
{
	return (int)(((uintptr_t)fd - FD_TABLE) / PGSIZE);
}

char *fd2data(struct Fd *fd)
{
	return (char *)(FD_DATA + (uintptr_t)fd2num(fd) * PGSIZE);
}

int fd_alloc(struct Fd **fd)
{
	for (int i = 0; i < FD_COUNT; i++) {
		if (is_open(i))
			continue;
		*fd = fd_at(i);
		return 0;
	}
	*fd = NULL;
	return -E_MAX_OPEN;
}

int fd_lookup(int fdnum, struct Fd **fd)
{
	if (fdnum < 0 || fdnum >= FD_COUNT || !is_open(fdnum))
		return -E_INVAL;
	*fd = fd_at(fdnum);
	return 0;
}

int dev_lookup(int dev_id, struct Dev **dev)
{
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		if (devices[i]->dev_id == dev_id) {
			*dev = devices[i];
			return 0;
		}
	}
	*dev = NULL;
	return -E_INVAL;
}

/* The struct Fd and the device of an open descriptor. */
static int fd_open(int fdnum, struct Fd **fd, struct Dev **dev)
{
	int err = fd_lookup(fdnum, fd);
	return err < 0 ? err : dev_lookup((*fd)->fd_dev_id, dev);
}

int fd_close(struct Fd *fd, bool must_exist)
{
	struct Fd *open;
	struct Dev *dev;
	int err = fd_open(fd2num(fd), &open, &dev);

	if (err < 0)
		return must_exist ? err : 0;
	mutex_lock(&fd_table_lock);
	if (dev->dev_close)
		err = dev->dev_close(fd);
	sys_page_unmap(0, fd);
	mutex_unlock(&fd_table_lock);
	return err;
}

int close(int fdnum)
{
	struct Fd *fd;
	int err = fd_lookup(fdnum, &fd);
	return err < 0 ? err : fd_close(fd, true);
}

void close_all(void)
{
	if (!(uvpd[PDX(FD_TABLE)] & PTE_P))
		return;
	for (int i = 0; i < FD_COUNT; i++)
		if (is_open(i))
			close(i);
}

/* Map the page at from, with the permissions that it has, at to as well. */
static int page_dup(const void *from, void *to)
{
	return sys_page_map(0, (void *)from, 0, to, uvpt[PGNUM(from)] & PTE_SYSCALL);
}

int fd_data_dup(struct Fd *from, struct Fd *to)
{
	int err = page_mapped(fd2data(from)) ? page_dup(fd2data(from), fd2data(to)) : 0;

	if (err == 0 && page_mapped(fd2more(from)))
		err = pages_share(fd2more(from), 0, fd2more(to), uvpt[PGNUM(fd2more(from))] & PTE_SYSCALL, FD_MORE_PAGES);
	if (err < 0)
		sys_page_unmap(0, fd2data(to));
	return err;
}

void fd_data_unmap(struct Fd *fd)
{
	sys_page_unmap(0, fd2data(fd));
	if (page_mapped(fd2more(fd)))
		pages_unmap(0, fd2more(fd), FD_MORE_PAGES);
}

int dup(int oldfdnum, int newfdnum)
{
	struct Fd *old, *new;
	int err = fd_lookup(oldfdnum, &old);

	if (err < 0)
		return err;
	if (newfdnum < 0 || newfdnum >= FD_COUNT)
		return -E_INVAL;
	if (newfdnum == oldfdnum)
		return newfdnum;
	new = fd_at(newfdnum);
	fd_close(new, false);
	mutex_lock(&fd_table_lock);
	/* The data first: a descriptor whose struct Fd is there has its data too. */
	if ((err = fd_data_dup(old, new)) == 0 && (err = page_dup(old, new)) < 0)
		fd_data_unmap(new);
	mutex_unlock(&fd_table_lock);
	return err < 0 ? err : newfdnum;
}

ssize_t read(int fdnum, void *buf, size_t len)
{
	struct Fd *fd;
	struct Dev *dev;
	int err = fd_open(fdnum, &fd, &dev);

	if (err < 0)
		return err;
	if ((fd->fd_omode & O_ACCMODE) == O_WRONLY)
		return -E_INVAL;
	return dev->dev_read ? dev->dev_read(fd, buf, len) : -E_NOT_SUPP;
}

ssize_t readn(int fdnum, void *buf, size_t len)
{
	size_t done = 0;
	while (done < len) {
		ssize_t n = read(fdnum, (char *)buf + done, len - done);
		if (n < 0)
			return n;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

ssize_t write(int fdnum, const void *buf, size_t len)
{
	struct Fd *fd;
	struct Dev *dev;
	int err = fd_open(fdnum, &fd, &dev);

	if (err < 0)
		return err;
	if ((fd->fd_omode & O_ACCMODE) == O_RDONLY)
		return -E_INVAL;
	return dev->dev_write ? dev->dev_write(fd, buf, len) : -E_NOT_SUPP;
}

int seek(int fdnum, off_t offset)
{
	struct Fd *fd;
	int err = fd_lookup(fdnum, &fd);

	if (err == 0)
		fd->fd_offset = offset;
	return err;
}

int ftruncate(int fdnum, off_t size)
{
	struct Fd *fd;
	struct Dev *dev;
	int err = fd_open(fdnum, &fd, &dev);

	if (err < 0)
		return err;
	if ((fd->fd_omode & O_ACCMODE) == O_RDONLY)
		return -E_INVAL;
	return dev->dev_trunc ? dev->dev_trunc(fd, size) : -E_NOT_SUPP;
}

int fstat(int fdnum, struct Stat *stat)
{
	struct Fd *fd;
	struct Dev *dev;
	int err = fd_open(fdnum, &fd, &dev);

	if (err < 0)
		return err;
	if (!dev->dev_stat)
		return -E_NOT_SUPP;
	memset(stat, 0, sizeof(*stat));
	stat->st_dev = dev;
	return dev->dev_stat(fd, stat);
}
