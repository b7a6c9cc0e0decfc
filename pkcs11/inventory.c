/*
 * Every object of a token with what it may do, so that ceremony and daemon
 * can refuse a token that holds what nobody recorded: an extractable key, a
 * wrapping key, a second key of the same name. Next: ceremony/, keyholder/.
 */
#include <string.h>

#include "pkcs11/cryptoki.h"

struct flag {
	CK_ATTRIBUTE_TYPE	type;
	size_t			at;
	bool			untold;	/* what silence of the token means */
};

#define FLAG(type, member, untold)                                            \
	{ type, offsetof(struct token_object, member), untold }

static const struct flag flags[] = {
	FLAG(CKA_SENSITIVE, sensitive, false),
	FLAG(CKA_EXTRACTABLE, extractable, true),
	FLAG(CKA_SIGN, sign, false),
	FLAG(CKA_ENCRYPT, encrypt, false),
	FLAG(CKA_DECRYPT, decrypt, false),
	FLAG(CKA_WRAP, wrap, false),
	FLAG(CKA_UNWRAP, unwrap, false),
	FLAG(CKA_DERIVE, derive, false),
};

static const char *const class_names[] = {
	[OBJECT_OTHER] = "other object",
	[OBJECT_DATA] = "data",
	[OBJECT_CERTIFICATE] = "certificate",
	[OBJECT_PUBLIC_KEY] = "public key",
	[OBJECT_PRIVATE_KEY] = "private key",
	[OBJECT_SECRET_KEY] = "secret key",
};

const char *
object_class_name(enum object_class class)
{
	return class_names[class];
}

static enum err
read_number(struct token *t, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
    CK_ULONG *out)
{
	CK_ULONG value = 0;
	CK_ATTRIBUTE a = { type, &value, sizeof(value) };

	TRY(session_read(t, object, &a));
	*out = a.ulValueLen == sizeof(value) ? value :
	    CK_UNAVAILABLE_INFORMATION;
	return ERR_OK;
}

/* Cut after max; what the token does not tell is empty. */
static enum err
read_bytes(struct token *t, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *wanted,
    size_t *out_len)
{
	uint8_t value[1024];
	CK_ATTRIBUTE a = { wanted->type, value, sizeof(value) };

	TRY(session_read(t, object, &a));
	if (a.ulValueLen == CK_UNAVAILABLE_INFORMATION)
		a.ulValueLen = 0;
	*out_len = a.ulValueLen < wanted->ulValueLen ? a.ulValueLen :
	    wanted->ulValueLen;
	memcpy(wanted->pValue, value, *out_len);
	return ERR_OK;
}

static enum err
read_flags(struct token *t, CK_OBJECT_HANDLE object, struct token_object *out)
{
	for (size_t i = 0; i < COUNT(flags); i++) {
		CK_BBOOL value = CK_FALSE;
		CK_ATTRIBUTE a = { flags[i].type, &value, sizeof(value) };
		bool told;

		TRY(session_read(t, object, &a));
		told = a.ulValueLen == sizeof(value);
		*((bool *)(void *)((char *)out + flags[i].at)) =
		    told ? value != CK_FALSE : flags[i].untold;
	}
	return ERR_OK;
}

static enum err
read_type(struct token *t, CK_OBJECT_HANDLE object, enum key_type *out)
{
	CK_ULONG type = 0;
	uint8_t params[32];
	CK_ATTRIBUTE a = { CKA_EC_PARAMS, params, sizeof(params) };
	size_t len = 0;

	TRY(read_number(t, object, CKA_KEY_TYPE, &type));
	if (type == CKK_EC || type == CKK_EC_EDWARDS)
		TRY(read_bytes(t, object, &a, &len));
	*out = key_type_of(type, VIEW(params, len));
	return ERR_OK;
}

static enum object_class
class_of(CK_ULONG class)
{
	switch (class) {
	case CKO_DATA:
		return OBJECT_DATA;
	case CKO_CERTIFICATE:
		return OBJECT_CERTIFICATE;
	case CKO_PUBLIC_KEY:
		return OBJECT_PUBLIC_KEY;
	case CKO_PRIVATE_KEY:
		return OBJECT_PRIVATE_KEY;
	case CKO_SECRET_KEY:
		return OBJECT_SECRET_KEY;
	default:
		return OBJECT_OTHER;
	}
}

static enum err
describe(struct token *t, CK_OBJECT_HANDLE object, struct token_object *out)
{
	CK_ATTRIBUTE label = { CKA_LABEL, out->label, sizeof(out->label) };
	CK_ATTRIBUTE id = { CKA_ID, out->id, sizeof(out->id) };
	CK_ULONG class = 0;

	TRY(read_number(t, object, CKA_CLASS, &class));
	out->class = class_of(class);
	TRY(read_bytes(t, object, &label, &out->label_len));
	if (out->class < OBJECT_CERTIFICATE)
		return ERR_OK;
	TRY(read_bytes(t, object, &id, &out->id_len));
	if (out->class == OBJECT_CERTIFICATE)
		return ERR_OK;
	TRY(read_type(t, object, &out->type));
	return read_flags(t, object, out);
}

AUTO_DEFINE(handles, CK_OBJECT_HANDLE, mem_free);

enum err
token_list(struct token *t, struct token_inventory *out)
{
	AUTO(handles) handles = mem_new(INVENTORY_MAX + 1, sizeof(*handles));
	struct found found = { .at = handles, .max = INVENTORY_MAX + 1 };
	AUTO_DONE(token_inventory) list = { 0 };

	rv_clear();
	if (handles == NULL)
		return err_because(ERR_MEMORY, "listing a token");
	TRY(session_find(t, NULL, 0, &found));
	if (found.count > INVENTORY_MAX)
		return err_because(ERR_FULL, "token: wanted at most %u objects,"
		    " found more", INVENTORY_MAX);
	list.at = mem_new(found.count, sizeof(*list.at));
	if (list.at == NULL)
		return err_because(ERR_MEMORY, "listing a token");
	for (; list.count < found.count; list.count++)
		TRY(describe(t, handles[list.count], &list.at[list.count]));
	*out = list;
	list = (struct token_inventory){ 0 };
	return ERR_OK;
}

void
token_inventory_done(struct token_inventory *v)
{
	mem_free(v->at);
	*v = (struct token_inventory){ 0 };
}
