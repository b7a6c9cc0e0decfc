/*
 * SD-JWT VCs as drafts: the form that a keyholder signs and no other, and the
 * finished text. What check() gets comes from another process and is hostile.
 * Next: draft.c.
 */
#include "credential/format.h"
#include "credential/jws.h"

/*
 * {"alg":"ES256","typ":"dc+sd-jwt","x5c": and {"iss" as base64url: no other
 * kind of JWT (a request object, a status list) begins so.
 */
static enum err
check(struct view tbs)
{
	return jws_check(tbs, &(struct jws_form){
		.name = "dc+sd-jwt (SD-JWT VC 3.2.1)",
		.header = "eyJhbGciOiJFUzI1NiIsInR5cCI6ImRjK3NkLWp3dCIs"
		    "Ing1YyI6",
		.payload = "eyJpc3Mi",
	});
}

static enum err
check_tail(struct view tail)
{
	if (tail.at[0] != '~' || tail.at[tail.len - 1] != '~')
		return err_because(ERR_SCHEMA, "draft: disclosures stand "
		    "between tildes (RFC 9901 4)");
	jws_cut(&tail, '~');
	while (tail.len != 0) {
		struct view disclosure = jws_cut(&tail, '~');

		/* [" and what follows of a salt */
		if (!view_starts(disclosure, "Wy") ||
		    !jws_is_base64url(disclosure))
			return err_because(ERR_SCHEMA, "draft: a disclosure "
			    "is not the base64url of one (RFC 9901 4.2.1)");
	}
	return ERR_OK;
}

static enum err
document(const struct signed_draft *s, struct bytes *out)
{
	TRY(jws_document(s, out));
	bytes_put(out, s->tail);
	return bytes_check(out);
}

const struct format format_sdjwt = {
	.kind = DRAFT_SD_JWT,
	.use = KEY_USE_DOCUMENT,
	.name = "dc+sd-jwt",
	.check = check,
	.check_tail = check_tail,
	.document = document,
};
