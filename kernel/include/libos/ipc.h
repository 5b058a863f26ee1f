// Calls between environments over the protected control transfer (exo/slice.h). Given, in kernel/libos/ipc.S. The
// message is registers: r1 to r4, there and back, and r5, how it went; the callee's name is r0, the caller's arrives
// in r7.
//
// While a caller waits, its slices are the callee's: whatever begins meanwhile is yielded to it, so that a callee
// interrupted half-way goes on. (By yielding and not by lending: a slice can be given back only while it runs, and a
// reply comes when it comes.) Should the callee end, the yield fails, and so does the call.
//
// A reply is what comes from the environment that has been called, while it is waited for; everything else that comes
// is a request.
#pragma once

#define IPC_STACK 2048		// bytes of the handler's

#ifndef __ASSEMBLER__

#include <exo/types.h>

// Take transfers from now on: callers and servers both begin so.
void ipc_init(void);

// Call env, which is somebody else, with m, wait, and have its reply in m: what its handler returned. -E_NOENT: there
// is no such environment, it takes no transfers, or it ended meanwhile; -E_EXISTS: it is busy with another's call (or
// with a fault), or this environment waits for a reply already: try again after a yield. Assumes nothing of the
// callee: all registers that C keeps are saved (lrpc, SOSP '95, table 8).
int32_t ipc_call(uint32_t env, uint32_t m[4]);

// The same of a callee that is trusted to keep what a C function keeps, as if it were one: what the call itself does
// not use of r4 to r11 goes through it and back (tlrpc, SOSP '95, table 12). Should it end, so does this environment,
// with -E_NOENT.
int32_t ipc_trusting(uint32_t env, uint32_t m[4]);

// With nothing to say: let env, which waits for a turn of ours or a reply, go on, and wait for its turn in our turn.
// As ipc_call(); -E_EXISTS, too, if it does not wait for us. Returns 0 also when a slice of ours begins: look whether
// what you wait for has come. The ends of a pipe take turns so.
int32_t ipc_turn(uint32_t env);

// The same by a yield: for an env that does not wait yet. -E_NOENT.
int32_t ipc_yield(uint32_t env);

// Answer requests from now on: handler(caller, m) is called on a stack of its own (IPC_STACK bytes) for one at a
// time, whatever else this environment was doing meanwhile resting; what it leaves in m and returns is the reply.
// Nothing is known of the caller but its name. Null: no more.
typedef int32_t ipc_handler(uint32_t caller, uint32_t m[4]);
void ipc_serve(ipc_handler *handler);

#endif
