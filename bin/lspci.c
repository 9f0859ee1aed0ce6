/*
 * lspci: the devices on the PCI bus. The disk server tells them, if it runs; else the right `ports` is needed: grant
 * ports lspci.
 */
#include <finch/disks.h>
#include <finch/process.h>
#include <finch/rights.h>
#include <inc/lib.h>

#define LIST ((struct disks_list *)0x10000000)

/* Base and subclasses that are met: PCI Local Bus Specification 3.0, appendix D. */
static const struct {
	uint16_t class;
	const char *name;
} names[] = {
	{ 0x0000, "device from before there were classes" },
	{ 0x0100, "SCSI controller" },
	{ 0x0101, "IDE controller" },
	{ 0x0106, "SATA controller" },
	{ 0x0108, "NVMe controller" },
	{ 0x0200, "network controller" },
	{ 0x0300, "VGA controller" },
	{ 0x0380, "display controller" },
	{ 0x0401, "sound" },
	{ 0x0403, "sound" },
	{ 0x0600, "host bridge" },
	{ 0x0601, "bridge to ISA" },
	{ 0x0604, "bridge to PCI" },
	{ 0x0680, "bridge" },
	{ 0x0C03, "USB controller" },
	{ 0x0C05, "SMBus" },
};

static const char *class_name(uint16_t class)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].class == class)
			return names[i].name;
	return "";
}

/* What the disk server knows, or, without one, what is found here. */
static int find_devices(struct pci_device *devices)
{
	if (disks_list(LIST) == 0) {
		memcpy(devices, LIST->devices, sizeof(LIST->devices));
		return (int)LIST->device_count;
	}
	if (!rights_need(RIGHT_PORTS))
		exit_status(1);
	int err = pci_open();
	if (err < 0) {
		printf("lspci: cannot use the ports of the PCI bus: %e\n", err);
		exit_status(1);
	}
	return pci_list(devices, DISKS_DEVICES);
}

void umain(int argc, char **argv)
{
	static struct pci_device devices[DISKS_DEVICES];
	int count = find_devices(devices);

	printf("BUS:SLOT.F  VENDOR:DEVICE  CLASS  LINE\n");
	for (int i = 0; i < count; i++) {
		const struct pci_device *d = &devices[i];
		char line[8] = "-";
		if (d->pin && d->line != 0xFF)
			snprintf(line, sizeof(line), "%d", d->line);
		printf("%02x:%02x.%x     %04x:%04x      %04x   %-4s  %s\n", d->bus, d->slot, d->function, d->vendor,
		       d->device, d->class, line, class_name(d->class));
	}
}
