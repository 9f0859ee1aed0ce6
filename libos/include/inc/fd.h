/*
 * For programs: file descriptors. A descriptor is a page that holds a struct Fd, shared by all environments that have
 * it open (PTE_SHARE), and one page for its device's data.
 */
#ifndef INC_FD_H
#define INC_FD_H

#include <inc/fs.h>
#include <inc/types.h>

struct Fd;
struct Stat;

/* A kind of thing that a descriptor can lead to, and how it does what read, write and so on ask. */
struct Dev {
	int dev_id;
	const char *dev_name;
	ssize_t (*dev_read)(struct Fd *fd, void *buf, size_t len);
	ssize_t (*dev_write)(struct Fd *fd, const void *buf, size_t len);
	int (*dev_close)(struct Fd *fd);
	int (*dev_stat)(struct Fd *fd, struct Stat *stat);
	int (*dev_trunc)(struct Fd *fd, off_t size);
};

struct FdFile {
	int id; /* the file server's number of it */
};

struct Fd {
	int fd_dev_id;
	off_t fd_offset;
	int fd_omode;
	union {
		struct FdFile fd_file;
	};
};

struct Stat {
	char st_name[MAXNAMELEN];
	off_t st_size;
	int st_isdir;
	struct Dev *st_dev;
};

#define O_RDONLY 0x0000
#define O_WRONLY 0x0001
#define O_RDWR 0x0002
#define O_ACCMODE 0x0003
#define O_CREAT 0x0100
#define O_TRUNC 0x0200
#define O_EXCL 0x0400
#define O_MKDIR 0x0800

extern struct Dev devcons;
extern struct Dev devpipe;

/* --- For devices. --- */

char *fd2data(struct Fd *fd);
int fd2num(struct Fd *fd);
/* Find the lowest free descriptor; its page is not mapped yet. -E_MAX_OPEN. */
int fd_alloc(struct Fd **fd);
/*
 * Close fd by its device and unmap its page. Where must_exist is false a descriptor that is not open is no error, where
 * it is true that is -E_INVAL.
 */
int fd_close(struct Fd *fd, bool must_exist);
/* Find the struct Fd of an open descriptor. -E_INVAL: it is not open. */
int fd_lookup(int fdnum, struct Fd **fd);
/* Find a device by its id. -E_INVAL: there is none. */
int dev_lookup(int dev_id, struct Dev **dev);

/* --- For programs. Each returns an error as a negative number; -E_INVAL: fdnum is not open, or not for that. --- */

/* Read at most len bytes, advancing the descriptor's position. 0 at the end. */
ssize_t read(int fdnum, void *buf, size_t len);
/* Read until len bytes are there or the end comes. */
ssize_t readn(int fdnum, void *buf, size_t len);
ssize_t write(int fdnum, const void *buf, size_t len);
int seek(int fdnum, off_t offset);
int ftruncate(int fdnum, off_t size);
int fstat(int fdnum, struct Stat *stat);
int close(int fdnum);
void close_all(void);
/* Let newfdnum be another name of oldfdnum, closing it first. Returns newfdnum. */
int dup(int oldfdnum, int newfdnum);
/*
 * Make a pipe: what is written to fds[1] can be read from fds[0]. A read waits until there is something, and returns 0
 * when there is nothing and nobody has the other end open; a write waits until all is written, and returns -E_EOF,
 * or how much came before, when nobody can read it. -E_MAX_OPEN, -E_NO_MEM.
 */
int pipe(int fds[2]);
/* Has nobody the other end of this pipe open? 1 or 0. -E_INVAL: fdnum is no pipe. */
int pipeisclosed(int fdnum);

#endif
