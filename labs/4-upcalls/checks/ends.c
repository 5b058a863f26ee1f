// Step 4.7: slices end amid code whose every state follows from its pc: NOPs, on one page in A32, on the other in
// Thumb, in IT blocks. The timer comes x ticks after the check sends the application on; `end` is y, or for 0 an SVC in
// TELL.

#include "told.h"
#include <exo/slice.h>

#define ENVS 3

void
told_svc(struct trapframe *tf)
{
	keep(tf)->number = (tf->pc - 4 - TELL) / 4;
	user_leave(0x2000 + now);
}

// A block of one IT and four NOPs after the other; which, test_slices.py knows.
static uint32_t
half(uint32_t i)
{
	return i % 5 != 0 ? 0xbf00 : 0xbf00 | i / 5 % 14 << 4 | (i / 5 * 2 & 14) | 1;
}

void
check_main(void)
{
	envs_make(ENVS);
	for (uint32_t i = 0; i < PAGE_SIZE / 4; i++) {
		put(&(struct instructions){ CODE + 4 * i, 4, { 0xe320f000 } });
		put(&(struct instructions){ CODE + PAGE_SIZE + 4 * i, 4, { half(2 * i) | half(2 * i + 1) << 16 } });
	}
	slice_start();
	for (uint32_t i = 0; i < SLICE_COUNT; i++)
		slice_assign(i, env[i % ENVS]->id, env[i % ENVS]->id);
	vbar_write((uintptr_t)told_vectors);
	isb();
	for (now = 0; now < case_count(); now++) {
		const struct input_case *c = &cases()[now];
		struct env *e = slice_next();
		uint64_t end = cntp_cval();

		if (e == NULL || end < timer_now() + c->x)
			break;
		save_fill(e->save);
		e->save->slice.cpsr = 0;
		e->save->excess = 0;
		for (uint32_t i = 0; i < 21; i++)
			(&e->save->revoke)[i] = TELL + 4 * i;
		if (c->y != 0)
			e->save->end = c->y == 4 ? 0 : c->y;
		memcpy(before, e->save, PAGE_SIZE);
		user_switch(&e->as);
		pass(end - c->x - timer_now());
		status[now] = user_enter(&c->tf);
		user_switch(NULL);
		e->told = 0;
		ended[now] = e->ended;
	}
	report("cases %u", now);
}
