/*
 * Wrapping, unwrapping and sealing (backup.h). What the token makes of the KEK
 * and of the key is read back before it is used: a KEK that may decrypt, too,
 * would give the key away (Clulow 2003). Wrapped bytes come from a medium
 * somebody kept; the caller has compared their hash. Next: attribute.c.
 */
#include "pkcs11/backup.h"

#include <stdio.h>
#include <string.h>

#include "pkcs11/cryptoki.h"

AUTO_DEFINE(CIPHER, EVP_CIPHER_CTX, EVP_CIPHER_CTX_free);

enum err
kek_check(const struct secret *kek, uint8_t out[KEK_CHECK_SIZE])
{
	static const uint8_t zeros[16];
	AUTO(CIPHER) c = EVP_CIPHER_CTX_new();
	uint8_t block[16];
	int n;

	if (secret_len(kek) != KEK_SIZE)
		return err_because(ERR_RANGE, "a wrapping key has %d bytes, "
		    "got %zu", KEK_SIZE, secret_len(kek));
	if (c == NULL || EVP_EncryptInit_ex(c, EVP_aes_256_ecb(), NULL,
	    secret_peek(kek), NULL) != 1 ||
	    EVP_EncryptUpdate(c, block, &n, zeros, sizeof(zeros)) != 1)
		return err_openssl("the check value of a wrapping key");
	memcpy(out, block, KEK_CHECK_SIZE);
	return ERR_OK;
}

/* ---- the KEK in a token */

enum purpose { WRAPS, UNWRAPS };

#define KEK_RULES 12

static const struct {
	CK_ATTRIBUTE_TYPE	 type;
	const char		*name;
	CK_BBOOL		 wanted[2];	/* by purpose */
} kek_rules[KEK_RULES] = {
	{ CKA_TOKEN, "CKA_TOKEN", { CK_FALSE, CK_FALSE } },
	{ CKA_PRIVATE, "CKA_PRIVATE", { CK_TRUE, CK_TRUE } },
	{ CKA_SENSITIVE, "CKA_SENSITIVE", { CK_TRUE, CK_TRUE } },
	{ CKA_EXTRACTABLE, "CKA_EXTRACTABLE", { CK_FALSE, CK_FALSE } },
	{ CKA_MODIFIABLE, "CKA_MODIFIABLE", { CK_FALSE, CK_FALSE } },
	{ CKA_WRAP, "CKA_WRAP", { CK_TRUE, CK_FALSE } },
	{ CKA_UNWRAP, "CKA_UNWRAP", { CK_FALSE, CK_TRUE } },
	{ CKA_ENCRYPT, "CKA_ENCRYPT", { CK_FALSE, CK_FALSE } },
	{ CKA_DECRYPT, "CKA_DECRYPT", { CK_FALSE, CK_FALSE } },
	{ CKA_SIGN, "CKA_SIGN", { CK_FALSE, CK_FALSE } },
	{ CKA_VERIFY, "CKA_VERIFY", { CK_FALSE, CK_FALSE } },
	{ CKA_DERIVE, "CKA_DERIVE", { CK_FALSE, CK_FALSE } },
};

/* One use of a KEK: it is gone with the session. */
struct use {
	struct token		*token;
	const struct secret	*kek;
	enum purpose		 purpose;
	struct key_name		 name;
	const struct key_spec	*spec;
	CK_SESSION_HANDLE	 session;
	CK_OBJECT_HANDLE	 key;		/* the KEK */
};

static enum err
import_kek(struct use *u)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_AES;
	CK_ATTRIBUTE a[KEK_RULES + 3] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_KEY_TYPE, &type, sizeof(type) },
		{ CKA_VALUE, unconst(secret_peek(u->kek)), KEK_SIZE },
	};

	for (size_t i = 0; i < KEK_RULES; i++)
		a[i + 3] = (CK_ATTRIBUTE){ kek_rules[i].type,
		    unconst(&kek_rules[i].wanted[u->purpose]),
		    sizeof(CK_BBOOL) };
	return rv_check("C_CreateObject", u->token->p11->C_CreateObject(
	    u->session, a, COUNT(a), &u->key), false);
}

/* Where the token tells one: not all do. */
static enum err
compare_check(struct use *u)
{
	uint8_t seen[KEK_CHECK_SIZE], wanted[KEK_CHECK_SIZE];
	CK_ATTRIBUTE a = { CKA_CHECK_VALUE, seen, sizeof(seen) };

	TRY(kek_check(u->kek, wanted));
	TRY(session_read(u->token, u->key, &a));
	if (a.ulValueLen != sizeof(seen))
		return ERR_OK;
	return secret_equal(VIEW_OF(seen), VIEW_OF(wanted)) ? ERR_OK :
	    err_because(ERR_MISMATCH, "wrapping key: the token's check value "
	    "is of another key");
}

static enum err
check_kek(struct use *u)
{
	for (size_t i = 0; i < KEK_RULES; i++) {
		CK_BBOOL seen = CK_FALSE;
		CK_ATTRIBUTE a = { kek_rules[i].type, &seen, sizeof(seen) };

		TRY(session_read(u->token, u->key, &a));
		if (a.ulValueLen != sizeof(seen) ||
		    (seen != CK_FALSE) != kek_rules[i].wanted[u->purpose])
			return err_because(ERR_MISMATCH, "wrapping key: "
			    "wanted %s = %d, and it is not",
			    kek_rules[i].name,
			    kek_rules[i].wanted[u->purpose]);
	}
	return compare_check(u);
}

static enum err
with_kek(struct use *u, enum err (*act)(struct use *u, void *to), void *to)
{
	enum err e;

	if (secret_len(u->kek) != KEK_SIZE)
		return err_because(ERR_RANGE, "a wrapping key has %d bytes, "
		    "got %zu", KEK_SIZE, secret_len(u->kek));
	u->name = (struct key_name){ .label = u->spec->label,
	    .id = u->spec->id };
	TRY(key_name_check(&u->name));
	TRY(key_type_public(u->spec->public_key, &u->name.type));
	TRY(session_open(u->token, CKF_RW_SESSION, &u->session));
	e = import_kek(u);
	if (e == ERR_OK)
		e = check_kek(u);
	if (e == ERR_OK)
		e = act(u, to);
	(void)u->token->p11->C_CloseSession(u->session);
	return e;
}

/* ---- out of a token */

static enum err
wrap(struct use *u, void *to)
{
	CK_MECHANISM mechanism = { .mechanism = CKM_AES_KEY_WRAP_PAD };
	uint8_t wrapped[WRAPPED_MAX];
	CK_ULONG len = sizeof(wrapped);
	AUTO(key) key = NULL;

	TRY(key_find(u->token, u->spec, KEY_WRAPPABLE, &key));
	TRY(rv_check("C_WrapKey", u->token->p11->C_WrapKey(u->session,
	    &mechanism, u->key, key->handle, wrapped, &len), false));
	if (len == 0 || len > sizeof(wrapped) || len % 8 != 0)
		return err_because(ERR_TOKEN, "C_WrapKey: wanted a multiple "
		    "of 8 bytes (RFC 5649 3), got %lu", len);
	bytes_put(to, VIEW(wrapped, len));
	return bytes_check(to);
}

enum err
token_wrap(struct token *t, const struct secret *kek,
    const struct key_spec *spec, struct bytes *out_wrapped)
{
	struct use u = { .token = t, .kek = kek, .purpose = WRAPS,
		.spec = spec };

	rv_clear();
	return with_kek(&u, wrap, out_wrapped);
}

/* ---- a way out, closed for good */

/* The private halves of that name: one, or two while it is being sealed. */
struct halves {
	CK_OBJECT_HANDLE	at[3];
	size_t			count;
};

static enum err
find_halves(struct token *t, const struct key_name *name, struct halves *out)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE wanted[3] = { { CKA_CLASS, &class, sizeof(class) } };
	struct found found = { .at = out->at, .max = COUNT(out->at) };

	TRY(session_find(t, wanted, attribute_name(name, wanted, 1), &found));
	out->count = found.count;
	if (found.count == 0)
		return err_because(ERR_NOT_FOUND, "private key '%s' is not in "
		    "the token", name->label);
	return found.count <= 2 ? ERR_OK : err_because(ERR_MISMATCH,
	    "private key '%s': found more than two", name->label);
}

static enum err
read_flag(struct token *t, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
    bool *out)
{
	CK_BBOOL value = CK_TRUE;
	CK_ATTRIBUTE a = { type, &value, sizeof(value) };

	TRY(session_read(t, object, &a));
	if (a.ulValueLen != sizeof(value))
		return err_because(ERR_MISMATCH, "the token does not tell "
		    "what may be done to a key");
	*out = value != CK_FALSE;
	return ERR_OK;
}

/* One way only: no call makes it extractable again (PKCS#11 v3.1 4.9). */
static enum err
close_way_out(struct token *t, CK_SESSION_HANDLE session,
    CK_OBJECT_HANDLE key)
{
	CK_BBOOL no = CK_FALSE;
	CK_ATTRIBUTE change = { CKA_EXTRACTABLE, &no, sizeof(no) };
	bool extractable = true;

	TRY(read_flag(t, key, CKA_EXTRACTABLE, &extractable));
	if (!extractable)
		return ERR_OK;
	TRY(rv_check("C_SetAttributeValue", t->p11->C_SetAttributeValue(
	    session, key, &change, 1), false));
	TRY(read_flag(t, key, CKA_EXTRACTABLE, &extractable));
	return extractable ? err_because(ERR_MISMATCH, "the key is still "
	    "extractable after it was made not to be") : ERR_OK;
}

static enum err
copy_hard(struct token *t, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE a[] = {
		{ CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_MODIFIABLE, &no, sizeof(no) },
	};
	CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;

	return rv_check("C_CopyObject", t->p11->C_CopyObject(session, key, a,
	    COUNT(a), &made), false);
}

/* Which of the halves is soft: may be modified, and so given a way out. */
static enum err
find_soft(struct token *t, const struct halves *h, CK_OBJECT_HANDLE *out,
    size_t *out_count)
{
	*out_count = 0;
	for (size_t i = 0; i < h->count; i++) {
		bool soft = true;

		TRY(read_flag(t, h->at[i], CKA_MODIFIABLE, &soft));
		if (!soft)
			continue;
		*out = h->at[i];
		(*out_count)++;
	}
	return ERR_OK;
}

static enum err
harden(struct token *t, const struct key_name *name,
    CK_SESSION_HANDLE session)
{
	CK_OBJECT_HANDLE soft = CK_INVALID_HANDLE;
	struct halves h = { 0 };
	size_t softs = 0;

	TRY(find_halves(t, name, &h));
	TRY(find_soft(t, &h, &soft, &softs));
	if (softs == 0 && h.count == 1)
		return ERR_OK;		/* done before a crash */
	if (softs != 1)
		return err_because(ERR_MISMATCH, "private key '%s': %zu of "
		    "%zu may be modified", name->label, softs, h.count);
	TRY(close_way_out(t, session, soft));
	if (h.count == 1)
		TRY(copy_hard(t, session, soft));
	return rv_check("C_DestroyObject", t->p11->C_DestroyObject(session,
	    soft), false);
}

/* ---- into a token */

static enum err
unwrap_private(struct use *u, struct view wrapped, CK_OBJECT_HANDLE *out)
{
	CK_MECHANISM mechanism = { .mechanism = CKM_AES_KEY_WRAP_PAD };
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_KEY_TYPE type = key_ckk(u->name.type);
	struct attribute_values values;
	CK_ATTRIBUTE a[KEY_ATTRIBUTES + 4];
	size_t n = attribute_template(u->token, u->name.type, KEY_UNWRAPPED,
	    &values, a);

	n = attribute_name(&u->name, a, n);
	a[n++] = (CK_ATTRIBUTE){ CKA_CLASS, &class, sizeof(class) };
	a[n++] = (CK_ATTRIBUTE){ CKA_KEY_TYPE, &type, sizeof(type) };
	return rv_check("C_UnwrapKey", u->token->p11->C_UnwrapKey(u->session,
	    &mechanism, u->key, unconst(wrapped.at), wrapped.len, a, n, out),
	    false);
}

/* DER OCTET STRING of the point (PKCS#11 v3.1 6.3.3) */
static enum err
put_point(EVP_PKEY *key, enum key_type type, struct bytes *out)
{
	uint8_t point[P256_POINT_SIZE];
	size_t len = sizeof(point);

	if (type == KEY_P256)
		TRY(p256_point(key, point));
	else if (EVP_PKEY_get_raw_public_key(key, point, &len) != 1)
		return err_openssl("a public key");
	bytes_put_u8(out, 0x04);
	bytes_put_u8(out, (uint8_t)len);
	bytes_put(out, VIEW(point, len));
	return bytes_check(out);
}

static enum err
create_public(struct use *u, CK_OBJECT_HANDLE *out)
{
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_KEY_TYPE type = key_ckk(u->name.type);
	AUTO_DONE(bytes) point = { 0 };
	CK_ATTRIBUTE a[PUBLIC_ATTRIBUTES + 5];
	size_t n = attribute_public(u->name.type, a);

	TRY(put_point(u->spec->public_key, u->name.type, &point));
	n = attribute_name(&u->name, a, n);
	a[n++] = (CK_ATTRIBUTE){ CKA_CLASS, &class, sizeof(class) };
	a[n++] = (CK_ATTRIBUTE){ CKA_KEY_TYPE, &type, sizeof(type) };
	a[n++] = (CK_ATTRIBUTE){ CKA_EC_POINT, point.at, point.len };
	return rv_check("C_CreateObject", u->token->p11->C_CreateObject(
	    u->session, a, n, out), false);
}

struct restored {
	struct view		 wrapped;
	struct key_record	*record;
};

static enum err
make_halves(struct use *u, const struct restored *r)
{
	CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
	AUTO(key) key = NULL;

	TRY(unwrap_private(u, r->wrapped, &made));
	TRY(create_public(u, &made));
	TRY(harden(u->token, &u->name, u->session));
	TRY(key_find(u->token, u->spec, KEY_RESTORED, &key));
	return key_tell(key, r->record->attributes);
}

/* All objects of that name; there were none before. */
static enum err
remove_halves(struct token *t, const struct key_name *name,
    CK_SESSION_HANDLE session)
{
	CK_OBJECT_HANDLE handles[4];
	struct found found = { .at = handles, .max = COUNT(handles) };
	CK_ATTRIBUTE wanted[2];

	TRY(session_find(t, wanted, attribute_name(name, wanted, 0),
	    &found));
	for (size_t i = 0; i < found.count; i++)
		TRY(rv_check("C_DestroyObject", t->p11->C_DestroyObject(
		    session, handles[i]), false));
	return ERR_OK;
}

/* What is not the key that it should be does not stay. */
static enum err
unwrap(struct use *u, void *to)
{
	char why[256];
	enum err e = make_halves(u, to), gone;

	if (e == ERR_OK)
		return ERR_OK;
	snprintf(why, sizeof(why), "%s", err_why());
	gone = remove_halves(u->token, &u->name, u->session);
	return err_because(e, "%s%s", why, gone == ERR_OK ? "" :
	    "; what was unwrapped is still in the token");
}

enum err
token_unwrap(struct token *t, const struct secret *kek,
    const struct key_spec *spec, struct view wrapped, struct key_record *out)
{
	struct use u = { .token = t, .kek = kek, .purpose = UNWRAPS,
		.spec = spec };
	struct key_name name = { .label = spec->label, .id = spec->id };
	AUTO_DONE(key_record) record = { 0 };
	struct restored r = { .wrapped = wrapped, .record = &record };
	size_t labels = 0, ids = 0;

	rv_clear();
	TRY(key_name_check(&name));
	TRY(generate_count(t, &name, &labels, &ids));
	if (labels != 0 || ids != 0)
		return err_because(ERR_EXISTS, "key '%s': the token has its "
		    "label or id already", spec->label);
	TRY(with_kek(&u, unwrap, &r));
	EVP_PKEY_up_ref(spec->public_key);
	record.public_key = spec->public_key;
	*out = record;
	record = (struct key_record){ 0 };
	return ERR_OK;
}

/* What a crash left of a copy, which is not the only one. */
enum err
token_unwrap_clear(struct token *t, const struct key_spec *spec)
{
	struct key_name name = { .label = spec->label, .id = spec->id };
	CK_SESSION_HANDLE session;
	enum err e;

	rv_clear();
	TRY(key_name_check(&name));
	TRY(session_open(t, CKF_RW_SESSION, &session));
	e = remove_halves(t, &name, session);
	(void)t->p11->C_CloseSession(session);
	return e;
}

enum err
token_seal(struct token *t, const struct key_spec *spec,
    struct key_record *out)
{
	struct key_name name = { .label = spec->label, .id = spec->id };
	AUTO_DONE(key_record) record = { 0 };
	AUTO(key) key = NULL;
	CK_SESSION_HANDLE session;
	enum err e;

	rv_clear();
	TRY(key_name_check(&name));
	TRY(key_type_public(spec->public_key, &name.type));
	TRY(session_open(t, CKF_RW_SESSION, &session));
	e = harden(t, &name, session);
	(void)t->p11->C_CloseSession(session);
	TRY(e);
	TRY(key_find(t, spec, KEY_SEALED, &key));
	TRY(key_tell(key, record.attributes));
	EVP_PKEY_up_ref(spec->public_key);
	record.public_key = spec->public_key;
	*out = record;
	record = (struct key_record){ 0 };
	return ERR_OK;
}
