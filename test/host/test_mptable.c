/*
 * Host test of dev/pc/mptable.c: right answers from good tables; damaged ones are told of and passed over, and no
 * byte outside them is read.
 */
#define TEST_GROUP "mptable"
#include "host.h"

#include <dev/pc/machine.c>
#include <dev/pc/mptable.c>

static int reports;

void kprintf(const char *fmt, ...)
{
	USED(fmt);
	reports++;
}

#define EBDA 0x9FC00
#define TABLE 0x5000

static const uint8_t entries[] = {
	/* An interrupt before what it refers to: bus 3 line 4 at APIC 9 pin 20, active low, level. */
	3, 0, 15, 0, 3, 4, 9, 20,
	0, 6, 0x11, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* CPU 6, boots */
	0, 2, 0x11, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* 2 */
	0, 3, 0x11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* 3, not usable */
	0, 2, 0x11, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* 2 again */
	1, 0, 'P', 'C', 'I', ' ', ' ', ' ',
	1, 3, 'I', 'S', 'A', ' ', ' ', ' ',
	2, 8, 0x11, 1, 0, 0, 0xC0, 0xFE, /* I/O APIC 8 */
	2, 7, 0x11, 0, 0, 0, 0xC2, 0xFE, /* 7, not usable */
	2, 9, 0x11, 1, 0, 0x10, 0xC0, 0xFE,
	3, 0, 0, 0, 3, 0, 8, 2,   /* ISA line 0 at APIC 8 pin 2 */
	3, 0, 0, 0, 0, 1, 8, 17,  /* of PCI: not at a pin of an ISA line */
	3, 0, 0, 0, 0, 0x10, 8, 11, /* of PCI, at that of line 11; mode as the bus has it */
	3, 0, 0xD, 0, 0, 0x14, 8, 10, /* active high, level */
	3, 0, 0, 0, 0, 0x18, 9, 9,  /* pin 9 of another APIC */
	3, 3, 0, 0, 3, 1, 8, 5,   /* ExtINT: not a line of its own */
	3, 0, 0, 0, 3, 7, 77, 5,  /* at an APIC that is not there */
	3, 0, 0, 0, 3, 99, 8, 5,  /* no such line */
	4, 3, 0, 0, 3, 0, 255, 0,
	4, 1, 3, 0, 3, 0, 255, 1, /* NMI at LINT1, active low */
};

static uint8_t low_memory[1024]; /* from 0 on */
static uint8_t ebda[1024];
static uint8_t table[HEADER_SIZE + sizeof entries];
static size_t table_size;
static uint32_t table_at;
static uint8_t *views[16];
static unsigned view_count;

static const void *lend(const uint8_t *from, size_t limit, size_t offset, size_t size)
{
	if (offset > limit || size > limit - offset)
		return NULL;
	return views[view_count++] = block_copy(from + offset, size);
}

static const void *test_view(uint32_t physical, size_t size)
{
	/* The BIOS area is there, but empty. */
	static const uint8_t nothing[0x10000];

	if (physical + size <= 0x500 && physical >= 0x400)
		return lend(low_memory, sizeof low_memory, physical - 0x400, size);
	if (physical >= EBDA && physical < EBDA + 1024)
		return lend(ebda, sizeof ebda, physical - EBDA, size);
	if (physical >= table_at && physical - table_at < table_size)
		return lend(table, table_size, physical - table_at, size);
	return physical == 0xF0000 && size == sizeof nothing ? nothing : NULL;
}

static void put(uint8_t *to, uint32_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		to[i] = (uint8_t)(value >> 8 * i);
}

static void seal_pointer(uint8_t *pointer)
{
	pointer[10] = 0;
	pointer[10] = (uint8_t)-machine_sum(pointer, 16);
}

static void seal_table(void)
{
	table[7] = 0;
	table[7] = (uint8_t)-machine_sum(table, table_size);
}

static uint8_t *pointer_put(uint8_t *at, uint32_t address, uint8_t standard, uint8_t features)
{
	memcpy(at, "_MP_", 4);
	put(at + 4, address, 4);
	at[8] = 1;
	at[9] = 4;
	at[11] = standard;
	at[12] = features;
	seal_pointer(at);
	return at;
}

static void make_machine(void)
{
	memset(low_memory, 0, sizeof low_memory);
	memset(ebda, 0, sizeof ebda);
	memset(table, 0, sizeof table);
	put(low_memory + 0x0E, EBDA >> 4, 2);
	put(low_memory + 0x13, 639, 2);
	pointer_put(ebda + 32, TABLE, 0, 0x80);
	table_at = TABLE;
	table_size = sizeof table;
	memcpy(table, "PCMP", 4);
	put(table + 4, (uint32_t)table_size, 2);
	put(table + 36, 0xFEE00000, 4);
	memcpy(table + HEADER_SIZE, entries, sizeof entries);
	seal_table();
	reports = 0;
}

static bool read_machine(struct machine *m)
{
	machine_init(m);
	bool found = mptable_read(m, test_view);
	while (view_count > 0)
		free(views[--view_count]);
	return found;
}

static void good(void)
{
	struct machine m;

	make_machine();
	EXPECT(true, read_machine(&m));
	EXPECT(0, reports);
	EXPECT(2, m.cpu_count);
	EXPECT(6, m.cpus[0]);
	EXPECT(2, m.cpus[1]);
	EXPECT(2, m.ioapic_count);
	EXPECT(0xFEC01000, m.ioapics[1].address);
	EXPECT(0xFEE00000, m.lapic);
	EXPECT(true, m.imcr);
	EXPECT(true, m.nmi_low);
}

static void lines(void)
{
	struct machine m;

	make_machine();
	EXPECT(true, read_machine(&m));
	EXPECT(m.ioapics[0].gsi_base + 2, m.isa[0].gsi);
	EXPECT(m.ioapics[1].gsi_base + 20, m.isa[4].gsi);
	EXPECT_THAT(m.isa[4].low && m.isa[4].level);
	EXPECT(1, m.isa[1].gsi);
	EXPECT(7, m.isa[7].gsi);
	EXPECT_THAT(!m.isa[0].low && !m.isa[0].level);
	EXPECT(11, m.isa[11].gsi);
	EXPECT_THAT(m.isa[11].low && m.isa[11].level);
	EXPECT_THAT(!m.isa[10].low && m.isa[10].level);
	EXPECT_THAT(!m.isa[9].low && !m.isa[9].level);
	EXPECT_THAT(!m.isa[1].level);
}

/* The pointer is looked for in the last KB of base memory too, where there is no EBDA. */
static void no_ebda(void)
{
	struct machine m;

	make_machine();
	put(low_memory + 0x0E, 0, 2);
	put(low_memory + 0x13, (EBDA >> 10) + 1, 2);
	EXPECT(true, read_machine(&m));
	EXPECT(2, m.cpu_count);
}

static void standard(void)
{
	struct machine m;

	for (unsigned number = 0; number < 10; number++) {
		bool valid = number >= 1 && number <= 7;
		make_machine();
		pointer_put(ebda + 32, 0, (uint8_t)number, 0);
		EXPECT(valid, read_machine(&m));
		EXPECT(!valid, reports);
		EXPECT(valid ? 2 : 0, m.cpu_count);
		EXPECT(valid ? 1 : 0, m.ioapic_count);
		EXPECT(false, m.imcr);
	}
}

static void nothing(void)
{
	struct machine m;

	make_machine();
	ebda[33] ^= 1;
	EXPECT(false, read_machine(&m));
	EXPECT(0, reports);
	EXPECT(0, m.cpu_count);
}

static void bad_table(void)
{
	struct machine m;

	make_machine();
	table[60] ^= 1;
	EXPECT(false, read_machine(&m));
	EXPECT(1, reports);
	EXPECT(0, m.cpu_count);
	make_machine();
	table[HEADER_SIZE + 8 + 20] = 5; /* no such type of entry */
	seal_table();
	EXPECT(false, read_machine(&m));
	EXPECT(1, reports);
	EXPECT(0, m.cpu_count);
	make_machine();
	table_at = 0x7000; /* the pointer points to nothing */
	EXPECT(false, read_machine(&m));
	EXPECT(1, reports);
}

static void cut_short(void)
{
	struct mptable_pointer pointer;
	struct machine m;

	make_machine();
	for (size_t size = 0; size < sizeof table; size++) {
		uint8_t *block = block_copy(table, size);
		EXPECT(false, mptable_parse(block, size, &m));
		free(block);
	}
	for (size_t size = HEADER_SIZE; size <= sizeof table; size++) {
		/* One that says to be as long as it is. */
		uint8_t *block = block_copy(table, size);
		put(block + 4, (uint32_t)size, 2);
		block[7] = (uint8_t)(block[7] - machine_sum(block, size));
		machine_init(&m);
		if (mptable_parse(block, size, &m))
			EXPECT_THAT(m.cpu_count > 0);
		free(block);
	}
	for (size_t size = 0; size < 64; size++) {
		uint8_t *block = block_copy(ebda, size);
		EXPECT(size >= 48, mptable_find(block, size, &pointer));
		free(block);
	}
}

/* More of everything than there is room for. */
static void many(void)
{
	enum { COUNT = 300, SIZE = HEADER_SIZE + COUNT * (20 + 8) };
	uint8_t *block = calloc(1, SIZE);
	struct machine m;

	make_machine();
	memcpy(block, table, HEADER_SIZE);
	put(block + 4, SIZE, 2);
	for (unsigned i = 0; i < COUNT; i++) {
		uint8_t *cpu = block + HEADER_SIZE + 28 * i, *ioapic = cpu + 20;
		cpu[1] = (uint8_t)i;
		cpu[3] = 1;
		ioapic[0] = ENTRY_IOAPIC;
		ioapic[1] = (uint8_t)i;
		ioapic[3] = 1;
		put(ioapic + 4, 0xFEC00000 + i * 0x1000, 4);
	}
	block[7] = (uint8_t)(block[7] - machine_sum(block, SIZE));
	machine_init(&m);
	EXPECT(true, mptable_parse(block, SIZE, &m));
	EXPECT(MACHINE_APIC_IDS, m.cpu_count);
	EXPECT(MACHINE_IOAPICS_MAX, m.ioapic_count);
	EXPECT(254, m.cpus[254]);
	free(block);
}

/* Whatever stands in the table: no byte outside is read, all is in range, and it ends. */
static void damaged(void)
{
	struct machine m;

	for (int round = 0; round < 100000; round++) {
		make_machine();
		if (random_below(4) == 0)
			damage(ebda + 32, 16);
		else
			damage(table, sizeof table);
		if (random_below(4) == 0)
			put(table + 4, (uint32_t)(table_size = HEADER_SIZE + random_below(sizeof entries)), 2);
		if (random_below(8) != 0)
			seal_table();
		if (random_below(2))
			seal_pointer(ebda + 32);
		bool found = read_machine(&m);
		EXPECT(found, m.cpu_count > 0);
		EXPECT_THAT(m.cpu_count <= MACHINE_APIC_IDS && m.ioapic_count <= MACHINE_IOAPICS_MAX);
		EXPECT_THAT(reports <= 1);
	}
}

int main(void)
{
	RUN(good);
	RUN(lines);
	RUN(no_ebda);
	RUN(standard);
	RUN(nothing);
	RUN(bad_table);
	RUN(cut_short);
	RUN(many);
	RUN(damaged);
	return tests_failed != 0;
}
