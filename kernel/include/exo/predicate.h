// Wakeup predicates (Kaashoek et al., SOSP '97, section 5.1): a sleeping environment's own condition, a program that the
// kernel runs whenever it looks for somebody to run. It is compiled as it is installed, over pages of the
// application's whose addresses are translated then; it can call nothing, and has fuel for PREDICATE_FUEL ways back.
// Who waits wakes up when r0 is not 0, or when the program is stopped. Given, in kernel/jit/predicate.c.
#pragma once

#include <exo/env.h>
#include <exo/message.h>

int predicate_install(struct env *env, struct predicate_install *asked);	// as SYS_PREDICATE
void predicate_forget(uint32_t id);						// it has ended

// Sleep until its predicate holds: SYS_WAIT. -E_NOENT: it has none. Else it does not return: who wakes up does so at
// `begin`, as after SYS_SLEEP.
int predicate_wait(struct env *env);

// Wake env if it waits and its predicate holds; or everybody who does.
void predicate_wake(struct env *env);
void predicate_wake_all(void);
