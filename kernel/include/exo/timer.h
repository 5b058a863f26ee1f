// The generic timer's physical timer (DDI 0406C, B8.1.5). Given, in kernel/trap/timer.c.
#pragma once

#include <exo/types.h>

// Ticks a second.
uint32_t timer_frequency(void);

// The count of ticks since reset.
uint64_t timer_now(void);

// Have the timer's interrupt (BOARD_TIMER_IRQ) come when the counter has reached that count; it stays
// until it is set anew or stopped. From TIMER_NEVER on, a count that no machine lives to see, it does not come: the timer
// is stopped.
#define TIMER_NEVER (1ull << 62)
void timer_set(uint64_t when);
void timer_stop(void);
