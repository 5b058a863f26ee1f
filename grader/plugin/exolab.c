/*
 * The grader's ears inside QEMU: a TCG plugin that counts instructions exactly, ends a run after
 * exactly its budget of instructions or WFIs, holds the vCPU before chosen addresses while the
 * grader looks and types, and records when chosen addresses are executed and chosen physical
 * memory is accessed. In a second look at the same run it reads QEMU's log too (log.c). The guest
 * cannot notice any of it.
 *
 * It shares two file descriptors with the grader:
 *   memory   counters and records (struct shared, struct record), mapped by both: readable even
 *            when QEMU is gone
 *   control  a socket of text lines. The vCPU stands still from a line until the grader answers:
 *              near                     a limit is near: one instruction in each block from now on
 *              hold ADDRESS CPU COUNT   before the instruction at ADDRESS
 *              call ADDRESS CPU COUNT   before an HVC or SMC, if there are several vCPUs. When it
 *                                       switches the machine off, the answer is "off": the others,
 *                                       which run on until QEMU's main loop has heard of it, are
 *                                       then neither stopped nor recorded
 *              budget ADDRESS CPU COUNT the instruction at ADDRESS would be one too many; only the
 *                                       answers "step", "access" and "turn" let it go on, to the next;
 *                                       after "turn" QEMU's main loop has one before that (while it
 *                                       records, it has none as long as the vCPU does not leave)
 *              access ADDRESS CPU COUNT if that was "access" and accesses are watched: it is within the
 *                                       instruction at ADDRESS, which has accessed memory or a device
 *            and these, which no answer lets go on:
 *              wfi-budget ADDRESS CPU COUNT    one WFI too many
 *              records ...              the same, for records
 *              lost ...                 it lies where no code can be: in page 0, or not in RAM
 *              restarts ...             it is where the kernel begins, and has been there STARTS times
 *              storm ...                exceptions, as many as may be, one and the same
 *            Numbers are decimal; COUNT is of the instructions executed before.
 *
 * Exactness. Each instruction adds one where it starts; a block of instructions is asked only
 * whether the limit could fall into it, which costs next to nothing. A little before the limit the
 * grader makes QEMU translate one instruction at a time, everything is translated anew, and then
 * the question at each block is exact, and registers are in their place wherever the vCPU is held.
 * (A count per block would be wrong: an access to a device leaves its block in the middle.)
 * All vCPUs run in one thread (-icount), so nothing here locks.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef __linux__
#include <signal.h>
#include <sys/prctl.h>
#endif

#include "plugin.h"

/* ---- QEMU's plugin API, version 1: what is used here; no package carries its header ---- */

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t plugin_id;
struct plugin_block; /* a block and an instruction in it, while they are translated */
struct plugin_instruction;
struct plugin_address;

enum { CB_NO_REGS = 0 };
enum { INLINE_ADD_U64 = 0 };
enum { MEMORY_READ_WRITE = 3 };

typedef void block_hook(plugin_id id, struct plugin_block *block);
typedef void execute_hook(unsigned cpu, void *data);
typedef void memory_hook(unsigned cpu, uint32_t info, uint64_t vaddr, void *data);
typedef void plain_hook(plugin_id id);

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, block_hook *);
void qemu_plugin_register_vcpu_tb_exec_cb(struct plugin_block *, execute_hook *, int flags,
                                          void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct plugin_instruction *, execute_hook *, int flags,
                                            void *data);
void qemu_plugin_register_vcpu_insn_exec_inline(struct plugin_instruction *, int op, void *counter,
                                                uint64_t step);
void qemu_plugin_register_vcpu_mem_cb(struct plugin_instruction *, memory_hook *, int flags,
                                      int which, void *data);
void qemu_plugin_reset(plugin_id, plain_hook *done);
size_t qemu_plugin_tb_n_insns(const struct plugin_block *);
struct plugin_instruction *qemu_plugin_tb_get_insn(const struct plugin_block *, size_t i);
const void *qemu_plugin_insn_data(const struct plugin_instruction *);
size_t qemu_plugin_insn_size(const struct plugin_instruction *);
uint64_t qemu_plugin_insn_vaddr(const struct plugin_instruction *);
void *qemu_plugin_insn_haddr(const struct plugin_instruction *); /* NULL: not of memory */
unsigned qemu_plugin_mem_size_shift(uint32_t info);
bool qemu_plugin_mem_is_store(uint32_t info);
struct plugin_address *qemu_plugin_get_hwaddr(uint32_t info, uint64_t vaddr);
uint64_t qemu_plugin_hwaddr_phys_addr(const struct plugin_address *);

EXPORT int qemu_plugin_version = 1;

/* ---- what the grader reads; plugin/__init__.py has the same layout ---- */

struct record {
	uint64_t count; /* instructions executed before this one */
	uint32_t pc;
	uint32_t address; /* physical, of an access */
	uint8_t kind;     /* 'm'ark, 'r'ead, 'w'rite */
	uint8_t size;     /* bytes accessed */
	uint8_t cpu;
	uint8_t unused[5];
};

_Static_assert(sizeof(struct record) == 24, "plugin/__init__.py reads records of 24 bytes");

enum { RECORDS_AT = 4096 };
enum { NEAR = 2048 }; /* more than the longest block (512) that still runs after `near` */
enum { EMPTY = 256 }; /* words of zeros that may be executed in a row */
enum { STARTS = 100 }; /* times that a kernel may come to where it begins */
enum { POINTS_MAX = 256, WATCHES_MAX = 16 };
#define MEMORY_MAX                                                                                 \
	(2ull << 30) /* bytes of addresses that QEMU may have; it takes a third of them */

static struct point {
	uint32_t address;
	bool hold, mark;
} points[POINTS_MAX];
static struct range watches[WATCHES_MAX];
static unsigned npoints, nwatches;
static struct range nowhere; /* virtual addresses that no code has */
static uint32_t start_at;    /* where the kernel begins; 0: nobody counts how often */
struct range ram;
uintptr_t ram_here;

static plugin_id self;
struct shared *shared;
static struct record *records;
struct executed *executed_here;
static uint64_t capacity; /* records there is room for */
static uint64_t budget, wfi_budget;
static uint64_t alarm_at; /* a block that could reach this count asks */
static bool stepping;     /* each block is one instruction */
static bool several;      /* vCPUs; then each block is one instruction */
static bool looking;      /* at the log too: a second look */
static bool hardware;     /* and with hardware.c */
static uint64_t storm;    /* see log.c */
static bool asking;       /* at the next access */
static int off = -1;      /* the vCPU that has switched the machine off */
static int control = -1;

static char ask(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void stop(const char *why, unsigned cpu, uint32_t pc) __attribute__((noreturn));

/* Send one line and wait for the grader's answer; its first letter. */
static char
ask(const char *format, ...)
{
	va_list args;
	char first = 0, c = 0;
	ssize_t n;

	va_start(args, format);
	vdprintf(control, format, args);
	va_end(args);
	do {
		n = read(control, &c, 1);
		if (n == 1 && first == 0)
			first = c;
	} while ((n < 0 && errno == EINTR) || (n == 1 && c != '\n'));
	if (n != 1)
		_exit(1); /* the grader is gone */
	return first;
}

static char
ask_at(const char *what, unsigned cpu, uint32_t pc)
{
	return ask("%s %u %u %llu\n", what, pc, cpu, (unsigned long long)shared->now.instructions);
}

static void
stop(const char *why, unsigned cpu, uint32_t pc)
{
	for (;;)
		ask_at(why, cpu, pc);
}

static block_hook translate;

static void
instrument(plugin_id id)
{
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
}

static void
near_limit(void)
{
	if (stepping)
		return;
	stepping = true;
	alarm_at = budget;
	ask("near\n");
	qemu_plugin_reset(self, instrument);
}

/* ---- what runs while the guest does ---- */

/* data: the block's address, and in the upper half how many instructions it has */
static void
before_block(unsigned cpu, void *data)
{
	uint64_t block = (uintptr_t)data;
	char answer;

	if (looking && !log_before_block(cpu, (uint32_t)block))
		stop("storm", cpu, (uint32_t)block);
	if (off >= 0) {
		if (off != (int)cpu)
			return;
		off = -1; /* it goes on: the call was refused */
	}
	if (several)
		shared->awake |= 1ull << cpu;
	if (looking && shared->now.instructions < budget)
		shared->trail[shared->now.instructions % TRAIL] = (uint32_t)block;
	if (shared->now.instructions + (block >> 32) <= alarm_at)
		return;
	if (!stepping) {
		near_limit();
		return;
	}
	do
		answer = ask_at("budget", cpu, (uint32_t)block);
	while (answer != 's' && answer != 'a' && answer != 't');
	if (answer == 't')
		qemu_plugin_reset(self, instrument);
	asking = answer == 'a';
	alarm_at = ++budget;
}

static void
before_wfi(unsigned cpu, void *pc)
{
	if (off >= 0)
		return;
	if (shared->now.wfis == wfi_budget)
		stop("wfi-budget", cpu, (uint32_t)(uintptr_t)pc);
	shared->wfi_pc = (uintptr_t)pc;
	shared->wfi_count = shared->now.instructions + 1;
	shared->awake &= ~(1ull << cpu);
	if (++shared->now.wfis == wfi_budget)
		near_limit();
}

static void
before_call(unsigned cpu, void *pc)
{
	if (off >= 0)
		return;
	shared->call = shared->now;
	shared->call.instructions++;
	shared->awake &= ~(1ull << cpu); /* it may switch this core off */
	if (several && ask_at("call", cpu, (uint32_t)(uintptr_t)pc) == 'o')
		off = (int)cpu;
}

static void
before_nowhere(unsigned cpu, void *pc)
{
	if (off >= 0)
		return;
	stop("lost", cpu, (uint32_t)(uintptr_t)pc);
}

/* Before a word of zeros, an instruction that does nothing: so many in a row are memory that nobody wrote. */
static void
before_empty(unsigned cpu, void *pc)
{
	static uint64_t next;
	static unsigned row;

	if (off >= 0)
		return;
	row = shared->now.instructions == next ? row + 1 : 1;
	next = shared->now.instructions + 1;
	if (row > EMPTY)
		stop("lost", cpu, (uint32_t)(uintptr_t)pc);
}

static void
before_start(unsigned cpu, void *pc)
{
	static unsigned times;

	if (times++ == STARTS)
		stop("restarts", cpu, (uint32_t)(uintptr_t)pc);
}

static struct record *
new_record(char kind, unsigned cpu, uint32_t pc, uint64_t count)
{
	struct record *r;

	if (shared->now.records == capacity)
		stop("records", cpu, pc);
	r = &records[shared->now.records++];
	r->count = count;
	r->pc = pc;
	r->kind = (uint8_t)kind;
	r->cpu = (uint8_t)cpu;
	return r;
}

static void
before_point(unsigned cpu, void *data)
{
	const struct point *p = data;

	if (off >= 0)
		return;
	if (p->mark)
		new_record('m', cpu, p->address, shared->now.instructions);
	if (p->hold)
		ask_at("hold", cpu, p->address);
}

static void
after_access(unsigned cpu, uint32_t info, uint64_t vaddr, void *pc)
{
	struct plugin_address *where = qemu_plugin_get_hwaddr(info, vaddr);
	uint32_t size = 1u << qemu_plugin_mem_size_shift(info);
	uint64_t address;
	struct record *r;

	if (asking) {
		asking = false;
		ask_at("access", cpu, (uint32_t)(uintptr_t)pc);
	}
	if (where == NULL || off >= 0)
		return;
	address = qemu_plugin_hwaddr_phys_addr(where);
	for (unsigned i = 0; i < nwatches; i++)
		if (address + size > watches[i].start &&
		    address < (uint64_t)watches[i].start + watches[i].size) {
			r = new_record(qemu_plugin_mem_is_store(info) ? 'w' : 'r', cpu,
			               (uint32_t)(uintptr_t)pc, shared->now.instructions - 1);
			r->address = (uint32_t)address;
			r->size = (uint8_t)size;
			return;
		}
}

/* The same, for hardware.c, which has its own data. */
static void
after_any_access(unsigned cpu, uint32_t info, uint64_t vaddr, void *instruction)
{
	struct plugin_address *where = qemu_plugin_get_hwaddr(info, vaddr);

	(void)cpu;
	if (where != NULL)
		hardware_access(
		    instruction, (uint32_t)vaddr, (uint32_t)qemu_plugin_hwaddr_phys_addr(where),
		    1u << qemu_plugin_mem_size_shift(info), qemu_plugin_mem_is_store(info));
}

/* ---- translation: which instruction gets which of these ---- */

/* An instruction as a number; of a long one of Thumb's the first half is in the lower bits. */
static uint32_t
bits_of(const struct plugin_instruction *instruction)
{
	uint32_t bits = 0;

	memcpy(&bits, qemu_plugin_insn_data(instruction), qemu_plugin_insn_size(instruction));
	return bits;
}

static bool
is_wfi(uint32_t bits)
{
	return bits == 0xbf30 || bits == 0x8003f3af ||
	       ((bits & 0x0fffffff) == 0x0320f003 && bits >> 28 != 0xf);
}

/* HVC or SMC */
static bool
is_call(uint32_t bits)
{
	return (bits & 0xf000ffe0) == 0x8000f7e0 ||
	       ((bits & 0x0fd000f0) == 0x01400070 && bits >> 28 != 0xf);
}

/*
 * Whether no code can be where this is. A device or the flash answers a fetch too, with what is no
 * code, and slowly; whether it is RAM that does, the place in QEMU's memory tells, MMU on or off.
 * RAM's own place there is the first instruction's: the kernel is entered with the MMU off.
 */
static bool
is_nowhere(const struct plugin_instruction *insn)
{
	uint32_t pc = (uint32_t)qemu_plugin_insn_vaddr(insn);
	uintptr_t here = (uintptr_t)qemu_plugin_insn_haddr(insn);

	if (ram_here == 0 && here != 0 && pc - ram.start < ram.size)
		ram_here = here - (pc - ram.start);
	return pc - nowhere.start < nowhere.size || ram_here == 0 || here - ram_here >= ram.size;
}

static uint32_t
physical_of(const struct plugin_instruction *insn)
{
	return (uint32_t)((uintptr_t)qemu_plugin_insn_haddr(insn) - ram_here) + ram.start;
}

static void
translate(plugin_id id, struct plugin_block *block)
{
	size_t n = qemu_plugin_tb_n_insns(block);
	uint32_t start = (uint32_t)qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(block, 0));
	uint32_t last = start;

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_cb(block, before_block, CB_NO_REGS,
	                                     (void *)((uintptr_t)n << 32 | start));
	for (size_t i = 0; i < n; i++) {
		struct plugin_instruction *insn = qemu_plugin_tb_get_insn(block, i);
		uint32_t pc = (uint32_t)qemu_plugin_insn_vaddr(insn);
		uint32_t bits = bits_of(insn);
		void *data = (void *)(uintptr_t)pc;

		if (is_nowhere(insn))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, before_nowhere, CB_NO_REGS,
			                                       data);
		if (pc == start_at)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, before_start, CB_NO_REGS,
			                                       data);
		if (bits == 0)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, before_empty, CB_NO_REGS,
			                                       data);
		for (unsigned j = 0; j < npoints; j++)
			if (points[j].address == pc)
				qemu_plugin_register_vcpu_insn_exec_cb(insn, before_point,
				                                       CB_NO_REGS, &points[j]);
		if (is_wfi(bits))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, before_wfi, CB_NO_REGS, data);
		if (is_call(bits))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, before_call, CB_NO_REGS, data);
		qemu_plugin_register_vcpu_insn_exec_inline(insn, INLINE_ADD_U64,
		                                           &shared->now.instructions, 1);
		hardware_note(pc, bits);
		if (hardware) {
			void *mine = hardware_instruction(
			    pc, physical_of(insn), (uint32_t)qemu_plugin_insn_size(insn), bits);

			qemu_plugin_register_vcpu_insn_exec_cb(insn, hardware_execute, CB_NO_REGS,
			                                       mine);
			qemu_plugin_register_vcpu_mem_cb(insn, after_any_access, CB_NO_REGS,
			                                 MEMORY_READ_WRITE, mine);
		}
		if (looking && pc != last)
			qemu_plugin_register_vcpu_insn_exec_inline(insn, INLINE_ADD_U64,
			                                           &shared->walked, pc - last);
		last = pc;
		if (nwatches > 0)
			qemu_plugin_register_vcpu_mem_cb(insn, after_access, CB_NO_REGS,
			                                 MEMORY_READ_WRITE, data);
	}
}

/* ---- loading ---- */

static bool
add_point(uint32_t address, bool hold)
{
	unsigned i = 0;

	while (i < npoints && points[i].address != address)
		i++;
	if (i == POINTS_MAX)
		return false;
	npoints = i == npoints ? i + 1 : npoints;
	points[i].address = address;
	points[i].hold |= hold;
	points[i].mark |= !hold;
	return true;
}

static bool
parse_range(struct range *r, const char *text)
{
	return sscanf(text, "%u+%u", &r->start, &r->size) == 2;
}

static bool
map_memory(int fd, uint64_t room, int log)
{
	size_t exceptions_at = RECORDS_AT + room * sizeof(struct record);
	size_t executed_at = exceptions_at + 2 * EXCEPTIONS_KEPT * sizeof(struct exception);
	size_t size =
	    log >= 0 ? executed_at + EXECUTED_KEPT * sizeof(struct executed) : exceptions_at;
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		return false;
	shared = memory;
	records = (struct record *)((char *)memory + RECORDS_AT);
	executed_here = (struct executed *)((char *)memory + executed_at);
	capacity = room;
	looking = log >= 0;
	return !looking ||
	       log_open(log, (struct exception *)((char *)memory + exceptions_at), hardware, storm);
}

/* Die with the grader, whatever it dies of. */
static bool
follow(pid_t parent)
{
#ifdef __linux__
	prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
	return getppid() == parent;
}

/* What a kernel does may cost this machine so much memory, and leaves nothing on its disk. */
static bool
limit(int what, rlim_t most)
{
	struct rlimit r;

	if (getrlimit(what, &r) != 0)
		return false;
	r.rlim_cur = r.rlim_max < most ? r.rlim_max : most;
	return setrlimit(what, &r) == 0;
}

EXPORT int
qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
	int memory = -1, log = -1;
	bool good = true;

	(void)info;
	self = id;
	for (int i = 0; i < argc && good; i++) {
		const char *value = strchr(argv[i], '=');
		size_t length = value ? (size_t)(value++ - argv[i]) : 0;
		uint64_t number = value ? strtoull(value, NULL, 10) : 0;

#define IS(name) (length == sizeof(name) - 1 && strncmp(argv[i], name, length) == 0)
		if (IS("parent"))
			good = follow((pid_t)number);
		else if (IS("control"))
			control = (int)number;
		else if (IS("memory"))
			memory = (int)number;
		else if (IS("log"))
			log = (int)number;
		else if (IS("records"))
			capacity = number;
		else if (IS("budget"))
			budget = number;
		else if (IS("wfi"))
			wfi_budget = number;
		else if (IS("stepping"))
			stepping = number;
		else if (IS("storm"))
			storm = number;
		else if (IS("hardware"))
			hardware = number;
		else if (IS("several"))
			several = number;
		else if (IS("start"))
			start_at = (uint32_t)number;
		else if (IS("hold") || IS("mark"))
			good = add_point((uint32_t)number, IS("hold"));
		else if (IS("watch"))
			good = nwatches < WATCHES_MAX && parse_range(&watches[nwatches++], value);
		else if (IS("nowhere"))
			good = parse_range(&nowhere, value);
		else if (IS("ram"))
			good = parse_range(&ram, value);
		else
			good = false;
#undef IS
		if (!good)
			fprintf(stderr, "exolab plugin: cannot take %s\n", argv[i]);
	}
	if (!good || control < 0 || !limit(RLIMIT_AS, MEMORY_MAX) || !limit(RLIMIT_CORE, 0) ||
	    !map_memory(memory, capacity, log) || (hardware && !hardware_open()))
		return 1;
	alarm_at = stepping ? budget : budget > NEAR ? budget - NEAR : 0;
	instrument(id);
	return 0;
}
