/*
 * What a keyholder wants of a JWS before it signs: header and payload are
 * base64url, and begin as those of one format and of no other. The bytes come
 * from another process and are hostile. Used by sdjwt_format.c and vc_jwt.c.
 */
#include "credential/jws.h"

#include <string.h>

bool
jws_is_base64url(struct view v)
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

struct view
jws_cut(struct view *rest, char mark)
{
	const uint8_t *at = rest->len != 0 ?
	    memchr(rest->at, mark, rest->len) : NULL;
	size_t n = at != NULL ? (size_t)(at - rest->at) : rest->len;
	struct view head = VIEW(rest->at, n);

	n += at != NULL;
	*rest = VIEW(rest->at + n, rest->len - n);
	return head;
}

enum err
jws_check(struct view tbs, const struct jws_form *form)
{
	struct view header = jws_cut(&tbs, '.');

	if (!view_starts(header, form->header) || !jws_is_base64url(header))
		return err_because(ERR_SCHEMA, "draft: the header is not one "
		    "of %s", form->name);
	if (!view_starts(tbs, form->payload) || !jws_is_base64url(tbs))
		return err_because(ERR_SCHEMA, "draft: the payload is not the "
		    "base64url of one of ours (RFC 7515 3.1)");
	return ERR_OK;
}

enum err
jws_document(const struct signed_draft *s, struct bytes *out)
{
	bytes_put(out, draft_tbs(s->draft));
	bytes_put_u8(out, '.');
	base64url_put(out, VIEW(s->signatures, P256_SIGNATURE_SIZE));
	return bytes_check(out);
}
