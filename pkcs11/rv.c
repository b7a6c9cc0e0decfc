/*
 * What each CK_RV means to us, as data: name, class, and class while the
 * token is being opened, when other processes' logins disturb it. What is not
 * listed counts as a failing device, which a canary confirms or not.
 * Next: module.c.
 */
#include "pkcs11/cryptoki.h"

struct rv_row {
	CK_RV			 rv;
	const char		*name;
	enum token_class	 class;
	enum token_class	 starting;
};

#define R(rv, class) { rv, #rv, TOKEN_##class, TOKEN_##class }
#define S(rv, class) { rv, #rv, TOKEN_##class, TOKEN_START }

static const struct rv_row rows[] = {
	R(CKR_OK, OK),
	R(CKR_USER_ALREADY_LOGGED_IN, OK),

	R(CKR_SESSION_HANDLE_INVALID, SESSION),
	R(CKR_SESSION_CLOSED, SESSION),
	R(CKR_OPERATION_ACTIVE, SESSION),
	R(CKR_OPERATION_NOT_INITIALIZED, SESSION),

	R(CKR_OBJECT_HANDLE_INVALID, HANDLE),
	R(CKR_KEY_HANDLE_INVALID, HANDLE),
	R(CKR_KEY_CHANGED, HANDLE),

	R(CKR_USER_NOT_LOGGED_IN, LOGIN),

	S(CKR_GENERAL_ERROR, DEVICE),
	S(CKR_TOKEN_NOT_RECOGNIZED, DEVICE),
	S(CKR_USER_PIN_NOT_INITIALIZED, CONFIG),
	R(CKR_HOST_MEMORY, DEVICE),
	R(CKR_FUNCTION_FAILED, DEVICE),
	R(CKR_DEVICE_ERROR, DEVICE),
	R(CKR_DEVICE_MEMORY, DEVICE),
	R(CKR_DEVICE_REMOVED, DEVICE),
	R(CKR_TOKEN_NOT_PRESENT, DEVICE),
	R(CKR_CRYPTOKI_NOT_INITIALIZED, DEVICE),
	R(CKR_SLOT_ID_INVALID, DEVICE),
	R(CKR_FUNCTION_CANCELED, DEVICE),

	R(CKR_PIN_INCORRECT, PIN),
	R(CKR_PIN_INVALID, PIN),
	R(CKR_PIN_LEN_RANGE, PIN),
	R(CKR_PIN_EXPIRED, PIN),
	R(CKR_PIN_LOCKED, PIN),
	R(CKR_PIN_TOO_WEAK, PIN),

	R(CKR_MECHANISM_INVALID, CONFIG),
	R(CKR_MECHANISM_PARAM_INVALID, CONFIG),
	R(CKR_KEY_TYPE_INCONSISTENT, CONFIG),
	R(CKR_KEY_FUNCTION_NOT_PERMITTED, CONFIG),
	R(CKR_KEY_SIZE_RANGE, CONFIG),
	R(CKR_KEY_UNEXTRACTABLE, CONFIG),
	R(CKR_KEY_NOT_WRAPPABLE, CONFIG),
	R(CKR_DATA_LEN_RANGE, CONFIG),
	R(CKR_DATA_INVALID, CONFIG),
	R(CKR_ARGUMENTS_BAD, CONFIG),
	R(CKR_BUFFER_TOO_SMALL, CONFIG),
	R(CKR_FUNCTION_NOT_SUPPORTED, CONFIG),
	R(CKR_CANT_LOCK, CONFIG),
	R(CKR_NEED_TO_CREATE_THREADS, CONFIG),
	R(CKR_CRYPTOKI_ALREADY_INITIALIZED, CONFIG),
	R(CKR_ACTION_PROHIBITED, CONFIG),
	R(CKR_ATTRIBUTE_READ_ONLY, CONFIG),
	R(CKR_ATTRIBUTE_SENSITIVE, CONFIG),
	R(CKR_ATTRIBUTE_TYPE_INVALID, CONFIG),
	R(CKR_ATTRIBUTE_VALUE_INVALID, CONFIG),
	R(CKR_TEMPLATE_INCOMPLETE, CONFIG),
	R(CKR_TEMPLATE_INCONSISTENT, CONFIG),
	R(CKR_DOMAIN_PARAMS_INVALID, CONFIG),
	R(CKR_CURVE_NOT_SUPPORTED, CONFIG),
	R(CKR_SESSION_READ_ONLY, CONFIG),
	R(CKR_SESSION_PARALLEL_NOT_SUPPORTED, CONFIG),
	R(CKR_TOKEN_WRITE_PROTECTED, CONFIG),
	R(CKR_USER_TYPE_INVALID, CONFIG),
	R(CKR_USER_ANOTHER_ALREADY_LOGGED_IN, CONFIG),
	R(CKR_RANDOM_NO_RNG, CONFIG),

	R(CKR_SESSION_COUNT, CAPACITY),
};

static const char *const class_names[] = {
	[TOKEN_OK] = "ok",
	[TOKEN_SESSION] = "session",
	[TOKEN_HANDLE] = "handle",
	[TOKEN_LOGIN] = "login",
	[TOKEN_DEVICE] = "device",
	[TOKEN_START] = "start",
	[TOKEN_PIN] = "pin",
	[TOKEN_CONFIG] = "config",
	[TOKEN_CAPACITY] = "capacity",
};

/* What a class is to a caller that does not look at classes. */
static const enum err class_errors[] = {
	[TOKEN_OK] = ERR_OK,
	[TOKEN_SESSION] = ERR_TOKEN,
	[TOKEN_HANDLE] = ERR_TOKEN,
	[TOKEN_LOGIN] = ERR_TOKEN,
	[TOKEN_DEVICE] = ERR_TOKEN,
	[TOKEN_START] = ERR_UNAVAILABLE,
	[TOKEN_PIN] = ERR_PIN,
	[TOKEN_CONFIG] = ERR_TOKEN,
	[TOKEN_CAPACITY] = ERR_FULL,
};

static CK_RV last_rv;
static enum token_class last_class;

static const struct rv_row *
find_row(CK_RV rv)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (rows[i].rv == rv)
			return &rows[i];
	}
	return NULL;
}

const char *
token_rv_name(unsigned long rv)
{
	const struct rv_row *row = find_row(rv);

	return row != NULL ? row->name : "CKR_?";
}

const char *
token_class_name(enum token_class class)
{
	return class_names[class];
}

enum token_class
token_last_class(void)
{
	return last_class;
}

enum token_class
rv_class(CK_RV rv, bool starting)
{
	const struct rv_row *row = find_row(rv);

	if (row == NULL)
		return TOKEN_DEVICE;
	return starting ? row->starting : row->class;
}

void
rv_clear(void)
{
	last_rv = CKR_OK;
	last_class = TOKEN_OK;
}

CK_RV
rv_last(void)
{
	return last_rv;
}

void
rv_blame(enum token_class class)
{
	last_class = class;
}

enum err
rv_check(const char *call, CK_RV rv, bool starting)
{
	enum token_class class = rv_class(rv, starting);

	if (class == TOKEN_OK)
		return ERR_OK;
	last_rv = rv;
	last_class = class;
	return err_because(class_errors[class], "%s: %s (0x%lx)", call,
	    token_rv_name(rv), rv);
}
