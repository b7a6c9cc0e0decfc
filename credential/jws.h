/* The signed part of a compact JWS (RFC 7515 3.1), as our formats make it. */
#ifndef OKSE_CREDENTIAL_JWS_H
#define OKSE_CREDENTIAL_JWS_H

#include "credential/format.h"

/* What header and payload begin with, each in base64url. */
struct jws_form {
	const char	*name;		/* for messages */
	const char	*header;
	const char	*payload;
};

/* header.payload of this form; ERR_SCHEMA. */
[[nodiscard]] enum err jws_check(struct view tbs,
    const struct jws_form *form);

/* Appends header.payload.signature (RFC 7515 7.1); a row's document(). */
[[nodiscard]] enum err jws_document(const struct signed_draft *s,
    struct bytes *out);

bool jws_is_base64url(struct view v);	/* and not empty */
/* What stands before the next mark, which is dropped; all if there is none. */
struct view jws_cut(struct view *rest, char mark);

#endif
