/*
 * A round of opening: what an officer answers counts once, for this statement
 * of this daemon, with the key of the seat; everything else is named and
 * changes nothing.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/time.h"
#include "quorum/envelope.h"
#include "signer/round.h"
#include "tests/officers.h"

static struct officers officers;
static struct quorum quorum;
static struct share shares[OFFICERS];

static void
begin(struct round *r)
{
	struct activation about = { .token = "okse", .serial = "1234" };

	memcpy(about.set_id, quorum.set_id, sizeof(about.set_id));
	MUST(round_begin(r, &about));
}

/* What officer seat says with key: all that a test wants different. */
struct saying {
	enum act_kind		 kind;
	unsigned int		 seat;
	EVP_PKEY		*key;
	const struct share	*share;
	const struct round	*round;		/* whose statement */
	const uint8_t		*point;		/* encrypted to */
};

static void
say(const struct saying *s, struct bytes *out)
{
	AUTO_DONE(act) act = { .kind = s->kind, .seat = s->seat,
	    .statement = s->round->hash };
	AUTO_DONE(bytes) signature = { 0 };

	if (s->kind == ACT_SHARE) {
		const struct envelope e = { s->round->hash, s->seat };
		AUTO(secret) line = NULL;

		MUST(share_put(s->share, &line));
		MUST(envelope_seal(&e, VIEW(s->point, P256_POINT_SIZE), line,
		    &act.sealed));
	}
	MUST(act_begin(&act, out));
	MUST(officer_sign(s->key, bytes_view(out), &signature));
	MUST(act_finish(bytes_view(&signature), out));
}

static struct saying
good(const struct round *r, unsigned int seat)
{
	return (struct saying){ ACT_SHARE, seat, officers.keys[seat - 1],
	    &shares[seat - 1], r, r->statement.point };
}

static enum err
hear(const struct round *r, const struct saying *s, struct share *out)
{
	AUTO_DONE(bytes) text = { 0 };
	AUTO_DONE(act) act = { 0 };

	say(s, &text);
	TRY(round_hear(r, &officers.roster, bytes_view(&text), &act));
	return s->kind == ACT_SHARE ? round_share(r, &act, out) : ERR_OK;
}

static void
refused(const struct round *r, const struct saying *s, enum err wanted,
    const char *named)
{
	AUTO_DONE(share) got = { 0 };

	assert_int_equal(hear(r, s, &got), wanted);
	assert_non_null(strstr(err_why(), named));
	assert_null(got.value);
}

static void
every_seat_gives_its_share(void **state)
{
	AUTO_DONE(round) r = { 0 };

	(void)state;
	begin(&r);
	for (unsigned int seat = 1; seat <= OFFICERS; seat++) {
		AUTO_DONE(share) got = { 0 };
		const struct saying s = good(&r, seat);

		assert_int_equal(hear(&r, &s, &got), ERR_OK);
		assert_int_equal(got.x, seat);
		assert_int_equal(quorum_check_share(&quorum, &got), ERR_OK);
	}
}

static void
an_officer_cancels_and_seals(void **state)
{
	static const enum act_kind kinds[] = { ACT_CANCEL, ACT_SEAL };
	AUTO_DONE(round) r = { 0 };

	(void)state;
	begin(&r);
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct saying s = good(&r, 2);

		s.kind = kinds[i];
		assert_int_equal(hear(&r, &s, NULL), ERR_OK);
		s.key = officers.keys[0];
		assert_int_equal(hear(&r, &s, NULL), ERR_SIGNATURE);
	}
}

static void
no_two_rounds_have_a_statement_or_a_key(void **state)
{
	AUTO_DONE(round) r = { 0 };
	struct activation first;
	struct hash hash;

	(void)state;
	begin(&r);
	first = r.statement;
	hash = r.hash;
	begin(&r);
	assert_memory_not_equal(first.nonce.at, r.statement.nonce.at,
	    sizeof(first.nonce.at));
	assert_memory_not_equal(first.point, r.statement.point,
	    sizeof(first.point));
	assert_memory_not_equal(hash.at, r.hash.at, sizeof(hash.at));
}

static void
what_answers_an_older_statement_is_refused(void **state)
{
	AUTO_DONE(round) r = { 0 };
	AUTO_DONE(bytes) text = { 0 };
	AUTO_DONE(act) act = { 0 };
	struct saying s;

	(void)state;
	begin(&r);
	s = good(&r, 1);
	say(&s, &text);
	begin(&r);
	assert_int_equal(round_hear(&r, &officers.roster, bytes_view(&text),
	    &act), ERR_MISMATCH);
	assert_non_null(strstr(err_why(), "another statement"));
}

static void
an_expired_statement_is_refused(void **state)
{
	AUTO_DONE(round) r = { 0 };
	struct saying s;

	(void)state;
	begin(&r);
	assert_false(round_over(&r));
	assert_in_range(r.statement.expires, time_now() + 1,
	    time_now() + ROUND_SECONDS);
	s = good(&r, 1);
	r.ends_us = time_monotonic_us();
	assert_true(round_over(&r));
	refused(&r, &s, ERR_TIMEOUT, "expired");
}

static void
a_share_for_another_daemons_key_is_refused(void **state)
{
	AUTO_DONE(round) r = { 0 }, other = { 0 };
	struct saying s;

	(void)state;
	begin(&r);
	begin(&other);
	s = good(&r, 1);
	s.point = other.statement.point;
	refused(&r, &s, ERR_MISMATCH, "another daemon");
}

static void
a_share_for_a_daemon_that_says_something_else_is_refused(void **state)
{
	AUTO_DONE(round) r = { 0 }, other = { 0 };
	struct activation about = { .token = "okse", .serial = "1235" };

	(void)state;
	begin(&r);
	memcpy(about.set_id, quorum.set_id, sizeof(about.set_id));
	for (int i = 0; i < 3; i++) {
		struct saying s;

		switch (i) {
		case 0:		/* another token */
			break;
		case 1:
			about.config.at[0] = 1;
			break;
		default:
			about.program.at[0] = 1;
		}
		MUST(round_begin(&other, &about));
		s = good(&other, 1);
		refused(&r, &s, ERR_MISMATCH, "another statement");
	}
}

static void
the_key_of_another_seat_is_refused(void **state)
{
	AUTO_DONE(round) r = { 0 };
	AUTO(EVP_PKEY) stranger = software_key();
	struct saying s;

	(void)state;
	begin(&r);
	s = good(&r, 1);
	s.key = officers.keys[1];
	refused(&r, &s, ERR_SIGNATURE, "seat 1");
	s = good(&r, 3);
	s.key = stranger;
	refused(&r, &s, ERR_SIGNATURE, "seat 3");
}

static void
a_seat_that_is_none_is_refused(void **state)
{
	AUTO_DONE(round) r = { 0 };

	(void)state;
	begin(&r);
	for (unsigned int seat = 0; seat <= OFFICERS + 1;
	    seat += OFFICERS + 1) {
		struct saying s = good(&r, 1);

		s.seat = seat;
		refused(&r, &s, ERR_NOT_FOUND, "not in the roster");
	}
}

static void
the_share_of_another_seat_is_refused(void **state)
{
	AUTO_DONE(round) r = { 0 };
	struct saying s;

	(void)state;
	begin(&r);
	s = good(&r, 1);
	s.share = &shares[1];
	refused(&r, &s, ERR_MISMATCH, "share of seat 2");
}

static void
no_bit_of_an_act_can_change(void **state)
{
	AUTO_DONE(round) r = { 0 };
	AUTO_DONE(bytes) text = { 0 };
	struct saying s;

	(void)state;
	begin(&r);
	s = good(&r, 1);
	say(&s, &text);
	for (size_t i = 0; i < 8 * text.len; i++) {
		AUTO_DONE(act) act = { 0 };

		text.at[i / 8] ^= (uint8_t)(1u << i % 8);
		assert_int_not_equal(round_hear(&r, &officers.roster,
		    bytes_view(&text), &act), ERR_OK);
		text.at[i / 8] ^= (uint8_t)(1u << i % 8);
	}
}

static void
a_thousand_garbage_acts_leave_the_round_as_it_was(void **state)
{
	AUTO_DONE(round) r = { 0 };
	AUTO_DONE(share) got = { 0 };
	AUTO_DONE(bytes) good_text = { 0 };
	struct saying s;

	(void)state;
	begin(&r);
	s = good(&r, 3);
	say(&s, &good_text);
	for (size_t i = 0; i < 1000; i++) {
		AUTO_DONE(bytes) text = { 0 };
		AUTO_DONE(act) act = { 0 };
		uint8_t noise[64];

		MUST(random_bytes(noise, sizeof(noise)));
		bytes_put(&text, VIEW(good_text.at, i % good_text.len));
		bytes_put(&text, VIEW_OF(noise));
		assert_int_equal(round_hear(&r, &officers.roster,
		    bytes_view(&text), &act), ERR_SYNTAX);
	}
	assert_int_equal(hear(&r, &s, &got), ERR_OK);
}

static int
set_up(void **state)
{
	AUTO(secret) secret = NULL;

	(void)state;
	MUST(crypto_init());
	MUST(envelope_prepare());
	officers_make(&officers);
	MUST(secret_new(SHARE_VALUE_SIZE, &secret));
	MUST(random_bytes(secret_at(secret), SHARE_VALUE_SIZE));
	quorum = (struct quorum){ .threshold = 2, .count = OFFICERS };
	for (unsigned int i = 0; i < OFFICERS; i++)
		snprintf(quorum.officers[i], sizeof(quorum.officers[i]),
		    "Officer %u", i + 1);
	{
		const struct quorum plan = quorum;

		MUST(quorum_split(secret, &plan, &quorum, shares));
	}
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	officers_done(&officers);
	for (size_t i = 0; i < OFFICERS; i++)
		share_done(&shares[i]);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_seat_gives_its_share),
		cmocka_unit_test(an_officer_cancels_and_seals),
		cmocka_unit_test(no_two_rounds_have_a_statement_or_a_key),
		cmocka_unit_test(what_answers_an_older_statement_is_refused),
		cmocka_unit_test(an_expired_statement_is_refused),
		cmocka_unit_test(a_share_for_another_daemons_key_is_refused),
		cmocka_unit_test(
		    a_share_for_a_daemon_that_says_something_else_is_refused),
		cmocka_unit_test(the_key_of_another_seat_is_refused),
		cmocka_unit_test(a_seat_that_is_none_is_refused),
		cmocka_unit_test(the_share_of_another_seat_is_refused),
		cmocka_unit_test(no_bit_of_an_act_can_change),
		cmocka_unit_test(
		    a_thousand_garbage_acts_leave_the_round_as_it_was),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
