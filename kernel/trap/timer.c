// The physical timer (exo/timer.h).

#include <exo/arm.h>
#include <exo/timer.h>

#define CNTP_CTL_ENABLE 1

uint32_t
timer_frequency(void)
{
	return cntfrq_read();
}

uint64_t
timer_now(void)
{
	uint32_t low, high;

	__asm__ volatile("isb; mrrc p15, 0, %0, %1, c14" : "=r"(low), "=r"(high) : : "memory");	// CNTPCT
	return (uint64_t)high << 32 | low;
}

void
timer_stop(void)
{
	cntp_ctl_write(0);
	isb();
}

// (A machine that only emulates, and has nothing else to do, may pass the time until then at once: to wait for somebody
// outside, no timer may run.)
void
timer_set(uint64_t when)
{
	if (when >= TIMER_NEVER) {
		timer_stop();
		return;
	}
	__asm__ volatile("mcrr p15, 2, %0, %1, c14" : : "r"((uint32_t)when), "r"((uint32_t)(when >> 32)));	// CNTP_CVAL
	cntp_ctl_write(CNTP_CTL_ENABLE);
	isb();
}
