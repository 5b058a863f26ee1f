// Time slices: part b of lab 4. The processor's time is a vector of slices that comes round and round;
// each belongs to whoever has taken it (SOSP '95, section 5.1.1). Nothing here knows a priority: what an application
// makes of its slices is its own affair.
//
// A slice begins by entering its application at `begin` (exo/env.h) with every register 0, and lasts SLICE_TICKS of the
// timer, or until the application gives it up. At its end the application is entered at `end`, once, with what was
// interrupted in the slice slot, and is to put its state away and yield. What it takes longer than another SLICE_TICKS, it owes:
// each further tick of the timer is one slice that it does without later, and with more than EXCESS_MAX of them it ends.
#pragma once

#include <exo/env.h>
#include <exo/trap.h>

#define SLICE_COUNT  16
#define SLICE_TICKS  100000
#define SLICE_LEAST  1000		// ticks left of a slice that are worth giving to somebody
#define SLICE_NOBODY 0

struct slice {
	uint32_t owner;		// the environment whose it is, or SLICE_NOBODY
	uint32_t user;		// who runs in it: its owner, or whom it was given to by a synchronous transfer
};

extern struct slice slices[SLICE_COUNT];
extern uint32_t slice_position;		// the one that runs now
extern uint32_t slice_user;		// its user; the vector learns it when the slice is over
extern uint32_t slice_told;		// who has been told that it is over, or SLICE_NOBODY

// Step 4.7, in slice.c: who runs next. For a named environment that yield asked for, if it can run and SLICE_LEAST is left: it, for what is
// left. Else the next slice, from the one behind slice_position on, whose user is alive, is not asleep and owes nothing (one
// that owes pays by being passed over); the timer is set to its end. With nobody who could run now, the kernel sleeps
// until somebody wakes. Null: nobody ever will.
struct env *slice_next(void);

// The timer has come while an environment ran. Who has been told before that the slice is over owes a slice more, and is
// ended if that is too many. Who runs, unless it has been told, is told: what tf says goes to its slice slot (if that is free), and
// it goes on at `end`, its other registers as they were.
void slice_end(struct trapframe *tf);

// SYS_YIELD, SYS_SLEEP, SYS_SLICE_TAKE, SYS_SLICE_GIVE. Yield: -E_NOENT, there is no such environment. Take: -E_INVAL, no such slice;
// -E_EXISTS, it is somebody's. Give: -E_INVAL; -E_PERM, it is not the caller's; -E_NOENT.
int32_t sys_yield(uint32_t id, uint32_t a1, uint32_t a2, uint32_t a3);
int32_t sys_sleep(uint32_t low, uint32_t high, uint32_t a2, uint32_t a3);
int32_t sys_slice_take(uint32_t index, uint32_t a1, uint32_t a2, uint32_t a3);
int32_t sys_slice_give(uint32_t index, uint32_t id, uint32_t a2, uint32_t a3);

// Given, in kernel/env/slice.c.
void slice_start(void);			// the timer's interrupt is ours from now on
void slice_first(uint32_t id);		// the first environments' slices: one each, the lowest that is free
void slice_forget(uint32_t id);		// it has ended: what it owned is nobody's, what it was lent goes back
void env_irq(struct trapframe *tf);	// an interrupt in user mode
