// The verifier (exo/verify.h): which words a module may consist of. An allow-list of single words; what is not
// recognised is refused. Sections in brackets are DDI 0406C's.

#include <exo/todo.h>
#include <exo/verify.h>

bool
verify_word(uint32_t word, uint32_t offset, uint32_t end, uint32_t pins)
{
	// TODO 5.1: what exo/verify.h says is accepted, and nothing else.
	(void)word, (void)offset, (void)end, (void)pins;
	todo("5.1");
	return false;
}

uint32_t
verify(const uint32_t *code, uint32_t size, uint32_t pins)
{
	// TODO 5.1: the size, then every word where it will stand.
	(void)code, (void)size, (void)pins;
	todo("5.1");
	return 0;
}
