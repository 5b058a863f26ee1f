// Step 3.1: into user mode in every state that the run's input has, and out of it, before there are any
// vectors but enter.S's. The application's first instruction is a system call.

#include <exo/gic.h>
#include <exo/timer.h>

#include "cases.h"

// What user_enter() has to leave alone, before and after it; and what it returned.
struct told {
	uint32_t before[8], sp_before, cpsr_before, after[8], sp_after, cpsr_after, status;
};

struct told told[1024];

extern uint32_t enter_vectors[], enter_seen[17];
int enter_svc(uint32_t sp);
void enter_told(const struct trapframe *tf, struct told *t);

uint32_t enter_depth;		// how much deeper in the stack user_leave() is called from

// From enter.S, with the SVC stack as the system call found it, at sp. Returns what to leave with.
int
enter_svc(uint32_t sp)
{
	struct seen *s = &seen[seen_count++];

	s->number = TRAP_SVC;
	s->at = sp;
	memcpy(&s->tf, enter_seen, 15 * 4);
	s->tf.pc = enter_seen[15];
	s->tf.cpsr = enter_seen[16];
	if (*(const uint32_t *)params()->input != 0)
		enter_depth = 64 + seen_count % 8 * 8;
	return (0x1000 + seen_count) * 0x9e3779b9;
}

void
check_main(void)
{
	space_create();
	vbar_write((uintptr_t)enter_vectors);
	isb();
	if (*(const uint32_t *)params()->input != 0) {		// an interrupt that nobody wants to see, and all have masked
		gic_enable(BOARD_TIMER_IRQ);
		timer_set(0);
	}
	for (uint32_t i = 0; i < case_count(); i++) {
		seen[seen_count].of = i;
		put(&cases()[i].code[0]);
		__asm__ volatile("ldrex %0, [%1]" : "=r"(told[i].status) : "r"(DATA));	// an exclusive access, never finished
		enter_told(&cases()[i].tf, &told[i]);
	}
}
