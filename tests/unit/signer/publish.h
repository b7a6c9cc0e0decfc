/*
 * What tests of the log share: decisions by the dozen, a checkpoint signed
 * and published, files moved about.
 */
#ifndef OKSE_TESTS_UNIT_SIGNER_PUBLISH_H
#define OKSE_TESTS_UNIT_SIGNER_PUBLISH_H

#include "tests/unit/signer/notary.h"

static inline void
sign_body(struct world *w, const struct bytes *body,
    uint8_t out[ED25519_SIGNATURE_SIZE])
{
	size_t len = ED25519_SIGNATURE_SIZE;
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	assert_int_equal(EVP_DigestSignInit(c, NULL, NULL, NULL, w->log_key),
	    1);
	assert_int_equal(EVP_DigestSign(c, out, &len, body->at, body->len),
	    1);
	EVP_MD_CTX_free(c);
}

/* One cycle, as with a keyholder; long after the last one. */
static inline void
publish(struct world *w)
{
	static int64_t now_us = 1;
	uint8_t signature[ED25519_SIGNATURE_SIZE];
	AUTO_DONE(bytes) body = { 0 };

	now_us += JOURNAL_PAUSE;
	OK(journal_checkpoint(w->n->journal, now_us, &body));
	assert_true(body.len != 0);
	sign_body(w, &body, signature);
	OK(journal_cosigned(w->n->journal, VIEW_OF(signature)));
	OK(guard_published(w->n));
	assert_int_equal(journal_published(w->n->journal),
	    journal_durable(w->n->journal));
}

/* n decisions, each with its own entry. */
static inline void
decide(struct world *w, size_t n)
{
	static size_t people = 1;

	for (size_t i = 0; i < n; i++) {
		struct person p;

		person_init(&p, people++, OPERATION_QR_TOKEN);
		p.asked.holder.card_status = view_text("lost");
		world_queue(w, &p.asked);
		if (i % BATCH_MAX == BATCH_MAX - 1 || i == n - 1)
			world_run(w);
	}
}

static inline void
run_in(const struct world *w, const char *what)
{
	char command[256];

	snprintf(command, sizeof(command), "cd %s && %s", w->dir, what);
	assert_int_equal(system(command), 0);
}

#endif
