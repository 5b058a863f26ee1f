/*
 * What QEMU's log tells: the exceptions that the guest takes (-d int) and its registers at chosen
 * instructions (-d cpu, -dfilter). The log is an unnamed file that this maps. What QEMU has written
 * is there before the guest goes on, in the vCPU's own thread, so new text is seen by looking at the
 * byte behind the old: no system call, and the order is the guest's. What was read is given back.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "plugin.h"

enum {
	WINDOW = 1 << 20,
	STEP = WINDOW / 2
}; /* mapped at a time; what is read is given back in steps */
enum { LINE_MAX = 256 };

struct registers log_registers;

static int file;
static uint64_t storm;   /* exceptions, one and the same, that end the run */
static bool hardware;    /* hardware.c hears of exceptions too */
static char *window;     /* WINDOW bytes of the file, */
static uint64_t base;    /* from here */
static const char *next; /* what comes next, in the window */

static struct exception *kept;     /* the first EXCEPTIONS_KEPT, and a ring of the last */
static struct exception before[2]; /* the last two, */
static struct exception now;       /* and the one that is being read */
static bool reading;
static size_t length;                    /* of its text */
static uint32_t here[CPUS_MAX];          /* where each vCPU's last block began */
static struct exception *goes[CPUS_MAX]; /* whose vector the next block tells */

static bool
map(uint64_t from)
{
	if (window != NULL)
		munmap(window, WINDOW);
	window = MAP_FAILED;
	if (ftruncate(file, (off_t)(from + WINDOW)) == 0)
		window = mmap(NULL, WINDOW, PROT_READ, MAP_SHARED, file, (off_t)from);
	base = from;
	next = window;
	return window != MAP_FAILED;
}

/* Called when QEMU has opened the file and emptied it. */
bool
log_open(int fd, struct exception *room, bool hardware_too, uint64_t same)
{
	storm = same;
	hardware = hardware_too;
	file = fd;
	kept = room;
	return map(0);
}

static void
slide(void)
{
	uint64_t at = base + (uint64_t)(next - window);
	uint64_t from = at - at % STEP;

#ifdef __linux__
	fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)from);
#endif
	if (!map(from)) {
		fprintf(stderr, "exolab plugin: cannot map the log\n");
		_exit(1);
	}
	next = window + (at - from);
}

/* Keep the exception that was read, now that its text is whole. */
static void
keep(void)
{
	uint64_t i = shared->exceptions;
	struct exception *slot =
	    &kept[i < EXCEPTIONS_KEPT ? i : EXCEPTIONS_KEPT + i % EXCEPTIONS_KEPT];
	bool again = false;
	const char *far;

	if (!reading)
		return;
	reading = false;
	for (int j = 0; j < 2; j++)
		again |= before[j].pc == now.pc && strcmp(before[j].text, now.text) == 0;
	shared->same = again ? shared->same + 1 : 1;
	before[shared->exceptions++ % 2] = now;
	*slot = now;
	goes[now.cpu] = slot;
	if (hardware) {
		far = strstr(now.text, "FAR 0x");
		hardware_exception(now.pc, far != NULL,
		                   far ? (uint32_t)strtoul(far + 4, NULL, 16) : 0);
	}
}

static void
add(const char *line, size_t size)
{
	if (length + size >= sizeof(now.text))
		return;
	memcpy(now.text + length, line, size);
	length += size;
	now.text[length] = '\0';
}

static void
take(const char *line, size_t size)
{
	static const char taking[] = "Taking exception ", more[] = "...", call[] = "...handled as ";
	const char *on;
	int first;

#define STARTS(what) (size >= sizeof(what) - 1 && memcmp(line, what, sizeof(what) - 1) == 0)
	if (STARTS(call)) { /* PSCI: QEMU did it itself, and the guest has taken nothing */
		reading = false;
	} else if (STARTS(more)) {
		add(line, size);
	} else if (STARTS(taking)) {
		keep();
		on = memmem(line, size, " on CPU ", 8);
		now.cpu = (uint8_t)(on ? strtoul(on + 8, NULL, 10) % CPUS_MAX : 0);
		now.pc = here[now.cpu] + (uint32_t)shared->walked;
		now.count = shared->now.instructions;
		now.vector = 0;
		length = 0;
		reading = true;
		add(line, size);
	} else if (size > 4 && line[0] == 'R' && sscanf(line, "R%2d=", &first) == 1 &&
	           first <= 12) {
		uint32_t *r = &log_registers.r[first];

		sscanf(line, "R%*2d=%x R%*2d=%x R%*2d=%x R%*2d=%x", r, r + 1, r + 2, r + 3);
	} else if (STARTS("PSR=")) {
		log_registers.psr = (uint32_t)strtoul(line + 4, NULL, 16);
	}
#undef STARTS
}

/* A block begins, at `start`: read what is new in the log since the last one did. */
bool
log_before_block(unsigned cpu, uint32_t start)
{
	const char *end;

	while (*next != '\0') {
		end = strchr(next, '\n');
		if (end == NULL)
			break;
		take(next, (size_t)(end + 1 - next));
		shared->log_read += (uint64_t)(end + 1 - next);
		next = end + 1;
		if (next - window >= STEP)
			slide();
	}
	keep();
	if (goes[cpu] != NULL) {
		goes[cpu]->vector = start;
		goes[cpu] = NULL;
	}
	here[cpu] = start;
	shared->block = start;
	shared->walked = 0;
	return shared->same < storm;
}
