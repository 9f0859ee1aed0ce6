/* Formatted output to a descriptor, gathered in a buffer like that of print.c. */
#include <common/format.h>
#include <inc/lib.h>

struct fd_sink {
	int fd;
	int result; /* characters so far, or the first error */
	size_t used;
	char text[256];
};

static void fd_flush(struct fd_sink *sink)
{
	if (sink->used > 0 && sink->result >= 0) {
		ssize_t done = write(sink->fd, sink->text, sink->used);
		if (done < 0)
			sink->result = (int)done;
	}
	sink->used = 0;
}

static void fd_put(int c, void *arg)
{
	struct fd_sink *sink = arg;

	sink->text[sink->used++] = (char)c;
	if (sink->result >= 0)
		sink->result++;
	if (sink->used == sizeof(sink->text))
		fd_flush(sink);
}

int vfprintf(int fd, const char *fmt, va_list ap)
{
	struct fd_sink sink;

	sink.fd = fd;
	sink.result = 0;
	sink.used = 0;
	format(fd_put, &sink, fmt, ap);
	fd_flush(&sink);
	return sink.result;
}

int fprintf(int fd, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int result = vfprintf(fd, fmt, ap);
	va_end(ap);
	return result;
}

int printf(const char *fmt, ...)
{
	struct Fd *fd;
	va_list ap;

	va_start(ap, fmt);
	int result = fd_lookup(1, &fd) == 0 ? vfprintf(1, fmt, ap) : vcprintf(fmt, ap);
	va_end(ap);
	return result;
}
