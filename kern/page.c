/*
 * Pages: reference counts, per-CPU caches, idle zeroing. The buddy allocator below them is in buddy.c.
 */
#include <common/string.h>
#include <kern/boot.h>
#include <kern/budget.h>
#include <kern/buddy.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/page.h>

#define CACHE_BATCH_ORDER 5
#define CACHE_BATCH (1 << CACHE_BATCH_ORDER) /* pages moved between a cache and the buddy allocator at once */

static uint32_t cache_max = CACHE_BATCH; /* plain pages that one CPU keeps, per zone */
static uint32_t zero_max;                /* zeroed pages that one idle CPU keeps */

void page_init_caches(unsigned cpus_counted)
{
	struct page_counts counts;

	page_count(&counts);
	/* All caches together hold at most a sixteenth of memory, or the few pages without which they are of no use. */
	uint32_t share = counts.total / 16 / cpus_counted / (PAGE_ZONES + 1);
	cache_max = MIN(MAX(share, 4u), (uint32_t)PAGE_CACHE_MAX);
	zero_max = MIN(share, (uint32_t)PAGE_CACHE_MAX);
}

static inline void push(struct page_stack *stack, pfn_t pfn)
{
	uint32_t count = stack->count;

	stack->pages[count] = pfn;
	stack->count = count + 1;
}

static inline pfn_t pop(struct page_stack *stack)
{
	if (!stack->count)
		return NO_PAGE;
	pfn_t pfn = stack->pages[--stack->count];
	if (!pfn)
		__builtin_unreachable(); /* so that callers do not look again */
	return pfn;
}

/* Fill the empty stack of a zone from the buddy allocator, or leave it empty if that has none. */
static void cache_refill(struct page_stack *stack, enum page_zone zone)
{
	uint32_t want = MIN((uint32_t)CACHE_BATCH, cache_max);

	spin_lock(&buddy_lock);
	/* A whole block costs hardly more than a page. */
	pfn_t pfn = want == CACHE_BATCH ? buddy_take(zone, CACHE_BATCH_ORDER) : NO_PAGE;
	for (unsigned n = CACHE_BATCH; pfn && n-- > 0;)
		push(stack, pfn + n);
	while (stack->count < want && (pfn = buddy_take(zone, 0)))
		push(stack, pfn);
	spin_unlock(&buddy_lock);
}

static void cache_give_back(struct page_stack *stack, uint32_t keep)
{
	spin_lock(&buddy_lock);
	while (stack->count > keep)
		buddy_give(pop(stack), 0);
	spin_unlock(&buddy_lock);
}

/* Apart, so that who calls it last need not keep anything. */
static __attribute__((noinline)) void cache_give_half(struct page_stack *stack)
{
	cache_give_back(stack, cache_max / 2);
}

static inline pfn_t take_plain(struct page_cache *cache, enum page_zone zone)
{
	struct page_stack *stack = &cache->plain[zone];

	if (!stack->count && buddy_free[zone]) /* a look without the lock: many machines have no high pages */
		cache_refill(stack, zone);
	return pop(stack);
}

/* For programs: high pages first. */
static inline pfn_t take_plain_any(struct page_cache *cache)
{
	pfn_t pfn = take_plain(cache, PAGE_HIGH);

	return pfn ? pfn : take_plain(cache, PAGE_DIRECT);
}

static inline pfn_t take_zeroed(struct page_cache *cache)
{
	pfn_t pfn = pop(&cache->zeroed[PAGE_HIGH]);

	return pfn ? pfn : pop(&cache->zeroed[PAGE_DIRECT]);
}

/*
 * Tests count the allocations of one environment, wherever it runs, down to one that fails. Those
 * after it fail too, until the call wants memory reclaimed: it would not see the failure else.
 */
static struct {
	bool armed, failing;
	envid_t env; /* 0: the kernel itself */
	uint32_t countdown;
} fail;

static envid_t running_id(const struct cpu *cpu)
{
	return cpu->env ? cpu->env->pub->env_id : 0;
}

static inline bool fails_now(const struct cpu *cpu)
{
	if (likely(!fail.armed) || running_id(cpu) != fail.env)
		return false;
	fail.failing = fail.failing || fail.countdown-- == 0;
	return fail.failing;
}

bool page_fail_ends(void)
{
	bool failing = unlikely(fail.armed) && fail.failing && running_id(this_cpu()) == fail.env;

	if (failing)
		page_fail_never();
	return failing;
}

/* Nothing is free, or a test wants that. */
static pfn_t none(struct cpu *cpu)
{
	cpu->over_budget = false;
	return NO_PAGE;
}

static inline pfn_t taken(pfn_t pfn)
{
	assert(page_refs[pfn].pp_ref == 0 && !page_states[pfn].budget);
	page_refs[pfn].pp_ref = 1;
	return pfn;
}

/* Apart, so that who finds a zeroed page need not keep anything. */
static __attribute__((noinline)) pfn_t take_and_zero(struct cpu *cpu)
{
	pfn_t pfn = take_plain_any(&cpu->pages);

	if (!pfn)
		return none(cpu);
	arch_page_zero(arch_window(pfn, 0));
	return taken(pfn);
}

static inline pfn_t take_any(struct cpu *cpu)
{
	pfn_t pfn = take_zeroed(&cpu->pages);

	return likely(pfn) ? taken(pfn) : take_and_zero(cpu);
}

static __attribute__((noinline)) pfn_t take_or_fail(struct cpu *cpu)
{
	return fails_now(cpu) ? none(cpu) : take_any(cpu);
}

pfn_t page_take_user(void)
{
	struct cpu *cpu = this_cpu();

	return unlikely(fail.armed) ? take_or_fail(cpu) : take_any(cpu);
}

pfn_t page_take_user_plain(void)
{
	struct cpu *cpu = this_cpu();
	pfn_t pfn;

	if (fails_now(cpu) || (!(pfn = take_plain_any(&cpu->pages)) && !(pfn = take_zeroed(&cpu->pages))))
		return none(cpu);
	return taken(pfn);
}

pfn_t page_take_kernel(void)
{
	struct cpu *cpu = this_cpu();
	pfn_t pfn;

	if (fails_now(cpu))
		return none(cpu);
	if (!(pfn = pop(&cpu->pages.zeroed[PAGE_DIRECT]))) {
		if (!(pfn = take_plain(&cpu->pages, PAGE_DIRECT)))
			return none(cpu);
		arch_page_zero(page_address(pfn));
	}
	*page_note(pfn) = 0;
	return taken(pfn);
}

/* Give back the pages of a block of 2^order behind its first n. */
static void block_trim(pfn_t block, unsigned order, uint32_t n) REQUIRES(buddy_lock)
{
	while (order-- > 0) {
		uint32_t half = 1u << order;
		if (n > half) {
			block += half;
			n -= half;
		} else {
			buddy_give(block + half, order);
		}
	}
}

pfn_t page_take_block(uint32_t n, enum page_zone zone)
{
	unsigned order = 0;

	while (1u << order < n)
		order++;
	if (order >= BUDDY_ORDERS || fails_now(this_cpu()))
		return none(this_cpu());
	spin_lock(&buddy_lock);
	pfn_t block = buddy_take(zone, order);
	if (block)
		block_trim(block, order, n);
	spin_unlock(&buddy_lock);
	if (!block)
		return none(this_cpu());
	for (uint32_t i = 0; i < n; i++) {
		*page_note(block + i) = 0;
		taken(block + i);
	}
	return block;
}

/* In debug builds, so that whoever still uses it shows. */
static inline void spoil(pfn_t pfn)
{
	if (VARIANT_DEBUG)
		memset(arch_window(pfn, 0), 0xCB, PGSIZE);
}

void page_give_block(pfn_t first, unsigned order)
{
	for (pfn_t i = 0; i < 1u << order; i++) {
		assert(page_refs[first + i].pp_ref == 1);
		spoil(first + i);
		page_refs[first + i].pp_ref = 0;
	}
	if (unlikely(page_states[first].budget))
		budget_block_freed(first, 1u << order);
	spin_lock(&buddy_lock);
	buddy_give(first, order);
	spin_unlock(&buddy_lock);
}

static inline void put(pfn_t pfn)
{
	struct page_cache *cache = &this_cpu()->pages;
	struct page_stack *stack = &cache->plain[PAGE_DIRECT];

	if (unlikely(page_zone_of(pfn) == PAGE_HIGH))
		stack = &cache->plain[PAGE_HIGH];

	spoil(pfn);
	push(stack, pfn);
	if (unlikely(stack->count > cache_max))
		cache_give_half(stack);
}

/* Apart, so that the common case need not keep its argument over a call. */
static __attribute__((noinline)) void free_charged(pfn_t pfn)
{
	budget_page_freed(pfn);
	put(pfn);
}

void page_free(pfn_t pfn)
{
	if (unlikely(page_states[pfn].budget))
		free_charged(pfn);
	else
		put(pfn);
}

uint32_t page_references(pfn_t pfn)
{
	return __atomic_load_n(&page_refs[pfn].pp_ref, __ATOMIC_RELAXED);
}

bool page_zero_ahead(void)
{
	struct page_cache *cache = &this_cpu()->pages;

	if (cache->zeroed[PAGE_HIGH].count + cache->zeroed[PAGE_DIRECT].count >= zero_max)
		return false;
	/* When memory runs short, what is free stays where all CPUs find it. */
	if (buddy_free_pages() < zero_max * cpu_count)
		return false;
	enum page_zone zone = cache->zeroed[PAGE_HIGH].count > cache->zeroed[PAGE_DIRECT].count ? PAGE_DIRECT : PAGE_HIGH;
	pfn_t pfn = take_plain(cache, zone);
	if (!pfn && !(pfn = take_plain(cache, PAGE_DIRECT)))
		return false;
	arch_page_zero(arch_window(pfn, 0));
	push(&cache->zeroed[zone], pfn);
	return true;
}

void page_drain(void)
{
	struct page_cache *cache = &this_cpu()->pages;

	for (unsigned zone = 0; zone < PAGE_ZONES; zone++) {
		cache_give_back(&cache->plain[zone], 0);
		cache_give_back(&cache->zeroed[zone], 0);
	}
}

void page_count(struct page_counts *counts)
{
	counts->total = page_total;
	counts->free = buddy_free_pages();
	counts->zeroed = 0;
	for (unsigned n = 0; n < cpu_count; n++) {
		const struct page_cache *cache = &cpus[n]->pages;
		for (unsigned zone = 0; zone < PAGE_ZONES; zone++) {
			counts->zeroed += cache->zeroed[zone].count;
			counts->free += cache->plain[zone].count + cache->zeroed[zone].count;
		}
	}
}

void page_fail_after(uint32_t n)
{
	fail.countdown = n;
	fail.env = running_id(this_cpu());
	fail.failing = false;
	fail.armed = true;
}

void page_fail_never(void)
{
	fail.armed = fail.failing = false;
}

uint32_t page_count_unused(void)
{
	uint32_t unused = 0;

	for (pfn_t pfn = 0; pfn < page_limit; pfn++)
		unused += page_managed(pfn) && page_references(pfn) == 0;
	return unused;
}
