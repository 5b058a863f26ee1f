// What stands behind todo() (exo/todo.h): the line, and the end of the run.

#include <exo/report.h>
#include <exo/string.h>
#include <exo/todo.h>

// The last folder of `file` that belongs to the lab of `step`: for "2.3" one that begins with "2-".
static const char *
lab_of(const char *step, const char *file, size_t *len)
{
	const char *lab = step, *folder = file;
	size_t number = 0;

	while (step[number] != '.' && step[number] != '\0')
		number++;
	*len = number;
	for (const char *p = file; *p != '\0'; p++) {
		if (*p != '/')
			continue;
		if (strncmp(folder, step, number) == 0 && folder[number] == '-') {
			lab = folder;
			*len = p - folder;
		}
		folder = p + 1;
	}
	return lab;
}

void
todo_end(const char *step, const char *file)
{
	size_t len;
	const char *lab = lab_of(step, file, &len);

	out_printk("\nTODO %s: not written yet (labs/%.*s, step %s)\n", step, (int)len, lab, step);
	run_end();
}

// UDF (A8.8.247) in A32: 1110 0111 1111 imm12 1111 imm4.
void
todo_undefined(uint32_t word, uint32_t r0, uint32_t r1)
{
	if (word == (0xe7f000f0 | (TODO_UDF & 0xfff0) << 4 | (TODO_UDF & 0xf)))
		todo_end((const char *)(uintptr_t)r0, (const char *)(uintptr_t)r1);
}
