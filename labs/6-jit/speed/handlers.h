// The eight handlers in C, one function each: what the programs of this folder do. Included twice (../speed.c), which
// says how a handler begins and ends, and what an access and a way back take:
//
//	HANDLER(name)                   its head; its memory's address is `memory`, its argument `argument`
//	LOAD(type, at), STORE(type, at, value)
//	BACK()                          before each way back, where that is taken
//	DONE(value)                     its result

HANDLER(checksum)
{
	BEGIN();
	uint32_t at = memory + 4112, end = at + argument, sum = 0;

	for (;;) {
		sum += LOAD(uint16_t, at);
		at += 2;
		if (at == end)
			break;
		BACK();
	}
	sum = (sum & 0xffff) + (sum >> 16);
	sum += sum >> 16;
	DONE(~sum & 0xffff);
}

HANDLER(copy)
{
	BEGIN();
	uint32_t from = memory + 4112, end = from + argument, ring = memory + 3584, at = LOAD(uint32_t, memory + 3200);

	for (;;) {
		STORE(uint32_t, ring + at, LOAD(uint32_t, from));
		at = (at + 4) & 511;
		from += 4;
		if (from == end)
			break;
		BACK();
	}
	STORE(uint32_t, memory + 3200, at);
	DONE(at);
}

HANDLER(crc32)
{
	BEGIN();
	uint32_t at = memory + 4112, end = at + argument, crc = ~0u;

	for (;;) {
		uint32_t index = (LOAD(uint8_t, at) ^ crc) & 255;

		crc = crc >> 8 ^ LOAD(uint32_t, memory + 4 * index);
		at++;
		if (at == end)
			break;
		BACK();
	}
	DONE(~crc);
}

HANDLER(increment)
{
	BEGIN();
	uint32_t frame = memory + 4098, counter, value, a, b, c;

	if (argument < 22 || LOAD(uint16_t, frame + 12) != 0xb588 || LOAD(uint8_t, frame + 16) != 1)
		DONE(0);
	counter = LOAD(uint8_t, frame + 17);
	if (counter > 7)
		DONE(0);
	counter = memory + 3328 + 4 * counter;
	value = __builtin_bswap32(LOAD(uint32_t, frame + 18));
	value += LOAD(uint32_t, counter);
	STORE(uint32_t, counter, value);
	STORE(uint32_t, frame + 18, __builtin_bswap32(value));
	a = LOAD(uint16_t, frame);
	b = LOAD(uint16_t, frame + 2);
	c = LOAD(uint16_t, frame + 4);
	STORE(uint16_t, frame, LOAD(uint16_t, frame + 6));
	STORE(uint16_t, frame + 2, LOAD(uint16_t, frame + 8));
	STORE(uint16_t, frame + 4, LOAD(uint16_t, frame + 10));
	STORE(uint16_t, frame + 6, a);
	STORE(uint16_t, frame + 8, b);
	STORE(uint16_t, frame + 10, c);
	DONE(1);
}

HANDLER(lookup)
{
	BEGIN();
	uint32_t at = memory + 3136, end = at + 4 * argument, sum = 0;

	for (;;) {
		uint32_t key = LOAD(uint32_t, at), entry = LOAD(uint32_t, memory + 1024 + 4 * (key * 0x9e3779b1 >> 26));

		while (entry != 0) {
			entry += memory;
			if (LOAD(uint32_t, entry + 4) == key) {
				sum += LOAD(uint32_t, entry + 8);
				break;
			}
			entry = LOAD(uint32_t, entry);
			if (entry == 0)
				break;
			BACK();
		}
		at += 4;
		if (at == end)
			break;
		BACK();
	}
	DONE(sum);
}

HANDLER(predict)
{
	BEGIN();
	uint32_t frame = memory + 4098, conn = memory + 3264, expected, acknowledged;
	int32_t bytes;

	if (argument < 54 || LOAD(uint16_t, frame + 12) != 8 || LOAD(uint8_t, frame + 14) != 0x45 ||
	    (LOAD(uint16_t, frame + 20) & 0xff3f) != 0 || LOAD(uint8_t, frame + 23) != 6 ||
	    LOAD(uint32_t, frame + 26) != LOAD(uint32_t, conn) || LOAD(uint32_t, frame + 30) != LOAD(uint32_t, conn + 4) ||
	    LOAD(uint32_t, frame + 34) != LOAD(uint32_t, conn + 8) || (LOAD(uint16_t, frame + 46) & 0xf7ff) != 0x1050 ||
	    LOAD(uint16_t, frame + 48) != LOAD(uint16_t, conn + 24))
		DONE(0);
	expected = LOAD(uint32_t, conn + 12);
	if (__builtin_bswap32(LOAD(uint32_t, frame + 38)) != expected)
		DONE(0);
	acknowledged = __builtin_bswap32(LOAD(uint32_t, frame + 42));
	if ((int32_t)(LOAD(uint32_t, conn + 20) - acknowledged) < 0 || (int32_t)(acknowledged - LOAD(uint32_t, conn + 16)) < 0)
		DONE(0);
	bytes = __builtin_bswap16(LOAD(uint16_t, frame + 16));
	if ((uint32_t)bytes + 14 > argument)
		DONE(0);
	bytes -= 40;
	if (bytes <= 0)
		DONE(0);
	STORE(uint32_t, conn + 12, expected + bytes);
	STORE(uint32_t, conn + 16, acknowledged);
	STORE(uint32_t, conn + 28, LOAD(uint32_t, conn + 28) + 1);
	DONE(bytes);
}

HANDLER(search)
{
	BEGIN();
	uint32_t at = memory + 3072, end = at + 4 * argument, sum = 0;

	for (;;) {
		uint32_t key = LOAD(uint32_t, at), low = 0, high = 256;

		for (;;) {
			uint32_t middle = (low + high) / 2;

			if (LOAD(uint32_t, memory + 2048 + 4 * middle) > key)
				high = middle;
			else
				low = middle + 1;
			if (low >= high)
				break;
			BACK();
		}
		sum += low;
		at += 4;
		if (at == end)
			break;
		BACK();
	}
	DONE(sum);
}

HANDLER(xorshift)
{
	BEGIN();
	uint32_t state = LOAD(uint32_t, memory + 3204), limit = LOAD(uint32_t, memory + 3208), below = 0;

	for (;;) {
		state ^= state << 13;
		state ^= state >> 17;
		state ^= state << 5;
		if (state < limit)
			below++;
		argument--;
		if (argument == 0)
			break;
		BACK();
	}
	STORE(uint32_t, memory + 3204, state);
	DONE(below);
}
