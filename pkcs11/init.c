/*
 * Makes a blank token ours: label, security officer's PIN, user's PIN. Its
 * slot and serial may change while this happens, so it is looked for again,
 * by its label, after the module has been started anew. Next: generate.c.
 */
#include <string.h>

#include "pkcs11/cryptoki.h"

static enum err
refuse_label(struct token *t, const char *label)
{
	struct token_identity wanted = { 0 }, seen;
	CK_SLOT_ID slot;
	enum err e;

	memcpy(wanted.label, label, sizeof(wanted.label));
	e = slot_find(t->p11, &wanted, false, &slot, &seen);
	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	if (e != ERR_OK && e != ERR_MISMATCH)
		return e;
	return err_because(ERR_EXISTS,
	    "a token with the label '%s' exists already", label);
}

static enum err
find_blank(struct token *t, const struct token_uri *uri,
    struct token_identity *out)
{
	TRY(refuse_label(t, uri->wanted.label));
	return slot_find(t->p11, &uri->wanted, true, &t->slot, out);
}

enum err
token_find_blank(const struct token_uri *uri,
    const struct token_options *options, struct token_identity *out)
{
	const char *init_args = options != NULL ? options->init_args : NULL;
	AUTO(token) t = mem_new(1, sizeof(*t));

	rv_clear();
	if (t == NULL)
		return err_because(ERR_MEMORY, "looking for a token");
	TRY(module_initialise(uri->module_path, init_args, &t->p11));
	return find_blank(t, uri, out);
}

static enum err
make_token(struct token *t, const struct token_uri *uri,
    const struct secret *so_pin)
{
	struct token_identity blank;
	unsigned char label[32];	/* padded, without NUL */

	TRY(find_blank(t, uri, &blank));
	memset(label, ' ', sizeof(label));
	memcpy(label, uri->wanted.label, strlen(uri->wanted.label));
	return rv_check("C_InitToken", t->p11->C_InitToken(t->slot,
	    unconst(secret_peek(so_pin)), secret_len(so_pin), label), false);
}

static enum err
restart(struct token *t, const struct token_uri *uri, const char *init_args)
{
	struct token_identity wanted = uri->wanted;

	memset(wanted.serial, 0, sizeof(wanted.serial));
	module_finalise(t->p11);
	t->p11 = NULL;
	TRY(module_initialise(uri->module_path, init_args, &t->p11));
	return slot_find(t->p11, &wanted, false, &t->slot, &t->identity);
}

static enum err
set_user_pin(struct token *t, const struct secret *so_pin,
    const struct secret *user_pin)
{
	CK_SESSION_HANDLE session;

	TRY(session_open(t, CKF_RW_SESSION, &session));
	TRY(rv_check("C_Login", t->p11->C_Login(session, CKU_SO,
	    unconst(secret_peek(so_pin)), secret_len(so_pin)), true));
	return rv_check("C_InitPIN", t->p11->C_InitPIN(session,
	    unconst(secret_peek(user_pin)), secret_len(user_pin)), false);
}

enum err
token_initialise(const struct token_uri *uri,
    const struct token_options *options, const struct secret *so_pin,
    const struct secret *user_pin, struct token_identity *out)
{
	const char *init_args = options != NULL ? options->init_args : NULL;
	AUTO(token) t = mem_new(1, sizeof(*t));

	rv_clear();
	if (t == NULL)
		return err_because(ERR_MEMORY, "initialising a token");
	TRY(module_initialise(uri->module_path, init_args, &t->p11));
	TRY(make_token(t, uri, so_pin));
	TRY(restart(t, uri, init_args));
	TRY(set_user_pin(t, so_pin, user_pin));
	*out = t->identity;
	return ERR_OK;
}

static enum err
has_user_pin(struct token *t, bool *out)
{
	CK_TOKEN_INFO info;

	TRY(rv_check("C_GetTokenInfo", t->p11->C_GetTokenInfo(t->slot, &info),
	    false));
	*out = (info.flags & CKF_USER_PIN_INITIALIZED) != 0;
	return ERR_OK;
}

enum err
token_initialise_rest(const struct token_uri *uri,
    const struct token_options *options, const struct secret *so_pin,
    const struct secret *user_pin, struct token_identity *out)
{
	const char *init_args = options != NULL ? options->init_args : NULL;
	AUTO(token) t = mem_new(1, sizeof(*t));
	bool whole = false;

	rv_clear();
	if (t == NULL)
		return err_because(ERR_MEMORY, "initialising a token");
	TRY(module_initialise(uri->module_path, init_args, &t->p11));
	TRY(slot_find(t->p11, &uri->wanted, false, &t->slot, &t->identity));
	TRY(has_user_pin(t, &whole));
	if (!whole)
		TRY(set_user_pin(t, so_pin, user_pin));
	*out = t->identity;
	return ERR_OK;
}

/* ---- other PINs */

static enum err
log_in(struct token *t, CK_SESSION_HANDLE session, CK_USER_TYPE who,
    const struct secret *pin)
{
	return rv_check("C_Login", t->p11->C_Login(session, who,
	    unconst(secret_peek(pin)), secret_len(pin)), true);
}

/* With the old PIN; when that is refused, is it the new one already? */
static enum err
change_one(struct token *t, CK_USER_TYPE who, const struct secret *old,
    const struct secret *fresh)
{
	CK_SESSION_HANDLE session;
	enum err e;

	TRY(session_open(t, CKF_RW_SESSION, &session));
	e = log_in(t, session, who, old);
	if (e == ERR_OK)
		e = rv_check("C_SetPIN", t->p11->C_SetPIN(session,
		    unconst(secret_peek(old)), secret_len(old),
		    unconst(secret_peek(fresh)), secret_len(fresh)), false);
	else if (e == ERR_PIN)
		e = log_in(t, session, who, fresh);
	(void)t->p11->C_Logout(session);
	(void)t->p11->C_CloseSession(session);
	return e;
}

enum err
token_change_pins(const struct token_uri *uri,
    const struct token_options *options, const struct token_pins *old,
    const struct token_pins *fresh)
{
	const char *init_args = options != NULL ? options->init_args : NULL;
	AUTO(token) t = mem_new(1, sizeof(*t));

	rv_clear();
	if (t == NULL)
		return err_because(ERR_MEMORY, "changing PINs");
	TRY(module_initialise(uri->module_path, init_args, &t->p11));
	TRY(slot_find(t->p11, &uri->wanted, false, &t->slot, &t->identity));
	TRY(change_one(t, CKU_USER, old->user, fresh->user));
	return change_one(t, CKU_SO, old->so, fresh->so);
}
