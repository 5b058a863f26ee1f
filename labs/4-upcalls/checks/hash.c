// Step 4.7: a program computes with all its registers, in A32, Thumb and IT blocks, and puts its state away at the end
// of each slice as the libOS does it; once undisturbed, once with a slice's end in the midst of each stretch. Another
// takes the processor meanwhile.

#include <exo/arm.h>
#include <exo/check.h>
#include <exo/env.h>
#include <exo/params.h>
#include <exo/register.h>
#include <exo/slice.h>
#include <exo/timer.h>

#define SYS_SOON 40

static bool disturb;
static uint32_t ends, random_state;

// So many ticks are left of this slice then; or as many as there are.
static int32_t
sys_soon(uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3)
{
	uint32_t low, high;
	uint64_t cval;

	(void)a0, (void)a1, (void)a2, (void)a3;
	__asm__ volatile("mrrc p15, 2, %0, %1, c14" : "=r"(low), "=r"(high) : : "memory");	// CNTP_CVAL
	cval = (uint64_t)high << 32 | low;
	random_state = random_state * 1664525 + 1013904223;
	if (!disturb || cval < timer_now() + 1000)
		return 0;
	timer_set(cval - 30 - (random_state >> 16) % 110);
	while (timer_now() < cval - 150)
		wfi();
	timer_set(cval);
	ends++;
	return 0;
}

void
check_main(void)
{
	struct env *env, *other;

	syscall_register(SYS_SOON, sys_soon);
	random_state = params()->seed;
	for (int i = 0; i < 2; i++) {
		disturb = i;
		report("load: %d %d", env_load("main", "a", &env), env_load("other", "b", &other));
		env_run();
		report("hash 0x%08x, ended %u, %u ends", env->status, env->ended, ends);
	}
}
