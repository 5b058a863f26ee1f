#include "say.h"
// Works on and sees the gaps between its slices, once the others are gone or yield at once.
int main(void)
{
	uint64_t t, last;
	libos_init();
	last = sys_now();
	for (int n = 0; n < 40;) {
		t = sys_now();
		if (t - last > 100) {
			if (n < 12 || n > 36) say("gap", t - last);
			n++;
			t = sys_now();
		}
		last = t;
	}
	return 1;
}
