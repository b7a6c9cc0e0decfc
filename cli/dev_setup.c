/*
 * The first run of `okse dev`: everything an instance needs, made once, with
 * okse.yaml last so that a half-made directory is never mistaken for one.
 * Next: signer/config.c reads what is written here.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/trust.h"
#include "base/file.h"
#include "base/json.h"
#include "ceremony/ceremony.h"
#include "cli/dev.h"
#include "cli/say.h"
#include "policy/bundle_make.h"
#include "policy/yaml.h"

#define POLICY_DAYS 365		/* that the signed policy counts */

static const char *const modules[] = {
	"/usr/lib/softhsm/libsofthsm2.so",
	"/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
	"/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
};

/* The keys of configs/ceremony/rehearsal.yaml, as the daemon uses them. */
static const struct use {
	const char	*label, *use, *certificate, *verify;
} uses[] = {
	{ "document", "document", "ca/document-signer.pem", "always" },
	{ "qr", "qr", "ca/qr-signer.pem", "sampled" },
	{ "log", "log", NULL, "always" },
	{ "log-ecdsa", "log-ecdsa", NULL, "always" },
	{ "status", "status", "ca/status-signer.pem", "always" },
	{ "metadata", "metadata", "ca/metadata-signer.pem", "always" },
};

struct dev_path
dev_path(const struct dev *d, const char *name)
{
	struct dev_path p;

	snprintf(p.at, sizeof(p.at), "%s/%s", d->dir, name);
	return p;
}

static const char *
find_module(void)
{
	for (size_t i = 0; i < COUNT(modules); i++)
		if (file_exists(modules[i]))
			return modules[i];
	return NULL;
}

static enum err
setup_softhsm(const struct dev *d)
{
	AUTO_DONE(bytes) conf = { 0 };
	struct dev_path path = dev_path(d, "softhsm/softhsm2.conf");

	TRY(dir_make(dev_path(d, "softhsm/tokens").at, 0700));
	bytes_printf(&conf, "directories.tokendir = %s\n"
	    "objectstore.backend = file\n"
	    "log.level = ERROR\n"
	    "slots.removable = false\n", dev_path(d, "softhsm/tokens").at);
	TRY(bytes_check(&conf));
	if (setenv("SOFTHSM2_CONF", path.at, 1) != 0)
		return err_system("setenv");
	return file_publish(path.at, bytes_view(&conf), 0600);
}

/* ---- the policy: a copy of the reference, signed */

static enum err
copy_file(const char *from_dir, const char *name, const char *to_dir)
{
	AUTO_DONE(bytes) content = { 0 };
	char from[PATH_MAX], to[PATH_MAX];

	TRY(path_join(from_dir, name, from, sizeof(from)));
	TRY(path_join(to_dir, name, to, sizeof(to)));
	TRY(file_read(from, YAML_FILE_SIZE, &content));
	return file_publish(to, bytes_view(&content), 0644);
}

static enum err
copy_policy(const char *from, const char *to)
{
	struct dirent *entry;
	enum err e = ERR_OK;
	DIR *dir;

	TRY(dir_make(to, 0755));
	if ((dir = opendir(from)) == NULL)
		return err_system("%s", from);
	while (e == ERR_OK && (entry = readdir(dir)) != NULL) {
		const char *dot = strrchr(entry->d_name, '.');

		if (dot != NULL && strcmp(dot, ".yaml") == 0)
			e = copy_file(from, entry->d_name, to);
	}
	closedir(dir);
	return e;
}

/* With the keys of the practice officers, as many as must agree. */
static enum err
sign_policy(const struct dev *d, const char *dir)
{
	struct bundle_plan plan = {
		.not_before = time_now() / DAY * DAY,
		.expires = (time_now() / DAY + POLICY_DAYS) * DAY,
	};
	AUTO_DONE(roster) roster = { 0 };
	struct approvals signers;

	TRY(roster_read(dev_path(d, "ceremony/roster.txt").at, &roster));
	TRY(bundle_prepare(dir, &plan));
	for (unsigned int seat = 1; seat <= roster.threshold; seat++) {
		AUTO(EVP_PKEY) key = NULL;
		char name[DEV_NAME];

		snprintf(name, sizeof(name), "officers/%u.key", seat);
		TRY(officer_key_read(dev_path(d, name).at, &key));
		TRY(bundle_sign(dir, &roster, seat, key, &signers));
	}
	return ERR_OK;
}

static enum err
setup_policy(const struct dev *d)
{
	AUTO(policy) policy = NULL;
	char from[PATH_MAX], to[PATH_MAX];

	TRY(path_join(d->configs, "policy", from, sizeof(from)));
	TRY(policy_load(from, &policy));
	TRY(bundle_path(dev_path(d, "policy").at, policy_serial(policy), to));
	TRY(copy_policy(from, to));
	return sign_policy(d, to);
}

/* ---- the ceremony */

static void
tell_line(void *context, const char *text)
{
	(void)context;
	fprintf(stderr, "  %s\n", text);
}

static enum err
hold_ceremony(const struct dev *d, const char *module,
    struct ceremony_result *result)
{
	struct ceremony_options options = {
		.dir = d->dir,
		.module = module,
		.listener = { .line = tell_line },
	};
	char script[PATH_MAX];

	TRY(path_join(d->configs, "ceremony/rehearsal.yaml", script,
	    sizeof(script)));
	options.script = script;
	return ceremony_hold(&options, result);
}

/* ---- okse.yaml */

/* A JSON string is a YAML one, whatever a path has in it. */
static void
put_quoted(struct bytes *out, const char *text)
{
	struct json j = json_start(out);

	json_c_text(&j, NULL, text);
	if (json_end(&j) != ERR_OK)
		out->failed = true;
}

static void
put_text(struct bytes *out, const char *key, const char *text)
{
	bytes_printf(out, "%s: ", key);
	put_quoted(out, text);
	bytes_put_text(out, "\n");
}

static void
put_path(struct bytes *out, const char *key, const struct dev *d,
    const char *name)
{
	put_text(out, key, dev_path(d, name).at);
}

static void
put_listeners(struct bytes *out, const struct dev *d)
{
	static const char *const names[] = { "api", "metrics", "admin" };

	bytes_put_text(out, "\nlisten:\n");
	for (size_t i = 0; i < COUNT(names); i++) {
		char socket[DEV_NAME];

		snprintf(socket, sizeof(socket), "%s.sock", names[i]);
		bytes_printf(out, "  %s:\n", names[i]);
		put_path(out, "    path", d, socket);
	}
	if (d->tls_port == NULL)
		return;
	bytes_printf(out, "  tls:\n    address: \"127.0.0.1:%s\"\n",
	    d->tls_port);
	put_path(out, "    certificate", d, "tls/server.pem");
	put_path(out, "    key", d, "tls/server.key");
	put_path(out, "    client-ca", d, "tls/ca.pem");
}

static void
put_token(struct bytes *out, const struct dev *d, const char *module,
    const struct ceremony_result *r)
{
	char uri[PATH_MAX];

	snprintf(uri, sizeof(uri), "pkcs11:token=%s;serial=%s?module-path=%s",
	    r->token.label, r->token.serial, module);
	bytes_put_text(out, "\ntoken:\n");
	put_text(out, "  uri", uri);
	bytes_put_text(out, "  environment:\n");
	put_path(out, "    SOFTHSM2_CONF", d, "softhsm/softhsm2.conf");
	bytes_put_text(out, "  writable:\n    - ");
	put_quoted(out, dev_path(d, "softhsm").at);
	bytes_printf(out, "\n  keyholders: %s\n",
	    d->keyholders != NULL ? d->keyholders : "2");
}

static enum err
put_key(struct bytes *out, const struct dev *d, const struct use *u,
    const struct ceremony_result *r)
{
	char label[DEV_NAME], public_key[DEV_NAME + 32];

	snprintf(label, sizeof(label), "%s%s", u->label, d->suffix);
	for (size_t i = 0; i < r->key_count; i++) {
		if (strcmp(r->keys[i].label, label) != 0)
			continue;
		bytes_printf(out, "  - use: %s\n    label: %s\n    id: \"",
		    u->use, label);
		hex_put(out, VIEW_OF(r->keys[i].id));
		bytes_put_text(out, "\"\n");
		if (u->certificate != NULL)
			put_path(out, "    certificate", d, u->certificate);
		snprintf(public_key, sizeof(public_key),
		    "ca/keys/%s.pub.pem", label);
		put_path(out, "    public-key", d, public_key);
		bytes_printf(out, "    verify-after-sign: %s\n", u->verify);
		return ERR_OK;
	}
	return err_because(ERR_NOT_FOUND,
	    "the ceremony made no key \"%s\"", label);
}

/* Its cards count for every programme of the reference policy. */
static void
put_card_ca(struct bytes *out, const struct dev *d)
{
	bytes_put_text(out, "card-ca:\n");
	put_path(out, "  - certificate", d, "tls/card-ca.pem");
	bytes_put_text(out, "    programmes: [resident-id, driver-licence, "
	    "public-official-id, veteran-id]\n");
}

/* ---- witnesses */

static enum err
put_witness(struct bytes *out, size_t number, const char *text)
{
	const char *equals = strchr(text, '=');

	if (equals == NULL)
		return err_because(ERR_SYNTAX, "--witness: wanted URL=VKEY");
	bytes_printf(out, "witness w%zu %s %.*s\n", number, equals + 1,
	    (int)(equals - text), text);
	return ERR_OK;
}

/* The trust policy that daemon and auditors share; most of them are enough. */
static enum err
write_witnesses(const struct dev *d, const struct vkey *log)
{
	AUTO_DONE(bytes) out = { 0 };
	AUTO(trust_policy) check = NULL;
	size_t count = 0;

	bytes_put_text(&out, "log ");
	vkey_put(log, &out);
	bytes_put_text(&out, "\n");
	for (; d->witnesses[count] != NULL; count++)
		TRY(put_witness(&out, count + 1, d->witnesses[count]));
	bytes_printf(&out, "group most %zu", count / 2 + 1);
	for (size_t i = 1; i <= count; i++)
		bytes_printf(&out, " w%zu", i);
	bytes_put_text(&out, "\nquorum most\n");
	TRY(bytes_check(&out));
	TRY(trust_policy_get(bytes_view(&out), &check));
	return file_publish(dev_path(d, "witnesses.txt").at,
	    bytes_view(&out), 0644);
}

static enum err
put_witnesses(struct bytes *out, const struct dev *d, const struct vkey *log)
{
	if (d->witnesses[0] == NULL)
		return ERR_OK;
	bytes_put_text(out, "\nwitnesses:\n");
	put_path(out, "  trust-policy", d, "witnesses.txt");
	return write_witnesses(d, log);
}

static enum err
write_config(const struct dev *d, const char *module,
    const struct ceremony_result *r)
{
	AUTO(vkey) key = NULL;
	AUTO_DONE(bytes) out = { 0 };

	TRY(vkey_read(dev_path(d, "log/log.vkey").at, &key));
	bytes_put_text(&out, "# A throw-away instance, made by `okse dev`.\n");
	bytes_put_text(&out, "origin: ");
	bytes_put(&out, vkey_name(key));
	bytes_put_text(&out, "\nissuer: \"https://okse.example\"\n");
	put_path(&out, "state", d, "state");
	put_listeners(&out, d);
	bytes_printf(&out, "\nclients:\n  - name: upstream\n"
	    "    uids: [%u]\n    sans: [\"%s\"]\n", getuid(), DEV_CLIENT_SAN);
	put_token(&out, d, module, r);
	bytes_put_text(&out, "\nkeys:\n");
	for (size_t i = 0; i < COUNT(uses); i++)
		TRY(put_key(&out, d, &uses[i], r));
	bytes_put_text(&out, "\n");
	if (d->registry != NULL)
		put_text(&out, "registry", d->registry);
	else
		put_path(&out, "registry", d, "registry.db");
	put_path(&out, "log", d, "log");
	put_path(&out, "policy", d, "policy");
	put_path(&out, "roster", d, "ceremony/roster.txt");
	put_path(&out, "register", d, d->fleet != NULL ? DEV_REGISTER :
	    "ceremony/register.txt");
	put_path(&out, "ca", d, "ca/iaca.pem");
	put_card_ca(&out, d);
	put_path(&out, "quorum", d, "ceremony/quorum.txt");
	put_path(&out, "transcript", d, "ceremony/transcript.log");
	bytes_put_text(&out, "limits:\n  connections: 12000\n");
	TRY(put_witnesses(&out, d, key));
	TRY(bytes_check(&out));
	return file_replace(dev_path(d, "okse.yaml").at, bytes_view(&out),
	    0600);
}

enum err
dev_setup(const struct dev *d)
{
	struct ceremony_result result = { 0 };
	const char *module = find_module();

	if (module == NULL)
		return err_because(ERR_NOT_FOUND,
		    "SoftHSM is not installed (package softhsm2)");
	TRY(dir_make(dev_path(d, "state").at, 0700));
	TRY(setup_softhsm(d));
	TRY(dev_tls(d));
	if (d->fleet != NULL) {
		TRY(dev_fleet_keys(d, module, &result));
		return write_config(d, module, &result);
	}
	TRY(hold_ceremony(d, module, &result));
	TRY(setup_policy(d));
	return write_config(d, module, &result);
}
