// One application that is nothing but its state: an address space with a few pages, into which the run's
// input puts instructions, and which user_enter() enters in any state it likes, in the midst of an IT
// block if need be. What the kernel then sees is kept for the grader to read. Shared by enter.c, which has
// vectors of its own, and cases.c, for which they are the student's.
#pragma once

#include <exo/arm.h>
#include <exo/aspace.h>
#include <exo/board.h>
#include <exo/check.h>
#include <exo/error.h>
#include <exo/page.h>
#include <exo/string.h>
#include <exo/trap.h>
#include <exo/user.h>

#define CODE   0x10000		// two pages to execute,
#define LATER  0x12000		// and one that is there only when an action maps it
#define DATA   0x20000		// one to read and write
#define CONST  0x21000		// one to read; behind it nothing

enum action { LEAVE, SKIP, REPAIR, REPLACE, PROVIDE, MANY };

struct instructions {
	uint32_t at, size, word[4];
};

struct input_case {
	struct trapframe tf, next;	// entered with tf; REPLACE goes on with next
	struct instructions code[2];
	uint32_t action;		// what the first exception's handler does; the second leaves
	uint32_t x, y;			// SKIP: x bytes; REPAIR: register x becomes y; MANY: x bytes, y times
};

struct seen {
	uint32_t of;			// which case
	uint32_t number;		// TRAP_
	uint32_t at;			// where the frame was
	struct trapframe tf;
	uint32_t kind, address, level, domain, write, asynchronous;
	uint32_t cpsr, rw, ro;		// the kernel's CPSR; TPIDRURW and TPIDRURO
};

ARM_SYSREG(tpidrurw, 0, c13, c0, 2)	// the application's own: it may write the one, and read both
ARM_SYSREG(tpidruro, 0, c13, c0, 3)

struct seen seen[1024];
uint32_t seen_count;
struct aspace space;

static inline const struct input_case *
cases(void)
{
	return (const struct input_case *)(params()->input + 4);
}

static inline uint32_t
case_count(void)
{
	return (params()->input_size - 4) / sizeof(struct input_case);
}

static inline void *
page_of(uint32_t va)
{
	struct mapping m;

	if (as_lookup(&space, va & ~(PAGE_SIZE - 1), &m) < 0)
		return NULL;
	return (uint8_t *)p2v(m.pa) + va % PAGE_SIZE;
}

// The instructions of a case, where they belong; a half-word at a time, as they may straddle pages.
static inline void
put(const struct instructions *code)
{
	const uint16_t *from = (const uint16_t *)code->word;

	for (uint32_t at = code->at; at < code->at + code->size; at += 2) {
		uint16_t *to = page_of(at);

		*to = *from++;
		dccmvau((uintptr_t)to);
	}
	dsb();
	iciallu(0);
	bpiall(0);
	dsb();
	isb();
}

// From now on `by` is called in a function's place, which may be one that is not written yet: the function's
// first instruction becomes a branch. It lies in text; but where a domain has a manager, rights are not asked
// (DDI 0406C, B3.7.3).
static inline void
in_place_of(void (*function)(struct trapframe *), void (*by)(struct trapframe *))
{
	uintptr_t at = (uintptr_t)function;
	uint32_t before = dacr_read();

	dacr_write(0xffffffff);
	isb();
	*(volatile uint32_t *)at = 0xea000000 | ((uintptr_t)by - at - 8) / 4 % 0x1000000;
	dccmvau(at);
	dsb();
	iciallu(0);
	bpiall(0);
	dsb();
	dacr_write(before);
	isb();
}

static inline void
space_create(void)
{
	as_create(&space, OWNER_USER, 1);
	user_map(&space, CODE, 2 * PAGE_SIZE, RIGHT_READ | RIGHT_EXEC);
	user_map(&space, DATA, PAGE_SIZE, RIGHT_READ | RIGHT_WRITE);
	user_map(&space, CONST, PAGE_SIZE, RIGHT_READ);
	for (uint32_t i = 0; i < PAGE_SIZE / 4; i++) {
		((uint32_t *)page_of(DATA))[i] = 0x01234567 * (i + 1);
		((uint32_t *)page_of(CONST))[i] = 0x01234567 * (i + 1);
	}
	for (uint32_t i = 0; i < 2 * PAGE_SIZE / 4; i++)
		*(uint32_t *)page_of(CODE + i * 4) = 0xe7f0def0;	// UDF, as A32 and as Thumb
	as_switch(&space);
}
