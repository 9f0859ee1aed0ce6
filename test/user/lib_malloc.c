/* malloc, free, calloc and realloc of libos. */
#include "check.h"

#define PIECES 200
#define HEAP ((char *)0x08000000)

static struct piece {
	uint8_t *at;
	size_t size;
	uint8_t fill;
} pieces[PIECES];

static uint32_t seed = 1;

static void check_piece(const struct piece *piece)
{
	for (size_t i = 0; i < piece->size; i++)
		if (piece->at[i] != piece->fill)
			fail("piece %p of %u bytes: byte %u: expected %02x, saw %02x", piece->at, piece->size, i,
			     piece->fill, piece->at[i]);
}

/* Mostly small sizes, some large. */
static size_t random_size(void)
{
	uint32_t n = next_random(&seed);
	return n % 100 == 0 ? n / 128 % 100000 : n / 128 % (n % 3 == 0 ? 3000 : 100);
}

static void set_piece(struct piece *piece, void *at, size_t size)
{
	expect(at != NULL);
	expect_is((uintptr_t)at % 16, 0);
	piece->at = at;
	piece->size = size;
	piece->fill = (uint8_t)next_random(&seed);
	memset(at, piece->fill, size);
}

static void resize(struct piece *piece)
{
	size_t size = random_size(), kept = MIN(size, piece->size);
	uint8_t *at = realloc(piece->at, size);

	expect(at != NULL);
	struct piece prefix = { at, kept, piece->fill };
	check_piece(&prefix);
	set_piece(piece, at, size);
}

static void random_use(void)
{
	for (int i = 0; i < 20000; i++) {
		struct piece *piece = &pieces[next_random(&seed) % PIECES];
		size_t size = random_size();
		if (!piece->at) {
			set_piece(piece, malloc(size), size);
			continue;
		}
		check_piece(piece);
		if (next_random(&seed) % 4 == 0) {
			resize(piece);
		} else {
			free(piece->at);
			piece->at = NULL;
		}
	}
	for (int i = 0; i < PIECES; i++) {
		if (pieces[i].at)
			check_piece(&pieces[i]);
		free(pieces[i].at);
		pieces[i].at = NULL;
	}
}

static void edges(void)
{
	char *a = malloc(0), *b = malloc(0);

	expect(a && b && a != b);
	free(a);
	free(b);
	free(NULL);
	expect(malloc(0x7FFFFFFF) == NULL);
	expect(malloc(~(size_t)0) == NULL);
	expect(calloc(0x10001, 0x10001) == NULL);
	uint8_t *zeros = calloc(100, 30);
	expect(zeros != NULL);
	for (int i = 0; i < 3000; i++)
		expect_is(zeros[i], 0);
	free(zeros);
	a = realloc(NULL, 10);
	expect(a != NULL);
	strcpy(a, "kept");
	expect(realloc(a, 0x7FFFFFFF) == NULL);
	expect_is(strcmp(a, "kept"), 0);
	free(a);
}

/* A large heap that is free again goes back to the kernel, and can be had again. */
static void gives_back(void)
{
	for (int i = 0; i < 5; i++) {
		char *large = malloc(2 << 20);
		expect(large != NULL);
		memset(large, 1, 2 << 20);
		expect(page_mapped(large + (1 << 20)));
		free(large);
		expect(!page_mapped(large + (1 << 20)));
	}
}

/* A child that got the program's image but no heap starts with a new one. */
static void starts_anew(void)
{
	char *before = malloc(100);
	size_t pages_count = 0;

	expect(before != NULL);
	while (page_mapped(HEAP + pages_count * PGSIZE))
		pages_count++;
	expect_is(pages_unmap(0, HEAP, pages_count), 0);
	char *after = malloc(100);
	expect(after != NULL);
	memset(after, 1, 100);
	free(after);
}

void umain(int argc, char **argv)
{
	USED(argc);
	USED(argv);
	edges();
	random_use();
	gives_back();
	starts_anew();
	random_use();
}
