/*
 * Checking a script, and running it in a rehearsal. The order of a ceremony is
 * here: everything that can be refused is refused before the token is touched.
 * Next: steps.c runs the steps, verify.c looks at what came of it.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/file.h"
#include "base/time.h"
#include "ceremony/steps.h"

AUTO_DEFINE(EVP_PKEY_CTX, EVP_PKEY_CTX, EVP_PKEY_CTX_free);

#define PROGRAM_MAX ((size_t)48 << 20)	/* of a module or this tool */

/* ---- check */

static enum err
read_script(const char *path, struct bytes *text, struct script **out)
{
	AUTO(script) s = NULL;

	TRY(file_read(path, YAML_FILE_SIZE, text));
	TRY(script_parse(path, bytes_view(text), &s));
	TRY(steps_check(s));
	*out = STEAL(s);
	return ERR_OK;
}

static enum err
sign_in_software(void *context, const struct hash *digest,
    uint8_t out[P256_SIGNATURE_SIZE])
{
	AUTO(EVP_PKEY_CTX) c = EVP_PKEY_CTX_new(context, NULL);
	uint8_t der[80];
	size_t len = sizeof(der);

	if (c == NULL || EVP_PKEY_sign_init(c) <= 0 ||
	    EVP_PKEY_sign(c, der, &len, digest->at, sizeof(digest->at)) <= 0)
		return err_openssl("signing with a throw-away key");
	return p256_from_der(VIEW(der, len), out);
}

/*
 * Every certificate of the script, made with throw-away keys: what the linter
 * refuses is refused before a ceremony begins.
 */
static enum err
lint_templates(const struct script *s)
{
	AUTO(EVP_PKEY) key = NULL;
	AUTO(EVP_PKEY) root_key = EVP_EC_gen("P-256");
	struct certificate_signer signer = { sign_in_software, root_key };
	int64_t day = time_now() / DAY * DAY;

	if (root_key == NULL || (key = EVP_EC_gen("P-256")) == NULL)
		return err_openssl("throw-away keys");
	for (size_t i = 0; i < s->certificates.count; i++) {
		const struct script_certificate *c = &s->certificates.at[i];
		int by = script_certificate_index(s, c->issuer.name);
		struct certificate_plan p = script_plan(s, c, day);
		struct certificate_plan r = script_plan(s,
		    &s->certificates.at[by], day);
		AUTO(X509) issuer = NULL;
		AUTO(X509) x = NULL;

		TRY(certificate_issue(&r, root_key, NULL, &signer, &issuer));
		if ((int)i != by)
			TRY(certificate_issue(&p, key, issuer, &signer, &x));
	}
	return ERR_OK;
}

enum err
ceremony_check(const char *script, const struct ceremony_listener *listener)
{
	AUTO_DONE(bytes) text = { 0 };
	AUTO(script) s = NULL;
	char title[128];

	TRY(read_script(script, &text, &s));
	TRY(lint_templates(s));
	ceremony_tell(listener, "%s: %s", script_mode_name(
	    (enum script_mode)s->mode), s->name);
	ceremony_tell(listener, "%zu officers, any %jd of them open; %zu keys; "
	    "%zu certificates", s->officers.count, (intmax_t)s->threshold,
	    s->keys.count, s->certificates.count);
	for (size_t i = 0; i < s->steps.count; i++) {
		step_title(s, i, title);
		ceremony_tell(listener, "step %zu: %s", i + 1, title);
	}
	return ERR_OK;
}

/* ---- rehearse */

static enum err
make_directories(const char *dir)
{
	static const struct {
		const char	*name;
		mode_t		 mode;
	} dirs[] = {
		{ "ca/keys", 0755 }, { "log", 0755 }, { "ceremony", 0755 },
		{ "officers", 0700 },
	};
	char path[PATH_MAX];

	for (size_t i = 0; i < COUNT(dirs); i++) {
		TRY(path_join(dir, dirs[i].name, path, sizeof(path)));
		TRY(dir_make(path, dirs[i].mode));
	}
	return ERR_OK;
}

static enum err
put_program(struct payload *p, const char *key, const char *path)
{
	AUTO_DONE(bytes) program = { 0 };
	struct hash h;

	TRY(file_read(path, PROGRAM_MAX, &program));
	h = sha256(bytes_view(&program));
	payload_put_hex(p, key, VIEW_OF(h.at));
	return ERR_OK;
}

static enum err
record_opening(struct ceremony *c)
{
	const struct script *s = c->script;
	AUTO_DONE(payload) open = { 0 };
	AUTO_DONE(payload) env = { 0 };

	payload_put_hex(&open, "ceremony", VIEW_OF(c->id));
	payload_put(&open, "mode",
	    script_mode_name((enum script_mode)s->mode));
	payload_put(&open, "name", s->name);
	TRY(ceremony_record(c, RECORD_OPEN, &open));
	payload_put(&env, "module", c->module);
	TRY(put_program(&env, "module-sha256", c->module));
	TRY(put_program(&env, "tool-sha256", "/proc/self/exe"));
	payload_put(&env, "openssl", OpenSSL_version(OPENSSL_VERSION));
	return ceremony_record(c, RECORD_ENV, &env);
}

static enum err
write_inputs(struct ceremony *c, struct view script)
{
	TRY(ceremony_write(c, "ceremony/script.yaml", script));
	return ceremony_make_officers(c);
}

static enum err
hold(struct ceremony *c, struct view script)
{
	snprintf(c->step, sizeof(c->step), "open");
	TRY(record_opening(c));
	TRY(write_inputs(c, script));
	TRY(steps_run(c));
	snprintf(c->step, sizeof(c->step), "close");
	return ceremony_record(c, RECORD_CLOSE, NULL);
}

/* Why it ended, for the record; the failure itself is handed on. */
static enum err
abort_ceremony(struct ceremony *c, enum err e)
{
	AUTO_DONE(payload) p = { 0 };
	char why[512];

	snprintf(why, sizeof(why), "%s", err_why());
	payload_put(&p, "error", err_code(e));
	payload_put(&p, "reason", why);
	if (ceremony_record(c, RECORD_ABORT, &p) != ERR_OK)
		ceremony_tell(c->listener, "the transcript could not take "
		    "ABORT: %s", err_why());
	return err_because(e, "%s", why);
}

static void
fill_result(const struct ceremony *c, struct rehearse_result *out)
{
	*out = (struct rehearse_result){
		.token = c->identity,
		.root = transcript_root(c->transcript),
		.key_count = c->script->keys.count,
	};
	for (size_t i = 0; i < out->key_count; i++) {
		snprintf(out->keys[i].label, sizeof(out->keys[i].label), "%s",
		    c->script->keys.at[i].label);
		memcpy(out->keys[i].id, c->ids[i], CEREMONY_KEY_ID);
	}
}

static enum err
begin(struct ceremony *c)
{
	char path[PATH_MAX];

	c->day = time_now() / DAY * DAY;
	TRY(random_bytes(c->id, sizeof(c->id)));
	TRY(make_directories(c->dir));
	TRY(path_join(c->dir, "ceremony/transcript.log", path, sizeof(path)));
	return transcript_create(path,
	    script_mode_name((enum script_mode)c->script->mode),
	    &c->transcript);
}

enum err
ceremony_rehearse(const struct rehearse_options *o,
    struct rehearse_result *out)
{
	AUTO_DONE(bytes) text = { 0 };
	AUTO(script) script = NULL;
	AUTO_DONE(ceremony) c = {
		.dir = o->dir, .module = o->module, .listener = &o->listener,
	};
	enum err e;

	TRY(read_script(o->script, &text, &script));
	TRY(lint_templates(script));
	c.script = script;
	TRY(begin(&c));
	e = hold(&c, bytes_view(&text));
	if (e != ERR_OK)
		return abort_ceremony(&c, e);
	fill_result(&c, out);
	return ERR_OK;
}
