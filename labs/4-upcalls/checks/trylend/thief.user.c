#include "say.h"
// Given the rest of another's slice, tries to have it for good.
static uint32_t begins, entered;
void on_begin(void) { begins++; if (begins == 20) { say("thief's own begins of 20", begins); say("entered", entered); sys_exit(2); } syscall(SYS_YIELD, 0, 0, 0, 0); }
void on_transfer(void) { if (entered++ % 2 == 0) syscall(SYS_TRANSFER, SAVE->id | TRANSFER_SYNC, 0, 0, 0); syscall(SYS_YIELD, 0, 0, 0, 0); }
int main(void)
{
	libos_init();
	__asm__ volatile("b 2f\n1: ldr sp, =0x3ffeff00\n b on_begin\n3: ldr sp, =0x3ffeff00\n b on_transfer\n .ltorg\n2: ldr r0, =1b\n mov r1, #0x40000000\n str r0, [r1, #-100]\n ldr r0, =3b\n str r0, [r1, #-108]" : : : "r0", "r1", "memory");
	syscall(SYS_YIELD, 0, 0, 0, 0);
	return 0;
}
