// trap_irq() with an interrupt controller that is plain memory, so that it acknowledges whatever the
// run's input says, and shows what was written to it, and when.

#include <exo/board.h>
#include <exo/check.h>
#include <exo/gic.h>
#include <exo/register.h>
#include <exo/string.h>
#include <exo/trap.h>

#define EOIR_BEFORE 0xdeadbeef

struct answer {
	uint32_t calls, irq, arg;	// of the handler
	uint32_t eoir_within, eoir;	// what had been written when it was called, and in the end
	uint32_t disabled[IRQ_COUNT / 32];
	uint32_t other;			// whether anything else of it was written to
};

struct answer answers[1024];

static uint8_t fake[0x12000] __attribute__((aligned(4096)));
static struct answer *now;

#define FAKE_GICC(offset) (*(volatile uint32_t *)&fake[BOARD_GICC_PA - BOARD_GICD_PA + (offset)])

static void
handler(unsigned irq, void *arg)
{
	now->calls++;
	now->irq = irq;
	now->arg = (uintptr_t)arg;
	now->eoir_within = FAKE_GICC(GICC_EOIR);
}

void
check_main(void)
{
	const uint32_t *iar = (const uint32_t *)params()->input;
	uint32_t real = mmio_offset;
	struct trapframe tf = { .pc = 0x10000, .cpsr = 0x10 };

	for (unsigned irq = 0; irq < IRQ_COUNT; irq++)
		if (irq % 3 != 0)	// a third is nobody's
			irq_register(irq, handler, (void *)(0x1000 + irq));
	now = &answers[0];
	trap_irq(&tf);			// of the real one, which has nothing to tell: spurious
	for (uint32_t i = 0; i < params()->input_size / 4; i++) {
		now = &answers[i];
		memset(fake + GICD_ISENABLER, 0, GICD_ICENABLER - GICD_ISENABLER + sizeof now->disabled);
		FAKE_GICC(GICC_IAR) = iar[i];
		FAKE_GICC(GICC_EOIR) = EOIR_BEFORE;
		mmio_offset = (uintptr_t)fake - BOARD_GICD_PA;
		trap_irq(&tf);
		mmio_offset = real;
		now->eoir = FAKE_GICC(GICC_EOIR);
		memcpy(now->disabled, fake + GICD_ICENABLER, sizeof now->disabled);
		now->other = FAKE_GICC(GICC_CTLR) | FAKE_GICC(GICC_PMR) | *(uint32_t *)&fake[GICD_CTLR];
		for (unsigned irq = 0; irq < IRQ_COUNT; irq += 32)
			now->other |= *(uint32_t *)&fake[GICD_ISENABLER + irq / 8];
	}
}
