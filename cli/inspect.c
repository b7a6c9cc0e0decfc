/*
 * A document in somebody's hand, of any format: what it says, and whether it
 * can be believed. The document is anybody's file. Next:
 * credential/inspect.h.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "base/file.h"
#include "base/time.h"
#include "cli/commands.h"
#include "cli/say.h"
#include "credential/inspect.h"
#include "credential/status_list.h"

#define SIGNERS_MAX 16

struct signers {
	size_t	 count;
	X509	*at[SIGNERS_MAX];
};

static void
signers_done(struct signers *s)
{
	for (size_t i = 0; i < s->count; i++)
		X509_free(s->at[i]);
}

/* A text may have an end of line behind it; what is binary has none. */
static enum err
read_document(const char *path, struct inspected **out)
{
	AUTO_DONE(bytes) text = { 0 };
	struct view v;

	TRY(read_input(path, INSPECT_MAX, &text));
	v = bytes_view(&text);
	while (v.len > 0 && v.at[0] < 0x80 && (v.at[v.len - 1] == '\n' ||
	    v.at[v.len - 1] == '\r'))
		v.len--;
	return inspect(v, out);
}

static enum err
print_document(const struct inspected *i)
{
	struct hash draft = inspected_draft(i);
	AUTO_DONE(bytes) hex = { 0 };
	AUTO_DONE(bytes) json = { 0 };

	hex_put(&hex, VIEW_OF(draft.at));
	TRY(inspected_json(i, &json));
	fprintf(stderr, "%s, signed over SHA-256 %s\n", inspected_format(i),
	    bytes_text(&hex));
	fwrite(json.at, 1, json.len, stdout);
	return ERR_OK;
}

int
credential_inspect(const struct arguments *a)
{
	AUTO(inspected) i = NULL;
	enum err e = read_document(argument(a, 0), &i);

	if (e == ERR_OK)
		e = print_document(i);
	return e == ERR_OK ? EXIT_DONE :
	    complain_err("this is no document of ours", e);
}

static enum err
read_signers(const struct arguments *a, struct signers *s)
{
	const char *path;

	while ((path = option_nth(a, "signer", s->count)) != NULL) {
		if (s->count == SIGNERS_MAX)
			return err_because(ERR_RANGE, "over %d signers",
			    SIGNERS_MAX);
		TRY(pem_read_certificate(path, &s->at[s->count]));
		s->count++;
	}
	return ERR_OK;
}

static void
print_signer(X509 *signer)
{
	char *subject = X509_NAME_oneline(X509_get_subject_name(signer),
	    NULL, 0);

	fprintf(stderr, "verified: signed by %s\n",
	    subject != NULL ? subject : "?");
	OPENSSL_free(subject);
}

/* A list that is verified as the credential was, and what it says of it. */
static enum err
check_status(const struct inspected *credential, const struct trust *t,
    const char *path)
{
	AUTO(inspected) list = NULL;
	unsigned int status;

	TRY(read_document(path, &list));
	TRY(inspected_verify(list, t, NULL));
	TRY(inspected_status(credential, list, &status));
	if (status != STATUS_VALID)
		return err_because(ERR_MISMATCH,
		    "its status list says: %s", status_name(status));
	fprintf(stderr, "status: %s\n", status_name(status));
	return ERR_OK;
}

static enum err
verify_by(const struct arguments *a, const struct trust *t)
{
	const char *list = option_value(a, "status", NULL);
	AUTO(inspected) i = NULL;
	AUTO(X509) signer = NULL;

	TRY(read_document(argument(a, 0), &i));
	TRY(inspected_verify(i, t, &signer));
	if (list != NULL)
		TRY(check_status(i, t, list));
	TRY(print_document(i));
	print_signer(signer);
	return ERR_OK;
}

static enum err
verify(const struct arguments *a, const char *ca)
{
	AUTO(X509) ca_certificate = NULL;
	AUTO_DONE(signers) signers = { 0 };
	struct trust t = { .now = time_now() };
	const char *at = option_value(a, "at", NULL);

	if (at != NULL)
		TRY(instant_get(view_text(at), &t.now));
	TRY(pem_read_certificate(ca, &ca_certificate));
	TRY(read_signers(a, &signers));
	t.ca = ca_certificate;
	t.signers = signers.at;
	t.signer_count = signers.count;
	return verify_by(a, &t);
}

int
credential_verify(const struct arguments *a)
{
	const char *ca = option_value(a, "ca", NULL);
	enum err e;

	if (ca == NULL) {
		complain("--ca names the certificate that is trusted");
		return EXIT_USAGE;
	}
	e = verify(a, ca);
	return e == ERR_OK ? EXIT_DONE : complain_err("not verified", e);
}
