/* Descriptors and the console device of libos. */
#include "check.h"

static struct Fd *fd_of(int fdnum)
{
	struct Fd *fd = NULL;
	expect_is(fd_lookup(fdnum, &fd), 0);
	return fd;
}

static void not_open(void)
{
	struct Fd *fd;
	struct Stat stat;
	char byte;

	for (int i = -1; i <= 33; i++) {
		expect_error(fd_lookup(i, &fd), E_INVAL);
		expect_error(close(i), E_INVAL);
		expect_error((int)read(i, &byte, 1), E_INVAL);
		expect_error((int)readn(i, &byte, 1), E_INVAL);
		expect_error((int)write(i, "x", 1), E_INVAL);
		expect_error(fstat(i, &stat), E_INVAL);
		expect_error(seek(i, 0), E_INVAL);
		expect_error(ftruncate(i, 0), E_INVAL);
		expect_error(dup(i, 1), E_INVAL);
		expect_error(iscons(i), E_INVAL);
	}
}

static void console(void)
{
	struct Stat stat;

	expect_is(opencons(), 0);
	expect_is(iscons(0), 1);
	expect_is(fstat(0, &stat), 0);
	expect(stat.st_dev == &devcons && !stat.st_isdir && stat.st_size == 0 && stat.st_name[0]);
	expect_is((int)write(0, "written\n", 8), 8);
	expect_is(fprintf(0, "%s %d\n", "printed", 5), 10);
	expect_is((int)read(0, NULL, 0), 0);
	expect_error(ftruncate(0, 0), E_NOT_SUPP);
	expect_is(fd_of(0)->fd_dev_id, 'c');
	expect_is(perm_of(fd_of(0)), RW | PTE_SHARE);
}

static void modes(void)
{
	char byte;

	fd_of(0)->fd_omode = O_WRONLY;
	expect_error((int)read(0, &byte, 1), E_INVAL);
	fd_of(0)->fd_omode = O_RDONLY;
	expect_error((int)write(0, "x", 1), E_INVAL);
	expect_error(ftruncate(0, 0), E_INVAL);
	fd_of(0)->fd_omode = O_RDWR;
	fd_of(0)->fd_dev_id = '?';
	expect_error((int)write(0, "x", 1), E_INVAL);
	fd_of(0)->fd_dev_id = 'c';
}

static void dups(void)
{
	expect_is(dup(0, 0), 0);
	expect_is(dup(0, 5), 5);
	expect_is(pageref(fd_of(5)), 2);
	expect_is(seek(5, 77), 0);
	expect_is(fd_of(0)->fd_offset, 77);
	expect_error(dup(0, 32), E_INVAL);
	expect_error(dup(0, -1), E_INVAL);
	expect_is(close(5), 0);
	expect_is(pageref(fd_of(0)), 1);
	expect_error(close(5), E_INVAL);
}

/* The page of a device's data goes with its descriptor. */
static void data_pages(void)
{
	char *data = fd2data(fd_of(0));

	expect_is(sys_page_alloc(0, data, RW | PTE_SHARE), 0);
	strcpy(data, "data");
	expect_is(dup(0, 9), 9);
	expect_is(strcmp(fd2data(fd_of(9)), "data"), 0);
	expect_is(pageref(data), 2);
	expect_is(fd2num(fd_of(9)), 9);
	expect_is(close(9), 0);
	expect_is(sys_page_unmap(0, fd2data((struct Fd *)((char *)fd_of(0) + 9 * PGSIZE))), 0);
	expect_is(sys_page_unmap(0, data), 0);
}

static void all_of_them(void)
{
	struct Fd *fd;

	for (int i = 1; i < 32; i++)
		expect_is(opencons(), i);
	expect_error(opencons(), E_MAX_OPEN);
	expect_error(fd_alloc(&fd), E_MAX_OPEN);
	expect_is(close(17), 0);
	expect_is(fd_alloc(&fd), 0);
	expect_is(fd2num(fd), 17);
	expect_is(fd_close(fd, false), 0);
	expect_error(fd_close(fd, true), E_INVAL);
	close_all();
	not_open();
}

void umain(int argc, char **argv)
{
	USED(argc);
	USED(argv);
	close_all();
	not_open();
	console();
	modes();
	dups();
	data_pages();
	all_of_them();
}
