#include "told.inc"
