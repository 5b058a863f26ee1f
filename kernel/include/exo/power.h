// Power: lab 1's contract, step 1.6.
#pragma once

// Wait until the console's last byte is out, then switch the machine off by PSCI's SYSTEM_OFF
// (exo/psci.h), by HVC or SMC as the device tree's /psci node says in "method". Never returns:
// if the firmware refuses, or there is no such node, the core sleeps for ever.
void power_off(void) __attribute__((noreturn));
