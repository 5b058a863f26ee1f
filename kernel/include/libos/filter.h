// Filters (exo/dpf.h) as an application writes them, and the system calls.
#pragma once

#include <exo/dpf.h>
#include <libos/sys.h>

// Items, as C initialisers: offsets in bytes from the base, widths in bits.
#define FILTER_ATOM(offset, width, mask, value) { DPF_ATOM, width, offset, mask, value }
#define FILTER_SHIFT(by)                        { DPF_SHIFT, 0, 0, 0, by }
#define FILTER_FIELD(offset, width, mask, left) { DPF_FIELD, width, offset, mask, left }

// UDP datagrams in IPv4 packets, no fragments, for this address and port: five atoms and a shift.
#define FILTER_UDP(address, port)                                               \
	FILTER_ATOM(12, 16, 0xffff, 0x0800), FILTER_ATOM(20, 16, 0x1fff, 0),    \
	FILTER_ATOM(23, 8, 0xff, 17), FILTER_ATOM(30, 32, 0xffffffff, address), \
	FILTER_FIELD(14, 8, 0x0f, 2), FILTER_ATOM(16, 16, 0xffff, port)

// Insert, with a capability for the filters it takes frames from (null: none): its id, or -E_*. Delete.
static inline int32_t
filter_insert(const struct dpf_filter *filter, const volatile struct cap *cap)
{
	return syscall(SYS_FILTER_INSERT, address(filter), address(cap), 0, 0);
}

static inline int32_t
filter_delete(uint32_t id)
{
	return syscall(SYS_FILTER_DELETE, id, 0, 0, 0);
}
