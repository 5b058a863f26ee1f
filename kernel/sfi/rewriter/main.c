// rewrite [--stores] [--pins] [--match | --bundles | --unprivileged] IN.s OUT.s: what GCC wrote for a module, made safe
// (sfi/rewrite.h). --stores guards stores and jumps alone, which is a measurement; --pins leaves r8 alone, too. The
// others are the rivals (rivals.c), none of which the loader accepts.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "rewriter.h"

bool stores_only, pins;
enum design design;

int
main(int argc, char **argv)
{
	static const struct itimerval patience = { .it_value.tv_sec = 5 };
	int k = 1;

	for (; k < argc && argv[k][0] == '-'; k++)
		if (strcmp(argv[k], "--stores") == 0)
			stores_only = true;
		else if (strcmp(argv[k], "--pins") == 0)
			pins = true;
		else if (strcmp(argv[k], "--match") == 0)
			design = MATCHING;
		else if (strcmp(argv[k], "--bundles") == 0)
			design = BUNDLES;
		else if (strcmp(argv[k], "--unprivileged") == 0)
			design = UNPRIVILEGED;
		else
			break;
	if (argc - k != 2) {
		fprintf(stderr, "usage: rewrite [--stores] [--pins] [--match | --bundles | --unprivileged] "
		    "IN.s OUT.s\n");
		return 2;
	}
	setitimer(ITIMER_VIRTUAL, &patience, NULL);	// guard.c may not come to an end
	parse_file(argv[k]);
	tables();
	flow();
	if (freopen(argv[k + 1], "w", stdout) == NULL) {
		perror(argv[k + 1]);
		return 1;
	}
	flow_write();
	if (fclose(stdout) != 0) {
		perror(argv[k + 1]);
		return 1;
	}
	return 0;
}
