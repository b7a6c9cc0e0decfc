/*
 * The field GF(2^8) of AES (polynomial x^8 + x^4 + x^3 + x + 1, FIPS 197 4),
 * in constant time: no table, no branch, no index depends on an argument.
 * Addition is XOR.
 */
#ifndef OKSE_QUORUM_GF256_H
#define OKSE_QUORUM_GF256_H

#include <stdint.h>

uint8_t gf_multiply(uint8_t a, uint8_t b);
uint8_t gf_inverse(uint8_t a);	/* of 0 it is 0 */

#endif
