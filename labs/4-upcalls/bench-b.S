// Names for places in bench-b/main.user.S, which is linked by itself: the grader knows the kernel's symbols.

.macro at name, offset
	.global	\name
	.equ	\name, 0x10000 + \offset
	.endm

	at	async_begin, 0x10
	at	sync_begin, 0x30
	at	transfer_end, 0x40
	at	lrpc_begin, 0x80
	at	tlrpc_begin, 0xa0
	at	pipe_begin, 0xc0
	at	yield_begin, 0xe0
	at	stride_begin, 0x100
	at	end_begin, 0x120
	at	end_end, 0x140
	at	lrpc_end, 0x84
	at	tlrpc_end, 0xa4
	at	pipe_end, 0xc4
	at	yield_end, 0xe4
	at	stride_end, 0x104
