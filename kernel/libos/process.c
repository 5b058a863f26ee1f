// Environments from programs (libos/process.h): an ELF loader over page operations, and what fork shares with it.

#include <exo/error.h>
#include <exo/string.h>
#include <exo/user.h>
#include <libos/memory.h>
#include <libos/process.h>
#include <libos/sys.h>
#include <libos/upcall.h>

#define RW (RIGHT_READ | RIGHT_WRITE)

#define ELF_MAGIC   0x464c457f
#define ELF_32_LSB  0x0101		// ELFCLASS32, ELFDATA2LSB
#define ELF_EXEC    2
#define ELF_ARM     40
#define ELF_LOAD    1
#define ELF_WRITE   2
#define ELF_EXECUTE 1

struct elf {			// System V ABI, figure 4-3
	uint32_t magic;
	uint16_t class_data;
	uint8_t ident[10];
	uint16_t type, machine;
	uint32_t version, entry, phoff, shoff, flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct segment {		// figure 5-1
	uint32_t type, offset, vaddr, paddr, filesz, memsz, flags, align;
};

const struct image *
image_find(const char *name)
{
	for (uint32_t va = IMAGES_VA; va < IMAGES_VA + IMAGE_COUNT * IMAGE_SIZE; va += IMAGE_SIZE) {
		const struct image *image = (const struct image *)(uintptr_t)va;
		const uint32_t *s = state_of(va);

		if (s != NULL && *s != 0 && strcmp(image->name, name) == 0)
			return image;
	}
	return NULL;
}

void
process_slice(uint32_t env)
{
	for (uint32_t i = 0; i < 64; i++) {
		int32_t error = sys_slice_take(i);

		if (error == 0)
			sys_slice_give(i, env);
		if (error != -E_EXISTS)
			return;
	}
}

// What is pinned, in the order of its copies, which are mapped with us from TEMP_VA on until they are filled.
static pinned uint32_t copied[256], copies;

int
process_pinned(uint32_t child)
{
	uint32_t cursor = 0, va, n;
	const uint32_t *s;
	int error = 0;

	copies = 0;
	do {
		for (n = 0; n < BATCH && (s = state_table->next(&cursor, &va)) != NULL; ) {
			if (!(*s & STATE_PINNED))
				continue;
			if (copies == sizeof copied / sizeof copied[0])
				return -E_NOMEM;
			batch[n++] = (struct page_op){ PAGE_NEW, TEMP_VA + copies * PAGE_SIZE, RW, PAGE_ANY,
			    SAVE_VA, 0 };
			copied[copies++] = va;
		}
		error = pages_do(ENV_SELF, batch, n);
		for (uint32_t i = 0; i < n; i++) {
			batch[i].kind = PAGE_BIND;
			batch[i].va = copied[copies - n + i];
		}
		if (error == 0)
			error = pages_do(child, batch, n);
	} while (error == 0 && n == BATCH);
	return error;
}

// The copies are the child's alone, filled or not. It has none under way (`copies` is pinned, too).
static void
pinned_done(bool fill)
{
	uint32_t n = copies;

	copies = 0;
	for (uint32_t i = 0; i < n; i++) {
		struct page_op op = { .kind = PAGE_UNMAP, .va = TEMP_VA + i * PAGE_SIZE };

		if (fill)
			memcpy((void *)(uintptr_t)op.va, (const void *)(uintptr_t)copied[i], PAGE_SIZE);
		pages_do(ENV_SELF, &op, 1);
	}
}

void
process_fill(void)
{
	pinned_done(true);
}

void
process_undo(uint32_t child)
{
	pinned_done(false);
	sys_env_destroy(child, &SAVE->cap);
	sys_env_destroy(child, &SAVE->cap);
}

int
process_save(uint32_t child, uint32_t begin, uint32_t sp)
{
	struct page_op op = { PAGE_BIND, TEMP_VA, RW, 0, address(&SAVE->cap), 0 };
	struct save *save = (struct save *)TEMP_VA;
	struct env_info info;
	int error = sys_env_info(child, &info, &SAVE->cap);

	op.pa = info.save;
	if (error == 0)
		error = pages_do(ENV_SELF, &op, 1);
	if (error < 0)
		return error;
	if (begin != 0) {
		save->begin = begin;
	} else {
		memcpy(save, (const void *)SAVE_VA, sizeof *save);
		save->id = child;
		save->excess = save->wanted = save->repossessed = 0;
		save->slice.cpsr = save->exception.cpsr = 0;
		*(uint32_t *)(TEMP_VA + SAVE_OWN) = sp;
	}
	op.kind = PAGE_UNMAP;
	return pages_do(ENV_SELF, &op, 1);
}

// One page of a segment: new, filled, and the child's.
static int
load_page(uint32_t child, uint32_t va, uint32_t prot, const struct segment *s, const uint8_t *file)
{
	struct page_op op = { PAGE_NEW, TEMP_VA, RW, PAGE_ANY, address(&SAVE->cap), 0 };
	uint32_t from = s->vaddr > va ? s->vaddr : va, to = s->vaddr + s->filesz;
	int error = pages_do(ENV_SELF, &op, 1);

	if (error < 0)
		return error;
	if (to > va + PAGE_SIZE)
		to = va + PAGE_SIZE;
	if (from < to)
		memcpy((uint8_t *)TEMP_VA + from - va, file + s->offset + (from - s->vaddr), to - from);
	op.kind = PAGE_BIND;
	op.va = va;
	op.prot = prot;
	error = pages_do(child, &op, 1);
	op.kind = PAGE_UNMAP;
	op.va = TEMP_VA;
	pages_do(ENV_SELF, &op, 1);
	return error;
}

static bool
within(uint32_t offset, uint32_t size, uint32_t bytes)
{
	return offset <= bytes && size <= bytes - offset;
}

static int
load(uint32_t child, const struct image *image)
{
	const uint8_t *file = (const uint8_t *)image + PAGE_SIZE;
	const struct elf *elf = (const struct elf *)file;
	const struct segment *s;
	int error = 0;

	if (image->size < sizeof *elf || elf->magic != ELF_MAGIC || elf->class_data != ELF_32_LSB ||
	    elf->type != ELF_EXEC || elf->machine != ELF_ARM || elf->phentsize != sizeof *s || elf->phoff % 4 != 0 ||
	    !within(elf->phoff, elf->phnum * sizeof *s, image->size))
		return -E_INVAL;
	s = (const struct segment *)(file + elf->phoff);
	for (const struct segment *end = s + elf->phnum; s < end; s++) {
		uint32_t prot = RIGHT_READ | (s->flags & ELF_WRITE ? RIGHT_WRITE : 0) |
		    (s->flags & ELF_EXECUTE ? RIGHT_EXEC : 0);

		if (s->type != ELF_LOAD || s->memsz == 0)
			continue;
		if (s->filesz > s->memsz || !within(s->offset, s->filesz, image->size) ||
		    !within(s->vaddr, s->memsz, LIBOS_VA))
			return -E_INVAL;
		for (uint32_t va = s->vaddr & ~(PAGE_SIZE - 1); error == 0 && va < s->vaddr + s->memsz; va += PAGE_SIZE)
			error = load_page(child, va, prot, s, file);
		if (error < 0)
			return error == -E_NOMEM ? error : -E_INVAL;
	}
	for (uint32_t i = 1; error == 0 && i <= USER_STACK_PAGES; i++) {
		struct page_op op = { PAGE_NEW, USER_STACK_TOP - i * PAGE_SIZE, RW, PAGE_ANY, address(&SAVE->cap), 0 };

		error = pages_do(child, &op, 1);
	}
	return error < 0 ? error : process_save(child, elf->entry, 0);
}

int32_t
spawn(const char *name)
{
	const struct image *image = image_find(name);
	int32_t child, error;

	if (image == NULL)
		return -E_NOENT;
	child = sys_env_create(&SAVE->cap);
	if (child < 0)
		return child;
	error = load(child, image);
	if (error < 0) {
		process_undo(child);
		return error;
	}
	process_slice(child);
	return child;
}

int32_t
wait(uint32_t child, uint32_t *ended)
{
	struct env_info info;

	for (;;) {
		int32_t error = child == SAVE->id ? -E_NOENT : sys_env_info(child, &info, &SAVE->cap);

		if (error < 0 || info.parent != SAVE->id)
			return -E_NOENT;
		if (info.ended)
			break;
		yield(child);
	}
	sys_env_destroy(child, &SAVE->cap);
	if (ended != NULL)
		*ended = info.ended;
	return info.status;
}
