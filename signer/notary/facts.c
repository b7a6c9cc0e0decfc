/*
 * Facts for the decision. QR tokens and proofs are a client's bytes: a token
 * counts when one of our keys signed it and the registry knows it, a proof
 * when its nonce is ours, fresh and unused. Next: policy_decide().
 */
#include "signer/notary/facts.h"

#include <string.h>

#include "credential/qr_token.h"
#include "signer/notary/nonce.h"
#include "signer/notary/quotas.h"

#define CLOCK_SKEW 60	/* seconds a device's clock may be ahead */

/*
 * Why there is none matters to whoever wants to change its state; the next
 * one is bound after it.
 */
static enum err
find_past(struct notary *n, const struct asked *asked, struct findings *f)
{
	struct registry_device last;
	enum err e;

	if (asked->operation == OPERATION_QR_TOKEN)
		return ERR_OK;
	e = registry_device_last(n->registry, &f->holder, asked->programme,
	    &last);
	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	TRY(e);
	f->newest = last.serial;
	if (asked->operation == OPERATION_STATUS_CHANGE)
		f->facts.device_state = last.state;
	return ERR_OK;
}

static enum err
find_device(struct notary *n, const struct asked *asked, struct findings *f)
{
	enum err e = registry_device_find(n->registry, &f->holder,
	    asked->programme, &f->active);
	bool named;

	if (e == ERR_NOT_FOUND)
		return find_past(n, asked, f);
	TRY(e);
	named = asked->has_device &&
	    memcmp(&f->active.device, &f->device, sizeof(f->device)) == 0;
	f->has_active = true;
	f->newest = f->active.serial;
	f->facts.active_devices = 1;
	f->facts.device_state = f->active.state;
	f->facts.this_device_active = named &&
	    f->active.state == DEVICE_ACTIVE;
	f->facts.other_device = asked->has_device && !named;
	f->facts.last_issued_at = f->active.issued_at;
	f->facts.administrative_expiry = f->active.administrative_expiry;
	return ERR_OK;
}

/* ---- evidence */

static enum evidence_state
judge_token(const struct registry_qr *qr, const struct asked *asked,
    const struct handle *holder, int64_t now)
{
	if (memcmp(&qr->holder, holder, sizeof(*holder)) != 0)
		return EVIDENCE_OTHER_HOLDER;
	if (!view_is(asked->programme, qr->programme))
		return EVIDENCE_OTHER_PROGRAMME;
	if (asked->purpose != qr->purpose)
		return EVIDENCE_OTHER_PURPOSE;
	if (!view_is(asked->evidence.centre, qr->centre))
		return EVIDENCE_OTHER_CENTRE;
	if (qr->redeemed_at != TIME_NONE)
		return EVIDENCE_REDEEMED;
	return qr->expires_at > now ? EVIDENCE_VALID : EVIDENCE_EXPIRED;
}

static enum err
find_token(struct notary *n, const struct asked *asked,
    const struct qr_token *token, struct findings *f)
{
	struct registry_qr qr;
	enum err e;

	memcpy(f->cti.at, token->cti, sizeof(f->cti.at));
	e = registry_qr_find(n->registry, &f->cti, &qr);
	if (e == ERR_NOT_FOUND) {
		/* forgotten, or minted before the registry was lost */
		f->facts.evidence = token->expires_at > n->now ?
		    EVIDENCE_UNKNOWN : EVIDENCE_EXPIRED;
		return ERR_OK;
	}
	TRY(e);
	f->has_token = true;
	f->facts.evidence = judge_token(&qr, asked, &f->holder, n->now);
	f->facts.evidence_issued_at = qr.issued_at;
	return ERR_OK;
}

/* Of this node, or of another one of the fleet. */
static enum err
read_by_known(struct notary *n, struct view text, struct qr_token *out)
{
	const struct issuer *issuers[CONFIG_KEYS + FLEET_ISSUERS];
	size_t count = signers_of(&n->signers, KEY_USE_QR, n->now, issuers);

	count += fleet_issuers(&n->fleet, issuers + count);

	return qr_token_read_again(text, issuers, count, vouched_knows,
	    &n->vouched, out);
}

static enum err
read_token(struct notary *n, const struct asked *asked, struct findings *f)
{
	struct qr_token token;
	enum err e = read_by_known(n, asked->evidence.qr_token, &token);

	if (e == ERR_SIGNATURE && fleet_has_grown(n))
		e = read_by_known(n, asked->evidence.qr_token, &token);
	if (e == ERR_MEMORY)
		return e;
	if (e != ERR_OK || strcmp(token.audience, n->config->issuer) != 0) {
		f->facts.evidence = EVIDENCE_UNKNOWN;
		return ERR_OK;
	}
	return find_token(n, asked, &token, f);
}

static enum err
find_evidence(struct notary *n, const struct asked *asked,
    struct findings *f)
{
	/* a visit to the centre is what a QR token is minted for */
	if (asked->operation != OPERATION_CREDENTIAL)
		return ERR_OK;
	if (asked->evidence.kind == EVIDENCE_QR_TOKEN &&
	    asked->evidence.qr_token.len != 0)
		return read_token(n, asked, f);
	if (asked->evidence.kind == EVIDENCE_IC_CARD &&
	    asked->evidence.certificate.len != 0)
		return facts_card(n, asked, f);
	/* a dry run may leave it out and hear the decision with it */
	if (asked->dry_run)
		return ERR_OK;
	f->facts.evidence = EVIDENCE_MISSING;
	return ERR_OK;
}

/* ---- device proofs */

static bool
is_issuing_key(const struct notary *n, const uint8_t point[P256_POINT_SIZE])
{
	struct view v = VIEW(point, P256_POINT_SIZE);

	for (size_t i = 0; i < n->signers.count; i++)
		if (view_equal(v, issuer_point(n->signers.at[i].issuer)))
			return true;
	return false;
}

/* Several proofs, and a card, may answer one nonce. */
static void
keep_nonce(struct findings *f, const struct registry_nonce *nonce)
{
	for (size_t i = 0; i < f->nonce_count; i++)
		if (memcmp(&f->nonces[i].random, &nonce->random,
		    sizeof(nonce->random)) == 0)
			return;
	f->nonces[f->nonce_count++] = *nonce;
}

enum err
facts_nonce(struct notary *n, const struct asked *asked, struct view text,
    struct findings *f, enum proof_state *out_state)
{
	struct registry_nonce nonce = { 0 };
	bool used;

	*out_state = nonce_check(n->keys, text, asked->caller, n->now, &nonce);
	if (*out_state == PROOF_VALID &&
	    nonce.expires_at - NONCE_LIFE < n->challenges_since)
		*out_state = PROOF_EXPIRED_NONCE;
	if (*out_state != PROOF_VALID)
		return ERR_OK;
	TRY(registry_nonce_used(n->registry, &nonce, &used));
	if (used)
		*out_state = PROOF_USED_NONCE;
	else
		keep_nonce(f, &nonce);
	return ERR_OK;
}

static enum proof_state
judge_times(const struct notary *n, int64_t not_before, int64_t expires_at)
{
	return not_before > n->now + CLOCK_SKEW || expires_at <= n->now ?
	    PROOF_OUTSIDE_TIME : PROOF_VALID;
}

static enum err
judge_nonce(struct notary *n, const struct asked *asked,
    const struct device_proof *p, struct findings *f,
    enum proof_state *out_state)
{
	TRY(facts_nonce(n, asked, p->nonce, f, out_state));
	if (*out_state == PROOF_VALID && (p->issued_at < n->now - NONCE_LIFE ||
	    p->issued_at > n->now + CLOCK_SKEW))
		*out_state = PROOF_EXPIRED_NONCE;
	else if (*out_state == PROOF_VALID)
		*out_state = judge_times(n, p->not_before, p->expires_at);
	return ERR_OK;
}

/*
 * An attestation may be older than the nonce it stands beside; the proofs say
 * then that the keys are at hand now.
 */
static enum err
judge_attestation(struct notary *n, const struct asked *asked,
    struct findings *f)
{
	const struct asked_attestation *t = &asked->attestation;
	enum proof_state state = PROOF_VALID;

	if (t->how == ATTESTED_NOT)
		return ERR_OK;
	if (t->nonce.len != 0)
		TRY(facts_nonce(n, asked, t->nonce, f, &state));
	if (state == PROOF_VALID && t->issued_at > n->now + CLOCK_SKEW)
		state = PROOF_OUTSIDE_TIME;
	if (state == PROOF_VALID)
		state = judge_times(n, t->not_before, t->expires_at);
	f->facts.device_proof = state;
	return ERR_OK;
}

static enum err
judge_key(struct notary *n, const struct device_proof *p,
    struct findings *f, enum proof_state *out_state)
{
	struct handle key = pseudonym_key(n->keys, p->point), holder;
	enum err e;

	*out_state = PROOF_VALID;
	f->keys[f->key_count++] = key;
	if (is_issuing_key(n, p->point)) {
		*out_state = PROOF_ISSUING_KEY;
		return ERR_OK;
	}
	e = registry_key_find(n->registry, &key, &holder);
	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	TRY(e);
	if (memcmp(&holder, &f->holder, sizeof(holder)) != 0)
		*out_state = PROOF_OTHER_HOLDER;
	return ERR_OK;
}

static enum err
judge_proof(struct notary *n, const struct asked *asked,
    const struct device_proof *p, struct findings *f)
{
	enum proof_state nonce = PROOF_VALID, key;

	TRY(judge_key(n, p, f, &key));
	if (asked->attestation.how == ATTESTED_ALONE) {
		f->facts.device_proof = key;
		return ERR_OK;
	}
	TRY(judge_nonce(n, asked, p, f, &nonce));
	if (!view_is(p->audience, n->config->issuer))
		f->facts.device_proof = PROOF_WRONG_AUDIENCE;
	else
		f->facts.device_proof = nonce != PROOF_VALID ? nonce : key;
	return ERR_OK;
}

/* The first proof that is not valid speaks for all. */
static enum err
find_proofs(struct notary *n, const struct asked *asked, struct findings *f)
{
	/* whoever revokes a phone does not have it */
	if (asked->operation != OPERATION_CREDENTIAL)
		return ERR_OK;
	if (asked->has_device && asked->proof_count == 0)
		f->facts.device_proof = PROOF_MISSING;
	else
		TRY(judge_attestation(n, asked, f));
	for (size_t i = 0; i < asked->proof_count &&
	    f->facts.device_proof == PROOF_VALID; i++)
		TRY(judge_proof(n, asked, &asked->proofs[i], f));
	return ERR_OK;
}

/* ---- signers */

static enum err
find_signer(struct notary *n, const struct signer_task *t, struct facts *f)
{
	const struct issuer *i = signers_choose(&n->signers, t, n->now);

	if (i == NULL)
		return err_because(ERR_UNAVAILABLE, "no key of use %s serves "
		    "this programme and format", key_use_name(t->use));
	if (issuer_not_before(i) > f->signer_not_before)
		f->signer_not_before = issuer_not_before(i);
	if (issuer_not_after(i) < f->signer_not_after)
		f->signer_not_after = issuer_not_after(i);
	return ERR_OK;
}

/* Several formats may have several signers: what all of them cover. */
static enum err
find_signers(struct notary *n, const struct asked *asked, struct facts *f)
{
	bool token = asked->operation == OPERATION_QR_TOKEN;
	struct signer_task t = { token ? KEY_USE_QR : KEY_USE_DOCUMENT,
	    asked->programme, VIEW(NULL, 0) };

	if (!token && asked->operation != OPERATION_CREDENTIAL)
		return ERR_OK;
	f->signer_not_before = INT64_MIN;
	f->signer_not_after = INT64_MAX;
	/* a dry run may name no format */
	if (token || asked->format_count == 0)
		return find_signer(n, &t, f);
	for (size_t i = 0; i < asked->format_count; i++) {
		t.format = asked->formats[i];
		TRY(find_signer(n, &t, f));
	}
	return ERR_OK;
}

enum err
facts_gather(struct notary *n, const struct request *r,
    struct findings *out_findings)
{
	const struct asked *asked = request_asked(r);
	struct findings f = { .facts = facts_neutral(n->now) };

	f.holder = pseudonym_holder(n->keys, asked->holder.number);
	if (asked->has_device)
		f.device = pseudonym_device(n->keys, asked->device_id);
	TRY(find_signers(n, asked, &f.facts));
	TRY(find_device(n, asked, &f));
	TRY(quotas_gather(n, asked, &f));
	TRY(find_evidence(n, asked, &f));
	TRY(find_proofs(n, asked, &f));
	*out_findings = f;
	return ERR_OK;
}
