/*
 * What an issuing key must be, as data: the same rows are the template it is
 * made with and what every process checks before it uses the key. Modules do
 * not enforce all they claim (facts differ: MODIFIABLE, wrapping), so this
 * finds drift and mistakes; it does not prove a token honest. Next: key.c.
 */
#include <string.h>

#include "pkcs11/cryptoki.h"

#define TEMPLATE(type, wanted) { type, #type, RULE_BOOL, false, wanted }
#define BORN(type, wanted) { type, #type, RULE_BOOL, true, wanted }

/* [] so that a wrong KEY_ATTRIBUTES does not compile */
const struct key_rule key_rules[] = {
	TEMPLATE(CKA_TOKEN, CK_TRUE),
	TEMPLATE(CKA_PRIVATE, CK_TRUE),
	TEMPLATE(CKA_SENSITIVE, CK_TRUE),
	TEMPLATE(CKA_EXTRACTABLE, CK_FALSE),
	TEMPLATE(CKA_SIGN, CK_TRUE),
	TEMPLATE(CKA_SIGN_RECOVER, CK_FALSE),	/* SoftHSM: true if left out */
	TEMPLATE(CKA_DECRYPT, CK_FALSE),
	TEMPLATE(CKA_UNWRAP, CK_FALSE),
	TEMPLATE(CKA_DERIVE, CK_FALSE),
	TEMPLATE(CKA_ALWAYS_AUTHENTICATE, CK_FALSE),
	TEMPLATE(CKA_MODIFIABLE, CK_FALSE),
	TEMPLATE(CKA_COPYABLE, CK_FALSE),
	TEMPLATE(CKA_WRAP_WITH_TRUSTED, CK_TRUE),
	{ CKA_ALLOWED_MECHANISMS, "CKA_ALLOWED_MECHANISMS", RULE_MECHANISMS,
	    false, 0 },
	BORN(CKA_LOCAL, CK_TRUE),
	BORN(CKA_ALWAYS_SENSITIVE, CK_TRUE),
	BORN(CKA_NEVER_EXTRACTABLE, CK_TRUE),
	{ CKA_KEY_GEN_MECHANISM, "CKA_KEY_GEN_MECHANISM", RULE_GENERATOR,
	    true, 0 },
};

CK_MECHANISM_TYPE
key_mechanism(enum key_type type)
{
	return type == KEY_P256 ? CKM_ECDSA : CKM_EDDSA;
}

CK_MECHANISM_TYPE
key_generator(enum key_type type)
{
	return type == KEY_P256 ? CKM_EC_KEY_PAIR_GEN :
	    CKM_EC_EDWARDS_KEY_PAIR_GEN;
}

CK_KEY_TYPE
key_ckk(enum key_type type)
{
	return type == KEY_P256 ? CKK_EC : CKK_EC_EDWARDS;
}

/* The named curve's OID (RFC 5480 2.1.1.1) */
static const uint8_t p256_curve[] = { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
	0x3d, 0x03, 0x01, 0x07 };
/* PrintableString "edwards25519" (PKCS#11 v3.0 2.3.10), or an OID (RFC 8410) */
static const uint8_t ed25519_curve[] = { 0x13, 0x0c, 'e', 'd', 'w', 'a', 'r',
	'd', 's', '2', '5', '5', '1', '9' };
static const uint8_t ed25519_oid[] = { 0x06, 0x03, 0x2b, 0x65, 0x70 };

struct view
key_curve(enum key_type type)
{
	return type == KEY_P256 ? VIEW_OF(p256_curve) : VIEW_OF(ed25519_curve);
}

enum key_type
key_type_of(CK_KEY_TYPE type, struct view curve)
{
	if (type == CKK_EC && view_equal(curve, VIEW_OF(p256_curve)))
		return KEY_P256;
	if (type == CKK_EC_EDWARDS &&
	    (view_equal(curve, VIEW_OF(ed25519_curve)) ||
	    view_equal(curve, VIEW_OF(ed25519_oid))))
		return KEY_ED25519;
	return KEY_OTHER;
}

static enum err
quirk_bit(const char *name, uint32_t *bits)
{
	for (size_t i = 0; i < COUNT(key_rules); i++) {
		if (strcmp(key_rules[i].name, name) == 0) {
			*bits |= UINT32_C(1) << i;
			return ERR_OK;
		}
	}
	return err_because(ERR_SCHEMA, "unreadable attributes: '%s' is not one "
	    "that is checked", name);
}

enum err
attribute_quirks(const char *const *names, uint32_t *out_bits)
{
	uint32_t bits = 0;

	for (; names != NULL && *names != NULL; names++)
		TRY(quirk_bit(*names, &bits));
	*out_bits = bits;
	return ERR_OK;
}

/* A length other than the attribute's own is as good as no answer. */
static enum err
read_one(struct token *t, CK_OBJECT_HANDLE object,
    const struct key_rule *rule, struct key_attribute *out)
{
	CK_BBOOL flag = CK_FALSE;
	CK_MECHANISM_TYPE mechanism = 0;
	CK_ATTRIBUTE a = { rule->type, &mechanism, sizeof(mechanism) };
	CK_ULONG size;

	if (rule->kind == RULE_BOOL)
		a = (CK_ATTRIBUTE){ rule->type, &flag, sizeof(flag) };
	size = a.ulValueLen;
	TRY(session_read(t, object, &a));
	out->name = rule->name;
	out->readable = a.ulValueLen == size;
	out->value = rule->kind == RULE_BOOL ? flag != CK_FALSE : mechanism;
	return ERR_OK;
}

enum err
attribute_read(struct token *t, CK_OBJECT_HANDLE object,
    struct key_attribute out[KEY_ATTRIBUTES])
{
	for (size_t i = 0; i < KEY_ATTRIBUTES; i++)
		TRY(read_one(t, object, &key_rules[i], &out[i]));
	return ERR_OK;
}

/*
 * Where a key that is backed up differs from one that never leaves. Not all
 * tokens let every attribute be set when a key is unwrapped or copied: what
 * is free says nothing about the way out, which EXTRACTABLE and MODIFIABLE
 * close.
 */
#define FREE (CK_UNAVAILABLE_INFORMATION - 1)

static const struct {
	enum key_state		state;
	CK_ATTRIBUTE_TYPE	type;
	unsigned long		wanted;
} exceptions[] = {
	{ KEY_WRAPPABLE, CKA_EXTRACTABLE, CK_TRUE },
	{ KEY_WRAPPABLE, CKA_MODIFIABLE, CK_TRUE },
	{ KEY_WRAPPABLE, CKA_COPYABLE, CK_TRUE },
	{ KEY_WRAPPABLE, CKA_WRAP_WITH_TRUSTED, CK_FALSE },
	{ KEY_WRAPPABLE, CKA_NEVER_EXTRACTABLE, CK_FALSE },
	{ KEY_SEALED, CKA_COPYABLE, FREE },
	{ KEY_SEALED, CKA_WRAP_WITH_TRUSTED, FREE },
	{ KEY_SEALED, CKA_NEVER_EXTRACTABLE, CK_FALSE },
	{ KEY_UNWRAPPED, CKA_COPYABLE, CK_TRUE },
	{ KEY_UNWRAPPED, CKA_MODIFIABLE, FREE },
	{ KEY_RESTORED, CKA_COPYABLE, FREE },
	{ KEY_RESTORED, CKA_LOCAL, CK_FALSE },
	{ KEY_RESTORED, CKA_ALWAYS_SENSITIVE, CK_FALSE },
	{ KEY_RESTORED, CKA_NEVER_EXTRACTABLE, CK_FALSE },
	{ KEY_RESTORED, CKA_KEY_GEN_MECHANISM, FREE },
};

unsigned long
attribute_wanted(const struct key_rule *rule, enum key_type type,
    enum key_state state)
{
	for (size_t i = 0; i < COUNT(exceptions); i++)
		if (exceptions[i].state == state &&
		    exceptions[i].type == rule->type)
			return exceptions[i].wanted;
	switch (rule->kind) {
	case RULE_MECHANISMS:
		return key_mechanism(type);
	case RULE_GENERATOR:
		return key_generator(type);
	default:
		return rule->wanted;
	}
}

static bool
was_extractable(const struct key_attribute seen[KEY_ATTRIBUTES])
{
	for (size_t i = 0; i < KEY_ATTRIBUTES; i++)
		if (key_rules[i].type == CKA_NEVER_EXTRACTABLE)
			return seen[i].readable && seen[i].value == CK_FALSE;
	return false;
}

enum err
attribute_check(const struct token *t, enum key_type type,
    const struct key_attribute seen[KEY_ATTRIBUTES], enum key_state state)
{
	bool born = state != KEY_ANY;

	if (!born && was_extractable(seen))
		state = KEY_SEALED;
	for (size_t i = 0; i < KEY_ATTRIBUTES; i++) {
		unsigned long wanted = attribute_wanted(&key_rules[i], type,
		    state);

		if ((key_rules[i].born && !born) || wanted == FREE)
			continue;
		if (!seen[i].readable) {
			if ((t->unreadable >> i & 1) != 0)
				continue;
			return err_because(ERR_MISMATCH, "issuing key: the "
			    "token tells no one value of its %s",
			    seen[i].name);
		}
		if (seen[i].value != wanted)
			return err_because(ERR_MISMATCH, "issuing key: wanted "
			    "%s = %lu, is %lu", seen[i].name, wanted,
			    seen[i].value);
	}
	return ERR_OK;
}

size_t
attribute_template(const struct token *t, enum key_type type,
    enum key_state state, struct attribute_values *value,
    CK_ATTRIBUTE a[KEY_ATTRIBUTES])
{
	size_t n = 0;

	value->mechanism = key_mechanism(type);
	for (size_t i = 0; i < KEY_ATTRIBUTES; i++) {
		const struct key_rule *rule = &key_rules[i];

		unsigned long wanted = attribute_wanted(rule, type, state);

		if (rule->born || wanted == FREE ||
		    (t->unreadable >> i & 1) != 0)
			continue;
		value->flags[i] = (CK_BBOOL)wanted;
		if (rule->kind == RULE_BOOL)
			a[n++] = (CK_ATTRIBUTE){ rule->type, &value->flags[i],
			    sizeof(CK_BBOOL) };
		else
			a[n++] = (CK_ATTRIBUTE){ rule->type,
			    &value->mechanism, sizeof(value->mechanism) };
	}
	return n;
}

size_t
attribute_public(enum key_type type, CK_ATTRIBUTE a[PUBLIC_ATTRIBUTES])
{
	static const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	static const struct {
		CK_ATTRIBUTE_TYPE	 type;
		const CK_BBOOL		*value;
	} rows[PUBLIC_ATTRIBUTES - 1] = {
		{ CKA_TOKEN, &yes },
		{ CKA_PRIVATE, &no },
		{ CKA_VERIFY, &yes },
		{ CKA_VERIFY_RECOVER, &no },
		{ CKA_ENCRYPT, &no },
		{ CKA_WRAP, &no },
		{ CKA_DERIVE, &no },
		{ CKA_MODIFIABLE, &no },
	};
	struct view curve = key_curve(type);
	size_t n = 0;

	for (; n < COUNT(rows); n++)
		a[n] = (CK_ATTRIBUTE){ rows[n].type, unconst(rows[n].value),
		    sizeof(CK_BBOOL) };
	a[n++] = (CK_ATTRIBUTE){ CKA_EC_PARAMS, unconst(curve.at), curve.len };
	return n;
}

size_t
attribute_name(const struct key_name *name, CK_ATTRIBUTE *a, size_t n)
{
	a[n++] = (CK_ATTRIBUTE){ CKA_LABEL, unconst(name->label),
	    strlen(name->label) };
	a[n++] = (CK_ATTRIBUTE){ CKA_ID, unconst(name->id.at), name->id.len };
	return n;
}
