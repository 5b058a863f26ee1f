// What is given of capabilities (exo/cap.h): epochs, narrowing, revoking.

#include <exo/cap.h>
#include <exo/error.h>
#include <exo/string.h>

static uint32_t now;

uint32_t
cap_now(void)
{
	return now;
}

int
cap_narrow(const struct cap *from, const uint8_t name[CAP_NAME], uint32_t rights, struct cap *to)
{
	struct guard within = { .epoch = 0 };

	memcpy(within.name, name, CAP_NAME);
	if (cap_check(from, &within, rights) < 0)
		return -E_PERM;
	return cap_mint(to, name, rights, from->epoch);
}

int
cap_revoke(struct guard *guard, struct cap *cap)
{
	if (cap_check(cap, guard, RIGHT_GUARD) < 0)
		return -E_PERM;
	guard->epoch = ++now;
	return cap_mint(cap, cap->name, cap->rights, now);
}
