// What Csmith's programs include, for a module: arithmetic that is defined for all operands, and a checksum that run()
// returns.
#include <sfi/module.h>
#include <limits.h>

#define BITS(a, b) ((b) & (8 * sizeof (a) - 1))

#define FOR(T, W, U) \
	static inline T safe_unary_minus_func_##T##_##W(T a) { return (T)-(U)a; } \
	static inline T safe_add_func_##T##_##W##_##W(T a, T b) { return (T)((U)a + (U)b); } \
	static inline T safe_sub_func_##T##_##W##_##W(T a, T b) { return (T)((U)a - (U)b); } \
	static inline T safe_mul_func_##T##_##W##_##W(T a, T b) { return (T)((U)a * (U)b); } \
	static inline T safe_div_func_##T##_##W##_##W(T a, T b) { return b == 0 || b == (T)-1 ? a : (T)(a / b); } \
	static inline T safe_mod_func_##T##_##W##_##W(T a, T b) { return b == 0 || b == (T)-1 ? a : (T)(a % b); } \
	static inline T safe_lshift_func_##T##_##W##_s(T a, int b) { return (T)((U)a << BITS(a, b)); } \
	static inline T safe_lshift_func_##T##_##W##_u(T a, unsigned b) { return (T)((U)a << BITS(a, b)); } \
	static inline T safe_rshift_func_##T##_##W##_s(T a, int b) { return (T)(a >> BITS(a, b)); } \
	static inline T safe_rshift_func_##T##_##W##_u(T a, unsigned b) { return (T)(a >> BITS(a, b)); }

FOR(int8_t, s, uint32_t) FOR(int16_t, s, uint32_t) FOR(int32_t, s, uint32_t) FOR(int64_t, s, uint64_t)
FOR(uint8_t, u, uint32_t) FOR(uint16_t, u, uint32_t) FOR(uint32_t, u, uint32_t) FOR(uint64_t, u, uint64_t)

static uint32_t checksum = ~0u;

static void
transparent_crc(uint64_t value, const char *name, int flag)
{
	(void)name, (void)flag;
	for (int byte = 0; byte < 8; byte++, value >>= 8) {
		checksum ^= value & 0xff;
		for (int bit = 0; bit < 8; bit++)
			checksum = checksum & 1 ? 0xedb88320 ^ checksum >> 1 : checksum >> 1;
	}
}

#define crc32_context checksum
#define platform_main_begin() ((void)0)
#define platform_main_end(crc, flag) ((void)(crc), (void)(flag))
#define crc32_gentab() ((void)0)
#define printf(...) ((void)0)

static int csmith_main(void);

uint32_t
run(uint32_t seed)
{
	(void)seed;
	csmith_main();
	return checksum;
}
MODULE_CALLABLE(run);


