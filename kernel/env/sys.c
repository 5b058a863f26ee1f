// How lab 4 joins the kernel: its system calls (exo/syscall.h). Given.

#include <exo/board.h>
#include <exo/env.h>
#include <exo/error.h>
#include <exo/page.h>
#include <exo/register.h>
#include <exo/slice.h>
#include <exo/syscall.h>
#include <exo/trap.h>

static int32_t
sys_env_create(uint32_t cap, uint32_t a1, uint32_t a2, uint32_t a3)
{
	struct guard none = { .epoch = 0 };
	struct cap shown;
	struct env *env;
	int error;

	(void)a1, (void)a2, (void)a3;
	if (copy_in(&shown, cap, sizeof shown) < 0)
		return -E_FAULT;
	for (int i = 0; i < CAP_NAME; i++)
		none.name[i] = shown.name[i];
	if (cap_check(&shown, &none, RIGHT_WRITE) < 0)
		return -E_PERM;
	error = env_create(&shown, env_current()->id, &env);
	return error < 0 ? error : (int32_t)env->id;
}

static int32_t
sys_env_destroy(uint32_t id, uint32_t cap, uint32_t a2, uint32_t a3)
{
	struct env *env;
	int error = env_named(id, cap, &env);
	bool self = error == 0 && env == env_current();

	(void)a2, (void)a3;
	if (error < 0)
		return error;
	if (!env->ended)
		env_end(env, ENDED_KILLED, 0);
	else
		env->id = 0;
	if (self)
		env_stop();
	return 0;
}

static int32_t
sys_env_info(uint32_t id, uint32_t to, uint32_t cap, uint32_t a3)
{
	struct env *env;
	int error = env_named(id, cap, &env);
	struct env_info info;
	struct mapping m;

	(void)a3;
	if (error < 0)
		return error;
	info = (struct env_info){ env->id, env->parent, env->ended, env->status, 0, 0 };
	if (!env->ended) {
		info.save = v2p(env->save);
		for (uint32_t va = 0; env_next(env, &va, &m); va += PAGE_SIZE)
			info.pages++;
	}
	return copy_out(to, &info, sizeof info);
}

static int32_t
sys_cap_narrow(uint32_t from, uint32_t to, uint32_t a2, uint32_t a3)
{
	struct cap cap, narrow;
	int error;

	(void)a2, (void)a3;
	if (copy_in(&cap, from, sizeof cap) < 0 || copy_in(&narrow, to, sizeof narrow) < 0)
		return -E_FAULT;
	error = cap_narrow(&cap, narrow.name, narrow.rights, &narrow);
	return error < 0 ? error : copy_out(to, &narrow, sizeof narrow);
}

static int32_t
sys_cap_revoke(uint32_t pa, uint32_t at, uint32_t a2, uint32_t a3)
{
	struct page *page = page_at(pa);
	struct cap cap;
	int error;

	(void)a2, (void)a3;
	if (page == NULL || page->refs == 0)
		return -E_INVAL;
	if (page->owner == OWNER_KERNEL)
		return -E_PERM;
	if (user_check(at, sizeof cap, true) < 0)
		return -E_FAULT;
	copy_in(&cap, at, sizeof cap);
	error = cap_revoke(&page->guard, &cap);
	return error < 0 ? error : copy_out(at, &cap, sizeof cap);
}

void
lab4_init(void)
{
	syscall_register(SYS_PAGES, sys_pages);
	syscall_register(SYS_ENV_CREATE, sys_env_create);
	syscall_register(SYS_ENV_DESTROY, sys_env_destroy);
	syscall_register(SYS_ENV_INFO, sys_env_info);
	syscall_register(SYS_CAP_NARROW, sys_cap_narrow);
	syscall_register(SYS_CAP_REVOKE, sys_cap_revoke);
	syscall_register(SYS_YIELD, sys_yield);
	syscall_register(SYS_SLEEP, sys_sleep);
	syscall_register(SYS_SLICE_TAKE, sys_slice_take);
	syscall_register(SYS_SLICE_GIVE, sys_slice_give);
}
