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
	// TODO 2.2: count; then see that only zeros follow.
	(void)name;
	todo("2.2");
	return -1;
}

int
cap_mint(struct cap *cap, const uint8_t name[CAP_NAME], uint32_t rights, uint32_t epoch)
{
	// TODO 2.2: refuse what makes no sense, fill in *cap, and sign what stands before its MAC.
	(void)cap, (void)name, (void)rights, (void)epoch, (void)name_length;
	todo("2.2");
	return -E_INVAL;
}

int
cap_check(const struct cap *cap, const struct guard *guard, uint32_t rights)
{
	// TODO 2.2: genuine? does its name fit? minted since the guard was last raised? has it all of these rights?
	(void)cap, (void)guard, (void)rights;
	todo("2.2");
	return -E_PERM;
}
