// Appel and Li's operations by signals and mprotect() (../bench.c), as linear.user.c does them.

#include <exo/mmu.h>
#include <exo/string.h>
#include <libos/sys.h>

#include "signal.h"

#define R     RIGHT_READ
#define RW    (RIGHT_READ | RIGHT_WRITE)
#define PAGES 100

void null(void), prot1_once(uint32_t va, uint32_t size, uint32_t prot);
void prot_once(uint32_t va, uint32_t size, uint32_t prot);
void unprot_once(uint32_t va, uint32_t size, uint32_t prot), trap_once(uint32_t va), unprotect_once(uint32_t va);
void appel1_once(uint32_t va), appel2_once(void), appel2(void), restorer(void);

static uint8_t pages[PAGES][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static uint32_t at, other;

int32_t mprotect(uint32_t va, uint32_t size, uint32_t prot);

int32_t
mprotect(uint32_t va, uint32_t size, uint32_t prot)
{
	return syscall(SYS_MPROTECT, va, size, prot, 0);
}

static void
skip(uint32_t signal, struct siginfo *info, struct trapframe *context)
{
	(void)signal, (void)info;
	context->pc += 4;
}

static void
open_it(uint32_t signal, struct siginfo *info, struct trapframe *context)
{
	(void)signal, (void)context;
	mprotect(info->address & ~(PAGE_SIZE - 1), PAGE_SIZE, RW);
}

static void
open_one_close_another(uint32_t signal, struct siginfo *info, struct trapframe *context)
{
	(void)signal, (void)context;
	mprotect(other, PAGE_SIZE, R);
	mprotect(info->address & ~(PAGE_SIZE - 1), PAGE_SIZE, RW);
}

static void
on_segv(signal_handler *handler)
{
	syscall(SYS_SIGACTION, SIGSEGV, (uintptr_t)handler, (uintptr_t)restorer, 0);
}

void
appel2(void)
{
	mprotect(at, PAGES * PAGE_SIZE, R);
	for (uint32_t i = 0, page = 0; i < PAGES; i++, page = (page + 37) % PAGES)
		*(volatile uint32_t *)(at + page * PAGE_SIZE) = i;
}

int
main(void)
{
	at = (uintptr_t)pages;
	for (uint32_t i = 0; i < 8; i++) {
		null();
		prot1_once(at, PAGE_SIZE, R);
		on_segv(skip);
		trap_once(at);
		on_segv(open_it);
		unprotect_once(at);
		prot_once(at, PAGES * PAGE_SIZE, R);
		unprot_once(at, PAGES * PAGE_SIZE, RW);
		mprotect(at, PAGE_SIZE, R);
		other = at + PAGE_SIZE;
		on_segv(open_one_close_another);
		appel1_once(at);
		mprotect(other, PAGE_SIZE, RW);
		on_segv(open_it);
		appel2_once();
	}
	return 0;
}
