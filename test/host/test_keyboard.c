/* Host test of dev/pc/scancode.c: the bytes that keys give. */
#define TEST_GROUP "keyboard"
#include "host.h"

#include <dev/pc/scancode.c>

#define UP 0x80 /* added to a code: the key is released */

/* Feed n bytes to a decoder; the text that comes, with ESC as '^'. Valid until the next call. */
static const char *feed(struct scancode *state, const uint8_t *bytes, size_t n)
{
	static char text[256];
	size_t length = 0;

	for (size_t i = 0; i < n; i++) {
		char out[SCANCODE_BYTES_MAX];
		unsigned count = scancode_decode(state, bytes[i], out);
		EXPECT_THAT(count <= SCANCODE_BYTES_MAX && length + count < sizeof(text));
		for (unsigned k = 0; k < count && length + 1 < sizeof(text); k++)
			text[length++] = out[k] == '\033' ? '^' : out[k];
	}
	text[length] = '\0';
	return text;
}

/* The same from a fresh decoder. */
#define KEYS(...)                                                                                                \
	({                                                                                                       \
		struct scancode fresh_ = { 0 };                                                                  \
		const uint8_t bytes_[] = { __VA_ARGS__ };                                                        \
		feed(&fresh_, bytes_, sizeof(bytes_));                                                           \
	})

static void letters(void)
{
	EXPECT_TEXT("hello", KEYS(0x23, 0x23 + UP, 0x12, 0x12 + UP, 0x26, 0x26 + UP, 0x26, 0x26 + UP, 0x18, 0x18 + UP));
	EXPECT_TEXT("qwertyuiop[]", KEYS(0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x1B));
	EXPECT_TEXT("asdfghjkl;'`", KEYS(0x1E, 0x1F, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29));
	EXPECT_TEXT("\\zxcvbnm,./", KEYS(0x2B, 0x2C, 0x2D, 0x2E, 0x2F, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35));
	EXPECT_TEXT("1234567890-=", KEYS(2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13));
	EXPECT_TEXT("^\b\t\n \\", KEYS(0x01, 0x0E, 0x0F, 0x1C, 0x39, 0x56));
	EXPECT_TEXT("aaa", KEYS(0x1E, 0x1E, 0x1E, 0x1E + UP)); /* held down */
}

static void shift(void)
{
	EXPECT_TEXT("aBc", KEYS(0x1E, 0x2A, 0x30, 0x2A + UP, 0x2E));
	EXPECT_TEXT("!@#$%^&*()_+", KEYS(0x36, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13));
	EXPECT_TEXT("{}:\"~|<>?|", KEYS(0x2A, 0x1A, 0x1B, 0x27, 0x28, 0x29, 0x2B, 0x33, 0x34, 0x35, 0x56));
	EXPECT_TEXT("AA", KEYS(0x2A, 0x36, 0x1E, 0x2A + UP, 0x1E)); /* one of two is released */
}

static void caps_lock(void)
{
	EXPECT_TEXT("A1;a", KEYS(0x3A, 0x3A + UP, 0x1E, 0x02, 0x27, 0x2A, 0x1E));
	EXPECT_TEXT("Aa", KEYS(0x3A, 0x3A + UP, 0x1E, 0x3A, 0x3A + UP, 0x1E));
}

static void control_key(void)
{
	EXPECT_TEXT("\x01\x03\x04\x1A", KEYS(0x1D, 0x1E, 0x2E, 0x20, 0x2C));
	EXPECT_TEXT("\x03" "c", KEYS(0xE0, 0x1D, 0x2E, 0xE0, 0x1D + UP, 0x2E));
	EXPECT_TEXT("^\x1C\x1D", KEYS(0x1D, 0x1A, 0x2B, 0x1B));
	EXPECT_TEXT("\x1F", KEYS(0x1D, 0x2A, 0x0C)); /* control _ */
	EXPECT_TEXT("\x01", KEYS(0x3A, 0x1D, 0x1E));  /* under caps lock the same */
	EXPECT_TEXT("1\n", KEYS(0x1D, 0x02, 0x1C));
}

static void alt(void)
{
	EXPECT_TEXT("^x^\x03", KEYS(0x38, 0x2D, 0x1D, 0x2E));
	EXPECT_TEXT("^xx", KEYS(0xE0, 0x38, 0x2D, 0xE0, 0x38 + UP, 0x2D));
}

static void functions_and_arrows(void)
{
	EXPECT_TEXT("^[A^[B^[C^[D", KEYS(0xE0, 0x48, 0xE0, 0x48 + UP, 0xE0, 0x50, 0xE0, 0x4D, 0xE0, 0x4B));
	EXPECT_TEXT("^[H^[F^[2~^[3~^[5~^[6~",
		    KEYS(0xE0, 0x47, 0xE0, 0x4F, 0xE0, 0x52, 0xE0, 0x53, 0xE0, 0x49, 0xE0, 0x51));
	EXPECT_TEXT("^OP^OS^[15~^[21~^[23~^[24~", KEYS(0x3B, 0x3E, 0x3F, 0x44, 0x57, 0x58));
	EXPECT_TEXT("^[Ax", KEYS(0xE0, 0x2A, 0xE0, 0x48, 0xE0, 0x48 + UP, 0xE0, 0x2A + UP, 0x2D)); /* a made-up shift */
}

static void number_pad(void)
{
	EXPECT_TEXT("^[A^[C^[3~-+*/\n", KEYS(0x48, 0x4D, 0x53, 0x4A, 0x4E, 0x37, 0xE0, 0x35, 0xE0, 0x1C));
	EXPECT_TEXT("789456" "1230.",
		    KEYS(0x45, 0x45 + UP, 0x47, 0x48, 0x49, 0x4B, 0x4C, 0x4D, 0x4F, 0x50, 0x51, 0x52, 0x53));
	EXPECT_TEXT("8^[A", KEYS(0x2A, 0x48, 0x45, 0x48)); /* shift turns the lock round */
	EXPECT_TEXT("", KEYS(0x4C));                       /* the 5 has no other meaning */
	EXPECT_TEXT("/^[A", KEYS(0x2A, 0xE0, 0x35, 0xE0, 0x48));
}

static void keys_of_no_meaning(void)
{
	EXPECT_TEXT("x", KEYS(0xE1, 0x1D, 0x45, 0xE1, 0x9D, 0xC5, 0x2D)); /* Pause */
	EXPECT_TEXT("x", KEYS(0xE0, 0x5B, 0xE0, 0x5B + UP, 0x46, 0x46 + UP, 0x2D));
	EXPECT_TEXT("x", KEYS(0xFA, 0xFE, 0xAA, 0x00, 0xFF, 0x2D)); /* the keyboard's own messages */
}

/* Whatever comes, no more than the bound, and never a zero. */
static void any_bytes(void)
{
	struct scancode *state = calloc(1, sizeof(*state));
	char *out = malloc(SCANCODE_BYTES_MAX);

	for (int i = 0; i < 2000000; i++) {
		unsigned count = scancode_decode(state, (uint8_t)random_number(), out);
		EXPECT_THAT(count <= SCANCODE_BYTES_MAX);
		for (unsigned k = 0; k < count; k++)
			EXPECT_THAT(out[k] != '\0');
	}
	free(out);
	free(state);
}

int main(void)
{
	RUN(letters);
	RUN(shift);
	RUN(caps_lock);
	RUN(control_key);
	RUN(alt);
	RUN(functions_and_arrows);
	RUN(number_pad);
	RUN(keys_of_no_meaning);
	RUN(any_bytes);
	return tests_failed != 0;
}
