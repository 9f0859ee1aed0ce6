/* The controllers that there are drivers for. */
#include <inc/lib.h>

#include "disks.h"

/* --- IDE: PCI IDE Controller Specification 1.0. --- */

/*
 * The interface byte: a channel uses its base address registers, and not the places it has had since the AT (section
 * 2.1).
 */
#define CHANNEL_NATIVE(n) (1 << (n) * 2)

static bool is_ide(const struct pci_device *device)
{
	return device->class == PCI_CLASS_IDE;
}

static void place_ide(struct driver_page *page)
{
	static const struct {
		uint16_t command, control;
		uint8_t line;
	} at[2] = { { 0x1F0, 0x3F6, 14 }, { 0x170, 0x376, 15 } };

	for (int n = 0; n < 2; n++) {
		if (page->device.interface & CHANNEL_NATIVE(n))
			continue;
		page->ranges[2 * n] = (struct driver_range){ PCI_BAR_PORTS, at[n].command, 8, 0 };
		page->ranges[2 * n + 1] = (struct driver_range){ PCI_BAR_PORTS, at[n].control, 1, 0 };
		page->lines |= 1u << at[n].line;
	}
}

/* --- AHCI: Serial ATA AHCI 1.3.1, section 2.1.4: the interface byte is 1. --- */

static bool is_ahci(const struct pci_device *device)
{
	return device->class == PCI_CLASS_SATA && device->interface == 1;
}

/* --- virtio: Virtual I/O Device 1.1, section 4.1.2. --- */

#define VIRTIO_VENDOR 0x1AF4
#define VIRTIO_BLK 0x1042
#define VIRTIO_BLK_TRANSITIONAL 0x1001

static bool is_virtio_blk(const struct pci_device *device)
{
	return device->vendor == VIRTIO_VENDOR &&
	       (device->device == VIRTIO_BLK || device->device == VIRTIO_BLK_TRANSITIONAL);
}

static const struct controller_kind kinds[] = {
	{ "virtio_blk", 16, is_virtio_blk, NULL },
	{ "ahci", 96, is_ahci, NULL },
	{ "ide", 8, is_ide, place_ide },
};

const struct controller_kind *kind_of(const struct pci_device *device)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].matches(device))
			return &kinds[i];
	return NULL;
}
