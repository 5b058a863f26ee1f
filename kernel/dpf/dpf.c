// Filters in and out (exo/dpf.h): which are well-formed, which could match what another one matches, and whose they
// are.

#include <exo/error.h>
#include <exo/register.h>
#include <exo/string.h>

#include "dpf.h"

static struct filter {
	bool taken;
	uint32_t owner, endpoint;
	struct guard guard;
	struct dpf_canon canon;
} filters[DPF_FILTERS + 1] DPF_LARGE;	// by id

static uint32_t count;
uint32_t dpf_deep;

static bool
well_formed(const struct dpf_item *i)
{
	uint32_t low = i->width == 32 ? ~0u : (1u << (i->width & 31)) - 1;

	if (i->kind == DPF_SHIFT)
		return i->width == 0 && i->offset == 0 && i->mask == 0 && i->value < DPF_REACH;
	if ((i->width != 8 && i->width != 16 && i->width != 32) || i->mask == 0 || (i->mask & ~low) != 0)
		return false;
	if (i->kind == DPF_ATOM)
		return (i->value & ~i->mask) == 0;
	return i->kind == DPF_FIELD && i->value < 16 && i->mask << i->value < DPF_REACH && i->mask < DPF_REACH;
}

static bool
same_move(const struct dpf_cell *a, const struct dpf_cell *b)
{
	return a->kind == DPF_MOVE && b->kind == DPF_MOVE && a->bytes == b->bytes && a->shift == b->shift && a->at == b->at &&
	    a->mask == b->mask;
}

// The cell of a filter that looks at the same unit, or the same field.
static const struct dpf_cell *
cell_of(const struct dpf_canon *c, const struct dpf_cell *same)
{
	for (const struct dpf_cell *x = c->cells; x < c->cells + c->count; x++)
		if (x->level == same->level && (x->kind == DPF_MOVE || same->kind == DPF_MOVE ? same_move(x, same) :
		    x->at == same->at))
			return x;
	return NULL;
}

struct asked {
	const struct dpf_canon *canon;
	uint32_t owner;
	const struct cap *cap;
};

// Whether a filter may come beside those that end in a node, or behind it, and that could match what it matches;
// `levels`: of so many the base is the same for all of them.
static int
allowed(const struct dpf_node *n, const struct asked *a, unsigned levels)
{
	const struct filter *f = &filters[n->id];
	int error = 0, more;

	if (n->sum.least > a->canon->bits)
		return 0;
	if (n->id != 0 && n->bits == a->canon->bits)
		return -E_OVERLAP;
	if (n->id != 0 && n->bits < a->canon->bits && f->owner != a->owner &&
	    (a->cap == NULL || cap_check(a->cap, &f->guard, RIGHT_GUARD) != 0))
		error = -E_PERM;
	for (const struct dpf_test *t = n->tests; t != NULL; t = t->next) {
		const struct dpf_cell *c = t->cell.level < levels ? cell_of(a->canon, &t->cell) : NULL;
		uint32_t mask = c != NULL ? t->cell.mask & c->mask : 0, value = c != NULL ? c->value : 0;

		for (const struct dpf_node *v = t->values; v != NULL; v = v->next) {
			if (t->cell.kind == DPF_CELL && ((v->value ^ value) & mask) != 0)
				continue;
			more = allowed(v, a, t->cell.kind == DPF_MOVE && c != NULL ? levels + 1 : levels);
			if (more == -E_OVERLAP)
				return more;
			error = more != 0 ? more : error;
		}
	}
	return error;
}

static uint32_t
free_id(void)
{
	for (uint32_t id = 1; id <= DPF_FILTERS; id++)
		if (!filters[id].taken)
			return id;
	return 0;
}

// Whether it has a base beyond level 1, which the code keeps in a register that is the caller's.
static bool
deep(const struct dpf_canon *c)
{
	const struct dpf_cell *last = &c->cells[c->count - 1];

	return c->count > 0 && last->level + (last->kind == DPF_MOVE) >= 2;
}

int32_t
dpf_insert(const struct dpf_filter *filter, uint32_t owner, const struct guard *guard, const struct cap *cap)
{
	uint32_t id = free_id();
	struct filter *f = &filters[id];
	int error;

	if (filter->count > DPF_ITEMS)
		return -E_INVAL;
	for (uint32_t n = 0; n < filter->count; n++)
		if (!well_formed(&filter->items[n]))
			return -E_INVAL;
	f->taken = false;
	error = dpf_canonical(filter, &f->canon);
	if (error == 0)
		error = count == 0 ? 0 : allowed(&dpf_root, &(struct asked){ &f->canon, owner, cap }, 1);
	if (error != 0)
		return error;
	if (id == 0 || !dpf_room(f->canon.count))
		return -E_NOMEM;
	f->taken = true;
	f->owner = owner;
	f->endpoint = filter->endpoint;
	f->guard = *guard;
	count++;
	dpf_deep += deep(&f->canon);
	dpf_trie_insert(&f->canon, id);
	if (dpf_compile() == 0)
		return id;
	dpf_delete(id, owner);
	return -E_NOMEM;
}

int
dpf_delete(uint32_t id, uint32_t owner)
{
	struct filter *f = &filters[id];

	if (id == 0 || id > DPF_FILTERS || !f->taken || f->owner != owner)
		return -E_NOENT;
	f->taken = false;
	count--;
	dpf_deep -= deep(&f->canon);
	dpf_trie_delete(&f->canon);
	if (dpf_compile() != 0)		// other code than what they had, which may be more
		dpf_classify = dpf_walk;
	return 0;
}

bool
dpf_find(uint32_t id, uint32_t *owner, uint32_t *endpoint)
{
	if (id == 0 || id > DPF_FILTERS || !filters[id].taken)
		return false;
	*owner = filters[id].owner;
	*endpoint = filters[id].endpoint;
	return true;
}

struct dpf_use
dpf_use(void)
{
	return (struct dpf_use){ count, dpf_nodes, dpf_tests, dpf_words() };
}

void
dpf_init(void)
{
	for (uint32_t id = 0; id <= DPF_FILTERS; id++)
		filters[id].taken = false;
	dpf_classify = dpf_walk;
}
