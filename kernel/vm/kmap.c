// The kernel's own map (exo/kmap.h), in tables that are part of the image.

#include <exo/board.h>
#include <exo/boot.h>
#include <exo/kmap.h>
#include <exo/mmu.h>
#include <exo/panic.h>

#define SECTION_NORMAL (L1_SECTION | SECTION_C | SECTION_B | SECTION_AP0)
#define SECTION_DEVICE (L1_SECTION | SECTION_B | SECTION_AP0)
#define PAGE_NORMAL    (L2_SMALL | L2_C | L2_B | L2_AP0)
#define SHARED         4	// megabytes that text and read-only data may reach into

static uint32_t l1[4096] __attribute__((aligned(16384)));
static uint32_t l2[SHARED][L2_ENTRIES] __attribute__((aligned(1024)));
static uint32_t empty[L1_ENTRIES] __attribute__((aligned(4096)));

static bool
within(physaddr_t pa, const uint8_t *start, const uint8_t *end)
{
	return pa >= v2p(start) && pa < v2p(end);
}

// The entry of one page of the kernel's image, or of what shares its megabyte.
static uint32_t
page_entry(physaddr_t pa)
{
	if (within(pa, __text_start, __text_end))
		return pa | PAGE_NORMAL | L2_AP2;
	if (within(pa, __rodata_start, __rodata_end))
		return pa | PAGE_NORMAL | L2_AP2 | L2_XN;
	return pa | PAGE_NORMAL | L2_XN;
}

physaddr_t
kmap_init(void)
{
	physaddr_t from = v2p(__text_start) & SECTION_PA, to = v2p(__rodata_end);

	for (physaddr_t pa = BOARD_RAM_PA; pa - BOARD_RAM_PA < BOARD_RAM_SIZE; pa += SECTION_SIZE)
		l1[(uintptr_t)p2v(pa) / SECTION_SIZE] = pa | SECTION_NORMAL | SECTION_XN | SECTION_PXN;
	for (physaddr_t pa = from; pa < to; pa += SECTION_SIZE) {
		uint32_t i = (pa - from) / SECTION_SIZE;

		if (i == SHARED)
			panic("the kernel's text has more than %u MB", SHARED);
		for (uint32_t j = 0; j < L2_ENTRIES; j++)
			l2[i][j] = page_entry(pa + j * PAGE_SIZE);
		l1[(uintptr_t)p2v(pa) / SECTION_SIZE] = v2p(l2[i]) | L1_TABLE;
	}
	for (physaddr_t pa = BOARD_MMIO_PA; pa - BOARD_MMIO_PA < BOARD_MMIO_SIZE; pa += SECTION_SIZE)
		l1[(pa + BOARD_MMIO_OFFSET) / SECTION_SIZE] = pa | SECTION_DEVICE | SECTION_XN | SECTION_PXN;
	return v2p(l1);
}

physaddr_t
kmap_empty(void)
{
	return v2p(empty);
}

uint32_t *
kmap_l1(void)
{
	return l1;
}
