// Binding pages by capability (exo/env.h): the system calls by which applications own their memory.

#include <exo/board.h>
#include <exo/env.h>
#include <exo/error.h>
#include <exo/page.h>
#include <exo/revoke.h>
#include <exo/todo.h>
#include <exo/trap.h>

// BEGIN SOLUTION 4.3a
static int
page_new(struct env *env, struct page_op *op, const struct cap *cap)
{
	struct guard guard = { .epoch = cap->epoch };
	physaddr_t pa;
	int error;

	for (int i = 0; i < CAP_NAME; i++)
		guard.name[i] = cap->name[i];
	if (cap_check(cap, &guard, op->prot | RIGHT_READ) < 0)
		return -E_PERM;
	error = page_alloc(op->pa, env->id, &guard, &pa);
	if (error < 0)
		return error;
	error = as_map(&env->as, op->va, pa, op->prot, cap->rights);
	page_release(pa);			// the mapping holds it now, or nobody does
	op->pa = pa;
	return error;
}

static int
page_bind(struct env *env, const struct page_op *op, const struct cap *cap)
{
	const struct page *page = page_at(op->pa);

	if (page != NULL && page->owner == OWNER_KERNEL)	// a translation table, whatever the capability
		return -E_PERM;
	return as_bind(&env->as, op->va, op->pa, op->prot, cap);
}

static int
page_table(struct env *env, const struct page_op *op)
{
	const uint32_t *l1 = p2v(env->as.l1);
	physaddr_t table = env->as.l1;

	if (op->pa > USER_TOP)
		return -E_INVAL;
	if (op->pa < USER_TOP) {
		uint32_t entry = l1[op->pa / SECTION_SIZE];

		if ((entry & L1_TYPE) != L1_TABLE)
			return -E_NOENT;
		table = entry & L2_PA;
	}
	return as_map(&env->as, op->va, table, RIGHT_READ, RIGHT_READ);
}
// INSTEAD
//| // TODO 4.3: a function for each kind of operation is a good way to go.
// END SOLUTION

static int
page_do(struct env *env, struct page_op *op, const struct cap *cap)
{
	// BEGIN SOLUTION 4.3b
	if (op->va == SAVE_VA && op->kind != PAGE_NEW && op->kind != PAGE_BIND)
		return -E_PERM;
	switch (op->kind) {
	case PAGE_NEW:
		return page_new(env, op, cap);
	case PAGE_BIND:
		return page_bind(env, op, cap);
	case PAGE_PROTECT:
		return as_protect(&env->as, op->va, op->prot);
	case PAGE_UNMAP:
		return as_unmap(&env->as, op->va);
	case PAGE_TABLE:
		return page_table(env, op);
	}
	return -E_INVAL;
	// INSTEAD
	//| // TODO 4.3: what op says, to a page of env's. Never the save page; never a table, but to be read.
	//| (void)env, (void)op, (void)cap;
	//| todo("4.3");
	//| return -E_INVAL;
	// END SOLUTION
}

int32_t
sys_pages(uint32_t id, uint32_t ops, uint32_t count, uint32_t env_cap)
{
	struct page_op op;
	struct cap cap;
	struct env *env;
	int error = env_named(id, env_cap, &env);

	if (error == 0 && env->ended)
		error = -E_NOENT;
	for (uint32_t done = 0; error == 0; done++, ops += sizeof op) {
		if (done == count)
			return done;
		error = copy_in(&op, ops, sizeof op);
		if (error == 0 && (op.kind == PAGE_NEW || op.kind == PAGE_BIND))
			error = copy_in(&cap, op.cap, sizeof cap);
		if (error == 0 && op.kind == PAGE_NEW)
			error = user_check(ops, sizeof op, true);
		if (error == 0)
			error = page_do(env, &op, &cap);
		if (error == 0 && op.kind == PAGE_NEW)
			copy_out(ops, &op, sizeof op);
		if (error == -E_NOMEM)
			revoke_ask();
		if (error < 0 && done > 0)
			return done;
	}
	return error;
}

int32_t
sys_protect(uint32_t va, uint32_t prot)
{
	return va == SAVE_VA ? -E_PERM : as_protect(&env_current()->as, va, prot);
}
