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
#include "base/file.h"
#include "base/time.h"
#include "cli/commands.h"
#include "cli/document.h"
#include "cli/published.h"
#include "cli/say.h"
#include "credential/base45.h"
#include "credential/cbor.h"
#include "credential/cose.h"
#include "credential/qr_token.h"

#define CREDENTIAL_MAX ((size_t)1 << 20)
#define SIGNERS_MAX 16

/* What is known of the credential so far. */
struct trace {
	const char	*format;
	struct hash	 draft;		/* SHA-256 of what was signed */
	X509		*signer;
	X509		*ca;
	uint64_t	 index;		/* of the entry; UINT64_MAX: none */
	struct bytes	 entry;
	struct proof	 proof;
};

static void
trace_done(struct trace *t)
{
	X509_free(t->signer);
	X509_free(t->ca);
	bytes_done(&t->entry);
}

/* ---- whose signature */

/* part: a text up to a dot, which is taken off rest with it. */
static struct view
take_part(struct view *rest, uint8_t end)
{
	const uint8_t *at = rest->len == 0 ? NULL :
	    memchr(rest->at, end, rest->len);
	struct view part = *rest;

	if (at == NULL) {
		*rest = (struct view){ 0 };
		return part;
	}
	part.len = (size_t)(at - part.at);
	*rest = VIEW(at + 1, rest->len - part.len - 1);
	return part;
}

/* The certificate in the header's x5c (RFC 7515 4.1.6). */
static enum err
sd_jwt_signer(struct view header, X509 **out_signer)
{
	AUTO_DONE(bytes) json = { 0 }, der = { 0 };
	AUTO(document) d = NULL;
	const uint8_t *at;
	const char *x5c;

	TRY(base64url_get(header, &json));
	TRY(document_parse(bytes_view(&json), &d));
	x5c = document_text(d, "x5c.0");
	if (x5c == NULL)
		return err_because(ERR_SCHEMA,
		    "the header has no x5c (RFC 7515 4.1.6)");
	TRY(base64_get(view_text(x5c), &der));
	at = der.at;
	*out_signer = d2i_X509(NULL, &at, (long)der.len);
	return *out_signer != NULL ? ERR_OK : err_openssl("x5c");
}

static enum err
read_sd_jwt(struct view text, struct trace *t)
{
	AUTO_DONE(bytes) signature = { 0 };
	struct view rest = take_part(&text, '~'), header, payload, tbs = rest;

	header = take_part(&rest, '.');
	payload = take_part(&rest, '.');
	if (header.len == 0 || payload.len == 0 || rest.len == 0)
		return err_because(ERR_SYNTAX,
		    "no header.payload.signature (RFC 9901 4)");
	tbs.len = header.len + 1 + payload.len;
	TRY(sd_jwt_signer(header, &t->signer));
	TRY(base64url_get(rest, &signature));
	t->format = "SD-JWT VC";
	t->draft = sha256(tbs);
	return p256_verify(X509_get0_pubkey(t->signer), &t->draft,
	    bytes_view(&signature));
}

/* The issuer that the token names, unverified: who should have signed it. */
static enum err
qr_issuer(struct view text, char out[ISSUER_URI + 1])
{
	AUTO_DONE(bytes) token = { 0 };
	uint8_t signature[P256_SIGNATURE_SIZE];
	struct cose_sign1 message;
	struct cbor_reader claims;
	struct view v;

	TRY(base45_get(VIEW(text.at + strlen(QR_TOKEN_PREFIX),
	    text.len - strlen(QR_TOKEN_PREFIX)), &token));
	TRY(cose_get_sign1(bytes_view(&token), &message, signature));
	claims = cbor_reader_of(message.payload);
	(void)cbor_enter_map(&claims);
	cbor_want_int(&claims, 1);
	v = cbor_read_text(&claims, ISSUER_URI);
	snprintf(out, ISSUER_URI + 1, "%.*s", (int)v.len,
	    (const char *)v.at);
	return ERR_OK;
}

/* Whether one certificate of the CA's directory signed the token. */
static enum err
qr_signed_by(struct view text, const char *path, struct trace *t)
{
	AUTO(issuer) issuer = NULL;
	const struct issuer *issuers[1];
	struct qr_token token;
	char uri[ISSUER_URI + 1];

	TRY(qr_issuer(text, uri));
	TRY(issuer_load(path, uri, &issuer));
	issuers[0] = issuer;
	TRY(qr_token_read(text, issuers, 1, &token));
	TRY(pem_read_certificate(path, &t->signer));
	t->format = "QR token";
	t->draft = token.tbs;
	return ERR_OK;
}

/* A token names its signer by a few bytes: every certificate is tried. */
static enum err
read_qr_token(struct view text, const char *ca_dir, struct trace *t)
{
	DIR *dir = opendir(ca_dir);
	struct dirent *entry;
	char path[PATH_MAX];
	enum err e = ERR_SIGNATURE;

	if (dir == NULL)
		return err_system("%s", ca_dir);
	while (e != ERR_OK && (entry = readdir(dir)) != NULL) {
		size_t n = strlen(entry->d_name);

		if (n > 4 && strcmp(entry->d_name + n - 4, ".pem") == 0 &&
		    path_join(ca_dir, entry->d_name, path, sizeof(path)) ==
		    ERR_OK)
			e = qr_signed_by(text, path, t);
	}
	closedir(dir);
	return e == ERR_OK ? ERR_OK : err_because(ERR_SIGNATURE,
	    "no certificate in %s signed this QR token", ca_dir);
}

static enum err
read_credential(const char *path, const char *ca_dir, struct trace *t)
{
	AUTO_DONE(bytes) text = { 0 };
	struct view v;

	TRY(read_input(path, CREDENTIAL_MAX, &text));
	v = bytes_view(&text);
	while (v.len > 0 && (v.at[v.len - 1] == '\n' ||
	    v.at[v.len - 1] == '\r'))
		v.len--;
	if (view_starts(v, QR_TOKEN_PREFIX))
		return read_qr_token(v, ca_dir, t);
	return read_sd_jwt(v, t);
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
prove_entry(struct published *log, const struct vkey *key, struct trace *t)
{
	struct tile_source source = published_source(log);
	struct hash leaf = merkle_leaf(bytes_view(&t->entry));
	struct checkpoint checkpoint;
	struct note note;

	TRY(note_get(published_note(log), &note));
	TRY(note_verify(&note, key, NULL));
	TRY(checkpoint_get(note.text, &checkpoint));
	TRY(proof_inclusion(&source, t->index, checkpoint.size, &t->proof));
	return proof_check_inclusion(&t->proof, t->index, checkpoint.size,
	    &leaf, &checkpoint.root);
}

/* ---- who vouches for the signer */

static enum err
check_signer(const char *ca_dir, struct trace *t)
{
	char path[PATH_MAX];

	TRY(path_join(ca_dir, "iaca.pem", path, sizeof(path)));
	TRY(pem_read_certificate(path, &t->ca));
	if (X509_check_issued(t->ca, t->signer) != X509_V_OK ||
	    X509_verify(t->signer, X509_get0_pubkey(t->ca)) != 1)
		return err_because(ERR_SIGNATURE,
		    "the signer's certificate is not of the CA in %s", path);
	return ERR_OK;
}

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
	AUTO(vkey) key = NULL;
	AUTO_DONE(bytes) hex = { 0 };
	struct schema_entry parts;
	char beside[PATH_MAX], when[INSTANT_TEXT];
	struct view v;

	TRY(read_credential(argument(a, 0), ca_dir, t));
	hex_put(&hex, VIEW_OF(t->draft.at));
	print_step("credential", "%s, signed over SHA-256 %s", t->format,
	    bytes_text(&hex));
	print_certificate("signer", t->signer);
	TRY(check_signer(ca_dir, t));
	print_certificate("issued by", t->ca);

	TRY(published_open(log_dir, &log));
	TRY(path_join(log_dir, "log.vkey", beside, sizeof(beside)));
	TRY(vkey_read(option_value(a, "key", beside), &key));
	TRY(find_entry(log, t));
	TRY(schema_get(bytes_view(&t->entry), &parts));
	v = parts.member[SCHEMA_OP];
	print_step("decision", "entry %llu allowed a %.*s at %s",
	    (unsigned long long)t->index, (int)v.len, (const char *)v.at,
	    instant_text((int64_t)schema_count(&parts, SCHEMA_T) / 1000,
	    when));
	TRY(prove_entry(log, key, t));
	v = vkey_name(key);
	print_step("inclusion", "%zu hashes lead to the root of %llu entries",
	    t->proof.count, (unsigned long long)published_size(log));
	print_step("checkpoint", "signed by %.*s", (int)v.len,
	    (const char *)v.at);
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
