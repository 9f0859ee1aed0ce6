/*
 * Formatted output: read a conversion into a struct spec, take its argument, write it padded.
 */
#include <common/decimal.h>
#include <common/div64.h>
#include <common/error.h>
#include <common/format.h>
#include <common/string.h>

#define WIDTH_MAX 0xFFFF /* wider than any use, and small enough that sums of a few cannot overflow */

struct out {
	void (*put)(int c, void *arg);
	void *arg;
};

struct spec {
	bool left;      /* pad on the right */
	bool zero;      /* pad numbers with zeros */
	bool plus;      /* a sign before positive numbers too */
	bool alternate; /* # was given */
	int width;
	int precision;  /* -1: none given */
	int size;       /* bytes of an integer argument */
	char kind;      /* the conversion's letter */
};

/* A number's text: sign or base before it, then its digits. */
struct number {
	const char *prefix;
	const char *digits;
	int count;
};

static void put_text(const struct out *out, const char *s, int length)
{
	for (int i = 0; i < length; i++)
		out->put((unsigned char)s[i], out->arg);
}

static void put_fill(const struct out *out, char c, int count)
{
	while (count-- > 0)
		out->put(c, out->arg);
}

/* A width or precision at *fmt: digits, or * for an argument. 0 if there is neither. */
static int read_count(const char **fmt, va_list *ap)
{
	int count = 0;
	if (**fmt == '*') {
		++*fmt;
		count = va_arg(*ap, int);
		return count > WIDTH_MAX ? WIDTH_MAX : count < -WIDTH_MAX ? -WIDTH_MAX : count;
	}
	for (; **fmt >= '0' && **fmt <= '9'; ++*fmt)
		count = count > WIDTH_MAX / 10 ? WIDTH_MAX : count * 10 + (**fmt - '0');
	return count;
}

static void read_flags(const char **fmt, struct spec *spec)
{
	for (;; ++*fmt) {
		if (**fmt == '-')
			spec->left = true;
		else if (**fmt == '0')
			spec->zero = true;
		else if (**fmt == '+')
			spec->plus = true;
		else if (**fmt == '#')
			spec->alternate = true;
		else
			return;
	}
}

static int read_size(const char **fmt)
{
	if (**fmt == 'z') {
		++*fmt;
		return sizeof(size_t);
	}
	if (**fmt != 'l')
		return sizeof(int);
	++*fmt;
	if (**fmt != 'l')
		return sizeof(long);
	++*fmt;
	return sizeof(long long);
}

/* Read the conversion that follows a %; *fmt is left after its letter. */
static struct spec read_spec(const char **fmt, va_list *ap)
{
	struct spec spec = { .precision = -1 };

	read_flags(fmt, &spec);
	spec.width = read_count(fmt, ap);
	if (spec.width < 0) {
		spec.left = true;
		spec.width = -spec.width;
	}
	if (**fmt == '.') {
		++*fmt;
		spec.precision = read_count(fmt, ap);
		if (spec.precision < 0)
			spec.precision = -1;
	}
	spec.size = read_size(fmt);
	spec.kind = **fmt;
	if (spec.kind)
		++*fmt;
	return spec;
}

static uint64_t take_unsigned(const struct spec *spec, va_list *ap)
{
	return spec->size == 8 ? va_arg(*ap, uint64_t) : va_arg(*ap, uint32_t);
}

static int64_t take_signed(const struct spec *spec, va_list *ap)
{
	return spec->size == 8 ? va_arg(*ap, int64_t) : va_arg(*ap, int32_t);
}

/* Write value's digits so that they end before end; returns the first. 0 has none. */
static char *write_digits(char *end, uint64_t value, uint32_t base, const char *digits)
{
	for (; value >> 32; *--end = digits[div64_32(&value, base)])
		;
	for (uint32_t rest = (uint32_t)value; rest; rest /= base)
		*--end = digits[rest % base];
	return end;
}

static void put_number(const struct out *out, const struct spec *spec, const struct number *number)
{
	int prefix = (int)strlen(number->prefix);
	int least = spec->precision < 0 ? 1 : spec->precision;
	if (spec->precision < 0 && spec->zero && !spec->left)
		least = MAX(least, spec->width - prefix);
	int zeros = MAX(0, least - number->count);
	int pad = spec->width - prefix - zeros - number->count;

	if (!spec->left)
		put_fill(out, ' ', pad);
	put_text(out, number->prefix, prefix);
	put_fill(out, '0', zeros);
	put_text(out, number->digits, number->count);
	if (spec->left)
		put_fill(out, ' ', pad);
}

static void put_unsigned(const struct out *out, const struct spec *spec, uint64_t value, uint32_t base)
{
	char buffer[24]; /* 64 bits are 22 octal digits */
	char *end = buffer + sizeof(buffer);
	char *first = write_digits(end, value, base, spec->kind == 'X' ? "0123456789ABCDEF" : "0123456789abcdef");
	struct number number = { "", first, (int)(end - first) };

	if (spec->alternate && base == 16 && value)
		number.prefix = spec->kind == 'X' ? "0X" : "0x";
	if (spec->alternate && base == 8 && spec->precision <= number.count) {
		*--first = '0';
		number.digits = first;
		number.count++;
	}
	put_number(out, spec, &number);
}

static void put_signed(const struct out *out, const struct spec *spec, int64_t value)
{
	char buffer[24];
	char *end = buffer + sizeof(buffer);
	char *first = write_digits(end, value < 0 ? -(uint64_t)value : (uint64_t)value, 10, "0123456789");
	struct number number = { value < 0 ? "-" : spec->plus ? "+" : "", first, (int)(end - first) };
	put_number(out, spec, &number);
}

static void put_pointer(const struct out *out, const struct spec *spec, const void *pointer)
{
	char buffer[24];
	char *end = buffer + sizeof(buffer);
	char *first = write_digits(end, (uintptr_t)pointer, 16, "0123456789abcdef");
	struct spec wide = { .left = spec->left, .width = spec->width, .precision = 8 };
	struct number number = { "0x", first, (int)(end - first) };
	put_number(out, &wide, &number);
}

static void put_string(const struct out *out, const struct spec *spec, const char *s)
{
	if (!s)
		s = "(null)";
	int length = (int)(spec->precision < 0 ? strlen(s) : strnlen(s, (size_t)spec->precision));
	char fill = spec->zero ? '0' : ' ';

	if (!spec->left)
		put_fill(out, fill, spec->width - length);
	for (int i = 0; i < length; i++) {
		bool shown = !spec->alternate || (s[i] >= ' ' && s[i] <= '~');
		out->put(shown ? (unsigned char)s[i] : '?', out->arg);
	}
	if (spec->left)
		put_fill(out, ' ', spec->width - length);
}

/* How a double is to look. The digits are numbered as in common/decimal.h. */
struct layout {
	int top;      /* the first digit that is shown */
	int before;   /* how many stand before the point */
	int after;    /* and behind it */
	bool power;   /* a power of ten follows */
	int exponent; /* that one */
};

/* As %f has it, or (power) as %e would have it in C. */
static struct layout layout_of(const struct decimal *decimal, int after, bool power)
{
	int length = decimal_length(decimal);
	struct layout layout = { .after = after, .power = power };

	if (power) {
		layout.top = length - 1;
		layout.before = 1;
		layout.exponent = length ? length - 1 - decimal->point : 0;
	} else {
		layout.top = MAX(length - 1, decimal->point);
		layout.before = layout.top - decimal->point + 1;
	}
	return layout;
}

/* %g: so many digits that count, with a power of ten if the number is very small or has more than them. */
static struct layout layout_general(const struct spec *spec, struct decimal *decimal, int digits)
{
	decimal_round(decimal, decimal_length(decimal) - digits);
	int length = decimal_length(decimal), exponent = length ? length - 1 - decimal->point : 0;
	bool power = exponent < -4 || exponent >= digits;
	struct layout layout = layout_of(decimal, power ? digits - 1 : digits - 1 - exponent, power);

	while (!spec->alternate && layout.after > 0 &&
	       decimal_digit(decimal, layout.top - layout.before - layout.after + 1) == 0)
		layout.after--;
	return layout;
}

static void put_digits(const struct out *out, const struct decimal *decimal, int top, int count)
{
	/* Below the number's last digit come zeros, as many as may be asked for. */
	int own = MAX(0, MIN(count, top + 1));

	for (int i = 0; i < own; i++)
		out->put('0' + (int)decimal_digit(decimal, top - i), out->arg);
	put_fill(out, '0', count - own);
}

static void put_layout(const struct out *out, const struct spec *spec, const struct decimal *decimal,
		       const struct layout *layout, const char *sign)
{
	char buffer[8], *end = buffer + sizeof buffer;
	int size = layout->exponent < 0 ? -layout->exponent : layout->exponent;
	char *power = write_digits(end, (uint64_t)size, 10, "0123456789");
	bool point = layout->after > 0 || spec->alternate;

	while (end - power < 2)
		*--power = '0';
	*--power = layout->exponent < 0 ? '-' : '+';
	*--power = spec->kind == 'G' ? 'E' : 'e';
	int power_length = layout->power ? (int)(end - power) : 0;
	int pad = spec->width - (int)strlen(sign) - layout->before - point - layout->after - power_length;

	if (!spec->left && !spec->zero)
		put_fill(out, ' ', pad);
	put_text(out, sign, (int)strlen(sign));
	if (!spec->left && spec->zero)
		put_fill(out, '0', pad);
	put_digits(out, decimal, layout->top, layout->before);
	if (point)
		out->put('.', out->arg);
	put_digits(out, decimal, layout->top - layout->before, layout->after);
	put_text(out, power, power_length);
	if (spec->left)
		put_fill(out, ' ', pad);
}

/* Apart from the others, so that they do without its 400 bytes of stack. */
static __attribute__((noinline)) void put_double(const struct out *out, const struct spec *spec, uint64_t bits)
{
	bool capital = spec->kind < 'a', general = spec->kind == 'g' || spec->kind == 'G';
	const char *sign = bits >> 63 ? "-" : spec->plus ? "+" : "";
	int precision = spec->precision < 0 ? 6 : spec->precision;
	struct decimal decimal;
	struct layout layout;

	if ((bits >> 52 & 0x7FF) == 0x7FF) {
		const char *text = bits << 12 ? (capital ? "NAN" : "nan") : (capital ? "INF" : "inf");
		int pad = spec->width - (int)strlen(sign) - 3;
		put_fill(out, ' ', spec->left ? 0 : pad);
		put_text(out, sign, (int)strlen(sign));
		put_text(out, text, 3);
		put_fill(out, ' ', spec->left ? pad : 0);
		return;
	}
	decimal_make(&decimal, bits);
	if (general) {
		layout = layout_general(spec, &decimal, MAX(precision, 1));
	} else {
		decimal_round(&decimal, decimal.point - precision);
		layout = layout_of(&decimal, precision, false);
	}
	put_layout(out, spec, &decimal, &layout, sign);
}

/* The bits of a double argument. They are only moved, which needs no FPU. */
static uint64_t take_double(va_list *ap)
{
	union {
		double value;
		uint64_t bits;
	} argument = { .value = va_arg(*ap, double) };

	return argument.bits;
}

static void put_char(const struct out *out, const struct spec *spec, int c)
{
	if (!spec->left)
		put_fill(out, ' ', spec->width - 1);
	out->put((unsigned char)c, out->arg);
	if (spec->left)
		put_fill(out, ' ', spec->width - 1);
}

static void put_error(const struct out *out, const struct spec *spec, int error)
{
	const char *text = error_text(error);
	if (text) {
		put_string(out, spec, text);
	} else {
		put_text(out, "error ", 6);
		put_signed(out, spec, error);
	}
}

/* Write one conversion; false if its letter is none. */
static bool put_conversion(const struct out *out, const struct spec *spec, va_list *ap)
{
	switch (spec->kind) {
	case 'c': put_char(out, spec, va_arg(*ap, int)); return true;
	case 'd':
	case 'i': put_signed(out, spec, take_signed(spec, ap)); return true;
	case 'e': put_error(out, spec, va_arg(*ap, int)); return true;
	case 'f':
	case 'F':
	case 'g':
	case 'G': put_double(out, spec, take_double(ap)); return true;
	case 'o': put_unsigned(out, spec, take_unsigned(spec, ap), 8); return true;
	case 'p': put_pointer(out, spec, va_arg(*ap, const void *)); return true;
	case 's': put_string(out, spec, va_arg(*ap, const char *)); return true;
	case 'u': put_unsigned(out, spec, take_unsigned(spec, ap), 10); return true;
	case 'x':
	case 'X': put_unsigned(out, spec, take_unsigned(spec, ap), 16); return true;
	case '%': out->put('%', out->arg); return true;
	default: return false;
	}
}

void format(void (*put)(int c, void *arg), void *arg, const char *fmt, va_list ap)
{
	struct out out = { put, arg };
	va_list args;

	va_copy(args, ap);
	while (*fmt) {
		const char *start = fmt++;
		if (*start != '%') {
			put((unsigned char)*start, arg);
			continue;
		}
		struct spec spec = read_spec(&fmt, &args);
		if (!put_conversion(&out, &spec, &args))
			put_text(&out, start, (int)(fmt - start));
	}
	va_end(args);
}

struct buffer {
	char *at;
	char *end; /* the last byte, kept for the terminator */
	int length;
};

static void put_in_buffer(int c, void *arg)
{
	struct buffer *buffer = arg;
	if (buffer->at < buffer->end)
		*buffer->at++ = (char)c;
	buffer->length++;
}

int format_buffer(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct buffer buffer = { buf, size ? buf + size - 1 : buf, 0 };

	format(put_in_buffer, &buffer, fmt, ap);
	if (size)
		*buffer.at = 0;
	return buffer.length;
}
