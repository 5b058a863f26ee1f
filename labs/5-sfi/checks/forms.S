// forms/written.module.s as it is: what its module's results are compared with.

#include "forms/written.module.s"
