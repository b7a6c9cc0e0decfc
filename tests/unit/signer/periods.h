/*
 * What tests of periods share: the notary's process in pieces, a period
 * closed, everything published and cosigned, the log verified.
 */
#ifndef OKSE_TESTS_UNIT_SIGNER_PERIODS_H
#define OKSE_TESTS_UNIT_SIGNER_PERIODS_H

#include "audit/verify.h"
#include "signer/notary/period.h"
#include "tests/unit/signer/witnesses.h"

#define PERIOD "2026-11"

/* ---- what a notary's process does, piece by piece */

static inline void
step(struct world *w)
{
	bool again = true;

	while (again)
		OK(period_step(w->n, &again));
}

static inline void
begin(struct world *w, const char *name)
{
	OK(period_begin(w->n, view_text(name)));
	step(w);
}

/* A batch, with the closing entry when one is due. */
static inline void
run(struct world *w)
{
	world_run(w);
	OK(period_committed(w->n));
	attest_staged(w->n->attest);
}

/* Its entry is durable: the size at which it ends. */
static inline uint64_t
end(struct world *w, const char *name)
{
	begin(w, name);
	run(w);
	assert_null(w->n->period);
	assert_true(world_logged(w, 1, "\"ev\":\"period.close\""));
	return journal_durable(w->n->journal);
}

static inline void
some_checkpoint(struct world *w)
{
	uint8_t signature[ED25519_SIGNATURE_SIZE];
	AUTO_DONE(bytes) body = { 0 };

	now_us += 2 * SECOND;
	OK(journal_checkpoint(w->n->journal, now_us, &body));
	if (body.len == 0)
		return;
	sign_body(w, &body, signature);
	OK(journal_cosigned(w->n->journal, VIEW_OF(signature)));
}

/* Without witnesses. */
static inline void
settle_alone(struct world *w)
{
	for (int i = 0; i < 2; i++) {
		some_checkpoint(w);
		step(w);
	}
}

/* Until everything is published and nobody who answers is owed anything. */
static inline void
settle(struct world *w)
{
	for (int i = 0; i < 12; i++) {
		some_checkpoint(w);
		carry(w);
		step(w);
		now_us += 2 * SECOND;
	}
	assert_int_equal(journal_published(w->n->journal),
	    journal_durable(w->n->journal));
}

static inline void
verified(struct world *w)
{
	struct verify_result r;

	OK(verify_log(w->config.log, w->n->log_key, &r));
	for (int i = 0; i < VERIFY_CHECK_COUNT; i++)
		if (r.finding[i].why[0] != '\0')
			print_message("%s\n", r.finding[i].why);
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	assert_int_equal(r.size, journal_durable(w->n->journal));
}

#endif
