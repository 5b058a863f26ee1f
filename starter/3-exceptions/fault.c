// Why an access or a fetch was aborted (exo/trap.h): the fault status registers, decoded for the
// short-descriptor format.

#include <exo/arm.h>
#include <exo/todo.h>
#include <exo/trap.h>

// FS[4:0] of both registers (DDI 0406C, table B3-23).
static const struct {
	uint8_t kind, level;
} causes[32] = {
	// TODO 3.3: the table of the manual, entry by entry. Which two are asynchronous is yours to say, below.
	[0x01] = { FAULT_ALIGNMENT, 0 },
};

void
fault_decode(unsigned number, struct fault *f)
{
	// TODO 3.3: the register of this abort; FS is in two pieces; what else is valid depends on the kind.
	(void)number, (void)f, (void)causes;
	todo("3.3");
}
