/*
 * Base32 without tables. The text may be anything a person typed.
 * Used by share.c and derive.c.
 */
#include "quorum/base32.h"

/* 0xff when a < b, else 0; both below 256 */
static unsigned int
below(unsigned int a, unsigned int b)
{
	return (a - b) >> 8 & 0xff;
}

/* 0 … 25 are A … Z, 26 … 31 are 2 … 7 */
static unsigned char
letter_of(unsigned int value)
{
	unsigned int letter = below(value, 26);

	return (unsigned char)((letter & (value + 'A')) |
	    (~letter & (value - 26 + '2')));
}

/* The value, or over 31 for what is no letter of the alphabet. */
static unsigned int
value_of(unsigned int c)
{
	unsigned int letter = ~below(c, 'A') & below(c, 'Z' + 1) & 0xff;
	unsigned int digit = ~below(c, '2') & below(c, '7' + 1) & 0xff;

	return (letter & (c - 'A')) | (digit & (c - '2' + 26)) |
	    (~(letter | digit) & 0xff);
}

void
base32_put(struct view v, unsigned char *out)
{
	for (size_t group = 0; group < v.len / 5; group++) {
		uint64_t word = 0;

		for (size_t i = 0; i < 5; i++)
			word = word << 8 | v.at[5 * group + i];
		for (size_t i = 0; i < 8; i++)
			out[8 * group + i] =
			    letter_of(word >> (35 - 5 * i) & 31);
	}
}

bool
base32_get(struct view text, unsigned char *out)
{
	unsigned int wrong = text.len % 8 != 0 ? 0xff : 0;

	for (size_t group = 0; group < text.len / 8; group++) {
		uint64_t word = 0;

		for (size_t i = 0; i < 8; i++) {
			unsigned int v = value_of(text.at[8 * group + i]);

			wrong |= v >> 5;
			word = word << 5 | (v & 31);
		}
		for (size_t i = 0; i < 5; i++)
			out[5 * group + i] = (uint8_t)(word >> (32 - 8 * i));
	}
	return wrong == 0;
}
