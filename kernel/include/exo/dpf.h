// Packet filters: lab 7's contract (Engler and Kaashoek, "DPF: fast, flexible message demultiplexing using dynamic
// code generation", SIGCOMM '96). An application says by a filter which frames are its own; the kernel merges all
// filters into one trie, compiles that, and runs the code for every frame that arrives.
//
// *A filter* is a sequence of items, looked at from the first to the last, with a base that is the frame's first byte
// at first.
//
//	atom        base + offset : width & mask == value   the number of 8, 16 or 32 bits that lies there in network order
//	shift       base += by                              by a constant
//	shift       base += (offset : width & mask) << by   by a field of the frame, which lies there from the old base on
//
// It matches when every atom holds. An atom, or a field, that does not lie whole in the frame does not hold, whatever
// its mask leaves out. A base may lie anywhere; only what is read there has to be in the frame. No item at all
// matches every frame.
//
// *Which filter* gets a frame: of those that match, the one that constrains the most bits; a bit that two atoms
// constrain is one. There is no second such, as dpf_insert() takes no filter that constrains as many bits as another
// if both could match one frame. *Both could match* unless there is a bit, at the same offset from the same base,
// that has to be 0 for one and 1 for the other; bases are the same behind shifts by the same fields, written in the
// same way.
#pragma once

#include <exo/cap.h>
#include <exo/types.h>

#define DPF_FILTERS   2048	// at once
#define DPF_ITEMS     16	// of a filter
#define DPF_LEVELS    4		// bases of a filter that no constant tells apart: one more than shifts by a field
#define DPF_CELLS     32	// of a filter's canonical form
#define DPF_REACH     65536u	// bytes that atoms and fields lie in, all shifts by constants counted, none by fields
#define DPF_FRAME_MAX 65535	// bytes of a frame

enum dpf_kind { DPF_ATOM, DPF_SHIFT, DPF_FIELD };

// 12 bytes, little-endian in a file or a message.
struct dpf_item {
	uint8_t kind;		// DPF_ATOM, DPF_SHIFT, DPF_FIELD
	uint8_t width;		// 8, 16 or 32; 0 in a DPF_SHIFT
	uint16_t offset;	// from the base, in bytes; 0 in a DPF_SHIFT
	uint32_t mask;		// not 0, and no bit above the width; 0 in a DPF_SHIFT
	uint32_t value;		// DPF_ATOM: no bit outside mask; DPF_SHIFT: bytes, below DPF_REACH; DPF_FIELD: by how
				// many bits to the left, such that no field moves the base by DPF_REACH
};

struct dpf_filter {
	uint32_t endpoint;	// what the owner calls the place that frames go to
	uint32_t count;		// of items
	struct dpf_item items[DPF_ITEMS];
};

// Given, in kernel/dpf/dpf.c. Take a filter for this owner; from then on it has a part in dpf_classify(). Its id, 1
// to DPF_FILTERS. guard is what a capability has to fit (with RIGHT_GUARD) to insert, for another owner, a filter
// that could take a frame of this one's: that matches what it matches, and constrains more bits. cap is the caller's,
// or null. All three lie in the kernel's memory, and nobody writes them meanwhile. -E_INVAL: an item is not as above,
// an atom contradicts another, or there are more than DPF_CELLS cells; -E_OVERLAP; -E_PERM: it could take frames of a
// filter whose guard cap does not fit; -E_NOMEM: no id, no node or no space for code is left. Nothing has changed
// then.
int32_t dpf_insert(const struct dpf_filter *filter, uint32_t owner, const struct guard *guard, const struct cap *cap);

// Drop a filter of this owner's. -E_NOENT: it has none of that id.
int dpf_delete(uint32_t id, uint32_t owner);

// Whose frames the filter of that id are; false: there is none.
bool dpf_find(uint32_t id, uint32_t *owner, uint32_t *endpoint);

// The id of the filter that gets this frame; 0: none. The frame lies 2 bytes behind a multiple of 4, so that what
// follows an Ethernet header is aligned; at most DPF_FRAME_MAX bytes. What is read lies in words that the frame has a
// byte in, and nothing is kept. The pointer changes with every insertion and deletion.
typedef uint32_t dpf_classifier(const uint8_t *frame, uint32_t size);
extern dpf_classifier *dpf_classify;

// What all that takes up at present.
struct dpf_use {
	uint32_t filters, nodes, tests, words;	// words of code, tables included
};
struct dpf_use dpf_use(void);

// Before all else here; lab 2's map is there.
void dpf_init(void);

// ---- The canonical form: step 7.1, in canonical.c.
//
// What a filter says, said in one way only. A shift by a constant is part of the offsets behind it, and what an atom
// says lies in cells: the aligned units of memory, as large as the alignment that is known of the base allows, up to
// 4 bytes. Of a base it is known where it lies in a unit of `unit` bytes: at `phase`. At the frame's start: unit 4,
// phase 2. A field moves the base by a multiple of a power of 2, and what is known of the new one follows from that.
//
// Cells are in this order: by level, the number of fields that the base depends on; the field that leads to the next
// level behind all other cells of its own; those by address. No two of a level have one address, so
// what two atoms say of one unit, or of parts of it, is one cell. A last field
// behind whose base nothing is read is left out.
enum { DPF_CELL, DPF_MOVE };

struct dpf_cell {		// DPF_CELL		DPF_MOVE
	uint8_t kind;
	uint8_t level;
	uint8_t bytes;		// of the unit		of the field
	uint8_t shift;		// 0			by how many bits to the left
	int32_t at;		// from the base; a unit may begin up to 3 bytes before it
	uint32_t mask;		// as a little-endian	as a number in network order, as in the item
	uint32_t value;		// load of the unit has them; 0
};

struct dpf_canon {
	uint32_t count;
	uint32_t bits;			// constrained
	uint32_t need[DPF_LEVELS];	// bytes that a frame has to have behind each base; 0: nothing is read there
	struct dpf_cell cells[DPF_CELLS];
};

// The canonical form of a filter whose items are as above; *c may hold anything before. The first item that is too much
// is refused:
//	with -E_INVAL if it ends beyond DPF_REACH;
//	else with -E_INVAL if it is an atom that contradicts what was before, a field more than DPF_LEVELS - 1, or needs
//	a cell more than DPF_CELLS.
int dpf_canonical(const struct dpf_filter *filter, struct dpf_canon *c);

// Given, in kernel/dpf/cell.c. The cell of c that is of this one's level, kind and place; if there is none, this one,
// put where it belongs. Null: there are DPF_CELLS. The next call may move what was found.
struct dpf_cell *dpf_cell(struct dpf_canon *c, const struct dpf_cell *cell);

// ---- The trie: step 7.2, in trie.c.
//
// A node stands for what has been found so far. From it lead tests, each of one unit under one mask, or a field; from
// a test nodes, one for each value that a filter wants there. A filter is the way from the root along its cells, and
// ends in a node. Filters that begin alike share that beginning. Where more than one test leads on, each is tried.
struct dpf_sum {		// of all filters that end in a node, or behind it
	uint16_t filters, most, least;	// how many; the bits of those that constrain the most and the fewest
	uint32_t need[DPF_LEVELS];	// the fewest that any needs
};

// What the compiler relied on when it made a block of code (exo/dpfcode.h).
struct dpf_context {
	uint32_t checked[DPF_LEVELS];	// bytes behind each base that are known to be in the frame
	uint32_t later;			// the most bits that a filter constrains which is tried when this way leads nowhere
};

struct dpf_node {
	uint32_t value;			// what the test found that leads here
	struct dpf_node *next;		// of the test's, in ascending order of values
	struct dpf_test *tests, *from;
	struct dpf_sum sum;
	uint16_t id;			// of the filter that ends here; 0: none does
	uint16_t bits;			// and what it constrains,
	uint32_t need[DPF_LEVELS];	// and needs
	bool mixed;			// a test here may find a filter that constrains fewer bits than one behind a later test
	// The compiler's.
	bool changed;			// since it was compiled, or something behind it
	uint32_t block;			// its code, where it has some of its own; else 0
	struct dpf_context context;
	struct dpf_node *chain;		// of one slot of a table
};

struct dpf_table {
	uint8_t shift, width;		// of the key in the value, in bits
	bool jump;			// slot: the number as it stands in the frame, less first; else bits of it times factor
	uint32_t first, factor, position, bits;
	uint32_t slots, at, longest;	// how many; the first one's address; values that one may have
};

struct dpf_test {
	struct dpf_cell cell;		// value: 0
	struct dpf_test *next;		// of the node's; those that lead to filters of more bits first
	struct dpf_node *values, *from;
	uint32_t count;			// of values
	struct dpf_sum sum;
	// The compiler's: the table that finds the value, where there is one.
	uint32_t block;			// 0: there is none
	struct dpf_context context;
	bool lost;			// a value has gone since,
	uint32_t lost_value;		// this one
	uint32_t round;			// when it was made, or found to be as it should be
	struct dpf_table table;
};

extern struct dpf_node dpf_root;

// A filter's way; there is none of the same cells, and there are tests and nodes enough.
void dpf_trie_insert(const struct dpf_canon *f, uint32_t id);

// Undo that: what no other filter's way leads over is gone.
void dpf_trie_delete(const struct dpf_canon *f);

// Given, in kernel/dpf/pool.c. A test of this cell, or a node of this value, with nothing behind it, put in its place
// below a node, or a test; the same taken out of there and freed, when nothing is behind it.
struct dpf_test *dpf_new_test(struct dpf_node *under, const struct dpf_cell *cell);
struct dpf_node *dpf_new_node(struct dpf_test *under, uint32_t value);
void dpf_free_test(struct dpf_test *t);
void dpf_free_node(struct dpf_node *n);

// The filter that ends in this node has come; one that ended in it, or right behind it, has gone: the sums from here
// to the root follow, and all that has to be compiled again is known.
void dpf_came(struct dpf_node *n);
void dpf_went(struct dpf_node *n);
