// The entry `revoke` (libos/revoke.h): give pages back, then begin as usual. Given, with revoke.c.

#include <exo/upcall.h>

	.text

	.global	upcall_revoke
	.type	upcall_revoke, %function
upcall_revoke:
	ldr	sp, =stack_top
	mov	r0, #USER_TOP
	sub	r0, r0, #PAGE_SIZE
	ldr	r0, [r0, #SAVE_WANTED]
	bl	revoke_give
	b	upcall_begin
	.ltorg
	.size	upcall_revoke, . - upcall_revoke

	.section .bss.pinned, "aw", %nobits
	.balign	8
	.space	2048
stack_top:
