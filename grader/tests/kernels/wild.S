@ Jumps to TO, as through a bad pointer; before that it writes WRITE there, as through another. Where it is told
@ VECTORS, it has its exception vectors there and takes an exception. With CORE it is that core that does so,
@ and the first sleeps.
	.global _start
_start:
#ifdef CORE
	ldr	r0, =0x84000003			@ CPU_ON(cpu, entry)
	mov	r1, #CORE
	adr	r2, other
	hvc	#0
1:	wfi
	b	1b
other:
#endif
#ifdef VECTORS
	ldr	r0, =VECTORS
	mcr	p15, 0, r0, c12, c0, 0		@ VBAR
	udf	#0
#else
	ldr	r0, =TO
#ifdef WRITE
	mov	r1, #WRITE
	str	r1, [r0]
#endif
	blx	r0
#endif
from:
