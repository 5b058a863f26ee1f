@ Sleeps for ever with a timer that has fired and is masked: QEMU's clock then runs away, and its monitor
@ answers no more.
	.global _start
_start:
	mov	r0, #100
	mcr	p15, 0, r0, c14, c3, 0		@ CNTV_TVAL
	mov	r0, #3				@ ENABLE and IMASK
	mcr	p15, 0, r0, c14, c3, 1		@ CNTV_CTL
asleep:	wfi
	b	asleep
