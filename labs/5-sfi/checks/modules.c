// The bench's nine modules (modules/*.module.c), each loaded, called once, and unloaded. Also counted by `make bench`.

#include <exo/check.h>
#include <exo/module.h>
#include <exo/user.h>

counted static void
call(int n, const char *name, uint32_t seed)
{
	uint32_t result = 0;
	int status;

	MARK(call_begin);
	status = module_call(n, 0, (uint32_t[4]){ seed }, &result);
	MARK(call_end);
	report("called %s %d %x", name, status, result);
	if (status != 0)
		report("stopped %s %u %x %x", name, module_find(n)->end.trap, module_find(n)->end.pc,
		    module_find(n)->end.address);
}

void
check_main(void)
{
	static const char *const names[] = { "crc32", "sha256", "quicksort", "heapsort", "matrix", "strstr", "lz", "list",
		"states" };

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		const struct program *p = program_find(names[i]);
		uint32_t refused = 0;
		int n = module_load(p->start, p->end - p->start, 0, 0, &refused);

		if (n < 0) {
			report("refused %s %d %x", names[i], n, refused);
			continue;
		}
		call(n, names[i], params()->seed);
		module_unload(n);
	}
}
