// Switches off with its first instruction.
//
// file: start.S
// judged: all
// check reset: fail, wrong output
// check stacks: fail, waits

	.text
	.global	_start, boot_stacks
_start:
boot_stacks:
	ldr	r0, =0x84000008
	hvc	#0
	ldr	r0, =0x84000008
	smc	#0
	b	.
