/*
 * From grant to the exact bytes to be signed. All that is random in them
 * comes from the issue's stored seed, so that a retry makes them again.
 * Next: ticket.c, which records them.
 */
#include <string.h>

#include "credential/credential.h"
#include "credential/qr_token.h"
#include "signer/notary/issue.h"

void
drafts_done(struct drafts *d)
{
	for (size_t i = 0; i < d->count; i++)
		draft_free(d->at[i]);
	d->count = 0;
}

static enum err
token_possible(const struct asked *asked)
{
	size_t n = asked->evidence.centre.len;

	if (n == 0 || n > QR_TOKEN_NAME)
		return err_because(ERR_SCHEMA, "/evidence/centre: needed, of "
		    "at most %d bytes", QR_TOKEN_NAME);
	return ERR_OK;
}

static enum err
credentials_possible(const struct asked *asked)
{
	enum credential_format f;

	if (asked->claims.kind != VALUE_MAP)
		return err_because(ERR_SCHEMA, "/claims: needed");
	if (asked->proof_count == 0)
		return err_because(ERR_SCHEMA,
		    "/device/proofs: at least one is needed");
	if (asked->format_count == 0)
		return err_because(ERR_SCHEMA,
		    "/formats: at least one is needed");
	for (size_t i = 0; i < asked->format_count; i++)
		if (format_of(asked->formats[i], &f) != ERR_OK)
			return err_because(ERR_UNSUPPORTED,
			    "/formats/%zu: not one that is made here", i);
	if (asked->proof_count * asked->format_count > REGISTRY_DRAFTS)
		return err_because(ERR_RANGE, "/device/proofs: at most %d "
		    "credentials in one request", REGISTRY_DRAFTS);
	return ERR_OK;
}

enum err
drafts_possible(const struct asked *asked)
{
	return asked->operation == OPERATION_QR_TOKEN ?
	    token_possible(asked) : credentials_possible(asked);
}

struct handle
drafts_name(const struct notary *n, const struct issue *issue,
    const struct grant *grant, const char *of)
{
	struct handle name = handle_at(grant_terms(grant)->issued_at);
	struct hash h = keys_seed(n->keys, &issue->seed, of);

	memcpy(name.at + 4, h.at, sizeof(name.at) - 4);
	return name;
}

/*
 * The key it was recorded with, as long as that may sign at all. Older
 * versions had one of each use and did not name it.
 */
static enum err
signer_again(const struct notary *n, const struct registry_idem *before,
    const struct signer_task *t, size_t draft, const struct issuer **out)
{
	static const struct hash unnamed;
	const struct issuer *i = NULL;

	if (draft < before->draft_count && view_equal(VIEW_OF(unnamed.at),
	    VIEW_OF(before->drafts[draft].signer.at)))
		i = signers_choose(&n->signers, t, n->now);
	else if (draft < before->draft_count)
		i = signers_named(&n->signers, t->use,
		    &before->drafts[draft].signer);
	if (i == NULL || issuer_check_time(i, n->now) != ERR_OK)
		return err_because(ERR_MISMATCH, "what this Idempotency-Key "
		    "stands for cannot be made again: its signer is not in "
		    "use any more; use a new key");
	*out = i;
	return ERR_OK;
}

/* Who signs the draft that comes next. */
static enum err
find_signer(const struct notary *n, const struct issue *issue,
    const struct signer_task *t, size_t draft, const struct issuer **out)
{
	const struct issuer *i;

	if (issue->retried)
		return signer_again(n, &issue->before, t, draft, out);
	i = signers_choose(&n->signers, t, n->now);
	if (i == NULL)
		return err_because(ERR_UNAVAILABLE, "no key of use %s serves "
		    "this programme and format", key_use_name(t->use));
	*out = i;
	return issuer_check_time(i, n->now);
}

static void
keep(struct drafts *out, struct draft *d)
{
	out->hash[out->count] = sha256(draft_tbs(d));
	out->at[out->count++] = d;
}

static enum err
make_token(struct notary *n, const struct request *r,
    const struct issue *issue, const struct grant *grant,
    struct drafts *out)
{
	const struct asked *asked = request_asked(r);
	const struct signer_task task = { .use = KEY_USE_QR,
	    .programme = asked->programme };
	struct handle cti = drafts_name(n, issue, grant, "cti");
	struct handle holder = pseudonym_holder(n->keys,
	    asked->holder.number);
	struct qr_fields fields = { .audience = n->config->issuer };
	const struct issuer *signer;
	struct draft *d;

	memcpy(fields.cti, cti.at, sizeof(fields.cti));
	memcpy(fields.holder, holder.at, sizeof(fields.holder));
	TRY(find_signer(n, issue, &task, 0, &signer));
	TRY(qr_token_draft(grant, r, &fields, signer, &d));
	keep(out, d);
	out->from = grant_terms(grant)->valid_from;
	out->until = grant_terms(grant)->technical_expiry;
	return ERR_OK;
}

static enum err
make_credential(struct credential_order *o, enum credential_format format,
    struct drafts *out)
{
	const struct status_entry status = { out->status_uri,
	    out->place[out->count] };
	struct draft *d;
	enum err e;

	/* retries of what older versions issued have none */
	o->status = *out->status_uri != '\0' ? &status : NULL;
	e = credential_draft(format, o, &d);
	o->status = NULL;
	TRY(e);
	keep(out, d);
	return ERR_OK;
}

/* One for each key, by the format's signer. */
static enum err
make_of_format(struct notary *n, const struct issue *issue, struct view name,
    struct credential_order *o, struct drafts *out)
{
	const struct asked *asked = request_asked(o->request);
	const struct signer_task task = { KEY_USE_DOCUMENT, asked->programme,
	    name };
	enum credential_format format;
	struct credential_times t;

	TRY(format_of(name, &format));
	TRY(find_signer(n, issue, &task, out->count, &o->issuer));
	t = credential_times(o->grant, o->issuer);
	out->from = out->count == 0 || t.from > out->from ? t.from : out->from;
	out->until = t.until;
	for (o->key = 0; o->key < asked->proof_count; o->key++)
		TRY(make_credential(o, format, out));
	return ERR_OK;
}

static enum err
find_places(struct notary *n, const struct asked *asked,
    const struct issue *issue, struct drafts *out)
{
	if (issue->status.list == 0)
		return ERR_OK;
	TRY(places_of_use(&n->places, n->keys, n->registry, &issue->status,
	    asked->format_count * asked->proof_count, out->place));
	return places_uri(n->config->status_lists.uri, issue->status.list,
	    out->status_uri);
}

static enum err
make_credentials(struct notary *n, const struct request *r,
    const struct issue *issue, const struct grant *grant,
    struct drafts *out)
{
	struct hash seed = keys_seed(n->keys, &issue->seed, "salts");
	const struct asked *asked = request_asked(r);
	struct credential_order o = {
		.grant = grant,
		.request = r,
		.seed = VIEW_OF(seed.at),
	};

	TRY(find_places(n, asked, issue, out));
	for (size_t i = 0; i < asked->format_count; i++)
		TRY(make_of_format(n, issue, asked->formats[i], &o, out));
	return ERR_OK;
}

enum err
drafts_make(struct notary *n, const struct request *r,
    const struct issue *issue, const struct grant *grant,
    struct drafts *out_drafts)
{
	if (grant == NULL ||
	    request_asked(r)->operation == OPERATION_STATUS_CHANGE)
		return ERR_OK;
	if (request_asked(r)->operation == OPERATION_QR_TOKEN)
		return make_token(n, r, issue, grant, out_drafts);
	return make_credentials(n, r, issue, grant, out_drafts);
}
