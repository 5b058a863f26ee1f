// Capabilities: lab 2's contract, step 2.2. One type for everything that the kernel guards. A
// capability is plain data that its holder keeps where it likes; it proves itself by a MAC under
// the boot key, which the kernel alone knows (SOSP '95, section 3.1), and its name is hierarchical
// as in Xok (Kaashoek et al., SOSP '97, section 3.2): it fits every guard that its name is a prefix of.
#pragma once

#include <exo/types.h>

#define CAP_NAME 8		// bytes of a name

#define RIGHT_READ  0x1		// to map a page readable
#define RIGHT_WRITE 0x2		// to map it writable
#define RIGHT_EXEC  0x4		// to map it executable
#define RIGHT_GUARD 0x8		// to revoke: to raise the guard's epoch
#define RIGHT_ALL   0xf

// A name is 0 to 8 bytes that are not zero, then zeros. The empty one fits everything.
struct cap {
	uint8_t name[CAP_NAME];
	uint32_t rights;	// RIGHT_ bits
	uint32_t epoch;		// cap_now() when it, or what it was narrowed from, was minted
	uint64_t mac;		// SipHash-2-4 of the sixteen bytes before, under the boot key
};

struct guard {
	uint8_t name[CAP_NAME];
	uint32_t epoch;		// capabilities minted before it no longer fit
};

// Make *cap a capability of that name, those rights and that epoch; name may be cap->name. The
// kernel's own privilege: no system call reaches it. -E_INVAL: the name is no name, or rights has
// other bits than RIGHT_ALL; nothing is signed then.
int cap_mint(struct cap *cap, const uint8_t name[CAP_NAME], uint32_t rights, uint32_t epoch);

// 0 if the capability is genuine, its name a prefix of the guard's, its epoch not before the
// guard's, and it has all of these rights, each bit that is set. -E_PERM else, whatever of it is
// wrong; so bits that are no rights, which none has, are refused.
int cap_check(const struct cap *cap, const struct guard *guard, uint32_t rights);

// Given, in kernel/vm/cap.c:

// The current epoch: starts at 0, one more with each revocation.
uint32_t cap_now(void);

// From a genuine capability make one that can do less: a name that begins with its own, and a
// part of its rights; the epoch stays. -E_PERM: it is not genuine, or the new one would do more;
// -E_INVAL: the name is no name.
int cap_narrow(const struct cap *from, const uint8_t name[CAP_NAME], uint32_t rights, struct cap *to);

// Revoke every capability that fits the guard so far, for a holder of RIGHT_GUARD; *cap itself is
// minted anew. -E_PERM: cap does not fit, or lacks that right. (What is minted anew fits every guard
// that its name fits: a holder of RIGHT_GUARD is shut out of a name only when all its guards are raised.)
int cap_revoke(struct guard *guard, struct cap *cap);
