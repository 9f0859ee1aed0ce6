/* The MultiProcessor table: see mptable.h. */
#include <common/string.h>
#include <dev/pc/mptable.h>
#include <kern/print.h>

/* Section 4.1: the floating pointer. */
#define POINTER_SIZE 16
#define POINTER_TABLE 4
#define POINTER_FEATURE_1 11
#define POINTER_FEATURE_2 12
#define FEATURE_2_IMCR 0x80

/* Section 4.2: the configuration table's header. */
#define HEADER_SIZE 44
#define HEADER_LENGTH 4
#define HEADER_LAPIC 36

/* Chapter 4.3: the entries. */
enum { ENTRY_CPU = 0, ENTRY_BUS = 1, ENTRY_IOAPIC = 2, ENTRY_INTERRUPT = 3, ENTRY_LOCAL_INTERRUPT = 4 };
enum { TYPE_INT = 0, TYPE_NMI = 1 }; /* of interrupts */

#define BUSES_MAX 256

/*
 * An input of an I/O APIC is named by the APIC's id and its pin; elsewhere by one number for the whole machine.
 * So each gets a range of its own, as wide as an I/O APIC can be.
 */
#define GSI_RANGE 256

bool mptable_find(const void *area, size_t size, struct mptable_pointer *pointer)
{
	for (size_t at = 0; at + POINTER_SIZE <= size; at += 16) {
		const uint8_t *p = (const uint8_t *)area + at;
		/* Byte 8 is the length in units of 16 bytes: 1 in all revisions. */
		if (memcmp(p, "_MP_", 4) != 0 || p[8] != 1 || machine_sum(p, POINTER_SIZE) != 0)
			continue;
		pointer->table = machine_get32(p + POINTER_TABLE);
		pointer->standard = p[POINTER_FEATURE_1];
		pointer->imcr = p[POINTER_FEATURE_2] & FEATURE_2_IMCR;
		return true;
	}
	return false;
}

/* Entries go by their type: a CPU's takes 20 bytes, all others 8. 0: there is no such type. */
static unsigned entry_size(uint8_t type)
{
	if (type == ENTRY_CPU)
		return 20;
	return type <= ENTRY_LOCAL_INTERRUPT ? 8 : 0;
}

/* What interrupts need of the entries before them. */
struct parse {
	struct machine *m;
	uint8_t isa_bus[BUSES_MAX / 8]; /* a bit for each bus that numbers its lines as ISA does */
	uint8_t pci_bus[BUSES_MAX / 8];
};

static void parse_cpu(struct parse *parse, const uint8_t *entry)
{
	enum { ENABLED = 1 };

	if (entry[3] & ENABLED)
		machine_add_cpu(parse->m, entry[1]);
}

static bool is_in(const uint8_t *buses, uint8_t bus)
{
	return buses[bus / 8] & 1 << bus % 8;
}

static void parse_bus(struct parse *parse, const uint8_t *entry)
{
	if (memcmp(entry + 2, "PCI   ", 6) == 0)
		parse->pci_bus[entry[1] / 8] |= (uint8_t)(1 << entry[1] % 8);
	if (memcmp(entry + 2, "ISA   ", 6) == 0 || memcmp(entry + 2, "EISA  ", 6) == 0)
		parse->isa_bus[entry[1] / 8] |= (uint8_t)(1 << entry[1] % 8);
}

static void parse_ioapic(struct parse *parse, const uint8_t *entry)
{
	enum { USABLE = 1 };

	if (entry[3] & USABLE)
		machine_add_ioapic(parse->m, entry[1], machine_get32(entry + 4), parse->m->ioapic_count * GSI_RANGE);
}

/* Section 4.3.4: polarity and trigger; 0 is as the bus has it. */
static void set_mode(struct machine_line *line, uint8_t flags, bool pci)
{
	line->low = (flags & 3) == 3 || ((flags & 3) == 0 && pci);
	line->level = (flags >> 2 & 3) == 3 || ((flags >> 2 & 3) == 0 && pci);
}

/*
 * Section 4.3.4: type, polarity and trigger, source bus and line, destination APIC and pin. An interrupt of PCI at a
 * pin that ISA lines have too, which is then not listed as one: the line is called by the pin, as firmware tells PCI
 * devices.
 */
static void parse_interrupt(struct parse *parse, const uint8_t *entry)
{
	struct machine *m = parse->m;
	uint8_t bus = entry[4], ioapic = entry[6], pin = entry[7];
	bool pci = is_in(parse->pci_bus, bus);
	uint8_t line = pci ? pin : entry[5];

	if (entry[1] != TYPE_INT || line >= MACHINE_ISA_LINES || !(pci || is_in(parse->isa_bus, bus)))
		return;
	for (unsigned i = 0; i < m->ioapic_count; i++) {
		if (m->ioapics[i].id != ioapic || (pci && m->isa[line].gsi != m->ioapics[i].gsi_base + pin))
			continue;
		m->isa[line].gsi = m->ioapics[i].gsi_base + pin;
		set_mode(&m->isa[line], entry[2], pci);
		return;
	}
}

static void parse_local_interrupt(struct parse *parse, const uint8_t *entry)
{
	if (entry[1] == TYPE_NMI && entry[7] == 1)
		parse->m->nmi_low = (entry[2] & 3) == 3;
}

static void parse_entry(struct parse *parse, const uint8_t *entry, bool interrupts)
{
	if (entry[0] == ENTRY_INTERRUPT && interrupts)
		parse_interrupt(parse, entry);
	else if (entry[0] == ENTRY_LOCAL_INTERRUPT && interrupts)
		parse_local_interrupt(parse, entry);
	else if (interrupts)
		return;
	else if (entry[0] == ENTRY_CPU)
		parse_cpu(parse, entry);
	else if (entry[0] == ENTRY_BUS)
		parse_bus(parse, entry);
	else if (entry[0] == ENTRY_IOAPIC)
		parse_ioapic(parse, entry);
}

/* The table's own order of entries is not relied on: interrupts are read when buses and I/O APICs are known. */
static bool parse_entries(struct parse *parse, const uint8_t *table, size_t size, bool interrupts)
{
	for (size_t at = HEADER_SIZE; at < size;) {
		unsigned length = entry_size(table[at]);
		if (length == 0 || length > size - at)
			return false;
		parse_entry(parse, table + at, interrupts);
		at += length;
	}
	return true;
}

bool mptable_parse(const void *table, size_t size, struct machine *m)
{
	const uint8_t *p = table;
	struct parse parse = { .m = m };

	if (size < HEADER_SIZE || memcmp(p, "PCMP", 4) != 0)
		return false;
	size_t length = machine_get16(p + HEADER_LENGTH);
	if (length < HEADER_SIZE || length > size || machine_sum(p, length) != 0)
		return false;
	m->lapic = machine_get32(p + HEADER_LAPIC);
	if (!parse_entries(&parse, p, length, false) || !parse_entries(&parse, p, length, true))
		return false;
	return m->cpu_count > 0;
}

/*
 * Chapter 5: two CPUs, APIC ids 0 and 1, and an I/O APIC at the usual place; ISA lines at the inputs of their number.
 */
bool mptable_standard(unsigned number, struct machine *m)
{
	if (number < 1 || number > 7)
		return false;
	machine_add_cpu(m, 0);
	machine_add_cpu(m, 1);
	machine_add_ioapic(m, 2, 0xFEC00000, 0);
	m->lapic = 0xFEE00000;
	return true;
}

/* Section 4: the EBDA's first KB, else the last KB of base memory; then the BIOS. */
static bool find_pointer(machine_view *view, struct mptable_pointer *pointer)
{
	const uint8_t *words = view(0x400, 0x20);
	uint32_t ebda = words ? (uint32_t)machine_get16(words + 0x0E) << 4 : 0;
	uint32_t base_end = words ? (uint32_t)machine_get16(words + 0x13) << 10 : 0;
	uint32_t starts[2] = { ebda, base_end - 1024 };
	const void *area;

	for (unsigned i = 0; i < ARRAY_SIZE(starts); i++) {
		if (starts[i] < 0x40000 || starts[i] > 0xA0000 - 1024)
			continue;
		area = view(starts[i], 1024);
		if (area && mptable_find(area, 1024, pointer))
			return true;
	}
	area = view(0xF0000, 0x10000);
	return area && mptable_find(area, 0x10000, pointer);
}

bool mptable_read(struct machine *m, machine_view *view)
{
	struct mptable_pointer pointer;
	const uint8_t *table;
	bool read;

	if (!find_pointer(view, &pointer))
		return false;
	if (pointer.table == 0) {
		read = mptable_standard(pointer.standard, m);
	} else {
		table = view(pointer.table, HEADER_SIZE);
		size_t size = table ? machine_get16(table + HEADER_LENGTH) : 0;
		if (table && size > HEADER_SIZE)
			table = view(pointer.table, size);
		read = table && mptable_parse(table, size, m);
	}
	if (!read) {
		kprintf("the MP table at 0x%08x is damaged; going on without it\n", pointer.table);
		machine_forget_cpus(m);
		return false;
	}
	m->imcr = pointer.imcr;
	return true;
}
