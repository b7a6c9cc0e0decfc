/*
 * HKDF of the installation's secret (derive.h has the table). The label comes
 * from the script or the configuration, the purpose is our own constant.
 */
#include "quorum/derive.h"

#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "quorum/base32.h"

#define SALT		"okse/derive/v1"
#define PIN_RAW_SIZE	(DERIVE_PIN_SIZE / 8 * 5)

static enum err
expand(const struct secret *secret, const char *use, const char *name,
    size_t size, struct secret **out)
{
	AUTO(secret) derived = NULL;
	char info[64];

	if (snprintf(info, sizeof(info), "%s/%s", use, name) >=
	    (int)sizeof(info))
		return err_because(ERR_INTERNAL, "deriving: label too long");
	TRY(secret_new(size, &derived));
	TRY(hkdf_sha256(VIEW(secret_peek(secret), secret_len(secret)),
	    view_text(SALT), info, secret_at(derived), size));
	*out = STEAL(derived);
	return ERR_OK;
}

static enum err
expand_pin(const struct secret *secret, const char *use, const char *label,
    struct secret **out_pin)
{
	size_t len = strlen(label);
	AUTO(secret) raw = NULL;
	AUTO(secret) pin = NULL;

	if (len < 1 || len > 32 || label[len - 1] == ' ')
		return err_because(ERR_RANGE, "a token's label has 1 to 32 "
		    "characters (PKCS#11 v3.1 5.5), got %zu", len);
	for (size_t i = 0; i < len; i++)
		if (label[i] < ' ' || label[i] > '~')
			return err_because(ERR_RANGE, "a token's label "
			    "is printable ASCII");
	TRY(expand(secret, use, label, PIN_RAW_SIZE, &raw));
	TRY(secret_new(DERIVE_PIN_SIZE, &pin));
	base32_put(VIEW(secret_peek(raw), PIN_RAW_SIZE), secret_at(pin));
	*out_pin = STEAL(pin);
	return ERR_OK;
}

enum err
derive_pin(const struct secret *secret, const char *label,
    struct secret **out_pin)
{
	return expand_pin(secret, "user-pin", label, out_pin);
}

enum err
derive_so_pin(const struct secret *secret, const char *label,
    struct secret **out_pin)
{
	return expand_pin(secret, "so-pin", label, out_pin);
}

enum err
derive_pseudonym_key(const struct secret *secret, struct secret **out_key)
{
	return derive_key(secret, "pseudonym", out_key);
}

enum err
derive_key(const struct secret *secret, const char *purpose,
    struct secret **out_key)
{
	size_t len = strspn(purpose, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (len < 1 || len > 32 || purpose[len] != '\0')
		return err_because(ERR_RANGE, "a key's purpose is 1 to 32 "
		    "characters of a-z, 0-9 and \"-\"");
	return expand(secret, "key", purpose, DERIVE_KEY_SIZE, out_key);
}
