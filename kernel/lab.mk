# Kernels from sources: every payload in PAYLOADS is linked with kernel/ and the labs' FILES into OUT/NAME.elf. The grader calls this makefile
# from the repository's root (grader/README.md, "A build"); no other makefile compiles for ARM.
#
#   make -f kernel/lab.mk BUILD=build FILES="solutions/1-boot/start.S ..." PAYLOADS=labs/1-boot/demo.c OUT=build/out
#
# Objects are keyed by the path of their source, so every kernel shares those it has in common, and changing one file rebuilds one object.
# Beside each stands what was read for it: X.d by the compiler, X.read by the assembler (.incbin); the grader looks into both.
# A file of FILES or USER that is an object is linked as it is.

BOARD ?= virt
OPT   ?= -O2
CROSS ?= arm-none-eabi-

CC     := $(CROSS)gcc
OBJ    := $(BUILD)/obj-$(BOARD)$(OPT)

# (newlib's ABI makes uint32_t a long; here it is an int, so that %x prints one.)
CFLAGS = -std=gnu11 $(OPT) -g -Wall -Wextra -Wshadow \
	-mcpu=cortex-a7 -marm -mfloat-abi=soft -mgeneral-regs-only -mno-unaligned-access \
	-U__INT32_TYPE__ -D__INT32_TYPE__=int -U__UINT32_TYPE__ '-D__UINT32_TYPE__=unsigned int' \
	-ffreestanding -fno-common -fno-pie '-fdebug-prefix-map=$(CURDIR)=.' \
	-Ikernel/include -Ikernel/board/$(BOARD) -MD -MP
# (Without -fno-lto the linker runs the compiler on what an object's own sections ask for.)
LDFLAGS := -nostdlib -static -fno-lto -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
	-Lkernel/board/$(BOARD) -Tkernel/core/kernel.ld
ifdef WERROR
CFLAGS += -Werror
LDFLAGS += -Wl,--fatal-warnings
endif

KERNEL := $(sort $(wildcard kernel/core/*.[cS] kernel/board/$(BOARD)/*.[cS])) $(filter-out kernel/libos/%,$(GIVEN))
objects = $(patsubst $(OBJ)/%.o.o,%.o,$(patsubst %,$(OBJ)/%.o,$1))
COMMON := $(call objects,$(KERNEL) $(FILES))

.DELETE_ON_ERROR:
.PHONY: all
all:

# (The second map keeps a folder beside this one, as /tmp/course-b, from being named as if it were this one. LIST=-H lists what is included.)
define compile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LIST) '-fdebug-prefix-map=$(<D)=$(<D)' -Wa,--MD,$(@:.o=.read) -c $< -o $@
endef

# A program in user mode: PROGRAM.user.c in the folder checks/NAME beside checks/NAME.c, or PROGRAM.user.S, or both; linked with what it needs of the libOS, and
# embedded in that payload under its name. (The compiler calls memcpy() and the like also where nobody wrote that.)
LIBOS := $(call objects,$(filter kernel/libos/%,$(GIVEN)) $(USER))
SHARED := $(patsubst %,$(OBJ)/%.o,kernel/core/format.c kernel/core/string.c)
$(OBJ)/%.user.c.o $(OBJ)/%.user.S.o $(OBJ)/kernel/user/crt0.S.o $(LIBOS): CFLAGS += -DEXO_USER
USER_LD := -nostdlib -static -Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,--no-warn-rwx-segments -Tkernel/user/user.ld

programs = $(sort $(basename $(basename $(wildcard $1/*.user.c $1/*.user.S))))
define program
$(OUT)/$1.user.elf: $(patsubst %,$(OBJ)/%.o,$(wildcard $1.user.c $1.user.S) kernel/user/crt0.S) $(OUT)/user.a kernel/user/user.ld
	@mkdir -p $$(@D)
	$$(CC) $$(USER_LD) $$(filter %.o %.a,$$^) -lgcc -o $$@
$(OUT)/$1.program.o: $(OUT)/$1.user.elf kernel/user/program.S
	$$(CC) $$(CFLAGS) -DPROGRAM='"$(notdir $1)"' -DELF='"$$<"' -c kernel/user/program.S -o $$@
-include $(patsubst %,$(OBJ)/%.d,$(wildcard $1.user.c $1.user.S))
endef
$(foreach p,$(sort $(foreach q,$(PAYLOADS),$(call programs,$(basename $q)))),$(eval $(call program,$p)))

$(OBJ)/%.c.o: %.c kernel/lab.mk
	$(compile)

$(OBJ)/%.S.o: %.S kernel/lab.mk
	$(compile)

# A file of the reference as an object without source: no debug information but how to unwind, no names but those that others link with (what is
# local has numbers, so that a backtrace has something to say); always -O2.
$(BUILD)/reference/%.o: OPT := -O2
$(BUILD)/reference/%.o: solutions/% kernel/lab.mk
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -fmacro-prefix-map=solutions/=reference/ -c $< -o $@
	$(CROSS)objcopy --strip-debug --keep-section=.debug_frame $@
	$(CROSS)nm $@ | awk '$$2 ~ /[a-tx-z]/ { print $$3, "local." NR }' >$(@:.o=.names)
	$(CROSS)objcopy --redefine-syms=$(@:.o=.names) $@

all: $(if $(USER),$(OUT)/user.a)
$(OUT)/user.a: $(LIBOS) $(SHARED)
	@mkdir -p $(@D)
	rm -f $@
	$(CROSS)ar qcs $@ $^

# A payload is one C file, and the assembly of the same name beside it, if there is any.
define payload
all: $(OUT)/$(basename $(notdir $1)).elf
$(OUT)/$(basename $(notdir $1)).elf: $(COMMON) $(patsubst %,$(OBJ)/%.o,$1 $(wildcard $(basename $1).S)) \
		$(patsubst %,$(OUT)/%.program.o,$(call programs,$(basename $1))) \
		kernel/core/kernel.ld kernel/board/$(BOARD)/memory.ld
	@mkdir -p $$(@D)
	$$(CC) $$(LDFLAGS) $$(filter %.o,$$^) -lgcc -o $$@
-include $(patsubst %,$(OBJ)/%.d,$1 $(wildcard $(basename $1).S))
endef
$(foreach p,$(PAYLOADS),$(eval $(call payload,$p)))

-include $(COMMON:.o=.d) $(LIBOS:.o=.d) $(OBJ)/kernel/user/crt0.S.d
