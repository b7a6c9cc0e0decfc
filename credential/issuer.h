/*
 * A signer as verifiers know it: its certificate, prepared once for use in
 * every credential or token it signs. The private key is in the token and
 * never here.
 */
#ifndef OKSE_CREDENTIAL_ISSUER_H
#define OKSE_CREDENTIAL_ISSUER_H

#include "base/crypto.h"
#include "base/json.h"
#include "credential/draft.h"

#define ISSUER_KID_SIZE 8
#define ISSUER_URI 128		/* bytes of an issuer's URI */

struct issuer;

/*
 * Reads the signer's own certificate (PEM, P-256, no chain: the root is the
 * verifier's to have) and takes the URI that credentials name as "iss".
 * ERR_UNSUPPORTED for another kind of key, ERR_SYNTAX or ERR_RANGE for a
 * certificate or URI that cannot be used.
 */
[[nodiscard]] enum err issuer_load(const char *certificate_path,
    const char *uri, struct issuer **out_issuer);
/* The same of a certificate in DER, whoever it comes from. */
[[nodiscard]] enum err issuer_of_der(struct view der, const char *uri,
    struct issuer **out_issuer);
void issuer_free(struct issuer *i);
AUTO_STRUCT(issuer);

/*
 * The certificate is signed by this CA, within the CA's own validity, and the
 * CA may sign certificates (RFC 5280 6.1, all but the time of day: when a
 * credential may be issued is the policy's question). ERR_SIGNATURE.
 */
[[nodiscard]] enum err issuer_verify_chain(const struct issuer *i, X509 *ca);

const char *issuer_uri(const struct issuer *i);
EVP_PKEY *issuer_key(const struct issuer *i);		/* still the issuer's */
struct view issuer_point(const struct issuer *i);	/* 04 || x || y */
/* The first 8 bytes of SHA-256 of the certificate. */
struct view issuer_kid(const struct issuer *i);
/* Of its key: what drafts name. */
struct hash issuer_name(const struct issuer *i);
int64_t issuer_not_before(const struct issuer *i);	/* instants, both */
int64_t issuer_not_after(const struct issuer *i);	/* inclusive */
/* The country of its subject: two letters, or "" (RFC 5280 A.1). */
const char *issuer_country(const struct issuer *i);
struct view issuer_der(const struct issuer *i);		/* the certificate */
/*
 * Appends a JOSE header of this type in base64url: {"alg":"ES256","typ":…,
 * "cty":…,"x5c":[…]}; cty NULL: none.
 */
[[nodiscard]] enum err issuer_put_header(const struct issuer *i,
    const char *typ, const char *cty, struct bytes *out);
/* base64url of {"alg":"ES256","typ":"dc+sd-jwt","x5c":[…]} */
struct view issuer_sd_jwt_header(const struct issuer *i);
/* base64url of {"alg":"ES256","typ":"vc+jwt","cty":"vc","x5c":[…]} */
struct view issuer_vc_jwt_header(const struct issuer *i);

/* Has it the purpose of document signers (ISO/IEC 18013-5 B.1.4)? */
bool issuer_signs_documents(const struct issuer *i);

/* ERR_UNAVAILABLE while the certificate is not valid, or not any more. */
[[nodiscard]] enum err issuer_check_time(const struct issuer *i, int64_t now);
/* ERR_INTERNAL unless the certificate is valid from … to. */
[[nodiscard]] enum err issuer_covers(const struct issuer *i, int64_t from,
    int64_t to);

/* One member of a JWK set (RFC 7517 4): kty crv x y kid use alg x5c. */
void issuer_jwk(const struct issuer *i, struct json *j);

#endif
