/* The selectors of the loader's own descriptor table (in start.S). For assembler. */
#ifndef FINCH_BOOT_SEGMENTS_H
#define FINCH_BOOT_SEGMENTS_H

#define SEL_CODE32 0x08
#define SEL_DATA32 0x10
#define SEL_CODE16 0x18
#define SEL_DATA16 0x20

#endif
