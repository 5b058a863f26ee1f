# Kernels from sources: every payload in PAYLOADS is linked with kernel/ and the labs' FILES into OUT/NAME.elf. The grader calls this makefile
# from the repository's root (grader/README.md, "A build"); no other makefile compiles for ARM.
#
#   make -f kernel/lab.mk BUILD=build FILES="solutions/1-boot/start.S ..." PAYLOADS=labs/1-boot/demo.c OUT=build/out
#
# Objects are keyed by the path of their source, so every kernel shares those it has in common, and changing one file rebuilds one object.
# Beside each stands what was read for it: X.d by the compiler, X.read by the assembler (.incbin); the grader looks into both.
# A file of FILES, USER or HOST that is an object is linked as it is.

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
modules  = $(sort $(basename $(basename $(wildcard $(addsuffix /*.module.[csS],$(call of,$1))))))
of       = $(or $(file <$1/of),$1)
define program
$(OUT)/$1.user.elf: $(patsubst %,$(OBJ)/%.o,$(wildcard $1.user.c $1.user.S) kernel/user/crt0.S) $(OUT)/user.a kernel/user/user.ld
	@mkdir -p $$(@D)
	$$(CC) $$(USER_LD) $$(filter %.o %.a,$$^) -lgcc -o $$@
$(OUT)/$1.program.o: $(OUT)/$1.user.elf kernel/user/program.S
	$$(CC) $$(CFLAGS) -DPROGRAM='"$(notdir $1)"' -DELF='"$$<"' -c kernel/user/program.S -o $$@
-include $(patsubst %,$(OBJ)/%.d,$(wildcard $1.user.c $1.user.S))
endef
$(foreach p,$(sort $(foreach q,$(PAYLOADS),$(call programs,$(basename $q)))),$(eval $(call program,$p)))

# A module (exo/module.h): MODULE.module.c in that folder, compiled, rewritten, and linked with LIB, which is
# rewritten, too; MODULE.module.s, which is rewritten as it is; or MODULE.module.S, assembled as it is. Embedded like a
# program. The rewriter is kernel/sfi/rewriter and the labs' files of HOST, compiled for this machine. It is a student's, and writes to
# SAFE alone: the grader makes `rewriter`, then `rewritten` where nothing else can be written, then all else with REWRITE=false.
HOSTCC := gcc
SAFE := $(OUT).rewritten
REWRITE := $(OUT)/rewrite
REWRITER := $(if $(HOST),$(patsubst %,$(OBJ)/%.o,$(sort $(wildcard kernel/sfi/rewriter/*.c))) $(call objects,$(HOST)))
REWRITE_CFLAGS := -std=gnu11 -D_GNU_SOURCE -DEXO_HOST -O1 -g -Wall -Wextra -Wshadow $(if $(WERROR),-Werror) \
	-Ikernel/include -MD -MP '-fdebug-prefix-map=$(CURDIR)=.'
$(REWRITER): CC = $(HOSTCC)
$(REWRITER): CFLAGS = $(REWRITE_CFLAGS)

# r8 is reserved, too, in a module that has pins, and in what all are linked with. (Scheduling puts accesses to other
# places between those that could share a guard.)
MODULE_CFLAGS = $(filter-out -g -MD -MP -O%,$(CFLAGS)) -O2 -fno-schedule-insns -fno-schedule-insns2 \
	-ffixed-r9 -ffixed-r10 -ffixed-r12 $(if $(PINS),-ffixed-r8)
LIB := kernel/core/string $(basename $(sort $(wildcard kernel/sfi/lib/*.c)))
PINS = $(filter $(LIB),$*)$(findstring <sfi/pins.h>,$(file <$*.c))
MODULE_LIB := $(LIB:%=$(OUT)/%.safe.o)

$(OUT)/rewrite: $(REWRITER)
	@mkdir -p $(@D)
	$(HOSTCC) $^ -o $@

$(OBJ)/%.s: %.c kernel/lab.mk
	@mkdir -p $(@D)
	$(CC) $(MODULE_CFLAGS) $(if $(filter $(LIB),$*),-fno-tree-loop-distribute-patterns) \
		-MD -MP -MF $(@:.s=.d) -MT $@ -S $< -o $@

$(OBJ)/%.s: %.s
	@mkdir -p $(@D)
	cp $< $@

# (What is half written when the rewriter dies must not stay: these are precious, so that make would not remove them.)
define rewrite
	@mkdir -p $(@D)
	@rm -f $@
	$(REWRITE) $1 $(if $(PINS),--pins) $< $@.new
	@test -f $@.new
	@mv $@.new $@
endef

$(SAFE)/%.safe.s: $(OBJ)/%.s $(OUT)/rewrite
	$(call rewrite)

$(OUT)/%.safe.o: $(SAFE)/%.safe.s $(OBJ)/%.s kernel/sfi/written.awk
	@mkdir -p $(@D)
	awk -f kernel/sfi/written.awk $(OBJ)/$*.s $<
	$(CROSS)as -mcpu=cortex-a7 --MD $(@:.o=.read) $< -o $@

named = $(basename $(wildcard $(addsuffix /*.module.[cs],$(call of,$1))))
sources := $(sort $(foreach q,$(PAYLOADS),$(call named,$(basename $q))))
compiled := $(if $(sources),$(patsubst %,$(OBJ)/%.s,$(sources) $(LIB)))
.PHONY: rewriter rewritten
rewriter: $(OUT)/rewrite $(compiled)
rewritten: $(patsubst $(OBJ)/%.s,$(SAFE)/%.safe.s,$(compiled))

define module
$(OUT)/$1.module.elf: $(patsubst %,$(OUT)/%.safe.o,$(basename $(wildcard $1.module.[cs]))) \
		$(patsubst %,$(OBJ)/%.o,$(wildcard $1.module.S)) \
		$(if $(wildcard $1.module.[cs]),$(MODULE_LIB)) kernel/sfi/module.ld
	@mkdir -p $$(@D)
	$(CROSS)ld $(if $(wildcard $1.module.[cs]),--gc-sections) -T kernel/sfi/module.ld $$(filter %.o,$$^) -o $$@
$(OUT)/$1.module: $(OUT)/$1.module.elf
	$(CROSS)objcopy -O binary $$< $$@
$(OUT)/$1.module.o: $(OUT)/$1.module kernel/user/program.S
	$$(CC) $$(CFLAGS) -DPROGRAM='"$(notdir $1)"' -DELF='"$$<"' -c kernel/user/program.S -o $$@
-include $(patsubst %.c,$(OBJ)/%.d,$(wildcard $1.module.c)) $(patsubst %,$(OBJ)/%.d,$(wildcard $1.module.S))
endef
$(foreach m,$(sort $(foreach q,$(PAYLOADS),$(call modules,$(basename $q)))),$(eval $(call module,$m)))

# Where such a folder has a file `also`, its modules are embedded once more for each word in it, as MODULE.WORD. No verifier accepts these, and a
# payload has to see to itself how they run: `plain`, as the compiler makes them; `stores`, where loads go unguarded; `matching`, `bundles` and
# `unprivileged`, the rivals (kernel/sfi/rewriter/rivals.c). Their code is linked for window 13 of exo/kmap.h, their data for window 14, and what
# is an application's, below USER_TOP, for 0x10000000 and 0x20000000. A folder's file `of` names another, whose modules they are.
PLAIN_CFLAGS = $(filter-out -ffixed-% -fno-schedule-insns%,$(MODULE_CFLAGS))
$(OBJ)/%.plain.s: %.c kernel/lab.mk
	@mkdir -p $(@D)
	$(CC) $(PLAIN_CFLAGS) $(if $(filter $(LIB),$*),-fno-tree-loop-distribute-patterns) -S $< -o $@

$(SAFE)/%.stores.s: $(OBJ)/%.s $(OUT)/rewrite
	$(call rewrite,--stores)

rival_matching     = --match $(filter-out -ffixed-r8,$(MODULE_CFLAGS)) -ffixed-r8
rival_bundles      = --bundles $(PLAIN_CFLAGS) -ffixed-r12
rival_unprivileged = --unprivileged $(MODULE_CFLAGS)
define rival
$(OBJ)/%.$1.in.s: %.c kernel/lab.mk
	@mkdir -p $$(@D)
	$$(CC) $$(filter-out --%,$$(rival_$1)) $$(if $$(filter $(LIB),$$*),-fno-tree-loop-distribute-patterns) \
		-S $$< -o $$@
$(SAFE)/%.$1.s: $(OBJ)/%.$1.in.s $(OUT)/rewrite
	@mkdir -p $$(@D)
	$$(REWRITE) $$(filter --%,$$(rival_$1)) $$< $$@
$(OUT)/%.$1.o: $(SAFE)/%.$1.s
	@mkdir -p $$(@D)
	$(CROSS)as -mcpu=cortex-a7 --MD $$(@:.o=.read) $$< -o $$@
.PRECIOUS: $(OBJ)/%.$1.in.s
endef
RIVALS := matching bundles unprivileged
$(foreach r,$(RIVALS),$(eval $(call rival,$r)))

# Those of this call, by the word that asks for them, and what they are linked with.
asked = $(foreach q,$(PAYLOADS),$(if $(filter $1,$(file <$(basename $q)/also)),$(call named,$(basename $q))))
rewritable = $(if $(strip $(asked)),$(sort $(asked)) $(LIB))
rewriter: $(foreach r,$(RIVALS),$(patsubst %,$(OBJ)/%.$r.in.s,$(call rewritable,$r)))
rewritten: $(foreach r,stores $(RIVALS),$(patsubst %,$(SAFE)/%.$r.s,$(call rewritable,$r)))

CODE_AT = $(if $(filter .bundles .unprivileged,$1),0x10000000,0xc1a00000)
DATA_AT = $(if $(filter .bundles .unprivileged,$1),0x20000000,0xc1c00000)

$(OUT)/%.plain.o: $(OBJ)/%.plain.s
	@mkdir -p $(@D)
	$(CROSS)as -mcpu=cortex-a7 $< -o $@

$(OUT)/%.stores.o: $(SAFE)/%.stores.s $(OBJ)/%.s kernel/sfi/written.awk
	@mkdir -p $(@D)
	awk -f kernel/sfi/written.awk $(OBJ)/$*.s $<
	$(CROSS)as -mcpu=cortex-a7 --MD $(@:.o=.read) $< -o $@

also = $(foreach m,$(call modules,$1),$(addprefix $m.,$(file <$1/also)))
define variant
$(OUT)/$1.elf: $(OUT)/$(basename $1).module$(suffix $1).o $(MODULE_LIB:.safe.o=$(suffix $1).o) kernel/sfi/module.ld
	$(CROSS)ld --gc-sections --defsym=code_segment=$(call CODE_AT,$(suffix $1)) --defsym=data_segment=$(call DATA_AT,$(suffix $1)) -T kernel/sfi/module.ld $$(filter %.o,$$^) -o $$@
$(OUT)/$1: $(OUT)/$1.elf
	$(CROSS)objcopy -O binary $$< $$@
$(OUT)/$1.also.o: $(OUT)/$1 kernel/user/program.S
	$$(CC) $$(CFLAGS) -DPROGRAM='"$(notdir $1)"' -DELF='"$$<"' -c kernel/user/program.S -o $$@
endef
$(foreach a,$(sort $(foreach q,$(PAYLOADS),$(call also,$(basename $q)))),$(eval $(call variant,$a)))

.PRECIOUS: $(OBJ)/%.s $(SAFE)/%.s $(OUT)/%.o

$(OBJ)/%.c.o: %.c kernel/lab.mk
	$(compile)

$(OBJ)/%.S.o: %.S kernel/lab.mk
	$(compile)

# A file of the reference as an object without source: no debug information but how to unwind, no names but those that others link with (what is
# local has numbers, so that a backtrace has something to say); always -O2.
$(BUILD)/reference/%.o: OPT := -O2
$(filter $(BUILD)/reference/%,$(HOST)): $(BUILD)/reference/%.o: solutions/% kernel/lab.mk
	@mkdir -p $(@D)
	$(HOSTCC) $(filter-out -g,$(REWRITE_CFLAGS)) -fmacro-prefix-map=solutions/=reference/ -c $< -o $@
$(BUILD)/reference/%.o: solutions/% kernel/lab.mk
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -fmacro-prefix-map=solutions/=reference/ -c $< -o $@
	$(CROSS)objcopy --strip-debug --keep-section=.debug_frame $@
	$(CROSS)nm $@ | awk '$$2 ~ /[a-tx-z]/ { print $$3, "local." NR }' >$(@:.o=.names)
	$(CROSS)objcopy --redefine-syms=$(@:.o=.names) $@

all: $(if $(USER),$(OUT)/user.a) $(if $(HOST),$(OUT)/rewrite)
$(OUT)/user.a: $(LIBOS) $(SHARED)
	@mkdir -p $(@D)
	rm -f $@
	$(CROSS)ar qcs $@ $^

# A payload is one C file, and the assembly of the same name beside it, if there is any.
define payload
all: $(OUT)/$(basename $(notdir $1)).elf
$(OUT)/$(basename $(notdir $1)).elf: $(COMMON) $(patsubst %,$(OBJ)/%.o,$1 $(wildcard $(basename $1).S)) \
		$(patsubst %,$(OUT)/%.program.o,$(call programs,$(basename $1))) \
		$(patsubst %,$(OUT)/%.module.o,$(call modules,$(basename $1))) \
		$(patsubst %,$(OUT)/%.also.o,$(call also,$(basename $1))) \
		kernel/core/kernel.ld kernel/board/$(BOARD)/memory.ld
	@mkdir -p $$(@D)
	$$(CC) $$(LDFLAGS) $$(filter %.o,$$^) -lgcc -o $$@
-include $(patsubst %,$(OBJ)/%.d,$1 $(wildcard $(basename $1).S))
endef
$(foreach p,$(PAYLOADS),$(eval $(call payload,$p)))

-include $(COMMON:.o=.d) $(LIBOS:.o=.d) $(REWRITER:.o=.d) $(OBJ)/kernel/user/crt0.S.d
