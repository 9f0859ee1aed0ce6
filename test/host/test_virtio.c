/*
 * Host test of drv/virtio_blk against a device that answers wrongly: registers, rings and capabilities are plain memory, in
 * which each test writes what the device says. Whatever that is, requests end once or not at all, and what the device is
 * given to do lies within what it was to get.
 */
#define TEST_GROUP "virtio"
#include "host.h"

#include <abi/error.h>
#include <arch/mmu.h>
#include <sys/mman.h>

#pragma GCC diagnostic ignored "-Wpointer-to-int-cast" /* addresses of a machine of 32 bits */
#pragma GCC diagnostic ignored "-Wint-to-pointer-cast"
#pragma GCC diagnostic ignored "-Wunused-parameter"

/* --- In place of libos and drv/lib. Memory of the driver stands where 32 bits reach on the host too. --- */

#define INC_LIB_H
#define DMA_PHYSICAL 0x00400000u
#define DMA_PAGES 16
#define DEVICE 0x21000000u
#define DEVICE_SIZE 0x4000

#include <finch/driver.h>

#undef DRIVER_DMA
#define DRIVER_DMA 0x20000000u
#undef DRIVER_PAGE
#define DRIVER_PAGE (&page)

static struct driver_page page;
static uint32_t clock_ms;

#include <drv/lib/block_server.h>

#define REQUESTS 80

static struct block_request requests[REQUESTS];
static int ended[REQUESTS], results[REQUESTS];

void block_end(struct block_request *request, int result)
{
	ended[request - requests]++;
	results[request - requests] = result;
}

uint32_t block_now(void)
{
	return clock_ms;
}

void block_pause(uint32_t ms)
{
	clock_ms += ms;
}

bool block_passed(uint32_t since, uint32_t ms)
{
	return clock_ms - since >= ms;
}

void block_say(const char *format, ...)
{
	USED(format);
}

void block_main(const struct block_driver *driver)
{
	exit(driver != NULL);
}

/* As libos has it. */
int pci_capability(const struct pci_config *config, uint8_t id, int from)
{
	int at = pci_config8(config, from ? from + 1 : PCI_CAPABILITIES) & ~3;

	for (int i = 0; at >= 0x40 && i < 48; i++, at = pci_config8(config, at + 1) & ~3)
		if (pci_config8(config, at) == id)
			return at;
	return 0;
}

static size_t strlcpy(char *to, const char *from, size_t size)
{
	return (size_t)snprintf(to, size, "%s", from);
}

#define reset virtio_reset /* both files have one of their own */
#include <drv/virtio_blk/virtio.c>
#undef reset
#include <drv/virtio_blk/virtio_blk.c>

/* --- The device. --- */

static volatile uint8_t *const device_memory = (volatile uint8_t *)DEVICE;

static void set_config(int at, uint32_t value)
{
	page.config.words[at / 4] = value;
}

/* A capability of kind `kind` at `at`, the next at `next`: size bytes of registers at offset of range 0. */
static void set_capability(int at, int next, uint32_t kind, uint32_t offset, uint32_t size)
{
	set_config(at, CAPABILITY_VENDOR | (uint32_t)next << 8 | 20u << 16 | kind << 24);
	set_config(at + CAP_BAR, 0);
	set_config(at + CAP_OFFSET, offset);
	set_config(at + CAP_SIZE, size);
	set_config(at + CAP_NOTIFY_STEP, 4);
}

static void set_up_device(uint16_t queue_size, bool can_indirect)
{
	memset(&page, 0, sizeof(page));
	memset(ended, 0, sizeof(ended));
	memset((void *)DEVICE, 0, DEVICE_SIZE);
	page.dma_pages = DMA_PAGES;
	page.dma_address = DMA_PHYSICAL;
	page.ranges[0] = (struct driver_range){ PCI_BAR_MEMORY, 0xFE000000, DEVICE_SIZE, DEVICE };
	set_config(PCI_CAPABILITIES, 0x40);
	set_capability(0x40, 0x54, KIND_COMMON, 0, 0x1000);
	set_capability(0x54, 0x68, KIND_NOTIFY, 0x1000, 0x1000);
	set_capability(0x68, 0x7C, KIND_STATUS, 0x2000, 0x1000);
	set_capability(0x7C, 0, KIND_CONFIG, 0x3000, 0x1000);
	*(volatile uint32_t *)(device_memory + DEVICE_FEATURE) =
		FEATURE_FLUSH | VIRTIO_FEATURE_VERSION_1 | (can_indirect ? VIRTIO_FEATURE_INDIRECT : 0);
	*(volatile uint16_t *)(device_memory + QUEUE_SIZE) = queue_size;
	*(volatile uint64_t *)(device_memory + 0x3000) = 1000;
	memset(in_flight, 0, sizeof(in_flight));
}

static int begin(uint32_t n, uint32_t op, uint32_t pieces)
{
	requests[n] = (struct block_request){ .op = op, .sector = n, .count = pieces * 8, .piece_count = pieces };
	for (uint32_t i = 0; i < pieces; i++)
		requests[n].pieces[i] = (struct block_piece){ 0x00800000 + i * 0x10000, PGSIZE };
	return submit(&requests[n]);
}

static struct virtio_queue_memory *ring(void)
{
	return &dma->queue;
}

/* The device has done the chain that begins with descriptor `id`. */
static void use(uint32_t id, uint8_t status, uint32_t tag)
{
	ring()->used.ring[ring()->used.index % queue.size].id = id;
	dma->flights[tag].status = status;
	ring()->used.index++;
	interrupt();
}

/* --- The tests. --- */

/* Are the descriptors of what was offered last within the tables, and its data within what the request has? */
static void check_chain(const struct block_request *request)
{
	uint16_t first = ring()->available.ring[(uint16_t)(ring()->available.index - 1) % queue.size];
	const struct virtio_descriptor *table = ring()->descriptors, *at = &table[first];
	uint32_t pieces = 0;

	EXPECT_THAT(first < queue.size);
	if (at->flags & VIRTIO_DESCRIPTOR_INDIRECT) {
		table = (struct virtio_descriptor *)(uintptr_t)(at->address - DMA_PHYSICAL + DRIVER_DMA);
		at = table;
	}
	EXPECT(sizeof(struct head), at->size);
	EXPECT_THAT(at->address >= DMA_PHYSICAL && at->address < DMA_PHYSICAL + DMA_PAGES * PGSIZE);
	while (at->flags & VIRTIO_DESCRIPTOR_NEXT && !test_failed) {
		EXPECT_THAT(table != ring()->descriptors || at->next < queue.size);
		at = &table[at->next];
		if (!(at->flags & VIRTIO_DESCRIPTOR_NEXT))
			break;
		EXPECT(request->pieces[pieces].address, at->address);
		EXPECT(request->pieces[pieces].size, at->size);
		EXPECT(request->op == BLOCK_READ, (at->flags & VIRTIO_DESCRIPTOR_WRITE) != 0);
		pieces++;
	}
	EXPECT(request->piece_count, pieces);
	EXPECT(1, at->size);
	EXPECT_THAT(at->flags & VIRTIO_DESCRIPTOR_WRITE);
}

/* As many requests as the queue takes, whatever its size. */
static void queue_of(uint16_t size, bool can_indirect)
{
	uint32_t n = 0;

	set_up_device(size, can_indirect);
	int err = start(&page);
	if (size == 0 || (!can_indirect && size < CHAIN_MAX)) {
		EXPECT(-E_NOT_SUPP, err);
		return;
	}
	EXPECT(0, err);
	EXPECT(1000, page.units[0].sectors);
	EXPECT_THAT(queue.size <= VIRTIO_QUEUE_MAX);
	while (n < REQUESTS && (err = begin(n, n % 2 ? BLOCK_READ : BLOCK_WRITE, 1 + n % BLOCK_PIECES_MAX)) == 0)
		check_chain(&requests[n++]);
	EXPECT(-E_BUSY, err);
	EXPECT(depth, n);
	for (uint32_t tag = n; tag-- > 0;)
		use(descriptor_of(tag), STATUS_OK, tag);
	for (uint32_t i = 0; i < n; i++)
		EXPECT(1, ended[i]);
}

static void queues(void)
{
	static const uint16_t sizes[] = { 0, 1, 2, 16, 34, 35, 64, 128, 256, 1024, 32768 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		queue_of(sizes[i], true);
		queue_of(sizes[i], false);
	}
}

static void errors(void)
{
	set_up_device(128, true);
	EXPECT(0, start(&page));
	for (uint32_t n = 0; n < 4; n++)
		EXPECT(0, begin(n, BLOCK_READ, 2));
	use(0, 1, 0);
	use(1, STATUS_OK, 1);
	use(2, STATUS_NONE, 2); /* it has written none */
	EXPECT(-E_IO, results[0]);
	EXPECT(0, results[1]);
	EXPECT(-E_IO, results[2]);
	/* Ends once, and only what was begun does. */
	use(0, STATUS_OK, 0);
	use(60, STATUS_OK, 0);
	use(0x80000003, STATUS_OK, 0);
	use(0xFFFFFFFF, STATUS_OK, 0);
	EXPECT(1, ended[0]);
	EXPECT(0, ended[3]);
	use(3, STATUS_OK, 3);
	EXPECT(1, ended[3]);
	/* A ring that says that more was done than there can be. */
	EXPECT(0, begin(5, BLOCK_READ, 2));
	ring()->used.index += 500;
	interrupt();
	EXPECT(0, ended[5]);
	EXPECT(1, reset(0)); /* its time is up */
	EXPECT(0, begin(5, BLOCK_READ, 2));
	use(0, STATUS_OK, 0);
	EXPECT(1, ended[5]);
}

/* Any index, any chain, any status; between resets each request ends once at most. */
static void mad_ring(void)
{
	for (int round = 0; round < 2000 && !test_failed; round++) {
		bool can_indirect = round % 2;
		set_up_device(can_indirect ? 16 : 128, can_indirect);
		EXPECT(0, start(&page));
		uint32_t begun = 0;
		for (int i = 0; i < 50; i++) {
			if (begun < REQUESTS && random_below(3) == 0)
				begun += begin(begun, 1 + (uint32_t)random_below(3), 1) == 0;
			damage((uint8_t *)&ring()->used, sizeof(ring()->used));
			damage((uint8_t *)&dma->flights[random_below(DEPTH_MAX)].status, 1);
			if (random_below(2))
				ring()->used.index = (uint16_t)(queue.used + random_below((size_t)queue.size + 3));
			ring()->used.ring[queue.used % queue.size].id = (uint32_t)random_below(140);
			interrupt();
		}
		for (uint32_t n = 0; n < REQUESTS; n++)
			EXPECT_THAT(ended[n] <= (n < begun));
	}
}

/* Is what the driver has found within the range? 0: nothing. */
static void check_registers(volatile uint8_t *registers, uint32_t size)
{
	EXPECT_THAT(!registers || ((uintptr_t)registers >= DEVICE && size <= DEVICE_SIZE &&
				   (uintptr_t)registers - DEVICE <= DEVICE_SIZE - size));
}

static void mad_capabilities(void)
{
	for (int round = 0; round < 100000 && !test_failed; round++) {
		struct virtio found;
		set_up_device(16, true);
		for (int i = 0; i < 3; i++)
			damage((uint8_t *)&page.config + 0x40, 0x50);
		if (random_below(4) == 0)
			page.config.words[random_below(64)] = (uint32_t)random_number();
		virtio_find(&found, &page);
		check_registers(found.common, COMMON_SIZE);
		check_registers(found.notify, found.notify ? found.notify_size : 0);
		check_registers(found.status, 1);
		check_registers(found.config, found.config ? found.config_size : 0);
		if (random_below(2))
			*(volatile uint16_t *)(device_memory + QUEUE_NOTIFY) = (uint16_t)random_below(2000);
		if (virtio_find(&found, &page) < 0)
			continue;
		virtio_config64(&found, random_below(2) ? 0 : (uint32_t)random_number()); /* a fault if it is beyond */
		if (start(&page) == 0)
			check_registers((volatile uint8_t *)queue.doorbell, sizeof(*queue.doorbell));
	}
}

static bool map(uint32_t at, size_t size)
{
	return mmap((void *)at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) ==
	       (void *)at;
}

int main(void)
{
	if (!map(DRIVER_DMA, DMA_PAGES * PGSIZE) || !map(DEVICE, DEVICE_SIZE)) {
		printf("not ok virtio: the host has something at %#x or %#x\n", DRIVER_DMA, DEVICE);
		return 1;
	}
	RUN(queues);
	RUN(errors);
	RUN(mad_ring);
	RUN(mad_capabilities);
	return tests_failed != 0;
}
