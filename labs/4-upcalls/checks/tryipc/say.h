#pragma once
#include <exo/error.h>
#include <libos/sys.h>
#include <libos/upcall.h>
#include <libos/ipc.h>
#include <libos/pipe.h>
#include <libos/stride.h>
#include <libos/revoke.h>
#define SAY(text) sys_write(text, sizeof text - 1)
static inline void
say(const char *s, int32_t v)
{
	char b[64];
	int n = 0, k = 0;
	char d[12];
	uint32_t u = v < 0 ? -v : v;
	while (*s) b[n++] = *s++;
	b[n++] = ' ';
	if (v < 0) b[n++] = '-';
	do d[k++] = '0' + u % 10; while (u /= 10);
	while (k) b[n++] = d[--k];
	b[n++] = '\n';
	sys_write(b, n);
}
#define TIME(what, code) do { uint64_t t0 = sys_now(); code; uint64_t t1 = sys_now(); say(what, t1 - t0); } while (0)
