// The board: what this machine has, and where. `kernel/board/NAME/machine.h` states the numbers,
// and is the only place that does; everything else uses the names below.
//
//	BOARD_NAME           "virt"
//	BOARD_RAM_PA         first byte of RAM
//	BOARD_RAM_SIZE       bytes of RAM
//	BOARD_FDT_PA         where the device tree lies at reset
//	BOARD_PARAMS_PA      where the grader puts the parameter block (exo/params.h)
//	BOARD_UART_PA        the PL011 (exo/pl011.h)
//	BOARD_UART_CLOCK_HZ  the clock that the PL011 divides, UARTCLK
//	BOARD_GICD_PA        the interrupt controller's distributor (GICv2)
//	BOARD_GICC_PA        its CPU interface
//	BOARD_TIMER_IRQ      the interrupt of the physical timer (CNTP)
//	BOARD_VTIMER_IRQ     and of the virtual one (CNTV)
//	BOARD_GPIO_PA        the PL061 (exo/pl061.h)
//	BOARD_VIRTIO_PA      the first of the transports for virtio devices (exo/virtio.h),
//	BOARD_VIRTIO_STRIDE  bytes from each to the next,
//	BOARD_VIRTIO_COUNT   how many there are, and
//	BOARD_VIRTIO_IRQ     the first one's interrupt; the next one's is the next
//	BOARD_RAM_OFFSET     kernel address of RAM minus its physical address
//	BOARD_MMIO_PA        first byte of the devices that the kernel's map has, and
//	BOARD_MMIO_SIZE      how many there are
//	BOARD_MMIO_OFFSET    kernel address of a device minus its physical address, once the MMU is on
//
// Included by C and, for these numbers, by assembly.
#pragma once

#include <machine.h>

#ifndef __ASSEMBLER__

#include <exo/types.h>

// Kernel address of a byte of RAM.
static inline void *
p2v(physaddr_t pa)
{
	return (void *)(uintptr_t)(pa + BOARD_RAM_OFFSET);
}

// Physical address of a byte of RAM that the kernel has a pointer to.
static inline physaddr_t
v2p(const void *va)
{
	return (uintptr_t)va - BOARD_RAM_OFFSET;
}

// Kernel address of a device minus its physical address: 0 while the MMU is off; lab 2 makes it
// BOARD_MMIO_OFFSET when it switches it on.
extern uint32_t mmio_offset;

// A 32-bit device register, for one access: `*mmio(BOARD_UART_PA + UARTDR) = c`. Volatile, so
// that each access in the source is one load or store, in order. Do not keep the pointer: it
// changes when the MMU is switched on.
static inline volatile uint32_t *
mmio(physaddr_t pa)
{
	return (volatile uint32_t *)(uintptr_t)(pa + mmio_offset);
}

#endif
