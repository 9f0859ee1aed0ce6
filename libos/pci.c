/* The PCI bus: <finch/pci.h>. Section numbers are those of the PCI Local Bus Specification 3.0. */
#include <arch/x86.h>
#include <finch/pci.h>
#include <finch/syscall.h>
#include <inc/lib.h>

/* Configuration mechanism 1 (section 3.2.2.3.2). */
#define ADDRESS 0xCF8
#define DATA 0xCFC
#define ENABLE 0x80000000

#define SLOTS 32
#define FUNCTIONS 8
#define HEADER_KIND 0x7F
#define HEADER_BRIDGE 1
#define HEADER_MULTIPLE 0x80 /* the device has more than one function */
#define NOBODY 0xFFFF        /* the vendor where there is no device */

/* Base address registers (section 6.2.5.1). */
#define BAR_PORTS 0x1
#define BAR_PORTS_MASK 0xFFFFFFFC
#define BAR_64 0x4
#define BAR_64_MASK 0x6
#define BAR_MEMORY_MASK 0xFFFFFFF0

#define STATUS_CAPABILITIES 0x10 /* section 6.2.3 */

int pci_open(void)
{
	envid_t server = ipc_find_env(ENV_TYPE_DISKS);

	if (server && server != thisenv->env_id)
		return -E_BUSY;
	return libos_sys_port_allow(0, ADDRESS, DATA + 4 - ADDRESS, 1);
}

static void select(const struct pci_device *device, int offset)
{
	outl(ADDRESS, ENABLE | (uint32_t)device->bus << 16 | (uint32_t)device->slot << 11 |
			      (uint32_t)device->function << 8 | (uint32_t)offset);
}

uint32_t pci_read(const struct pci_device *device, int offset)
{
	select(device, offset);
	return inl(DATA);
}

void pci_write(const struct pci_device *device, int offset, uint32_t value)
{
	select(device, offset);
	outl(DATA, value);
}

void pci_command(const struct pci_device *device, uint16_t set, uint16_t clear)
{
	/* The half above has bits that are cleared by writing ones. */
	uint32_t old = pci_read(device, PCI_COMMAND) & 0xFFFF;

	pci_write(device, PCI_COMMAND, (old & ~(uint32_t)clear) | set);
}

void pci_config_read(const struct pci_device *device, struct pci_config *config)
{
	for (int i = 0; i < 64; i++)
		config->words[i] = pci_read(device, i * 4);
}

/* --- What there is. --- */

struct list {
	struct pci_device *devices;
	int count, max;
};

static void list_bus(struct list *list, uint8_t bus);

/* Enter a function, and what is behind it. False: there is none. */
static bool list_function(struct list *list, struct pci_device *device)
{
	uint32_t id = pci_read(device, PCI_ID);

	if ((id & 0xFFFF) == NOBODY || list->count == list->max)
		return false;
	uint32_t class = pci_read(device, PCI_CLASS), interrupt = pci_read(device, PCI_LINE);
	device->vendor = (uint16_t)id;
	device->device = (uint16_t)(id >> 16);
	device->class = (uint16_t)(class >> 16);
	device->interface = (uint8_t)(class >> 8);
	device->revision = (uint8_t)class;
	device->header = (uint8_t)(pci_read(device, PCI_HEADER & ~3) >> 16);
	device->line = (uint8_t)interrupt;
	device->pin = (uint8_t)(interrupt >> 8);
	list->devices[list->count++] = *device;
	if ((device->header & HEADER_KIND) == HEADER_BRIDGE) {
		uint8_t behind = (uint8_t)(pci_read(device, PCI_BUSES) >> 8);
		if (behind > device->bus) /* the firmware numbers them so; else it is no bus yet */
			list_bus(list, behind);
	}
	return true;
}

static void list_bus(struct list *list, uint8_t bus)
{
	for (uint8_t slot = 0; slot < SLOTS; slot++) {
		struct pci_device device = { .bus = bus, .slot = slot };
		if (!list_function(list, &device) || !(device.header & HEADER_MULTIPLE))
			continue;
		for (uint8_t function = 1; function < FUNCTIONS; function++) {
			device.function = function;
			list_function(list, &device);
		}
	}
}

int pci_list(struct pci_device *devices, int max)
{
	struct list list = { .devices = devices, .max = max };

	list_bus(&list, 0);
	return list.count;
}

/* --- Base addresses. --- */

/* Which bits of a register can be set: the size. The old value is put back. */
static uint32_t writable_bits(const struct pci_device *device, int offset, uint32_t old)
{
	pci_write(device, offset, 0xFFFFFFFF);
	uint32_t bits = pci_read(device, offset);
	pci_write(device, offset, old);
	return bits;
}

/* What register n says. Returns how many registers it takes. */
static int read_bar(const struct pci_device *device, int n, struct pci_bar *bar)
{
	int offset = PCI_BAR + n * 4;
	uint32_t old = pci_read(device, offset);
	uint32_t bits = writable_bits(device, offset, old);
	uint32_t mask = old & BAR_PORTS ? BAR_PORTS_MASK : BAR_MEMORY_MASK;
	int registers = !(old & BAR_PORTS) && (old & BAR_64_MASK) == BAR_64 && n + 1 < PCI_BARS ? 2 : 1;

	if (!(bits & mask))
		return registers;
	bar->kind = old & BAR_PORTS ? PCI_BAR_PORTS : PCI_BAR_MEMORY;
	bar->base = old & mask;
	bar->size = (bits & mask) & -(bits & mask);
	if (registers == 2)
		bar->base |= (uint64_t)pci_read(device, offset + 4) << 32;
	return registers;
}

void pci_bars(const struct pci_device *device, struct pci_bar bars[PCI_BARS])
{
	uint16_t both = PCI_COMMAND_PORTS | PCI_COMMAND_MEMORY;
	uint16_t old = (uint16_t)pci_read(device, PCI_COMMAND) & both;

	for (int i = 0; i < PCI_BARS; i++)
		bars[i] = (struct pci_bar){ PCI_BAR_NONE, 0, 0 };
	if ((device->header & HEADER_KIND) != 0)
		return;
	pci_command(device, 0, both);
	for (int i = 0; i < PCI_BARS;)
		i += read_bar(device, i, &bars[i]);
	pci_command(device, old, 0);
}

/* --- Capabilities. --- */

int pci_capability(const struct pci_config *config, uint8_t id, int from)
{
	if (!(pci_config8(config, PCI_STATUS) & STATUS_CAPABILITIES))
		return 0;
	int at = pci_config8(config, from ? from + 1 : PCI_CAPABILITIES) & ~3;
	for (int i = 0; at >= 0x40 && i < PCI_CAPABILITIES_MAX; i++) {
		if (pci_config8(config, at) == id)
			return at;
		at = pci_config8(config, at + 1) & ~3;
	}
	return 0;
}
