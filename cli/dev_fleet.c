/*
 * `okse dev --fleet OF`: a second node for trials. It takes the ceremony's
 * record, the officers, the policy and a copy of the token from the instance
 * in OF, and has keys, certificates of the same CA and a log of its own. The
 * copy holds the first node's keys too, which no real node's token would.
 * Next: dev_setup.c.
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/vkey.h"
#include "base/file.h"
#include "ceremony/certificate.h"
#include "ceremony/script.h"
#include "cli/dev.h"
#include "pkcs11/generate.h"
#include "pkcs11/register.h"
#include "quorum/derive.h"
#include "quorum/quorum.h"

#define SCRIPT_MAX ((size_t)1 << 20)

/* A copy of what is in another instance, by the tool for it. */
static enum err
copy(const struct dev *d, const char *name)
{
	char from[PATH_MAX], recursive[] = "-a", program[] = "cp";
	struct dev_path to = dev_path(d, name);
	char *argv[] = { program, recursive, from, to.at, NULL };
	int status = -1;
	pid_t pid;

	TRY(path_join(d->fleet, name, from, sizeof(from)));
	pid = fork();
	if (pid == 0) {
		execvp(program, argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		return err_because(ERR_SYSTEM, "%s could not be copied", from);
	return ERR_OK;
}

static enum err
copy_all(const struct dev *d)
{
	static const char *const names[] = { "ceremony", "officers",
	    "policy", "softhsm/tokens", "ca/iaca.pem" };

	TRY(dir_make(dev_path(d, "ca/keys").at, 0755));
	TRY(dir_make(dev_path(d, "log").at, 0755));
	if (rmdir(dev_path(d, "softhsm/tokens").at) != 0)
		return err_system("softhsm/tokens");
	for (size_t i = 0; i < COUNT(names); i++)
		TRY(copy(d, names[i]));
	return ERR_OK;
}

/* ---- the token, opened with the practice officers' secret */

static enum err
combine(const struct dev *d, struct secret **out_secret)
{
	struct share shares[2] = { 0 };
	struct quorum quorum;
	enum err e = quorum_read(dev_path(d, "ceremony/quorum.txt").at,
	    &quorum);

	for (unsigned int i = 0; i < COUNT(shares) && e == ERR_OK; i++) {
		char name[DEV_NAME];

		snprintf(name, sizeof(name), "officers/%u.share", i + 1);
		e = share_read(dev_path(d, name).at, &shares[i]);
	}
	if (e == ERR_OK)
		e = quorum_combine(&quorum, shares, COUNT(shares),
		    out_secret);
	for (size_t i = 0; i < COUNT(shares); i++)
		share_done(&shares[i]);
	return e;
}

static enum err
open_token(const struct dev *d, const char *module,
    const struct script *script, struct token **out_token)
{
	AUTO(text) path = mem_text(module);
	AUTO(secret) secret = NULL;
	AUTO(secret) pin = NULL;
	AUTO(token) token = NULL;
	struct token_uri uri = { .module_path = path };

	if (path == NULL)
		return err_because(ERR_MEMORY, "a path");
	snprintf(uri.wanted.label, sizeof(uri.wanted.label), "%s",
	    script->token);
	TRY(combine(d, &secret));
	TRY(derive_pin(secret, script->token, &pin));
	TRY(token_open(&uri, NULL, &token));
	TRY(token_login(token, pin));
	*out_token = STEAL(token);
	return ERR_OK;
}

/* ---- its keys and certificates */

/* The CA's key, which is in the ceremony's token. */
static enum err
find_ca_key(const struct dev *d, struct token *t, const char *label,
    struct key **out_key)
{
	AUTO_DONE(token_inventory) all = { 0 };
	AUTO(EVP_PKEY) public_key = NULL;
	char path[PATH_MAX], name[DEV_NAME];
	struct key_spec spec = { .label = label };

	snprintf(name, sizeof(name), "ca/keys/%s.pub.pem", label);
	TRY(path_join(d->fleet, name, path, sizeof(path)));
	TRY(pem_read_public(path, &public_key));
	TRY(token_list(t, &all));
	for (size_t i = 0; i < all.count; i++)
		if (view_is(VIEW(all.at[i].label, all.at[i].label_len),
		    label))
			spec.id = VIEW(all.at[i].id, all.at[i].id_len);
	spec.public_key = public_key;
	return token_key_find(t, &spec, out_key);
}

static enum err
sign_with_token(void *context, const struct hash *digest,
    uint8_t out[P256_SIGNATURE_SIZE])
{
	return key_sign_digest(context, digest, true, out);
}

static enum err
certify(const struct dev *d, const struct script *script, struct token *t,
    const struct script_certificate *plan, EVP_PKEY *key)
{
	int at = script_certificate_index(script, plan->issuer.name);
	struct certificate_plan p = script_plan((enum script_mode)
	    script->mode, plan, time_now() / DAY * DAY);
	AUTO(key) ca_key = NULL;
	AUTO(X509) ca = NULL;
	AUTO(X509) x = NULL;
	AUTO_DONE(bytes) pem = { 0 };
	struct certificate_signer signer = { .sign = sign_with_token };
	char name[DEV_NAME];

	TRY(pem_read_certificate(dev_path(d, "ca/iaca.pem").at, &ca));
	TRY(find_ca_key(d, t, script->certificates.at[at].key.name,
	    &ca_key));
	signer.context = ca_key;
	TRY(certificate_issue(&p, key, ca, &signer, &x));
	TRY(certificate_pem(x, &pem));
	snprintf(name, sizeof(name), "ca/%s.pem", plan->name);
	return file_create(dev_path(d, name).at, bytes_view(&pem), 0644);
}

static enum err
write_log_key(const struct dev *d, const struct script *script,
    EVP_PKEY *key)
{
	AUTO_DONE(bytes) origin = { 0 }, line = { 0 };
	AUTO(vkey) v = NULL;

	bytes_printf(&origin, "%s%s", script->log.origin, d->suffix);
	TRY(vkey_of_key(bytes_view(&origin), key, &v));
	vkey_put(v, &line);
	bytes_put_text(&line, "\n");
	TRY(bytes_check(&line));
	return file_create(dev_path(d, "log/log.vkey").at, bytes_view(&line),
	    0644);
}

static enum err
write_public(const struct dev *d, const char *label, EVP_PKEY *key)
{
	AUTO_DONE(bytes) pem = { 0 };
	char name[DEV_NAME + 16];

	snprintf(name, sizeof(name), "ca/keys/%s.pub.pem", label);
	TRY(public_key_pem(key, &pem));
	return file_create(dev_path(d, name).at, bytes_view(&pem), 0644);
}

static enum err
make_key(const struct dev *d, const struct script *script, struct token *t,
    const struct script_key *key, struct key_register *planned,
    struct ceremony_result *r)
{
	struct register_key k = { .type = (enum key_type)key->type };
	AUTO_DONE(key_record) made = { 0 };
	size_t at = r->key_count;
	char *label = r->keys[at].label;

	snprintf(label, sizeof(r->keys[at].label), "%s%s", key->label,
	    d->suffix);
	TRY(random_bytes(r->keys[at].id, sizeof(r->keys[at].id)));
	TRY(token_generate(t, k.type, label, VIEW_OF(r->keys[at].id), &made));
	r->key_count++;
	snprintf(k.label, sizeof(k.label), "%s", label);
	memcpy(k.id, r->keys[at].id, sizeof(k.id));
	TRY(public_hash(made.public_key, &k.spki));
	TRY(register_add_key(planned, &k));
	TRY(register_add_on_token(planned, label, planned->token,
	    planned->serial));
	TRY(write_public(d, label, made.public_key));
	if (strcmp(key->label, script->log.key.name) == 0)
		TRY(write_log_key(d, script, made.public_key));
	for (size_t i = 0; i < script->certificates.count; i++) {
		const struct script_certificate *c =
		    &script->certificates.at[i];

		if (strcmp(c->key.name, key->label) == 0)
			TRY(certify(d, script, t, c, made.public_key));
	}
	return ERR_OK;
}

/* Every key of the script but those of its roots. */
static bool
is_root_key(const struct script *script, const char *label)
{
	for (size_t i = 0; i < script->certificates.count; i++) {
		const struct script_certificate *c =
		    &script->certificates.at[i];

		if (strcmp(c->key.name, label) == 0 &&
		    strcmp(c->name, c->issuer.name) == 0)
			return true;
	}
	return false;
}

/* What the token held that was copied, and then its own keys. */
static enum err
read_register(const struct dev *d, struct key_register *out)
{
	struct hash unused;
	char path[PATH_MAX];

	TRY(path_join(d->fleet, DEV_REGISTER, path, sizeof(path)));
	return register_read(file_exists(path) ? path :
	    dev_path(d, "ceremony/register.txt").at, out, &unused);
}

static enum err
write_register(const struct dev *d, const struct key_register *r)
{
	AUTO_DONE(bytes) text = { 0 };

	TRY(register_put(r, &text));
	return file_create(dev_path(d, DEV_REGISTER).at, bytes_view(&text),
	    0644);
}

enum err
dev_fleet_keys(const struct dev *d, const char *module,
    struct ceremony_result *out)
{
	struct dev_path path = dev_path(d, "ceremony/script.yaml");
	AUTO_DONE(bytes) text = { 0 };
	AUTO(script) script = NULL;
	AUTO(token) token = NULL;
	struct key_register planned;

	TRY(copy_all(d));
	TRY(read_register(d, &planned));
	TRY(file_read(path.at, SCRIPT_MAX, &text));
	TRY(script_parse(path.at, bytes_view(&text), &script));
	TRY(open_token(d, module, script, &token));
	out->token = *token_identity(token);
	for (size_t i = 0; i < script->keys.count; i++)
		if (!is_root_key(script, script->keys.at[i].label))
			TRY(make_key(d, script, token, &script->keys.at[i],
			    &planned, out));
	return write_register(d, &planned);
}
