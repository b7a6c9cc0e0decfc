/*
 * Attempts that must fail. Each is made as an attacker with the PIN would make
 * it, in a session that may write; what a success would give is never kept.
 * Next: ceremony/step_token.c records what the token said, and
 * signer/keyholder/examine.c opens nothing that let one of them pass.
 */
#include "pkcs11/probe.h"

#include "pkcs11/cryptoki.h"

struct attempt {
	struct token		*token;
	CK_SESSION_HANDLE	 session;
	CK_OBJECT_HANDLE	 key;
};

/* It is not that it refuses: it cannot. */
static bool
unknown(CK_RV rv)
{
	return rv == CKR_MECHANISM_INVALID ||
	    rv == CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
read_value(const struct attempt *a)
{
	uint8_t value[512];
	CK_ATTRIBUTE wanted = { CKA_VALUE, value, sizeof(value) };
	CK_RV rv = a->token->p11->C_GetAttributeValue(a->session, a->key,
	    &wanted, 1);

	explicit_bzero(value, sizeof(value));
	/* some say CKR_OK and that there is nothing */
	return rv == CKR_OK && (wanted.ulValueLen == 0 ||
	    wanted.ulValueLen == CK_UNAVAILABLE_INFORMATION) ?
	    CKR_ATTRIBUTE_SENSITIVE : rv;
}

static CK_RV
set(const struct attempt *a, CK_ATTRIBUTE_TYPE type, CK_BBOOL value)
{
	CK_ATTRIBUTE change = { type, &value, sizeof(value) };

	return a->token->p11->C_SetAttributeValue(a->session, a->key, &change,
	    1);
}

static CK_RV
make_extractable(const struct attempt *a)
{
	return set(a, CKA_EXTRACTABLE, CK_TRUE);
}

static CK_RV
make_insensitive(const struct attempt *a)
{
	return set(a, CKA_SENSITIVE, CK_FALSE);
}

static CK_RV
make_decrypting(const struct attempt *a)
{
	return set(a, CKA_DECRYPT, CK_TRUE);
}

static CK_RV
make_unwrapping(const struct attempt *a)
{
	return set(a, CKA_UNWRAP, CK_TRUE);
}

static CK_RV
make_deriving(const struct attempt *a)
{
	return set(a, CKA_DERIVE, CK_TRUE);
}

static CK_RV
copy(const struct attempt *a)
{
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE template[] = {
		{ CKA_TOKEN, &no, sizeof(no) },
		{ CKA_EXTRACTABLE, &yes, sizeof(yes) },
	};
	CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;

	return a->token->p11->C_CopyObject(a->session, a->key, template,
	    COUNT(template), &made);
}

/* An AES key that lives as long as the session. */
static CK_RV
wrapping_key(const struct attempt *a, CK_OBJECT_HANDLE *out)
{
	CK_MECHANISM generate = { .mechanism = CKM_AES_KEY_GEN };
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ULONG size = 32;
	CK_ATTRIBUTE template[] = {
		{ CKA_TOKEN, &no, sizeof(no) },
		{ CKA_WRAP, &yes, sizeof(yes) },
		{ CKA_VALUE_LEN, &size, sizeof(size) },
	};

	return a->token->p11->C_GenerateKey(a->session, &generate, template,
	    COUNT(template), out);
}

/* Without the key nothing was tried: a failure, unless none can be made. */
static CK_RV
wrap_by(const struct attempt *a, CK_MECHANISM mechanism)
{
	CK_OBJECT_HANDLE under = CK_INVALID_HANDLE;
	uint8_t wrapped[512];
	CK_ULONG len = sizeof(wrapped);
	CK_RV rv = wrapping_key(a, &under);

	if (rv != CKR_OK)
		return unknown(rv) ? rv : CKR_GENERAL_ERROR;
	rv = a->token->p11->C_WrapKey(a->session, &mechanism, under, a->key,
	    wrapped, &len);
	explicit_bzero(wrapped, sizeof(wrapped));
	(void)a->token->p11->C_DestroyObject(a->session, under);
	return rv;
}

static CK_RV
wrap(const struct attempt *a)
{
	return wrap_by(a,
	    (CK_MECHANISM){ .mechanism = CKM_AES_KEY_WRAP_PAD });
}

/* NSS softokn wraps so what it says is not extractable. */
static CK_RV
wrap_cbc(const struct attempt *a)
{
	uint8_t iv[16] = { 0 };

	return wrap_by(a,
	    (CK_MECHANISM){ CKM_AES_CBC_PAD, iv, sizeof(iv) });
}

static const struct {
	const char	*tried;
	CK_RV		 (*attempt)(const struct attempt *a);
} probes[PROBES] = {
	{ "read", read_value },
	{ "extractable", make_extractable },
	{ "insensitive", make_insensitive },
	{ "decrypting", make_decrypting },
	{ "unwrapping", make_unwrapping },
	{ "deriving", make_deriving },
	{ "copy", copy },
	{ "wrap", wrap },
	{ "wrap-cbc", wrap_cbc },
};

static enum err
try_all(const struct attempt *a, struct probe out[PROBES],
    struct bytes *passed)
{
	for (size_t i = 0; i < PROBES; i++) {
		CK_RV rv = probes[i].attempt(a);

		/* a token that is failing refuses everything */
		if (rv != CKR_OK && rv_class(rv, false) == TOKEN_DEVICE)
			return rv_check("an attempt that must fail", rv,
			    false);
		if (rv == CKR_OK)
			bytes_printf(passed, "%s%s", passed->len == 0 ? "" :
			    ", ", probes[i].tried);
		out[i] = (struct probe){
			.tried = probes[i].tried,
			.refused = unknown(rv) ? "" : token_rv_name(rv),
		};
	}
	return bytes_check(passed);
}

enum err
token_probe(struct token *t, enum key_type type, const char *label,
    struct view id, struct probe out[PROBES])
{
	struct key_name name = { type, label, id };
	struct attempt a = { .token = t };
	AUTO_DONE(bytes) passed = { 0 };
	enum err e;

	rv_clear();
	TRY(key_name_check(&name));
	TRY(key_find_object(t, CKO_PRIVATE_KEY, &name, &a.key));
	TRY(session_open(t, CKF_RW_SESSION, &a.session));
	e = try_all(&a, out, &passed);
	(void)t->p11->C_CloseSession(a.session);
	if (e == ERR_OK && passed.len != 0)
		return err_because(ERR_MISMATCH, "key '%s': the token lets it "
		    "be used for what it must refuse: %s", label,
		    bytes_text(&passed));
	return e;
}
