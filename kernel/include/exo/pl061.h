// The PL061 GPIO's registers, under the names of the ARM PrimeCell General Purpose Input/Output (PL061) Technical
// Reference Manual, DDI 0190, chapter 3. Offsets are in bytes from the device's base. Eight pins, a bit for each.
#pragma once

#define GPIODATA 0x000		// to 0x3fc: bits [9:2] of the address are a mask (3.3.1): a write changes those pins
				// alone that are in it, and are outputs; a read has zeros for all others
#define GPIODIR  0x400		// direction (3.3.2): 1 is an output; at reset all are inputs
