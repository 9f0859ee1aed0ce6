/*
 * Strings and memory.
 *
 * The compiler may turn a loop that copies or clears into a call of memcpy or memset, which within these functions
 * would never end: the loops that it could take for that contain KEEP_LOOP.
 */
#include <common/string.h>

#define KEEP_LOOP __asm__ volatile("")

/* A machine word at any address: memory is moved by these whatever the areas' alignment. */
typedef unsigned long word __attribute__((may_alias, aligned(1)));
#define WORD sizeof(word)
#define BLOCK (8 * WORD)

size_t strlen(const char *s)
{
	size_t n = 0;
	while (s[n]) {
		KEEP_LOOP;
		n++;
	}
	return n;
}

size_t strnlen(const char *s, size_t size)
{
	size_t n = 0;
	while (n < size && s[n])
		n++;
	return n;
}

char *strcpy(char *to, const char *from)
{
	char *at = to;
	while ((*at++ = *from++))
		KEEP_LOOP;
	return to;
}

char *strncpy(char *to, const char *from, size_t size)
{
	size_t n = strnlen(from, size);
	memcpy(to, from, n);
	memset(to + n, 0, size - n);
	return to;
}

char *strcat(char *to, const char *from)
{
	strcpy(to + strlen(to), from);
	return to;
}

size_t strlcpy(char *to, const char *from, size_t size)
{
	size_t length = strlen(from);
	if (size > 0) {
		size_t n = MIN(length, size - 1);
		memcpy(to, from, n);
		to[n] = 0;
	}
	return length;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t size)
{
	while (size > 0 && *a && *a == *b)
		a++, b++, size--;
	return size > 0 ? (unsigned char)*a - (unsigned char)*b : 0;
}

char *strfind(const char *s, int c)
{
	while (*s && *s != (char)c)
		s++;
	return (char *)s;
}

char *strchr(const char *s, int c)
{
	char *found = strfind(s, c);
	return *found ? found : NULL;
}

/* What c stands for in bases up to 36; 99 if it is no digit. */
static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'Z')
		return c - 'A' + 10;
	return 99;
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Pass over a sign; true if it is a minus. */
static bool skip_sign(const char **s)
{
	if (**s != '+' && **s != '-')
		return false;
	return *(*s)++ == '-';
}

/* The base that the prefix at *s tells, when base is 0 or agrees with it; the prefix is passed over. */
static int skip_prefix(const char **s, int base)
{
	const char *p = *s;
	bool hex = p[0] == '0' && (p[1] == 'x' || p[1] == 'X') && digit_value(p[2]) < 16;
	if (hex && (base == 0 || base == 16)) {
		*s += 2;
		return 16;
	}
	if (base == 0)
		return p[0] == '0' ? 8 : 10;
	return base;
}

long strtol(const char *s, char **end, int base)
{
	const char *p = s;
	while (is_blank(*p))
		p++;
	bool minus = skip_sign(&p);
	base = skip_prefix(&p, base);

	unsigned long most = (~0UL >> 1) + minus; /* the largest magnitude that fits */
	unsigned long value = 0;
	const char *first = p;
	for (int digit; (digit = digit_value(*p)) < base; p++) {
		unsigned long next;
		if (__builtin_mul_overflow(value, (unsigned long)base, &next) ||
		    __builtin_add_overflow(next, (unsigned long)digit, &next) || next > most)
			next = most;
		value = value == most ? most : next;
	}
	if (end)
		*end = (char *)(p == first ? s : p);
	return minus ? (long)-value : (long)value;
}

void *memset(void *to, int c, size_t size)
{
	char *d = to;
	word fill = (~0UL / 0xFF) * (unsigned char)c;

	for (; size >= BLOCK; size -= BLOCK, d += BLOCK) {
		word *w = (word *)d;
		w[0] = fill, w[1] = fill, w[2] = fill, w[3] = fill;
		w[4] = fill, w[5] = fill, w[6] = fill, w[7] = fill;
		KEEP_LOOP;
	}
	for (; size >= WORD; size -= WORD, d += WORD) {
		*(word *)d = fill;
		KEEP_LOOP;
	}
	while (size-- > 0) {
		*d++ = (char)c;
		KEEP_LOOP;
	}
	return to;
}

/* Each word is read before it is written: right when to lies below from, whatever the distance. */
static void copy_upwards(char *d, const char *s, size_t size)
{
	for (; size >= BLOCK; size -= BLOCK, d += BLOCK, s += BLOCK) {
		word *w = (word *)d;
		const word *v = (const word *)s;
		w[0] = v[0], w[1] = v[1], w[2] = v[2], w[3] = v[3];
		w[4] = v[4], w[5] = v[5], w[6] = v[6], w[7] = v[7];
		KEEP_LOOP;
	}
	for (; size >= WORD; size -= WORD, d += WORD, s += WORD) {
		*(word *)d = *(const word *)s;
		KEEP_LOOP;
	}
	while (size-- > 0) {
		*d++ = *s++;
		KEEP_LOOP;
	}
}

static void copy_downwards(char *d, const char *s, size_t size)
{
	while (size >= WORD) {
		size -= WORD;
		*(word *)(d + size) = *(const word *)(s + size);
		KEEP_LOOP;
	}
	while (size-- > 0) {
		d[size] = s[size];
		KEEP_LOOP;
	}
}

void *memmove(void *to, const void *from, size_t size)
{
	if ((uintptr_t)to - (uintptr_t)from < size)
		copy_downwards(to, from, size);
	else
		copy_upwards(to, from, size);
	return to;
}

void *memcpy(void *to, const void *from, size_t size)
{
	return memmove(to, from, size);
}

int memcmp(const void *a, const void *b, size_t size)
{
	const unsigned char *p = a, *q = b;
	for (; size > 0; size--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

void *memfind(const void *s, int c, size_t size)
{
	const unsigned char *p = s, *end = p + size;
	while (p < end && *p != (unsigned char)c)
		p++;
	return (void *)p;
}
