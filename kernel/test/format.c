// Formats what the parameter block's input says, by each of the functions of exo/printk.h that
// do. The input is cases one after the other; the words of a case lie as the procedure call
// standard lays out the arguments behind the last named one, of which r3 has the first.

#include <exo/check.h>
#include <exo/console.h>

#include "log.h"

struct test {
	uint32_t bytes;		// of this case
	uint32_t size;		// that snprintk gets
	const char *format;
	uint32_t word[15];	// as many as it takes
};

#define ROOM 256		// bytes; texts are shorter

static struct text {
	char byte[ROOM];
	uint32_t length;
} text;

static void
clear(void)
{
	for (unsigned i = 0; i < ROOM; i++)
		((volatile char *)text.byte)[i] = 0x5a;
	text.length = 0;
}

static void
put(char c, void *arg)
{
	struct text *t = arg;

	if (t->length < ROOM)
		t->byte[t->length] = c;
	t->length++;
}

static void
console_put(char c)
{
	put(c, &text);
}

static const struct console console_text = { console_put, NULL };

#define WORDS(w) w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8], w[9], w[10], w[11], w[12], \
	w[13], w[14]

static int __attribute__((format(printf, 3, 4)))
by_vformat(void *unused0, void *unused1, const char *fmt, ...)
{
	va_list ap;
	int n;

	(void)unused0, (void)unused1;
	va_start(ap, fmt);
	n = vformat(put, &text, fmt, ap);
	va_end(ap);
	return n;
}

static void
log_text(int n)
{
	log_word(n);
	log_word(text.length);
	log_bytes(text.byte, ROOM);
}

void
check_main(void)
{
	const struct console *uart = console();
	const uint8_t *at = params()->input, *end = at + params()->input_size;

	while (at < end) {
		const struct test *t = (const struct test *)at;
		int n;

		clear();
		n = snprintk(text.byte, t->size, t->format, WORDS(t->word));
		log_text(n);

		clear();
		n = by_vformat(NULL, NULL, t->format, WORDS(t->word));
		log_text(n);

		// Here they begin in r1, which for pairs of words comes to the same.
		clear();
		console_register(&console_text);
		n = printk(t->format, WORDS(t->word));
		log_text(n);

		clear();
		console_register(NULL);
		n = printk(t->format, WORDS(t->word));
		log_text(n);
		at += t->bytes;
	}
	console_register(uart);
}
