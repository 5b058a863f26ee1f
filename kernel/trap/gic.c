// What is given of the GICv2's driver (exo/gic.h): setting it up, and each interrupt on or off.

#include <exo/board.h>
#include <exo/gic.h>
#include <exo/register.h>

static volatile uint32_t *
gicd(uint32_t offset)
{
	return mmio(BOARD_GICD_PA + offset);
}

void
gic_init(void)
{
	*gicd(GICD_CTLR) = 0;
	for (unsigned irq = 0; irq < IRQ_COUNT; irq += 32)
		*gicd(GICD_ICENABLER + irq / 8) = 0xffffffff;
	for (unsigned irq = 0; irq < IRQ_COUNT; irq += 4) {
		*gicd(GICD_IPRIORITYR + irq) = GIC_PRIORITY * 0x01010101u;
		if (irq >= 32)			// the first 32 are each core's own
			*gicd(GICD_ITARGETSR + irq) = 0x01010101;
	}
	*gicd(GICD_CTLR) = 1;
	*mmio(BOARD_GICC_PA + GICC_PMR) = 0xff;
	*mmio(BOARD_GICC_PA + GICC_CTLR) = 1;
}

void
gic_enable(unsigned irq)
{
	*gicd(GICD_ISENABLER + irq / 32 * 4) = 1u << irq % 32;
}

void
gic_disable(unsigned irq)
{
	*gicd(GICD_ICENABLER + irq / 32 * 4) = 1u << irq % 32;
}

void
gic_urgent(unsigned irq)
{
	((volatile uint8_t *)gicd(GICD_IPRIORITYR))[irq] = 0;	// bytes may be accessed alone (4.3.11)
}
