/*
 * What all virtio devices have in common, as PCI devices of the modern kind with split queues. Sections are those of
 * Virtual I/O Device (VIRTIO) Version 1.1.
 */
#ifndef DRV_VIRTIO_H
#define DRV_VIRTIO_H

#include <finch/driver.h>

/* Bits 0 to 31 of the features, and 32 to 63: section 6. */
#define VIRTIO_FEATURE_INDIRECT (1u << 28)
#define VIRTIO_FEATURE_VERSION_1 (1u << 0)

/* Section 2.6.5. */
#define VIRTIO_DESCRIPTOR_NEXT 1
#define VIRTIO_DESCRIPTOR_WRITE 2
#define VIRTIO_DESCRIPTOR_INDIRECT 4

struct virtio_descriptor {
	uint64_t address;
	uint32_t size;
	uint16_t flags;
	uint16_t next;
};

#define VIRTIO_QUEUE_MAX 256 /* entries that we use, at most */

/* A queue in DMA memory: sections 2.6.5, 2.6.6, 2.6.8. */
struct virtio_queue_memory {
	struct virtio_descriptor descriptors[VIRTIO_QUEUE_MAX];
	struct {
		uint16_t flags;
		uint16_t index;
		uint16_t ring[VIRTIO_QUEUE_MAX];
		uint16_t used_event;
	} available;
	struct {
		uint16_t flags;
		uint16_t index;
		struct {
			uint32_t id;
			uint32_t size;
		} ring[VIRTIO_QUEUE_MAX];
		uint16_t available_event;
	} __attribute__((aligned(4))) used;
} __attribute__((aligned(16)));

struct virtio {
	volatile uint8_t *common, *notify, *status, *config; /* its registers, mapped */
	uint32_t notify_step, notify_size, config_size;
};

struct virtio_queue {
	struct virtio_queue_memory *memory;
	volatile uint16_t *doorbell;
	uint16_t number;
	uint16_t size;      /* entries, a power of two */
	uint16_t available; /* as the ring's index */
	uint16_t used;      /* entries that were taken */
};

/* Find the registers. -E_NOT_SUPP: it is not of the modern kind. */
int virtio_find(struct virtio *device, const struct driver_page *page);
/*
 * Reset the device, and agree with it on features: features[] has those wanted, and then those that both have. 0, or
 * -E_TIMEOUT: it does not come out of reset; -E_NOT_SUPP: it cannot do without something else.
 */
int virtio_begin(struct virtio *device, uint32_t features[2]);
/* Give it queue `number`, in DMA memory. 0, or -E_NOT_SUPP: it has none. */
int virtio_queue_set_up(struct virtio *device, struct virtio_queue *queue, uint16_t number,
			struct virtio_queue_memory *memory);
/* Let it run. */
void virtio_ready(struct virtio *device);

/* Eight bytes of the device's own configuration, at a multiple of 4; 0 beyond its end. */
uint64_t virtio_config64(const struct virtio *device, uint32_t offset);

/* Read why it interrupts, which ends the interrupt. */
void virtio_acknowledge(const struct virtio *device);

/* Offer the chain that starts with that descriptor. */
void virtio_queue_offer(struct virtio_queue *queue, uint32_t first);
/* Take a chain that the device has used; what it says is not checked. False: there is none. */
bool virtio_queue_take(struct virtio_queue *queue, uint32_t *first);

#endif
