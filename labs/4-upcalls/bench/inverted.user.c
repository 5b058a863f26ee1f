// The same with an inverted table.

#define TABLE state_inverted
#include "linear.user.c"
