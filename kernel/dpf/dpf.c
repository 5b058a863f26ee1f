// Filters in and out (exo/dpf.h): which are well-formed, which could match what another one matches, and whose they are.

#include <exo/error.h>
#include <exo/panic.h>
#include <exo/register.h>
#include <exo/string.h>

#include "dpf.h"

static struct filter {
	bool taken;
	uint32_t owner, endpoint;
	struct guard guard;
	struct dpf_canon canon;
} filters[DPF_FILTERS + 1];		// by id

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

// Whether there is a frame, as far as exo/dpf.h looks, that both match. Both are in order.
static bool
both_could_match(const struct dpf_canon *a, const struct dpf_canon *b)
{
	uint32_t i = 0, j = 0;

	while (i < a->count && j < b->count) {
		const struct dpf_cell *x = &a->cells[i], *y = &b->cells[j];

		if (x->kind == DPF_MOVE && y->kind == DPF_MOVE) {
			if (!same_move(x, y))
				return true;
			i++, j++;
		} else if (x->kind == DPF_MOVE || y->level > x->level) {
			j++;
		} else if (y->kind == DPF_MOVE || x->level > y->level) {
			i++;
		} else if (x->at != y->at) {
			if (x->at < y->at)
				i++;
			else
				j++;
		} else if (((x->value ^ y->value) & x->mask & y->mask) != 0) {
			return false;
		} else {
			i++, j++;
		}
	}
	return true;
}

static int
allowed(const struct dpf_canon *c, uint32_t owner, const struct cap *cap)
{
	int error = 0;

	for (const struct filter *f = filters + 1; f <= filters + DPF_FILTERS; f++) {
		if (!f->taken || c->bits < f->canon.bits || (c->bits > f->canon.bits && f->owner == owner) ||
		    !both_could_match(c, &f->canon))
			continue;
		if (c->bits == f->canon.bits)
			return -E_OVERLAP;
		if (cap == NULL || cap_check(cap, &f->guard, RIGHT_GUARD) != 0)
			error = -E_PERM;
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

static bool
deep(const struct dpf_canon *c)
{
	return c->count > 0 && c->cells[c->count - 1].level >= 2;
}

// Make the code, and what has changed as it should be.
static int
compile(void)
{
	return dpf_compile();
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
		error = allowed(&f->canon, owner, cap);
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
	if (compile() == 0)
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
	if (compile() != 0)
		panic("dpf: no room for fewer filters than there were");
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
	dpf_pool_init();
	dpf_code_init();
	compile();
}

void
lab7_init(void)
{
	dpf_init();
}
