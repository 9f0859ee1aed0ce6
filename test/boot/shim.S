/*
 * A boot block that makes a worse BIOS out of a good one, and then boots the second drive (0x81). It stays in memory at
 * 0x70000 and stands before int 13h and int 15h. test/boot/run sets the byte `flags` (at offset 2) in its image:
 *
 *   1 no E820h   2 no E801h   4 no int 13h extensions   8 each read fails three times before it succeeds
 *   16 reads beyond sector 64 fail   32 address line 20 is shut   64 the BIOS cannot open it
 *   128 no memory size at all (int 15h 88h)
 */
	.code16
	.arch	i386

#define NO_E820 1
#define NO_E801 2
#define NO_EXTENSIONS 4
#define READS_STUMBLE 8
#define READS_FAIL 16
#define A20_SHUT 32
#define NO_2401 64
#define NO_88 128
#define HOME 0x7000

	.globl	start
start:	jmp	begin
flags:	.byte	0
stumbles: .byte	0
old13:	.long	0
old15:	.long	0

begin:	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %ss
	movw	$0x7C00, %sp
	movw	$HOME, %ax
	movw	%ax, %es
	movw	$0x7C00, %si
	xorw	%di, %di
	movw	$256, %cx
	cld
	rep movsw
	ljmp	$HOME, $1f
1:	movl	0x13 * 4, %eax
	movl	%eax, %cs:old13
	movl	0x15 * 4, %eax
	movl	%eax, %cs:old15
	movl	$HOME << 16, %eax
	movw	$hook13, %ax
	movl	%eax, 0x13 * 4
	movw	$hook15, %ax
	movl	%eax, 0x15 * 4
	sti

	testb	$A20_SHUT, %cs:flags
	jz	2f
	inb	$0x92, %al
	andb	$0xFC, %al
	outb	%al, $0x92

2:	xorw	%ax, %ax		/* the old way of reading a sector: cylinder 0, head 0, sector 1 */
	movw	%ax, %es
	movw	$0x0201, %ax
	movw	$0x7C00, %bx
	movw	$0x0001, %cx
	movw	$0x0081, %dx
	int	$0x13
	movw	$0x0081, %dx
	ljmp	$0x7C0, $0		/* as some BIOSes enter */

hook13:	cmpb	$0x41, %ah
	je	3f
	cmpb	$0x42, %ah
	je	4f
go13:	ljmpw	*%cs:old13
3:	testb	$NO_EXTENSIONS, %cs:flags
	jnz	fail
	jmp	go13
4:	testb	$READS_STUMBLE, %cs:flags
	jz	5f
	incb	%cs:stumbles
	testb	$3, %cs:stumbles
	jnz	spoil
5:	testb	$READS_FAIL, %cs:flags
	jz	go13
	cmpl	$64, 8(%si)
	jbe	go13
spoil:	movw	$0, 2(%si)
	movb	$0x0A, %ah		/* bad sector */
	jmp	failed

hook15:	cmpw	$0xE820, %ax
	je	1f
	cmpw	$0xE801, %ax
	je	2f
	cmpw	$0x2401, %ax
	je	3f
	cmpb	$0x88, %ah
	je	4f
go15:	ljmpw	*%cs:old15
1:	testb	$NO_E820, %cs:flags
	jmp	5f
2:	testb	$NO_E801, %cs:flags
	jmp	5f
3:	testb	$NO_2401, %cs:flags
	jmp	5f
4:	testb	$NO_88, %cs:flags
5:	jz	go15
fail:	movb	$0x86, %ah		/* no such function */
failed:	pushw	%bp
	movw	%sp, %bp
	orb	$1, 6(%bp)		/* carry, in the flags that iret restores */
	popw	%bp
	iret

	.org	510
	.byte	0x55, 0xAA
