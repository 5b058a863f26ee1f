// The product of two matrices of 24 by 24 words.

#include <sfi/module.h>

#define N 24

static uint32_t a[N][N], b[N][N], c[N][N];

static void
multiply(uint32_t to[N][N], const uint32_t p[N][N], const uint32_t q[N][N])
{
	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++) {
			uint32_t sum = 0;

			for (int k = 0; k < N; k++)
				sum += p[i][k] * q[k][j];
			to[i][j] = sum;
		}
}

uint32_t
run(uint32_t seed)
{
	uint32_t sum = 0;

	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++) {
			a[i][j] = seed = seed * 1664525 + 1013904223;
			b[i][j] = seed = seed * 1664525 + 1013904223;
		}
	multiply(c, a, b);
	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++)
			sum = sum * 31 + c[i][j];
	return sum;
}
MODULE_CALLABLE(run);
