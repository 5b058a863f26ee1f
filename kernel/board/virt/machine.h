// QEMU's `virt` machine with 128 MB: hw/arm/virt.c's memory map as its device tree tells it.
// Included by C and by assembly.
#pragma once

#define BOARD_NAME          "virt"
#define BOARD_RAM_PA        0x40000000
#define BOARD_RAM_SIZE      0x08000000
#define BOARD_RAM_OFFSET    0
#define BOARD_FDT_PA        0x40000000
#define BOARD_PARAMS_PA     0x47ff0000
#define BOARD_UART_PA       0x09000000
#define BOARD_UART_CLOCK_HZ 24000000
#define BOARD_GICD_PA       0x08000000
#define BOARD_GICC_PA       0x08010000
#define BOARD_TIMER_IRQ     30
#define BOARD_VTIMER_IRQ    27
#define BOARD_GPIO_PA       0x09030000
#define BOARD_VIRTIO_PA     0x0a000000
#define BOARD_VIRTIO_STRIDE 0x200
#define BOARD_VIRTIO_COUNT  32
#define BOARD_VIRTIO_IRQ    48

// Kernel addresses of devices once the MMU is on: physical + offset, by whole megabytes.
#define BOARD_MMIO_PA       0x08000000
#define BOARD_MMIO_SIZE     0x08000000
#define BOARD_MMIO_OFFSET   0xe0000000
