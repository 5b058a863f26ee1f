// Trying an address as an application would, without being one: what comes of it is returned, and
// no exception goes further. Between probe_begin() and probe_end() the vectors are the probe's.
#pragma once

#include <exo/types.h>

void probe_begin(void);
void probe_end(void);

// 0, or the fault status: DFSR for an access, IFSR for a fetch, with bit 16 set.
int probe_read(uint32_t va, uint32_t *value);	// LDRT
int probe_write(uint32_t va, uint32_t value);	// STRT
int probe_exec(uint32_t va);			// in user mode; an SVC has to be there
