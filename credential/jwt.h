/*
 * JWTs of strangers: compact JWS whose header and payload are JSON objects.
 * Members that mean nothing to us are ignored (RFC 7519 4, RFC 7515 4), all
 * but "crit", which says that they may not be. Only ES256 is read.
 */
#ifndef OKSE_CREDENTIAL_JWT_H
#define OKSE_CREDENTIAL_JWT_H

#include "base/crypto.h"
#include "base/json_tree.h"

struct jwt {
	const char	*what;		/* in messages: "proof" */
	struct json_tree header, payload;
	struct bytes	 texts[2];	/* that they were read from */
	struct bytes	 signature;
	struct hash	 digest;	/* of what is signed */
};
void jwt_done(struct jwt *j);

/*
 * Takes apart and checks typ, alg and crit; nothing is verified yet. what and
 * typ are constants. ERR_SYNTAX, ERR_SCHEMA, ERR_TOO_LARGE.
 */
[[nodiscard]] enum err jwt_read(struct view text, const char *what,
    const char *typ, size_t max, struct jwt *out);
[[nodiscard]] enum err jwt_verify(const struct jwt *j, EVP_PKEY *key);

/* A text of a JSON object, empty when it is missing or no text. */
struct view jwt_text(const struct json_tree *object, const char *name);

struct jwt_times {
	int64_t	issued_at;		/* needed */
	int64_t	not_before;		/* INT64_MIN when it has none */
	int64_t	expires_at;		/* INT64_MAX */
};
/* iat, nbf and exp as whole seconds from 0 to the year 9999. ERR_SCHEMA. */
[[nodiscard]] enum err jwt_times(const struct jwt *j, struct jwt_times *out);

/*
 * A public key for ES256 (RFC 7518 6.2): one with a member of a private key,
 * or for another use or algorithm, is refused. ERR_SCHEMA.
 */
[[nodiscard]] enum err jwk_point(const char *what, const struct node *jwk,
    uint8_t out_point[P256_POINT_SIZE]);

#endif
