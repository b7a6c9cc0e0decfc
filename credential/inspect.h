/*
 * Documents of any of our formats, read back and verified: for support, for
 * auditors, and as the reference of what this project itself accepts. Nothing
 * that a document says is true before it is verified.
 */
#ifndef OKSE_CREDENTIAL_INSPECT_H
#define OKSE_CREDENTIAL_INSPECT_H

#include "credential/draft.h"

#define INSPECT_MAX ((size_t)1 << 20)	/* bytes of a document */

struct inspected;

/*
 * Takes a document apart and checks all that needs no key: its form, and that
 * what stands beside the signed bytes is what their digests say. ERR_SYNTAX,
 * ERR_SCHEMA, ERR_TOO_LARGE; ERR_MISMATCH for a digest.
 */
[[nodiscard]] enum err inspect(struct view text,
    struct inspected **out_inspected);
void inspected_free(struct inspected *i);
AUTO_STRUCT(inspected);

/* "dc+sd-jwt", "mso_mdoc", …, "qr-token" */
const char *inspected_format(const struct inspected *i);
/* SHA-256 of what was signed: the name of its draft in the log. */
struct hash inspected_draft(const struct inspected *i);
/* What it says, as indented JSON with a line feed at its end. */
[[nodiscard]] enum err inspected_json(const struct inspected *i,
    struct bytes *out);

/*
 * Where a credential's state is to be found: the URI is the inspected
 * document's. ERR_NOT_FOUND when it names no list.
 */
[[nodiscard]] enum err inspected_place(const struct inspected *credential,
    const char **out_uri, uint64_t *out_index);
/*
 * What a list says of it (enum status, or a value of another meaning); both
 * are the caller's to verify. ERR_MISMATCH for another list, ERR_RANGE when
 * it is too short, ERR_SCHEMA for what is no list.
 */
[[nodiscard]] enum err inspected_status(const struct inspected *credential,
    const struct inspected *list, unsigned int *out_status);

struct trust {
	X509		*ca;
	X509 *const	*signers;	/* of formats that bring none */
	size_t		 signer_count;
	int64_t		 now;		/* or TRUST_ANY_TIME */
};
#define TRUST_ANY_TIME INT64_MIN

/*
 * Signed by a certificate of the CA, which covers its validity, and valid at
 * that time. ERR_SIGNATURE names what does not hold. *out_signer, when
 * wanted, is the certificate, to be freed by the caller.
 */
[[nodiscard]] enum err inspected_verify(const struct inspected *i,
    const struct trust *t, X509 **out_signer);

#endif
