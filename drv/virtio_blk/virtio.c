/* What all virtio devices have in common: see virtio.h. */
#include <drv/lib/block_server.h>
#include <inc/lib.h>

#include "virtio.h"

/* PCI capabilities (section 4.1.4): offsets in them, and kinds. */
#define CAPABILITY_VENDOR 0x09
#define CAP_KIND 3
#define CAP_BAR 4
#define CAP_OFFSET 8
#define CAP_SIZE 12
#define CAP_NOTIFY_STEP 16
enum { KIND_COMMON = 1, KIND_NOTIFY, KIND_STATUS, KIND_CONFIG };

/* Common registers (section 4.1.4.3). */
#define DEVICE_FEATURE_SELECT 0x00
#define DEVICE_FEATURE 0x04
#define DRIVER_FEATURE_SELECT 0x08
#define DRIVER_FEATURE 0x0C
#define DEVICE_STATUS 0x14 /* 8 bits */
#define QUEUE_SELECT 0x16  /* 16 bits, as those up to 0x1E */
#define QUEUE_SIZE 0x18
#define QUEUE_ENABLE 0x1C
#define QUEUE_NOTIFY 0x1E
#define QUEUE_DESCRIPTORS 0x20 /* 64 bits, as those that follow */
#define QUEUE_AVAILABLE 0x28
#define QUEUE_USED 0x30
#define COMMON_SIZE 0x38

/* Device status (section 2.1). */
#define STATUS_ACKNOWLEDGE 1
#define STATUS_DRIVER 2
#define STATUS_DRIVER_OK 4
#define STATUS_FEATURES_OK 8

#define RESET_MS 1000

static inline uint8_t read8(volatile uint8_t *base, uint32_t offset)
{
	return base[offset];
}

static inline void write8(volatile uint8_t *base, uint32_t offset, uint8_t value)
{
	base[offset] = value;
}

static inline uint16_t read16(volatile uint8_t *base, uint32_t offset)
{
	return *(volatile uint16_t *)(base + offset);
}

static inline void write16(volatile uint8_t *base, uint32_t offset, uint16_t value)
{
	*(volatile uint16_t *)(base + offset) = value;
}

static inline uint32_t read32(volatile uint8_t *base, uint32_t offset)
{
	return *(volatile uint32_t *)(base + offset);
}

static inline void write32(volatile uint8_t *base, uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)(base + offset) = value;
}

/* Section 4.1.3.1: a register of 64 bits as two halves. */
static inline void write64(volatile uint8_t *base, uint32_t offset, uint32_t value)
{
	write32(base, offset, value);
	write32(base, offset + 4, 0);
}

/* --- Finding the registers. --- */

/* Where a capability's registers are mapped, of at least `size` bytes, on a multiple of `align`; NULL: nowhere. */
static volatile uint8_t *mapped(const struct driver_page *page, int capability, uint32_t size, uint32_t align)
{
	uint8_t bar = pci_config8(&page->config, capability + CAP_BAR);
	uint32_t offset = pci_config32(&page->config, capability + CAP_OFFSET);
	uint32_t length = pci_config32(&page->config, capability + CAP_SIZE);

	if (bar >= DRIVER_RANGES || length < size || offset % align != 0)
		return NULL;
	const struct driver_range *range = &page->ranges[bar];
	if (!range->va || offset > range->size || length > range->size - offset)
		return NULL;
	return (volatile uint8_t *)(range->va + offset);
}

static void note_capability(struct virtio *device, const struct driver_page *page, int at)
{
	uint32_t size = pci_config32(&page->config, at + CAP_SIZE);

	switch (pci_config8(&page->config, at + CAP_KIND)) {
	case KIND_COMMON:
		if (!device->common)
			device->common = mapped(page, at, COMMON_SIZE, sizeof(uint32_t));
		break;
	case KIND_NOTIFY:
		if (device->notify)
			break;
		device->notify = mapped(page, at, sizeof(uint16_t), sizeof(uint16_t));
		device->notify_size = size;
		device->notify_step = pci_config32(&page->config, at + CAP_NOTIFY_STEP);
		break;
	case KIND_STATUS:
		if (!device->status)
			device->status = mapped(page, at, 1, 1);
		break;
	case KIND_CONFIG:
		if (device->config)
			break;
		device->config = mapped(page, at, 1, sizeof(uint32_t));
		device->config_size = size;
		break;
	}
}

int virtio_find(struct virtio *device, const struct driver_page *page)
{
	*device = (struct virtio){ 0 };
	/* The first of a kind that can be used is the one to use (section 4.1.4). */
	for (int at = 0, n = 0; n < PCI_CAPABILITIES_MAX && (at = pci_capability(&page->config, CAPABILITY_VENDOR, at)); n++)
		note_capability(device, page, at);
	return device->common && device->notify && device->status && device->config ? 0 : -E_NOT_SUPP;
}

/* --- Setting up: section 3.1.1. --- */

static int reset(struct virtio *device)
{
	uint32_t since = block_now();

	write8(device->common, DEVICE_STATUS, 0);
	while (read8(device->common, DEVICE_STATUS) != 0) {
		if (block_passed(since, RESET_MS))
			return -E_TIMEOUT;
		block_pause(1);
	}
	return 0;
}

int virtio_begin(struct virtio *device, uint32_t features[2])
{
	int err = reset(device);
	uint8_t status = STATUS_ACKNOWLEDGE | STATUS_DRIVER;

	if (err < 0)
		return err;
	write8(device->common, DEVICE_STATUS, status);
	for (uint32_t i = 0; i < 2; i++) {
		write32(device->common, DEVICE_FEATURE_SELECT, i);
		features[i] &= read32(device->common, DEVICE_FEATURE);
		write32(device->common, DRIVER_FEATURE_SELECT, i);
		write32(device->common, DRIVER_FEATURE, features[i]);
	}
	status |= STATUS_FEATURES_OK;
	write8(device->common, DEVICE_STATUS, status);
	if (!(read8(device->common, DEVICE_STATUS) & STATUS_FEATURES_OK) || !(features[1] & VIRTIO_FEATURE_VERSION_1))
		return -E_NOT_SUPP;
	return 0;
}

int virtio_queue_set_up(struct virtio *device, struct virtio_queue *queue, uint16_t number,
			struct virtio_queue_memory *memory)
{
	write16(device->common, QUEUE_SELECT, number);
	uint16_t size = read16(device->common, QUEUE_SIZE);
	if (size == 0)
		return -E_NOT_SUPP;
	if (size > VIRTIO_QUEUE_MAX)
		write16(device->common, QUEUE_SIZE, size = VIRTIO_QUEUE_MAX);
	uint32_t doorbell = read16(device->common, QUEUE_NOTIFY) * device->notify_step;
	if (doorbell > device->notify_size - sizeof(uint16_t) || doorbell % sizeof(uint16_t) != 0)
		return -E_NOT_SUPP;
	memset(memory, 0, sizeof(*memory));
	*queue = (struct virtio_queue){ memory, (volatile uint16_t *)(device->notify + doorbell), number, size, 0, 0 };
	write64(device->common, QUEUE_DESCRIPTORS, driver_physical(memory->descriptors));
	write64(device->common, QUEUE_AVAILABLE, driver_physical(&memory->available));
	write64(device->common, QUEUE_USED, driver_physical(&memory->used));
	write16(device->common, QUEUE_ENABLE, 1);
	return 0;
}

void virtio_ready(struct virtio *device)
{
	uint8_t status = read8(device->common, DEVICE_STATUS);

	write8(device->common, DEVICE_STATUS, status | STATUS_DRIVER_OK);
}

uint64_t virtio_config64(const struct virtio *device, uint32_t offset)
{
	if (device->config_size < 8 || offset > device->config_size - 8 || offset % sizeof(uint32_t) != 0)
		return 0;
	return read32(device->config, offset) | (uint64_t)read32(device->config, offset + 4) << 32;
}

void virtio_acknowledge(const struct virtio *device)
{
	(void)read8(device->status, 0); /* section 4.1.4.5 */
}

/* --- The queue: sections 2.6.13 and 2.6.14. --- */

void virtio_queue_offer(struct virtio_queue *queue, uint32_t first)
{
	struct virtio_queue_memory *memory = queue->memory;

	memory->available.ring[queue->available % queue->size] = (uint16_t)first;
	__atomic_store_n(&memory->available.index, ++queue->available, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	*queue->doorbell = queue->number;
}

bool virtio_queue_take(struct virtio_queue *queue, uint32_t *first)
{
	struct virtio_queue_memory *memory = queue->memory;

	uint16_t there = (uint16_t)(__atomic_load_n(&memory->used.index, __ATOMIC_ACQUIRE) - queue->used);
	if (there == 0 || there > queue->size) /* more than it can have done: what it was asked for will time out */
		return false;
	*first = *(volatile uint32_t *)&memory->used.ring[queue->used % queue->size].id;
	queue->used++;
	return true;
}
