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
