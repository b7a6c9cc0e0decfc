/*
 * Status List Tokens (draft-ietf-oauth-status-list 5): a status list, signed,
 * as a JWT or as a CWT. The bytes are in status_list.txt.
 */
#ifndef OKSE_CREDENTIAL_STATUS_TOKEN_H
#define OKSE_CREDENTIAL_STATUS_TOKEN_H

#include "credential/draft.h"
#include "credential/issuer.h"
#include "credential/status_list.h"

#define STATUS_URI 256		/* bytes of a list's URI */

enum status_form {
	STATUS_JWT,		/* application/statuslist+jwt */
	STATUS_CWT,		/* application/statuslist+cwt */
	STATUS_FORMS
};

/* What a token says. */
struct status_token {
	struct view	uri;		/* of the list: what credentials name */
	int64_t		issued_at, expires_at;
	int64_t		ttl;		/* seconds a copy may be kept */
	unsigned int	bits;
	struct view	list;		/* packed: status_list_pack() */
};

/*
 * The same token and issuer give the same bytes. ERR_RANGE for times that are
 * in no order or a URI that is none; ERR_INTERNAL when the certificate does
 * not cover them.
 */
[[nodiscard]] enum err status_token_draft(enum status_form form,
    const struct status_token *t, const struct issuer *i,
    struct draft **out_draft);

/*
 * What a token of ours says, from its signed bytes: strict in its form, with
 * the list still packed. The views of a CWT point into tbs, those of a JWT
 * into room, which is filled. ERR_SCHEMA.
 */
struct status_room {
	struct bytes	payload, list;
};
void status_room_done(struct status_room *r);
[[nodiscard]] enum err status_token_get(enum status_form form,
    struct view tbs, struct status_room *room,
    struct status_token *out_token);

#endif
