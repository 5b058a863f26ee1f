// Minting and checking capabilities (exo/cap.h): data that proves itself, by a MAC that only the
// holder of the boot key can make.

#include <exo/cap.h>
#include <exo/error.h>
#include <exo/params.h>
#include <exo/siphash.h>
#include <exo/string.h>
#include <exo/todo.h>

// How many bytes a name has before its zeros; -1 if it is no name: a byte behind a zero.
static int
name_length(const uint8_t name[CAP_NAME])
{
	// BEGIN SOLUTION 2.2a
	int length = 0;

	while (length < CAP_NAME && name[length] != 0)
		length++;
	for (int i = length; i < CAP_NAME; i++)
		if (name[i] != 0)
			return -1;
	return length;
	// INSTEAD
	//| // TODO 2.2: count; then see that only zeros follow.
	//| (void)name;
	//| todo("2.2");
	//| return -1;
	// END SOLUTION
}

int
cap_mint(struct cap *cap, const uint8_t name[CAP_NAME], uint32_t rights, uint32_t epoch)
{
	// BEGIN SOLUTION 2.2b
	if (name_length(name) < 0 || (rights & ~RIGHT_ALL) != 0)
		return -E_INVAL;
	memmove(cap->name, name, CAP_NAME);
	cap->rights = rights;
	cap->epoch = epoch;
	cap->mac = siphash(params()->key, cap, offsetof(struct cap, mac));
	return 0;
	// INSTEAD
	//| // TODO 2.2: refuse what makes no sense, fill in *cap, and sign what stands before its MAC.
	//| (void)cap, (void)name, (void)rights, (void)epoch, (void)name_length;
	//| todo("2.2");
	//| return -E_INVAL;
	// END SOLUTION
}

int
cap_check(const struct cap *cap, const struct guard *guard, uint32_t rights)
{
	// BEGIN SOLUTION 2.2c
	int length = name_length(cap->name);

	if (cap->mac != siphash(params()->key, cap, offsetof(struct cap, mac)))
		return -E_PERM;
	if (length < 0 || memcmp(cap->name, guard->name, length) != 0)
		return -E_PERM;
	if (cap->epoch < guard->epoch || (cap->rights & rights) != rights)
		return -E_PERM;
	return 0;
	// INSTEAD
	//| // TODO 2.2: genuine? does its name fit? minted since the guard was last raised? has it all of these rights?
	//| (void)cap, (void)guard, (void)rights;
	//| todo("2.2");
	//| return -E_PERM;
	// END SOLUTION
}
