/*
 * Whose certificate signs what. Keys of one use divide programmes and formats
 * among them (okse.yaml(5)), and overlap when one follows another.
 */
#ifndef OKSE_SIGNER_NOTARY_SIGNERS_H
#define OKSE_SIGNER_NOTARY_SIGNERS_H

#include "credential/issuer.h"
#include "signer/config.h"

struct signer {
	const struct config_key	*key;
	struct issuer		*issuer;
};

struct signers {
	int64_t		lead;	/* config's signer_lead */
	size_t		count;
	struct signer	at[CONFIG_KEYS];
};

/*
 * The certificates of all keys that have one. Each must be of its key, be
 * issued by the CA, and be a document signer's (ISO/IEC 18013-5 B.1.4) only
 * where it signs documents: ERR_MISMATCH, ERR_SIGNATURE.
 */
[[nodiscard]] enum err signers_load(const struct config *c,
    struct signers *out_signers);
void signers_done(struct signers *s);

/* What is to be signed; an empty format stands for any. */
struct signer_task {
	enum key_use	use;
	struct view	programme, format;
};

/*
 * Of the signers that serve a task: the one whose certificate began last,
 * but the lead ago; while there is none, the newest that is valid; while none
 * is, the one that ends last, for issuer_check_time() to refuse. NULL: none
 * serves it.
 */
const struct issuer *signers_choose(const struct signers *s,
    const struct signer_task *t, int64_t now);

/* Whoever signed before, by its name; NULL: it is not configured any more. */
const struct issuer *signers_named(const struct signers *s, enum key_use use,
    const struct hash *name);

/* Those of a use whose certificates have not ended. */
size_t signers_of(const struct signers *s, enum key_use use, int64_t now,
    const struct issuer *out[CONFIG_KEYS]);

#endif
