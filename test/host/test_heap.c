/* Host test of kern/heap.c, against looking at all that stand in it. */
#define TEST_GROUP "heap"
#include "host.h"

#include <kern/heap.c>

#define COUNT 100

static struct heap_node nodes[COUNT], *places[COUNT + 1];
static struct heap heap = { .nodes = places };

/* Each knows its place, none goes before the one above it, and the first is the least. */
static void expect_sound(void)
{
	uint32_t in = 0;

	for (uint32_t place = 1; place <= heap.count; place++) {
		EXPECT(place, places[place]->place);
		EXPECT_THAT(place == 1 || (int64_t)(places[place]->key - places[place / 2]->key) >= 0);
	}
	for (unsigned i = 0; i < COUNT; i++) {
		in += nodes[i].place != 0;
		EXPECT_THAT(!nodes[i].place || (int64_t)(nodes[i].key - heap_first(&heap)->key) >= 0);
	}
	EXPECT(heap.count, in);
	EXPECT_THAT(heap.count || !heap_first(&heap));
}

/* Insert and remove at random, with keys around `base`. */
static void mix(uint64_t base, uint32_t spread)
{
	for (unsigned i = 0; i < 20000; i++) {
		struct heap_node *node = &nodes[random_number() % COUNT];
		if (node->place) {
			heap_remove(&heap, node);
			EXPECT(0, node->place);
		} else {
			node->key = base + random_number() % spread;
			heap_insert(&heap, node);
		}
		if (i % 16 == 0)
			expect_sound();
	}
	while (heap_first(&heap))
		heap_remove(&heap, heap_first(&heap));
	expect_sound();
}

static void any_order(void)
{
	mix(0, 1000000);
}

static void equal_keys(void)
{
	mix(5, 3);
}

/* Keys that count past the end go on from there. */
static void keys_wrap(void)
{
	mix((uint64_t)0 - 500, 1000);
}

static void comes_out_in_order(void)
{
	for (unsigned i = 0; i < COUNT; i++) {
		nodes[i].key = random_number() >> 2;
		heap_insert(&heap, &nodes[i]);
	}
	for (uint64_t last = 0; heap_first(&heap);) {
		EXPECT_THAT(heap_first(&heap)->key >= last);
		last = heap_first(&heap)->key;
		heap_remove(&heap, heap_first(&heap));
	}
}

int main(void)
{
	RUN(any_order);
	RUN(equal_keys);
	RUN(keys_wrap);
	RUN(comes_out_in_order);
	return tests_failed != 0;
}
