// The system calls, by number: `svc #0` with the number in r7 (exo/trap.h). Part of the interface to
// applications; the numbers never change. Included by C and by assembly.
#pragma once

#define SYS_NULL  0		// returns 0, by the fast path
#define SYS_FRAME 1		// returns 0, by the full frame and C
#define SYS_EXIT  2		// (status): the application ends
#define SYS_WRITE 3		// (va, size): print those bytes; returns size
#define SYS_TODO  4		// (step, file): what todo() is in a program (exo/todo.h); ends the run

// From lab 4 on (exo/upcall.h). `env` is a name, or ENV_SELF; `cap` points to a capability that fits the
// environment's guard with RIGHT_WRITE, and is not asked for where env is the caller.
#define SYS_PAGES          5	// (env, ops, count, cap): page operations, in order; how many were done
#define SYS_ENV_CREATE     6	// (cap): an environment with cap's name as its guard; its name
#define SYS_ENV_DESTROY    7	// (env, cap): end it, or free what is left of it
#define SYS_ENV_INFO       8	// (env, info, cap): tell of it
#define SYS_CAP_NARROW     9	// (from, to): to->name and to->rights say what it is to be; the rest is filled in
#define SYS_CAP_REVOKE     10	// (pa, cap): raise the guard of the page at pa; *cap is minted anew
#define SYS_YIELD          11	// (env): give up this slice; what is left of it goes to env, or for 0 to nobody
#define SYS_SLEEP          12	// (low, high): give up slices until the counter has reached that count
#define SYS_SLICE_TAKE     13	// (index): own a slice that nobody owns
#define SYS_SLICE_GIVE     14	// (index, env): give it away; to nobody for 0

// From lab 5 on (exo/module.h, exo/gpio.h). `module` is a number that SYS_MODULE_LOAD has returned, and the caller's.
#define SYS_MODULE_LOAD    15	// (file, size, refused): its number; where the verifier refuses it, *refused is the offset
#define SYS_MODULE_CALL    16	// (module, call, args): args[0] to [3] go in; args[0] is the result. -E_FAULT, -E_TIME: struct module_end, to args
#define SYS_MODULE_UNLOAD  17	// (module)
#define SYS_MODULE_PAGE    18	// (module, offset): the physical page of its data segment there, which the owner may bind
#define SYS_PINS           19	// (mask, cap): the caller holds those GPIO pins from now on
#define SYS_PIN_WRITE      20	// (mask, value): drive those pins, which the caller holds

// From lab 6 on (exo/message.h). What is asked lies at `asked`, the caller's to read and write.
#define SYS_ENDPOINT_OPEN  21	// (asked): struct endpoint_open. -E_INVAL, -E_EXISTS: somebody has it, -E_FAULT, -E_NOMEM; -E_PERM: the program is refused
#define SYS_ENDPOINT_CLOSE 22	// (number). -E_NOENT: it is not the caller's
#define SYS_ENDPOINT_INFO  23	// (number, info): struct endpoint_info. -E_NOENT
#define SYS_MESSAGE_SEND   24	// (number, va, size, cap): a message to that end point; cap fits its owner's guard. SEND_NETWORK: a frame, by whoever has an
				// end point; its source is what the device's is. -E_NOENT, -E_INVAL, -E_FAULT, -E_PERM, -E_NOMEM
#define SYS_PREDICATE      25	// (asked): struct predicate_install. -E_INVAL, -E_FAULT, -E_NOMEM; -E_PERM: the program is refused
#define SYS_WAIT           26	// sleep until the predicate holds. -E_NOENT: there is none
#define SYS_NET_INFO       27	// (info): struct net_info

// From lab 7 on (exo/dpf.h).
#define SYS_FILTER_INSERT  28	// (filter, cap): struct dpf_filter, whose frames are to go to that end point of the caller's: its id. -E_NOENT: it has
				// none of that number; -E_INVAL, -E_OVERLAP, -E_PERM, -E_NOMEM, -E_FAULT; cap may be 0
#define SYS_FILTER_DELETE  29	// (id). -E_NOENT: it is not the caller's

// The vectors answer these themselves: no frame, no table.
#define SYS_RESUME         60	// (slot): go on from the exception slot, 0, or the slice slot, 1, which is free then;
				// r7 is resume_r7's. Of its CPSR flags, GE, E and T are restored, and with T IT, too;
				// the rest, J among it, is user mode with nothing masked, whatever it says
#define SYS_PROTECT        61	// (va, prot): of one page of the caller's
#define SYS_TRANSFER       62	// r0 env, or env + TRANSFER_SYNC: enter it at its entry `transfer` (exo/slice.h)

#define TRANSFER_SYNC 0x80000000	// synchronously: the slice is lent, too
