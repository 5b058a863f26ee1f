// What this lab's kernel costs in instructions (bench.toml): each thing eight times, between two
// marks.

#include <exo/check.h>
#include <exo/console.h>
#include <exo/string.h>

static uint32_t from[1025], to[1025];

static counted void
putc_once(void)
{
	void (*putc)(char) = console()->putc;

	MARK(putc_begin);
	putc('.');
	MARK(putc_end);
}

static counted void
printk_once(void)
{
	MARK(printk_begin);
	printk("page %u is at 0x%08x\n", 1234, 0x40100000);
	MARK(printk_end);
}

static counted void
memcpy_once(void)
{
	MARK(memcpy_begin);
	memcpy(to, from, 4096);
	MARK(memcpy_end);
}

static counted void
memcpy_unaligned_once(void)
{
	MARK(memcpy_unaligned_begin);
	memcpy(to, (uint8_t *)from + 1, 4096);
	MARK(memcpy_unaligned_end);
}

static counted void
memset_once(void)
{
	MARK(memset_begin);
	memset(to, 0x55, 4096);
	MARK(memset_end);
}

void
check_main(void)
{
	for (int i = 0; i < 8; i++) {
		putc_once();
		printk_once();
		memcpy_once();
		memcpy_unaligned_once();
		memset_once();
	}
}
