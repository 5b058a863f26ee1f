// Does what it is told, step by step (checks/paging.c). Single instructions are executed with every register known
// before, and kept behind them: whatever happens meanwhile is not to show.

#include <libos/memory.h>
#include <libos/process.h>
#include <libos/sys.h>
#include <libos/upcall.h>

#include "../paging.h"

struct registers {
	uint32_t r[13], sp, lr, pc, flags;
};

void access(const struct registers *before);
void access_back(void);

pinned struct registers access_after;
pinned uint32_t access_sp;
extern const uint32_t access_codes[];
static pinned struct step step;

__asm__(
"	.text\n"
"	.arm\n"
"	.global access, access_back\n"
"access:	push	{r4-r11, lr}\n"
"	ldr	r1, =access_sp\n"
"	str	sp, [r1]\n"
"	ldr	r1, [r0, #64]\n"
"	msr	APSR_nzcvqg, r1\n"
"	ldm	r0, {r0-r12, sp, lr, pc}\n"
"access_back:\n"
"	ldr	lr, =access_after\n"
"	stm	lr, {r0-r12, sp}\n"
"	mrs	r0, cpsr\n"
"	str	r0, [lr, #64]\n"
"	ldr	sp, =access_sp\n"
"	ldr	sp, [sp]\n"
"	pop	{r4-r11, pc}\n"
"	.ltorg\n"
"1:	ldr	r0, [r1]\n	bx	lr\n"
"2:	str	r2, [r1]\n	bx	lr\n"
"3:	ldm	r1, {r2-r9}\n	bx	lr\n"
"4:	stm	r1!, {r2-r9}\n	bx	lr\n"
"5:	strd	r2, r3, [r1]\n	bx	lr\n"
"6:	strb	r2, [r1]\n	bx	lr\n"
"7:	setend	be\n	ldr	r0, [r1]\n	setend	le\n	bx	lr\n"
"8:	setend	be\n	str	r2, [r1]\n	setend	le\n	bx	lr\n"
"	.thumb\n"
"	.syntax unified\n"
"9:	it	ne\n	ldrne	r0, [r1]\n	bx	lr\n"
"	.balign 4\n"
"10:	itt	ne\n	strne	r2, [r1]\n	ldrne	r0, [r1]\n	bx	lr\n"
"	.balign 4\n"
"	.arm\n"
"	.global access_codes\n"
"access_codes:	.word	1b, 2b, 3b, 4b, 5b, 6b, 7b, 8b, 9b + 1, 10b + 1\n");

static void
trap(uint32_t address, bool write)
{
	uint32_t what = syscall(SYS_TRAPPED, address, write, 0, 0);

	if (what == DO_UNPROT) {
		unprot(address);
	} else if (what == DO_SKIP) {
		SAVE->exception.pc = (uintptr_t)access_back;
		SAVE->exception.cpsr = 0x10;
	} else if (what >= DO_PROT1) {
		prot1(address, what - DO_PROT1);
	}
}

static uint32_t
access_step(uint32_t code, uint32_t at, uint32_t seed)
{
	struct registers before;
	uint32_t h = 0;

	for (uint32_t i = 0; i < 13; i++)
		before.r[i] = seed * (2 * i + 1);
	before.r[1] = at;
	before.sp = seed * 27;
	before.lr = (uintptr_t)access_back;
	before.pc = code < 16 ? access_codes[code] : code;
	before.flags = seed & 0xf80f0000;
	access(&before);
	for (uint32_t i = 0; i < 13; i++)
		h = h * 31 + access_after.r[i];
	h = h * 31 + access_after.sp;
	return h * 31 + (access_after.flags & 0xf80f0000);
}

static void
fill(volatile uint32_t *word, uint32_t seed)
{
	for (uint32_t i = 0; i < PAGE_SIZE / 4; i++)
		word[i] = seed * (2 * i + 1);
}

static int32_t
step_do(uint32_t *value)
{
	switch (step.what) {
	case STEP_BEGIN:
		return region_begin(step.a, step.b, step.c);
	case STEP_END:
		return region_end(step.a == SAVE_VA ? address(&step) & ~(PAGE_SIZE - 1) : step.a, step.b);
	case STEP_ACCESS:
		*value = access_step(step.a, step.b, step.c);
		return 0;
	case STEP_FILL:
		fill((volatile uint32_t *)(uintptr_t)step.a, step.b);
		return 0;
	case STEP_PROT1:
		return prot1(step.a, step.c);
	case STEP_PROTN:
		return protN(step.a, step.b, step.c);
	case STEP_UNPROT:
		return unprot(step.a);
	case STEP_UNPROTN:
		return unprotN(step.a, step.b);
	case STEP_CLEAN:
		return page_clean(step.a, step.b);
	case STEP_DIRTY:
		*value = page_dirty(step.a);
		return 0;
	case STEP_TRAP:
		on_trap(step.a ? trap : NULL);
		return 0;
	case STEP_FORK:
		return fork();
	case STEP_WAIT:
		return wait(step.b, value);
	case STEP_EXIT:
		sys_exit(step.a);
	case STEP_UNMAP:
		return pages_do(ENV_SELF, &(struct page_op){ .kind = PAGE_UNMAP, .va = step.a }, 1);
	case STEP_PAGE:
		return pages_do(ENV_SELF, &(struct page_op){ step.b, step.a, RIGHT_READ, step.b == PAGE_NEW ? PAGE_ANY :
		    step.b == PAGE_BIND ? *state_of(step.c) & STATE_PA : step.c, SAVE_VA, 0 }, 1);
	}
	return 0;
}

int
main(void)
{
	uint32_t who = 0, value = 0, result = 0, next;

	if (SAVE->own[0])
		state_table = &state_inverted;
	if (libos_init() < 0)
		return -1;
	while ((next = syscall(SYS_NEXT, who, result, value, address(&step))) != NEXT_DONE) {
		if (next == NEXT_YIELD) {
			yield(step.a);
			continue;
		}
		value = 0;
		result = step_do(&value);
		if (step.what == STEP_FORK && result == 0)
			who = step.a;
	}
	return 0;
}
