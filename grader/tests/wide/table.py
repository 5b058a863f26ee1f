"""What each instruction of base64 and divmul64 does at its edges, by hand from the text of RFC 9669, sections 4 and 5; and what those of 32
bits do with upper halves.

A row of ALU is an instruction on r0, and on r4 if it has a second operand; what they are; what r0 is then. Where r4 is what 32 bits of a
constant are sign-extended to, the row holds with that in its place. ORDERS are the numbers of 64 bits in their two orders. A row of TESTS:
two numbers, and whether they have a bit in common. A row of LOADS: an access, its place, and what it finds in MEMORY.
"""

ALU = """
# 4.1: the carry goes from the lower half to the upper one
r0 += r4   ffffffffffffffff 1                0
r0 += r4   ffffffff         1                100000000
r0 += r4   7fffffffffffffff 1                8000000000000000
r0 += r4   1ffffffff        ffffffff80000001 180000000
r0 += r4   123456789abcdef  fedcba98         123456888888887
r0 += r4   1                7fffffff         80000000
r0 += r4   100000000        ffffffff80000000 80000000
r0 -= r4   0                1                ffffffffffffffff
r0 -= r4   100000000        1                ffffffff
r0 -= r4   8000000000000000 1                7fffffffffffffff
r0 -= r4   5                ffffffffffffffff 6
r0 -= r4   100000000        ffffffff00000000 200000000
r0 -= r4   7fffffff         ffffffff80000000 ffffffff
r0 *= r4   100000000        100000000        0
r0 *= r4   ffffffffffffffff ffffffffffffffff 1
r0 *= r4   ffffffff         ffffffff         fffffffe00000001
r0 *= r4   100000001        100000001        200000001
r0 *= r4   12345678         ffffffffffffffff ffffffffedcba988
r0 *= r4   8000000000000000 3                8000000000000000
r0 *= r4   3                100000000        300000000
r0 *= r4   10000            10000            100000000
# division by zero gives 0, a remainder by zero what was divided
r0 /= r4   7                0                0
r0 /= r4   ffffffffffffffff 0                0
r0 /= r4   ffffffffffffffff 2                7fffffffffffffff
r0 /= r4   8000000000000000 ffffffffffffffff 0
r0 /= r4   100000000        10               10000000
r0 /= r4   fffffffffffffff9 2                7ffffffffffffffc
r0 /= r4   123456789abcdef0 100000000        12345678
r0 /= r4   ffffffffffffffff ffffffff80000000 1
r0 /= r4   80000000         ffffffff         0
r0 /= r4   ffffffff         7                24924924
r0 s/= r4  fffffffffffffff9 2                fffffffffffffffd
r0 s/= r4  7                fffffffffffffffe fffffffffffffffd
r0 s/= r4  fffffffffffffff9 fffffffffffffffe 3
r0 s/= r4  8000000000000000 ffffffffffffffff 8000000000000000
r0 s/= r4  8000000000000000 0                0
r0 s/= r4  7                0                0
r0 s/= r4  ffffffff00000000 10000            ffffffffffff0000
r0 s/= r4  fffffff9         2                7ffffffc
r0 %= r4   7                0                7
r0 %= r4   8000000000000007 0                8000000000000007
r0 %= r4   ffffffffffffffff 10               f
r0 %= r4   100000005        100000000        5
r0 %= r4   fffffffffffffff9 2                1
r0 %= r4   ffffffffffffffff ffffffff80000000 7fffffff
r0 s%= r4  fffffffffffffff9 2                ffffffffffffffff
r0 s%= r4  7                fffffffffffffffe 1
r0 s%= r4  fffffffffffffff9 fffffffffffffffe ffffffffffffffff
r0 s%= r4  8000000000000000 ffffffffffffffff 0
r0 s%= r4  fffffffffffffff3 3                ffffffffffffffff
r0 s%= r4  8000000000000000 0                8000000000000000
r0 s%= r4  fffffff9         2                1
r0 |= r4   f0f000000000000  ff00ff           f0f000000ff00ff
r0 |= r4   0                ffffffff80000000 ffffffff80000000
r0 |= r4   100000000        200000000        300000000
r0 |= r4   100000001        6                100000007
r0 &= r4   ffffffffffffffff ffffffff80000000 ffffffff80000000
r0 &= r4   ffffffffffffffff 7fffffff         7fffffff
r0 &= r4   123456789abcdef  ffffffff00000000 123456700000000
r0 &= r4   123456789abcdef  ffffffffffffff00 123456789abcd00
r0 &= r4   89abcdef         ffffffffffffff00 89abcd00
r0 ^= r4   ffffffffffffffff ffffffffffffffff 0
r0 ^= r4   123456789abcdef  ffffffffffffffff fedcba9876543210
r0 ^= r4   123456789abcdef  7fffffff         1234567f6543210
r0 ^= r4   f                ffffffffffffffff fffffffffffffff0
# shifts look at the lowest six bits of the count
r0 <<= r4  1                0                1
r0 <<= r4  123456789abcdef  0                123456789abcdef
r0 <<= r4  1                1f               80000000
r0 <<= r4  1                20               100000000
r0 <<= r4  1                21               200000000
r0 <<= r4  1                3f               8000000000000000
r0 <<= r4  1                40               1
r0 <<= r4  3                3f               8000000000000000
r0 <<= r4  80000001         1                100000002
r0 <<= r4  123456789abcdef  4                123456789abcdef0
r0 <<= r4  123456789abcdef  20               89abcdef00000000
r0 <<= r4  123456789abcdef  24               9abcdef000000000
r0 <<= r4  123456789abcdef  ffffffffffffffe0 89abcdef00000000
r0 <<= r4  123456789abcdef  ff               8000000000000000
r0 >>= r4  8000000000000000 0                8000000000000000
r0 >>= r4  8000000000000000 1f               100000000
r0 >>= r4  8000000000000000 20               80000000
r0 >>= r4  8000000000000000 21               40000000
r0 >>= r4  8000000000000000 3f               1
r0 >>= r4  8000000000000000 40               8000000000000000
r0 >>= r4  fedcba9876543210 4                fedcba987654321
r0 >>= r4  fedcba9876543210 20               fedcba98
r0 >>= r4  fedcba9876543210 24               fedcba9
r0 >>= r4  180000000        1                c0000000
r0 >>= r4  89abcdef         8                89abcd
r0 >>= r4  89abcdef         28               0
r0 s>>= r4 8000000000000000 0                8000000000000000
r0 s>>= r4 8000000000000000 1                c000000000000000
r0 s>>= r4 8000000000000000 1f               ffffffff00000000
r0 s>>= r4 8000000000000000 20               ffffffff80000000
r0 s>>= r4 8000000000000000 21               ffffffffc0000000
r0 s>>= r4 8000000000000000 3f               ffffffffffffffff
r0 s>>= r4 8000000000000000 40               8000000000000000
r0 s>>= r4 7fffffffffffffff 20               7fffffff
r0 s>>= r4 7fffffffffffffff 3e               1
r0 s>>= r4 7fffffffffffffff 4                7ffffffffffffff
r0 s>>= r4 fedcba9876543210 4                ffedcba987654321
r0 s>>= r4 fedcba9876543210 24               ffffffffffedcba9
r0 s>>= r4 80000000         4                8000000
r0 s>>= r4 80000000         1f               1
r0 = r4    0                89abcdef         89abcdef
r0 = r4    0                ffffffff80000000 ffffffff80000000
r0 = r4    0                123456789abcdef  123456789abcdef
r0 = r4    ffffffffffffffff 7fffffff         7fffffff
r0 = (s8)r4  ffffffffffffffff 17f            7f
r0 = (s8)r4  0              80               ffffffffffffff80
r0 = (s16)r4 ffffffffffffffff 17fff          7fff
r0 = (s16)r4 0              8000             ffffffffffff8000
r0 = (s32)r4 ffffffffffffffff 17fffffff      7fffffff
r0 = (s32)r4 0              80000000         ffffffff80000000
r0 = -r0   1                -                ffffffffffffffff
r0 = -r0   0                -                0
r0 = -r0   8000000000000000 -                8000000000000000
r0 = -r0   100000000        -                ffffffff00000000
r0 = -r0   ffffffff         -                ffffffff00000001
# 4.2: of 16 and 32 bits the others become 0; this machine is little-endian
r0 = le16 r0    123456789abcdef - cdef
r0 = le32 r0    123456789abcdef - 89abcdef
r0 = le64 r0    123456789abcdef - 123456789abcdef
r0 = be16 r0    123456789abcdef - efcd
r0 = be32 r0    123456789abcdef - efcdab89
r0 = be64 r0    123456789abcdef - efcdab8967452301
r0 = bswap16 r0 123456789abcdef - efcd
r0 = bswap32 r0 123456789abcdef - efcdab89
r0 = bswap64 r0 123456789abcdef - efcdab8967452301
r0 = bswap64 r0 89abcdef        - efcdab8900000000
# 32-bit results: the upper half becomes 0, whatever it was
w0 += w4   5ffffffff        1                0
w0 -= w4   ffffffff00000000 1                ffffffff
w0 *= w4   ffffffff00010000 10001            10000
w0 /= w4   ffffffff00000007 0                0
w0 /= w4   ffffffff00000007 2                3
w0 s/= w4  ffffffff80000000 ffffffffffffffff 80000000
w0 %= w4   123456780000000f 0                f
w0 s%= w4  ffffffff80000000 ffffffffffffffff 0
w0 |= w4   f0000000f        f0               ff
w0 &= w4   ffffffffffffffff ffffffffffffff00 ffffff00
w0 ^= w4   ffffffffffffffff ffffffffffffffff 0
w0 <<= w4  ffffffff00000001 20               1
w0 >>= w4  ffffffff80000000 1f               1
w0 s>>= w4 ffffffff80000000 1f               ffffffff
w0 = w4    ffffffffffffffff 1234567889abcdef 89abcdef
w0 = w4    ffffffffffffffff ffffffffffffffff ffffffff
w0 = (s8)w4  ffffffffffffffff 80             ffffff80
w0 = (s16)w4 ffffffffffffffff 8000           ffff8000
w0 = -w0   ffffffff00000001 -                ffffffff
"""

# Without sign, and with it.
ORDERS = ("""0 1 7fffffff 80000000 ffffffff 100000000 100000001 1ffffffff 7fffffffffffffff 8000000000000000 8000000000000001
             ffffffff00000000 ffffffff80000000 ffffffffffffffff""",
          """8000000000000000 8000000000000001 ffffffff00000000 ffffffff80000000 ffffffffffffffff 0 1 7fffffff 80000000 ffffffff 100000000
             100000001 1ffffffff 7fffffffffffffff""")

TESTS = """
100000000        100000000        1
100000000        ffffffff         0
1                1                1
100000001        1                1
5555555555555555 aaaaaaaaaaaaaaaa 0
100000000        ffffffff80000000 1
80000000         ffffffff80000000 1
7fffffff         ffffffff80000000 0
8000000000000000 ffffffffffffffff 1
0                ffffffffffffffff 0
ffffffffffffffff 0                0
700000007        8                0
"""

MEMORY = bytes.fromhex("80 7f ff fe 01 02 03 84 a5 5a c3 3c 11 92 f3 74")

# 5.1, 5.2
LOADS = """
u8  0 80
u16 0 7f80
u32 4 84030201
u64 0 84030201feff7f80
u64 1 a584030201feff7f
u64 8 74f392113cc35aa5
s8  0 ffffffffffffff80
s8  1 7f
s16 0 7f80
s16 1 ffffffffffffff7f
s16 2 fffffffffffffeff
s32 0 fffffffffeff7f80
s32 4 ffffffff84030201
s32 8 3cc35aa5
"""


def rows(table: str, numbers: int) -> list[tuple]:
    """What comes before the last fields, and those, which are numbers; None for -."""
    found = []
    for line in table.strip().splitlines():
        if not line.startswith("#"):
            words = line.split()
            found.append((" ".join(words[:-numbers]), *(None if word == "-" else int(word, 16) for word in words[-numbers:])))
    return found
