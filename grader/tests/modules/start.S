@ Calls a module's first function as the kernel's gate would, and switches off with its result in r4.
	.global	_start, begin, end
_start:
	ldr	r9, =CODE + 0x2000
	ldr	r10, =DATA + 0x1000
	ldr	r8, =DATA			@ matching's
	ldr	sp, =DATA + 0xff000
	ldr	lr, =CODE
	ldr	r12, =CODE + CALL
	ldr	r0, =ARGUMENT
	mov	r1, #0
	mov	r2, #0
	mov	r3, #0
begin:	bx	r12
end:	mov	r4, r0
	ldr	r0, =0x84000008
	hvc	#0
	.ltorg

	.section .entries, "ax"
	b	end
	.word	0xe7f000f0, 0xe7f000f0, 0xe7f000f0, 0xe7f000f0

	.section .code, "ax"
	.incbin	CODE_FILE

	.section .module, "aw"
	.incbin	DATA_FILE
