#include "../../../../labs/5-sfi/checks/modules/quicksort.module.c"
