#define KERNELS_IRQ
#include "told.inc"
