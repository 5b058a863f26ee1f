#include "say.h"
// Takes no transfers and handles no fault: unharmed.
int main(void) { libos_init(); for (int i = 0; i < 8; i++) yield(0); say("victim well", 1); return 8; }
