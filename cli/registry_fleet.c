/*
 * The registry's owner: its schema, and who shares it. These commands speak
 * to the database themselves, as the role that owns the tables; a daemon's
 * role may do none of it. Next: signer/notary/registry_fleet.c.
 */
#include <stdio.h>
#include <string.h>

#include "audit/publish.h"
#include "audit/vkey.h"
#include "base/file.h"
#include "base/json.h"
#include "base/time.h"
#include "cli/commands.h"
#include "cli/say.h"
#include "signer/notary/fleet.h"

#define CONFIG_MAX ((size_t)1 << 20)

/* ---- the schema */

int
registry_migrate_schema(const struct arguments *a)
{
	const char *where = argument(a, 0);
	const char *role = option_value(a, "grant", NULL);
	AUTO(registry) r = NULL;
	int from, to;
	enum err e;

	if ((e = registry_migrate(where, &from, &to)) != ERR_OK)
		return complain_err("the schema", e);
	if (from == to)
		complain("the schema has version %d already", to);
	else
		complain("the schema has gone from version %d to %d", from,
		    to);
	if (role == NULL)
		return EXIT_DONE;
	if ((e = registry_open_owner(where, &r)) != ERR_OK ||
	    (e = registry_grant(r, role)) != ERR_OK)
		return complain_err("the daemon's role", e);
	complain("%s may do what a daemon does", role);
	return EXIT_DONE;
}

/* ---- joining and retiring */

/* What a node is known by, out of its configuration and what that names. */
struct identity {
	struct bytes		vkey, certificates;
	struct registry_node	node;
};

static void
identity_done(struct identity *i)
{
	bytes_done(&i->vkey);
	bytes_done(&i->certificates);
}

static enum err
put_log_key(const struct config *c, struct bytes *out)
{
	const struct config_key *key = config_key(c, KEY_USE_LOG);
	AUTO(EVP_PKEY) public_key = NULL;
	AUTO(vkey) v = NULL;

	TRY(pem_read_public(key->public_key, &public_key));
	TRY(vkey_of_key(view_text(c->origin), public_key, &v));
	vkey_put(v, out);
	return bytes_check(out);
}

static enum err
put_certificates(const struct config *c, struct bytes *out)
{
	struct signers signers;

	TRY(signers_load(c, &signers));
	fleet_put_certificates(&signers, time_now(), out);
	signers_done(&signers);
	return bytes_check(out);
}

static enum err
read_identity(const char *path, struct identity *out)
{
	AUTO_DONE(bytes) text = { 0 }, checkpoint = { 0 };
	AUTO(config) c = NULL;
	enum err e;

	TRY(file_read(path, CONFIG_MAX, &text));
	TRY(config_parse(path, bytes_view(&text), &c));
	TRY(put_log_key(c, &out->vkey));
	TRY(put_certificates(c, &out->certificates));
	snprintf(out->node.origin, sizeof(out->node.origin), "%s",
	    c->origin);
	out->node.log_key = bytes_view(&out->vkey);
	out->node.qr_certificates = bytes_view(&out->certificates);
	out->node.joined_at = time_now();
	e = publish_read_checkpoint(c->log, &checkpoint);
	out->node.has_past = e != ERR_NOT_FOUND;
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* --owner is the tables' owner; nobody else may do these. */
static enum err
open_owner(const struct arguments *a, struct registry **out_registry)
{
	const char *uri = option_value(a, "owner", NULL);

	if (uri == NULL)
		return err_because(ERR_SCHEMA,
		    "--owner: expected the URI of the tables' owner");
	return registry_open_owner(uri, out_registry);
}

int
registry_join_node(const struct arguments *a)
{
	AUTO_DONE(identity) identity = { 0 };
	AUTO(registry) r = NULL;
	enum err e;

	if ((e = read_identity(argument(a, 0), &identity)) != ERR_OK)
		return complain_err("the node", e);
	if ((e = open_owner(a, &r)) != ERR_OK ||
	    (e = registry_join(r, &identity.node)) != ERR_OK)
		return complain_err("the registry", e);
	complain("%s has joined; its log and those of the others will say so",
	    identity.node.origin);
	return EXIT_DONE;
}

int
registry_retire_node(const struct arguments *a)
{
	AUTO(registry) r = NULL;
	enum err e;

	if ((e = open_owner(a, &r)) != ERR_OK ||
	    (e = registry_retire(r, argument(a, 0),
	    option_given(a, "lost"), time_now())) != ERR_OK)
		return complain_err("the registry", e);
	complain("%s can commit nothing more, for good; the logs of the "
	    "others will say so", argument(a, 0));
	return EXIT_DONE;
}

/* ---- who there is */

static enum err
show_json(void *arg, const struct registry_node *n)
{
	AUTO_DONE(bytes) line = { 0 };
	struct json j = json_start(&line);

	(void)arg;
	json_record(&j, NULL);
	json_int(&j, "node", n->node);
	json_c_text(&j, "origin", n->origin);
	json_text(&j, "vkey", n->log_key);
	json_int(&j, "joined_at", n->joined_at);
	if (n->retired_at != TIME_NONE)
		json_int(&j, "retired_at", n->retired_at);
	json_close(&j);
	TRY(json_end(&j));
	put_line(bytes_view(&line));
	return ERR_OK;
}

static enum err
show_line(void *arg, const struct registry_node *n)
{
	char since[INSTANT_TEXT], until[INSTANT_TEXT];

	(void)arg;
	printf("%lld  %s  since %s%s%s\n", (long long)n->node, n->origin,
	    instant_text(n->joined_at, since),
	    n->retired_at != TIME_NONE ? ", retired " : "",
	    n->retired_at != TIME_NONE ?
	    instant_text(n->retired_at, until) : "");
	return ERR_OK;
}

int
registry_show_nodes(const struct arguments *a)
{
	AUTO(registry) r = NULL;
	enum err e;

	if ((e = open_owner(a, &r)) != ERR_OK ||
	    (e = registry_nodes(r, option_given(a, "json") ? show_json :
	    show_line, NULL)) != ERR_OK)
		return complain_err("the registry", e);
	return finish(EXIT_DONE);
}
