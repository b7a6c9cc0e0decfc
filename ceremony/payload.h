/*
 * The text of a payload, for transcript.c and chain.c.
 */
#ifndef OKSE_CEREMONY_PAYLOAD_H
#define OKSE_CEREMONY_PAYLOAD_H

#include "ceremony/transcript.h"

/* Marks out as failed when a payload_put() failed before. */
void payload_encode(const struct payload *p, struct bytes *out);

/* Is this byte for byte what payload_encode() writes for some pairs? */
bool payload_check(struct view payload);

/* One line without its "|hash" and line end, chained under a mode. */
struct hash record_hash(const char *mode, struct view body);

const char *record_type_name(enum record_type type);

/* "open", "3.generate-key", "operator": a-z, 0-9, "-", "."; 1 to 64 bytes */
bool record_word_fits(struct view word);

#endif
