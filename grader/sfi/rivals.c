// rivals DESIGN WORD...: what that design's verifier says of a module of these words; -1, or the offset of the
// first that it refuses. For grader/tests/test_rivals.py, on the host.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernel/sfi/rivals/rivals.h"

int
main(int argc, char **argv)
{
	static uint32_t code[64];
	uint32_t size = 0, said;

	for (int k = 2; k < argc && k < 66; k++, size += 4)
		code[k - 2] = strtoul(argv[k], NULL, 16);
	said = argc > 1 && strcmp(argv[1], "matching") == 0 ? verify_matching(code, size) :
	    argc > 1 && strcmp(argv[1], "bundles") == 0 ? verify_bundles(code, size) : verify_unprivileged(code, size);
	printf("%d\n", (int)said);
	return 0;
}
