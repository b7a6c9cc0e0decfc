/*
 * A share on its way from an officer into the daemon: its line, encrypted to
 * the key of one round, bound to the statement and the seat (activation.txt
 * has the construction).
 */
#ifndef OKSE_QUORUM_ENVELOPE_H
#define OKSE_QUORUM_ENVELOPE_H

#include "base/crypto.h"
#include "quorum/share.h"

#define ENVELOPE_TAG 16
#define ENVELOPE_SIZE (P256_POINT_SIZE + SHARE_TEXT_SIZE + ENVELOPE_TAG)

/*
 * A P-256 key of one round. Its scalar lives in OpenSSL's secure heap when
 * that is there: envelope_prepare().
 */
[[nodiscard]] enum err envelope_key(EVP_PKEY **out_key,
    uint8_t out_point[P256_POINT_SIZE]);

/* Locked memory for such keys, once a process. ERR_MEMORY: it is not to be
 * had, or not to be locked. */
[[nodiscard]] enum err envelope_prepare(void);

struct envelope {
	struct hash	statement;	/* SHA-256 of its text */
	unsigned int	seat;
};

/* The line is SHARE_TEXT_SIZE bytes. ERR_SYNTAX: point is off the curve. */
[[nodiscard]] enum err envelope_seal(const struct envelope *e,
    struct view point, const struct secret *line, struct bytes *out);

/*
 * ERR_SYNTAX: not of its form; ERR_MISMATCH: made for another key, statement
 * or seat, or changed on the way.
 */
[[nodiscard]] enum err envelope_open(const struct envelope *e, EVP_PKEY *key,
    struct view sealed, struct secret **out_line);

#endif
