// SipHash-2-4 (Aumasson and Bernstein, INDOCRYPT 2012): a MAC of 64 bits under a key of 128.
#pragma once

#include <exo/types.h>

// Of size bytes at data, which need no alignment; key and result as the paper's appendix A has
// them, little-endian.
uint64_t siphash(const uint8_t key[16], const void *data, size_t size);
