// From reset to C: lab 1's contract, step by step, and what the link script provides for it.
// Included by C and by assembly.
//
// The machine starts at `_start` with interrupts in an unknown state, in SVC mode or, where the
// machine has the Virtualization Extensions on, in HYP mode; every general register, every
// banked register and all of RAM outside the image may hold anything. (One thing is done before:
// kernel/core/entry.S points the vector base at the crash vectors, so that even the first
// mistake says its name.)
//
//	_start       leaves HYP, masks asynchronous aborts, IRQs and FIQs, parks every core but the
//	             one whose MPIDR.Aff0 is 0 (a parked core sleeps for ever, in WFI or WFE), calls the
//	             two below, and enters kmain() for good.
//	boot_stacks  gives each of the six stack pointers its stack. Called without a stack; returns
//	             in SVC mode.
//	boot_bss     clears .bss. Called on the SVC stack; relies on nothing in .bss itself.
//	kmain        (kernel/core/main.c) is entered in SVC mode, A32, little-endian, everything still
//	             masked, with sp at the top of the SVC stack, which is 8-byte aligned (AAPCS
//	             5.2.1.2), and with r11 = 0 and lr = 0, so that a backtrace ends here.
#pragma once

#ifndef __ASSEMBLER__

#include <exo/types.h>

void boot_bss(void) __attribute__((weak));	// so that a check of step 1.2 can end there
void kmain(void) __attribute__((noreturn));

// Bounds of the stacks, from the link script: full descending, so sp starts at the top, which is
// the first byte behind it. 8-byte aligned.
extern uint8_t __svc_stack_bottom[], __svc_stack_top[];	// Supervisor: the kernel's own
extern uint8_t __irq_stack_bottom[], __irq_stack_top[];	// IRQ
extern uint8_t __fiq_stack_bottom[], __fiq_stack_top[];	// FIQ
extern uint8_t __abt_stack_bottom[], __abt_stack_top[];	// Abort
extern uint8_t __und_stack_bottom[], __und_stack_top[];	// Undefined
extern uint8_t __sys_stack_bottom[], __sys_stack_top[];	// System, whose sp is User's

// Bounds of .bss, from the link script: 8-byte aligned both. What lies behind __bss_end is not
// to be touched.
extern uint32_t __bss_start[], __bss_end[];

// The image, from the link script: text and read-only data, then data, each from a page's start.
extern uint8_t __text_start[], __text_end[], __rodata_start[], __rodata_end[], __data_start[], __data_end[];
extern uint8_t __image_end[];	// the first page behind everything above, stacks included: free RAM,
extern uint8_t __pages_end[];	// up to here: later labs' arrays that nobody clears, or the parameter block

#endif
