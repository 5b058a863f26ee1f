// The compiler of pipes (exo/pipe.h). Shifts by constants need to know how source and destination are aligned, so the
// code has a *way* for each pair of alignments, 16 with a copy and 4 without, and chooses one when it is called. A way
// goes through the message by blocks of BLOCK words, then word by word, then takes what is left:
//
//	fetch   the source's aligned words, two of them shifted into one of the message's where it is not aligned
//	apply   each pipe to the block's words in registers, one pipe after the other
//	store   the same the other way round
//
// Two passes: the first only counts.

#include <exo/a32.h>
#include <exo/error.h>
#include <exo/pipe.h>

#define BLOCK 4

// Registers of the code. The message's words are from BEFORE on where the source is not aligned, else from WORDS on.
enum {
	SOURCE, DESTINATION,		// the next word to load, the next byte to store
	LEFT,				// bytes to come; in a loop less those that its next turn takes
	BEFORE,				// the last word loaded, of which not all bytes have been taken
	WORDS,				// BLOCK of them
	LAST = WORDS + BLOCK - 1,
	CARRY,				// bytes that are to be stored, the destination's word not being whole yet
};
static const uint8_t kept[PIPE_REGISTERS] = { 9, 10, 11, 12, A32_LR };	// sums and keys, as the pipes come
#define SAVED 0x0ff0u			// r4 to r11

// A way's first word, which bytes are not enough for, is stored by bytes, as is what is left behind its last.
enum part { HEAD, BODY, TAIL };

struct loop {
	uint32_t *code;			// null in the first pass
	uint32_t words;			// emitted so far
	const struct pipe *pipes;
	uint32_t count;
	bool copies;
	uint32_t width;			// bytes that the length is a multiple of
	unsigned from, to;		// of the way: source and destination modulo 4
	struct {
		uint32_t start, words, tail, rest;
	} at[16];			// where in the code; right in the second pass, as are:
	uint32_t done, refused;
};

static unsigned
ways(const struct loop *l)
{
	return l->copies ? 16 : 4;
}

// Whether it has a register of `kept`.
static bool
keeps(const struct pipe *pipe)
{
	return pipe->kind == PIPE_SUM || pipe->kind == PIPE_XOR;
}

static void
emit(struct loop *l, uint32_t word)
{
	if (l->code != NULL)
		l->code[l->words] = word;
	l->words++;
}

static void
branch(struct loop *l, enum a32_cond cond, uint32_t to)
{
	emit(l, a32_branch(cond, 4 * (int32_t)(to - l->words)));
}

static void
constant(struct loop *l, unsigned rd, uint32_t value)
{
	emit(l, a32_movw(rd, value));
	emit(l, a32_movt(rd, value));
}

static void
emit_if(struct loop *l, enum a32_cond cond, uint32_t word)
{
	emit(l, (word & 0x0fffffff) | (uint32_t)cond << 28);
}

static uint32_t
list(unsigned first, unsigned n)
{
	return ((1u << n) - 1) << first;
}

static void
fetch(struct loop *l, enum part part, unsigned n)
{
	if (part != TAIL) {
		emit(l, a32_block(true, SOURCE, list(WORDS, n)));
		for (unsigned r = BEFORE; l->from != 0 && r < BEFORE + n; r++) {
			emit(l, a32_shift_imm(LSR, r, r, 8 * l->from));
			emit(l, a32_dp_shifted(ORR, false, r, r, r + 1, LSL, 32 - 8 * l->from));
		}
		return;
	}
	if (l->from == 0) {
		emit(l, a32_block(true, SOURCE, list(WORDS, 1)));
	} else {
		emit(l, a32_shift_imm(LSR, BEFORE, BEFORE, 8 * l->from));
		emit(l, a32_dp_imm(CMP, true, 0, LEFT, 4 - l->from));
		emit_if(l, HI, a32_block(true, SOURCE, list(WORDS, 1)));
		emit_if(l, HI, a32_dp_shifted(ORR, false, BEFORE, BEFORE, WORDS, LSL, 32 - 8 * l->from));
	}
	// In LAST the bits that are not the message's.
	emit(l, a32_shift_imm(LSL, LAST - 1, LEFT, 3));
	emit(l, a32_dp_imm(MVN, false, LAST, 0, 0));
	emit(l, a32_shift_reg(LSL, LAST, LAST, LAST - 1));
}

// n bytes of CARRY, which has those behind them then.
static void
store_bytes(struct loop *l, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		emit(l, a32_memory(false, 1, CARRY, DESTINATION, i));
		emit(l, a32_shift_imm(LSR, CARRY, CARRY, 8));
	}
	emit(l, a32_dp_imm(ADD, false, DESTINATION, DESTINATION, n));
}

static void
store(struct loop *l, enum part part, unsigned first, unsigned n)
{
	if (part != BODY)
		emit(l, a32_dp_reg(MOV, false, CARRY, 0, first));
	if (part == HEAD) {
		store_bytes(l, 4 - l->to);
	} else if (part == TAIL) {
		emit(l, a32_dp_imm(CMP, true, 0, LEFT, 2));
		for (unsigned i = 0; i < 3; i++) {
			emit_if(l, i == 0 ? AL : i == 1 ? CS : HI, a32_memory(false, 1, CARRY, DESTINATION, i));
			emit(l, a32_shift_imm(LSR, CARRY, CARRY, 8));
		}
	} else if (l->to == 0) {
		emit(l, a32_block(false, DESTINATION, list(first, n)));
	} else {
		for (unsigned r = first; r < first + n; r++) {
			emit(l, a32_dp_shifted(ORR, false, CARRY, CARRY, r, LSL, 8 * l->to));
			emit(l, a32_block(false, DESTINATION, list(CARRY, 1)));
			emit(l, a32_shift_imm(LSR, CARRY, r, 32 - 8 * l->to));
		}
	}
}

// One pipe, whose own register is `own`, on n words in registers from `first` on. Before and after it these have no bit
// that is not the message's.
static void
apply(struct loop *l, const struct pipe *pipe, unsigned own, enum part part, unsigned first, unsigned n)
{
	if (pipe->kind == PIPE_COPY)
		store(l, part, first, n);
	for (unsigned r = first; r < first + n; r++) {
		if (pipe->kind == PIPE_SUM)
			emit(l, a32_dp_reg(r == first ? ADD : ADC, true, own, own, r));
		else if (pipe->kind == PIPE_SWAP16 || pipe->kind == PIPE_SWAP32)
			emit(l, a32_rev(pipe->kind == PIPE_SWAP16 ? 16 : 32, r, r));
		else if (pipe->kind == PIPE_XOR)
			emit(l, a32_dp_reg(EOR, false, r, r, own));
	}
	if (pipe->kind == PIPE_SUM)
		emit(l, a32_dp_imm(ADC, false, own, own, 0));
	if (pipe->kind == PIPE_XOR && part == TAIL)
		emit(l, a32_dp_reg(BIC, false, first, first, LAST));
}

// n words of the message, or the bytes that are left.
static void
turn(struct loop *l, enum part part, unsigned n)
{
	unsigned first = l->from == 0 ? WORDS : BEFORE, k = 0;

	fetch(l, part, n);
	if (part == TAIL)
		emit(l, a32_dp_reg(BIC, false, first, first, LAST));
	for (const struct pipe *pipe = l->pipes; pipe < l->pipes + l->count; pipe++)
		apply(l, pipe, keeps(pipe) ? kept[k++] : 0, part, first, n);
	if (l->from != 0 && part != TAIL)
		emit(l, a32_dp_reg(MOV, false, BEFORE, 0, BEFORE + n));
}

// Turns of n words, while there are bytes for one; LEFT is 4 * n less than there are.
static void
turns(struct loop *l, unsigned n)
{
	uint32_t again = l->words;

	turn(l, BODY, n);
	emit(l, a32_dp_imm(SUB, true, LEFT, LEFT, 4 * n));
	branch(l, CS, again);
}

static void
way(struct loop *l, unsigned number)
{
	l->from = l->copies ? number / 4 : number;
	l->to = l->copies ? number % 4 : 0;
	l->at[number].start = l->words;
	if (l->from != 0) {
		emit(l, a32_dp_imm(SUB, false, SOURCE, SOURCE, l->from));
		emit(l, a32_block(true, SOURCE, list(BEFORE, 1)));
	}
	if (l->to != 0) {
		emit(l, a32_dp_imm(SUB, true, LEFT, LEFT, 4));
		branch(l, CC, l->at[number].rest);
		turn(l, HEAD, 1);
	}
	emit(l, a32_dp_imm(SUB, true, LEFT, LEFT, 4 * BLOCK));
	branch(l, CC, l->at[number].words);
	turns(l, BLOCK);
	l->at[number].words = l->words;
	emit(l, a32_dp_imm(ADD, true, LEFT, LEFT, 4 * BLOCK - 4));
	branch(l, CC, l->at[number].tail);
	turns(l, 1);
	l->at[number].tail = l->words;
	if (l->to != 0)
		store_bytes(l, l->to);
	l->at[number].rest = l->words;
	emit(l, a32_dp_imm(ADD, true, LEFT, LEFT, 4));
	branch(l, EQ, l->done);
	turn(l, TAIL, 1);
	branch(l, AL, l->done);
}

static void
begin(struct loop *l)
{
	unsigned k = 0;

	emit(l, a32_push(SAVED | 1u << A32_LR | 1));
	emit(l, a32_memory(true, 4, LEFT, 0, offsetof(struct pipe_call, length)));
	emit(l, a32_dp_imm(TST, true, 0, LEFT, l->width - 1));
	branch(l, NE, l->refused);
	for (const struct pipe *pipe = l->pipes; pipe < l->pipes + l->count; pipe++)
		if (keeps(pipe))
			constant(l, kept[k++], pipe->key);
	emit(l, a32_dp_imm(CMP, true, 0, LEFT, 0));
	branch(l, EQ, l->done);
	emit(l, a32_memory(true, 4, DESTINATION, 0, offsetof(struct pipe_call, destination)));
	emit(l, a32_memory(true, 4, SOURCE, 0, offsetof(struct pipe_call, source)));
	emit(l, a32_dp_imm(AND, false, WORDS, SOURCE, 3));
	if (l->copies) {
		emit(l, a32_dp_imm(AND, false, LAST, DESTINATION, 3));
		emit(l, a32_dp_shifted(ORR, false, WORDS, LAST, WORDS, LSL, 2));
	}
	emit(l, a32_dp_shifted(ADD, false, A32_PC, A32_PC, WORDS, LSL, 2));
	branch(l, AL, l->done);		// nothing comes here: pc is read as 8 bytes on
	for (unsigned number = 0; number < ways(l); number++)
		branch(l, AL, l->at[number].start);
}

static void
end(struct loop *l)
{
	unsigned k = 0, sums = offsetof(struct pipe_call, sums), out;

	l->done = l->words;
	emit(l, a32_memory(true, 4, WORDS, A32_SP, 0));
	for (const struct pipe *pipe = l->pipes; pipe < l->pipes + l->count; pipe++) {
		unsigned sum = keeps(pipe) ? kept[k++] : 0;

		if (pipe->kind != PIPE_SUM)
			continue;
		// Both halves, and what they carry, in the upper one.
		emit(l, a32_dp_shifted(ADD, false, sum, sum, sum, ROR, 16));
		emit(l, a32_dp_reg(MVN, false, sum, 0, sum));
		emit(l, a32_shift_imm(LSR, sum, sum, 16));
		emit(l, a32_memory(false, 4, sum, WORDS, sums));
		sums += 4;
	}
	emit(l, a32_dp_imm(MOV, false, 0, 0, 0));
	out = l->words;
	emit(l, a32_dp_imm(ADD, false, A32_SP, A32_SP, 4));
	emit(l, a32_pop(SAVED | 1u << A32_PC));

	l->refused = l->words;
	emit(l, a32_dp_imm(MVN, false, 0, 0, E_INVAL - 1));
	branch(l, AL, out);
}

static void
pass(struct loop *l)
{
	l->words = 0;
	begin(l);
	for (unsigned number = 0; number < ways(l); number++)
		way(l, number);
	end(l);
}

int32_t
pipe_compile(const struct pipe *pipes, uint32_t count, uint32_t *code, uint32_t capacity)
{
	struct loop l = { .pipes = pipes, .count = count, .width = 1 };
	unsigned k = 0;

	if (count == 0)
		return -E_INVAL;
	if (count > PIPES_MAX)
		return -E_NOMEM;
	for (const struct pipe *pipe = pipes; pipe < pipes + count; pipe++) {
		if (pipe->kind > PIPE_XOR || (pipe->kind != PIPE_XOR && pipe->key != 0) ||
		    (pipe->kind == PIPE_COPY && l.copies))
			return -E_INVAL;
		l.copies |= pipe->kind == PIPE_COPY;
		l.width = pipe->kind == PIPE_SWAP32 ? 4 : pipe->kind == PIPE_SWAP16 && l.width < 2 ? 2 : l.width;
		k += keeps(pipe);
	}
	if (k > PIPE_REGISTERS)
		return -E_NOMEM;
	pass(&l);
	if (l.words > capacity)
		return -E_NOMEM;
	l.code = code;
	pass(&l);
	return l.words;
}
