// Time: part b of lab 4. The processor's time is a vector of slices that comes round and round; each belongs to whoever
// has taken it (SOSP '95, section 5.1.1). Nothing here knows a priority: what an application makes of its slices is its
// own affair.
//
// *A slice* begins when slice_next() chooses it: the counter as read there plus SLICE_TICKS is its end. Its user is
// entered at `begin` (exo/upcall.h) with every register 0. Until the end the processor goes from hand to hand without
// the slice's end moving: by a transfer, or by a yield to a named environment. It is over early when who runs yields to
// nobody, sleeps or ends.
//
// *At its end* who runs then, whoever's slice it is, is told: entered at `end`, with what was interrupted in the slice
// slot, all other registers as they were. It is to put its state away and yield; it can no more transfer. If the slice
// slot is not free it is entered at the first tick below that finds it free; never twice.
//
// *Excess*: ticks go on coming, one every SLICE_TICKS, counted from the slice's end. At each of them, who still runs
// owes one slice more, up to EXCESS_MAX; one that owes EXCESS_MAX already ends (ENDED_EXCESS), whether or not its slot
// has been free since. Ticks that pass during one system call are told together when it returns: they are owed, all of
// them, and end nobody but as one tick does. Who owes pays as its slices come round: each is passed over, in no time,
// and one less is owed; but who sleeps meanwhile pays nothing.
//
// *Lending*: a synchronous transfer by the user of the running slice makes the callee its user, now and whenever the
// slice comes round; so on from callee to callee, and back by a synchronous transfer to the lender. By anybody else
// (who has what is left of a slice, and no more) it lends nothing. Precisely: entering X synchronously forgets whom X
// has lent to, then notes X with the caller; when the slice is over its new user is found by following those notes from
// the old one. A slice that begins forgets whom its user has lent to. A user that has ended is replaced by the owner;
// the owner takes a slice back by giving it to itself (slice_assign() also forgets whom the new user has lent to); a
// slice whose owner ends is nobody's.
#pragma once

#include <exo/env.h>
#include <exo/trap.h>

#define SLICE_COUNT  16
#define SLICE_TICKS  100000
#define SLICE_LEAST  1000		// ticks left of a slice that are worth giving to somebody
#define SLICE_NOBODY 0

struct slice {
	uint32_t owner;		// the environment whose it is, or SLICE_NOBODY
	uint32_t user;		// who runs in it, since it last began: its owner, or whom it is lent to
};

extern struct slice slices[SLICE_COUNT];
extern uint32_t slice_position;		// the one that runs now, or ran last

// Step 4.7, in slice.c: who runs next. The one that yield named, if it is alive and not asleep (whatever it owes) and
// SLICE_LEAST is left of the slice at least: it, at `begin`, for what is left. Else the slice is over (slice_settle),
// and the next one in the vector begins, from the one behind slice_position on round to itself, whose user is alive, is
// not asleep and owes nothing. Slices on the way of those who sleep and of nobody's are passed over; of those who owe,
// too, and that pays. While nobody can run but some sleep, the kernel sleeps until the first of these wakes; debts are
// paid meanwhile, round after round. Null: nobody ever will run.
struct env *slice_next(void);

// The timer has come while an environment ran: a tick, as above. tf is what was interrupted; changing it changes where
// it goes on.
void slice_end(struct trapframe *tf);

// SYS_YIELD (env): what is left goes to env, or to nobody for 0. -E_NOENT: there is no such environment alive, and
// nothing was given up. SYS_SLEEP (low, high): yield to nobody, and be passed over while the counter is below that
// count. 2^64 - 1: for ever. A sleeper can be entered by a transfer, and sleeps on. Neither call returns: who comes
// back does so at `begin`. SYS_SLICE_TAKE (index): -E_INVAL, no such slice; -E_EXISTS, it is somebody's. SYS_SLICE_GIVE
// (index, env): env, or nobody for 0, is owner and user from now on. -E_INVAL; -E_PERM, the caller is not its owner;
// -E_NOENT, there is no such environment alive.
int32_t sys_yield(uint32_t id, uint32_t a1, uint32_t a2, uint32_t a3);
int32_t sys_sleep(uint32_t low, uint32_t high, uint32_t a2, uint32_t a3);
int32_t sys_slice_take(uint32_t index, uint32_t a1, uint32_t a2, uint32_t a3);
int32_t sys_slice_give(uint32_t index, uint32_t id, uint32_t a2, uint32_t a3);

// Step 4.8, in transfer.S: SYS_TRANSFER, at most 30 instructions from the caller's SVC, counted, to the callee's first.
// From svc: r7 is SYS_TRANSFER, r0 the callee's name, with TRANSFER_SYNC or without. The callee is entered in A32 at
// its entry `transfer`, flags zero, with r7 the caller's name and every other register as the caller had it: the
// message. The caller is not remembered. The TLB is left alone: address spaces are told apart by their ASID, and only
// ASID 0, which no application has, may meet another's tables on the way. Whoever uses exclusives executes CLREX at
// `transfer`. -E_NOENT: no environment of that name is alive, or it has no such entry; -E_PERM: the caller has been
// told that its time is up, whomever it names. Then every register but r0 is as it was; but where a callee without an
// entry was asked synchronously, what either of the two has lent may be forgotten.
extern uint32_t transfer[];

// Given, in kernel/env/slice.c.
void slice_start(void);			// the timer's interrupt is ours from now on
void slice_first(uint32_t id);		// the first environments' slices: one each, the lowest that is free
void slice_assign(uint32_t index, uint32_t owner, uint32_t user);	// whose it is, who runs in it; lent no further
void slice_settle(void);		// the running slice is over: find its new user
void slice_forget(uint32_t id);		// it ends: what it owned is nobody's, what it was lent goes back
void env_irq(struct trapframe *tf);	// an interrupt in user mode
