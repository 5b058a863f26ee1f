// What these payloads leave for grader/tests/test_given.py: words, read from outside when the run has
// ended. (kernel/test/log.h's place, the RAM behind the image, is lab 2's to give away.)
#pragma once

#include <exo/check.h>

uint32_t log_count, log_words[1 << 15];

static inline void
log_word(uint32_t v)
{
	log_words[log_count++ % ARRAY_SIZE(log_words)] = v;
}
