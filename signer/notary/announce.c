/*
 * What a batch is going to read, asked for at once: with a registry across a
 * network that is one round trip instead of several for each request. It
 * guesses by the same functions that serve.c will use; what it forgets costs
 * time only, what it asks in vain nothing much. Frames come from the gate and
 * are believed in nothing. Next: serve.c.
 */
#include "signer/notary/announce.h"

#include <string.h>

#include "credential/qr_token.h"
#include "signer/notary/nonce.h"
#include "signer/notary/quotas.h"

static void
expect_nonce(struct notary *n, const struct asked *asked, struct view text)
{
	struct registry_nonce nonce = { 0 };
	bool used;

	if (nonce_check(n->keys, text, asked->caller, n->now, &nonce) ==
	    PROOF_VALID)
		(void)registry_nonce_used(n->registry, &nonce, &used);
}

static void
expect_token(struct notary *n, struct view text)
{
	struct registry_qr qr;
	struct handle cti;

	if (qr_token_peek(text, cti.at) == ERR_OK)
		(void)registry_qr_find(n->registry, &cti, &qr);
}

static void
expect_proofs(struct notary *n, const struct asked *asked)
{
	for (size_t i = 0; i < asked->proof_count; i++) {
		const struct device_proof *p = &asked->proofs[i];
		struct handle key = pseudonym_key(n->keys, p->point), holder;

		expect_nonce(n, asked, p->nonce);
		(void)registry_key_find(n->registry, &key, &holder);
	}
}

static void
expect_request(struct notary *n, const struct request *r)
{
	const struct asked *asked = request_asked(r);
	struct handle holder = pseudonym_holder(n->keys,
	    asked->holder.number);
	struct handle id = pseudonym_retry(n->keys, asked->caller,
	    asked->idempotency_key);
	struct findings found = { .holder = holder };
	struct registry_device device;
	struct registry_idem idem;

	(void)registry_idem_find(n->registry, &id, &idem);
	(void)registry_device_find(n->registry, &holder, asked->programme,
	    &device);
	(void)quotas_gather(n, asked, &found);
	if (asked->operation != OPERATION_QR_TOKEN)
		(void)registry_device_last(n->registry, &holder,
		    asked->programme, &device);
	if (asked->evidence.kind == EVIDENCE_QR_TOKEN)
		expect_token(n, asked->evidence.qr_token);
	if (asked->evidence.kind == EVIDENCE_IC_CARD)
		expect_nonce(n, asked, asked->evidence.challenge);
	expect_proofs(n, asked);
}

enum err
announce(struct notary *n, const struct queue *q)
{
	size_t end = q->head + BATCH_MAX;

	if (n->keys == NULL || !registry_expects(n->registry))
		return ERR_OK;
	TRY(registry_expect(n->registry, true));
	for (size_t i = q->head; i < q->count && i < end; i++) {
		AUTO(request) r = NULL;

		if (request_decode(VIEW(q->frames.at + q->waiting[i].at,
		    q->waiting[i].len), &r) == ERR_OK)
			expect_request(n, r);
	}
	return registry_expect(n->registry, false);
}
