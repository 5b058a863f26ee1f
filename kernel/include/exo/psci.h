// The Power State Coordination Interface, ARM DEN 0022: how a kernel asks the firmware to start
// and stop cores and the machine. A call is an HVC or an SMC, whichever the device tree's /psci
// node names in "method", with immediate 0, the function in r0 and its arguments in r1 to r3.
// The result comes back in r0; negative is an error. Included by C and by assembly.
#pragma once

#define PSCI_CPU_ON     0x84000003	// r1 core (its MPIDR affinity), r2 physical address to start at, r3 what its r0 will hold
#define PSCI_SYSTEM_OFF 0x84000008	// does not return
