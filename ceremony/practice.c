/*
 * Practice officers: in a rehearsal everybody's keys are files, and answers
 * come by themselves, through the same questions that people answer on the
 * day. Nothing here is called in production. Next: attend.c.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <openssl/pem.h>

#include "base/file.h"
#include "base/time.h"
#include "ceremony/steps.h"
#include "quorum/approve.h"

#define SEALED_MAX 16384

enum err
practice_path(const char *dir, const struct participant *p, const char *suffix,
    char out[PATH_MAX])
{
	char name[96];

	/* a seat's files are named by its number, for unsealing by hand */
	snprintf(name, sizeof(name), "officers/%s%s", p->role == ROLE_OFFICER ?
	    p->as + strlen("seat-") : p->as, suffix);
	return path_join(dir, name, out, PATH_MAX);
}

/* ---- keys */

static enum err
make_key(const struct ceremony *c, struct participant *p)
{
	char path[PATH_MAX];

	TRY(officer_key_new(&p->who.key));
	TRY(officer_algorithm_of(p->who.key, &p->who.algorithm));
	TRY(practice_path(c->dir, p, ".key", path));
	return officer_key_write(path, p->who.key);
}

/* A certificate for a share to be encrypted to; of no use otherwise. */
static enum err
self_signed(EVP_PKEY *key, const char *name, X509 **out)
{
	AUTO(X509) x = X509_new();
	X509_NAME *subject = x != NULL ? X509_get_subject_name(x) : NULL;

	if (subject == NULL || X509_set_version(x, X509_VERSION_3) != 1 ||
	    ASN1_INTEGER_set(X509_get_serialNumber(x), 1) != 1 ||
	    X509_gmtime_adj(X509_getm_notBefore(x), 0) == NULL ||
	    X509_gmtime_adj(X509_getm_notAfter(x), DAY) == NULL ||
	    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
	    (const unsigned char *)name, -1, -1, 0) != 1 ||
	    X509_set_issuer_name(x, subject) != 1 ||
	    X509_set_pubkey(x, key) != 1 ||
	    X509_sign(x, key, EVP_sha256()) == 0)
		return err_openssl("a practice recipient");
	*out = STEAL(x);
	return ERR_OK;
}

static enum err
make_recipient(const struct ceremony *c, struct participant *p)
{
	AUTO(EVP_PKEY) key = EVP_EC_gen("P-256");
	AUTO_DONE(bytes) pem = { 0 };
	char path[PATH_MAX];

	if (key == NULL)
		return err_openssl("a practice recipient");
	TRY(self_signed(key, p->who.name, &p->recipient));
	TRY(practice_path(c->dir, p, ".recipient.key", path));
	TRY(officer_key_write(path, key));
	TRY(certificate_pem(p->recipient, &pem));
	TRY(practice_path(c->dir, p, ".recipient.pem", path));
	return file_create(path, bytes_view(&pem), 0644);
}

enum err
practice_make(struct ceremony *c)
{
	for (size_t i = 0; i < c->participants.count; i++) {
		struct participant *p = &c->participants.at[i];

		TRY(make_key(c, p));
		if (p->role == ROLE_OFFICER)
			TRY(make_recipient(c, p));
	}
	return ERR_OK;
}

/* ---- answers */

static void
practice_say(void *context, const char *text)
{
	const struct practice *p = context;

	if (p->listener.line != NULL)
		p->listener.line(p->listener.context, text);
}

static void
practice_step(void *context, size_t at, size_t of, const char *title)
{
	const struct practice *p = context;

	ceremony_tell(&p->listener, "step %zu of %zu: %s", at, of, title);
}

static enum err
practice_ask(void *context, const struct question *q, struct bytes *out_line)
{
	(void)context;
	bytes_put_text(out_line, q->practice);
	return bytes_check(out_line);
}

static enum err
read_kept(const char *path, struct secret **out_line)
{
	AUTO_DONE(bytes) text = { 0 };
	enum err e;

	TRY(file_read(path, SHARE_TEXT_SIZE + 1, &text));
	e = secret_new(text.len, out_line);
	if (e == ERR_OK)
		memcpy(secret_at(*out_line), text.at, text.len);
	explicit_bzero(text.at, text.len);
	return e;
}

/* Opens what was sealed for this officer, who keeps the line as a file. */
static enum err
practice_share(void *context, const struct participant *who,
    enum share_of of, struct secret **out_line)
{
	const struct practice *p = context;
	char sealed[PATH_MAX], key_path[PATH_MAX], kept[PATH_MAX];
	char file[32], cms[40];
	AUTO_DONE(bytes) pem = { 0 };
	AUTO(EVP_PKEY) key = NULL;
	AUTO(secret) line = NULL;

	snprintf(file, sizeof(file), ".%s", sharing_of(of)->file);
	snprintf(cms, sizeof(cms), "%s.cms", file);
	TRY(practice_path(p->dir, who, cms, sealed));
	TRY(practice_path(p->dir, who, ".recipient.key", key_path));
	TRY(practice_path(p->dir, who, file, kept));
	if (!file_exists(sealed))	/* of a ceremony before this one */
		return read_kept(kept, out_line);
	TRY(file_read(sealed, SEALED_MAX, &pem));
	TRY(officer_key_read(key_path, &key));
	TRY(share_unseal(bytes_view(&pem), who->recipient, key, &line));
	TRY(file_replace(kept, VIEW(secret_peek(line), secret_len(line)),
	    0600));
	*out_line = STEAL(line);
	return ERR_OK;
}

static enum err
practice_sign(void *context, const struct participant *who,
    struct view statement, struct bytes *out_signature)
{
	const struct practice *p = context;
	AUTO(EVP_PKEY) key = NULL;
	char path[PATH_MAX];

	TRY(practice_path(p->dir, who, ".key", path));
	TRY(officer_key_read(path, &key));
	return officer_sign(key, statement, out_signature);
}

struct console
practice_console(struct practice *p)
{
	return (struct console){
		.context = p,
		.say = practice_say,
		.step = practice_step,
		.ask = practice_ask,
		.share = practice_share,
		.sign = practice_sign,
	};
}
