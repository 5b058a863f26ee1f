// Programs from the kernel's image into an address space (exo/user.h).

#include <exo/arm.h>
#include <exo/board.h>
#include <exo/error.h>
#include <exo/page.h>
#include <exo/string.h>
#include <exo/trap.h>
#include <exo/user.h>

#define ELF_MAGIC   0x464c457f
#define ELF_32_LSB  0x0101		// ELFCLASS32, ELFDATA2LSB
#define ELF_EXEC    2
#define ELF_ARM     40
#define ELF_LOAD    1
#define ELF_WRITE   2
#define ELF_EXECUTE 1

#define CACHE_LINE  64			// bytes of a line of the Cortex-A7's data cache

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

extern const struct program __programs_start[], __programs_end[];


const struct program *
program_find(const char *name)
{
	for (const struct program *p = __programs_start; p < __programs_end; p++)
		if (strcmp(p->name, name) == 0)
			return p;
	return NULL;
}

int
user_map(struct aspace *as, uint32_t va, uint32_t size, uint32_t prot)
{
	static const struct guard nobody;
	physaddr_t pa;
	int error;

	for (uint32_t done = 0; done < size; done += PAGE_SIZE) {
		error = page_alloc(PAGE_ANY, as->owner, &nobody, &pa);
		if (error < 0)
			return error;
		error = as_map(as, va + done, pa, prot, RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC);
		page_release(pa);	// the mapping holds it now, or nobody does
		if (error < 0)
			return error;
	}
	return 0;
}

// The data cache knows a page by its physical address, the instruction cache also by a virtual one (CTR.L1Ip), so
// that of it all has to go.
void
user_code(const void *from, uint32_t size)
{
	uint32_t start = (uintptr_t)from & ~(CACHE_LINE - 1);

	for (uint32_t line = start; line < (uintptr_t)from + size; line += CACHE_LINE)
		dccmvau(line);
	dsb();
	iciallu(0);
	bpiall(0);
	dsb();
	isb();
}

// Write into an address space, which need not be the current one, page by page through the kernel's map.
static void
fill(const struct aspace *as, uint32_t va, const uint8_t *from, uint32_t size)
{
	struct mapping m;

	while (size > 0) {
		uint32_t offset = va % PAGE_SIZE, n = PAGE_SIZE - offset < size ? PAGE_SIZE - offset : size;
		uint8_t *to;

		as_lookup(as, va - offset, &m);
		to = (uint8_t *)p2v(m.pa) + offset;
		memcpy(to, from, n);
		user_code(to, n);
		va += n, from += n, size -= n;
	}
}

// Whether size bytes from offset on lie within so many.
static bool
within(uint32_t offset, uint32_t size, uint32_t bytes)
{
	return offset <= bytes && size <= bytes - offset;
}

int
user_load(struct aspace *as, const struct program *program, uint32_t *entry)
{
	const struct elf *elf = (const struct elf *)program->start;
	uint32_t bytes = program->end - program->start;
	const struct segment *s;
	int error;

	if (bytes < sizeof *elf || elf->magic != ELF_MAGIC || elf->class_data != ELF_32_LSB || elf->type != ELF_EXEC ||
	    elf->machine != ELF_ARM || elf->phentsize != sizeof *s || elf->phoff % 4 != 0 ||
	    !within(elf->phoff, elf->phnum * sizeof *s, bytes))
		return -E_INVAL;
	s = (const struct segment *)(program->start + elf->phoff);
	for (const struct segment *end = s + elf->phnum; s < end; s++) {
		uint32_t offset = s->vaddr % PAGE_SIZE;

		if (s->type != ELF_LOAD || s->memsz == 0)
			continue;
		if (s->filesz > s->memsz || !within(s->offset, s->filesz, bytes) || !within(s->vaddr, s->memsz, USER_TOP))
			return -E_INVAL;
		error = user_map(as, s->vaddr - offset, offset + s->memsz, RIGHT_READ |
		    (s->flags & ELF_WRITE ? RIGHT_WRITE : 0) | (s->flags & ELF_EXECUTE ? RIGHT_EXEC : 0));
		if (error < 0)
			return error;
		fill(as, s->vaddr, program->start + s->offset, s->filesz);
	}
	*entry = elf->entry;
	return user_map(as, USER_STACK_TOP - USER_STACK_PAGES * PAGE_SIZE, USER_STACK_PAGES * PAGE_SIZE,
	    RIGHT_READ | RIGHT_WRITE);
}

struct aspace *
user_space(void)
{
	return (struct aspace *)(uintptr_t)tpidrprw_read();
}

void
user_switch(struct aspace *as)
{
	tpidrprw_write((uintptr_t)as);
	as_switch(as);
}

int
user_run(const char *name, uint32_t argument)
{
	const struct program *program = program_find(name);
	struct trapframe tf = { .r = { argument }, .sp = USER_STACK_TOP, .cpsr = PSR_M_USR };
	struct aspace space;
	int status;

	if (program == NULL)
		return -E_NOENT;
	status = as_create(&space, OWNER_USER, 1);
	if (status < 0)
		return status;
	status = user_load(&space, program, &tf.pc);
	if (status == 0) {
		user_switch(&space);
		status = user_enter(&tf);
		user_switch(NULL);
	}
	as_destroy(&space);
	return status;
}
