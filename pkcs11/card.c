/*
 * Signing with a person's token. Pairs are told apart by the public point, as
 * labels and ids are whatever their owner gave them; the two halves of a pair
 * share CKA_ID (PKCS#11 v3.1 4.8). What the token answers is verified by who
 * asked.
 */
#include "pkcs11/card.h"

#include <string.h>

#include "pkcs11/cryptoki.h"
#include "pkcs11/point.h"

#define PAIRS 32		/* public keys on one card */
#define SIGNATURE_SIZE 64	/* of both algorithms */

struct wanted {
	enum key_type	type;
	size_t		size;
	uint8_t		point[P256_POINT_SIZE];
};

static enum err
want(EVP_PKEY *public_key, struct wanted *out)
{
	struct wanted w = { .type = KEY_ED25519, .size = ED25519_SIZE };

	if (!EVP_PKEY_is_a(public_key, "ED25519")) {
		w.type = KEY_P256;
		w.size = P256_POINT_SIZE;
		TRY(p256_point(public_key, w.point));
	} else if (EVP_PKEY_get_raw_public_key(public_key, w.point,
	    &w.size) != 1) {
		return err_openssl("a card's key");
	}
	*out = w;
	return ERR_OK;
}

/* Is this object the public half? Then its id. */
static enum err
is_wanted(struct token *t, CK_OBJECT_HANDLE object, const struct wanted *w,
    bool *out_is, struct bytes *id)
{
	uint8_t value[256], name[256];
	CK_ATTRIBUTE point = { CKA_EC_POINT, value, sizeof(value) };
	CK_ATTRIBUTE named = { CKA_ID, name, sizeof(name) };
	struct view raw;

	*out_is = false;
	TRY(session_read(t, object, &point));
	if (point.ulValueLen == CK_UNAVAILABLE_INFORMATION ||
	    ec_point_decode(VIEW(value, point.ulValueLen), w->size, &raw) !=
	    ERR_OK || !view_equal(raw, VIEW(w->point, w->size)))
		return ERR_OK;
	TRY(session_read(t, object, &named));
	if (named.ulValueLen == CK_UNAVAILABLE_INFORMATION)
		named.ulValueLen = 0;
	bytes_put(id, VIEW(name, named.ulValueLen));
	*out_is = true;
	return bytes_check(id);
}

static enum err
find_id(struct token *t, const struct wanted *w, struct bytes *id)
{
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_KEY_TYPE type = key_ckk(w->type);
	CK_ATTRIBUTE a[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_KEY_TYPE, &type, sizeof(type) },
	};
	CK_OBJECT_HANDLE handles[PAIRS];
	struct found found = { .at = handles, .max = COUNT(handles) };
	bool is = false;

	TRY(session_find(t, a, COUNT(a), &found));
	for (size_t i = 0; !is && i < found.count; i++)
		TRY(is_wanted(t, handles[i], w, &is, id));
	return is ? ERR_OK : err_because(ERR_NOT_FOUND,
	    "this card does not hold the key that the script names");
}

static enum err
find_private(struct token *t, const struct wanted *w, struct view id,
    CK_OBJECT_HANDLE *out)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_KEY_TYPE type = key_ckk(w->type);
	CK_ATTRIBUTE a[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_KEY_TYPE, &type, sizeof(type) },
		{ CKA_ID, unconst(id.at), id.len },
	};
	CK_OBJECT_HANDLE handles[2];
	struct found found = { .at = handles, .max = COUNT(handles) };

	TRY(session_find(t, a, COUNT(a), &found));
	if (found.count != 1)
		return err_because(ERR_NOT_FOUND, "this card has %zu private "
		    "keys to that public key", found.count);
	*out = handles[0];
	return ERR_OK;
}

static enum err
sign(struct token *t, const struct wanted *w, CK_OBJECT_HANDLE key,
    struct view message, uint8_t out[SIGNATURE_SIZE])
{
	CK_MECHANISM mechanism = { .mechanism = key_mechanism(w->type) };
	struct hash digest = sha256(message);
	struct view input = w->type == KEY_P256 ? VIEW_OF(digest.at) : message;
	CK_ULONG len = SIGNATURE_SIZE;

	TRY(session_ready(t));
	TRY(session_check(t, "C_SignInit", t->p11->C_SignInit(t->session,
	    &mechanism, key)));
	TRY(session_check(t, "C_Sign", t->p11->C_Sign(t->session,
	    unconst(input.at), input.len, out, &len)));
	return len == SIGNATURE_SIZE ? ERR_OK : err_because(ERR_TOKEN,
	    "C_Sign: wanted %d bytes of signature, got %lu", SIGNATURE_SIZE,
	    len);
}

enum err
card_sign(struct token *t, EVP_PKEY *public_key, struct view message,
    struct bytes *out_signature)
{
	AUTO_DONE(bytes) id = { 0 };
	uint8_t raw[SIGNATURE_SIZE];
	CK_OBJECT_HANDLE key;
	struct wanted w;

	rv_clear();
	TRY(want(public_key, &w));
	TRY(find_id(t, &w, &id));
	TRY(find_private(t, &w, bytes_view(&id), &key));
	TRY(sign(t, &w, key, message, raw));
	if (w.type == KEY_P256) {
		TRY(p256_low_s(raw));
		return p256_to_der(raw, out_signature);
	}
	bytes_put(out_signature, VIEW_OF(raw));
	return bytes_check(out_signature);
}
