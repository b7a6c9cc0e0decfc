/*
 * Having the metadata signed: like all else it is recorded first, and a
 * keyholder signs it with its own key. Keyholders may lie: the signature is
 * verified before anybody sees it. Next: batch.c and dispatch.c.
 */
#include "signer/notary/metadata.h"

#include <string.h>

#include "audit/entry.h"
#include "credential/metadata.h"
#include "signer/log.h"
#include "signer/notary/notary.h"
#include "signer/notary/ticket.h"
#include "signer/proc.h"

#define PAUSE 10		/* seconds, after a failure */
#define ENDPOINT "/credential"

void
announced_done(struct announced *a)
{
	bytes_done(&a->tbs);
	bytes_done(&a->jwt);
}

static const struct issuer *
signer(const struct notary *n, int64_t now)
{
	const struct signer_task task = { .use = KEY_USE_METADATA };

	return signers_choose(&n->signers, &task, now);
}

static bool
is_other(const struct hash *a, const struct hash *b)
{
	return !view_equal(VIEW_OF(a->at), VIEW_OF(b->at));
}

bool
metadata_due(const struct notary *n, int64_t now)
{
	const struct announced *a = &n->announced;
	const struct issuer *i = signer(n, now);
	struct hash name;

	if (n->keys == NULL || n->keyholders == 0 || a->signing ||
	    now < a->not_before || i == NULL || n->policy == NULL ||
	    force_check(n, now) != ERR_OK)
		return false;
	name = issuer_name(i);
	return a->signed_at == 0 || now >= a->signed_at + METADATA_AGE ||
	    now < a->signed_at || is_other(&a->policy,
	    policy_hash(n->policy)) || is_other(&a->signer, &name);
}

/* ---- made and recorded */

static enum err
make(struct notary *n, struct drafts *out)
{
	struct announced *a = &n->announced;
	const struct config *c = n->config;
	AUTO_DONE(bytes) endpoint = { 0 };
	struct metadata m = {
		.policy = n->policy,
		.issuer = c->issuer,
		.attested = c->attesters.count != 0,
		.issued_at = n->now,
		.expires_at = n->now + METADATA_LIFE,
	};

	a->issuer = signer(n, n->now);
	TRY(issuer_check_time(a->issuer, n->now));
	if (m.expires_at > issuer_not_after(a->issuer))
		m.expires_at = issuer_not_after(a->issuer);
	bytes_printf(&endpoint, "%s" ENDPOINT, c->issuer);
	TRY(bytes_check(&endpoint));
	m.endpoint = c->credential_endpoint != NULL ?
	    c->credential_endpoint : bytes_text(&endpoint);
	TRY(metadata_draft(&m, a->issuer, &out->at[0]));
	out->hash[0] = sha256(draft_tbs(out->at[0]));
	out->count = 1;
	bytes_reset(&a->tbs);
	bytes_put(&a->tbs, draft_tbs(out->at[0]));
	return bytes_check(&a->tbs);
}

static void
failed(struct announced *a, int64_t now)
{
	log_error("metadata: %s", err_why());
	a->not_before = now + PAUSE;
	a->signing = false;
}

enum err
metadata_stage(struct notary *n, struct served *out)
{
	struct announced *a = &n->announced;
	AUTO_DONE(drafts) drafts = { 0 };
	struct entry_signed_facts f = { 0 };

	if (n->outstanding.count == OUTSTANDING_MAX)
		return ERR_OK;
	if (make(n, &drafts) != ERR_OK) {
		failed(a, n->now);
		return ERR_OK;
	}
	a->policy = *policy_hash(n->policy);
	a->signer = issuer_name(a->issuer);
	f.serial = (uint64_t)policy_serial(n->policy);
	f.signer = a->signer.at;
	TRY(ticket_record_metadata(n, &f, &drafts, out, &a->index));
	a->signing = true;
	/* unless it is told otherwise, it did not come to be */
	a->not_before = n->now + PAUSE;
	return ERR_OK;
}

/* ---- signed */

static enum err
finish(struct announced *a, struct view signature)
{
	struct hash digest = sha256(bytes_view(&a->tbs));
	uint8_t raw[P256_SIGNATURE_SIZE];

	TRY(p256_verify(issuer_key(a->issuer), &digest, signature));
	memcpy(raw, signature.at, sizeof(raw));
	TRY(p256_low_s(raw));
	bytes_reset(&a->jwt);
	bytes_put(&a->jwt, bytes_view(&a->tbs));
	bytes_put_u8(&a->jwt, '.');
	base64url_put(&a->jwt, VIEW_OF(raw));
	return bytes_check(&a->jwt);
}

void
metadata_signed(struct notary *n, uint64_t index, struct view signature)
{
	struct announced *a = &n->announced;

	if (!a->signing || a->index != index)
		return;
	if (finish(a, signature) != ERR_OK) {
		failed(a, time_now());
		return;
	}
	a->signing = false;
	a->not_before = 0;
	a->signed_at = n->now;
	a->told = false;
}

void
metadata_closed(struct notary *n, uint64_t index, enum err outcome)
{
	struct announced *a = &n->announced;

	if (a->signing && a->index == index && outcome != ERR_OK)
		failed(a, time_now());
}

void
metadata_tell(struct notary *n, struct peer *gate)
{
	struct announced *a = &n->announced;

	if (gate == NULL)
		a->told = false;
	if (gate == NULL || a->told || a->jwt.len == 0)
		return;
	peer_send(gate, MSG_METADATA, 0, bytes_view(&a->jwt));
	a->told = true;
}
