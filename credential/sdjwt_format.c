/*
 * SD-JWT VCs as drafts: the form that a keyholder signs and no other, and the
 * finished text. What check() gets comes from another process and is hostile.
 * Next: draft.c.
 */
#include <string.h>

#include "credential/format.h"

static bool
is_base64url(struct view v)
{
	static const bool alphabet[256] = {
		['A' ... 'Z'] = true, ['a' ... 'z'] = true,
		['0' ... '9'] = true, ['-'] = true, ['_'] = true,
	};
	bool good = v.len != 0 && v.len % 4 != 1;

	for (size_t i = 0; i < v.len; i++)
		good &= alphabet[v.at[i]];
	return good;
}

/* What stands before the next mark, which is dropped; all when there is none */
static struct view
cut(struct view *rest, char mark)
{
	const uint8_t *at = rest->len != 0 ?
	    memchr(rest->at, mark, rest->len) : NULL;
	size_t n = at != NULL ? (size_t)(at - rest->at) : rest->len;
	struct view head = VIEW(rest->at, n);

	n += at != NULL;
	*rest = VIEW(rest->at + n, rest->len - n);
	return head;
}

/*
 * {"alg":"ES256","typ":"dc+sd-jwt","x5c": and {"iss" as base64url: no other
 * kind of JWT (a request object, a status list) begins so.
 */
static enum err
check_tbs(struct view tbs)
{
	struct view header = cut(&tbs, '.');

	if (!view_starts(header, "eyJhbGciOiJFUzI1NiIsInR5cCI6ImRjK3NkLWp3dCIs"
	    "Ing1YyI6") || !is_base64url(header))
		return err_because(ERR_SCHEMA, "draft: the header is not one "
		    "of dc+sd-jwt (SD-JWT VC 3.2.1)");
	if (!view_starts(tbs, "eyJpc3Mi") || !is_base64url(tbs))
		return err_because(ERR_SCHEMA, "draft: the payload is not the "
		    "base64url of one of ours (RFC 7515 3.1)");
	return ERR_OK;
}

static enum err
check(struct view tbs, struct view tail)
{
	TRY(check_tbs(tbs));
	if (tail.len == 0 || tail.at[0] != '~' ||
	    tail.at[tail.len - 1] != '~')
		return err_because(ERR_SCHEMA, "draft: disclosures stand "
		    "between tildes (RFC 9901 4)");
	cut(&tail, '~');
	while (tail.len != 0) {
		struct view disclosure = cut(&tail, '~');

		/* [" and what follows of a salt */
		if (!view_starts(disclosure, "Wy") ||
		    !is_base64url(disclosure))
			return err_because(ERR_SCHEMA, "draft: a disclosure "
			    "is not the base64url of one (RFC 9901 4.2.1)");
	}
	return ERR_OK;
}

static enum err
document(struct view tbs, struct view tail, struct view signature,
    struct bytes *out)
{
	bytes_put(out, tbs);
	bytes_put_u8(out, '.');
	base64url_put(out, signature);
	bytes_put(out, tail);
	return bytes_check(out);
}

const struct format format_sdjwt = {
	.kind = DRAFT_SD_JWT,
	.use = KEY_USE_DOCUMENT,
	.name = "dc+sd-jwt",
	.check = check,
	.document = document,
};
