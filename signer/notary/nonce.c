/*
 * Challenges. A nonce that comes back is anybody's bytes until its tag is
 * right. Next: facts.c, which judges proofs.
 */
#include "signer/notary/nonce.h"

#include <string.h>

#include "base/json.h"
#include "base/time.h"
#include "signer/notary/notary.h"

#define SIGNED (HANDLE_SIZE + 8)	/* random and expiry */

enum err
nonce_new(const struct keys *k, struct view caller, int64_t now,
    struct bytes *out_text, int64_t *out_expires_at)
{
	AUTO_DONE(bytes) b = { 0 };
	struct handle random, tag;

	TRY(random_bytes(random.at, sizeof(random.at)));
	bytes_put(&b, VIEW_OF(random.at));
	bytes_put_u64(&b, (uint64_t)(now + NONCE_LIFE));
	TRY(bytes_check(&b));
	tag = keys_nonce_tag(k, bytes_view(&b), caller);
	bytes_put(&b, VIEW_OF(tag.at));
	TRY(bytes_check(&b));
	base64url_put(out_text, bytes_view(&b));
	TRY(bytes_check(out_text));
	*out_expires_at = now + NONCE_LIFE;
	return ERR_OK;
}

enum proof_state
nonce_check(const struct keys *k, struct view text, struct view caller,
    int64_t now, struct registry_nonce *out)
{
	AUTO_DONE(bytes) b = { 0 };
	struct handle expected;
	struct reader r;
	struct view random;

	if (text.len != NONCE_TEXT || base64url_get(text, &b) != ERR_OK)
		return PROOF_UNKNOWN_NONCE;
	expected = keys_nonce_tag(k, VIEW(b.at, SIGNED), caller);
	r = reader_of(bytes_view(&b));
	random = reader_take(&r, HANDLE_SIZE);
	memcpy(out->random.at, random.at, random.len);
	out->expires_at = (int64_t)reader_u64(&r);
	if (!secret_equal(r.rest, VIEW_OF(expected.at)))
		return PROOF_UNKNOWN_NONCE;
	return out->expires_at > now ? PROOF_VALID : PROOF_EXPIRED_NONCE;
}

enum err
nonce_challenge(const struct notary *n, struct view caller,
    struct bytes *out)
{
	AUTO_DONE(bytes) nonce = { 0 }, object = { 0 };
	struct json j = json_start(&object);
	char until[INSTANT_TEXT];
	int64_t expires_at;

	TRY(guard_check(&n->guard));
	if (n->keys == NULL)
		return err_because(ERR_SEALED, "the service is sealed");
	TRY(nonce_new(n->keys, caller, time_now(), &nonce, &expires_at));
	json_record(&j, NULL);
	json_text(&j, "nonce", bytes_view(&nonce));
	json_c_text(&j, "audience", n->config->issuer);
	json_c_text(&j, "expires_at", instant_text(expires_at, until));
	json_close(&j);
	TRY(json_end(&j));
	TRY(bytes_check(&object));
	bytes_put_u16(out, ERR_OK);
	bytes_put_block(out, VIEW(object.at + 1, object.len - 2));
	return bytes_check(out);
}
