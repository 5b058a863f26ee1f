"""What judges lab 5's verifier from outside: a table of masks, a sweep over all words, disassemblers that nobody here wrote."""
