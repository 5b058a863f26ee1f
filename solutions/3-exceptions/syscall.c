// System calls (exo/trap.h): the number, the function, and what an application says about its
// memory, believed only after a look at its tables.

#include <exo/arm.h>
#include <exo/error.h>
#include <exo/string.h>
#include <exo/syscall.h>
#include <exo/todo.h>
#include <exo/trap.h>
#include <exo/user.h>

void
trap_svc(struct trapframe *tf)
{
	// BEGIN SOLUTION 3.4a
	syscall_handler *handler = syscall_lookup(tf->r[7]);

	tf->r[0] = handler != NULL ? handler(tf->r[0], tf->r[1], tf->r[2], tf->r[3]) : -E_NOSYS;
	// INSTEAD
	//| // TODO 3.4: r7 names the function, r0 to r3 are its arguments, r0 its result. And SYS_NULL, in vectors.S.
	//| (void)tf;
	//| todo("3.4");
	// END SOLUTION
}

int
user_check(uint32_t va, uint32_t size, bool write)
{
	// BEGIN SOLUTION 3.4b
	uint32_t wanted = write ? RIGHT_READ | RIGHT_WRITE : RIGHT_READ;
	struct mapping m;

	if (size == 0)
		return 0;
	if (user_space() == NULL || va >= USER_TOP || size > USER_TOP - va)
		return -E_FAULT;
	for (uint32_t page = va & ~(PAGE_SIZE - 1); page < va + size; page += PAGE_SIZE)
		if (as_lookup(user_space(), page, &m) < 0 || (m.prot & wanted) != wanted)
			return -E_FAULT;
	return 0;
	// INSTEAD
	//| // TODO 3.4: below USER_TOP, also where va + size wraps; and each page mapped for it.
	//| (void)va, (void)size, (void)write;
	//| todo("3.4");
	//| return -E_FAULT;
	// END SOLUTION
}

int
copy_in(void *to, uint32_t from, uint32_t size)
{
	int error = user_check(from, size, false);

	if (error == 0)
		memcpy(to, (const void *)(uintptr_t)from, size);
	return error;
}

int
copy_out(uint32_t to, const void *from, uint32_t size)
{
	int error = user_check(to, size, true);

	if (error == 0)
		memcpy((void *)(uintptr_t)to, from, size);
	return error;
}
