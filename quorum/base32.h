/*
 * Base32 (RFC 4648 6) of secrets: upper case, whole groups of 5 bytes and 8
 * characters, so there is no padding and one text for each value. No look-up
 * depends on what is coded. `base32 -d` of any system reads it.
 */
#ifndef OKSE_QUORUM_BASE32_H
#define OKSE_QUORUM_BASE32_H

#include <stdbool.h>

#include "base/bytes.h"

/* out has room for v.len / 5 * 8 characters; v.len is a multiple of 5. */
void base32_put(struct view v, unsigned char *out);
/* out has room for text.len / 8 * 5 bytes; false leaves it undefined. */
bool base32_get(struct view text, unsigned char *out);

#endif
