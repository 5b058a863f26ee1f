// A kernel that breaks in the way that its input names; each way is a function or two of that
// name, so that a report that names the right one has found it.

#include <exo/arm.h>
#include <exo/board.h>
#include <exo/boot.h>
#include <exo/check.h>
#include <exo/panic.h>
#include <exo/psci.h>
#include <exo/string.h>
#include <exo/uart.h>

#define NOWHERE 0x50000000		// no memory and no device
#define UNMAPPED 0x80000000		// with the MMU on
#define alone __attribute__((noinline, noclone))

void undefined_thumb(void), lost_lr(void), sleep_on(void), storm_vectors(void), far_vectors(void), no_vectors(void);
void overflow_irq(void), tick_storm(void), tick_sleep(void), ticked(void), unaligned(void);
uint32_t deep(uint32_t n);
void own_vectors(const void *vectors);
void _start(void);
extern const uint8_t returning_vectors[], misaligned_vectors[], crossed_vectors[];

static volatile uint32_t ready;
static void (*volatile handler)(void);
static uint32_t table[4096] __attribute__((aligned(16384)));
static uint32_t pages[256] __attribute__((aligned(1024)));

static alone void
undefined(void)
{
	__asm__ volatile(".inst 0xe7f123f4");
}

static alone void
vfp(void)
{
	__asm__ volatile(".inst 0xee300a20");	// vadd.f32 s0, s0, s1
}

static alone void
jump_nowhere(void)
{
	((void (*)(void))NOWHERE)();
	ready++;
}

static alone void
read_nowhere(void)
{
	ready = *(volatile uint32_t *)NOWHERE;
}

static alone void
write_nowhere(void)
{
	*(volatile uint32_t *)(NOWHERE + 4) = 1;
}

static alone void
call(void)
{
	__asm__ volatile("svc #7" : : : "lr", "memory");
}

static alone void
call_null(void)
{
	handler();
	ready++;
}

static alone void
jump_device(void)
{
	((void (*)(void))BOARD_UART_PA)();
	ready++;
}

static alone void
storm(void)
{
	own_vectors(returning_vectors);
	undefined();
}

static alone void
misaligned(void)
{
	own_vectors(misaligned_vectors);
	undefined();
}

static alone void
crossed(void)
{
	own_vectors(crossed_vectors);
	call();
}

static alone void
start_over(void)
{
	_start();
	ready++;
}

static alone void
psci_reset(void)
{
	register uint32_t r0 __asm__("r0") = 0x84000009;	// SYSTEM_RESET

	__asm__ volatile(".inst 0xe1400070" : "+r"(r0));	// hvc #0, again
}

// Never comes to its end; has a frame, so that the compiler cannot make a loop of it.
alone uint32_t
deep(uint32_t n)
{
	volatile uint32_t here[8];

	here[n % 8] = n;
	return n + 1 == 0 ? here[0] : deep(n + 1) + here[0];
}

static alone uint32_t
even(uint32_t n);

static alone uint32_t
odd(uint32_t n)
{
	return n == 0 ? *(volatile uint32_t *)NOWHERE : even(n - 1) + 1;
}

static alone uint32_t
even(uint32_t n)
{
	return n == 0 ? *(volatile uint32_t *)NOWHERE : odd(n - 1) + 3;
}

static alone void
huge(void)
{
	volatile uint8_t array[40000];

	array[0] = 1;
	array[39999] = array[0];
	read_nowhere();
	ready = array[39999];
}

// Over the end of the SVC stack, by no fault of that stack.
static alone void
stray(void)
{
	for (uint8_t *p = __svc_stack_bottom - 16; p < __svc_stack_bottom + 16; p += 4)
		*(volatile uint32_t *)p = 0;
	read_nowhere();
}

static alone void
poll(void)
{
	uart_getc();
}

static alone void
poll_gpio(void)
{
	while (*mmio(0x09030000) == 0)
		;
}

static alone void
typed(void)
{
	register int c __asm__("r0") = uart_getc();

	__asm__ volatile("str %0, [%1]" : : "r"(c), "r"(NOWHERE));
}

static alone void
stand(void)
{
	for (;;)	// stands
		;
}

static alone void
wait_ready(void)
{
	while (!ready)
		;
}

static alone void
count(void)
{
	for (;;)
		ready = ready * 3 + 1;
}

static alone void
leave(void)
{
	register uint32_t r0 __asm__("r0") = PSCI_SYSTEM_OFF;

	__asm__ volatile(".inst 0xe1400070" : "+r"(r0));	// hvc #0, off
}

static alone void
give_up(void)
{
	panic("no %s", "page");
}

static alone void first(void (*f)(void)) { f(); ready++; }
static alone void second(void (*f)(void)) { first(f); ready += 2; }
static alone void third(void (*f)(void)) { second(f); ready += 3; }

static alone void
chain(void)
{
	third(read_nowhere);
	ready += 4;
}

static alone void
recursion(void)
{
	ready = odd(100);
}

// Everything is itself, in sections; then what a case changed; domain 0 is a client's, the others
// nobody's.
static void
mmu_on(void)
{
	uint32_t sctlr;

	for (uint32_t i = 0; i < 4096; i++)
		if (table[i] == 0 && i != UNMAPPED >> 20)
			table[i] = i << 20 | 0xc02;
	__asm__ volatile("mcr p15, 0, %1, c2, c0, 0\n\tmcr p15, 0, %2, c3, c0, 0\n\t"
	    "mrc p15, 0, %0, c1, c0, 0\n\torr %0, %0, #1\n\tmcr p15, 0, %0, c1, c0, 0\n\tisb"
	    : "=&r"(sctlr) : "r"(table), "r"(1) : "memory");
}

static alone void
touch(uint32_t va, bool write)
{
	if (write)
		*(volatile uint32_t *)va = 1;
	else
		ready = *(volatile uint32_t *)va;
}

static void section_unmapped(void) { mmu_on(); touch(UNMAPPED + 0x120, false); }
static void section_readonly(void) { table[0x901] = 0x40000000 | 0x8c02; mmu_on(); touch(0x90100124, true); }
static void section_domain(void) { table[0x902] = 0x40000000 | 0xc02 | 3 << 5; mmu_on(); touch(0x90200128, false); }
static void page_unmapped(void) { table[0x903] = (uintptr_t)pages | 1; mmu_on(); touch(0x90301000, true); }

static void
page_readonly(void)
{
	table[0x904] = (uintptr_t)pages | 1;
	pages[2] = 0x40000000 | 0x232;		// AP = 0b111: nobody writes
	mmu_on();
	touch(0x90402008, true);
}

static void
page_domain(void)
{
	table[0x905] = (uintptr_t)pages | 2 << 5 | 1;
	pages[3] = 0x40000000 | 0x32;
	mmu_on();
	touch(0x90503000, false);
}

static void walk_nowhere(void) { table[0x906] = NOWHERE | 1; mmu_on(); touch(0x90600000, false); }

static alone void
never_execute(void)
{
	table[0x907] = 0x40100000 | 0xc02 | 1 << 4;	// XN
	mmu_on();
	((void (*)(void))0x90700000)();
	ready++;
}

static alone void
vectors_at(uint32_t va)
{
	mmu_on();
	own_vectors((const void *)va);
	__asm__ volatile("svc #3");
}

static void vectors_never_executed(void) { table[0x907] = 0x40100000 | 0xc02 | 1 << 4; vectors_at(0x90700000); }
static void vectors_unmapped(void) { vectors_at(UNMAPPED); }

// Faults behind a translation: the stack lies at a virtual address that is not its physical one.
static alone void
stack_elsewhere(void)
{
	table[0x908] = 0x40100000 | 0xc02;
	mmu_on();
	__asm__ volatile("add sp, sp, %0" : : "r"(0x90800000 - 0x40100000));
	chain();
}

static alone void
stack_unmapped(void)
{
	mmu_on();
	__asm__ volatile("mov sp, %0" : : "r"(UNMAPPED + 64));
	chain();
}

// The crash vectors crash too, as their UART is nowhere.
static alone void
crash_twice(void)
{
	mmio_offset = 0x40000000;
	read_nowhere();
}

static const struct {
	const char *name;
	void (*way)(void);
} ways[] = {
#define WAY(name) { #name, name }
	WAY(undefined), WAY(undefined_thumb), WAY(vfp), WAY(jump_nowhere), WAY(read_nowhere), WAY(write_nowhere),
	WAY(unaligned), WAY(call), WAY(call_null), WAY(lost_lr), WAY(jump_device), WAY(no_vectors),
	WAY(far_vectors), WAY(misaligned), WAY(crossed), WAY(storm), WAY(start_over), WAY(psci_reset), WAY(overflow_irq),
	WAY(huge), WAY(stray), WAY(poll), WAY(poll_gpio), WAY(typed), WAY(stand), WAY(wait_ready), WAY(count), WAY(leave), WAY(give_up),
	WAY(chain), WAY(recursion), WAY(sleep_on), WAY(tick_storm), WAY(tick_sleep), WAY(ticked),
	WAY(section_unmapped), WAY(section_readonly), WAY(section_domain), WAY(page_unmapped), WAY(page_readonly),
	WAY(page_domain), WAY(walk_nowhere), WAY(never_execute), WAY(stack_elsewhere), WAY(stack_unmapped),
	WAY(crash_twice), WAY(vectors_never_executed), WAY(vectors_unmapped),
};

static alone void
overflow(void)
{
	ready = deep(0);
}

void
check_main(void)
{
	const char *name = (const char *)params()->input;

	if (strcmp(name, "overflow") == 0)
		overflow();
	for (unsigned i = 0; i < ARRAY_SIZE(ways); i++)
		if (strcmp(ways[i].name, name) == 0)
			ways[i].way();
}
