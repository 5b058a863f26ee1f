// What the compiled classifier is measured against: interpreters of filters, and filters compiled without being merged.
#pragma once

#include <exo/dpf.h>

// Classic BPF (McCanne and Jacobson, "The BSD packet filter", USENIX Winter '93, section 3.3): an accumulator, an index
// register, a frame; programs as tcpdump -ddd prints them. No scratch memory.
struct cbpf {
	uint16_t code;
	uint8_t jt, jf;
	uint32_t k;
};

// What the program returns; 0 where it reads what is not in the frame. Every jump leads forward and into the program,
// the last instruction returns.
uint32_t cbpf_run(const struct cbpf *program, const uint8_t *frame, uint32_t size);

// The trie of all filters that there are (dpf_root), interpreted: values by binary search, tests in their order. Make
// it ready when filters have changed; then the id of the filter that gets a frame, or 0.
void trie_prepare(void);
uint32_t trie_run(const uint8_t *frame, uint32_t size);

// Each of these filters compiled by itself, one behind the other, those that constrain the most first: a classifier
// that says the number of the first that matches, from 1. There is no filter in the trie meanwhile. Null: no room.
dpf_classifier *separate_compile(const struct dpf_canon *filters, uint32_t count);
void separate_free(dpf_classifier *made);
