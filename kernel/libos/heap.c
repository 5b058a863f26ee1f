// A heap (libos/memory.h): one list of free blocks in the order of their addresses, the first that is large enough,
// neighbours joined when they are freed. It grows by regions, so its pages are zeros that nobody has touched.

#include <libos/memory.h>

#define GROW 0x40000

struct block {
	uint32_t size;		// with this; a multiple of 8
	struct block *next;	// while it is free
};

static struct block *first;
static uint32_t top = HEAP_VA;

// Put a block in its place.
static void
insert(struct block *b)
{
	struct block **at = &first, *before = NULL;

	while (*at != NULL && *at < b) {
		before = *at;
		at = &before->next;
	}
	b->next = *at;
	*at = b;
	if (b->next != NULL && (char *)b + b->size == (char *)b->next) {
		b->size += b->next->size;
		b->next = b->next->next;
	}
	if (before != NULL && (char *)before + before->size == (char *)b) {
		before->size += b->size;
		before->next = b->next;
	}
}

static bool
grow(uint32_t size)
{
	struct block *b = (struct block *)(uintptr_t)top;

	size = (size + GROW - 1) & ~(GROW - 1);
	if (size > HEAP_VA + HEAP_SIZE - top || region_begin(top, size, RIGHT_READ | RIGHT_WRITE) < 0)
		return false;
	top += size;
	b->size = size;
	insert(b);
	return true;
}

void *
malloc(size_t wanted)
{
	uint32_t size = (wanted + sizeof(struct block) + 7) & ~7u;

	if (wanted > HEAP_SIZE - GROW)
		return NULL;
	do {
		for (struct block **at = &first, *b; (b = *at) != NULL; at = &b->next) {
			if (b->size < size)
				continue;
			if (b->size >= size + 2 * sizeof *b) {
				struct block *rest = (struct block *)((char *)b + size);

				rest->size = b->size - size;
				rest->next = b->next;
				*at = rest;
				b->size = size;
			} else {
				*at = b->next;
			}
			return b + 1;
		}
	} while (grow(size));
	return NULL;
}

void
free(void *p)
{
	if (p != NULL)
		insert((struct block *)p - 1);
}
