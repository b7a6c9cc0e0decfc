/*
 * Choosing a signer: by use, programme, format and time, from what the
 * operator configured, whose certificates are checked once at the start.
 * Next: drafts.c, whose drafts name the key that was chosen.
 */
#include "signer/notary/signers.h"

/* ---- loading */

static enum err
check_purpose(const struct config_key *key, const struct issuer *i)
{
	bool is_document = key->use == KEY_USE_DOCUMENT;

	if (issuer_signs_documents(i) == is_document)
		return ERR_OK;
	return err_because(ERR_MISMATCH, "%s: wanted %s purpose "
	    "1.0.18013.5.1.2 in the certificate of a key of use %s "
	    "(ISO/IEC 18013-5 B.1.4)", key->certificate,
	    is_document ? "the" : "no", key_use_name((enum key_use)key->use));
}

static enum err
load(const struct config_key *key, const char *uri, X509 *ca,
    struct issuer **out)
{
	AUTO(EVP_PKEY) public_key = NULL;
	AUTO(issuer) i = NULL;

	TRY(issuer_load(key->certificate, uri, &i));
	TRY(issuer_verify_chain(i, ca));
	TRY(pem_read_public(key->public_key, &public_key));
	if (EVP_PKEY_eq(public_key, issuer_key(i)) != 1)
		return err_because(ERR_MISMATCH, "%s is not the certificate "
		    "of %s", key->certificate, key->public_key);
	TRY(check_purpose(key, i));
	*out = STEAL(i);
	return ERR_OK;
}

enum err
signers_load(const struct config *c, struct signers *out_signers)
{
	AUTO_DONE(signers) s = { .lead = c->signer_lead };
	AUTO(X509) ca = NULL;

	TRY(pem_read_certificate(c->ca, &ca));
	for (size_t i = 0; i < c->keys.count; i++) {
		struct signer *at = &s.at[s.count];

		if (c->keys.at[i].certificate == NULL)
			continue;
		at->key = &c->keys.at[i];
		TRY(load(at->key, c->issuer, ca, &at->issuer));
		s.count++;
	}
	*out_signers = s;
	s = (struct signers){ 0 };
	return ERR_OK;
}

void
signers_done(struct signers *s)
{
	for (size_t i = 0; i < s->count; i++)
		issuer_free(s->at[i].issuer);
	s->count = 0;
}

/* ---- choosing */

#define NAMES(list, name)	named((list).at, (list).count, name)

/* Nothing named, or nothing asked for: any. */
static bool
named(const char *const *names, size_t count, struct view name)
{
	for (size_t i = 0; i < count; i++)
		if (view_is(name, names[i]))
			return true;
	return count == 0 || name.len == 0;
}

static bool
serves(const struct signer *s, const struct signer_task *t)
{
	return s->key->use == (int)t->use &&
	    NAMES(s->key->programmes, t->programme) &&
	    NAMES(s->key->formats, t->format);
}

/* 2: has waited its lead, 1: is valid, 0: neither */
static int
rank(const struct issuer *i, int64_t lead, int64_t now)
{
	if (issuer_check_time(i, now) != ERR_OK)
		return 0;
	return issuer_not_before(i) + lead <= now ? 2 : 1;
}

static bool
is_better(const struct issuer *a, const struct issuer *b, int64_t lead,
    int64_t now)
{
	int a_rank = rank(a, lead, now), b_rank = rank(b, lead, now);

	if (a_rank != b_rank)
		return a_rank > b_rank;
	if (a_rank != 0 && issuer_not_before(a) != issuer_not_before(b))
		return issuer_not_before(a) > issuer_not_before(b);
	return issuer_not_after(a) > issuer_not_after(b);
}

const struct issuer *
signers_choose(const struct signers *s, const struct signer_task *t,
    int64_t now)
{
	const struct issuer *best = NULL;

	for (size_t i = 0; i < s->count; i++)
		if (serves(&s->at[i], t) && (best == NULL ||
		    is_better(s->at[i].issuer, best, s->lead, now)))
			best = s->at[i].issuer;
	return best;
}

const struct issuer *
signers_named(const struct signers *s, enum key_use use,
    const struct hash *name)
{
	for (size_t i = 0; i < s->count; i++) {
		struct hash its = issuer_name(s->at[i].issuer);

		if (s->at[i].key->use == (int)use &&
		    view_equal(VIEW_OF(its.at), VIEW_OF(name->at)))
			return s->at[i].issuer;
	}
	return NULL;
}

size_t
signers_of(const struct signers *s, enum key_use use, int64_t now,
    const struct issuer *out[CONFIG_KEYS])
{
	size_t count = 0;

	for (size_t i = 0; i < s->count; i++)
		if (s->at[i].key->use == (int)use &&
		    issuer_not_after(s->at[i].issuer) >= now)
			out[count++] = s->at[i].issuer;
	return count;
}
