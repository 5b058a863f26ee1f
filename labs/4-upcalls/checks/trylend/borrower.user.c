#include "say.h"
// Begins twice a round while it has the lender's slice; then transfers to the thief, who is to get no more than the rest.
static uint32_t begins;
static uint64_t first;
void on_begin(void)
{
	uint64_t now = sys_now();
	begins++;
	if (begins == 1)
		first = now;
	if (begins < 7)
		syscall(SYS_YIELD, 0, 0, 0, 0);
	if (begins < 10)
		say("async to thief", syscall(SYS_TRANSFER, SAVE->id + 65, 0, 0, 0));
	say("borrower's begins", begins);
	sys_exit(7);
}
int main(void)
{
	libos_init();
	__asm__ volatile("b 2f\n1: ldr sp, =0x3ffeff00\n b on_begin\n .ltorg\n2: ldr r0, =1b\n mov r1, #0x40000000\n str r0, [r1, #-100]\n str r0, [r1, #-108]" : : : "r0", "r1", "memory");
	syscall(SYS_YIELD, 0, 0, 0, 0);
	return 0;
}
