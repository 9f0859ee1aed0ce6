/* The pages of messages: from the sender's space into the message, and from that into the receiver's. See message.h. */
#include <abi/error.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/message.h>
#include <kern/space_slice.h>

/* The frames of a message's pages. */
static inline const pfn_t *pages_of(const struct message *message)
{
	return message->count > 1 ? page_address(message->page) : &message->page;
}

int message_take_pages(struct message *message, uintptr_t va, uint32_t count)
{
	struct space *space = this_cpu()->env->space;
	pfn_t list = NO_PAGE, *pages = &message->page;

	if (count > 1) {
		if (!(list = budget_page(space->budget, page_take_kernel)))
			return -E_NO_MEM;
		pages = page_address(list);
	}
	int error = space_take(space, va, message->perm, count, pages);
	if (error) {
		if (list)
			page_drop(list);
		return error;
	}
	if (list)
		message->page = list;
	message->count = count;
	return 0;
}

void message_drop(const struct message *message)
{
	const pfn_t *pages = pages_of(message);

	for (uint32_t i = 0; i < message->count; i++)
		page_drop(pages[i]);
	if (message->count > 1)
		page_drop(message->page);
}

void message_hand_over(struct space *space, uintptr_t va, const struct message *message, uint32_t n)
{
	if (n)
		space_insert(space, va, pages_of(message), n, message->perm);
	message_drop(message);
}

int message_prepare(uintptr_t window)
{
	return window < UTOP ? space_prepare(this_cpu()->env->space, window_va(window), window_count(window)) : 0;
}

/* A reference to the page at va of space, which may be given on with these permissions. NO_PAGE: it may not, or so simply. */
static inline pfn_t hold_mapped(struct space *space, uintptr_t va, uint32_t perm)
{
	pfn_t pfn = NO_PAGE;

	spin_lock(&space->lock);
	const arch_pte_t *entry = arch_space_entry(&space->arch, va);
	arch_pte_t pte = likely(entry) ? *entry : 0;
	if (likely(arch_pte_present(pte) && !arch_pte_is_device(pte) && !(perm & ~arch_pte_perm(pte) & PTE_W))) {
		pfn = arch_pte_pfn(pte);
		page_hold(pfn);
	}
	spin_unlock(&space->lock);
	return pfn;
}

bool message_move_page(struct space *from, uintptr_t srcva, struct space *to, uintptr_t dstva, uint32_t perm)
{
	pfn_t pfn = hold_mapped(from, srcva, perm);
	arch_pte_t old = 0;

	if (unlikely(!pfn))
		return false;
	spin_lock(&to->lock);
	arch_pte_t *entry = arch_space_entry(&to->arch, dstva);
	bool moved = likely(entry) && (!arch_pte_present(*entry) ||
				       likely(atomic_load(&to->envs) == 1 && !atomic_load(&to->loaded)));
	if (likely(moved)) {
		arch_table_note(entry);
		old = entry_exchange(entry, arch_pte_make(pfn, perm));
	}
	spin_unlock(&to->lock);
	if (unlikely(!moved))
		page_drop(pfn);
	else if (arch_pte_present(old) && likely(!arch_pte_is_device(old)))
		page_drop(arch_pte_pfn(old));
	return moved;
}
