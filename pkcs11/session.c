/*
 * A token as this process has it open: two read-only sessions and a login.
 * The anchor session is never used, since closing the last session logs out;
 * the working session is replaced whenever a call on it has failed, because
 * no portable call cancels what may be left active on it. The token's
 * answers are believed as far as their lengths can be checked. Next: key.c.
 */
#include "pkcs11/cryptoki.h"

enum err
session_open(struct token *t, CK_FLAGS flags, CK_SESSION_HANDLE *out)
{
	CK_SESSION_HANDLE fresh = CK_INVALID_HANDLE;

	TRY(rv_check("C_OpenSession", t->p11->C_OpenSession(t->slot,
	    CKF_SERIAL_SESSION | flags, NULL, NULL, &fresh), !t->logged_in));
	*out = fresh;
	return ERR_OK;
}

enum err
session_ready(struct token *t)
{
	if (!t->in_doubt)
		return ERR_OK;
	(void)t->p11->C_CloseSession(t->session);	/* may be gone */
	TRY(session_open(t, 0, &t->session));
	t->in_doubt = false;
	return ERR_OK;
}

enum err
session_check(struct token *t, const char *call, CK_RV rv)
{
	if (rv != CKR_OK)
		t->in_doubt = true;
	return rv_check(call, rv, !t->logged_in);
}

/* A module may give fewer than asked for before it gives none. */
static enum err
collect(struct token *t, struct found *found)
{
	CK_ULONG count = 1;

	while (found->count < found->max && count != 0) {
		CK_ULONG room = found->max - found->count;

		TRY(session_check(t, "C_FindObjects", t->p11->C_FindObjects(
		    t->session, found->at + found->count, room, &count)));
		if (count > room) {
			t->in_doubt = true;
			rv_blame(TOKEN_DEVICE);
			return err_because(ERR_TOKEN,
			    "C_FindObjects: gave %lu of at most %lu", count,
			    room);
		}
		found->count += count;
	}
	return ERR_OK;
}

enum err
session_find(struct token *t, CK_ATTRIBUTE *wanted, size_t wanted_count,
    struct found *found)
{
	TRY(session_ready(t));
	TRY(session_check(t, "C_FindObjectsInit", t->p11->C_FindObjectsInit(
	    t->session, wanted, wanted_count)));
	TRY(collect(t, found));
	return session_check(t, "C_FindObjectsFinal",
	    t->p11->C_FindObjectsFinal(t->session));
}

enum err
session_read(struct token *t, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *a)
{
	CK_ULONG size = a->ulValueLen;
	CK_RV rv;

	TRY(session_ready(t));
	rv = t->p11->C_GetAttributeValue(t->session, object, a, 1);
	if (rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE ||
	    rv == CKR_BUFFER_TOO_SMALL) {
		a->ulValueLen = CK_UNAVAILABLE_INFORMATION;
		return ERR_OK;
	}
	TRY(session_check(t, "C_GetAttributeValue", rv));
	if (a->ulValueLen > size)
		a->ulValueLen = CK_UNAVAILABLE_INFORMATION;
	return ERR_OK;
}

enum err
token_open(const struct token_uri *uri, const struct token_options *options,
    struct token **out_token)
{
	static const struct token_options none;
	AUTO(token) t = mem_new(1, sizeof(*t));

	rv_clear();
	if (t == NULL)
		return err_because(ERR_MEMORY, "opening a token");
	if (options == NULL)
		options = &none;
	TRY(attribute_quirks(options->unreadable, &t->unreadable));
	TRY(module_initialise(uri->module_path, options->init_args, &t->p11));
	TRY(slot_find(t->p11, &uri->wanted, false, &t->slot, &t->identity));
	TRY(session_open(t, 0, &t->anchor));
	TRY(session_open(t, 0, &t->session));
	*out_token = STEAL(t);
	return ERR_OK;
}

void
token_close(struct token *t)
{
	if (t == NULL)
		return;
	module_finalise(t->p11);	/* closes the sessions, logs out */
	mem_free(t);
}

const struct token_identity *
token_identity(const struct token *t)
{
	return &t->identity;
}

enum err
token_login(struct token *t, const struct secret *pin)
{
	enum err e;

	rv_clear();
	if (t->pin_refused) {
		rv_blame(TOKEN_PIN);
		return err_because(ERR_PIN,
		    "the token refused this PIN before and is not asked again");
	}
	t->logged_in = false;
	e = rv_check("C_Login", t->p11->C_Login(t->anchor, CKU_USER,
	    unconst(secret_peek(pin)), secret_len(pin)), true);
	t->logged_in = e == ERR_OK;
	t->pin_refused = e == ERR_PIN;
	return e;
}
