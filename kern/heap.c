/* Binary heaps: see heap.h. The children of place n are at 2n and 2n + 1. */
#include <kern/heap.h>

static inline bool before(const struct heap_node *a, const struct heap_node *b)
{
	return (int64_t)(a->key - b->key) < 0;
}

static inline void put(struct heap *heap, struct heap_node *node, uint32_t place)
{
	heap->nodes[place] = node;
	node->place = place;
}

static void move_up(struct heap *heap, struct heap_node *node, uint32_t place)
{
	for (; place > 1 && before(node, heap->nodes[place / 2]); place /= 2)
		put(heap, heap->nodes[place / 2], place);
	put(heap, node, place);
}

static void move_down(struct heap *heap, struct heap_node *node, uint32_t place)
{
	for (uint32_t child; (child = place * 2) <= heap->count; place = child) {
		if (child < heap->count && before(heap->nodes[child + 1], heap->nodes[child]))
			child++;
		if (!before(heap->nodes[child], node))
			break;
		put(heap, heap->nodes[child], place);
	}
	put(heap, node, place);
}

void heap_insert(struct heap *heap, struct heap_node *node)
{
	move_up(heap, node, ++heap->count);
}

void heap_remove(struct heap *heap, struct heap_node *node)
{
	uint32_t place = node->place;
	struct heap_node *last = heap->nodes[heap->count--];

	node->place = 0;
	if (last == node)
		return;
	if (place > 1 && before(last, heap->nodes[place / 2]))
		move_up(heap, last, place);
	else
		move_down(heap, last, place);
}
