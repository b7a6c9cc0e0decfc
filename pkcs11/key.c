/*
 * Finds a key and binds it to the public key of the ceremony's record: label
 * and id only say where to look, a verified signature says which key it is.
 * Next: sign.c.
 */
#include <string.h>

#include "pkcs11/cryptoki.h"

enum err
key_name_check(const struct key_name *name)
{
	size_t len = strlen(name->label);

	if (len == 0 || len > KEY_LABEL_MAX)
		return err_because(ERR_RANGE,
		    "key label: wanted 1 to %u bytes, got %zu", KEY_LABEL_MAX,
		    len);
	if (name->id.len == 0 || name->id.len > KEY_ID_MAX)
		return err_because(ERR_RANGE,
		    "key id: wanted 1 to %u bytes, got %zu", KEY_ID_MAX,
		    name->id.len);
	return ERR_OK;
}

enum err
key_type_public(EVP_PKEY *public_key, enum key_type *out)
{
	uint8_t point[P256_POINT_SIZE];

	if (EVP_PKEY_is_a(public_key, "ED25519")) {
		*out = KEY_ED25519;
		return ERR_OK;
	}
	TRY(p256_point(public_key, point));
	*out = KEY_P256;
	return ERR_OK;
}

enum err
key_find_object(struct token *t, CK_OBJECT_CLASS class,
    const struct key_name *name, CK_OBJECT_HANDLE *out)
{
	CK_KEY_TYPE type = key_ckk(name->type);
	CK_ATTRIBUTE wanted[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_KEY_TYPE, &type, sizeof(type) },
		{ CKA_LABEL, unconst(name->label), strlen(name->label) },
		{ CKA_ID, unconst(name->id.at), name->id.len },
	};
	const char *half = class == CKO_PRIVATE_KEY ? "private" : "public";
	CK_OBJECT_HANDLE handles[2];
	struct found found = { .at = handles, .max = COUNT(handles) };

	TRY(session_find(t, wanted, COUNT(wanted), &found));
	if (found.count == 0)
		return err_because(ERR_NOT_FOUND,
		    "%s key '%s' is not in the token", half, name->label);
	if (found.count > 1)
		return err_because(ERR_MISMATCH, "%s key '%s': wanted one with "
		    "this label and id, found several", half, name->label);
	*out = handles[0];
	return ERR_OK;
}

enum err
key_tell(struct key *k, struct key_attribute out[KEY_ATTRIBUTES])
{
	TRY(attribute_read(k->token, k->handle, out));
	return attribute_check(k->token, k->name.type, out, k->state);
}

enum err
key_locate(struct key *k)
{
	struct key_attribute seen[KEY_ATTRIBUTES];
	enum err e;

	TRY(key_find_object(k->token, CKO_PRIVATE_KEY, &k->name, &k->handle));
	TRY(key_tell(k, seen));
	e = key_prove(k);
	return e != ERR_SIGNATURE ? e : err_because(e, "key '%s' does not "
	    "sign as the recorded public key", k->label);
}

enum err
key_find(struct token *t, const struct key_spec *spec, enum key_state state,
    struct key **out)
{
	struct key_name name = { .label = spec->label, .id = spec->id };
	AUTO(key) k = mem_new(1, sizeof(*k));

	if (k == NULL)
		return err_because(ERR_MEMORY, "finding a key");
	TRY(key_name_check(&name));
	TRY(key_type_public(spec->public_key, &k->name.type));
	memcpy(k->label, name.label, strlen(name.label));
	memcpy(k->id, name.id.at, name.id.len);
	k->name.label = k->label;
	k->name.id = VIEW(k->id, name.id.len);
	k->token = t;
	k->state = state;
	EVP_PKEY_up_ref(spec->public_key);
	k->public_key = spec->public_key;
	TRY(key_locate(k));
	*out = STEAL(k);
	return ERR_OK;
}

enum err
token_key_find(struct token *t, const struct key_spec *spec,
    struct key **out_key)
{
	rv_clear();
	return key_find(t, spec, KEY_ANY, out_key);
}

void
key_free(struct key *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->public_key);
	p256_table_free(k->table);
	mem_free(k);
}

void
key_signs_often(struct key *k)
{
	/* without a table all is as it is */
	if (k->name.type == KEY_P256 && k->table == NULL)
		(void)p256_table_new(k->public_key, &k->table);
}

enum key_type
key_type(const struct key *k)
{
	return k->name.type;
}
