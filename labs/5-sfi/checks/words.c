// Asks the verifier what comes as the run's input: single words, a bit for each that it accepts, and whole modules,
// the word that verify() returns. The grader reads the answers from memory and knows what they have to be.

#include <exo/check.h>
#include <exo/string.h>
#include <exo/verify.h>

#define ANSWERS 4096

#define NOP 0xe320f000

// One after the other in the input, each followed by its words.
struct question {
	uint32_t module;	// 1: a module of `size` bytes, nops but for the words from `offset` on; 0: words alone
	uint32_t pins;
	uint32_t offset;	// words alone: where each of them stands
	uint32_t size;		// words alone: where the module ends
	uint32_t count;
	uint32_t words[];
};

uint32_t answers[ANSWERS];
uint32_t answer_count;

static uint32_t code[MODULE_CODE_MAX / 4 + 1];

static void
answer_words(const struct question *q)
{
	uint32_t *answer = answers + answer_count;

	for (uint32_t i = 0; i < q->count; i++)
		answer[i / 32] |= (uint32_t)verify_word(q->words[i], q->offset, q->size, q->pins) << i % 32;
	answer_count += (q->count + 31) / 32;
}

static void
answer_module(const struct question *q)
{
	memcpy((char *)code + q->offset, q->words, q->count * 4);
	answers[answer_count++] = verify(code, q->size, q->pins);
	for (uint32_t i = 0; i < q->count; i++)
		code[q->offset / 4 + i] = NOP;
}

void
check_main(void)
{
	const struct params *given = params();

	for (uint32_t i = 0; i < ARRAY_SIZE(code); i++)
		code[i] = NOP;
	for (uint32_t at = 0; at < given->input_size; ) {
		const struct question *q = (const void *)(given->input + at);

		if (q->module)
			answer_module(q);
		else
			answer_words(q);
		at += sizeof *q + q->count * 4;
	}
}
