/* What the firmware tells of the machine: see machine.h. */
#include <common/string.h>
#include <dev/pc/machine.h>

void machine_forget_cpus(struct machine *m)
{
	m->lapic = 0;
	m->cpu_count = 0;
	m->ioapic_count = 0;
	m->nmi_low = false;
	m->imcr = false;
	for (unsigned line = 0; line < MACHINE_ISA_LINES; line++)
		m->isa[line] = (struct machine_line){ .gsi = line };
}

void machine_init(struct machine *m)
{
	memset(m, 0, sizeof *m);
	machine_forget_cpus(m);
}

void machine_add_cpu(struct machine *m, uint32_t apic_id)
{
	if (apic_id >= MACHINE_APIC_IDS)
		return;
	for (unsigned i = 0; i < m->cpu_count; i++)
		if (m->cpus[i] == apic_id)
			return;
	m->cpus[m->cpu_count++] = (uint8_t)apic_id;
}

bool machine_add_ioapic(struct machine *m, uint8_t id, uint32_t address, uint32_t gsi_base)
{
	if (m->ioapic_count == MACHINE_IOAPICS_MAX || address < 0x100000 || address % 16 != 0)
		return false;
	m->ioapics[m->ioapic_count++] =
		(struct machine_ioapic){ .address = address, .gsi_base = gsi_base, .id = id };
	return true;
}

uint8_t machine_sum(const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	uint8_t sum = 0;

	while (size-- > 0)
		sum = (uint8_t)(sum + *at++);
	return sum;
}

uint16_t machine_get16(const uint8_t *from)
{
	return (uint16_t)(from[0] | from[1] << 8);
}

uint32_t machine_get32(const uint8_t *from)
{
	return machine_get16(from) | (uint32_t)machine_get16(from + 2) << 16;
}

uint64_t machine_get64(const uint8_t *from)
{
	return machine_get32(from) | (uint64_t)machine_get32(from + 4) << 32;
}
