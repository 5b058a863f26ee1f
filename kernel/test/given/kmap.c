// The alias windows, driven by the parameter block's input: words, five for each call. Where a page is looked
// at or written, it is mapped for that.

#include <exo/board.h>
#include <exo/kmap.h>

#include "given.h"

enum { MAP, READ, WRITE, STAMP };

struct call {
	uint32_t what, window, page, x, prot;	// x: a physical address, or the word to write
};

void
check_main(void)
{
	const struct call *c = (const struct call *)params()->input, *end = c + params()->input_size / sizeof *c;

	for (; c < end; c++) {
		volatile uint32_t *at = (uint32_t *)((uint8_t *)alias_address(c->window) + c->page * 4096);

		switch (c->what) {
		case MAP: log_word(alias_map(c->window, c->page, c->x, c->prot)); break;
		case READ: log_word(*at); break;
		case WRITE: *at = c->x; log_word((uint32_t)at); break;
		case STAMP: *(uint32_t *)p2v(c->x) = c->x; log_word(0); break;
		}
	}
}
