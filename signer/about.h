/*
 * What a daemon says of itself: in the log's start entry, and to officers
 * before they open it.
 */
#ifndef OKSE_SIGNER_ABOUT_H
#define OKSE_SIGNER_ABOUT_H

#include "quorum/quorum.h"
#include "quorum/roster.h"
#include "signer/config.h"

/* SHA-256 of this running program. */
[[nodiscard]] enum err about_program(struct hash *out);

/*
 * The ceremony's root: the last field of the transcript's last line
 * (ceremony/transcript.txt), to which every line before leads. Whether what
 * they say was signed and is right is for the auditor to verify, and the root
 * for officers to confirm. ERR_CORRUPT names the record.
 */
[[nodiscard]] enum err about_ceremony(const char *transcript,
    struct hash *out);

/*
 * The officers, as the configured files have them, which must be those that
 * the configured transcript records, if there is one. ERR_MISMATCH: other
 * files; those of reading them.
 */
[[nodiscard]] enum err about_roster(const struct config *c,
    struct roster *out, struct hash *out_hash);
[[nodiscard]] enum err about_quorum(const struct config *c,
    struct quorum *out);

#endif
