/*
 * Binary heaps of records that a struct heap_node stands in: the one with the least key is the first.
 *
 * Keys are compared by their difference, so they may count past the end of 64 bits, as long as no two in one heap are
 * 2^63 or more apart. The owner of a heap locks it.
 */
#ifndef FINCH_KERN_HEAP_H
#define FINCH_KERN_HEAP_H

#include <abi/types.h>

struct heap_node {
	uint64_t key;
	uint32_t place; /* from 1 on; 0: in no heap */
};

struct heap {
	struct heap_node **nodes; /* at places 1 to count; there is room for all */
	uint32_t count;
};

void heap_insert(struct heap *heap, struct heap_node *node);
/* node is in it. */
void heap_remove(struct heap *heap, struct heap_node *node);

/* NULL: it is empty. */
static inline struct heap_node *heap_first(const struct heap *heap)
{
	return heap->count ? heap->nodes[1] : NULL;
}

#endif
