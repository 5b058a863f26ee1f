"""What each instruction of base32 and divmul32 does with values at its edges, by hand from the text of RFC 9669, sections 4 and 5.

A row of ALU is an instruction on w0, and on w4 if it has a second operand; what w0 and w4 are; what w0 is then. A row of JUMPS
is a condition on w0 and w4, what they are, and whether the branch is taken. Where there is a second operand, the row
holds with a constant in its place as well. A row of LOADS is the place of an access, and what it finds in MEMORY.
"""

ALU = """
# 4.1: addition and subtraction wrap
w0 += w4        0x00000000 0x00000000 0x00000000
w0 += w4        0xffffffff 0x00000001 0x00000000
w0 += w4        0x7fffffff 0x00000001 0x80000000
w0 += w4        0x12345678 0xffffff01 0x12345579
w0 += w4        0x00000001 0x00001000 0x00001001
w0 -= w4        0x00000000 0x00000001 0xffffffff
w0 -= w4        0x80000000 0x00000001 0x7fffffff
w0 -= w4        0x00000005 0x00000005 0x00000000
w0 -= w4        0x00010000 0x00010101 0xfffffeff
w0 *= w4        0x00010000 0x00010000 0x00000000
w0 *= w4        0xffffffff 0xffffffff 0x00000001
w0 *= w4        0x80000000 0x00000003 0x80000000
w0 *= w4        0x00003039 0x0000d431 0x27f86ee9
# division by zero gives 0, a remainder by zero what was divided
w0 /= w4        0x00000007 0x00000000 0x00000000
w0 /= w4        0xffffffff 0x00000002 0x7fffffff
w0 /= w4        0x80000000 0xffffffff 0x00000000
w0 /= w4        0xfffffff9 0x00000002 0x7ffffffc
w0 s/= w4       0xfffffff9 0x00000002 0xfffffffd
w0 s/= w4       0x00000007 0xfffffffe 0xfffffffd
w0 s/= w4       0xfffffff9 0xfffffffe 0x00000003
w0 s/= w4       0x80000000 0xffffffff 0x80000000
w0 s/= w4       0x80000000 0x00000000 0x00000000
w0 s/= w4       0x00000007 0x00000000 0x00000000
w0 %= w4        0x00000007 0x00000000 0x00000007
w0 %= w4        0xffffffff 0x00000010 0x0000000f
w0 %= w4        0xfffffff9 0x00000002 0x00000001
w0 s%= w4       0xfffffff9 0x00000002 0xffffffff
w0 s%= w4       0x00000007 0xfffffffe 0x00000001
w0 s%= w4       0xfffffff9 0xfffffffe 0xffffffff
w0 s%= w4       0x80000000 0xffffffff 0x00000000
w0 s%= w4       0xfffffff3 0x00000003 0xffffffff
w0 s%= w4       0x80000000 0x00000000 0x80000000
w0 |= w4        0x0f0f0000 0x00ff00ff 0x0fff00ff
w0 |= w4        0x00000000 0x80000000 0x80000000
w0 &= w4        0x0f0f0000 0x00ff00ff 0x000f0000
w0 &= w4        0x12345678 0xffffff00 0x12345600
w0 &= w4        0x12345678 0x00010101 0x00000000
w0 &= w4        0xffffffff 0xfffefffe 0xfffefffe
w0 ^= w4        0xffffffff 0xffffffff 0x00000000
w0 ^= w4        0x12345678 0xffffffff 0xedcba987
# shifts look at the lowest five bits of the count
w0 <<= w4       0x00000001 0x00000000 0x00000001
w0 <<= w4       0x00000001 0x0000001f 0x80000000
w0 <<= w4       0x00000001 0x00000020 0x00000001
w0 <<= w4       0x00000003 0x000000ff 0x80000000
w0 <<= w4       0x80000001 0x00000001 0x00000002
w0 >>= w4       0x80000000 0x00000000 0x80000000
w0 >>= w4       0x80000000 0x0000001f 0x00000001
w0 >>= w4       0x80000000 0x00000020 0x80000000
w0 >>= w4       0xfffffffe 0xffffffe1 0x7fffffff
w0 s>>= w4      0x80000000 0x00000000 0x80000000
w0 s>>= w4      0x80000000 0x0000001f 0xffffffff
w0 s>>= w4      0x80000000 0x00000020 0x80000000
w0 s>>= w4      0x7fffffff 0x00000001 0x3fffffff
w0 s>>= w4      0x80000002 0x00000101 0xc0000001
w0 = w4         0x00000000 0x89abcdef 0x89abcdef
w0 = w4         0x00000000 0x0000ffff 0x0000ffff
w0 = w4         0x00000000 0xffffff7f 0xffffff7f
w0 = w4         0x00000000 0x00ff0000 0x00ff0000
w0 = (s8)w4     0x00000000 0x0000017f 0x0000007f
w0 = (s8)w4     0x00000000 0x00000080 0xffffff80
w0 = (s16)w4    0x00000000 0x00017fff 0x00007fff
w0 = (s16)w4    0x00000000 0x00008000 0xffff8000
w0 = -w0        0x00000001 -          0xffffffff
w0 = -w0        0x80000000 -          0x80000000
w0 = -w0        0x00000000 -          0x00000000
# 4.2: byte swaps, of the lowest 16 bits (the others become 0) or of 32; this machine is little-endian
r0 = le16 r0    0x12345678 -          0x00005678
r0 = le32 r0    0x12345678 -          0x12345678
r0 = be16 r0    0x12345678 -          0x00007856
r0 = be32 r0    0x12345678 -          0x78563412
r0 = bswap16 r0 0x12345678 -          0x00007856
r0 = bswap32 r0 0x12345678 -          0x78563412
"""

JUMPS = """
# 4.3
w0 == w4   0x00000000 0x00000000 1
w0 == w4   0x80000000 0x00000000 0
w0 == w4   0xffffffff 0xffffffff 1
w0 != w4   0x00000001 0x00000001 0
w0 != w4   0x00000001 0x00010001 1
w0 > w4    0xffffffff 0x00000000 1
w0 > w4    0x00000005 0x00000005 0
w0 > w4    0x7fffffff 0x80000000 0
w0 >= w4   0x00000005 0x00000005 1
w0 >= w4   0x00000004 0x00000005 0
w0 >= w4   0x80000000 0x7fffffff 1
w0 < w4    0x00000000 0xffffffff 1
w0 < w4    0x00000101 0x00000101 0
w0 < w4    0x80000000 0x7fffffff 0
w0 <= w4   0x00000101 0x00000101 1
w0 <= w4   0x00000102 0x00000101 0
w0 <= w4   0x7fffffff 0x80000000 1
w0 s> w4   0xffffffff 0x00000000 0
w0 s> w4   0x00000000 0xffffffff 1
w0 s> w4   0x00000007 0x00000007 0
w0 s> w4   0x7fffffff 0x80000000 1
w0 s>= w4  0x80000000 0x7fffffff 0
w0 s>= w4  0x00000007 0x00000007 1
w0 s>= w4  0xffffffff 0xfffffffe 1
w0 s< w4   0x80000000 0x7fffffff 1
w0 s< w4   0x7fffffff 0x80000000 0
w0 s< w4   0xfffffff0 0xfffffff0 0
w0 s<= w4  0xffffffff 0x00000000 1
w0 s<= w4  0x00000000 0xffffffff 0
w0 s<= w4  0xfffffff0 0xfffffff0 1
w0 & w4    0x00000001 0x00000001 1
w0 & w4    0x00000003 0x00000006 1
w0 & w4    0x55555555 0xaaaaaaaa 0
w0 & w4    0x0000000f 0xfffffff0 0
w0 & w4    0x80000000 0x80000000 1
w0 & w4    0x00000000 0xffffffff 0
"""

MEMORY = bytes.fromhex("80 7f ff fe 01 02 03 84 a5 5a c3 3c")

# 5.2: loads zero-extend, whatever the address, and are little-endian
LOADS = """
u8  0  0x00000080
u8  3  0x000000fe
u8  11 0x0000003c
u16 0  0x00007f80
u16 1  0x0000ff7f
u16 10 0x00003cc3
u32 0  0xfeff7f80
u32 1  0x01feff7f
u32 4  0x84030201
u32 8  0x3cc35aa5
"""


def rows(table: str) -> list[tuple[str, ...]]:
    """Text, then the values; the text is what comes before the last fields that are numbers."""
    found = []
    for line in table.strip().splitlines():
        if not line.startswith("#"):
            words = line.split()
            count = 2 if words[0].startswith("u") else 3
            found.append((" ".join(words[:-count]), *words[-count:]))
    return found
