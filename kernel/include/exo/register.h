// The tables through which labs extend the kernel. kernel/core owns them and calls what is in
// them; each lab's labN_init() fills its entries. A taken entry is refused with -E_EXISTS, an
// index out of range or a null function with -E_INVAL: nothing is ever replaced in silence.
// Included by C and, for the numbers, by assembly.
#pragma once

// The exceptions of A32 in the order of the vector table (DDI 0406C, B1.8.1).
#define TRAP_UNDEFINED      1
#define TRAP_SVC            2
#define TRAP_PREFETCH_ABORT 3
#define TRAP_DATA_ABORT     4
#define TRAP_IRQ            6
#define TRAP_FIQ            7
#define TRAP_COUNT          8

#ifndef __ASSEMBLER__

#include <exo/types.h>

struct trapframe;	// exo/trap.h has it; the tables only pass it on

#define SYSCALL_COUNT 64	// system-call numbers
#define IRQ_COUNT     288	// interrupt numbers of the interrupt controller: 32 of the core's own, 256 shared

typedef void trap_handler(struct trapframe *tf);
typedef void irq_handler(unsigned irq, void *arg);
typedef int32_t syscall_handler(uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3);

int trap_register(unsigned trap, trap_handler *handler);
int syscall_register(unsigned number, syscall_handler *handler);
int irq_register(unsigned irq, irq_handler *handler, void *arg);

// For the code that dispatches; null where nothing is registered, or the index is out of range.
trap_handler *trap_lookup(unsigned trap);
syscall_handler *syscall_lookup(unsigned number);
irq_handler *irq_lookup(unsigned irq, void **arg);

// One for each lab; kernel/core/main.c calls those that are linked, in order.
void lab1_init(void);
void lab2_init(void);
void lab3_init(void);
void lab4_init(void);
void lab5_init(void);
void lab6_init(void);
void lab7_init(void);
void lab8_init(void);
void lab9_init(void);

#endif
