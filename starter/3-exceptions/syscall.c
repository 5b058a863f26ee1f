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
	// TODO 3.4: r7 names the function, r0 to r3 are its arguments, r0 its result. And SYS_NULL, in vectors.S.
	(void)tf;
	todo("3.4");
}

int
user_check(uint32_t va, uint32_t size, bool write)
{
	// TODO 3.4: below USER_TOP, also where va + size wraps; and each page mapped for it.
	(void)va, (void)size, (void)write;
	todo("3.4");
	return -E_FAULT;
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
