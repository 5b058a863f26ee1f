// The compiler of packet filters (exo/dpfcode.h): what code there is for a node of the trie, and for a test.

#include <exo/dpfcode.h>
#include <exo/todo.h>

void
dpf_node(const struct dpf_code *c, const struct dpf_node *n)
{
	// TODO 7.3: its tests, each with what is behind it, then the filter that ends here.
	(void)c, (void)n;
	todo("7.3");
}
