# The build of Finch. One file, not recursive; `./finch` is the comfortable way in.
#
#   make                  all: both kernels, programs, archives, listings, host tools
#   make bootable         what booting needs: the release kernel and build/boot.cpio
#   make check            static checks: both compilers with -Werror, include rules, thread safety, 64-bit kern/
#   make qemu             boot with a window (qemu-nox: in this terminal; Ctrl-a x leaves)
#   make qemu-gdb, gdb    the same, waiting for a debugger; the debugger
#   make run-NAME         boot program NAME as the first environment (run-NAME-nox, run-NAME-gdb)
#   make grade            all tests
#   make doc              the references in doc/ that are made from the source
#   make pictures         the pictures of the README and of doc/, from runs
#
# Variables: CPUS=1 MEM=256M VARIANT=release|debug CC=gcc|clang V=1 (show commands) B=build (where all goes)
#
# The kernel is kern/*.c arch/$(ARCH)/kern/*.{c,S} dev/pc/*.c common/*.c, compiled once a variant: the include path
# chooses between kern/debug/ and kern/release/. A program is bin/NAME.c or bin/NAME/*.{c,S},
# or the same in srv/ or drv/ (with drv/lib/). New files need no edit here.

ARCH := i386
B ?= build
CPUS ?= 1
MEM ?= 256M
VARIANT ?= release
ifneq ($(filter default undefined,$(origin CC)),)
CC := gcc
endif
HOSTCC ?= $(CC)
LD := ld
OBJDUMP := objdump
AR := ar
WERROR ?=

ifeq ($(V),)
Q := @
say = @echo '  $(1)'
else
Q :=
say =
endif

MAKEFLAGS += --no-builtin-rules --no-builtin-variables
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all bootable programs listings tools test-files host-tests check clean FORCE
all: bootable $(B)/debug/finch $(B)/test.cpio programs listings tools disk

# A target whose text is what the rest depends on: rewritten only when it changes.
# $(call stamp,NAME,TEXT) makes $(B)/stamp/NAME.
define stamp
$(B)/stamp/$(1): FORCE
	@mkdir -p $$(@D); printf '%s\n' '$(2)' | cmp -s - $$@ || printf '%s\n' '$(2)' >$$@
endef

# --- Flags. No libc, no libgcc, no code that the kernel could not save the state of. ---

MACHINE := -m32 -march=i586 -mtune=generic
FREESTANDING := -std=gnu11 -ffreestanding -fno-pic -fno-stack-protector -fno-omit-frame-pointer \
	-fno-strict-aliasing -fno-delete-null-pointer-checks -fno-asynchronous-unwind-tables
WARNINGS := -Wall -Wextra $(WERROR)
# The same bytes wherever the tree lies (but where make and the shell would stumble over its name).
comma := ,
DEBUG_INFO := -g $(if $(findstring $(comma),$(CURDIR))$(word 2,$(CURDIR)),,-fdebug-prefix-map=$(CURDIR)=.)

INCLUDES := -I. -Iarch/$(ARCH)/include
# Arguments in registers, and a stack aligned to words: a fifth fewer instructions in a system call.
KERNEL_CALLS := -mregparm=3 $(if $(findstring clang,$(CC)),-mstack-alignment=4,-mpreferred-stack-boundary=2)
KERNEL_FLAGS := $(MACHINE) $(FREESTANDING) $(KERNEL_CALLS) -O2 $(DEBUG_INFO) -mno-80387 -mno-mmx -mno-sse $(WARNINGS)
KERNEL_INCLUDES := $(INCLUDES)
# What interface.md promises to programs; `./finch cc` asks for it by `make print-PROGRAM_FLAGS`.
PROGRAM_FLAGS := $(MACHINE) -std=gnu11 -static -fno-pic -no-pie -ffreestanding -fno-builtin -fno-stack-protector \
	-fno-omit-frame-pointer -fno-delete-null-pointer-checks -fnon-call-exceptions \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing -DJOS_USER
# clang takes a division by zero for something that cannot be: it is told to test for it, and where to go then.
ifneq ($(findstring clang,$(CC)),)
PROGRAM_FLAGS += -fsanitize=integer-divide-by-zero -fsanitize-trap=integer-divide-by-zero \
	-ftrap-function=libos_divide_by_zero
endif
# A program's umain has parameters whether it uses them or not.
USER_FLAGS := $(filter-out -static -no-pie,$(PROGRAM_FLAGS)) -O2 $(DEBUG_INFO) $(WARNINGS) -Wno-unused-parameter
USER_INCLUDES := $(INCLUDES) -Ilibos/include
LINK := $(LD) -m elf_i386 -nostdlib -z max-page-size=4096 -z noexecstack --no-dynamic-linker
HOST_FLAGS := -std=gnu11 -O2 -g $(WARNINGS) -I.

print-%:
	@echo '$($*)'

# At the end of a compiler's line: its warnings are shown, and kept beside what it makes, for check-gcc.
KEEP_WARNINGS = 2>$@.warnings; status=$$?; cat $@.warnings >&2; [ -s $@.warnings ] || rm $@.warnings; exit $$status

# --- Host tools: tools/NAME.c or tools/NAME/*.c -> build/tools/NAME. Those with rules of their own come with them. ---

TOOL_NAMES := $(filter-out mkdisk,$(sort $(patsubst tools/%.c,%,$(wildcard tools/*.c)) $(patsubst tools/%/,%,$(dir $(wildcard tools/*/*.c)))))
TOOLS := $(TOOL_NAMES:%=$(B)/tools/%)
tools: $(TOOLS)

$(eval $(call stamp,host,$(HOSTCC) $(HOST_FLAGS)))
$(B)/host/%.c.o: %.c $(B)/stamp/host
	$(call say,HOSTCC $<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOST_FLAGS) -MMD -MP -c -o $@ $< $(KEEP_WARNINGS)

# $(call tool,NAME)
define tool
$(B)/tools/$(1): $(patsubst %,$(B)/host/%.o,$(wildcard tools/$(1).c tools/$(1)/*.c))
	$(call say,HOSTLD $$@)
	@mkdir -p $$(@D)
	$(Q)$(HOSTCC) $(HOST_FLAGS) -o $$@ $$^
endef
$(foreach t,$(TOOL_NAMES),$(eval $(call tool,$(t))))

# --- The kernel, once a variant: build/VARIANT/finch. ---

VARIANTS := release debug
# Of common/ all but what only others use.
KERNEL_SOURCES := $(filter-out common/crc32.c,$(wildcard kern/*.c arch/$(ARCH)/kern/*.c arch/$(ARCH)/kern/*.S \
	dev/pc/*.c dev/pc/*.S common/*.c))
TESTS_IN_debug := $(wildcard test/kern/*.c)
TESTS_IN_release := $(wildcard test/kern/verify*.c)
KERNEL_SCRIPT := arch/$(ARCH)/kern/kernel.ld
MKSYMS := $(B)/tools/mksyms

# $(call compile,DIR,STAMP,FLAGS): SOURCE -> DIR/SOURCE.o.
define compile
$(B)/$(1)/%.c.o: %.c $(B)/stamp/$(2)
	$(call say,CC $$<$(if $(4), ($(4)),))
	@mkdir -p $$(@D)
	$(Q)$(CC) $(3) -MMD -MP -c -o $$@ $$< $$(KEEP_WARNINGS)
$(B)/$(1)/%.S.o: %.S $(B)/stamp/$(2)
	$(call say,AS $$<$(if $(4), ($(4)),))
	@mkdir -p $$(@D)
	$(Q)$(CC) $(3) -D__ASSEMBLER__ -MMD -MP -c -o $$@ $$<
endef

# The first link gives addresses, tools/mksyms turns them into a table, the second link takes it in.
define kernel_variant
KERNEL_OBJECTS_$(1) := $(KERNEL_SOURCES:%=$(B)/$(1)/%.o) $(patsubst %,$(B)/$(1)/%.o,$(wildcard kern/$(1)/*.c) $(TESTS_IN_$(1)))
$$(eval $$(call stamp,kernel-$(1),$(CC) $(KERNEL_FLAGS) $(KERNEL_INCLUDES)))
$$(eval $$(call stamp,kernel-objects-$(1),$(LINK) $$(KERNEL_OBJECTS_$(1))))
$$(eval $$(call compile,$(1),kernel-$(1),$(KERNEL_FLAGS) -Ikern/$(1) $(KERNEL_INCLUDES),$(1)))
$(B)/$(1)/finch: $$(KERNEL_OBJECTS_$(1)) $(KERNEL_SCRIPT) $(B)/stamp/kernel-objects-$(1) $(MKSYMS) tools/mksyms/kernel.S
	$(call say,LD $$@)
	$(Q)$(LINK) -T $(KERNEL_SCRIPT) -o $$@.1 $$(KERNEL_OBJECTS_$(1))
	$(Q)$(MKSYMS) $$@.1 $$@.syms
	$(Q)$(CC) $(MACHINE) '-DSYMBOLS_FILE="$$@.syms"' -c -o $$@.syms.o tools/mksyms/kernel.S
	$(Q)$(LINK) -T $(KERNEL_SCRIPT) -o $$@ $$(KERNEL_OBJECTS_$(1)) $$@.syms.o
endef
$(foreach v,$(VARIANTS),$(eval $(call kernel_variant,$(v))))

# --- The library and the programs. ---

USER_SCRIPT := arch/$(ARCH)/user/program.ld
LIBOS_SOURCES := $(wildcard libos/*.c libos/*.S arch/$(ARCH)/user/*.c arch/$(ARCH)/user/*.S common/*.c)
LIBOS := $(B)/user/libos.a
LIBOS_OBJECTS := $(LIBOS_SOURCES:%=$(B)/user/obj/%.o)

$(eval $(call stamp,user,$(CC) $(USER_FLAGS) $(USER_INCLUDES)))
$(eval $(call stamp,libos-objects,$(AR) $(LIBOS_OBJECTS)))
$(eval $(call compile,user/obj,user,$(USER_FLAGS) $(USER_INCLUDES)))

$(LIBOS): $(LIBOS_OBJECTS) $(B)/stamp/libos-objects
	$(call say,AR $@)
	$(Q)rm -f $@; $(AR) rcsD $@ $(LIBOS_OBJECTS)

# $(call program_sources,FOLDER,NAME): the sources of a program, one file or a folder.
program_sources = $(wildcard $(1)/$(2).c $(1)/$(2)/*.c $(1)/$(2)/*.S)
program_names = $(sort $(patsubst $(1)/%.c,%,$(wildcard $(1)/*.c)) $(patsubst $(1)/%/,%,$(dir $(wildcard $(1)/*/*.c))))

# $(call program,FOLDER,NAME,TARGET)
define program
$(3): $(patsubst %,$(B)/user/obj/%.o,$(call program_sources,$(1),$(2))) $(LIBOS) $(USER_SCRIPT)
	$(call say,LD $(3))
	@mkdir -p $$(@D)
	$(Q)$(LINK) -T $(USER_SCRIPT) -u _start -o $$@ $$(filter %.o,$$^) $$(filter-out $(LIBOS),$$(filter %.a,$$^)) $(LIBOS)
endef

# What goes into an archive: the program without debugging data, with its table of functions, files and lines.
$(B)/user/%.packed: $(B)/user/% $(MKSYMS)
	$(Q)$(MKSYMS) --program $< $@

# Drivers are drv/NAME, each with what drv/lib has for all of them; servers are srv/NAME.
DRIVER_LIBRARY := $(B)/user/drivers.a
DRIVER_LIBRARY_OBJECTS := $(patsubst %,$(B)/user/obj/%.o,$(wildcard drv/lib/*.c))
$(eval $(call stamp,drivers-objects,$(AR) $(DRIVER_LIBRARY_OBJECTS)))
$(DRIVER_LIBRARY): $(DRIVER_LIBRARY_OBJECTS) $(B)/stamp/drivers-objects
	$(call say,AR $@)
	$(Q)rm -f $@; $(AR) rcsD $@ $(DRIVER_LIBRARY_OBJECTS)

BIN_NAMES := $(call program_names,bin)
SERVER_NAMES := $(call program_names,srv)
DRIVER_NAMES := $(filter-out lib,$(call program_names,drv))
PROGRAM_NAMES := $(BIN_NAMES) $(SERVER_NAMES) $(DRIVER_NAMES)
TEST_NAMES := $(call program_names,test/user)
BENCH_NAMES := $(filter-out linux,$(call program_names,test/bench))
PROGRAMS := $(PROGRAM_NAMES:%=$(B)/user/bin/%)
TEST_PROGRAMS := $(TEST_NAMES:%=$(B)/user/test/%)
BENCH_PROGRAMS := $(BENCH_NAMES:%=$(B)/user/bench/%)
$(foreach n,$(BIN_NAMES),$(eval $(call program,bin,$(n),$(B)/user/bin/$(n))))
$(foreach n,$(SERVER_NAMES),$(eval $(call program,srv,$(n),$(B)/user/bin/$(n))))
$(foreach n,$(DRIVER_NAMES),$(eval $(call program,drv,$(n),$(B)/user/bin/$(n))))
$(DRIVER_NAMES:%=$(B)/user/bin/%): $(DRIVER_LIBRARY)
$(foreach n,$(TEST_NAMES),$(eval $(call program,test/user,$(n),$(B)/user/test/$(n))))
$(foreach n,$(BENCH_NAMES),$(eval $(call program,test/bench,$(n),$(B)/user/bench/$(n))))
$(B)/user/bench/pipes $(B)/user/bench/large: $(patsubst %,$(B)/user/obj/test/bench/bench/%.c.o,measure clock)
programs: $(PROGRAMS) $(TEST_PROGRAMS) $(BENCH_PROGRAMS)

# --- The same benchmark, of the same objects, as a program for Linux: tools/bench_linux.py boots it. ---

LINUX_OBJECTS := $(patsubst %,$(B)/user/obj/%.o,$(addprefix test/bench/linux/,library.c main.c start.S) \
	$(addprefix common/,decimal.c div64.c error.c format.c string.c) arch/$(ARCH)/user/divide.S)
LINUX_PROGRAMS := $(B)/linux/bench $(B)/linux/pipes $(B)/linux/true
.PHONY: linux-programs
linux-programs: $(LINUX_PROGRAMS)
$(B)/linux/bench: $(patsubst %,$(B)/user/obj/test/bench/%.c.o,bench/measure bench/table bench/operations linux/own)
$(B)/linux/pipes: $(patsubst %,$(B)/user/obj/test/bench/%.c.o,bench/measure pipes/pipes)
$(B)/linux/true: $(B)/user/obj/bin/true.c.o
$(LINUX_PROGRAMS): $(LINUX_OBJECTS)
	$(call say,LD $@)
	@mkdir -p $(@D)
	$(Q)$(LINK) -o $@ $(filter %.o,$^)

# --- Archives. The tests' one holds the ordinary programs too: tests start them. ---

MKARCHIVE := $(B)/tools/mkarchive
$(eval $(call stamp,boot-archive,$(PROGRAM_NAMES)))
$(eval $(call stamp,test-archive,$(PROGRAM_NAMES) $(TEST_NAMES)))
$(B)/boot.cpio: $(PROGRAMS:%=%.packed) $(MKARCHIVE) $(B)/stamp/boot-archive
	$(call say,ARCHIVE $@)
	$(Q)$(MKARCHIVE) $@ $(foreach n,$(PROGRAM_NAMES),$(n)=$(B)/user/bin/$(n).packed)
$(B)/test.cpio: $(PROGRAMS:%=%.packed) $(TEST_PROGRAMS:%=%.packed) $(MKARCHIVE) $(B)/stamp/test-archive
	$(call say,ARCHIVE $@)
	$(Q)$(MKARCHIVE) $@ $(foreach n,$(PROGRAM_NAMES),$(n)=$(B)/user/bin/$(n).packed) \
		$(foreach n,$(TEST_NAMES),$(n)=$(B)/user/test/$(n).packed)

bootable: $(B)/release/finch $(B)/boot.cpio

# --- Listings: NAME.asm beside each program and kernel. ---

LISTED := $(VARIANTS:%=$(B)/%/finch) $(PROGRAMS) $(TEST_PROGRAMS)
listings: $(LISTED:%=%.asm)
%.asm: %
	$(call say,LIST $@)
	$(Q)$(OBJDUMP) -dS $< >$@

# --- Disk and ISO images with the words WORDS. The ISO needs GRUB's tools. ---

include arch/$(ARCH)/boot/boot.mk

WORDS ?=
.PHONY: disk iso
disk: $(B)/finch.img
iso: $(B)/finch.iso
$(eval $(call stamp,words,$(WORDS)))
$(B)/finch.img: $(B)/$(VARIANT)/finch $(B)/boot.cpio $(B)/tools/mkdisk $(B)/boot/bootblock.bin $(B)/boot/loader.bin $(B)/stamp/words
	$(call say,DISK $@)
	$(Q)$(B)/tools/mkdisk -o $@ -b $(B)/boot/bootblock.bin -l $(B)/boot/loader.bin -k $< -a $(B)/boot.cpio -w '$(WORDS)'
$(B)/finch.iso: $(B)/$(VARIANT)/finch $(B)/boot.cpio tools/mkiso arch/$(ARCH)/boot/grub.cfg $(B)/stamp/words
	$(call say,ISO $@)
	$(Q)tools/mkiso -o $@ -k $< -a $(B)/boot.cpio -w '$(WORDS)'

# --- What the tests run: test/run starts it all. Host tests are natively compiled, with all that finds faults. ---

HOST_TEST_FLAGS := -Iarch/$(ARCH)/include -Ilibos/include -fsanitize=address,undefined -fno-sanitize-recover=all
HOST_TESTS := $(patsubst test/host/test_%.c,$(B)/test/host/%,$(wildcard test/host/test_*.c))
host-tests: $(HOST_TESTS)
$(eval $(call stamp,host-tests,$(HOSTCC) $(HOST_FLAGS) $(HOST_TEST_FLAGS)))
$(B)/test/host/%: test/host/test_%.c $(B)/stamp/host-tests
	$(call say,HOSTCC $<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOST_FLAGS) $(HOST_TEST_FLAGS) -MMD -MP -MF $@.d -o $@ $<

test-files: $(VARIANTS:%=$(B)/%/finch) $(B)/boot.cpio $(B)/test.cpio $(BENCH_PROGRAMS) tools host-tests boot-tests

# --- Static checks. ---

.PHONY: check check-includes check-gcc check-clang check-locks locks check-headers check-arch64 check-doc compile
check: check-includes check-doc check-gcc check-clang check-locks check-headers check-arch64

# All that is compiled, for the checks and without what is made of it.
compile: $(VARIANTS:%=$(B)/%/finch) programs linux-programs tools boot-tests

check-includes:
	$(Q)tools/check-includes

# The references in doc/ that are made from the source: make them; see that they are current.
.PHONY: doc
doc:
	$(Q)tools/mkdoc
check-doc:
	$(Q)tools/mkdoc --check

# A run comes out differently each time: it is made when somebody asks for it.
.PHONY: pictures doc/primes.svg doc/scheduling.svg doc/drivers.svg
pictures: doc/primes.svg doc/scheduling.svg doc/drivers.svg
doc/primes.svg:
	$(Q)./finch run --cpus 4 --quiet --program 'primes 50' --trace $@
doc/scheduling.svg:
	$(Q)./finch run --cpus 1 --sched stride --quiet --program 'shares 1' --trace $@
doc/drivers.svg:
	$(Q)truncate -s 64M $(B)/scratch.img
	$(Q)./finch run --cpus 2 --quiet --disk $(B)/scratch.img --program 'disktest disk0 100 2 1' --trace $@

# All that each compiler warns of. What this build's own compiler says was kept; the other has a folder of its own.
OTHER_BUILD = $(MAKE) --no-print-directory B=$(B)/check/$(1) CC=$(1) DEBUG_INFO= WERROR=-Werror compile
define check_compiler
check-$(1):
ifeq ($(CC),$(1))
	$(Q)$(MAKE) --no-print-directory compile
	$(Q)found=$$$$(find $(B) -name check -prune -o -name '*.warnings' -print); [ -z "$$$$found" ] || { cat $$$$found; exit 1; }
else
	$(Q)$(call OTHER_BUILD,$(1))
endif
endef
$(foreach c,gcc clang,$(eval $(call check_compiler,$(c))))

# The annotations of locks, which clang alone reads.
THREADED := $(wildcard kern/*.c arch/$(ARCH)/kern/*.c dev/pc/*.c)
check-locks:
	$(Q)$(MAKE) --no-print-directory CC=clang WERROR='-Werror -Wthread-safety' locks
locks:
	$(Q)bad=0; for v in $(VARIANTS); do for f in $(THREADED) $(TESTS_IN_release) $$(ls kern/$$v/*.c); do \
		$(CC) $(KERNEL_FLAGS) -Ikern/$$v $(KERNEL_INCLUDES) -fsyntax-only $$f || bad=1; done; done; exit $$bad

# Every header compiles alone.
HEADERS := $(wildcard abi/*.h common/*.h kern/*.h arch/$(ARCH)/include/arch/*.h dev/pc/*.h)
USER_HEADERS := $(wildcard libos/include/*/*.h)
check-headers:
	$(Q)for h in $(HEADERS); do \
		$(CC) $(KERNEL_FLAGS) -Werror -Ikern/debug $(KERNEL_INCLUDES) -fsyntax-only -include $$h -x c /dev/null || exit; done
	$(Q)for h in $(USER_HEADERS); do \
		$(CC) $(USER_FLAGS) -Werror $(USER_INCLUDES) -fsyntax-only -include $$h -x c /dev/null || exit; done

# kern/ compiles for a 64-bit machine, with the headers of test/arch64/ in place of those of arch/.
ARCH64_FLAGS := $(filter-out $(MACHINE) $(KERNEL_CALLS) -mno-80387 -mno-mmx -mno-sse,$(KERNEL_FLAGS)) -m64 -Werror
check-arch64:
ifeq ($(wildcard test/arch64/include),)
	@echo 'check-arch64: skipped: there is no test/arch64/include'
else
	$(Q)for v in $(VARIANTS); do for f in kern/*.c kern/$$v/*.c; do \
		$(CC) $(ARCH64_FLAGS) -I. -Itest/arch64/include -Ikern/$$v -fsyntax-only $$f || exit; done; done
endif

# --- Running: all by ./finch, one CPU unless CPUS says otherwise. ---

FINCH_RUN := CC='$(CC)' VARIANT=$(VARIANT) ./finch run --cpus $(CPUS) --mem $(MEM)

.PHONY: qemu qemu-nox qemu-gdb qemu-nox-gdb gdb grade
qemu:
	@$(FINCH_RUN) --window
qemu-nox:
	@$(FINCH_RUN)
qemu-gdb:
	@$(FINCH_RUN) --window --gdb
qemu-nox-gdb:
	@$(FINCH_RUN) --gdb
gdb:
	@BUILD='$(B)' VARIANT=$(VARIANT) ./finch gdb
run-%-nox-gdb run-%-gdb-nox:
	@$(FINCH_RUN) --stay --program $* --gdb
run-%-nox:
	@$(FINCH_RUN) --stay --program $*
run-%-gdb:
	@$(FINCH_RUN) --stay --program $* --window --gdb
run-%:
	@$(FINCH_RUN) --stay --program $* --window
grade:
	@CC='$(CC)' ./finch test

clean:
	rm -rf $(B)

DEPENDENCIES := $(shell find $(B) -name '*.d' 2>/dev/null)
-include $(DEPENDENCIES)
