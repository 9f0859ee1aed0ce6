/* ACPI's tables: see acpi.h. */
#include <common/string.h>
#include <dev/pc/acpi.h>
#include <kern/print.h>

#define BIOS_START 0xE0000 /* section 5.2.5.1: the root pointer stands here, or in the EBDA's first KB */
#define BIOS_END 0x100000
#define EBDA_POINTER 0x40E
#define EBDA_SIZE 1024

/* Section 5.2.5.3. */
#define ROOT_SIZE_1 20
#define ROOT_SIZE_2 36
#define ROOT_REVISION 15
#define ROOT_RSDT 16
#define ROOT_LENGTH 20
#define ROOT_XSDT 24

/* Section 5.2.6. */
#define HEADER_SIZE 36
#define HEADER_LENGTH 4

/*
 * Larger than what is seen on real machines, but such that even a list full of the worst tables leaves room for the
 * views of others (each may take pages of a 4 MB window for good).
 */
#define CODE_SIZE_MAX (1 << 20) /* DSDT, SSDT */
#define TABLE_SIZE_MAX (1 << 16)
#define INDEX_MAX 64u /* tables in the list */

bool acpi_root_find(const void *area, size_t size, struct acpi_root *root)
{
	for (size_t at = 0; at + ROOT_SIZE_1 <= size; at += 16) {
		const uint8_t *p = (const uint8_t *)area + at;
		if (memcmp(p, "RSD PTR ", 8) != 0 || machine_sum(p, ROOT_SIZE_1) != 0)
			continue;
		root->rsdt = machine_get32(p + ROOT_RSDT);
		root->xsdt = 0;
		if (p[ROOT_REVISION] >= 2 && size - at >= ROOT_SIZE_2) {
			uint32_t length = machine_get32(p + ROOT_LENGTH);
			if (length >= ROOT_SIZE_2 && length <= size - at && machine_sum(p, length) == 0)
				root->xsdt = machine_get64(p + ROOT_XSDT);
		}
		return true;
	}
	return false;
}

bool acpi_table_check(const void *table, size_t size, const char *signature)
{
	const uint8_t *p = table;

	if (size < HEADER_SIZE || (signature && memcmp(p, signature, 4) != 0))
		return false;
	uint32_t length = machine_get32(p + HEADER_LENGTH);
	return length >= HEADER_SIZE && length <= size && machine_sum(p, length) == 0;
}

/* --- MADT: section 5.2.12. --- */

#define MADT_LAPIC 36
#define MADT_ENTRIES 44

enum { MADT_CPU = 0, MADT_IOAPIC = 1, MADT_OVERRIDE = 2, MADT_NMI = 4, MADT_LAPIC_ADDRESS = 5, MADT_CPU_X2 = 9 };

/* The length that an entry of a type that we read has at least. */
static unsigned madt_entry_size(uint8_t type)
{
	switch (type) {
	case MADT_CPU:
		return 8;
	case MADT_IOAPIC:
		return 12;
	case MADT_OVERRIDE:
		return 10;
	case MADT_NMI:
		return 6;
	case MADT_LAPIC_ADDRESS:
		return 12;
	case MADT_CPU_X2:
		return 16;
	default:
		return 2;
	}
}

/* MPS INTI flags, table 5.26: polarity in bits 0-1, trigger mode in bits 2-3; 0 is what the bus does by itself. */
static bool flags_low(uint16_t flags)
{
	return (flags & 3) == 3;
}

static bool flags_level(uint16_t flags)
{
	return (flags >> 2 & 3) == 3;
}

static void madt_override(const uint8_t *entry, struct machine *m)
{
	uint8_t bus = entry[2], line = entry[3];
	uint16_t flags = machine_get16(entry + 8);

	if (bus != 0 || line >= MACHINE_ISA_LINES)
		return;
	m->isa[line].gsi = machine_get32(entry + 4);
	m->isa[line].low = flags_low(flags);
	m->isa[line].level = flags_level(flags);
}

static void madt_entry(const uint8_t *entry, struct machine *m)
{
	enum { ENABLED = 1, LINT1 = 1 };

	switch (entry[0]) {
	case MADT_CPU:
		if (machine_get32(entry + 4) & ENABLED)
			machine_add_cpu(m, entry[3]);
		break;
	case MADT_CPU_X2:
		if (machine_get32(entry + 8) & ENABLED)
			machine_add_cpu(m, machine_get32(entry + 4));
		break;
	case MADT_IOAPIC:
		machine_add_ioapic(m, entry[2], machine_get32(entry + 4), machine_get32(entry + 8));
		break;
	case MADT_OVERRIDE:
		madt_override(entry, m);
		break;
	case MADT_NMI:
		if (entry[5] == LINT1)
			m->nmi_low = flags_low(machine_get16(entry + 3));
		break;
	case MADT_LAPIC_ADDRESS:
		if (machine_get64(entry + 4) <= 0xFFFFFFFF)
			m->lapic = machine_get32(entry + 4);
		break;
	}
}

bool acpi_madt_read(const void *madt, size_t size, struct machine *m)
{
	const uint8_t *p = madt;

	size = MIN(size, (size_t)machine_get32(p + HEADER_LENGTH));
	if (size < MADT_ENTRIES)
		return false;
	m->lapic = machine_get32(p + MADT_LAPIC);
	for (size_t at = MADT_ENTRIES; at < size;) {
		const uint8_t *entry = p + at;
		if (size - at < 2 || entry[1] > size - at || entry[1] < madt_entry_size(entry[0]))
			return false;
		madt_entry(entry, m);
		at += entry[1];
	}
	return m->cpu_count > 0;
}

/* --- FADT: section 5.2.9. --- */

#define FADT_SIZE_1 116 /* ACPI 1.0 */
#define FADT_DSDT 40
#define FADT_SMI_COMMAND 48
#define FADT_ACPI_ENABLE 52
#define FADT_PM1A_CONTROL 64
#define FADT_PM1B_CONTROL 68
#define FADT_CENTURY 108
#define FADT_FLAGS 112
#define FADT_RESET 116
#define FADT_RESET_VALUE 128
#define FADT_X_DSDT 140
#define FADT_X_PM1A_CONTROL 172
#define FADT_X_PM1B_CONTROL 184

#define FADT_HAS_RESET (1u << 10)
#define FADT_REDUCED_HARDWARE (1u << 20)

#define ADDRESS_SIZE 12 /* of a Generic Address Structure, section 5.2.3.2: space, width, offset, access, address */
enum { SPACE_MEMORY = 0, SPACE_PORT = 1 };

/* The register that the address structure at offset names: none if the table ends before, or it is out of reach. */
static struct machine_register fadt_register(const uint8_t *fadt, size_t size, size_t offset)
{
	struct machine_register none = { 0, false };

	if (size < offset + ADDRESS_SIZE)
		return none;
	uint8_t space = fadt[offset];
	uint64_t address = machine_get64(fadt + offset + 4);
	if (space == SPACE_PORT && address <= 0xFFFF)
		return (struct machine_register){ (uint32_t)address, false };
	if (space == SPACE_MEMORY && address <= 0xFFFFFFFF)
		return (struct machine_register){ (uint32_t)address, true };
	return none;
}

/* A port from the extended field, or where that is empty, from the old one. */
static uint16_t fadt_port(const uint8_t *fadt, size_t size, size_t extended, size_t old)
{
	struct machine_register reg = fadt_register(fadt, size, extended);
	uint32_t port = machine_get32(fadt + old);

	if (reg.address && !reg.memory)
		return (uint16_t)reg.address;
	return port <= 0xFFFF ? (uint16_t)port : 0;
}

bool acpi_fadt_read(const void *fadt, size_t size, struct machine *m, uint32_t *dsdt)
{
	struct machine_power *power = &m->power;
	const uint8_t *p = fadt;

	size = MIN(size, (size_t)machine_get32(p + HEADER_LENGTH));
	if (size < FADT_SIZE_1)
		return false;
	m->century = p[FADT_CENTURY];
	uint32_t flags = machine_get32(p + FADT_FLAGS);
	if ((flags & FADT_HAS_RESET) && size > FADT_RESET_VALUE) {
		power->reset = fadt_register(p, size, FADT_RESET);
		power->reset_value = p[FADT_RESET_VALUE];
	}
	*dsdt = machine_get32(p + FADT_DSDT);
	if (size >= FADT_X_DSDT + 8) {
		uint64_t extended = machine_get64(p + FADT_X_DSDT);
		if (extended != 0 && extended <= 0xFFFFFFFF)
			*dsdt = (uint32_t)extended;
	}
	if (flags & FADT_REDUCED_HARDWARE)
		return true; /* it has none of the ports */
	power->pm1a = fadt_port(p, size, FADT_X_PM1A_CONTROL, FADT_PM1A_CONTROL);
	power->pm1b = fadt_port(p, size, FADT_X_PM1B_CONTROL, FADT_PM1B_CONTROL);
	uint32_t smi_command = machine_get32(p + FADT_SMI_COMMAND);
	power->smi_command = smi_command <= 0xFFFF ? (uint16_t)smi_command : 0;
	power->acpi_enable = p[FADT_ACPI_ENABLE];
	return true;
}

/* --- \_S5_: Name(_S5_, Package(){SLP_TYPa, SLP_TYPb, ...}), sections 20.2.2 to 20.2.5. --- */

enum { AML_ZERO = 0x00, AML_ONE = 0x01, AML_NAME = 0x08, AML_BYTE = 0x0A, AML_WORD = 0x0B, AML_DWORD = 0x0C,
       AML_PACKAGE = 0x12, AML_ROOT = '\\' };

/* Read the integer at *at and step over it; it must be a possible SLP_TYP, 0 to 7. */
static bool aml_sleep_type(const uint8_t *p, size_t size, size_t *at, uint8_t *value)
{
	size_t bytes;

	if (*at >= size)
		return false;
	uint8_t opcode = p[(*at)++];
	if (opcode == AML_ZERO || opcode == AML_ONE) {
		*value = opcode;
		return true;
	}
	bytes = opcode == AML_BYTE ? 1 : opcode == AML_WORD ? 2 : opcode == AML_DWORD ? 4 : 0;
	if (bytes == 0 || size - *at < bytes || p[*at] > 7)
		return false;
	for (size_t i = 1; i < bytes; i++)
		if (p[*at + i] != 0)
			return false;
	*value = p[*at];
	*at += bytes;
	return true;
}

/* The package whose opcode is at `at`. */
static bool aml_sleep_package(const uint8_t *p, size_t size, size_t at, uint8_t *off_a, uint8_t *off_b)
{
	if (size - at < 4 || p[at] != AML_PACKAGE)
		return false;
	/* PkgLength is 1 to 4 bytes; bits 6-7 of the first are how many follow. Then the number of elements. */
	size_t elements = at + 2 + (p[at + 1] >> 6);
	if (elements >= size || p[elements] < 1)
		return false;
	size_t element = elements + 1;
	if (!aml_sleep_type(p, size, &element, off_a))
		return false;
	/* Some firmware leaves the second out, where there is no PM1b. */
	if (p[elements] < 2 || !aml_sleep_type(p, size, &element, off_b))
		*off_b = *off_a;
	return true;
}

bool acpi_s5_find(const void *table, size_t size, uint8_t *off_a, uint8_t *off_b)
{
	const uint8_t *p = table;

	size = MIN(size, (size_t)machine_get32(p + HEADER_LENGTH));
	for (size_t at = HEADER_SIZE + 1; at + 8 <= size; at++) {
		if (memcmp(p + at, "_S5_", 4) != 0)
			continue;
		bool named = p[at - 1] == AML_NAME || (p[at - 1] == AML_ROOT && p[at - 2] == AML_NAME);
		if (named && aml_sleep_package(p, size, at + 4, off_a, off_b))
			return true;
	}
	return false;
}

/* --- All of it. --- */

/*
 * A view of the whole table at a physical address, and its size. NULL: no such table stands there; one that is damaged
 * is reported.
 */
static const void *table_view(machine_view *view, uint64_t physical, const char *signature, size_t *size)
{
	bool code = memcmp(signature, "DSDT", 4) == 0 || memcmp(signature, "SSDT", 4) == 0;
	size_t limit = code ? CODE_SIZE_MAX : TABLE_SIZE_MAX;

	if (physical == 0 || physical > 0xFFFFFFFF - CODE_SIZE_MAX)
		return NULL;
	const uint8_t *header = view((uint32_t)physical, HEADER_SIZE);
	if (!header || memcmp(header, signature, 4) != 0)
		return NULL;
	*size = machine_get32(header + HEADER_LENGTH);
	const void *table = NULL;
	if (*size >= HEADER_SIZE && *size <= limit)
		table = view((uint32_t)physical, *size);
	if (table && acpi_table_check(table, *size, signature))
		return table;
	kprintf("ACPI: the table %s at 0x%08x is damaged; going on without it\n", signature, (uint32_t)physical);
	return NULL;
}

/* What the tables of the machine are listed in: the XSDT or the RSDT. */
struct acpi_index {
	const uint8_t *entries;
	unsigned count;
	unsigned width; /* bytes of an entry: 4 or 8 */
};

static bool index_open(machine_view *view, const struct acpi_root *root, struct acpi_index *index)
{
	size_t size;
	const uint8_t *table = table_view(view, root->xsdt, "XSDT", &size);

	index->width = 8;
	if (!table) {
		table = table_view(view, root->rsdt, "RSDT", &size);
		index->width = 4;
	}
	if (!table)
		return false;
	index->entries = table + HEADER_SIZE;
	index->count = MIN((unsigned)((size - HEADER_SIZE) / index->width), INDEX_MAX);
	return true;
}

/* The first whole table with this signature. */
static const void *index_find(machine_view *view, const struct acpi_index *index, const char *signature, size_t *size)
{
	for (unsigned i = 0; i < index->count; i++) {
		const uint8_t *entry = index->entries + i * index->width;
		uint64_t physical = index->width == 8 ? machine_get64(entry) : machine_get32(entry);
		const void *table = table_view(view, physical, signature, size);
		if (table)
			return table;
	}
	return NULL;
}

static void read_power(struct machine *m, machine_view *view, const struct acpi_index *index)
{
	struct machine_power *power = &m->power;
	size_t size;
	uint32_t dsdt_address;
	const void *table = index_find(view, index, "FACP", &size);

	if (!table)
		return;
	if (!acpi_fadt_read(table, size, m, &dsdt_address)) {
		kprintf("ACPI: the FADT is too short; the machine cannot be switched off\n");
		return;
	}
	table = table_view(view, dsdt_address, "DSDT", &size);
	if (!table || !acpi_s5_find(table, size, &power->off_a, &power->off_b)) {
		table = index_find(view, index, "SSDT", &size);
		if (!table || !acpi_s5_find(table, size, &power->off_a, &power->off_b))
			return;
	}
	power->can_off = power->pm1a != 0;
}

static bool find_root(machine_view *view, struct acpi_root *root)
{
	const uint8_t *pointer = view(EBDA_POINTER, 2);
	uint32_t ebda = pointer ? (uint32_t)machine_get16(pointer) << 4 : 0;
	const void *area = NULL;

	if (ebda >= 0x80000 && ebda <= 0xA0000 - EBDA_SIZE)
		area = view(ebda, EBDA_SIZE);
	if (area && acpi_root_find(area, EBDA_SIZE, root))
		return true;
	area = view(BIOS_START, BIOS_END - BIOS_START);
	return area && acpi_root_find(area, BIOS_END - BIOS_START, root);
}

bool acpi_read(struct machine *m, machine_view *view)
{
	struct acpi_root root;
	struct acpi_index index;
	size_t size;

	if (!find_root(view, &root))
		return false;
	if (!index_open(view, &root, &index)) {
		kprintf("ACPI: no list of tables at 0x%08x; going on without ACPI\n", root.rsdt);
		return false;
	}
	read_power(m, view, &index);
	const void *madt = index_find(view, &index, "APIC", &size);
	if (!madt)
		return false;
	if (acpi_madt_read(madt, size, m))
		return true;
	kprintf("ACPI: the list of CPUs (MADT) is damaged; going on without it\n");
	machine_forget_cpus(m);
	return false;
}
