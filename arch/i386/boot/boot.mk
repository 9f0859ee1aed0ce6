# The boot disk's pieces and the tool that puts them together. Included by /Makefile, which sets B (the build folder).
#
#   $(B)/boot/bootblock.bin   512 bytes: the boot block, without a partition table
#   $(B)/boot/loader.bin      the loader
#   $(B)/tools/mkdisk         the tool (see its head for how it is called)
#   boot                      all three
#   $(B)/test/boot/...        what test/boot/run boots: boot-tests makes all

HOSTCC ?= cc
BOOT_CC = $(CC)
BOOT_DIR := arch/i386/boot

# The loader is for the oldest CPU that can be told that it is too old; it has no libc and no libgcc.
BOOT_CFLAGS := -std=gnu11 -m32 -march=i386 -mtune=generic -Os -g -ffreestanding -fno-builtin -fno-pic -fno-stack-protector \
	-fomit-frame-pointer -fno-strict-aliasing -fno-delete-null-pointer-checks -fno-asynchronous-unwind-tables \
	-mno-80387 -mno-mmx -mno-sse -Wall -Wextra -I. -Iarch/i386/include

BOOT_OBJECTS := $(addprefix $(B)/boot/, start.o bios.o loader.o console.o memory.o a20.o drive.o kernel.o crc32.o \
	common/elf.o common/string.o)

.PHONY: boot
boot: $(B)/boot/bootblock.bin $(B)/boot/loader.bin $(B)/tools/mkdisk

$(B)/boot/%.o: $(BOOT_DIR)/%.c $(BOOT_DIR)/boot.mk
	@mkdir -p $(@D)
	$(BOOT_CC) $(BOOT_CFLAGS) -MMD -MP -c $< -o $@

$(B)/boot/common/%.o: common/%.c $(BOOT_DIR)/boot.mk
	@mkdir -p $(@D)
	$(BOOT_CC) $(BOOT_CFLAGS) -MMD -MP -c $< -o $@

# GNU as for all assembler, whichever compiler: its .arch directive holds the boot block to 8086 instructions. gcc
# takes the word i386 for 1 unless told.
$(B)/boot/%.o: $(BOOT_DIR)/%.S $(BOOT_DIR)/boot.mk
	@mkdir -p $(@D)
	$(BOOT_CC) -m32 -Ui386 -E -MMD -MP -MT $@ -MF $(@:.o=.d) -I$(BOOT_DIR) $< -o $(@:.o=.s)
	as --32 $(@:.o=.s) -o $@

$(B)/boot/bootblock.bin: $(B)/boot/bootblock.o
	ld -m elf_i386 -Ttext 0x7C00 -e start --oformat binary $< -o $@
	@[ $$(wc -c <$@) -eq 512 ] || { echo "$@: not 512 bytes" >&2; rm $@; exit 1; }

# The linker script's addresses come from disk.h.
$(B)/boot/loader.ld: $(BOOT_DIR)/loader.ld.S $(BOOT_DIR)/disk.h
	@mkdir -p $(@D)
	$(BOOT_CC) -m32 -Ui386 -E -P -x assembler-with-cpp -I$(BOOT_DIR) $< -o $@

$(B)/boot/loader.elf: $(B)/boot/loader.ld $(BOOT_OBJECTS)
	ld -m elf_i386 -nostdlib -T $^ -o $@

$(B)/boot/loader.bin: $(B)/boot/loader.elf
	objcopy -O binary $< $@

$(B)/tools/mkdisk: tools/mkdisk.c $(BOOT_DIR)/crc32.c $(BOOT_DIR)/crc32.h $(BOOT_DIR)/disk.h
	@mkdir -p $(@D)
	$(HOSTCC) -std=c11 -D_POSIX_C_SOURCE=200809L -D_FILE_OFFSET_BITS=64 -O2 -g -Wall -Wextra -I$(BOOT_DIR) tools/mkdisk.c $(BOOT_DIR)/crc32.c -o $@

-include $(wildcard $(B)/boot/*.d $(B)/boot/common/*.d)

# --- What test/boot/run boots. ---

PROBE_OBJECTS := $(addprefix $(B)/test/boot/, probe.asm.o probe.o) $(B)/boot/crc32.o \
	$(addprefix $(B)/boot/common/, string.o format.o error.o div64.o)

.PHONY: boot-tests
boot-tests: boot $(B)/test/boot/probe $(B)/test/boot/shim.bin

$(B)/test/boot/%.o: test/boot/%.c $(BOOT_DIR)/boot.mk
	@mkdir -p $(@D)
	$(BOOT_CC) $(BOOT_CFLAGS) -I$(BOOT_DIR) -MMD -MP -c $< -o $@

$(B)/test/boot/%.asm.o: test/boot/%.S $(BOOT_DIR)/boot.mk
	@mkdir -p $(@D)
	$(BOOT_CC) -m32 -Ui386 -E -MMD -MP -MT $@ -MF $(@:.o=.d) -I$(BOOT_DIR) $< -o $(@:.o=.s)
	as --32 $(@:.o=.s) -o $@

$(B)/test/boot/probe: test/boot/probe.ld $(PROBE_OBJECTS)
	ld -m elf_i386 -nostdlib -T $^ -o $@

$(B)/test/boot/shim.bin: $(B)/test/boot/shim.asm.o
	ld -m elf_i386 -Ttext 0 -e start --oformat binary $< -o $@

-include $(wildcard $(B)/test/boot/*.d)
