// One program in the kernel's image: PROGRAM is its name, ELF the file.

	.section .rodata.program, "a"
1:	.asciz	PROGRAM
	.balign	4
2:	.incbin	ELF
3:
	.section .programs, "a"
	.word	1b, 2b, 3b
