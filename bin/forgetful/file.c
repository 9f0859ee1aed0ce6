/*
 * Checkpoints between two boots. Out they go as text on the console, from where ./finch run --save takes them; in they
 * come as a file of the boot archive (./finch run --add).
 */
#include <finch/archive.h>
#include <finch/checkpoint.h>

#include "forgetful.h"

#define LINE_BYTES 57 /* make 76 characters, as RFC 2045 has it */

/* --- Out: base64 (RFC 4648, section 4) --- */

struct printer {
	uint8_t bytes[LINE_BYTES];
	unsigned used;
};

static void print_line(struct printer *printer)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char line[LINE_BYTES / 3 * 4 + 2], *to = line;

	memset(printer->bytes + printer->used, 0, LINE_BYTES - printer->used);
	for (unsigned i = 0; i < printer->used; i += 3) {
		const uint8_t *b = printer->bytes + i;
		uint32_t bits = (uint32_t)b[0] << 16 | b[1] << 8 | b[2];
		unsigned left = printer->used - i;
		*to++ = digits[bits >> 18];
		*to++ = digits[bits >> 12 & 63];
		*to++ = left > 1 ? digits[bits >> 6 & 63] : '=';
		*to++ = left > 2 ? digits[bits & 63] : '=';
	}
	*to++ = '\n';
	if (printer->used > 0)
		sys_cputs(line, (size_t)(to - line));
	printer->used = 0;
}

static int print(const void *data, size_t n, void *arg)
{
	struct printer *printer = arg;
	const uint8_t *from = data;

	while (n > 0) {
		size_t piece = MIN(n, (size_t)LINE_BYTES - printer->used);
		memcpy(printer->bytes + printer->used, from, piece);
		printer->used += piece;
		from += piece;
		n -= piece;
		if (printer->used == LINE_BYTES)
			print_line(printer);
	}
	return 0;
}

int print_checkpoint(envid_t checkpoint)
{
	struct printer printer = { .used = 0 };

	cprintf("-----BEGIN FILE-----\n");
	int err = checkpoint_write(checkpoint, print, &printer);
	print_line(&printer);
	cprintf("-----END FILE-----\n");
	return err;
}

/* --- In --- */

struct source {
	const char *at;
	size_t left;
};

static int take(void *data, size_t n, void *arg)
{
	struct source *source = arg;

	if (n > source->left)
		return -E_EOF;
	memcpy(data, source->at, n);
	source->at += n;
	source->left -= n;
	return 0;
}

envid_t load_checkpoint(const char *name)
{
	struct source source;
	const void *data;
	const char *wrong;
	int err = archive_find(name, &data, &source.left);

	if (err < 0) {
		printf("forgetful: %s: %e\n", name, err);
		return err;
	}
	source.at = data;
	envid_t checkpoint = checkpoint_read(take, &source, &wrong);
	if (checkpoint < 0)
		printf("forgetful: %s: %s (%e)\n", name, wrong, checkpoint);
	return checkpoint;
}
