#include "../../../../labs/5-sfi/checks/modules/sha256.module.c"
