// What the given parts of the packet filters know of one another.
#pragma once

#include <exo/dpfcode.h>

#define DPF_POOL   16384	// nodes, and tests
#define DPF_WORDS  (256 * 1024)	// of code: one window of exo/kmap.h
#define DPF_WINDOW 40
#define DPF_APART  8		// so many filters behind a node that is one of several give it a block of its own

// What is so large that clearing it at every boot would be felt; it is written before it is read.
#define DPF_LARGE __attribute__((section(".far")))

// pool.c
extern uint32_t dpf_nodes, dpf_tests;
extern uint32_t dpf_mixed;		// nodes that are

// dpf.c
extern uint32_t dpf_deep;		// filters that have a level beyond 1
bool dpf_room(uint32_t count);		// for so many nodes and tests more
void dpf_forget_blocks(void);
void dpf_settled(void);			// what has changed is compiled

// code.c
struct dpf_begun { uint32_t words, labels, fixups; };
extern bool dpf_full;			// something has found no room since dpf_code_reset() or dpf_commit()
void dpf_code_reset(void);		// all blocks are gone
void dpf_begin(struct dpf_begun *outer);
uint32_t dpf_end(const struct dpf_begun *outer);	// the block's address; 0: no room
void dpf_drop_block(uint32_t *block);	// at the next dpf_commit()
void dpf_commit(void);			// what is written is seen by the core; what is dropped is gone
uint32_t dpf_word(uint32_t address);
void dpf_write(uint32_t address, uint32_t word);
void dpf_where(dpf_label to);		// a word that is its address
void dpf_leads_to(uint32_t stub, dpf_label to);	// the word there is to be a branch to a label, when that is known
uint32_t dpf_made(const struct dpf_begun *outer);	// words of the block so far
uint32_t dpf_words(void);		// in use

// walk.c
dpf_classifier dpf_walk;

// table.c
void dpf_drop_table(struct dpf_test *t);

// block.c
extern uint32_t dpf_round;		// one more with each dpf_compile()
void dpf_moved(struct dpf_node *n);

// Code for the whole trie, dpf_classify and all. -E_NOMEM: there is no room for it; nothing is as it was.
int dpf_compile(void);
