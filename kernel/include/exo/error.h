// Every error of the exokernel, by name. Functions that can fail return 0 or a count, or one of
// these negated: `return -E_INVAL;`. The numbers are part of the system-call interface and never
// change.
#pragma once

#define E_INVAL  1	// an argument makes no sense
#define E_NOMEM  2	// no memory, or no free slot, is left
#define E_EXISTS 3	// the place is taken
#define E_NOENT  4	// there is no such thing
#define E_IO     5	// the device reported an error
#define E_PERM   6	// the capability, or the rights recorded at binding, do not allow it
#define E_FAULT  7	// an address is not the application's, or it has faulted
#define E_NOSYS  8	// there is no system call of that number
#define E_TIME   9	// it ran too long
#define E_BUSY   10	// it is being used
#define E_OVERLAP 11	// it says as much as another one, and both could match
