/*
 * Makes key pairs, for ceremonies only: one template (the rows of
 * attribute.c), looked at again after the token has made something, and a
 * signature by the new key. Next: attribute.c.
 */
#include <string.h>

#include "pkcs11/cryptoki.h"
#include "pkcs11/point.h"

void
key_record_done(struct key_record *r)
{
	EVP_PKEY_free(r->public_key);
	*r = (struct key_record){ 0 };
}

/* Objects of either class with that label, or that id, up to three. */
static enum err
count_objects(struct token *t, CK_ATTRIBUTE wanted, size_t *out)
{
	CK_OBJECT_HANDLE handles[3];
	struct found found = { .at = handles, .max = COUNT(handles) };

	TRY(session_find(t, &wanted, 1, &found));
	*out = found.count;
	return ERR_OK;
}

enum err
generate_count(struct token *t, const struct key_name *name,
    size_t *out_labels, size_t *out_ids)
{
	CK_ATTRIBUTE label = { CKA_LABEL, unconst(name->label),
	    strlen(name->label) };
	CK_ATTRIBUTE id = { CKA_ID, unconst(name->id.at), name->id.len };

	TRY(count_objects(t, label, out_labels));
	return count_objects(t, id, out_ids);
}

/* A token takes a name twice without a word: look before, look after. */
static enum err
check_count(struct token *t, const struct key_name *name, size_t wanted)
{
	size_t labels = 0, ids = 0;

	TRY(generate_count(t, name, &labels, &ids));
	if (labels != wanted || ids != wanted)
		return err_because(wanted == 0 ? ERR_EXISTS : ERR_MISMATCH,
		    "key '%s': wanted %zu objects with its label and with its "
		    "id, found %zu and %zu", name->label, wanted, labels, ids);
	return ERR_OK;
}

static enum err
make_pair(struct token *t, const struct key_name *name, enum key_state state,
    CK_SESSION_HANDLE session)
{
	CK_MECHANISM generator = { .mechanism = key_generator(name->type) };
	struct attribute_values values;
	CK_ATTRIBUTE public[PUBLIC_ATTRIBUTES + 2];
	CK_ATTRIBUTE private[KEY_ATTRIBUTES + 2];
	size_t publics = attribute_public(name->type, public);
	size_t privates = attribute_template(t, name->type, state, &values,
	    private);
	CK_OBJECT_HANDLE made[2] = { 0 };

	publics = attribute_name(name, public, publics);
	privates = attribute_name(name, private, privates);
	return rv_check("C_GenerateKeyPair", t->p11->C_GenerateKeyPair(session,
	    &generator, public, publics, private, privates, &made[0],
	    &made[1]), false);
}

/* The one use of a session that may write. */
static enum err
make_pair_in_session(struct token *t, const struct key_name *name,
    enum key_state state)
{
	CK_SESSION_HANDLE session;
	enum err e;

	TRY(session_open(t, CKF_RW_SESSION, &session));
	e = make_pair(t, name, state, session);
	(void)t->p11->C_CloseSession(session);
	return e;
}

enum err
token_read_public(struct token *t, enum key_type type, const char *label,
    struct view id, EVP_PKEY **out_key)
{
	struct key_name name = { type, label, id };
	CK_OBJECT_HANDLE object;
	uint8_t value[256];
	CK_ATTRIBUTE a = { CKA_EC_POINT, value, sizeof(value) };
	struct view point;

	rv_clear();
	TRY(key_name_check(&name));
	TRY(key_find_object(t, CKO_PUBLIC_KEY, &name, &object));
	TRY(session_read(t, object, &a));
	if (a.ulValueLen == CK_UNAVAILABLE_INFORMATION)
		return err_because(ERR_MISMATCH,
		    "public key '%s': the token does not tell it", label);
	TRY(ec_point_decode(VIEW(value, a.ulValueLen),
	    type == KEY_P256 ? P256_POINT_SIZE : ED25519_SIZE, &point));
	return type == KEY_P256 ? p256_public(point, out_key) :
	    ed25519_public(point, out_key);
}

/* What the token made, as it tells and as it proves. */
static enum err
record(struct token *t, const struct key_name *name, enum key_state state,
    struct key_record *r)
{
	struct key_spec spec = { .label = name->label, .id = name->id };
	AUTO(key) key = NULL;

	TRY(token_read_public(t, name->type, name->label, name->id,
	    &r->public_key));
	spec.public_key = r->public_key;
	TRY(key_find(t, &spec, state, &key));
	return key_tell(key, r->attributes);
}

static enum err
generate(struct token *t, const struct key_name *name, enum key_state state,
    struct key_record *out)
{
	AUTO_DONE(key_record) r = { 0 };

	rv_clear();
	if (name->type == KEY_OTHER)
		return err_because(ERR_UNSUPPORTED,
		    "keys are made for P-256 or Ed25519 only");
	TRY(key_name_check(name));
	TRY(check_count(t, name, 0));
	TRY(make_pair_in_session(t, name, state));
	TRY(check_count(t, name, 2));
	TRY(record(t, name, state, &r));
	*out = r;
	r = (struct key_record){ 0 };
	return ERR_OK;
}

enum err
token_generate(struct token *t, enum key_type type, const char *label,
    struct view id, struct key_record *out)
{
	struct key_name name = { type, label, id };

	return generate(t, &name, KEY_BORN, out);
}

enum err
token_generate_wrappable(struct token *t, enum key_type type,
    const char *label, struct view id, struct key_record *out)
{
	struct key_name name = { type, label, id };

	return generate(t, &name, KEY_WRAPPABLE, out);
}

/* ---- what a crash left */

enum err
token_made(struct token *t, enum key_type type, const char *label,
    struct view id, size_t *out_objects)
{
	struct key_name name = { type, label, id };
	size_t labels = 0, ids = 0;

	rv_clear();
	TRY(key_name_check(&name));
	TRY(generate_count(t, &name, &labels, &ids));
	if (labels != ids || labels > 2)
		return err_because(ERR_MISMATCH, "key '%s': found %zu objects "
		    "with its label, %zu with its id", label, labels, ids);
	*out_objects = labels;
	return ERR_OK;
}

static enum err
take_over(struct token *t, const struct key_name *name, enum key_state state,
    struct key_record *out)
{
	AUTO_DONE(key_record) r = { 0 };

	rv_clear();
	TRY(key_name_check(name));
	TRY(check_count(t, name, 2));
	TRY(record(t, name, state, &r));
	*out = r;
	r = (struct key_record){ 0 };
	return ERR_OK;
}

enum err
token_take_over(struct token *t, enum key_type type, const char *label,
    struct view id, struct key_record *out)
{
	struct key_name name = { type, label, id };

	return take_over(t, &name, KEY_BORN, out);
}

enum err
token_take_over_wrappable(struct token *t, enum key_type type,
    const char *label, struct view id, struct key_record *out)
{
	struct key_name name = { type, label, id };

	return take_over(t, &name, KEY_WRAPPABLE, out);
}

static enum err
destroy(struct token *t, CK_OBJECT_HANDLE object)
{
	CK_SESSION_HANDLE session;
	enum err e;

	TRY(session_open(t, CKF_RW_SESSION, &session));
	e = rv_check("C_DestroyObject", t->p11->C_DestroyObject(session,
	    object), false);
	(void)t->p11->C_CloseSession(session);
	return e;
}

enum err
token_destroy_one(struct token *t, enum key_type type, const char *label,
    struct view id)
{
	struct key_name name = { type, label, id };
	CK_OBJECT_HANDLE object;
	size_t before = 0;
	enum err e;

	TRY(token_made(t, type, label, id, &before));
	e = key_find_object(t, CKO_PRIVATE_KEY, &name, &object);
	if (e == ERR_NOT_FOUND)
		e = key_find_object(t, CKO_PUBLIC_KEY, &name, &object);
	TRY(e);
	TRY(destroy(t, object));
	return check_count(t, &name, before - 1);
}

/* ---- chance */

enum err
token_random(struct token *t, uint8_t *out, size_t len)
{
	rv_clear();
	TRY(session_ready(t));
	return session_check(t, "C_GenerateRandom",
	    t->p11->C_GenerateRandom(t->session, out, len));
}
