/* What drivers of ATA disks tell the disk server. */
#ifndef DRV_LIB_ATA_UNIT_H
#define DRV_LIB_ATA_UNIT_H

#include <drv/lib/ata.h>
#include <drv/lib/block_server.h>

/*
 * Is this the disk that the unit has been since the first driver of its controller started? At that start it becomes
 * it, and is announced to people, with `how` it is used.
 */
bool ata_unit_is(uint32_t unit, const struct ata_disk *disk, const char *how);

#endif
