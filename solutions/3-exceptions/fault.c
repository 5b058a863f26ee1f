// Why an access or a fetch was aborted (exo/trap.h): the fault status registers, decoded for the
// short-descriptor format.

#include <exo/arm.h>
#include <exo/todo.h>
#include <exo/trap.h>

// FS[4:0] of both registers (DDI 0406C, table B3-23).
static const struct {
	uint8_t kind, level;
} causes[32] = {
	// BEGIN SOLUTION 3.3a
	[0x01] = { FAULT_ALIGNMENT, 0 },
	[0x02] = { FAULT_DEBUG, 0 },
	[0x03] = { FAULT_ACCESS_FLAG, 1 },
	[0x04] = { FAULT_CACHE_MAINTENANCE, 0 },
	[0x05] = { FAULT_TRANSLATION, 1 },
	[0x06] = { FAULT_ACCESS_FLAG, 2 },
	[0x07] = { FAULT_TRANSLATION, 2 },
	[0x08] = { FAULT_EXTERNAL, 0 },
	[0x09] = { FAULT_DOMAIN, 1 },
	[0x0b] = { FAULT_DOMAIN, 2 },
	[0x0c] = { FAULT_EXTERNAL_WALK, 1 },
	[0x0d] = { FAULT_PERMISSION, 1 },
	[0x0e] = { FAULT_EXTERNAL_WALK, 2 },
	[0x0f] = { FAULT_PERMISSION, 2 },
	[0x10] = { FAULT_TLB_CONFLICT, 0 },
	[0x14] = { FAULT_LOCKDOWN, 0 },
	[0x16] = { FAULT_EXTERNAL, 0 },
	[0x18] = { FAULT_PARITY, 0 },
	[0x19] = { FAULT_PARITY, 0 },
	[0x1a] = { FAULT_COPROCESSOR, 0 },
	[0x1c] = { FAULT_PARITY_WALK, 1 },
	[0x1e] = { FAULT_PARITY_WALK, 2 },
	// INSTEAD
	//| // TODO 3.3: the table of the manual, entry by entry. Which two are asynchronous is yours to say, below.
	//| [0x01] = { FAULT_ALIGNMENT, 0 },
	// END SOLUTION
};

void
fault_decode(unsigned number, struct fault *f)
{
	// BEGIN SOLUTION 3.3b
	bool data = number == TRAP_DATA_ABORT;
	uint32_t fsr = data ? dfsr_read() : ifsr_read();
	unsigned fs = (fsr >> 6 & 0x10) | (fsr & 0xf);

	f->kind = causes[fs].kind;
	f->level = causes[fs].level;
	f->asynchronous = fs == 0x16 || fs == 0x18;
	f->write = data && f->kind != FAULT_DEBUG && (fsr & DFSR_WNR);
	f->address = f->asynchronous || f->kind == FAULT_DEBUG ? 0 : data ? dfar_read() : ifar_read();
	f->domain = data && f->kind == FAULT_DOMAIN ? fsr >> 4 & 0xf : 0;
	// INSTEAD
	//| // TODO 3.3: the register of this abort; FS is in two pieces; what else is valid depends on the kind.
	//| (void)number, (void)f, (void)causes;
	//| todo("3.3");
	// END SOLUTION
}
