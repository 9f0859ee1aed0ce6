/*
 * Doubly-linked lists whose links stand within the members: no allocation, removal in constant time.
 *
 * A list is a struct list that heads a ring; a member holds a struct list of its own. A link that is in no list
 * points to itself (list_init, list_remove), so removing it again does nothing.
 */
#ifndef FINCH_COMMON_LIST_H
#define FINCH_COMMON_LIST_H

#include <abi/types.h>

struct list {
	struct list *next;
	struct list *prev;
};

/* The initial value of an empty list in a static variable. */
#define LIST_EMPTY(name) { &(name), &(name) }

/* The struct of that type whose field member is the link. */
#define LIST_ENTRY(link, type, member) ((type *)((char *)(link) - offsetof(type, member)))

/* Go through the links of a list. The SAFE form allows the current one to be removed. */
#define LIST_FOR_EACH(link, head) for (struct list *link = (head)->next; link != (head); link = link->next)
#define LIST_FOR_EACH_SAFE(link, head)                                                                           \
	for (struct list *link = (head)->next, *link##_next_ = link->next; link != (head);                       \
	     link = link##_next_, link##_next_ = link->next)

static inline void list_init(struct list *list)
{
	list->next = list->prev = list;
}

static inline bool list_empty(const struct list *list)
{
	return list->next == list;
}

/* Put link between prev and the one after it. link must be in no list. */
static inline void list_insert_after(struct list *prev, struct list *link)
{
	link->prev = prev;
	link->next = prev->next;
	prev->next->prev = link;
	prev->next = link;
}

static inline void list_push_front(struct list *list, struct list *link)
{
	list_insert_after(list, link);
}

static inline void list_push_back(struct list *list, struct list *link)
{
	struct list *last = list->prev; /* not list_insert_after, which would look for what comes after it */
	link->prev = last;
	link->next = list;
	last->next = link;
	list->prev = link;
}

static inline void list_remove(struct list *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	list_init(link);
}

/* Take the first link of a list that is not empty. It is not made to point to itself: it soon goes into a list again. */
static inline struct list *list_take_first(struct list *list)
{
	struct list *link = list->next;
	list->next = link->next;
	link->next->prev = list;
	return link;
}

/* The first or last link, or NULL of an empty list. The pop forms remove it. */
static inline struct list *list_first(const struct list *list)
{
	return list_empty(list) ? NULL : list->next;
}

static inline struct list *list_last(const struct list *list)
{
	return list_empty(list) ? NULL : list->prev;
}

static inline struct list *list_pop_front(struct list *list)
{
	struct list *link = list_first(list);
	if (link)
		list_remove(link);
	return link;
}

static inline struct list *list_pop_back(struct list *list)
{
	struct list *link = list_last(list);
	if (link)
		list_remove(link);
	return link;
}

#endif
