/* Host test of common/list.h and common/bitmap.h: random operations against a plain array. */
#define TEST_GROUP "list"
#include "host.h"

#include <common/bitmap.h>
#include <common/list.h>

#define MEMBERS 20

struct member {
	int number;
	struct list link;
};

static struct member members[MEMBERS];
static struct list list;

/* What the list should hold. */
static int model[MEMBERS];
static int model_count;

static void model_insert(int at, int number)
{
	memmove(model + at + 1, model + at, (size_t)(model_count++ - at) * sizeof(model[0]));
	model[at] = number;
}

static void model_remove(int at)
{
	memmove(model + at, model + at + 1, (size_t)(--model_count - at) * sizeof(model[0]));
}

static int number_of(struct list *link)
{
	return link ? LIST_ENTRY(link, struct member, link)->number : -1;
}

static void expect_model(void)
{
	int i = 0;

	LIST_FOR_EACH(link, &list) {
		EXPECT(i < model_count ? model[i] : -1, number_of(link));
		EXPECT_THAT(link->next->prev == link && link->prev->next == link);
		i++;
	}
	EXPECT(model_count, i);
	EXPECT(model_count == 0, list_empty(&list));
	EXPECT(model_count ? model[0] : -1, number_of(list_first(&list)));
	EXPECT(model_count ? model[model_count - 1] : -1, number_of(list_last(&list)));
}

/* Put a member that is in no list somewhere. */
static void insert_one(struct member *member)
{
	int at = (int)random_below((size_t)model_count + 1);

	if (at == 0 && random_below(2)) {
		list_push_front(&list, &member->link);
	} else if (at == model_count) {
		list_push_back(&list, &member->link);
	} else {
		struct list *prev = &list;
		for (int i = 0; i < at; i++)
			prev = prev->next;
		list_insert_after(prev, &member->link);
	}
	model_insert(at, member->number);
}

static void remove_one(struct member *member)
{
	int at = 0;
	while (model[at] != member->number)
		at++;
	if (at == 0 && random_below(2))
		EXPECT(member->number, number_of(list_pop_front(&list)));
	else if (at == model_count - 1 && random_below(2))
		EXPECT(member->number, number_of(list_pop_back(&list)));
	else
		list_remove(&member->link);
	EXPECT_THAT(list_empty(&member->link));
	list_remove(&member->link); /* harmless */
	model_remove(at);
}

static void random_operations(void)
{
	list_init(&list);
	for (int i = 0; i < MEMBERS; i++) {
		members[i].number = i;
		list_init(&members[i].link);
	}
	for (int i = 0; i < 100000 && !test_failed; i++) {
		struct member *member = &members[random_below(MEMBERS)];
		if (list_empty(&member->link))
			insert_one(member);
		else
			remove_one(member);
		expect_model();
	}
}

static void removal_while_walking(void)
{
	struct list even = LIST_EMPTY(even);

	for (int i = 0; i < MEMBERS; i++)
		list_push_back(&even, &members[i].link);
	LIST_FOR_EACH_SAFE(link, &even)
		if (number_of(link) % 2)
			list_remove(link);
	int count = 0;
	while (!list_empty(&even)) {
		EXPECT(2 * count, number_of(list_pop_front(&even)));
		count++;
	}
	EXPECT(MEMBERS / 2, count);
	EXPECT_THAT(!list_pop_front(&even) && !list_pop_back(&even));
}

#define BITS 100

static bool bits[BITS];

static size_t model_find(size_t count, size_t from, bool value)
{
	while (from < count && bits[from] != value)
		from++;
	return MIN(from, count);
}

static void bitmaps(void)
{
	uint32_t *map = calloc(BITMAP_WORDS(BITS), sizeof(uint32_t));

	EXPECT(0, BITMAP_WORDS(0));
	EXPECT(1, BITMAP_WORDS(32));
	EXPECT(2, BITMAP_WORDS(33));
	for (int i = 0; i < 100000 && !test_failed; i++) {
		size_t bit = random_below(BITS), count = random_below(BITS - bit + 1);
		bool value = random_below(2);
		switch (random_below(4)) {
		case 0: bitmap_set(map, bit), bits[bit] = true; break;
		case 1: bitmap_clear(map, bit), bits[bit] = false; break;
		case 2:
			bitmap_fill(map, bit, count, value);
			for (size_t k = 0; k < count; k++)
				bits[bit + k] = value;
		}
		size_t size = random_below(BITS + 1);
		EXPECT(bits[bit], bitmap_test(map, bit));
		EXPECT(model_find(size, bit, value), bitmap_find(map, size, MIN(bit, size), value));
	}
	free(map);
}

int main(void)
{
	RUN(random_operations);
	RUN(removal_while_walking);
	RUN(bitmaps);
	return tests_failed != 0;
}
