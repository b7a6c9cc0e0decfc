/*
 * Drawing entries by a seed, so that anybody can draw them again: of m
 * candidates, numbered from 0, draw i = 1, 2, … is the number that the
 * SHA-256 of "SEED:i" begins with (15 hexadecimal digits), modulo m; what was
 * drawn before is passed over.
 */
#ifndef OKSE_CLI_AUDIT_DRAW_H
#define OKSE_CLI_AUDIT_DRAW_H

#include "base/bytes.h"

struct drawn {
	uint64_t	*at;		/* in the order of drawing */
	uint64_t	 count;
};

void drawn_done(struct drawn *d);

/*
 * wanted of the m candidates, or all of them when there are fewer; candidates
 * NULL: the numbers below m. ERR_MEMORY.
 */
[[nodiscard]] enum err draw_indexes(const char *seed,
    const uint64_t *candidates, uint64_t m, uint64_t wanted,
    struct drawn *out_drawn);

#endif
