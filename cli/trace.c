/*
 * From a credential in somebody's hand back to the ceremony: who signed it,
 * which decision in the log allowed it, that the entry is in the signed tree,
 * and which CA vouches for the signer. The credential is anybody's file, so
 * nothing in it counts before the signature verifies. Next: audit/verify.h.
 */
#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "audit/proof.h"
#include "audit/schema.h"
#include "audit/trust.h"
#include "base/file.h"
#include "base/time.h"
#include "ceremony/ceremony.h"
#include "cli/commands.h"
#include "cli/published.h"
#include "cli/say.h"
#include "cli/trusted.h"
#include "credential/inspect.h"

#define SIGNERS_MAX 16
#define TRANSCRIPT_MAX ((size_t)16 << 20)

/* What is known of the credential so far. */
struct trace {
	const char	*format;
	struct hash	 draft;		/* SHA-256 of what was signed */
	X509		*signer;
	X509		*ca;
	uint64_t	 index;		/* of the entry; UINT64_MAX: none */
	struct bytes	 entry;
	struct proof	 proof;
	size_t		 signatures;	/* by keys of the log */
	struct bytes	 transcript;	/* of the ceremony, verified */
	uint64_t	 ceremony;	/* index of its entry */
};

static void
trace_done(struct trace *t)
{
	X509_free(t->signer);
	X509_free(t->ca);
	bytes_done(&t->entry);
	bytes_done(&t->transcript);
}

/* ---- whose signature */

/* Certificates that may have signed what names its signer by a few bytes. */
struct candidates {
	DIR	*dir;
	size_t	 count;
	X509	*at[SIGNERS_MAX];
};

static void
candidates_done(struct candidates *c)
{
	for (size_t i = 0; i < c->count; i++)
		X509_free(c->at[i]);
	if (c->dir != NULL)
		closedir(c->dir);
}

static enum err
read_candidates(const char *ca_dir, struct candidates *c)
{
	struct dirent *entry;
	char path[PATH_MAX];

	if ((c->dir = opendir(ca_dir)) == NULL)
		return err_system("%s", ca_dir);
	while (c->count < SIGNERS_MAX && (entry = readdir(c->dir)) != NULL) {
		size_t n = strlen(entry->d_name);

		if (n <= 4 || strcmp(entry->d_name + n - 4, ".pem") != 0)
			continue;
		TRY(path_join(ca_dir, entry->d_name, path, sizeof(path)));
		if (pem_read_certificate(path, &c->at[c->count]) == ERR_OK)
			c->count++;
	}
	return ERR_OK;
}

/* What a phone shows ends with its own signature: an SD-JWT VC without. */
static struct view
without_key_binding(struct view v)
{
	const uint8_t *end = v.len == 0 ? NULL : memrchr(v.at, '~', v.len);

	return end == NULL || !view_starts(v, "eyJ") ? v :
	    VIEW(v.at, (size_t)(end - v.at) + 1);
}

static enum err
read_credential(const char *path, const char *ca_dir, struct trace *t)
{
	AUTO_DONE(bytes) text = { 0 };
	AUTO_DONE(candidates) c = { 0 };
	AUTO(inspected) i = NULL;
	struct trust trust = { .ca = t->ca, .now = TRUST_ANY_TIME };
	struct view v;

	TRY(read_input(path, INSPECT_MAX, &text));
	v = bytes_view(&text);
	while (v.len > 0 && (v.at[v.len - 1] == '\n' ||
	    v.at[v.len - 1] == '\r'))
		v.len--;
	TRY(inspect(without_key_binding(v), &i));
	TRY(read_candidates(ca_dir, &c));
	trust.signers = c.at;
	trust.signer_count = c.count;
	TRY(inspected_verify(i, &trust, &t->signer));
	t->format = inspected_format(i);
	t->draft = inspected_draft(i);
	return ERR_OK;
}

/* ---- which entry */

/* Does this decision's list of drafts hold ours? */
static enum err
look_at_entry(void *context, uint64_t index, struct view entry)
{
	struct trace *t = context;
	AUTO_DONE(bytes) hex = { 0 };
	struct schema_entry parts;
	struct view drafts;

	TRY(schema_get(entry, &parts));
	drafts = parts.member[SCHEMA_DRAFTS];
	if (drafts.at == NULL)
		return ERR_OK;
	hex_put(&hex, VIEW_OF(t->draft.at));
	TRY(bytes_check(&hex));
	if (memmem(drafts.at, drafts.len, hex.at, hex.len) == NULL)
		return ERR_OK;
	t->index = index;
	bytes_put(&t->entry, entry);
	TRY(bytes_check(&t->entry));
	return ERR_EXISTS;	/* found: no need to read on */
}

static enum err
find_entry(struct published *log, struct trace *t)
{
	enum err e = published_each(log, 0, published_size(log),
	    look_at_entry, t);

	if (e == ERR_EXISTS)
		return ERR_OK;
	return e != ERR_OK ? e : err_because(ERR_NOT_FOUND,
	    "no decision among the %llu entries of the log allows this",
	    (unsigned long long)published_size(log));
}

/* Is the entry in the tree that the log's key has signed? */
static enum err
prove(struct published *log, const struct trust_policy *trust,
    uint64_t index, struct view entry, struct trace *t)
{
	struct tile_source source = published_source(log);
	struct hash leaf = merkle_leaf(entry);
	struct trust_seen seen;

	TRY(trust_open(trust, published_note(log), &seen));
	TRY(proof_inclusion(&source, index, seen.checkpoint.size, &t->proof));
	t->signatures = seen.signatures;
	return proof_check_inclusion(&t->proof, index, seen.checkpoint.size,
	    &leaf, &seen.checkpoint.root);
}

/* ---- which ceremony */

/* A hash that the verified transcript states as the value of something. */
static enum err
in_transcript(const struct trace *t, const char *key, struct view der,
    const char *what)
{
	struct hash h = sha256(der);
	AUTO_DONE(bytes) text = { 0 };

	bytes_printf(&text, "%s=", key);
	hex_put(&text, VIEW_OF(h.at));
	TRY(bytes_check(&text));
	if (memmem(t->transcript.at, t->transcript.len, text.at,
	    text.len) == NULL)
		return err_because(ERR_NOT_FOUND, "the ceremony's transcript "
		    "does not tell of %s", what);
	return ERR_OK;
}

/* An entry of the log that names the transcript by its root. */
struct wanted {
	struct bytes	text;
	struct trace	*trace;
	struct bytes	entry;
};

static void
wanted_done(struct wanted *w)
{
	bytes_done(&w->text);
	bytes_done(&w->entry);
}

static enum err
look_for_ceremony(void *context, uint64_t index, struct view entry)
{
	struct wanted *w = context;
	struct schema_entry parts;

	TRY(schema_get(entry, &parts));
	if (parts.event != SCHEMA_EVENT_CEREMONY ||
	    !view_equal(parts.member[SCHEMA_TRANSCRIPT],
	    bytes_view(&w->text)))
		return ERR_OK;
	w->trace->ceremony = index;
	bytes_put(&w->entry, entry);
	return ERR_EXISTS;	/* found */
}

static enum err
find_ceremony(struct published *log, const struct trust_policy *trust,
    const struct hash *root, struct trace *t)
{
	AUTO_DONE(wanted) w = { .trace = t };
	enum err e;

	hex_put(&w.text, VIEW_OF(root->at));
	e = published_each(log, 0, published_size(log), look_for_ceremony,
	    &w);
	if (e == ERR_OK)
		return err_because(ERR_NOT_FOUND, "the log does not tell of "
		    "this ceremony");
	if (e != ERR_EXISTS)
		return e;
	return prove(log, trust, t->ceremony, bytes_view(&w.entry), t);
}

/* One of its keys, that is: each may be of another ceremony. */
static enum err
made_log_key(const struct trace *t, const struct trust_policy *trust)
{
	enum err e = ERR_NOT_FOUND;

	for (size_t i = 0; i < trust_log_count(trust) &&
	    e == ERR_NOT_FOUND; i++) {
		AUTO_DONE(bytes) key = { 0 };

		vkey_put(trust_log(trust, i)->key, &key);
		bytes_put_u8(&key, '\n');
		e = in_transcript(t, "sha256", bytes_view(&key),
		    "the log's key");
	}
	return e;
}

/* The ceremony's files, that it made signer and log key, and its entry. */
static enum err
trace_ceremony(struct published *log, const struct trust_policy *trust,
    const char *dir, struct trace *t)
{
	static const struct ceremony_listener silent = { 0 };
	AUTO_DONE(bytes) der = { 0 };
	char path[PATH_MAX];
	struct hash root;

	TRY(ceremony_verify(dir, NULL, &silent, &root));
	TRY(path_join(dir, "ceremony/transcript.log", path, sizeof(path)));
	TRY(file_read(path, TRANSCRIPT_MAX, &t->transcript));
	TRY(certificate_der(t->signer, &der));
	TRY(in_transcript(t, "sha256", bytes_view(&der),
	    "the signer's certificate"));
	TRY(made_log_key(t, trust));
	return find_ceremony(log, trust, &root, t);
}

/* ---- in words */

static void
print_step(const char *name, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
print_step(const char *name, const char *fmt, ...)
{
	va_list args;

	printf("%s✓%s %-12s ", paint(stdout, GREEN), paint(stdout, PLAIN),
	    name);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
}

static void
print_certificate(const char *step, X509 *certificate)
{
	char *subject = X509_NAME_oneline(X509_get_subject_name(certificate),
	    NULL, 0);

	print_step(step, "%s", subject != NULL ? subject : "?");
	OPENSSL_free(subject);
}

/* Each step that holds is printed before the next is tried. */
static enum err
trace_steps(const struct arguments *a, const char *log_dir,
    const char *ca_dir, struct trace *t)
{
	AUTO(published) log = NULL;
	AUTO(trust_policy) trust = NULL;
	AUTO_DONE(bytes) hex = { 0 };
	const char *ceremony = option_value(a, "ceremony", NULL);
	struct schema_entry parts;
	char beside[PATH_MAX], when[INSTANT_TEXT];
	struct view v;

	TRY(path_join(ca_dir, "iaca.pem", beside, sizeof(beside)));
	TRY(pem_read_certificate(beside, &t->ca));
	TRY(read_credential(argument(a, 0), ca_dir, t));
	hex_put(&hex, VIEW_OF(t->draft.at));
	print_step("credential", "%s, signed over SHA-256 %s", t->format,
	    bytes_text(&hex));
	print_certificate("signer", t->signer);
	print_certificate("issued by", t->ca);

	TRY(published_open(log_dir, &log));
	TRY(trusted(a, published_files(log), &trust));
	TRY(find_entry(log, t));
	TRY(schema_get(bytes_view(&t->entry), &parts));
	v = parts.member[SCHEMA_OP];
	print_step("decision", "entry %llu allowed a %.*s at %s",
	    (unsigned long long)t->index, (int)v.len, (const char *)v.at,
	    instant_text((int64_t)schema_count(&parts, SCHEMA_T) / 1000,
	    when));
	TRY(prove(log, trust, t->index, bytes_view(&t->entry), t));
	v = vkey_name(trust_log(trust, 0)->key);
	print_step("inclusion", "%zu hashes lead to the root of %llu entries",
	    t->proof.count, (unsigned long long)published_size(log));
	print_step("checkpoint", "signed by %.*s, with %zu of its keys",
	    (int)v.len, (const char *)v.at, t->signatures);
	if (ceremony == NULL)
		return ERR_OK;
	TRY(trace_ceremony(log, trust, ceremony, t));
	print_step("ceremony", "made the signer and the log's key; entry "
	    "%llu names its transcript", (unsigned long long)t->ceremony);
	return ERR_OK;
}

int
audit_trace(const struct arguments *a)
{
	AUTO_DONE(trace) t = { .index = UINT64_MAX };
	const char *log_dir = option_value(a, "log", NULL);
	const char *ca_dir = option_value(a, "ca", NULL);
	enum err e;

	if (log_dir == NULL || ca_dir == NULL) {
		complain("--log and --ca say where the evidence is");
		return EXIT_USAGE;
	}
	e = trace_steps(a, log_dir, ca_dir, &t);
	if (e != ERR_OK)
		return complain_err("the trace ends here", e);
	if (option_given(a, "entry"))
		put_line(bytes_view(&t.entry));
	return EXIT_DONE;
}
