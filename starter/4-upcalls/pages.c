// Binding pages by capability (exo/env.h): the system calls by which applications own their memory.
// Asking a capability for its proof costs more than all the rest, so one that is shown again and again is asked once.

#include <exo/board.h>
#include <exo/env.h>
#include <exo/error.h>
#include <exo/page.h>
#include <exo/revoke.h>
#include <exo/string.h>
#include <exo/todo.h>
#include <exo/trap.h>
#include <exo/user.h>

// The capability shown last, and a guard that it was found to fit: as long as both are the same, it does.
static struct shown {
	uint32_t at;			// where it lies, for the rest of a list; 0: nowhere
	bool fits;
	struct cap cap;
	struct guard guard;
} shown;

// All words are looked at, whichever differ: how long it takes tells nobody how much of a forged MAC is right.
static inline bool
same(const void *a, const void *b, uint32_t size)
{
	typedef uint32_t __attribute__((may_alias)) word;
	const word *p = a, *q = b;
	uint32_t differ = 0;

	for (uint32_t i = 0; i < size / 4; i++)
		differ |= p[i] ^ q[i];
	return differ == 0;
}

// As cap_check(), for rights with READ among them.
static int
shown_check(const struct guard *guard, uint32_t rights)
{
	if (!shown.fits || !same(&shown.guard, guard, sizeof *guard)) {
		shown.fits = cap_check(&shown.cap, guard, RIGHT_READ) == 0;
		if (!shown.fits)
			return -E_PERM;
		shown.guard = *guard;
	}
	return (shown.cap.rights & rights) == rights ? 0 : -E_PERM;
}

// The page of tables that translates op->pa, for its owner to read.
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

// TODO 4.3: a function for each kind of operation is a good way to go.

static int
page_do(struct env *env, struct page_op *op)
{
	// TODO 4.3: what op says, to a page of env's. Never the save page; never a table, but to be read.
	(void)env, (void)op, (void)shown_check, (void)page_table;
	todo("4.3");
	return -E_INVAL;
}

// The capability that op shows, unless it is the one that the operation before has shown.
static int
cap_in(const struct page_op *op)
{
	struct cap cap;

	if (op->cap == shown.at && op->cap != 0)
		return 0;
	if (copy_in(&cap, op->cap, sizeof cap) < 0)
		return -E_FAULT;
	if (!same(&cap, &shown.cap, sizeof cap)) {
		shown.cap = cap;
		shown.fits = false;
	}
	shown.at = op->cap;
	return 0;
}

// What was to be executed was written by somebody, as data.
static void
page_code(const struct env *env, uint32_t va)
{
	struct mapping m;

	if (as_lookup(&env->as, va, &m) == 0)
		user_code(p2v(m.pa), PAGE_SIZE);
}

// One operation: the one at `at`, which can be read.
static int
page_op(struct env *env, uint32_t at)
{
	struct page_op op;
	bool shows;
	int error;

	if (at % 4 == 0)
		op = *(const struct page_op *)(uintptr_t)at;
	else
		memcpy(&op, (const void *)(uintptr_t)at, sizeof op);
	shows = op.kind == PAGE_NEW || op.kind == PAGE_BIND;
	error = shows ? cap_in(&op) : 0;
	if (error == 0 && op.kind == PAGE_NEW)
		error = user_check(at, sizeof op, true);
	if (error == 0)
		error = page_do(env, &op);
	if (error == 0 && op.kind == PAGE_NEW)
		copy_out(at, &op, sizeof op);
	if (error == 0 && shows && op.prot & RIGHT_EXEC)
		page_code(env, op.va);
	return error;
}

// Operations that only protect, which come by the hundred, are told apart at once. The list is looked at page by
// page, and anew behind whatever may have changed where it lies.
static int32_t
pages(struct env *env, uint32_t ops, uint32_t count)
{
	uint32_t first = ops & ~(PAGE_SIZE - 1), size;	// the list lies there
	uint32_t left, readable = 0;		// bytes, from ops on
	int error = 0;

	count = count < PAGE_OPS ? count : PAGE_OPS;
	size = count * sizeof(struct page_op) + PAGE_SIZE;
	shown.at = 0;
	for (left = count; left != 0; left--, ops += sizeof(struct page_op), readable -= sizeof(struct page_op)) {
		const struct page_op *op = (const struct page_op *)(uintptr_t)ops;

		if (readable < sizeof *op) {
			error = user_check(ops, sizeof *op, false);
			if (error < 0)
				break;
			readable = ((ops + sizeof *op + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1)) - ops;
		}
		if (ops % 4 == 0 && op->kind == PAGE_PROTECT && op->va - first >= size) {
			error = env_protect(op->va, op->prot, env);
		} else {
			if (ops % 4 != 0 || op->va - first < size)
				readable = sizeof *op;
			error = page_op(env, ops);
		}
		if (error < 0)
			break;
	}
	if (error == -E_NOMEM)
		revoke_ask();
	return left < count ? (int32_t)(count - left) : error;
}

int32_t
sys_pages(uint32_t id, uint32_t ops, uint32_t count, uint32_t env_cap)
{
	struct env *env;
	int error = env_named(id, env_cap, &env);

	if (error < 0)
		return error;
	return env->ended ? -E_NOENT : pages(env, ops, count);
}

int32_t
sys_protect(uint32_t va, uint32_t prot, struct env *env)
{
	int error = va == SAVE_VA ? -E_PERM : as_protect(&env->as, va, prot);

	if (error == 0 && prot & RIGHT_EXEC)
		page_code(env, va);
	return error;
}
