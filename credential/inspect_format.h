/* Inside credential/: what the readers of each format find. */
#ifndef OKSE_CREDENTIAL_INSPECT_FORMAT_H
#define OKSE_CREDENTIAL_INSPECT_FORMAT_H

#include <jansson.h>

#include "credential/format.h"
#include "credential/inspect.h"
#include "credential/status_list.h"

#define INSPECT_DEPTH 16	/* of JSON that is walked through */

AUTO_DEFINE(json_t, json_t, json_decref);

struct inspected {
	const struct format	*format;
	size_t			 parts;
	struct bytes		 part[DRAFT_PARTS];	/* first: the tbs */
	uint8_t			 signature[DRAFT_PARTS][P256_SIGNATURE_SIZE];
	uint8_t			 recovery[DRAFT_PARTS];	/* opendid-vc */
	X509			*signer;	/* NULL: it brings none */
	struct bytes		 kid;		/* then this, or empty */
	int64_t			 from, until;
	struct status_list	*list;		/* NULL: it is none */
	json_t			*content;
};

/* Each fills what it finds; the text is of its format by its beginning. */
[[nodiscard]] enum err inspect_sd_jwt(struct view text, struct inspected *i);
[[nodiscard]] enum err inspect_vc_jwt(struct view text, struct inspected *i);
[[nodiscard]] enum err inspect_mdoc(struct view text, struct inspected *i);
[[nodiscard]] enum err inspect_opendid(struct view text,
    struct inspected *i);
[[nodiscard]] enum err inspect_cwt_qr(struct view text, struct inspected *i);
[[nodiscard]] enum err inspect_qr_token(struct view text,
    struct inspected *i);
[[nodiscard]] enum err inspect_status_jwt(struct view text,
    struct inspected *i);
[[nodiscard]] enum err inspect_status_cwt(struct view text,
    struct inspected *i);

/* Shared by them. */
/* header.payload.signature with x5c: all but what the payload says. */
[[nodiscard]] enum err inspect_jws(struct view jws, struct inspected *i,
    json_t **out_payload);
[[nodiscard]] enum err inspect_json(struct view text, json_t **out_json);
[[nodiscard]] enum err inspect_certificate(struct view der, X509 **out);
/* An instant as text, or ERR_SCHEMA. */
[[nodiscard]] enum err inspect_instant(const json_t *object,
    const char *name, int64_t *out);
json_t *inspect_text(struct view utf8);
json_t *inspect_time(int64_t t);

#endif
