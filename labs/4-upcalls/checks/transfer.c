// Step 4.8: four environments transfer to each other, in every state that the run's input has. Each has entry points of
// its own in TELL, and a page of its own at OWN; behind the caller's SVC is an undefined instruction, which tells of a
// refusal.

#include "told.h"
#include <exo/syscall.h>

#define ENVS        4			// the last one takes no transfers
#define OWN         0x30000
#define ENTRY_COUNT 21

// Of a case, x is who calls, and whether it has been told that its time is up; y is whom. Below ENVS: environments;
// then who:
enum { ENDED = ENVS, RECYCLED, COUNT };
#define TOLD_ALREADY 0x100
#define SYNC         0x100
#define GENERATION   0x200		// a name of a later one in its place
#define AS_IT_IS     0x400		// r0 of the frame, whatever it is

// Where the application was when an SVC told: beside seen[].
struct place {
	uint32_t env, space, own, live;
} places[1024];
uint32_t names[COUNT], called[1024];		// called: r0 of each case
uint32_t tables[ENVS];				// TTBR0 of each

static uint8_t pages[ENVS][PAGE_SIZE];		// the save pages, before

void
told_svc(struct trapframe *tf)
{
	struct place *p = &places[seen_count];
	struct seen *s;

	memcpy(before, pages[env_current() - envs], PAGE_SIZE);
	s = keep(tf);
	s->number = (tf->pc - 4 - TELL) / 4;
	p->env = env_current() - envs;
	p->space = ttbr0_read() == env_current()->ttbr0 && contextidr_read() == env_current()->as.asid;
	p->own = *(volatile uint32_t *)OWN;
	user_leave(0x2000 + now);
}

static void
fill(uint32_t i)
{
	physaddr_t pa;

	page_alloc(PAGE_ANY, env[i]->id, &env[i]->guard, &pa);
	*(uint32_t *)p2v(pa) = i;
	as_map(&env[i]->as, OWN, pa, RIGHT_READ, RIGHT_READ);
	page_release(pa);
}

void
check_main(void)
{
	struct cap cap = { .rights = RIGHT_ALL };

	envs_make(ENVS);
	for (uint32_t i = 0; i < ENVS; i++) {
		names[i] = env[i]->id;
		tables[i] = env[i]->ttbr0;
		fill(i);
	}
	env_create(&cap, 0, &env[RECYCLED]);
	names[RECYCLED] = env[RECYCLED]->id;
	env_end(env[RECYCLED], ENDED_KILLED, 0);
	env_make(RECYCLED);
	env_create(&cap, names[0], &env[ENDED]);
	names[ENDED] = env[ENDED]->id;
	env[RECYCLED]->save->transfer = env[ENDED]->save->transfer = TELL;
	env_end(env[ENDED], ENDED_KILLED, 0);
	vbar_write((uintptr_t)told_vectors);
	isb();
	for (now = 0; now < case_count(); now++) {
		const struct input_case *c = &cases()[now];
		struct env *e = env[c->x & 0xff];
		struct trapframe tf = c->tf;

		put(&c->code[0]);
		for (uint32_t i = 0; i < ENVS; i++) {
			save_fill(env[i]->save);
			for (uint32_t n = 0; n < ENTRY_COUNT; n++)
				(&env[i]->save->revoke)[n] = TELL + (i * ENTRY_COUNT + n) * 4;
		}
		env[ENVS - 1]->save->transfer = 0;
		for (uint32_t i = 0; i < ENVS; i++)
			memcpy(pages[i], env[i]->save, PAGE_SIZE);
		if (!(c->y & AS_IT_IS))
			tf.r[0] = names[c->y & 0xff] + (c->y & GENERATION ? 1000 * ENV_COUNT : 0) + (c->y & SYNC ? TRANSFER_SYNC : 0);
		called[now] = tf.r[0];
		e->told = c->x / TOLD_ALREADY;
		status[now] = enter(e, &tf, 0);
		e->told = 0;
	}
}
