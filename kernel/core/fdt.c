// Looks things up in the flattened device tree (exo/fdt.h; Devicetree Specification 0.4, chapter
// 5). All of it is big-endian words.

#include <exo/board.h>
#include <exo/fdt.h>
#include <exo/string.h>

#define FDT_MAGIC 0xd00dfeedu
enum { FDT_BEGIN_NODE = 1, FDT_END_NODE = 2, FDT_PROP = 3, FDT_NOP = 4, FDT_END = 9 };

struct fdt_header {
	uint32_t magic, totalsize, off_dt_struct, off_dt_strings;
};

static uint32_t
be32(uint32_t v)
{
	return __builtin_bswap32(v);
}

const void *
fdt(void)
{
	return p2v(BOARD_FDT_PA);
}

// How much of `path` ("/psci") the node name `name` ("psci", or "psci@0" where the path has no
// unit address) covers: 0 if it is another.
static size_t
covers(const char *path, const char *name)
{
	size_t n = 1;

	if (path[0] != '/')
		return 0;
	while (path[n] != '/' && path[n] != '\0' && path[n] == name[n - 1])
		n++;
	return (path[n] == '/' || path[n] == '\0') && (name[n - 1] == '\0' || name[n - 1] == '@') ? n : 0;
}

const void *
fdt_property(const void *tree, const char *path, const char *name, uint32_t *len)
{
	const struct fdt_header *h = tree;
	const char *strings = (const char *)tree + be32(h->off_dt_strings);
	const uint32_t *p = (const uint32_t *)((const char *)tree + be32(h->off_dt_struct));
	const uint32_t *end = (const uint32_t *)((const char *)tree + (be32(h->totalsize) & ~3u));
	unsigned depth = 0;	// of the node that p is in; the root is 1
	unsigned matched = 0;	// how many of them, from the root on, lie on the path

	if (be32(h->magic) != FDT_MAGIC)
		return NULL;
	while (p < end) {
		switch (be32(*p++)) {
		case FDT_BEGIN_NODE:
			if (depth == 0) {
				matched = 1;
			} else if (depth == matched) {
				size_t n = covers(path, (const char *)p);

				if (n > 0) {
					path += n;
					matched++;
				}
			}
			depth++;
			p += strlen((const char *)p) / 4 + 1;
			break;
		case FDT_END_NODE:
			if (depth-- == matched && matched > 1)
				return NULL;	// the first node that matched had it not
			break;
		case FDT_PROP: {
			uint32_t size = be32(p[0]);

			if (depth == matched && (*path == '\0' || (path[0] == '/' && path[1] == '\0')) &&
			    strcmp(strings + be32(p[1]), name) == 0) {
				if (len != NULL)
					*len = size;
				return p + 2;
			}
			p += 2 + (size + 3) / 4;
			break;
		}
		case FDT_NOP:
			break;
		default:
			return NULL;
		}
	}
	return NULL;
}
