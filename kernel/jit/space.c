// Runs of pages in alias windows (exo/space.h): which are taken, and what is mapped there. A page is never writable and
// executable at once, and code is where it will be run, and out of everybody's reach, before the caches are told.

#include <exo/board.h>
#include <exo/error.h>
#include <exo/space.h>
#include <exo/string.h>
#include <exo/user.h>

#define UDF 0xe7f000f0u			// UDF #0

static uint8_t taken[SPACE_WINDOWS][SPACE_RUN];

// The first run of so many free pages, which is taken from now on.
static int
take(struct space *s, uint32_t pages)
{
	for (unsigned w = 0; w < SPACE_WINDOWS; w++)
		for (uint32_t i = 0, free = 0; i < SPACE_RUN; i++) {
			free = taken[w][i] ? 0 : free + 1;
			if (free == pages) {
				memset(s, 0, sizeof *s);
				s->window = SPACE_WINDOW + w;
				s->first = i + 1 - pages;
				s->pages = pages;
				memset(&taken[w][s->first], 1, pages);
				return 0;
			}
		}
	s->pages = 0;
	return -E_NOMEM;
}

static void
show(struct space *s, uint32_t n, uint32_t prot)
{
	alias_map(s->window, s->first + n, s->pa[n], prot);
}

void
space_free(struct space *s)
{
	for (uint32_t n = 0; n < s->pages; n++) {
		show(s, n, 0);
		taken[s->window - SPACE_WINDOW][s->first + n] = 0;
		if (s->pa[n] != 0)
			page_release(s->pa[n]);
	}
	s->pages = 0;
}

int
space_code(struct space *s, const uint32_t *code, uint32_t words)
{
	static const struct guard nobody;
	const uint32_t per_page = PAGE_SIZE / 4;
	uint32_t pages = (words + per_page - 1) / per_page;

	s->pages = 0;
	if (words == 0)
		return -E_INVAL;
	if (pages > SPACE_RUN || take(s, pages) < 0)
		return -E_NOMEM;
	for (uint32_t n = 0; n < pages; n++) {
		uint32_t left = words - n * per_page, here = left < per_page ? left : per_page, *page;

		if (page_alloc(PAGE_ANY, OWNER_KERNEL, &nobody, &s->pa[n]) < 0) {
			space_free(s);
			return -E_NOMEM;
		}
		page = p2v(s->pa[n]);
		memcpy(page, code + n * per_page, 4 * here);
		for (uint32_t i = here; i < per_page; i++)
			page[i] = UDF;
		user_code(page, PAGE_SIZE);
		show(s, n, RIGHT_READ | RIGHT_EXEC);
	}
	return 0;
}

int
space_share(struct space *s, const struct aspace *as, uint32_t va, uint32_t pages, bool write)
{
	uint32_t wanted = RIGHT_READ | (write ? RIGHT_WRITE : 0);
	struct mapping m;

	s->pages = 0;
	if (va % PAGE_SIZE != 0 || pages == 0 || pages > SPACE_RUN)
		return -E_INVAL;
	if (take(s, pages) < 0)
		return -E_NOMEM;
	for (uint32_t n = 0; n < pages; n++) {
		if (as_lookup(as, va + n * PAGE_SIZE, &m) < 0 || (m.prot & wanted) != wanted || page_hold(m.pa) < 0) {
			space_free(s);
			return -E_FAULT;
		}
		s->pa[n] = m.pa;
		show(s, n, wanted);
	}
	return 0;
}
