// Formatting (exo/printk.h): one pass over the format, one conversion at a time.

#include <exo/printk.h>
#include <exo/string.h>

struct conversion {
	bool left, zero;	// the flags - and 0
	int width, precision;	// precision -1: none given
	unsigned longs;		// l, ll: 1, 2
	unsigned shorts;	// h, hh: 1, 2
};

struct sink {
	void (*put)(char c, void *arg);
	void *arg;
	int count;
};

static void
put(struct sink *s, char c)
{
	s->put(c, s->arg);
	s->count++;
}

// `prefix` and then `len` bytes of `text`, in a field of the conversion's width; zeros go
// between the two.
static void
put_field(struct sink *s, const struct conversion *c, const char *prefix, const char *text, int len)
{
	int pad = c->width - (int)strlen(prefix) - len;

	if (!c->left && !c->zero)
		for (; pad > 0; pad--)
			put(s, ' ');
	while (*prefix != '\0')
		put(s, *prefix++);
	if (!c->left)
		for (; pad > 0; pad--)
			put(s, '0');
	while (len-- > 0)
		put(s, *text++);
	for (; pad > 0; pad--)
		put(s, ' ');
}

static void
put_number(struct sink *s, const struct conversion *c, const char *prefix, uint64_t v, unsigned base, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char buf[20];		// as long as the longest 64-bit number in base ten
	char *p = buf + sizeof(buf);

	do {
		*--p = digits[v % base];
		v /= base;
	} while (v != 0);
	put_field(s, c, prefix, p, buf + sizeof(buf) - p);
}

static int64_t
signed_argument(const struct conversion *c, va_list *ap)
{
	if (c->longs >= 2)
		return va_arg(*ap, long long);
	int v = c->longs ? (int)va_arg(*ap, long) : va_arg(*ap, int);
	return c->shorts == 2 ? (signed char)v : c->shorts == 1 ? (short)v : v;
}

static uint64_t
unsigned_argument(const struct conversion *c, va_list *ap)
{
	if (c->longs >= 2)
		return va_arg(*ap, unsigned long long);
	unsigned v = c->longs ? (unsigned)va_arg(*ap, unsigned long) : va_arg(*ap, unsigned);
	return c->shorts == 2 ? (unsigned char)v : c->shorts == 1 ? (unsigned short)v : v;
}

// A number in the format, or * for the next argument.
static const char *
parse_number(const char *p, int *v, va_list *ap)
{
	if (*p == '*') {
		*v = va_arg(*ap, int);
		return p + 1;
	}
	for (*v = 0; *p >= '0' && *p <= '9'; p++)
		*v = *v * 10 + (*p - '0');
	return p;
}

// The conversion that begins behind the % at `percent`; returns where the format goes on.
static const char *
convert(struct sink *s, const char *percent, va_list *ap)
{
	struct conversion c = { .precision = -1 };
	const char *p = percent + 1;

	for (; *p == '-' || *p == '0'; p++) {
		c.left |= *p == '-';
		c.zero |= *p == '0';
	}
	p = parse_number(p, &c.width, ap);
	if (c.width < 0) {
		c.left = true;
		c.width = -c.width;
	}
	if (*p == '.')
		p = parse_number(p + 1, &c.precision, ap);
	for (; *p == 'l' || *p == 'h' || *p == 'z'; p++) {
		c.longs += *p == 'l';
		c.shorts += *p == 'h';
	}

	switch (*p) {
	case 'd':
	case 'i': {
		int64_t v = signed_argument(&c, ap);

		put_number(s, &c, v < 0 ? "-" : "", v < 0 ? -(uint64_t)v : (uint64_t)v, 10, false);
		break;
	}
	case 'u':
		put_number(s, &c, "", unsigned_argument(&c, ap), 10, false);
		break;
	case 'x':
	case 'X':
		put_number(s, &c, "", unsigned_argument(&c, ap), 16, *p == 'X');
		break;
	case 'p':
		put_number(s, &c, "0x", (uintptr_t)va_arg(*ap, void *), 16, false);
		break;
	case 'c': {
		char ch = va_arg(*ap, int);

		c.zero = false;
		put_field(s, &c, "", &ch, 1);
		break;
	}
	case 's': {
		const char *text = va_arg(*ap, const char *);
		int len = 0;

		if (text == NULL)
			text = "(null)";
		while ((c.precision < 0 || len < c.precision) && text[len] != '\0')
			len++;
		c.zero = false;
		put_field(s, &c, "", text, len);
		break;
	}
	case '%':
		put(s, '%');
		break;
	default:		// unknown: as it stands
		while (percent < p)
			put(s, *percent++);
		return p;
	}
	return p + 1;
}

int
vformat(void (*put_byte)(char c, void *arg), void *arg, const char *fmt, va_list ap)
{
	struct sink s = { put_byte, arg, 0 };
	va_list args;

	va_copy(args, ap);	// a va_list of our own, whose address can be passed on
	while (*fmt != '\0') {
		if (*fmt == '%')
			fmt = convert(&s, fmt, &args);
		else
			put(&s, *fmt++);
	}
	va_end(args);
	return s.count;
}

struct buffer {
	char *next, *last;	// where the next byte goes; where the NUL goes at the latest
};

static void
buffer_put(char c, void *arg)
{
	struct buffer *b = arg;

	if (b->next < b->last)
		*b->next++ = c;
}

int
snprintk(char *buf, size_t size, const char *fmt, ...)
{
	struct buffer b = { buf, buf + (size > 0 ? size - 1 : 0) };
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vformat(buffer_put, &b, fmt, ap);
	va_end(ap);
	if (size > 0)
		*b.next = '\0';
	return n;
}
