/*
 * Who signs: by use, programme, format and time; two signers that overlap;
 * and retries of what one of them signed that is gone since.
 */
#include "tests/unit/signer/notary.h"

static const struct issuer *
choose(struct world *w, enum key_use use, const char *programme,
    const char *format)
{
	const struct signer_task t = { use, view_text(programme),
	    view_text(format) };

	return signers_choose(&w->n->signers, &t, w->now);
}

static bool
is_of(const struct issuer *i, const struct world_key *k)
{
	struct hash name;

	if (i == NULL)
		return false;
	name = issuer_name(i);
	return memcmp(&name, &k->name, sizeof(name)) == 0;
}

#define CHOSEN(key)							      \
	assert_true(is_of(choose(w, KEY_USE_DOCUMENT, "resident-id",	      \
	    "dc+sd-jwt"), (key)))

static int
setup(void **state)
{
	*state = world_new();
	return 0;
}

static int
teardown(void **state)
{
	world_free(*state);
	return 0;
}

static void
the_newest_signs_once_it_has_waited_its_lead(void **state)
{
	struct world *w = *state;
	struct world_key *old = &w->signers[0], *fresh;
	int64_t begins = w->now + 10 * DAY;

	fresh = world_add_signer(w, KEY_USE_DOCUMENT, begins,
	    begins + 400 * DAY);
	w->config.signer_lead = 2 * DAY;
	world_open(w);
	CHOSEN(old);
	w->now = begins - 1;
	CHOSEN(old);
	w->now = begins;
	CHOSEN(old);
	w->now = begins + 2 * DAY - 1;
	CHOSEN(old);
	w->now = begins + 2 * DAY;
	CHOSEN(fresh);
	/* the old one has ended, the fresh one not */
	w->now = NOON + 400 * DAY + 1;
	CHOSEN(fresh);
}

static void
while_none_has_waited_the_newest_valid_one_signs(void **state)
{
	struct world *w = *state;
	struct world_key *first = &w->signers[0], *second;

	second = world_add_signer(w, KEY_USE_DOCUMENT, w->now,
	    w->now + 300 * DAY);
	w->config.signer_lead = 30 * DAY;
	world_open(w);
	CHOSEN(second);
	w->now--;
	CHOSEN(first);
	w->now += 30 * DAY;
	CHOSEN(first);
	w->now += 1;
	CHOSEN(second);
}

static void
no_certificate_signs_before_it_begins_or_after_its_end(void **state)
{
	struct world *w = *state;
	const struct issuer *i;

	world_open(w);
	i = choose(w, KEY_USE_DOCUMENT, "resident-id", "mso_mdoc");
	OK(issuer_check_time(i, NOON - DAY));
	OK(issuer_check_time(i, NOON + 400 * DAY));
	assert_int_equal(issuer_check_time(i, NOON - DAY - 1),
	    ERR_UNAVAILABLE);
	assert_int_equal(issuer_check_time(i, NOON + 400 * DAY + 1),
	    ERR_UNAVAILABLE);
}

static void
keys_divide_programmes_and_formats(void **state)
{
	static const char *programmes[] = { "driver-licence" };
	static const char *formats[] = { "mso_mdoc", "cwt-qr" };
	struct world *w = *state;
	struct world_key *all = &w->signers[0], *licences;

	licences = world_add_signer(w, KEY_USE_DOCUMENT, w->now,
	    w->now + 300 * DAY);
	w->keys[w->config.keys.count - 1].programmes.at = programmes;
	w->keys[w->config.keys.count - 1].programmes.count = 1;
	w->keys[w->config.keys.count - 1].formats.at = formats;
	w->keys[w->config.keys.count - 1].formats.count = 2;
	world_open(w);
#define BY(programme, format)						      \
	choose(w, KEY_USE_DOCUMENT, programme, format)
	assert_true(is_of(BY("driver-licence", "mso_mdoc"), licences));
	assert_true(is_of(BY("driver-licence", "cwt-qr"), licences));
	assert_true(is_of(BY("driver-licence", "dc+sd-jwt"), all));
	assert_true(is_of(BY("resident-id", "mso_mdoc"), all));
	/* nobody but the key of licences is left */
	signers_done(&w->n->signers);
	assert_null(BY("driver-licence", "mso_mdoc"));
#undef BY
}

static void
a_use_never_signs_for_another(void **state)
{
	struct world *w = *state;

	world_open(w);
	assert_true(is_of(choose(w, KEY_USE_QR, "resident-id", ""),
	    &w->signers[1]));
	assert_true(is_of(choose(w, KEY_USE_STATUS, "", ""),
	    &w->signers[3]));
	assert_null(choose(w, KEY_USE_METADATA, "", ""));
	assert_null(signers_named(&w->n->signers, KEY_USE_DOCUMENT,
	    &w->signers[1].name));
	assert_non_null(signers_named(&w->n->signers, KEY_USE_QR,
	    &w->signers[1].name));
}

/* ---- what does not start */

static void
a_certificate_of_another_key_stops_the_start(void **state)
{
	struct world *w = *state;

	w->keys[0].certificate = w->keys[1].certificate;
	assert_int_equal(world_try_open(w), ERR_MISMATCH);
}

static void
a_certificate_of_another_purpose_stops_the_start(void **state)
{
	struct world *w = *state;
	struct config_key key = w->keys[0];

	w->keys[0] = w->keys[1];
	w->keys[0].use = KEY_USE_DOCUMENT;
	assert_int_equal(world_try_open(w), ERR_MISMATCH);
	assert_non_null(strstr(err_why(), "wanted the purpose"));
	w->keys[0] = key;
	w->keys[1] = key;
	w->keys[1].use = KEY_USE_QR;
	assert_int_equal(world_try_open(w), ERR_MISMATCH);
	assert_non_null(strstr(err_why(), "wanted no purpose"));
}

static void
a_certificate_by_another_ca_stops_the_start(void **state)
{
	struct world *w = *state;

	w->config.ca = "tests/data/other_ca.pem";
	assert_int_equal(world_try_open(w), ERR_SIGNATURE);
}

/* ---- issuing while one follows another */

/* Issues to person i; the ticket is signed and closed. */
static void
issue(struct world *w, size_t i, struct person *p, struct bytes *token)
{
	AUTO_DONE(bytes) credential = { 0 };
	struct served *s;

	world_visit(w, i, PURPOSE_FIRST_ISSUE, token);
	person_credential(w, p, i, bytes_view(token), "phone");
	s = world_ask(w, &p->asked);
	OK(served_err(s));
	world_sign(w, s->ticket, &credential);
	world_run(w);
}

static void
validity_ends_with_the_certificate_that_was_chosen(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) token = { 0 };
	struct served *s;
	struct person p;
	struct reader r;
	int64_t until;

	world_add_signer(w, KEY_USE_DOCUMENT, w->now - 100,
	    w->now + 3 * DAY + 7);
	world_open(w);
	world_visit(w, 1, PURPOSE_FIRST_ISSUE, &token);
	person_credential(w, &p, 1, bytes_view(&token), "phone");
	s = world_ask(w, &p.asked);
	OK(served_err(s));
	r = reader_of(bytes_view(&s->body));
	(void)reader_block(&r, MSG_LONG);
	(void)reader_block(&r, MSG_LONG);
	(void)reader_u64(&r);
	until = (int64_t)reader_u64(&r);
	assert_in_range(until, w->now + DAY, w->now + 3 * DAY + 7);
}

static void
with_every_certificate_ended_nothing_is_granted(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) token = { 0 };
	struct person p;

	world_add_signer(w, KEY_USE_QR, w->now, w->now + 900 * DAY);
	world_open(w);
	w->now += 400 * DAY + 1;
	world_visit(w, 1, PURPOSE_FIRST_ISSUE, &token);
	person_credential(w, &p, 1, bytes_view(&token), "phone");
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_REFUSED);
	assert_true(world_logged(w, 1, "\"technical-validity\""));
}

static void
a_token_in_flight_counts_after_a_roll_over(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) token = { 0 };
	struct person p;

	world_add_signer(w, KEY_USE_QR, w->now + 60, w->now + 900 * DAY);
	world_open(w);
	world_visit(w, 1, PURPOSE_FIRST_ISSUE, &token);
	w->now += 61;
	assert_true(is_of(choose(w, KEY_USE_QR, "resident-id", ""),
	    &w->signers[w->config.keys.count - 1]));
	/* signed by the older key, and not by one we remember signing */
	w->n->vouched = (struct vouched){ 0 };
	person_credential(w, &p, 1, bytes_view(&token), "phone");
	OK(served_err(world_ask(w, &p.asked)));
}

static void
a_retry_is_signed_by_the_key_it_was_recorded_with(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) token = { 0 }, storage = { 0 };
	struct served *s;
	struct person p;

	world_add_signer(w, KEY_USE_DOCUMENT, w->now + 60,
	    w->now + 300 * DAY);
	world_open(w);
	issue(w, 1, &p, &token);
	w->now += 61;
	CHOSEN(&w->signers[w->config.keys.count - 1]);
	s = world_ask(w, &p.asked);
	OK(served_err(s));
	{
		AUTO(draft) d = ticket_draft(s->ticket, 0, &storage);

		assert_ptr_equal(world_key_of(w, d), w->signers[0].key);
	}
}

static void
a_retry_whose_signer_is_gone_is_told_so(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) token = { 0 };
	struct person p;

	world_add_signer(w, KEY_USE_DOCUMENT, w->now - 10,
	    w->now + 300 * DAY);
	world_open(w);
	issue(w, 1, &p, &token);
	w->config.keys.count--;		/* it was the newest */
	world_reopen(w);
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_MISMATCH);
	assert_non_null(strstr(err_why(), "its signer is not in use"));
}

static void
a_retry_whose_signer_has_ended_is_told_so(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) token = { 0 };
	struct person p;

	world_add_signer(w, KEY_USE_DOCUMENT, w->now - 10, w->now + 3600);
	world_open(w);
	issue(w, 1, &p, &token);
	w->now += 3601;
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_MISMATCH);
	assert_non_null(strstr(err_why(), "its signer is not in use"));
}

static void
what_no_key_serves_is_unavailable(void **state)
{
	static const char *programmes[] = { "driver-licence" };
	struct world *w = *state;
	AUTO_DONE(bytes) token = { 0 };
	struct person p;

	w->keys[0].programmes.at = programmes;
	w->keys[0].programmes.count = 1;
	world_open(w);
	world_visit(w, 1, PURPOSE_FIRST_ISSUE, &token);
	person_credential(w, &p, 1, bytes_view(&token), "phone");
	assert_int_equal(served_err(world_ask(w, &p.asked)),
	    ERR_UNAVAILABLE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_newest_signs_once_it_has_waited_its_lead),
		TEST(while_none_has_waited_the_newest_valid_one_signs),
		TEST(no_certificate_signs_before_it_begins_or_after_its_end),
		TEST(keys_divide_programmes_and_formats),
		TEST(a_use_never_signs_for_another),
		TEST(a_certificate_of_another_key_stops_the_start),
		TEST(a_certificate_of_another_purpose_stops_the_start),
		TEST(a_certificate_by_another_ca_stops_the_start),
		TEST(validity_ends_with_the_certificate_that_was_chosen),
		TEST(with_every_certificate_ended_nothing_is_granted),
		TEST(a_token_in_flight_counts_after_a_roll_over),
		TEST(a_retry_is_signed_by_the_key_it_was_recorded_with),
		TEST(a_retry_whose_signer_is_gone_is_told_so),
		TEST(a_retry_whose_signer_has_ended_is_told_so),
		TEST(what_no_key_serves_is_unavailable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
