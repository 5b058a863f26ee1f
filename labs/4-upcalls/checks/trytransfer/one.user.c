#include "say.h"
// Transfers to whoever is not to be reached: every register but r0 is as it was.
uint32_t seen[16], flags;
static void __attribute__((noinline)) try(uint32_t name)
{
	__asm__ volatile(
	    "push {r4-r11, lr}\n mov r0, %0\n mov r1, #1\n mov r2, #2\n mov r3, #3\n mov r4, #4\n mov r5, #5\n mov r6, #6\n mov r7, #62\n"
	    "mov r8, #8\n mov r9, #9\n mov r10, #10\n mov r11, #11\n mov r12, #12\n mov lr, #14\n msr cpsr_f, #0xa0000000\n svc #0\n"
	    "push {r0}\n ldr r0, =seen + 4\n stm r0, {r1-r12}\n mrs r1, cpsr\n ldr r0, =flags\n str r1, [r0]\n pop {r1}\n ldr r0, =seen\n str r1, [r0]\n"
	    "str lr, [r0, #56]\n pop {r4-r11, lr}\n" : : "r"(name) : "r0", "r1", "r2", "r3", "r12", "cc", "memory");
	uint32_t good = seen[14] == 14 && flags >> 28 == 0xa;
	for (uint32_t i = 1; i <= 12; i++)
		good &= seen[i] == (i == 7 ? 62 : i);
	say(good ? "intact" : "CHANGED", (int32_t)seen[0]);
}
int
main(void)
{
	uint32_t me = SAVE->id, names[] = { 0, me + 65, me + 1, me + 64, me, 64, 0x7fffffff, 0xffffff, me + 65 - 64, me + 129 };
	libos_init();
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
		try(names[i]);
		try(names[i] | 0x80000000);
	}
	for (int i = 0; i < 4; i++) yield(0);
	say("mine still", sys_slice_give(0, me));
	return 0;
}
