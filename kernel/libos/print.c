// Printing (libos/io.h): formatted as the kernel formats, a piece at a time to SYS_WRITE.

#include <exo/printk.h>
#include <libos/io.h>
#include <libos/sys.h>

struct line {
	uint32_t used;
	char text[IO_LINE];
};

static void
put(char c, void *arg)
{
	struct line *line = arg;

	line->text[line->used++] = c;
	if (line->used == sizeof line->text) {
		sys_write(line->text, line->used);
		line->used = 0;
	}
}

int
vprintf(const char *fmt, va_list ap)
{
	struct line line;
	int n;

	line.used = 0;
	n = vformat(put, &line, fmt, ap);
	sys_write(line.text, line.used);
	return n;
}

int
printf(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vprintf(fmt, ap);
	va_end(ap);
	return n;
}
