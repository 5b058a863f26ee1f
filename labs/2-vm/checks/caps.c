// Mints and checks capabilities as the run's input says, byte for byte, before the kernel is up;
// what came of each is kept for the grader to read.

#include <exo/cap.h>
#include <exo/check.h>
#include <exo/error.h>
#include <exo/string.h>

enum { MINT, CHECK, NARROW, REVOKE, FORGE };

struct question {
	uint32_t what;
	struct cap cap;		// MINT: name, rights and epoch alone
	struct guard guard;	// NARROW: its name
	uint32_t rights;
};

struct answer {
	int32_t status;
	struct guard guard;
	struct cap cap;
};

struct answer answers[PARAMS_MAX / sizeof(struct question)];

// With any two bits of its MAC changed a capability is refused; else what is answered is the first forgery that
// was not.
static void
forge(struct answer *a, const struct question *q)
{
	a->status = -E_PERM;
	for (int i = 1; i < 64; i++)
		for (int j = 0; j < i && a->status == -E_PERM; j++) {
			a->cap.mac = q->cap.mac ^ 1ull << i ^ 1ull << j;
			a->status = cap_check(&a->cap, &a->guard, q->rights);
		}
}

void
check_early(void)
{
	const struct question *q = (const struct question *)params()->input;
	uint32_t n = params()->input_size / sizeof *q;

	for (struct answer *a = answers; a < answers + n; a++, q++) {
		a->cap = q->cap;
		a->guard = q->guard;
		switch (q->what) {
		case MINT:
			memset(&a->cap, 0xa5, sizeof a->cap);
			a->status = cap_mint(&a->cap, q->cap.name, q->cap.rights, q->cap.epoch);
			break;
		case CHECK:
			a->status = cap_check(&a->cap, &a->guard, q->rights);
			break;
		case NARROW:
			a->status = cap_narrow(&q->cap, q->guard.name, q->rights, &a->cap);
			break;
		case REVOKE:
			a->status = cap_revoke(&a->guard, &a->cap);
			break;
		case FORGE:
			forge(a, q);
			break;
		}
	}
	report("end");
	run_end();
}

void
check_main(void)
{
}
