/*
 * Host test of dev/pc/acpi.c: right answers from good tables; damaged ones are told of and passed over, and no byte
 * outside them is read.
 */
#define TEST_GROUP "acpi"
#include "host.h"

#include <dev/pc/acpi.c>
#include <dev/pc/machine.c>

static int reports;

void kprintf(const char *fmt, ...)
{
	USED(fmt);
	reports++;
}

/* --- A machine's memory: tables at physical addresses. --- */

#define AREAS_MAX 16

static struct area {
	uint32_t physical;
	uint8_t bytes[512];
	size_t size;
} areas[AREAS_MAX];
static unsigned area_count;

/* What was lent out, each in a block of exactly the size asked for. */
static uint8_t *views[1024];
static unsigned view_count;

static const void *test_view(uint32_t physical, size_t size)
{
	for (unsigned i = 0; i < area_count; i++) {
		const struct area *area = &areas[i];
		if (physical < area->physical || physical - area->physical >= area->size)
			continue;
		size_t offset = physical - area->physical;
		if (size > area->size - offset || view_count == ARRAY_SIZE(views))
			return NULL;
		return views[view_count++] = block_copy(area->bytes + offset, size);
	}
	return NULL;
}

static void forget_views(void)
{
	while (view_count > 0)
		free(views[--view_count]);
}

static void put(uint8_t *to, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		to[i] = (uint8_t)(value >> 8 * i);
}

static struct area *area_add(uint32_t physical, size_t size)
{
	struct area *area = &areas[area_count++];

	memset(area, 0, sizeof *area);
	area->physical = physical;
	area->size = size;
	return area;
}

/* Make the sum of a table's bytes 0 by its checksum, at offset 9. */
static void seal(struct area *area)
{
	area->bytes[9] = 0;
	area->bytes[9] = (uint8_t)-machine_sum(area->bytes, area->size);
}

static struct area *table_add(uint32_t physical, const char *signature, const uint8_t *body, size_t size)
{
	struct area *area = area_add(physical, 36 + size);

	memcpy(area->bytes, signature, 4);
	put(area->bytes + 4, area->size, 4);
	if (size)
		memcpy(area->bytes + 36, body, size);
	seal(area);
	return area;
}

enum { RSDT = 0x1000000, XSDT = 0x1001000, MADT = 0x1002000, FADT = 0x1003000, DSDT = 0x1004000, SSDT = 0x1005000,
       EBDA = 0x9FC00 };

static const uint8_t madt_body[] = {
	0, 0, 0xE0, 0xFE, 1, 0, 0, 0,          /* local APICs at 0xFEE00000 */
	0, 8, 0, 5, 1, 0, 0, 0,                /* CPU 5 */
	0, 8, 1, 3, 0, 0, 0, 0,                /* 3, not enabled */
	0, 8, 1, 4, 2, 0, 0, 0,                /* 4, can be enabled later: not now */
	0, 8, 2, 5, 1, 0, 0, 0,                /* 5 again */
	0, 8, 3, 255, 1, 0, 0, 0,              /* not a CPU's number */
	9, 16, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,       /* 7, by a long entry */
	9, 16, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,       /* 256: out of reach */
	1, 12, 9, 0, 0, 0, 0xC0, 0xFE, 0, 0, 0, 0,             /* I/O APIC 9 at 0xFEC00000, from 0 on */
	1, 12, 10, 0, 0, 16, 0xC0, 0xFE, 24, 0, 0, 0,          /* 10 at 0xFEC01000, from 24 on */
	1, 12, 11, 0, 0, 0, 0, 0, 48, 0, 0, 0,                 /* none can be at 0 */
	2, 10, 0, 0, 2, 0, 0, 0, 0, 0,         /* ISA line 0 at input 2 */
	2, 10, 0, 9, 9, 0, 0, 0, 13, 0,        /* 9 active high, level */
	2, 10, 0, 4, 30, 0, 0, 0, 15, 0,       /* 4 at 30, active low, level */
	2, 10, 0, 200, 1, 0, 0, 0, 0, 0,       /* no such line */
	2, 10, 1, 3, 1, 0, 0, 0, 0, 0,         /* of another bus */
	99, 3, 0,                              /* unknown */
	4, 6, 255, 7, 0, 1,                    /* NMI at LINT1, active low */
};

static const uint8_t dsdt_body[] = {
	0x10, 5, '_', 'S', '5', '_',           /* not a name's definition */
	0x08, '_', 'S', '5', '_', 0x12, 10, 4, 0x0A, 5, 0x0A, 7, 0, 0,
};

static struct area *madt, *fadt, *dsdt;

static void root_add(uint32_t physical, unsigned revision)
{
	struct area *area = area_add(physical, 512);
	uint8_t *p = area->bytes + 64;

	memcpy(p, "RSD PTR ", 8);
	p[15] = (uint8_t)revision;
	put(p + 16, RSDT, 4);
	p[8] = (uint8_t)-machine_sum(p, 20);
	put(p + 20, 36, 4);
	put(p + 24, XSDT, 8);
	p[32] = (uint8_t)-machine_sum(p, 36);
}

static void make_fadt(bool extended)
{
	uint8_t body[240] = { 0 };

	put(body + 40 - 36, DSDT, 4);
	put(body + 48 - 36, 0xB2, 4);
	body[52 - 36] = 0xF1;
	put(body + 64 - 36, 0x604, 4);
	put(body + 68 - 36, 0x608, 4);
	body[108 - 36] = 0x32;
	put(body + 112 - 36, 1 << 10, 4);
	body[116 - 36] = 1; /* reset register: port 0xCF9, 8 bits */
	body[117 - 36] = 8;
	put(body + 120 - 36, 0xCF9, 8);
	body[128 - 36] = 0x0F;
	put(body + 140 - 36, DSDT, 8);
	body[172 - 36] = 1; /* PM1a: port 0x704 */
	put(body + 176 - 36, 0x704, 8);
	fadt = table_add(FADT, "FACP", body, extended ? sizeof body : 116 - 36);
}

/* Memory of a machine whose tables are all good. */
static void make_machine(unsigned revision)
{
	uint8_t list[24];
	struct area *area;

	area_count = 0;
	area = area_add(0x400, 256);
	put(area->bytes + 0x0E, EBDA >> 4, 2);
	root_add(EBDA, revision);
	put(list, FADT, 4);
	put(list + 4, 0x2000000, 4); /* nothing there */
	put(list + 8, MADT, 4);
	table_add(RSDT, "RSDT", list, 12);
	put(list, FADT, 8);
	put(list + 8, 0x123456789, 8);
	put(list + 16, MADT, 8);
	table_add(XSDT, "XSDT", list, 24);
	madt = table_add(MADT, "APIC", madt_body, sizeof madt_body);
	make_fadt(true);
	dsdt = table_add(DSDT, "DSDT", dsdt_body, sizeof dsdt_body);
	reports = 0;
}

/* acpi_read asks for the EBDA's whole first KB: the areas here are smaller, so lend it from a larger block. */
static const void *whole_view(uint32_t physical, size_t size)
{
	static uint8_t ebda[1024];

	if (physical == EBDA && size == sizeof ebda) {
		memset(ebda, 0, sizeof ebda);
		for (unsigned i = 0; i < area_count; i++)
			if (areas[i].physical == EBDA)
				memcpy(ebda, areas[i].bytes, areas[i].size);
		return ebda;
	}
	return test_view(physical, size);
}

static bool read_machine(struct machine *m)
{
	machine_init(m);
	bool found = acpi_read(m, whole_view);
	forget_views();
	return found;
}

/* --- Good tables --- */

static void expect_cpus(const struct machine *m)
{
	EXPECT(2, m->cpu_count);
	EXPECT(5, m->cpus[0]);
	EXPECT(7, m->cpus[1]);
	EXPECT(0xFEE00000, m->lapic);
	EXPECT(2, m->ioapic_count);
	EXPECT(10, m->ioapics[1].id);
	EXPECT(0xFEC01000, m->ioapics[1].address);
	EXPECT(24, m->ioapics[1].gsi_base);
	EXPECT(true, m->nmi_low);
}

static void good(void)
{
	struct machine m;

	for (unsigned revision = 0; revision <= 2; revision += 2) {
		make_machine(revision);
		EXPECT(true, read_machine(&m));
		EXPECT(0, reports);
		expect_cpus(&m);
		EXPECT(0x32, m.century);
	}
}

static void lines(void)
{
	struct machine m;

	make_machine(2);
	EXPECT(true, read_machine(&m));
	EXPECT(2, m.isa[0].gsi);
	EXPECT(1, m.isa[1].gsi);
	EXPECT(3, m.isa[3].gsi);
	EXPECT(30, m.isa[4].gsi);
	EXPECT_THAT(m.isa[4].low && m.isa[4].level);
	EXPECT_THAT(!m.isa[9].low && m.isa[9].level);
	EXPECT_THAT(!m.isa[1].low && !m.isa[1].level);
}

static void power(void)
{
	struct machine m;

	make_machine(2);
	EXPECT(true, read_machine(&m));
	EXPECT(true, m.power.can_off);
	EXPECT(0x704, m.power.pm1a); /* the extended field counts, */
	EXPECT(0x608, m.power.pm1b); /* unless it is empty */
	EXPECT(5, m.power.off_a);
	EXPECT(7, m.power.off_b);
	EXPECT(0xB2, m.power.smi_command);
	EXPECT(0xF1, m.power.acpi_enable);
	EXPECT(0xCF9, m.power.reset.address);
	EXPECT(false, m.power.reset.memory);
	EXPECT(0x0F, m.power.reset_value);
}

/* ACPI 1.0's FADT ends before the reset register. */
static void short_fadt(void)
{
	struct machine m;

	make_machine(0);
	struct area kept = *dsdt;
	area_count -= 2;
	make_fadt(false);
	areas[area_count++] = kept;
	EXPECT(true, read_machine(&m));
	EXPECT(0x604, m.power.pm1a);
	EXPECT(0, m.power.reset.address);
	EXPECT(true, m.power.can_off);
}

static void sleep_types(void)
{
	static const struct {
		uint8_t body[16];
		size_t size;
		int a, b; /* a -1: not to be found */
	} cases[] = {
		{ { 0x08, '_', 'S', '5', '_', 0x12, 6, 4, 0, 1, 0, 0 }, 12, 0, 1 },
		{ { 0x08, '\\', '_', 'S', '5', '_', 0x12, 6, 2, 0x0A, 6, 1 }, 12, 6, 1 },
		{ { 0x08, '_', 'S', '5', '_', 0x12, 0x47, 0, 2, 0x0B, 5, 0, 0x0B, 3, 0 }, 15, 5, 3 },
		{ { 0x08, '_', 'S', '5', '_', 0x12, 9, 1, 0x0C, 2, 0, 0, 0 }, 13, 2, 2 },
		{ { 0x08, '_', 'S', '5', '_', 0x12, 6, 4, 0x0A, 5 }, 10, 5, 5 },
		{ { 0x08, '_', 'S', '5', '_', 0x12, 6, 4, 0x0A }, 9, -1, 0 },
		{ { 0x08, '_', 'S', '5', '_', 0x12, 6, 0, 0x0A, 5 }, 10, -1, 0 },
		{ { 0x08, '_', 'S', '5', '_', 0x12, 6, 2, 0x0A, 8 }, 10, -1, 0 },
		{ { 0x08, '_', 'S', '5', '_', 0x12, 0xC6, 2, 0x0A, 8 }, 10, -1, 0 },
		{ { 0x08, '_', 'S', '5', '_', 0x0A, 6, 2, 0x0A, 5 }, 10, -1, 0 },
		{ { 0x08, '_', 'S', '5', '_' }, 5, -1, 0 },
		{ { '_', 'S', '5', '_', 0x12, 6, 2, 0x0A, 5 }, 9, -1, 0 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t a = 99, b = 99;
		area_count = 0;
		struct area *area = table_add(DSDT, "DSDT", cases[i].body, cases[i].size);
		uint8_t *block = block_copy(area->bytes, area->size);
		EXPECT(cases[i].a >= 0, acpi_s5_find(block, area->size, &a, &b));
		if (cases[i].a >= 0) {
			EXPECT(cases[i].a, a);
			EXPECT(cases[i].b, b);
		}
		free(block);
	}
}

/* --- What is missing or damaged --- */

static void no_acpi(void)
{
	struct machine m;

	area_count = 0;
	reports = 0;
	EXPECT(false, read_machine(&m));
	EXPECT(0, reports);
	EXPECT(0, m.cpu_count);
}

static void bad_xsdt(void)
{
	struct machine m;

	make_machine(2);
	for (unsigned i = 0; i < area_count; i++)
		if (areas[i].physical == XSDT)
			areas[i].bytes[20] ^= 1;
	EXPECT(true, read_machine(&m)); /* by the RSDT */
	EXPECT(1, reports);
	expect_cpus(&m);
}

static void bad_madt(void)
{
	struct machine m;

	make_machine(2);
	madt->bytes[50] ^= 1;
	EXPECT(false, read_machine(&m));
	EXPECT(1, reports);
	EXPECT(0, m.cpu_count);
	EXPECT(true, m.power.can_off);
	/* The sum is right, but an entry has no length. */
	make_machine(2);
	madt->bytes[45] = 0;
	seal(madt);
	EXPECT(false, read_machine(&m));
	EXPECT(1, reports);
	EXPECT(0, m.cpu_count);
	EXPECT(0, m.ioapic_count);
}

static void bad_dsdt(void)
{
	struct machine m;

	make_machine(2);
	dsdt->bytes[40] ^= 1;
	EXPECT(true, read_machine(&m));
	EXPECT(1, reports);
	EXPECT(false, m.power.can_off);
	expect_cpus(&m);
}

static void cut_short(void)
{
	struct machine m;
	struct acpi_root root;
	uint32_t address;

	make_machine(2);
	for (size_t size = 0; size < madt->size; size++) {
		uint8_t *block = block_copy(madt->bytes, size);
		EXPECT(false, acpi_table_check(block, size, "APIC"));
		free(block);
	}
	for (size_t size = 36; size <= madt->size; size++) {
		/* One that says to be as long as it is. */
		uint8_t *block = block_copy(madt->bytes, size);
		put(block + 4, size, 4);
		machine_init(&m);
		acpi_madt_read(block, size, &m);
		free(block);
	}
	for (size_t size = 36; size <= fadt->size; size++) {
		uint8_t *block = block_copy(fadt->bytes, size);
		put(block + 4, size, 4);
		EXPECT(size >= 116, acpi_fadt_read(block, size, &m, &address));
		free(block);
	}
	for (size_t size = 0; size < 128; size++) {
		uint8_t *block = block_copy(areas[1].bytes, size);
		EXPECT(size >= 64 + 20, acpi_root_find(block, size, &root));
		EXPECT(size >= 64 + 36 ? XSDT : 0, size >= 64 + 20 ? (long long)root.xsdt : 0);
		free(block);
	}
}

/* Each type of entry, one byte too short, at the table's end. */
static void short_entries(void)
{
	for (unsigned type = 0; type < 12; type++) {
		for (unsigned length = 0; length < madt_entry_size((uint8_t)type); length++) {
			uint8_t body[8 + 8 + 16] = { [8] = 0, 8, 0, 1, 1 };
			struct machine m;
			body[16] = (uint8_t)type;
			body[17] = (uint8_t)length;
			area_count = 0;
			struct area *area = table_add(MADT, "APIC", body, 16 + MAX(length, 2u));
			uint8_t *block = block_copy(area->bytes, area->size);
			machine_init(&m);
			EXPECT(false, acpi_madt_read(block, area->size, &m));
			free(block);
		}
	}
}

/* Whatever stands in the tables: no byte outside is read, all is in range, and it ends. */
static void damaged(void)
{
	struct machine m;

	for (int round = 0; round < 100000; round++) {
		make_machine(random_below(2) ? 2 : 0);
		struct area *area = &areas[random_below(area_count)];
		damage(area->bytes, area->size);
		if (random_below(4) == 0)
			area->size = 1 + random_below(area->size);
		if (area->physical >= RSDT && random_below(4) != 0) {
			if (random_below(2) && area->size >= 8)
				put(area->bytes + 4, area->size, 4);
			seal(area);
		}
		bool found = read_machine(&m);
		EXPECT(found, m.cpu_count > 0);
		EXPECT_THAT(m.cpu_count <= MACHINE_APIC_IDS && m.ioapic_count <= MACHINE_IOAPICS_MAX);
		EXPECT_THAT(m.power.off_a <= 7 && m.power.off_b <= 7);
		EXPECT_THAT(reports <= 4);
	}
}

/* A list as long as it can be, of tables that are all damaged, does not take all the room for views. */
static void endless(void)
{
	static uint8_t list[400];
	struct machine m;

	make_machine(0);
	for (unsigned i = 0; i < sizeof list / 4; i++)
		put(list + 4 * i, MADT, 4);
	for (unsigned i = 0; i < area_count; i++)
		if (areas[i].physical == RSDT)
			areas[i].physical = 1;
	table_add(RSDT, "RSDT", list, sizeof list);
	madt->bytes[60] ^= 1;
	EXPECT(false, read_machine(&m));
	EXPECT_THAT(reports <= (int)INDEX_MAX + 1);
}

int main(void)
{
	RUN(good);
	RUN(lines);
	RUN(power);
	RUN(short_fadt);
	RUN(sleep_types);
	RUN(no_acpi);
	RUN(bad_xsdt);
	RUN(bad_madt);
	RUN(bad_dsdt);
	RUN(cut_short);
	RUN(short_entries);
	RUN(damaged);
	RUN(endless);
	return tests_failed != 0;
}
