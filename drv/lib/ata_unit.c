/* Units of the disk server that are ATA disks: see ata_unit.h. */
#include <drv/lib/ata_unit.h>
#include <inc/lib.h>

bool ata_unit_is(uint32_t number, const struct ata_disk *disk, const char *how)
{
	struct driver_unit *unit = &driver_page()->units[number];

	if (unit->sectors == 0) {
		unit->sectors = disk->sectors;
		unit->flags = ata_flush(disk).command ? BLOCK_VOLATILE : 0;
		strlcpy(unit->model, disk->model, DRIVER_MODEL);
		block_say("unit %u: %s, %llu sectors, %s", number, disk->model, disk->sectors, how);
	}
	if (unit->sectors != disk->sectors)
		block_say("unit %u: another disk is there than before", number);
	return unit->sectors == disk->sectors;
}
