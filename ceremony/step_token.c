/*
 * The token: initialised with PINs out of the secret, its keys made and read
 * back, certificates signed by it, closed with nothing in it but the plan.
 * What the token answers is checked by pkcs11/ and recorded as it is.
 */
#include <stdio.h>
#include <string.h>

#include "audit/vkey.h"
#include "base/time.h"
#include "ceremony/lint.h"
#include "ceremony/steps.h"
#include "pkcs11/generate.h"
#include "pkcs11/probe.h"
#include "quorum/derive.h"

/* ---- initialise-token */

enum err
ceremony_record_token(struct ceremony *c, const char *as)
{
	const struct token_identity *i = &c->identity;
	AUTO_DONE(payload) p = { 0 };

	payload_put(&p, as, i->label);
	payload_put(&p, "serial", i->serial);
	payload_put(&p, "manufacturer", i->manufacturer);
	payload_put(&p, "model", i->model);
	payload_put(&p, "firmware", i->firmware);
	return ceremony_record(c, RECORD_TOKEN, &p);
}

enum err
ceremony_open_token(struct ceremony *c, const struct secret *pin)
{
	AUTO(text) module = mem_text(c->module);
	struct token_uri uri = { .module_path = module };

	if (module == NULL)
		return err_because(ERR_MEMORY, "module path");
	memcpy(uri.wanted.label, c->identity.label,
	    sizeof(uri.wanted.label));
	memcpy(uri.wanted.serial, c->identity.serial,
	    sizeof(uri.wanted.serial));
	TRY(token_open(&uri, NULL, &c->token));
	return token_login(c->token, pin);
}

/* On the record before anything is done to it. */
static enum err
choose_blank(struct ceremony *c, struct token_uri *uri)
{
	struct token_identity blank;
	AUTO_DONE(payload) p = { 0 };

	TRY(token_find_blank(uri, NULL, &blank));
	payload_put(&p, "label", uri->wanted.label);
	payload_put(&p, "serial", blank.serial);
	memcpy(uri->wanted.serial, blank.serial, sizeof(blank.serial));
	return ceremony_record(c, RECORD_BLANK, &p);
}

/*
 * A crash may have come after the token took its label, or its PIN. Only the
 * one that was blank when this step chose it is touched again: any other of
 * this label is somebody else's, and no PIN is tried on it.
 */
static enum err
initialise(struct ceremony *c, struct token_uri *uri,
    const struct secret *so_pin, const struct secret *pin)
{
	enum err e = ERR_NOT_FOUND;

	if (c->begun && strcmp(c->blank.label, uri->wanted.label) == 0) {
		memcpy(uri->wanted.serial, c->blank.serial,
		    sizeof(c->blank.serial));
		e = token_initialise_rest(uri, NULL, so_pin, pin,
		    &c->identity);
	}
	if (e == ERR_OK)
		ceremony_say(c, "  the token took its label before the crash");
	if (e != ERR_NOT_FOUND)
		return e;
	TRY(choose_blank(c, uri));
	return token_initialise(uri, NULL, so_pin, pin, &c->identity);
}

enum err
ceremony_make_token(struct ceremony *c, const char *label,
    const struct secret *secret)
{
	AUTO(text) module = mem_text(c->module);
	AUTO(secret) so_pin = NULL;
	AUTO(secret) pin = NULL;
	struct token_uri uri = { .module_path = module };

	if (module == NULL)
		return err_because(ERR_MEMORY, "module path");
	snprintf(uri.wanted.label, sizeof(uri.wanted.label), "%s", label);
	TRY(derive_so_pin(secret, label, &so_pin));
	TRY(derive_pin(secret, label, &pin));
	TRY(initialise(c, &uri, so_pin, pin));
	TRY(ceremony_open_token(c, pin));
	ceremony_say(c, "  token %s, serial %s",
	    c->identity.label, c->identity.serial);
	return ERR_OK;
}

enum err
ceremony_provisional(const struct ceremony *c, struct secret **out)
{
	struct hash h = sha256_2(view_text("okse/provisional/v1"),
	    VIEW_OF(c->id));

	TRY(secret_new(sizeof(h.at), out));
	memcpy(secret_at(*out), h.at, sizeof(h.at));
	return ERR_OK;
}

enum err
step_initialise_token(struct ceremony *c, const struct script_step *s,
    struct payload *result)
{
	(void)s;
	if (!c->script->continues)
		TRY(ceremony_provisional(c, &c->before));
	TRY(ceremony_make_token(c, c->script->token, c->before != NULL ?
	    c->before : c->secret));
	TRY(ceremony_record_token(c, "label"));
	snprintf(c->reg.token, sizeof(c->reg.token), "%s", c->identity.label);
	snprintf(c->reg.serial, sizeof(c->reg.serial), "%s",
	    c->identity.serial);
	register_settle(&c->reg);
	payload_put(result, "serial", c->identity.serial);
	return ERR_OK;
}

/* ---- generate-key */

/* Known before the key is: what a crash leaves can be told apart. */
static void
key_id_of(const struct ceremony *c, uint8_t out[CEREMONY_KEY_ID])
{
	struct hash h = sha256_2(VIEW_OF(c->id), view_text(c->step));

	memcpy(out, h.at, CEREMONY_KEY_ID);
}

void
ceremony_put_attributes(const struct key_record *r, struct payload *p)
{
	AUTO_DONE(bytes) text = { 0 };

	for (size_t i = 0; i < KEY_ATTRIBUTES; i++) {
		const struct key_attribute *a = &r->attributes[i];

		bytes_printf(&text, "%s%s:", i == 0 ? "" : ",", a->name);
		if (a->readable)
			bytes_printf(&text, "%lu", a->value);
		else
			bytes_put_text(&text, "unreadable");
	}
	payload_put(p, "attributes", bytes_text(&text));
}

static enum err
record_key(struct ceremony *c, const struct script_key *key,
    struct view id, const struct key_record *made)
{
	AUTO_DONE(payload) p = { 0 };
	struct hash spki;

	TRY(public_hash(made->public_key, &spki));
	payload_put(&p, "label", key->label);
	payload_put(&p, "type", key->type == KEY_P256 ? "p256" : "ed25519");
	payload_put_hex(&p, "id", id);
	payload_put_hex(&p, "spki-sha256", VIEW_OF(spki.at));
	ceremony_put_attributes(made, &p);
	return ceremony_record(c, RECORD_KEYGEN, &p);
}

static enum err
write_public(struct ceremony *c, const char *label, EVP_PKEY *key)
{
	AUTO_DONE(bytes) pem = { 0 };
	char path[64];

	snprintf(path, sizeof(path), "ca/keys/%s.pub.pem", label);
	TRY(public_key_pem(key, &pem));
	return ceremony_write(c, path, bytes_view(&pem));
}

static enum err
write_vkey(struct ceremony *c, const char *path, EVP_PKEY *key)
{
	AUTO_DONE(bytes) line = { 0 };
	AUTO(vkey) v = NULL;

	TRY(vkey_of_key(view_text(c->script->log.origin), key, &v));
	vkey_put(v, &line);
	bytes_put_u8(&line, '\n');
	TRY(bytes_check(&line));
	return ceremony_write(c, path, bytes_view(&line));
}

/* A new log's second key may be one that was there before. */
static enum err
write_first_vkey(struct ceremony *c, EVP_PKEY *key)
{
	const char *second = c->script->log.ecdsa_key.name;
	int at = second == NULL ? -1 : script_key_index(c->script, second);

	TRY(write_vkey(c, "log/log.vkey", key));
	return at == -1 || !c->script->keys.at[at].inherited ? ERR_OK :
	    write_vkey(c, "log/log-ecdsa.vkey", c->keys[at]);
}

static enum err
write_log_key(struct ceremony *c, const char *label, EVP_PKEY *key)
{
	const struct script *s = c->script;

	if (s->log.key.name != NULL && strcmp(label, s->log.key.name) == 0)
		return write_first_vkey(c, key);
	if (s->log.ecdsa_key.name != NULL &&
	    strcmp(label, s->log.ecdsa_key.name) == 0)
		return write_vkey(c, "log/log-ecdsa.vkey", key);
	return ERR_OK;
}

/* Half a pair, which a crash left; officers agree before it is destroyed. */
static enum err
discard_half(struct ceremony *c, const struct script_key *key,
    struct view id)
{
	AUTO_DONE(payload) p = { 0 };

	payload_put(&p, "expected", "no object or a whole key pair");
	payload_put(&p, "happened", "a crash left half a key pair");
	payload_put(&p, "decided", "to destroy the half and make the key");
	TRY(ceremony_record(c, RECORD_EXCEPTION, &p));
	ceremony_say(c, "  half of the key %s is there: it is destroyed",
	    key->label);
	TRY(attend_agree(c, (size_t)c->script->threshold));
	return token_destroy_one(c->token, (enum key_type)key->type,
	    key->label, id);
}

/* Once: what a crash left is taken over, never made a second time. */
static enum err
make_key(struct ceremony *c, const struct script_key *key, struct view id,
    struct key_record *out)
{
	enum key_type type = (enum key_type)key->type;
	size_t objects = 0;

	if (c->begun)
		TRY(token_made(c->token, type, key->label, id, &objects));
	if (objects == 2) {
		ceremony_say(c, "  the key was made before the crash");
		return (script_key_wraps(key) ? token_take_over_wrappable :
		    token_take_over)(c->token, type, key->label, id, out);
	}
	if (objects == 1)
		TRY(discard_half(c, key, id));
	return (script_key_wraps(key) ? token_generate_wrappable :
	    token_generate)(c->token, type, key->label, id, out);
}

enum err
ceremony_probe(struct ceremony *c, const char *as, enum key_type type,
    const char *label, struct view id)
{
	struct probe tried[PROBES];
	AUTO_DONE(payload) p = { 0 };

	TRY(token_probe(c->token, type, label, id, tried));
	payload_put(&p, "tried", "misuse");
	payload_put(&p, as, label);
	for (size_t i = 0; i < PROBES; i++)
		payload_put(&p, tried[i].tried, tried[i].refused[0] != '\0' ?
		    tried[i].refused : "no such mechanism");
	return ceremony_record(c, RECORD_NEGCTRL, &p);
}

static enum err
register_key_of(struct ceremony *c, const struct script_key *key, int at)
{
	struct register_key k = { .type = (enum key_type)key->type };

	snprintf(k.label, sizeof(k.label), "%s", key->label);
	memcpy(k.id, c->ids[at], sizeof(k.id));
	TRY(public_hash(c->keys[at], &k.spki));
	TRY(register_add_key(&c->reg, &k));
	return register_add_on_token(&c->reg, k.label, c->reg.token,
	    c->reg.serial);
}

enum err
step_generate_key(struct ceremony *c, const struct script_step *s,
    struct payload *result)
{
	int at = script_key_index(c->script, s->key.name);
	const struct script_key *key = &c->script->keys.at[at];
	struct view id = VIEW_OF(c->ids[at]);
	AUTO_DONE(key_record) made = { 0 };

	key_id_of(c, c->ids[at]);
	TRY(make_key(c, key, id, &made));
	TRY(record_key(c, key, id, &made));
	/* what may still be wrapped cannot refuse it: it does when sealed */
	if (!script_key_wraps(key))
		TRY(ceremony_probe(c, "label", (enum key_type)key->type,
		    key->label, id));
	c->keys[at] = STEAL(made.public_key);
	TRY(register_key_of(c, key, at));
	TRY(write_public(c, key->label, c->keys[at]));
	TRY(write_log_key(c, key->label, c->keys[at]));
	payload_put_hex(result, "id", id);
	return ERR_OK;
}

/* ---- certify */

static enum err
sign_with_token(void *context, const struct hash *digest,
    uint8_t out[P256_SIGNATURE_SIZE])
{
	return key_sign_digest(context, digest, true, out);
}

struct key_spec
ceremony_key_spec(const struct ceremony *c, size_t at)
{
	return (struct key_spec){
		.label = c->script->keys.at[at].label,
		.id = VIEW_OF(c->ids[at]),
		.public_key = c->keys[at],
	};
}

enum err
ceremony_signer(struct ceremony *c, int certificate, struct key **out_key,
    struct certificate_signer *out_signer)
{
	const struct script *s = c->script;
	int signing = script_key_index(s,
	    s->certificates.at[certificate].key.name);
	struct key_spec spec = ceremony_key_spec(c, (size_t)signing);

	TRY(token_key_find(c->token, &spec, out_key));
	*out_signer = (struct certificate_signer){
		.sign = sign_with_token, .context = *out_key,
	};
	return ERR_OK;
}

static enum err
issue(struct ceremony *c, const struct script_certificate *plan, X509 **out)
{
	const struct script *s = c->script;
	int by = script_certificate_index(s, plan->issuer.name);
	struct certificate_plan p = script_plan(c->mode, plan, c->day);
	struct certificate_signer signer;
	AUTO(key) key = NULL;

	TRY(ceremony_signer(c, by, &key, &signer));
	/* a root finds no certificate of its issuer yet: NULL */
	return certificate_issue(&p,
	    c->keys[script_key_index(s, plan->key.name)],
	    c->certificates[by], &signer, out);
}

static enum err
record_certificate(struct ceremony *c, const struct script_certificate *plan,
    X509 *x)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
	struct certificate_plan p = script_plan(c->mode, plan, c->day);
	AUTO_DONE(payload) fields = { 0 };
	AUTO_DONE(bytes) der = { 0 };
	char from[INSTANT_TEXT], to[INSTANT_TEXT];
	struct hash h;

	TRY(certificate_der(x, &der));
	h = sha256(bytes_view(&der));
	payload_put(&fields, "name", plan->name);
	payload_put(&fields, "profile", profile_of(p.profile)->name);
	payload_put(&fields, "not-before", instant_text(p.not_before, from));
	payload_put(&fields, "not-after", instant_text(p.not_after, to));
	payload_put_hex(&fields, "serial", VIEW(ASN1_STRING_get0_data(serial),
	    (size_t)ASN1_STRING_length(serial)));
	payload_put_hex(&fields, "sha256", VIEW_OF(h.at));
	payload_put_int(&fields, "rules",
	    (int64_t)lint_rules(p.profile));
	return ceremony_record(c, RECORD_CERT, &fields);
}

static enum err
register_certificate_of(struct ceremony *c, const char *name, X509 *x)
{
	AUTO_DONE(bytes) der = { 0 };
	struct hash h;

	TRY(certificate_der(x, &der));
	h = sha256(bytes_view(&der));
	return register_add_certificate(&c->reg, name, &h);
}

enum err
step_certify(struct ceremony *c, const struct script_step *s,
    struct payload *result)
{
	int at = script_certificate_index(c->script, s->certificate.name);
	const struct script_certificate *plan =
	    &c->script->certificates.at[at];
	AUTO_DONE(bytes) pem = { 0 };
	AUTO(X509) x = NULL;
	char path[64];

	TRY(issue(c, plan, &x));
	TRY(record_certificate(c, plan, x));
	TRY(certificate_pem(x, &pem));
	snprintf(path, sizeof(path), "ca/%s.pem", plan->name);
	TRY(ceremony_write(c, path, bytes_view(&pem)));
	TRY(register_certificate_of(c, plan->name, x));
	c->certificates[at] = STEAL(x);
	payload_put(result, "file", path);
	return ERR_OK;
}
