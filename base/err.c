/*
 * The vocabulary of failure, and the one message that explains the newest.
 * Messages are made from our own constants and from numbers; callers keep
 * values of requests out of them.
 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>

static char why[512];

static const struct {
	int		 status;
	const char	*code;
	const char	*text;
} table[] = {
#define X(name, status, code, text) [ERR_##name] = { status, code, text },
	ERR_TABLE(X)
#undef X
};

int
err_status(enum err e)
{
	return e < ERR_COUNT ? table[e].status : 500;
}

const char *
err_code(enum err e)
{
	return e < ERR_COUNT ? table[e].code : "internal";
}

const char *
err_text(enum err e)
{
	return e < ERR_COUNT ? table[e].text : table[ERR_INTERNAL].text;
}

const char *
err_why(void)
{
	return why;
}

enum err
err_because(enum err e, const char *fmt, ...)
{
	/* arguments may point into the previous message */
	char text[sizeof(why)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	memcpy(why, text, sizeof(why));
	return e;
}

enum err
err_system(const char *fmt, ...)
{
	int saved = errno;
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_because(saved == ENOMEM ? ERR_MEMORY : ERR_SYSTEM,
	    "%s: %s", text, strerror(saved));
}

enum err
err_openssl(const char *what)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

	ERR_clear_error();
	return err_because(ERR_CRYPTO, "%s: %s", what,
	    reason != NULL ? reason : "no reason given");
}
