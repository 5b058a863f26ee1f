// forms/written.module.s as it is: what its module's results are compared with.

	.include "labs/5-sfi/checks/forms/written.module.s"
