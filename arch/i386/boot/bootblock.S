/*
 * The boot block: the 446 bytes of code in sector 0, which the BIOS puts at 0x7C00 and enters in real mode with the
 * drive's number in %dl. It reads the boot area (disk.h) from the same drive, checks its sum and enters the loader.
 *
 * Promises: any drive that has the int 13h extensions; instructions of the 8086 only (the assembler sees to it), so
 * that an old CPU gets as far as the loader's message; each failure is a line on the screen and on COM1 (115200 8N1),
 * then a halt with interrupts on, so that Ctrl-Alt-Del works.
 *
 * Sources: BIOS Enhanced Disk Drive specification 3.0 (int 13h, functions 41h and 42h); PC16550D data sheet.
 */
#include "disk.h"

	.code16
	.arch	i8086

#define COM1 0x3F8
#define READ_TRIES 5

	.globl	start
start:
	/* Some BIOSes write a disk's geometry into bytes 3 to 0x59, where a FAT boot block keeps it: no code there. */
	jmp	begin
	.org	0x5A
begin:
	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	$BOOT_BLOCK, %sp
	sti
	cld
	ljmp	$0, $1f			/* some BIOSes enter at 0x7C0:0 */
1:	pushw	%dx			/* the drive stays on the stack for the loader */

	/* Bring up COM1 with pairs of register and value. Its queues stay as they are: input may wait for the kernel. */
	movw	$uart, %si
	movw	$(uart_end - uart) / 2, %cx
1:	lodsw
	movw	$COM1, %dx
	addb	%al, %dl
	movb	%ah, %al
	outb	%al, %dx
	loop	1b

	/* Does the BIOS read by sector number? */
	popw	%dx
	pushw	%dx
	movb	$0x41, %ah
	movw	$0x55AA, %bx
	int	$0x13
	movw	$no_extensions, %si
	jc	fail
	cmpw	$0xAA55, %bx
	jne	fail
	testb	$1, %cl
	jz	fail

read:	popw	%dx
	pushw	%dx
	movw	$packet, %si
	movb	$0x42, %ah
	int	$0x13
	jnc	sum
	popw	%dx
	pushw	%dx
	xorw	%ax, %ax		/* reset the drive, try again */
	int	$0x13
	movw	$unreadable, %si
	decb	tries
	jz	fail
	movw	$BOOT_AREA_SECTORS, packet + 2	/* the BIOS leaves there how far it came */
	jmp	read

sum:	movw	$BOOT_AREA, %si
	movw	$BOOT_AREA_SECTORS * SECTOR_BYTES / 2 - 1, %cx
	xorw	%dx, %dx
1:	rolw	$1, %dx
	lodsw
	addw	%ax, %dx
	loop	1b
	cmpw	%dx, (%si)
	movw	$damaged, %si
	jne	fail
	popw	%dx
	ljmp	$0, $LOADER

/* Print "Finch: ", the message at %si and an end of line; halt. */
fail:	pushw	%si
	movw	$prefix, %si
	call	print
	popw	%si
	call	print
	movw	$newline, %si
	call	print
1:	sti
	hlt
	jmp	1b

/* Print the string at %si, ended by a zero, on the screen and on COM1. */
print:	lodsb
	testb	%al, %al
	jz	3f
	pushw	%si
	pushw	%ax
	movb	$0x0E, %ah		/* int 10h, function 0Eh: teletype output, page in %bh */
	movw	$0x0007, %bx
	int	$0x10
	movw	$COM1 + 5, %dx		/* line status: wait for "transmitter holding register empty", not for ever */
	xorw	%cx, %cx
1:	inb	%dx, %al
	testb	$0x20, %al
	loopz	1b
	movb	$COM1 & 0xFF, %dl
	popw	%ax
	outb	%al, %dx
	popw	%si
	jmp	print
3:	ret

uart:	.byte	1, 0x00			/* no interrupts */
	.byte	3, 0x80			/* divisor 1: 115200 baud */
	.byte	0, 0x01
	.byte	1, 0x00
	.byte	3, 0x03			/* 8 bits, no parity, 1 stop bit */
	.byte	4, 0x03			/* DTR and RTS */
uart_end:

	/* Disk address packet: size, sectors, to offset and segment, first sector (64 bits). */
packet:	.byte	16, 0
	.word	BOOT_AREA_SECTORS
	.word	BOOT_AREA, 0
	.word	HEADER_SECTOR, 0, 0, 0
tries:	.byte	READ_TRIES

prefix:	.asciz	"Finch boot block: "
newline: .asciz	"\r\n"
no_extensions: .asciz "this BIOS cannot read this drive by sector number"
unreadable: .asciz "the disk cannot be read"
damaged: .asciz	"the loader on this disk is damaged"

	.org	BOOT_BLOCK_CODE_BYTES - 3	/* the assembler refuses if the code has come further */
	.byte	0xE9				/* jmp with 16 bits of distance */
	.word	fail - (. + 2)

	.org	510			/* tools/mkdisk fills in the partition table between */
	.byte	0x55, 0xAA
