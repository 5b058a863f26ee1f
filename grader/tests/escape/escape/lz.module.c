#include "../../../../labs/5-sfi/checks/modules/lz.module.c"
