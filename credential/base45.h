/*
 * Base45 (RFC 9285): two bytes as three characters of the alphabet that a QR
 * code holds densely. Strict: one text for each value.
 */
#ifndef OKSE_CREDENTIAL_BASE45_H
#define OKSE_CREDENTIAL_BASE45_H

#include "base/bytes.h"

void base45_put(struct bytes *b, struct view v);
/* Appends to out; ERR_SYNTAX names the position, never the character. */
[[nodiscard]] enum err base45_get(struct view text, struct bytes *out);

#endif
