/*
 * Checkpoints as bytes: between an environment that holds one and the records of snapshot.h. Whether a state is a
 * possible one is for the kernel to say, which sets it in the new holder.
 */
#include <finch/archive.h>
#include <finch/checkpoint.h>
#include <finch/memory.h>
#include <finch/process.h>
#include <inc/lib.h>
#include "checkpoint.h"
#include "snapshot.h"

#define PERM_READ (PTE_P | PTE_U)
#define PERM_WRITE (PTE_P | PTE_U | PTE_W)
#define ARCHIVE_END (UARCHIVE + 0x08000000) /* <arch/layout.h> */

static_assert(SNAPSHOT_PAGE == PGSIZE && SNAPSHOT_TOP == UTOP && SNAPSHOT_MUST == PERM_READ && SNAPSHOT_MAY == PTE_SYSCALL,
	      "pages as snapshot.h has them");
static_assert(SNAPSHOT_PARTS == STATE_PARTS && sizeof(struct state_registers) == 80 && sizeof(struct state_fpu) == 840 &&
	      sizeof(struct state_upcalls) == 12 && sizeof(struct state_message) == 28 && sizeof(struct state_general) == 32,
	      "parts of the state as snapshot.c has them");

/* --- Writing --- */

/* Pages that came before: of the shared ones all, by frame; of others some, by what is in them. With the lock held. */
#define SHARED_MAX 256
#define EQUAL_PLACES 1024
static struct {
	uint32_t key, va;
} shared[SHARED_MAX], equal[EQUAL_PLACES];
static unsigned shared_used;

struct writing {
	struct snapshot_writer writer;
	envid_t holder;
};

static bool in_archive(const struct page_record *page)
{
	return page->va >= UARCHIVE && page->va < ARCHIVE_END && !(page->entry & (PTE_W | PTE_SHARE));
}

static bool is_zero(const uint32_t *words)
{
	for (unsigned i = 0; i < PGSIZE / sizeof *words; i++)
		if (words[i])
			return false;
	return true;
}

static uint32_t hash_of(const uint32_t *words)
{
	uint32_t hash = 0;

	for (unsigned i = 0; i < PGSIZE / sizeof *words; i++)
		hash = (hash ^ words[i]) * 0x9E3779B1;
	return hash;
}

static uint32_t value_of(const struct page_record *page)
{
	uint32_t perm = page->entry & PTE_SYSCALL;

	/* What would be copied on write is a page of its own in the new holder. */
	return page->va | (perm & PTE_COW ? (perm & ~PTE_COW) | PTE_W : perm);
}

/* A page that is shared: itself, if it is mapped at an earlier place already. 1: it is not. */
static int write_shared(struct writing *writing, const struct page_record *page)
{
	uint32_t frame = page->entry >> PGSHIFT;

	for (unsigned i = 0; i < shared_used; i++)
		if (shared[i].key == frame)
			return snapshot_add(&writing->writer, SNAPSHOT_SAME, value_of(page), &shared[i].va);
	if (shared_used == SHARED_MAX)
		return -E_NOT_SUPP;
	shared[shared_used].key = frame;
	shared[shared_used++].va = page->va;
	return 1;
}

/* The page stands at CHECKPOINT_FROM. Has an earlier one, whose address goes to *va, the same bytes? */
static bool find_equal(struct writing *writing, const struct page_record *page, uint32_t *va)
{
	uint32_t hash = hash_of((const uint32_t *)CHECKPOINT_FROM), at = hash % EQUAL_PLACES;

	*va = equal[at].va;
	if (equal[at].key == hash && *va &&
	    sys_page_map(writing->holder, (void *)*va, 0, CHECKPOINT_TO, PERM_READ) == 0) {
		bool found = memcmp(CHECKPOINT_FROM, CHECKPOINT_TO, PGSIZE) == 0;
		sys_page_unmap(0, CHECKPOINT_TO);
		if (found)
			return true;
	}
	equal[at].key = hash;
	equal[at].va = page->va;
	return false;
}

static int write_page(const struct page_record *page, void *arg)
{
	struct writing *writing = arg;
	uint32_t value = value_of(page), earlier;
	int err;

	if (in_archive(page))
		return 0;
	if (page->entry & PTE_SHARE && (err = write_shared(writing, page)) <= 0)
		return err;
	err = sys_page_map(writing->holder, (void *)page->va, 0, CHECKPOINT_FROM, PERM_READ);
	if (err < 0)
		return err;
	if (is_zero((const uint32_t *)CHECKPOINT_FROM))
		err = snapshot_add(&writing->writer, SNAPSHOT_ZERO, value, NULL);
	else if (find_equal(writing, page, &earlier))
		err = snapshot_add(&writing->writer, SNAPSHOT_EQUAL, value, &earlier);
	else
		err = snapshot_add(&writing->writer, SNAPSHOT_DATA, value, CHECKPOINT_FROM);
	sys_page_unmap(0, CHECKPOINT_FROM);
	return err;
}

static int write_state(struct writing *writing)
{
	static struct checkpoint_state state;
	const void *const parts[STATE_PARTS] = {
		[STATE_REGISTERS] = &state.registers, [STATE_FPU] = &state.fpu, [STATE_UPCALLS] = &state.upcalls,
		[STATE_MESSAGE] = &state.message, [STATE_GENERAL] = &state.general,
	};
	int err = checkpoint_get_state(writing->holder, &state);

	for (uint32_t part = 1; part < STATE_PARTS && err == 0; part++)
		err = snapshot_add(&writing->writer, SNAPSHOT_STATE, part, parts[part]);
	return err;
}

static int write_archive(struct writing *writing)
{
	struct page_record first = { 0, 0 };
	int n = sys_page_list(writing->holder, UARCHIVE, &first, 1);

	if (n <= 0 || first.va != UARCHIVE || !in_archive(&first))
		return n < 0 ? n : 0;
	return snapshot_add(&writing->writer, SNAPSHOT_ARCHIVE, 0, NULL);
}

int checkpoint_write(envid_t checkpoint, int (*put)(const void *data, size_t n, void *arg), void *arg)
{
	struct writing writing = { .holder = checkpoint };

	mutex_lock(&checkpoint_lock);
	shared_used = 0;
	memset(equal, 0, sizeof equal);
	int err = snapshot_begin(&writing.writer, put, arg);
	if (err == 0)
		err = write_state(&writing);
	if (err == 0)
		err = write_archive(&writing);
	if (err == 0)
		err = checkpoint_each(checkpoint, 0, UTOP, write_page, &writing);
	if (err == 0)
		err = snapshot_end(&writing.writer);
	mutex_unlock(&checkpoint_lock);
	return err;
}

/* --- Reading --- */

struct reading {
	struct snapshot_reader reader;
	struct snapshot_record record;
	struct checkpoint_state state;
	envid_t holder;
	unsigned lowered;
	uint32_t lower[SHARED_MAX]; /* values of pages that get their permissions when all have come */
};

static int refuse(struct reading *reading, int err, const char *wrong)
{
	reading->reader.wrong = wrong;
	return err;
}

/* The page that stands at CHECKPOINT_TO is the holder's at va. */
static int give_page(struct reading *reading, uint32_t va, uint32_t perm)
{
	int err = sys_page_map(0, CHECKPOINT_TO, reading->holder, (void *)va, (int)perm);

	sys_page_unmap(0, CHECKPOINT_TO);
	return err;
}

/* A page that holds the same as an earlier one. */
static int read_equal(struct reading *reading, uint32_t va, uint32_t perm, uint32_t earlier)
{
	if (sys_page_map(reading->holder, (void *)earlier, 0, CHECKPOINT_FROM, PERM_READ) < 0)
		return refuse(reading, -E_INVAL, "a page is like one that is not there");
	int err = sys_page_alloc(0, CHECKPOINT_TO, PERM_WRITE);
	if (err == 0) {
		libos_copy(CHECKPOINT_TO, CHECKPOINT_FROM, PGSIZE);
		err = give_page(reading, va, perm);
	}
	sys_page_unmap(0, CHECKPOINT_FROM);
	return err;
}

static int read_same(struct reading *reading, uint32_t va, uint32_t perm, uint32_t earlier)
{
	int err = sys_page_map(reading->holder, (void *)earlier, reading->holder, (void *)va, (int)perm);

	return err == -E_INVAL ? refuse(reading, err, "a page is one that is not there, or not writable") : err;
}

/*
 * With which permissions a page is mapped first. One that is shared may come again at a higher place, where it may be
 * written, and the kernel gives nobody that who only reads it: so all of these can be written until lower_pages.
 */
static uint32_t first_perm(struct reading *reading, uint32_t value)
{
	uint32_t perm = snapshot_perm(value);

	if (!(perm & PTE_SHARE) || perm & PTE_W || reading->lowered == SHARED_MAX)
		return perm;
	reading->lower[reading->lowered++] = value;
	return perm | PTE_W;
}

static int lower_pages(struct reading *reading)
{
	int err = 0;

	for (unsigned i = 0; i < reading->lowered && err == 0; i++) {
		uint32_t value = reading->lower[i];
		err = sys_page_protect(reading->holder, (void *)snapshot_va(value), (int)snapshot_perm(value));
	}
	return err;
}

static int read_page(struct reading *reading)
{
	const struct snapshot_record *record = &reading->record;
	uint32_t va = snapshot_va(record->value), perm = first_perm(reading, record->value);

	if (record->kind == SNAPSHOT_ZERO)
		return sys_page_alloc(reading->holder, (void *)va, (int)perm);
	if (record->kind == SNAPSHOT_EQUAL)
		return read_equal(reading, va, perm, snapshot_word(record->data));
	if (record->kind == SNAPSHOT_SAME)
		return read_same(reading, va, perm, snapshot_word(record->data));
	int err = sys_page_alloc(0, CHECKPOINT_TO, PERM_WRITE);
	if (err < 0)
		return err;
	libos_copy(CHECKPOINT_TO, record->data, PGSIZE);
	return give_page(reading, va, perm);
}

static int read_archive(struct reading *reading)
{
	return pages_share((void *)UARCHIVE, reading->holder, (void *)UARCHIVE, PERM_READ, archive_size() / PGSIZE);
}

static void read_part(struct reading *reading)
{
	static const uint16_t places[STATE_PARTS] = {
		[STATE_REGISTERS] = offsetof(struct checkpoint_state, registers),
		[STATE_FPU] = offsetof(struct checkpoint_state, fpu),
		[STATE_UPCALLS] = offsetof(struct checkpoint_state, upcalls),
		[STATE_MESSAGE] = offsetof(struct checkpoint_state, message),
		[STATE_GENERAL] = offsetof(struct checkpoint_state, general),
	};

	memcpy((char *)&reading->state + places[reading->record.value], reading->record.data, reading->record.size);
}

static int read_records(struct reading *reading)
{
	int more;

	while ((more = snapshot_next(&reading->reader, &reading->record)) == 1) {
		int err = 0;
		if (reading->record.kind == SNAPSHOT_STATE)
			read_part(reading);
		else if (reading->record.kind == SNAPSHOT_ARCHIVE)
			err = read_archive(reading);
		else
			err = read_page(reading);
		if (err < 0)
			return err;
	}
	return more;
}

/* --- The FPU of another CPU --- */

/* Bits of the components in the header of an xsave image, and where what is. SDM vol. 1, 13.4; 8.1 and 10.5 */
#define STATES_AT 512
#define STATE_X87 1u
#define STATE_SSE 2u
#define STATE_AVX 4u
#define X87_END 160
#define XMM_END 288
#define MXCSR_AT 24
#define FCW_RESET 0x7F
#define FCW_RESET_HIGH 0x03

/* An image of xsave becomes one of fxsave, if AVX is not in use. */
static int fpu_shrink(struct state_fpu *fpu)
{
	uint32_t states = snapshot_word(fpu->image + STATES_AT);

	if (states & STATE_AVX)
		return -E_NOT_SUPP;
	if (!(states & STATE_X87)) {
		memset(fpu->image, 0, MXCSR_AT);
		memset(fpu->image + 32, 0, X87_END - 32);
		fpu->image[0] = FCW_RESET;
		fpu->image[1] = FCW_RESET_HIGH;
	}
	if (!(states & STATE_SSE))
		memset(fpu->image + X87_END, 0, XMM_END - X87_END);
	memset(fpu->image + STATES_AT, 0, FPU_XSAVE_SIZE - STATES_AT);
	fpu->format = FPU_FXSAVE;
	fpu->size = FPU_FXSAVE_SIZE;
	return 0;
}

static void fpu_grow(struct state_fpu *fpu)
{
	memset(fpu->image + STATES_AT, 0, FPU_XSAVE_SIZE - STATES_AT);
	fpu->image[STATES_AT] = STATE_X87 | STATE_SSE;
	fpu->format = FPU_XSAVE;
	fpu->size = FPU_XSAVE_SIZE;
}

/* Make the image one of this CPU's form, if that can be. */
static int fpu_convert(struct state_fpu *fpu, uint32_t format)
{
	if (fpu->format == format)
		return 0;
	if (fpu->format == FPU_XSAVE && format == FPU_FXSAVE)
		return fpu_shrink(fpu);
	if (fpu->format != FPU_FXSAVE || format != FPU_XSAVE)
		return -E_NOT_SUPP;
	fpu_grow(fpu);
	return 0;
}

static int set_state(struct reading *reading)
{
	struct state_fpu own = { .format = 0 };
	int err = sys_env_state_get(reading->holder, STATE_FPU, &own, sizeof own);

	if (err < 0)
		return err;
	if (fpu_convert(&reading->state.fpu, own.format) < 0)
		return refuse(reading, -E_NOT_SUPP, "it uses registers that this CPU does not have");
	err = checkpoint_set_state(reading->holder, &reading->state);
	return err == -E_INVAL ? refuse(reading, err, "it has a state that cannot be") : err;
}

static int fill(struct reading *reading, int (*get)(void *data, size_t n, void *arg), void *arg)
{
	int err = snapshot_open(&reading->reader, get, arg);

	if (err == 0)
		err = read_records(reading);
	if (err == 0)
		err = lower_pages(reading);
	if (err == 0)
		err = set_state(reading);
	if (err == -E_NO_MEM)
		reading->reader.wrong = "there is not enough memory";
	return err;
}

envid_t checkpoint_read(int (*get)(void *data, size_t n, void *arg), void *arg, const char **wrong)
{
	static struct reading reading;

	mutex_lock(&checkpoint_lock);
	reading.lowered = 0;
	reading.holder = sys_exofork();
	int err = reading.holder;
	if (err > 0 && (err = fill(&reading, get, arg)) < 0) {
		sys_env_destroy(reading.holder);
		wait_status(reading.holder, NULL);
	}
	if (wrong)
		*wrong = err >= 0 ? NULL : reading.holder < 0 ? "there is no room for an environment" : reading.reader.wrong;
	envid_t holder = err < 0 ? err : reading.holder;
	mutex_unlock(&checkpoint_lock);
	return holder;
}
