/*
 * Checking a script, and holding a ceremony by it. The order of a ceremony is
 * here: everything that can be refused is refused before the token is touched.
 * Next: attend.c for the people, steps.c runs the steps, resume.c goes on
 * after a crash, verify.c looks at what came of it.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/file.h"
#include "base/time.h"
#include "ceremony/steps.h"
#include "ceremony/verify.h"

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
		struct certificate_plan p = script_plan(MODE_REHEARSAL, c,
		    day);
		struct certificate_plan r = script_plan(MODE_REHEARSAL,
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

/* ---- before the first record */

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

enum err
ceremony_program_hash(const char *path, struct hash *out)
{
	AUTO_DONE(bytes) program = { 0 };

	TRY(file_read(path, PROGRAM_MAX, &program));
	*out = sha256(bytes_view(&program));
	return ERR_OK;
}

static enum err
hash_inputs(struct ceremony *c, struct view script)
{
	c->hashes.script = sha256(script);
	TRY(ceremony_program_hash(c->module, &c->hashes.module));
	return ceremony_program_hash("/proc/self/exe", &c->hashes.program);
}

/* What only the real day is held to. */
static enum err
check_day(const struct script *s)
{
	int64_t now = time_now();

	if (s->mode != MODE_PRODUCTION)
		return err_because(ERR_FORBIDDEN,
		    "this script is for rehearsals only");
	if (now < s->window.from || now >= s->window.to)
		return err_because(ERR_FORBIDDEN,
		    "now is outside of the script's window");
	return ERR_OK;
}

static enum err
begin(struct ceremony *c, struct view script)
{
	char path[PATH_MAX];

	c->day = time_now() / DAY * DAY;
	participants_of(c->script, &c->participants);
	TRY(hash_inputs(c, script));
	TRY(random_bytes(c->id, sizeof(c->id)));
	TRY(make_directories(c->dir));
	TRY(path_join(c->dir, "ceremony/transcript.log", path, sizeof(path)));
	return transcript_create(path, script_mode_name(c->mode),
	    &c->transcript);
}

/* ---- the opening */

static enum err
record_opening(struct ceremony *c)
{
	AUTO_DONE(payload) open = { 0 };
	AUTO_DONE(payload) env = { 0 };

	payload_put_hex(&open, "ceremony", VIEW_OF(c->id));
	payload_put(&open, "mode", script_mode_name(c->mode));
	payload_put(&open, "name", c->script->name);
	TRY(ceremony_record(c, RECORD_OPEN, &open));
	payload_put(&env, "module", c->module);
	payload_put_hex(&env, "module-sha256", VIEW_OF(c->hashes.module.at));
	payload_put_hex(&env, "tool-sha256", VIEW_OF(c->hashes.program.at));
	payload_put(&env, "openssl", OpenSSL_version(OPENSSL_VERSION));
	return ceremony_record(c, RECORD_ENV, &env);
}

static enum err
record_participant(struct ceremony *c, const struct participant *p)
{
	AUTO_DONE(payload) fields = { 0 };
	AUTO_DONE(bytes) key = { 0 };

	TRY(officer_key_put(&p->who, &key));
	payload_put(&fields, "role", script_role_name(p->role));
	payload_put(&fields, "name", p->who.name);
	payload_put(&fields, "key", bytes_text(&key));
	return ceremony_record_by(c, RECORD_PARTICIPANT, p->as, &fields);
}

static enum err
write_roster(struct ceremony *c)
{
	AUTO_DONE(bytes) text = { 0 };

	TRY(participants_roster(c->script, &c->participants, &text));
	c->hashes.roster = sha256(bytes_view(&text));
	return ceremony_write(c, "ceremony/roster.txt", bytes_view(&text));
}

static enum err
take_participants(struct ceremony *c)
{
	if (c->mode == MODE_REHEARSAL)
		TRY(practice_make(c));
	else
		TRY(participants_keys(c->script, &c->participants));
	TRY(participants_check(&c->participants));
	for (size_t i = 0; i < c->participants.count; i++)
		TRY(record_participant(c, &c->participants.at[i]));
	return write_roster(c);
}

static enum err
record_rehearsal(struct ceremony *c, const struct rehearsed *r)
{
	AUTO_DONE(payload) p = { 0 };
	char held[INSTANT_TEXT];

	if (c->mode == MODE_REHEARSAL)
		return ERR_OK;
	payload_put_hex(&p, "root", VIEW_OF(r->root.at));
	payload_put(&p, "held", instant_text(r->held, held));
	return ceremony_record(c, RECORD_REHEARSAL, &p);
}

/* ---- the whole */

static enum err
finish(struct ceremony *c)
{
	TRY(steps_run(c));
	snprintf(c->step, sizeof(c->step), "close");
	TRY(ceremony_record(c, RECORD_CLOSE, NULL));
	return attend_verdicts(c);
}

static enum err
hold(struct ceremony *c, struct view script, const struct rehearsed *r,
    const struct ceremony_options *o)
{
	snprintf(c->step, sizeof(c->step), "open");
	TRY(record_opening(c));
	TRY(record_rehearsal(c, r));
	TRY(ceremony_write(c, "ceremony/script.yaml", script));
	TRY(take_participants(c));
	TRY(ceremony_take_previous(c, o->previous));
	TRY(ceremony_take_node(c, o->node));
	TRY(attend_open(c));
	return finish(c);
}

/*
 * A rehearsal that fails has ended. The real one ends early only when the room
 * says so, or somebody's token or key is in the way: after anything else it
 * can go on, or be aborted then.
 */
static enum err
end_badly(struct ceremony *c, enum err e)
{
	AUTO_DONE(payload) p = { 0 };
	char why[512];

	if (c->mode == MODE_PRODUCTION && e != ERR_REFUSED &&
	    e != ERR_EXISTS)
		return e;
	snprintf(why, sizeof(why), "%s", err_why());
	payload_put(&p, "error", err_code(e));
	payload_put(&p, "reason", why);
	if (ceremony_record(c, RECORD_ABORT, &p) != ERR_OK)
		ceremony_say(c, "the transcript could not take ABORT: %s",
		    err_why());
	return err_because(e, "%s", why);
}

static void
fill_result(const struct ceremony *c, struct ceremony_result *out)
{
	*out = (struct ceremony_result){
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
check_given(const struct script *s, const struct ceremony_options *o)
{
	if (s->continues != (o->previous != NULL))
		return err_because(ERR_FORBIDDEN, "this script %s",
		    s->continues ? "continues a ceremony: which one is "
		    "needed (--previous)" :
		    "continues no ceremony, and one was given");
	if (script_brings(s) != (o->node != NULL))
		return err_because(ERR_FORBIDDEN, "this script %s",
		    script_brings(s) ? "certifies keys of a further node: "
		    "its ceremony is needed (--node)" :
		    "has no keys brought by a node, and one was given");
	return ERR_OK;
}

enum err
ceremony_hold(const struct ceremony_options *o, struct ceremony_result *out)
{
	struct practice practice = { .dir = o->dir, .listener = o->listener };
	struct console console = practice_console(&practice);
	struct rehearsed rehearsed = { 0 };
	AUTO_DONE(bytes) text = { 0 };
	AUTO(script) script = NULL;
	AUTO_DONE(ceremony) c = {
		.mode = o->console == NULL ? MODE_REHEARSAL : MODE_PRODUCTION,
		.dir = o->dir, .module = o->module,
		.console = o->console != NULL ? o->console : &console,
	};
	enum err e;

	TRY(read_script(o->script, &text, &script));
	TRY(lint_templates(script));
	TRY(check_given(script, o));
	c.script = script;
	if (c.mode == MODE_PRODUCTION) {
		TRY(check_day(script));
		TRY(rehearsal_check(o->rehearsal, bytes_view(&text),
		    script->rehearsed_within, &rehearsed));
	}
	TRY(begin(&c, bytes_view(&text)));
	e = hold(&c, bytes_view(&text), &rehearsed, o);
	if (e != ERR_OK)
		return end_badly(&c, e);
	fill_result(&c, out);
	return ERR_OK;
}

enum err
ceremony_resume(const struct ceremony_options *o,
    struct ceremony_result *out)
{
	struct practice practice = { .dir = o->dir, .listener = o->listener };
	struct console console = practice_console(&practice);
	AUTO_DONE(evidence) v = { .dir = o->dir };
	AUTO_DONE(ceremony) c = {
		.dir = o->dir, .module = o->module,
		.console = o->console != NULL ? o->console : &console,
	};
	enum err e;

	TRY(evidence_load(&v, NULL));
	if (o->console == NULL && v.mode != MODE_REHEARSAL)
		return err_because(ERR_FORBIDDEN,
		    "practice officers have no part in production");
	TRY(ceremony_resume_state(&v, &c));
	e = finish(&c);
	if (e != ERR_OK)
		return end_badly(&c, e);
	fill_result(&c, out);
	return ERR_OK;
}
