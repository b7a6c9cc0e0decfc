/*
 * Key attestations: the word of a wallet's provider on where a device's keys
 * are kept and how their user is known (key-attestation+jwt, OpenID4VCI 1.0
 * appendix D).
 */
#ifndef OKSE_CREDENTIAL_ATTESTATION_H
#define OKSE_CREDENTIAL_ATTESTATION_H

#include "policy/request.h"

#define ATTESTATION_MAX 32768	/* bytes of one */
#define ATTESTERS_MAX 16

/* Whose word counts. All zero is nobody. */
struct attesters {
	size_t		 count;
	struct attester {
		X509		*ca;		/* an x5c leads to it; or: */
		EVP_PKEY	*key;
		char		*kid;		/* the key's name */
	}		 at[ATTESTERS_MAX];
};
void attesters_done(struct attesters *a);
/* PEM files. ERR_FULL beyond ATTESTERS_MAX, or those of reading. */
[[nodiscard]] enum err attesters_add_ca(struct attesters *a,
    const char *path);
[[nodiscard]] enum err attesters_add_key(struct attesters *a,
    const char *kid, const char *path);

struct attestation {
	struct asked_attestation said;	/* views into storage */
	size_t		key_count;
	uint8_t		keys[ASKED_PROOFS][P256_POINT_SIZE];	/* different */
};

AUTO_DEFINE(attestation, struct attestation, mem_free);

/*
 * Form, chain or kid, signature, and that no key comes twice. storage is
 * emptied first and belongs to it from then on. ERR_SYNTAX, ERR_SCHEMA,
 * ERR_TOO_LARGE, ERR_UNSUPPORTED; ERR_SIGNATURE: it is not the word of an
 * attester, at the time now. Whether the nonce is ours, and its own times, is
 * not asked here.
 */
[[nodiscard]] enum err attestation_check(struct view jwt,
    const struct attesters *attesters, int64_t now, struct bytes *storage,
    struct attestation *out);

bool attestation_has(const struct attestation *a,
    const uint8_t point[P256_POINT_SIZE]);

#endif
