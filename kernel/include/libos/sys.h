// The system calls (exo/syscall.h) as C functions, one for each, inline: for applications. Results are the kernel's:
// 0 or more, or -E_*. The kernel does not fault for an application: what it is to write to has to be there and
// writable, or it is -E_FAULT; so whoever shares pages, or waits for them to be touched, writes there first.
#pragma once

#include <exo/upcall.h>
#include <exo/syscall.h>
#include <exo/types.h>

static inline int32_t
syscall(uint32_t number, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3)
{
	register uint32_t r0 __asm__("r0") = a0;
	register uint32_t r1 __asm__("r1") = a1;
	register uint32_t r2 __asm__("r2") = a2;
	register uint32_t r3 __asm__("r3") = a3;
	register uint32_t r7 __asm__("r7") = number;

	__asm__ volatile("svc #0" : "+r"(r0) : "r"(r1), "r"(r2), "r"(r3), "r"(r7) : "memory");
	return r0;
}

static inline uint32_t
address(const volatile void *p)
{
	return (uintptr_t)p;
}

static inline void __attribute__((noreturn))
sys_exit(int32_t status)
{
	for (;;)
		syscall(SYS_EXIT, status, 0, 0, 0);
}

static inline int32_t
sys_write(const void *from, uint32_t size)
{
	return syscall(SYS_WRITE, address(from), size, 0, 0);
}

static inline int32_t
sys_pages(uint32_t env, struct page_op *ops, uint32_t count, const volatile struct cap *cap)
{
	return syscall(SYS_PAGES, env, address(ops), count, address(cap));
}

static inline int32_t
sys_protect(uint32_t va, uint32_t prot)
{
	register uint32_t r0 __asm__("r0") = va;
	register uint32_t r1 __asm__("r1") = prot;
	register uint32_t r7 __asm__("r7") = SYS_PROTECT;

	__asm__ volatile("svc #0" : "+r"(r0) : "r"(r1), "r"(r7) : "memory");
	return r0;
}

static inline int32_t
sys_env_create(const volatile struct cap *cap)
{
	return syscall(SYS_ENV_CREATE, address(cap), 0, 0, 0);
}

static inline int32_t
sys_env_destroy(uint32_t env, const volatile struct cap *cap)
{
	return syscall(SYS_ENV_DESTROY, env, address(cap), 0, 0);
}

static inline int32_t
sys_env_info(uint32_t env, struct env_info *info, const volatile struct cap *cap)
{
	((volatile struct env_info *)info)->id = 0;
	((volatile struct env_info *)info)->save = 0;
	return syscall(SYS_ENV_INFO, env, address(info), address(cap), 0);
}

static inline int32_t
sys_cap_narrow(const volatile struct cap *from, struct cap *to)
{
	return syscall(SYS_CAP_NARROW, address(from), address(to), 0, 0);
}

static inline int32_t
sys_cap_revoke(physaddr_t pa, volatile struct cap *cap)
{
	return syscall(SYS_CAP_REVOKE, pa, address(cap), 0, 0);
}

static inline int32_t
sys_slice_take(uint32_t index)
{
	return syscall(SYS_SLICE_TAKE, index, 0, 0, 0);
}

static inline int32_t
sys_slice_give(uint32_t index, uint32_t env)
{
	return syscall(SYS_SLICE_GIVE, index, env, 0, 0);
}

// The counter: ticks since reset.
static inline uint64_t
sys_now(void)
{
	uint32_t low, high;

	__asm__ volatile("isb; mrrc p15, 0, %0, %1, c14" : "=r"(low), "=r"(high) : : "memory");	// CNTPCT
	return (uint64_t)high << 32 | low;
}
