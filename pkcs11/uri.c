/*
 * RFC 7512 URIs that name a token. They come from configuration, so errors
 * may quote attribute names. Our own scan decides what is allowed, p11-kit
 * decodes what has passed. Next: module.c.
 */
#include <limits.h>
#include <stddef.h>
#include <string.h>

#include <p11-kit/uri.h>

#include "pkcs11/cryptoki.h"

#define URI_MAX 32768

AUTO_DEFINE(P11KitUri, P11KitUri, p11_kit_uri_free);

struct uri_attribute {
	const char	*name;
	bool		 query;		/* after '?' */
	size_t		 max;		/* decoded; 0: refused, see why */
	const char	*why;
};

enum { URI_TOKEN, URI_MODULE_PATH };	/* required, in this order */

static const struct uri_attribute known[] = {
	[URI_TOKEN] = { "token", false, 32, NULL },
	[URI_MODULE_PATH] = { "module-path", true, PATH_MAX - 1, NULL },
	{ "manufacturer", false, 32, NULL },
	{ "model", false, 16, NULL },
	{ "serial", false, 16, NULL },
	{ "pin-source", true, PATH_MAX - 1, NULL },
	{ "pin-value", true, 0, "a PIN does not belong into a URI" },
	{ "module-name", true, 0, "module-path names the file itself" },
	{ "slot-id", false, 0, "slot numbers are not stable" },
	{ "object", false, 0, "wanted a token, not an object" },
	{ "id", false, 0, "wanted a token, not an object" },
	{ "type", false, 0, "wanted a token, not an object" },
};

/* pk11-res-avail and unreserved of RFC 7512 2.3, and what each part adds */
static bool
allowed(uint8_t c, bool query)
{
	static const char common[] = "-._~:[]@!$'()*+,=";

	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr(common, c) != NULL) ||
	    (c != '\0' && strchr(query ? "/?|" : "&", c) != NULL);
}

static bool
is_hex(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
	    (c >= 'A' && c <= 'F');
}

/* Length of a value once decoded; false when it is not one. */
static bool
measure(struct view value, bool query, size_t *out_len)
{
	struct reader r = reader_of(value);
	size_t len = 0;

	while (r.rest.len != 0) {
		uint8_t c = reader_u8(&r);

		if (c == '%') {
			struct view hex = reader_take(&r, 2);

			if (hex.len != 2 || !is_hex(hex.at[0]) ||
			    !is_hex(hex.at[1]) || view_is(hex, "00"))
				return false;
		} else if (!allowed(c, query)) {
			return false;
		}
		len++;
	}
	*out_len = len;
	return true;
}

static const struct uri_attribute *
lookup(struct view name, bool query)
{
	for (size_t i = 0; i < COUNT(known); i++) {
		if (known[i].query == query && view_is(name, known[i].name))
			return &known[i];
	}
	return NULL;
}

static enum err
check_value(const struct uri_attribute *a, struct view value)
{
	size_t len = 0;

	if (!measure(value, a->query, &len))
		return err_because(ERR_SYNTAX, "token URI: %s has a character "
		    "or escape that is not allowed (RFC 7512 2.3)", a->name);
	if (len == 0)
		return err_because(ERR_SYNTAX, "token URI: %s is empty",
		    a->name);
	if (len > a->max)
		return err_because(ERR_RANGE, "token URI: %s has at most %zu "
		    "bytes, got %zu", a->name, a->max, len);
	return ERR_OK;
}

/* One name=value; seen has a bit for each of known. */
static enum err
check_attribute(struct view part, bool query, uint32_t *seen)
{
	const uint8_t *equals = part.len != 0 ?
	    memchr(part.at, '=', part.len) : NULL;
	size_t name_len = equals != NULL ? (size_t)(equals - part.at) : 0;
	const struct uri_attribute *a;
	uint32_t bit;

	if (name_len == 0)
		return err_because(ERR_SYNTAX, "token URI: wanted name=value "
		    "between separators (RFC 7512 2.3)");
	a = lookup(VIEW(part.at, name_len), query);
	if (a == NULL)
		return err_because(ERR_SCHEMA, "token URI: unknown %s "
		    "attribute; wanted token, serial, manufacturer, model ? "
		    "module-path, pin-source", query ? "query" : "path");
	if (a->max == 0)
		return err_because(ERR_SCHEMA, "token URI: %s is refused: %s",
		    a->name, a->why);
	bit = UINT32_C(1) << (a - known);
	if ((*seen & bit) != 0)
		return err_because(ERR_SCHEMA, "token URI: %s comes twice",
		    a->name);
	*seen |= bit;
	return check_value(a, VIEW(equals + 1, part.len - name_len - 1));
}

static enum err
check_part(struct view part, bool query, uint32_t *seen)
{
	const char separator = query ? '&' : ';';

	for (;;) {
		const uint8_t *end = part.len != 0 ?
		    memchr(part.at, separator, part.len) : NULL;
		size_t len = end != NULL ? (size_t)(end - part.at) : part.len;

		TRY(check_attribute(VIEW(part.at, len), query, seen));
		if (end == NULL)
			return ERR_OK;
		part = VIEW(end + 1, part.len - len - 1);
	}
}

static enum err
check_uri(const char *uri)
{
	struct view rest = view_text(uri);
	const char *query = strchr(uri, '?');
	size_t path_len;
	uint32_t seen = 0;

	if (rest.len > URI_MAX)
		return err_because(ERR_TOO_LARGE, "token URI: at most %u "
		    "bytes, got %zu", URI_MAX, rest.len);
	if (!view_starts(rest, "pkcs11:"))
		return err_because(ERR_SYNTAX,
		    "token URI: wanted pkcs11:… (RFC 7512 2.3)");
	rest = VIEW(rest.at + 7, rest.len - 7);
	path_len = query != NULL ? (size_t)(query - uri - 7) : rest.len;
	TRY(check_part(VIEW(rest.at, path_len), false, &seen));
	if (query != NULL)
		TRY(check_part(view_text(query + 1), true, &seen));
	for (size_t i = URI_TOKEN; i <= URI_MODULE_PATH; i++) {
		if ((seen >> i & 1) == 0)
			return err_because(ERR_SCHEMA,
			    "token URI: %s is missing", known[i].name);
	}
	return ERR_OK;
}

static enum err
take_path(const char *name, const char *path, char **out)
{
	char *copy;

	if (path[0] != '/')
		return err_because(ERR_SCHEMA,
		    "token URI: %s must be an absolute path", name);
	if ((copy = mem_text(path)) == NULL)
		return err_because(ERR_MEMORY, "token URI");
	*out = copy;
	return ERR_OK;
}

static enum err
take_pin_source(const char *source, char **out)
{
	static const char scheme[] = "file:";

	if (source[0] == '|')
		return err_because(ERR_SCHEMA, "token URI: pin-source is "
		    "refused: no command is run for a PIN");
	if (strncmp(source, scheme, strlen(scheme)) != 0)
		return err_because(ERR_SCHEMA,
		    "token URI: pin-source must be file:/…");
	source += strlen(scheme);
	if (strncmp(source, "///", 3) == 0)	/* RFC 8089 2: no authority */
		source += 2;
	return take_path("pin-source", source, out);
}

static enum err
decode(const char *uri, struct token_uri *out)
{
	AUTO(P11KitUri) parsed = p11_kit_uri_new();
	const char *pin_source;
	int status;

	if (parsed == NULL)
		return err_because(ERR_MEMORY, "token URI");
	status = p11_kit_uri_parse(uri, P11_KIT_URI_FOR_ANY, parsed);
	if (status != P11_KIT_URI_OK)
		return err_because(ERR_SYNTAX, "token URI: %s",
		    p11_kit_uri_message(status));
	out->wanted = token_identify(p11_kit_uri_get_token_info(parsed));
	out->wanted.firmware[0] = '\0';
	if (out->wanted.label[0] == '\0')
		return err_because(ERR_SYNTAX, "token URI: token is blank");
	TRY(take_path("module-path", p11_kit_uri_get_module_path(parsed),
	    &out->module_path));
	pin_source = p11_kit_uri_get_pin_source(parsed);
	return pin_source != NULL ?
	    take_pin_source(pin_source, &out->pin_file) : ERR_OK;
}

enum err
token_uri_parse(const char *uri, struct token_uri **out_uri)
{
	AUTO(token_uri) u = mem_new(1, sizeof(*u));

	if (u == NULL)
		return err_because(ERR_MEMORY, "token URI");
	TRY(check_uri(uri));
	TRY(decode(uri, u));
	*out_uri = STEAL(u);
	return ERR_OK;
}

void
token_uri_free(struct token_uri *u)
{
	if (u == NULL)
		return;
	mem_free(u->module_path);
	mem_free(u->pin_file);
	mem_free(u);
}
