/*
 * Multiplication and inverse in GF(2^8) without tables: both arguments are
 * secret. Used by quorum.c.
 */
#include "quorum/gf256.h"

/*
 * Hides from the optimiser that v is 0 or 1 only, so that it cannot turn the
 * mask made from it into a branch.
 */
static inline unsigned int
opaque(unsigned int v)
{
	__asm__("" : "+r"(v));
	return v;
}

uint8_t
gf_multiply(uint8_t a, uint8_t b)
{
	unsigned int power = a, factor = b, product = 0;

	for (unsigned int bit = 0; bit < 8; bit++) {
		product ^= power & (0u - opaque(factor >> bit & 1));
		power = power << 1 ^ (0x11bu & (0u - opaque(power >> 7)));
	}
	return (uint8_t)product;
}

uint8_t
gf_inverse(uint8_t a)
{
	/* a^254 = a^(2 + 4 + 8 + 16 + 32 + 64 + 128) */
	uint8_t power = a, product = 1;

	for (int i = 0; i < 7; i++) {
		power = gf_multiply(power, power);
		product = gf_multiply(product, power);
	}
	return product;
}
