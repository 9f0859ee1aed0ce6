# The boot disk's pieces, the tool that puts them together, and images. Included by /Makefile, whose names it uses.
#
#   $(B)/boot/bootblock.bin   512 bytes: the boot block, without a partition table
#   $(B)/boot/loader.bin      the loader
#   $(B)/tools/mkdisk         the tool (its head says how it is called)
#   boot                      all three
#   medium-disk medium-iso    an image: MEDIUM=FILE KERNEL=FILE ARCHIVE=FILE WORDS="BOOT WORDS"
#   boot-tests                what test/boot/run boots

BOOT_DIR := arch/i386/boot

# The loader is for the oldest CPU that can be told that it is too old; it has no libc and no libgcc.
BOOT_FLAGS := -std=gnu11 -m32 -march=i386 -mtune=generic -Os $(DEBUG_INFO) -ffreestanding -fno-builtin -fno-pic \
	-fno-stack-protector -fomit-frame-pointer -fno-strict-aliasing -fno-delete-null-pointer-checks \
	-fno-asynchronous-unwind-tables -mno-80387 -mno-mmx -mno-sse $(WARNINGS) $(INCLUDES)
# gcc takes the word i386 for 1 unless told. Assembler is for GNU as, whichever compiler: its .arch directive holds the
# boot block to 8086 instructions.
BOOT_PREPROCESS := -m32 -Ui386 -E -I$(BOOT_DIR)

BOOT_OBJECTS := $(addprefix $(B)/boot/, start.o bios.o loader.o console.o memory.o a20.o drive.o kernel.o \
	common/crc32.o common/elf.o common/string.o)

.PHONY: boot medium-disk medium-iso boot-tests
boot: $(B)/boot/bootblock.bin $(B)/boot/loader.bin $(B)/tools/mkdisk

$(eval $(call stamp,boot,$(CC) $(BOOT_FLAGS)))

# $(call boot_compile,TARGET FOLDER,SOURCE FOLDER)
define boot_compile
$(B)/$(1)/%.o: $(2)/%.c $(B)/stamp/boot
	$$(call say,CC $$< (boot))
	@mkdir -p $$(@D)
	$$(Q)$(CC) $(BOOT_FLAGS) -I$(BOOT_DIR) -MMD -MP -c -o $$@ $$< $$(KEEP_WARNINGS)
endef
define boot_assemble
$(B)/$(1)/%.o: $(2)/%.S $(B)/stamp/boot
	$$(call say,AS $$<)
	@mkdir -p $$(@D)
	$$(Q)$(CC) $(BOOT_PREPROCESS) -MMD -MP -MT $$@ -MF $$(@:.o=.d) -o $$(@:.o=.s) $$<
	$$(Q)as --32 -o $$@ $$(@:.o=.s)
endef
$(eval $(call boot_compile,boot,$(BOOT_DIR)))
$(eval $(call boot_compile,boot/common,common))
$(eval $(call boot_assemble,boot,$(BOOT_DIR)))

$(B)/boot/bootblock.bin: $(B)/boot/bootblock.o
	$(call say,LD $@)
	$(Q)$(LD) -m elf_i386 -Ttext 0x7C00 -e start --oformat binary -o $@ $<
	@[ $$(wc -c <$@) -eq 512 ] || { echo "$@ is not of 512 bytes" >&2; rm $@; exit 1; }

# The linker script's addresses come from disk.h.
$(B)/boot/loader.ld: $(BOOT_DIR)/loader.ld.S $(BOOT_DIR)/disk.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(BOOT_PREPROCESS) -P -o $@ $<

$(B)/boot/loader.elf: $(B)/boot/loader.ld $(BOOT_OBJECTS)
	$(call say,LD $@)
	$(Q)$(LD) -m elf_i386 -nostdlib -T $< -o $@ $(BOOT_OBJECTS)

$(B)/boot/loader.bin: $(B)/boot/loader.elf
	$(Q)objcopy -O binary $< $@

$(B)/tools/mkdisk: tools/mkdisk.c common/crc32.c common/crc32.h $(BOOT_DIR)/disk.h $(B)/stamp/host
	$(call say,HOSTCC $@)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOST_FLAGS) -D_FILE_OFFSET_BITS=64 -I$(BOOT_DIR) -o $@ $(filter %.c,$^)

# --- Images. The words go to the shell as they are: make reads no $ in them. ---

boot_words = -w '$(subst ','\'',$(value WORDS))'
medium-disk: boot
	$(Q)$(B)/tools/mkdisk -o '$(MEDIUM)' -b $(B)/boot/bootblock.bin -l $(B)/boot/loader.bin \
		-k '$(KERNEL)' $(if $(ARCHIVE),-a '$(ARCHIVE)') $(boot_words)
medium-iso:
	$(Q)tools/mkiso -o '$(MEDIUM)' -k '$(KERNEL)' $(if $(ARCHIVE),-a '$(ARCHIVE)') $(boot_words)

# --- Tests ---

boot-tests: boot $(B)/test/boot/probe $(B)/test/boot/shim.bin

PROBE_OBJECTS := $(addprefix $(B)/test/boot/, probe_start.o probe.o) \
	$(addprefix $(B)/boot/common/, crc32.o string.o format.o decimal.o error.o div64.o)
$(eval $(call boot_compile,test/boot,test/boot))
$(eval $(call boot_assemble,test/boot,test/boot))

$(B)/test/boot/probe: test/boot/probe.ld $(PROBE_OBJECTS)
	$(Q)$(LD) -m elf_i386 -nostdlib -T $< -o $@ $(PROBE_OBJECTS)
$(B)/test/boot/shim.bin: $(B)/test/boot/shim.o
	$(Q)$(LD) -m elf_i386 -Ttext 0 -e start --oformat binary -o $@ $<
