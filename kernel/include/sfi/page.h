// The GPIO's page in an application, for the lab's bench and demo: no system call of this kernel's gives it away, as
// who has it has all eight pins, directions and interrupts included. A page of the application's is exchanged for it.
#pragma once

#define GPIO_PAGE 0x38000000		// where

#define SYS_GPIO_PAGE 40		// (va): the caller's page there is the GPIO; once more: itself again

#ifndef __ASSEMBLER__
#ifndef EXO_USER

#include <exo/arm.h>
#include <exo/aspace.h>
#include <exo/board.h>
#include <exo/user.h>

static int32_t
sys_gpio_page(uint32_t va, uint32_t a1, uint32_t a2, uint32_t a3)
{
	static uint32_t other = BOARD_GPIO_PA | L2_B;	// Device memory
	const uint32_t changes = L2_PA | L2_TEX0 | L2_C | L2_B;
	const struct aspace *as = user_space();
	const uint32_t *l1 = p2v(as->l1);
	uint32_t *l2 = p2v(l1[va / SECTION_SIZE] & L1_TABLE_PA), *entry = l2 + va / PAGE_SIZE % L2_ENTRIES;
	uint32_t was = *entry;

	(void)a1, (void)a2, (void)a3;
	*entry = 0;
	tlb_flush_page(va, as->asid);
	*entry = (was & ~changes) | other;
	tlb_publish();
	other = was & changes;
	return 0;
}

#endif
#endif
