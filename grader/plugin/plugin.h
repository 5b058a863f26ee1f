/*
 * What the plugin's parts share: the memory that the grader reads too, and how they call each other.
 * exolab.c has the hooks into QEMU; log.c reads QEMU's log; hardware.c judges what hardware would not forgive.
 */
#ifndef EXOLAB_PLUGIN_H
#define EXOLAB_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CPUS_MAX = 8 };           /* as many as a virt machine with a GICv2 has */
enum { EXCEPTIONS_KEPT = 4096 }; /* the first so many, and as many last ones */
enum { OPERATIONS_MAX = 512, FINDINGS_MAX = 16 };
enum { EXECUTED_KEPT = 1 << 16 }; /* operations: the first so many */
enum { TRAIL = 256 }; /* the last so many instructions, before a limit that was near */

/* ---- what the grader reads; __init__.py has the same layouts ---- */

struct counters {
	uint64_t instructions; /* executed, of all vCPUs together; one that faults counts */
	uint64_t wfis;         /* executed; one whose condition fails counts */
	uint64_t records;      /* how many stand at RECORDS_AT */
};

/* What would have had to come in between; hardware.py has the same order. */
enum missing {
	MISSING_NOTHING,
	MISSING_CLEAN,
	MISSING_DSB_CLEAN,
	MISSING_IC,
	MISSING_BP,
	MISSING_DSB_IC,
	MISSING_ISB,
	MISSING_TLBI,
	MISSING_TLBI_ADDRESS,
	MISSING_TLBI_ASID,
	MISSING_DSB_TLBI,
	MISSING_DSB_AFTER,
};

/* Something that hardware would not have forgiven. */
struct finding {
	uint64_t count; /* instructions executed before it */
	uint32_t pc;    /* of the instruction it showed at */
	uint32_t
	    address; /* what it is about: of a word or a descriptor, physical; of the access, virtual */
	uint32_t by;     /* pc of the instruction that stored or changed it */
	uint8_t rule;    /* 'c'ode, 't'ranslation, 'r'egister */
	uint8_t missing; /* enum missing */
	uint8_t which;   /* of a changed register: an index into hardware.py's names */
	uint8_t unused[1];
};

/* An operation on caches, TLBs, predictors or system registers, or a barrier, that was executed. */
struct executed {
	uint64_t count; /* instructions executed before it */
	uint32_t pc;
	uint32_t value;    /* its operand; 0 of a barrier */
	uint8_t operation; /* hardware.c's, whose order hardware.py has */
	uint8_t unused[7];
};

struct shared {
	struct counters now;
	struct counters call; /* behind the last HVC or SMC */
	uint64_t wfi_pc;      /* of the last WFI */
	uint64_t wfi_count;   /* instructions behind it: equal to now's while it is the last */
	uint64_t awake; /* a bit for each of several vCPUs whose last was no WFI, HVC or SMC */
	uint64_t
	    exceptions; /* taken; struct exception of the first and the last of them stand behind the records */
	uint64_t same;       /* how many of the last were one and the same, or two in turns */
	uint64_t log_read;   /* bytes of the log that are in all this */
	uint64_t block;      /* of a look: where the last block began, */
	uint64_t walked;     /* and how far from there its last executed instruction is */
	uint64_t operations; /* how many are in operation[] */
	uint64_t findings;   /* how many are in finding[] */
	uint64_t executed;   /* how many struct executed stand behind the exceptions */
	uint32_t operation
	    [OPERATIONS_MAX]; /* addresses of instructions whose operand hardware.c has to know */
	struct finding finding[FINDINGS_MAX];
	uint32_t trail[TRAIL]
	    __attribute__((aligned(1024))); /* of a look: pc of instruction i, at i % TRAIL */
};

struct exception {
	uint64_t count;  /* instructions executed before it was taken */
	uint32_t pc;     /* of the last of them */
	uint32_t vector; /* where the vCPU went; 0: not known */
	uint8_t cpu;
	char text[207]; /* what QEMU says of it, lines ending in \n */
};

_Static_assert(sizeof(struct shared) <= 4096, "the records begin at 4096");
_Static_assert(offsetof(struct shared, trail) == 3072,
               "plugin/__init__.py reads the trail at 3072");
_Static_assert(sizeof(struct finding) == 24, "plugin/__init__.py reads findings of 24 bytes");
_Static_assert(sizeof(struct executed) == 24,
               "plugin/__init__.py reads operations of 24 bytes");
_Static_assert(sizeof(struct exception) == 224, "plugin/__init__.py reads exceptions of 224 bytes");

struct range {
	uint32_t start, size;
};

extern struct shared *shared;
extern struct executed *executed_here; /* of a look: room for EXECUTED_KEPT */
extern struct range ram;   /* physical addresses that code has */
extern uintptr_t ram_here; /* where QEMU keeps RAM; 0 until something is translated */

/* ---- log.c ---- */

struct registers {
	uint32_t r[16], psr;
};

extern struct registers log_registers; /* the last that the log told */

bool log_open(int fd, struct exception *room, bool hardware, uint64_t storm);
bool log_before_block(unsigned cpu, uint32_t start); /* false: a storm, and no end of it */

/* ---- hardware.c ---- */

void hardware_note(uint32_t pc, uint32_t bits); /* in any run, at translation */

/* In a look that asks for it: */
bool hardware_open(void);
void *hardware_instruction(uint32_t pc, uint32_t physical, uint32_t size, uint32_t bits);
void hardware_execute(unsigned cpu, void *instruction);
void hardware_access(void *instruction, uint32_t va, uint32_t physical, uint32_t size, bool store);
void hardware_exception(uint32_t pc, bool abort_, uint32_t far);

#endif
