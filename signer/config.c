/*
 * okse.yaml as tables. The operator wrote it, so it is believed, but every
 * mistake in it stops the start with line and column. Next: supervisor.c.
 */
#include "signer/config.h"

#include <string.h>

#include "signer/notary/postgres.h"

#include "base/time.h"
#include "credential/attestation.h"
#include "credential/status_token.h"
#include "policy/claim.h"

#define PATH_LONGEST 1023
#define FORMATS_MOST 16
#define SOCKET_LONGEST 107	/* sun_path without its NUL */

static const struct yaml_choice access_choices[] = {
	{ "owner", 0600 },
	{ "group", 0660 },
	{ "everyone", 0666 },
	{ 0 },
};

static const struct yaml_choice use_choices[] = {
	{ "document", KEY_USE_DOCUMENT },
	{ "qr", KEY_USE_QR },
	{ "log", KEY_USE_LOG },
	{ "status", KEY_USE_STATUS },
	{ "log-ecdsa", KEY_USE_LOG_ECDSA },
	{ "metadata", KEY_USE_METADATA },
	{ 0 },
};

static const struct yaml_choice verify_choices[] = {
	{ "always", VERIFY_ALWAYS },
	{ "sampled", VERIFY_SAMPLED },
	{ 0 },
};

#define NAME_TYPE YAML_TYPE(.shape = YAML_NAME, .max = 64)
#define PATH_TYPE YAML_TYPE(.shape = YAML_TEXT, .max = PATH_LONGEST)
#define SECONDS_TYPE(least, most)                                             \
	YAML_TYPE(.shape = YAML_SECONDS, .min = (least), .max = (most))

static const struct yaml_field listener_fields[] = {
	YAML_FIELD("path", struct config_listener, path,
	    &YAML_STRING(SOCKET_LONGEST)),
	YAML_FIELD("access", struct config_listener, access,
	    &YAML_ONE_OF(access_choices), .otherwise = "owner"),
	{ 0 },
};
#define LISTENER_TYPE YAML_STRUCT(struct config_listener, listener_fields)

static const struct yaml_field tls_fields[] = {
	YAML_FIELD("address", struct config_tls, address, &YAML_STRING(64)),
	YAML_FIELD("certificate", struct config_tls, certificate, &PATH_TYPE),
	YAML_FIELD("key", struct config_tls, key, &PATH_TYPE),
	YAML_FIELD("client-ca", struct config_tls, client_ca, &PATH_TYPE),
	{ 0 },
};

static const struct yaml_field listen_fields[] = {
	YAML_FIELD("api", struct config_listen, api, &LISTENER_TYPE),
	YAML_FIELD("metrics", struct config_listen, metrics, &LISTENER_TYPE),
	YAML_FIELD("admin", struct config_listen, admin, &LISTENER_TYPE),
	YAML_FIELD("tls", struct config_listen, tls,
	    &YAML_STRUCT(struct config_tls, tls_fields), .optional = true),
	{ 0 },
};

static const struct yaml_field client_fields[] = {
	YAML_FIELD("name", struct config_client, name, &NAME_TYPE),
	YAML_FIELD("uids", struct config_client, uids,
	    &YAML_LIST_OF(1, 32, &YAML_INT(0, UINT32_MAX)), .optional = true),
	YAML_FIELD("sans", struct config_client, sans,
	    &YAML_LIST_OF(1, 32, &YAML_STRING(253)), .optional = true),
	{ 0 },
};

static const struct yaml_field key_fields[] = {
	YAML_FIELD("use", struct config_key, use,
	    &YAML_ONE_OF(use_choices)),
	YAML_FIELD("label", struct config_key, label, &YAML_STRING(64)),
	YAML_FIELD("id", struct config_key, id_hex, &YAML_STRING(64)),
	YAML_FIELD("certificate", struct config_key, certificate, &PATH_TYPE,
	    .optional = true),
	YAML_FIELD("public-key", struct config_key, public_key, &PATH_TYPE),
	YAML_FIELD("programmes", struct config_key, programmes,
	    &YAML_LIST_OF(1, 32, &NAME_TYPE), .optional = true),
	YAML_FIELD("formats", struct config_key, formats,
	    &YAML_LIST_OF(1, FORMATS_MOST, &YAML_STRING(32)),
	    .optional = true),
	YAML_FIELD("verify-after-sign", struct config_key, verify,
	    &YAML_ONE_OF(verify_choices), .otherwise = "always"),
	{ 0 },
};

static const struct yaml_field token_fields[] = {
	YAML_FIELD("uri", struct config_token, uri, &YAML_STRING(1023)),
	YAML_FIELD("init-args", struct config_token, init_args,
	    &YAML_STRING(1023), .optional = true),
	YAML_FIELD("environment", struct config_token, environment,
	    &YAML_MAP_OF(1, 16, struct config_variable, name, value,
	    &YAML_STRING(1023)), .optional = true),
	YAML_FIELD("writable", struct config_token, writable,
	    &YAML_LIST_OF(1, 8, &PATH_TYPE), .optional = true),
	YAML_FIELD("unreadable", struct config_token, unreadable,
	    &YAML_LIST_OF(1, 16, &YAML_STRING(64)), .optional = true),
	YAML_FIELD("keyholders", struct config_token, keyholders,
	    &YAML_INT(1, 64), .otherwise = "2"),
	YAML_FIELD("deadline", struct config_token, deadline,
	    &SECONDS_TYPE(1, 600), .otherwise = "PT10S"),
	{ 0 },
};

static const struct yaml_field card_ca_fields[] = {
	YAML_FIELD("certificate", struct config_card_ca, certificate,
	    &PATH_TYPE),
	YAML_FIELD("programmes", struct config_card_ca, programmes,
	    &YAML_LIST_OF(1, 32, &NAME_TYPE)),
	{ 0 },
};

/* what is left out, or all of it, is completed below */
static const struct yaml_field status_list_fields[] = {
	YAML_FIELD("uri", struct config_status_lists, uri,
	    &YAML_STRING(STATUS_URI - 20), .optional = true),
	YAML_FIELD("entries", struct config_status_lists, entries,
	    &YAML_INT(64, STATUS_LIST_ENTRIES), .optional = true),
	YAML_FIELD("ttl", struct config_status_lists, ttl,
	    &SECONDS_TYPE(1, DAY), .optional = true),
	YAML_FIELD("lifetime", struct config_status_lists, lifetime,
	    &SECONDS_TYPE(2, 31 * DAY), .optional = true),
	{ 0 },
};

static const struct yaml_field attester_fields[] = {
	YAML_FIELD("certificate", struct config_attester, certificate,
	    &PATH_TYPE, .optional = true),
	YAML_FIELD("kid", struct config_attester, kid, &YAML_STRING(128),
	    .optional = true),
	YAML_FIELD("public-key", struct config_attester, public_key,
	    &PATH_TYPE, .optional = true),
	{ 0 },
};

static const struct yaml_field limit_fields[] = {
	YAML_FIELD("connections", struct config_limits, connections,
	    &YAML_INT(1, 100000), .otherwise = "20000"),
	YAML_FIELD("in-flight", struct config_limits, in_flight,
	    &YAML_INT(1, 65536), .otherwise = "1024"),
	YAML_FIELD("per-client", struct config_limits, per_client,
	    &YAML_INT(1, 100000), .otherwise = "16384"),
	{ 0 },
};

static const struct yaml_choice unseal_choices[] = {
	{ "quorum", AT_UNSEAL_QUORUM },
	{ "any", AT_UNSEAL_ANY },
	{ 0 },
};

static const struct yaml_choice form_choices[] = {
	{ "officers", UNSEAL_OFFICERS },
	{ "lines", UNSEAL_LINES },
	{ 0 },
};

static const struct yaml_field witness_fields[] = {
	YAML_FIELD("trust-policy", struct config_witnesses, policy,
	    &PATH_TYPE),
	YAML_FIELD("roots", struct config_witnesses, ca, &PATH_TYPE,
	    .optional = true),
	YAML_FIELD("interval", struct config_witnesses, interval,
	    &SECONDS_TYPE(1, 3600), .otherwise = "PT1S"),
	YAML_FIELD("timeout", struct config_witnesses, timeout,
	    &SECONDS_TYPE(1, 60), .otherwise = "PT5S"),
	YAML_FIELD("patience", struct config_witnesses, patience,
	    &SECONDS_TYPE(1, 600), .otherwise = "PT10S"),
	YAML_FIELD("lost-after", struct config_witnesses, lost_after,
	    &SECONDS_TYPE(1, DAY), .otherwise = "PT2M"),
	YAML_FIELD("stop-after", struct config_witnesses, stop_after,
	    &SECONDS_TYPE(1, 30 * DAY), .otherwise = "PT15M"),
	YAML_FIELD("at-unseal", struct config_witnesses, at_unseal,
	    &YAML_ONE_OF(unseal_choices), .otherwise = "quorum"),
	{ 0 },
};

#define FIELD(key, member, type, ...)                                    \
	YAML_FIELD(key, struct config, member, type, __VA_ARGS__)

static const struct yaml_field file_fields[] = {
	FIELD("origin", origin, &YAML_STRING(255)),
	FIELD("issuer", issuer, &YAML_STRING(255)),
	FIELD("credential-endpoint", credential_endpoint, &YAML_STRING(255),
	    .optional = true),
	FIELD("state", state, &PATH_TYPE),
	FIELD("listen", listen,
	    &YAML_STRUCT(struct config_listen, listen_fields)),
	FIELD("clients", clients, &YAML_LIST_OF(1, 256,
	    &YAML_STRUCT(struct config_client, client_fields))),
	FIELD("token", token,
	    &YAML_STRUCT(struct config_token, token_fields)),
	FIELD("keys", keys, &YAML_LIST_OF(1, CONFIG_KEYS,
	    &YAML_STRUCT(struct config_key, key_fields))),
	FIELD("signer-lead", signer_lead, &SECONDS_TYPE(0, 90 * DAY),
	    .otherwise = "P1D"),
	FIELD("registry", registry, &PATH_TYPE),
	FIELD("log", log, &PATH_TYPE),
	FIELD("policy", policy, &PATH_TYPE),
	FIELD("roster", roster, &PATH_TYPE),
	FIELD("register", key_register, &PATH_TYPE),
	FIELD("ca", ca, &PATH_TYPE),
	FIELD("card-ca", card_cas, &YAML_LIST_OF(1, CONFIG_CARD_CAS,
	    &YAML_STRUCT(struct config_card_ca, card_ca_fields)),
	    .optional = true),
	FIELD("attesters", attesters, &YAML_LIST_OF(1, ATTESTERS_MAX,
	    &YAML_STRUCT(struct config_attester, attester_fields)),
	    .optional = true),
	FIELD("quorum", quorum, &PATH_TYPE),
	FIELD("transcript", transcript, &PATH_TYPE, .optional = true),
	FIELD("status-lists", status_lists,
	    &YAML_STRUCT(struct config_status_lists, status_list_fields),
	    .optional = true),
	FIELD("unseal", unseal, &YAML_ONE_OF(form_choices),
	    .otherwise = "officers"),
	FIELD("limits", limits,
	    &YAML_STRUCT(struct config_limits, limit_fields)),
	FIELD("witnesses", witnesses,
	    &YAML_STRUCT(struct config_witnesses, witness_fields),
	    .optional = true),
	{ 0 },
};

/* ---- what tables cannot say */

static enum err
check_origin(const struct config *c)
{
	if (strpbrk(c->origin, " +\t") != NULL ||
	    strstr(c->origin, "://") != NULL)
		return err_because(ERR_SCHEMA, "origin: expected a URL without "
		    "its scheme, blanks and '+' (C2SP tlog-checkpoint)");
	return ERR_OK;
}

static enum err
complete_key(struct config *c, struct config_key *key)
{
	AUTO_DONE(bytes) id = { 0 };
	uint8_t *copy;

	if (hex_get(view_text(key->id_hex), &id) != ERR_OK)
		return err_because(ERR_SCHEMA, "keys: id of \"%s\": expected "
		    "an even number of 0-9 and a-f", key->label);
	if ((copy = yaml_doc_new(c->document, id.len, 1)) == NULL)
		return err_because(ERR_MEMORY, "keys");
	memcpy(copy, id.at, id.len);
	key->id = VIEW(copy, id.len);
	return ERR_OK;
}

static bool
has_certificate(const struct config_key *key)
{
	return key->use != KEY_USE_LOG && key->use != KEY_USE_LOG_ECDSA;
}

/* What it serves is chosen by programme and format where there are any. */
static enum err
check_key(const struct config_key *key)
{
	enum credential_format f;

	if (has_certificate(key) != (key->certificate != NULL))
		return err_because(ERR_SCHEMA, "keys: \"%s\": every key but "
		    "the log's has a certificate", key->label);
	if (key->programmes.count != 0 && key->use != KEY_USE_DOCUMENT &&
	    key->use != KEY_USE_QR)
		return err_because(ERR_SCHEMA, "keys: \"%s\": programmes are "
		    "for keys of use document and qr", key->label);
	if (key->formats.count != 0 && key->use != KEY_USE_DOCUMENT)
		return err_because(ERR_SCHEMA, "keys: \"%s\": formats are "
		    "for keys of use document", key->label);
	for (size_t i = 0; i < key->formats.count; i++)
		if (format_of(view_text(key->formats.at[i]), &f) != ERR_OK)
			return err_because(ERR_SCHEMA, "keys: formats of "
			    "\"%s\": \"%s\" is not one", key->label,
			    key->formats.at[i]);
	return ERR_OK;
}

/* A key that is named twice would have two uses. */
static enum err
check_only(const struct config *c, size_t at)
{
	const struct config_key *key = &c->keys.at[at];

	for (size_t i = 0; i < at; i++)
		if (view_equal(c->keys.at[i].id, key->id) ||
		    strcmp(c->keys.at[i].public_key, key->public_key) == 0)
			return err_because(ERR_SCHEMA, "keys: \"%s\" has the "
			    "id or the public key of \"%s\"", key->label,
			    c->keys.at[i].label);
	return ERR_OK;
}

/* How many keys of a use there must and may be. */
static const struct {
	enum key_use	use;
	size_t		least, most;
} numbers[] = {
	{ KEY_USE_DOCUMENT, 1, CONFIG_KEYS },
	{ KEY_USE_QR, 1, CONFIG_KEYS },
	{ KEY_USE_STATUS, 1, CONFIG_KEYS },
	{ KEY_USE_METADATA, 0, CONFIG_KEYS },
	/* the log's, and the next beside it */
	{ KEY_USE_LOG, 1, 2 },
	{ KEY_USE_LOG_ECDSA, 0, 2 },
};

static enum err
check_number(const struct config *c, size_t row)
{
	size_t found = 0;

	for (size_t i = 0; i < c->keys.count; i++)
		found += c->keys.at[i].use == (int)numbers[row].use;
	if (found < numbers[row].least)
		return err_because(ERR_SCHEMA, "keys: expected a key with "
		    "use \"%s\", which files of older versions lack",
		    key_use_name(numbers[row].use));
	if (found > numbers[row].most)
		return err_because(ERR_SCHEMA, "keys: expected at most %zu "
		    "keys with use \"%s\", got %zu", numbers[row].most,
		    key_use_name(numbers[row].use), found);
	return ERR_OK;
}

static enum err
check_keys(struct config *c)
{
	for (size_t i = 0; i < c->keys.count; i++) {
		TRY(complete_key(c, &c->keys.at[i]));
		TRY(check_key(&c->keys.at[i]));
		TRY(check_only(c, i));
	}
	for (size_t i = 0; i < COUNT(numbers); i++)
		TRY(check_number(c, i));
	return ERR_OK;
}

#define STATUS_TTL 300
#define STATUS_LIFETIME DAY
#define STATUS_PATH "/v1/status-lists"

static enum err
default_uri(struct config *c)
{
	size_t n = strlen(c->issuer);
	char *uri = yaml_doc_new(c->document, n + sizeof(STATUS_PATH), 1);

	if (uri == NULL)
		return err_because(ERR_MEMORY, "status-lists");
	memcpy(uri, c->issuer, n);
	memcpy(uri + n, STATUS_PATH, sizeof(STATUS_PATH));
	c->status_lists.uri = uri;
	return ERR_OK;
}

static enum err
complete_status_lists(struct config *c)
{
	struct config_status_lists *s = &c->status_lists;

	if (s->uri == NULL)
		TRY(default_uri(c));
	if (s->entries == 0)
		s->entries = (int64_t)STATUS_LIST_ENTRIES;
	if (s->ttl == 0)
		s->ttl = STATUS_TTL;
	if (s->lifetime == 0)
		s->lifetime = STATUS_LIFETIME;
	if (s->lifetime < 2 * s->ttl)
		return err_because(ERR_SCHEMA, "status-lists: lifetime: "
		    "expected twice the ttl at least: a list is signed again "
		    "when half of it is over");
	if (s->entries % 4 != 0)
		return err_because(ERR_SCHEMA, "status-lists: entries: "
		    "expected whole bytes, a multiple of 4");
	if (strncmp(s->uri, "https://", 8) != 0)
		return err_because(ERR_SCHEMA, "status-lists: uri: expected "
		    "an https URI");
	return ERR_OK;
}

static enum err
check_attesters(const struct config *c)
{
	for (size_t i = 0; i < c->attesters.count; i++) {
		const struct config_attester *a = &c->attesters.at[i];

		if ((a->kid != NULL) != (a->public_key != NULL) ||
		    (a->certificate != NULL) == (a->kid != NULL))
			return err_because(ERR_SCHEMA, "attesters: number %zu: "
			    "expected either a certificate, or kid and "
			    "public-key", i + 1);
	}
	return ERR_OK;
}

static enum err
check_clients(const struct config *c)
{
	for (size_t i = 0; i < c->clients.count; i++) {
		const struct config_client *client = &c->clients.at[i];

		if (client->uids.count + client->sans.count == 0)
			return err_because(ERR_SCHEMA, "clients: \"%s\": "
			    "expected uids or sans to know it by",
			    client->name);
	}
	return ERR_OK;
}

/* A mistake in it should stop the start, not the notary later. */
static enum err
check_registry(const struct config *c)
{
	AUTO(postgres_target) target = NULL;

	if (postgres_is_uri(c->registry))
		return postgres_target_read(c->registry, &target);
	return c->registry[0] == '/' ? ERR_OK : err_because(ERR_SCHEMA,
	    "registry: expected an absolute path or postgresql://…");
}

enum err
config_parse(const char *name, struct view text, struct config **out_config)
{
	AUTO(config) c = mem_new(1, sizeof(*c));

	if (c == NULL)
		return err_because(ERR_MEMORY, "configuration");
	TRY(crypto_init());
	c->hash = sha256(text);
	TRY(yaml_doc_parse(name, text, &c->document));
	TRY(yaml_bind(c->document, &YAML_STRUCT(struct config, file_fields),
	    c));
	TRY(check_origin(c));
	TRY(check_keys(c));
	TRY(complete_status_lists(c));
	TRY(check_attesters(c));
	TRY(check_clients(c));
	TRY(check_registry(c));
	*out_config = STEAL(c);
	return ERR_OK;
}

void
config_free(struct config *c)
{
	if (c == NULL)
		return;
	yaml_doc_free(c->document);
	mem_free(c);
}

const struct config_key *
config_key(const struct config *c, enum key_use u)
{
	for (size_t i = 0; i < c->keys.count; i++)
		if (c->keys.at[i].use == (int)u)
			return &c->keys.at[i];
	return NULL;
}
