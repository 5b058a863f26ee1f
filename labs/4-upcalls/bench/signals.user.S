// The slots of signals.user.c, and where its handlers return to.

#include "signal.h"
#include "slots.h"

	slots	3
	slot	null, 0, svc 0
	slot	prot1_once, 0, bl mprotect
	slot	prot_once, 0, bl mprotect
	slot	unprot_once, 0, bl mprotect
	slot	trap_once, 0, str r0, [r0]
	slot	unprotect_once, 0, str r0, [r0]
	slot	appel1_once, 0, str r0, [r0]
	slot	appel2_once, 0, bl appel2
	slots_end

	.text
	.global	restorer
	.type	restorer, %function
restorer:
	mov	r7, #SYS_SIGRETURN
	svc	#0
	.size	restorer, . - restorer
