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

/* A QR token for person i: the index of what allows it. */
static inline uint64_t
ticket(struct world *w, size_t i)
{
	struct served *s;
	struct person p;

	person_init(&p, i, OPERATION_QR_TOKEN);
	s = world_ask(w, &p.asked);
	assert_int_equal(served_err(s), ERR_OK);
	return ticket_index(s->ticket);
}

/* As a keyholder does; logged with the next commit. */
static inline void
report(struct world *w, uint64_t index, enum err e)
{
	struct outstanding *o = &w->n->outstanding;

	outstanding_remove(o, outstanding_find(o, index));
	if (e == ERR_OK)
		chores_add_done(&w->n->chores, index);
	else
		chores_add_failed(&w->n->chores, index, e);
}

static inline void
run_in(const struct world *w, const char *what)
{
	char command[256];

	snprintf(command, sizeof(command), "cd %s && %s", w->dir, what);
	assert_int_equal(system(command), 0);
}

#endif
