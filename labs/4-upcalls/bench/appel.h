// The slots of linear.user.S and inverted.user.S, QUARTER of which each says.

#include "slots.h"

	slots	QUARTER
	slot	null, 0, svc 0
	slot	dirty_once, 0, bl page_dirty
	slot	prot1_once, 0, bl prot1
	slot	prot_once, 0, bl protN
	slot	unprot_once, 0, bl unprotN
	slot	trap_once, 0, str r0, [r0]
	slot	unprotect_once, 0, str r0, [r0]
	slot	appel1_once, 0, str r0, [r0]
	slot	appel2_once, 0, bl appel2
	slot	zero_once, 0, str r0, [r0]
	slot	fork_once, 0, bl fork
	slot	clean_once, 0, str r0, [r0]
	slots_end
