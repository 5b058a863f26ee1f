#include "told.inc"
#include "../../3-exceptions/checks/broken.S"
