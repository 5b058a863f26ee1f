#include "../../../../labs/5-sfi/checks/modules/strstr.module.c"
