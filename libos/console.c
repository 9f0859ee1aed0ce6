/*
 * The console as characters and as the device `cons`. Reading sleeps until a key comes. Byte 4 (Ctrl-D) is the end of
 * input: the read that meets it returns 0, the next one waits for more.
 */
#include <finch/syscall.h>
#include <inc/lib.h>
#include "fd_table.h"

#define END_OF_INPUT 4

static ssize_t console_read(struct Fd *fd, void *buf, size_t len)
{
	int c;

	USED(fd);
	if (len == 0)
		return 0;
	while ((c = sys_cgetc()) == 0)
		sys_console_wait(TIMEOUT_NEVER);
	if (c < 0)
		return c;
	if (c == END_OF_INPUT)
		return 0;
	*(char *)buf = (char)c;
	return 1;
}

static ssize_t console_write(struct Fd *fd, const void *buf, size_t len)
{
	USED(fd);
	sys_cputs(buf, len);
	return (ssize_t)len;
}

static int console_close(struct Fd *fd)
{
	USED(fd);
	return 0;
}

static int console_stat(struct Fd *fd, struct Stat *stat)
{
	USED(fd);
	strcpy(stat->st_name, "<cons>");
	return 0;
}

struct Dev devcons = {
	.dev_id = 'c',
	.dev_name = "cons",
	.dev_read = console_read,
	.dev_write = console_write,
	.dev_close = console_close,
	.dev_stat = console_stat,
};

void cputchar(int c)
{
	char byte = (char)c;
	sys_cputs(&byte, 1);
}

int getchar(void)
{
	struct Fd *fd;
	unsigned char c;
	ssize_t n = fd_lookup(0, &fd) == 0 ? read(0, &c, 1) : console_read(NULL, &c, 1);

	if (n < 0)
		return (int)n;
	return n == 0 ? -E_EOF : c;
}

int iscons(int fdnum)
{
	struct Fd *fd;
	int err = fd_lookup(fdnum, &fd);
	return err < 0 ? err : fd->fd_dev_id == devcons.dev_id;
}

int opencons(void)
{
	struct Fd *fd;

	mutex_lock(&fd_table_lock);
	int err = fd_alloc(&fd);
	if (err == 0 && (err = sys_page_alloc(0, fd, PTE_P | PTE_U | PTE_W | PTE_SHARE)) == 0) {
		fd->fd_dev_id = devcons.dev_id;
		fd->fd_omode = O_RDWR;
		err = fd2num(fd);
	}
	mutex_unlock(&fd_table_lock);
	return err;
}
