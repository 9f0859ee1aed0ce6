/*
 * Makes a boot archive: a cpio archive of the "newc" kind, each file's data at a multiple of 4096 bytes from the
 * archive's start, so that programs can be mapped from it and not copied.
 *
 *     mkarchive OUTPUT [NAME=FILE | FILE]...
 *
 * A FILE without NAME gets its last path component. The same arguments give the same bytes: no times, no owners.
 * Any cpio program reads the result; the padding before data is a name field longer than its name.
 * Exit status: 0 all well, 1 not (and OUTPUT is not left half written), 2 wrong usage.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cpio(5), "New ASCII Format": a magic number and 13 fields of 8 hexadecimal digits, then the name. */
#define HEADER_SIZE (6 + 13 * 8)
#define ALIGNMENT 4096
#define NAME_LIMIT 100
#define MODE_FILE 0100755

static const char *output_name;
static FILE *output;
static unsigned long position;

static void fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("mkarchive: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	if (output) {
		fclose(output);
		remove(output_name);
	}
	exit(1);
}

static void put(const void *data, size_t size)
{
	if (fwrite(data, 1, size, output) != size)
		fail("cannot write %s: %s", output_name, strerror(errno));
	position += size;
}

static void pad_to(unsigned long end)
{
	while (position < end)
		put("", 1);
}

static unsigned long round_up(unsigned long n, unsigned long to)
{
	return (n + to - 1) / to * to;
}

/* Write a header whose name field ends at position data_at. */
static void put_header(unsigned inode, unsigned mode, unsigned long size, const char *name, unsigned long data_at)
{
	char header[HEADER_SIZE + 1];

	snprintf(header, sizeof(header), "070701%08x%08x%08x%08x%08x%08x%08lx%08x%08x%08x%08x%08lx%08x", inode, mode, 0, 0,
		1, 0, size, 0, 0, 0, 0, data_at - position - HEADER_SIZE, 0);
	put(header, HEADER_SIZE);
	put(name, strlen(name));
	pad_to(data_at);
}

/* The whole of a file, on the heap. */
static char *read_file(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	char *data = NULL;
	size_t room = 0;

	if (!f)
		fail("cannot open %s: %s", path, strerror(errno));
	*size = 0;
	do {
		if (*size == room)
			data = realloc(data, room = room ? room * 2 : 65536);
		if (!data)
			fail("no memory for %s", path);
		*size += fread(data + *size, 1, room - *size, f);
	} while (!feof(f) && !ferror(f));
	if (ferror(f))
		fail("cannot read %s: %s", path, strerror(errno));
	if (*size > 0x7fffffff)
		fail("%s is too large (2 GB is the most)", path);
	fclose(f);
	return data;
}

static void put_file(unsigned inode, const char *name, const char *path)
{
	size_t size;
	char *data = read_file(path, &size);

	put_header(inode, MODE_FILE, size, name, round_up(position + HEADER_SIZE + strlen(name) + 1, ALIGNMENT));
	put(data, size);
	pad_to(round_up(position, 4));
	free(data);
}

static void check_name(const char *name, const char *argument)
{
	if (!*name)
		fail("'%s' gives an empty name", argument);
	if (strlen(name) > NAME_LIMIT)
		fail("the name '%s' is longer than %d bytes", name, NAME_LIMIT);
	if (name[0] == '/' || !strncmp(name, "./", 2) || !strncmp(name, "../", 3))
		fail("the name '%s' must not begin with '/', './' or '../'", name);
	if (!strcmp(name, "TRAILER!!!"))
		fail("the name 'TRAILER!!!' marks the end of an archive");
	for (const char *c = name; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			fail("the name '%s' has a space or control character in it", name);
}

/* Split an argument in place into name and path. */
static void split(char *argument, const char **name, const char **path)
{
	char *equals = strchr(argument, '=');
	char *slash = strrchr(argument, '/');

	if (equals) {
		*equals = 0;
		*name = argument;
		*path = equals + 1;
	} else {
		*name = slash ? slash + 1 : argument;
		*path = argument;
	}
	check_name(*name, argument);
}

int main(int argc, char **argv)
{
	const char **names = calloc(argc, sizeof(*names));
	const char **paths = calloc(argc, sizeof(*paths));

	if (argc < 2) {
		fputs("usage: mkarchive OUTPUT [NAME=FILE | FILE]...\n", stderr);
		return 2;
	}
	if (!names || !paths)
		fail("no memory");
	for (int i = 2; i < argc; i++) {
		split(argv[i], &names[i], &paths[i]);
		for (int j = 2; j < i; j++)
			if (!strcmp(names[i], names[j]))
				fail("two files are to be called '%s': %s and %s", names[i], paths[j], paths[i]);
	}
	output_name = argv[1];
	output = fopen(output_name, "wb");
	if (!output)
		fail("cannot create %s: %s", output_name, strerror(errno));
	for (int i = 2; i < argc; i++)
		put_file(i - 1, names[i], paths[i]);
	put_header(0, 0, 0, "TRAILER!!!", round_up(position + HEADER_SIZE + sizeof("TRAILER!!!"), 4));
	pad_to(round_up(position, ALIGNMENT));
	if (fclose(output)) {
		output = NULL;
		fail("cannot write %s: %s", output_name, strerror(errno));
	}
	free(names);
	free(paths);
	return 0;
}
