// All the forms, as a module.

#include <sfi/module.h>

#include "forms.h"

MODULE_CALLABLE(structures, indices, pointers, copies, calls, functions, switches, frames);
