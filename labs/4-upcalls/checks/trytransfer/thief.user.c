#include "say.h"
// Overstays a little, and sees what it owes; then tries to transfer when it has been told.
static volatile uint32_t told;
static void end(void)
{
	uint64_t t = sys_now() + 250000;
	int32_t r;
	while (sys_now() < t) ;
	r = syscall(SYS_TRANSFER, SAVE->id, 0, 0, 0);
	say("told, transfer says", r), say("owes", SAVE->excess);
	sys_exit(r);
}
static void __attribute__((naked)) entry(void)
{
	__asm__ volatile("ldr sp, =0x3ffeff00\n b end_of_it");
}
void end_of_it(void) { end(); }
int main(void) { libos_init(); SAVE->end = address(entry); SAVE->transfer = address(entry); for (;;) ; }
