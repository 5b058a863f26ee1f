// The kernel's main program, and the only file that knows which labs there are: it initialises
// those that are linked, in order, says that the kernel is up, and runs the payload.

#include <exo/arm.h>
#include <exo/board.h>
#include <exo/boot.h>
#include <exo/check.h>
#include <exo/printk.h>
#include <exo/register.h>
#include <exo/report.h>

// A lab that is not linked leaves its function null.
#pragma weak lab1_init
#pragma weak lab2_init
#pragma weak lab3_init
#pragma weak lab4_init
#pragma weak lab5_init
#pragma weak lab6_init
#pragma weak lab7_init
#pragma weak lab8_init
#pragma weak lab9_init
#pragma weak check_early

static void (*const lab_init[])(void) = {
	lab1_init, lab2_init, lab3_init, lab4_init, lab5_init, lab6_init, lab7_init, lab8_init, lab9_init,
};

// In .data, as whoever prints before .bss is cleared (out.c) needs it.
uint32_t mmio_offset __attribute__((section(".data")));

void
kmain(void)
{
	uint32_t midr = midr_read();

	if (check_early != NULL)
		check_early();
	for (unsigned i = 0; i < ARRAY_SIZE(lab_init); i++)
		if (lab_init[i] != NULL)
			lab_init[i]();
	printk("exolab: %s, Cortex-A%u r%up%u, %u MB of RAM from 0x%08x, free from 0x%08x\n", BOARD_NAME,
	    midr >> 4 & 0xf, midr >> 20 & 0xf, midr & 0xf, BOARD_RAM_SIZE >> 20, BOARD_RAM_PA, v2p(__image_end));
	check_main();
	report("end");
	run_end();
}
