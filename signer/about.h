/*
 * What a daemon says of itself: in the log's start entry, and to officers
 * before they open it.
 */
#ifndef OKSE_SIGNER_ABOUT_H
#define OKSE_SIGNER_ABOUT_H

#include "base/crypto.h"

/* SHA-256 of this running program. */
[[nodiscard]] enum err about_program(struct hash *out);

/*
 * The ceremony's root: the last field of the transcript's last line
 * (ceremony/transcript.txt), in hex. Whether the chain leads there is for the
 * auditor to verify; what matters here is that it is named.
 */
[[nodiscard]] enum err about_ceremony(const char *transcript,
    struct hash *out);

#endif
