/*
 * Inside credential/: what a credential of one format states. That is the
 * request's claims that the programme puts there, in the programme's order,
 * then what the service says itself.
 */
#ifndef OKSE_CREDENTIAL_STATEMENT_H
#define OKSE_CREDENTIAL_STATEMENT_H

#include "credential/credential.h"

#define STATEMENTS 100	/* 64 claims, 32 ages, a date */

struct statement {
	const char		*name;
	enum claim_type		 type;
	const struct claim_spec	*spec;	/* NULL: age_over_NN, expiry_date */
	struct value		 value;	/* borrowed */
};

struct statements {
	size_t			count;
	struct statement	at[STATEMENTS];
	char			names[32][16], expiry[12];
};

/* ERR_SCHEMA and ERR_INTERNAL as credential_draft(). */
[[nodiscard]] enum err statements_gather(const struct credential_order *o,
    enum credential_format format, struct statements *out);

/* The value as JSON; members of maps sorted by name. ERR_SCHEMA. */
[[nodiscard]] enum err statement_json(struct json *j, const char *name,
    const struct statement *s);

/* A map's members in the order of their names; ERR_SCHEMA over the limit. */
struct sorted_members {
	const struct member	*at[VALUE_MEMBERS];
};
[[nodiscard]] enum err members_sort(const struct value *map,
    int (*order)(const void *, const void *), struct sorted_members *out);
int members_by_name(const void *a, const void *b);

/* 32 bytes that only the seed tells, by label, key and number. */
struct hash statement_random(const struct credential_order *o,
    const char *label, uint32_t number);

/* {"kty","crv","x","y"} under name (RFC 7518 6.2). */
void statement_jwk(struct json *j, const char *name,
    const uint8_t point[P256_POINT_SIZE]);
/* did:jwk of the key, under name: RFC 7517 in base64url. */
[[nodiscard]] enum err statement_did(struct json *j, const char *name,
    const uint8_t point[P256_POINT_SIZE]);
/* {"status_list":{"idx","uri"}} under "status", when there is one. */
void statement_status(struct json *j, const struct status_entry *status);
/* The same as a CBOR map, which the caller has named. */
void statement_status_cbor(struct bytes *b,
    const struct status_entry *status);
const uint8_t *order_point(const struct credential_order *o);
const struct programme *order_programme(const struct credential_order *o);

/* Made by credential_draft(), each in the file of its format. */
[[nodiscard]] enum err sdjwt_draft(const struct credential_order *o,
    struct draft **out_draft);
[[nodiscard]] enum err mdoc_draft(const struct credential_order *o,
    struct draft **out_draft);
[[nodiscard]] enum err vc_jwt_draft(const struct credential_order *o,
    struct draft **out_draft);
[[nodiscard]] enum err opendid_draft(const struct credential_order *o,
    struct draft **out_draft);
[[nodiscard]] enum err cwt_qr_draft(const struct credential_order *o,
    struct draft **out_draft);

#endif
