/*
 * Looking up a holder's devices: what is told, what is recorded, and what is
 * refused without a trace.
 */
#include "tests/unit/signer/publish.h"

#include "signer/notary/lookup.h"

static struct lookup_wish
wish_of(const char *number)
{
	return (struct lookup_wish){ .caller = "uid:0",
	    .programme = view_text("resident-id"),
	    .number = view_text(number) };
}

static enum err
look(struct world *w, const struct lookup_wish *wish, struct bytes *out)
{
	uint64_t entries = journal_durable(w->n->journal);
	bool broken = false;
	enum err e;

	bytes_reset(out);
	e = lookup_device(w->n, wish, &broken, out);
	assert_false(broken);
	/* on the record, or nothing happened */
	assert_int_equal(journal_durable(w->n->journal),
	    entries + (e == ERR_OK));
	return e;
}

static bool
says(const struct bytes *b, const char *text)
{
	return memmem(b->at, b->len, text, strlen(text)) != NULL;
}

/* Person 1 gets a device: the index of the decision. */
static uint64_t
issue(struct world *w, struct person *p, struct bytes *token)
{
	struct served *s;

	person_init(p, 1, OPERATION_QR_TOKEN);
	s = world_ask(w, &p->asked);
	assert_int_equal(served_err(s), ERR_OK);
	world_sign(w, s->ticket, token);
	person_credential(w, p, 1, bytes_view(token), "phone");
	s = world_ask(w, &p->asked);
	assert_int_equal(served_err(s), ERR_OK);
	return ticket_index(s->ticket);
}

static void
state_times_and_places_are_told_and_nothing_personal(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) token = { 0 }, json = { 0 };
	struct lookup_wish wish;
	struct person p;

	(void)issue(w, &p, &token);
	wish = wish_of(p.number);
	OK(look(w, &wish, &json));
	assert_true(says(&json, "{\"programme\":\"resident-id\",\"holder\":"));
	/* by the day's clock it has expired long ago, or not: both are told */
	assert_true(says(&json, "\"devices\":[{\"state\":\"active\",") ||
	    says(&json, "\"devices\":[{\"state\":\"expired\","));
	assert_true(says(&json, "\"issued_at\":\"2025-07-01T03:00:00Z\""));
	assert_true(says(&json, "\"refreshed_at\":null,\"changed_at\":null"));
	assert_true(says(&json, "\"places\":[{\"uri\":\"" ISSUER
	    "/v1/status-lists/1\",\"idx\":"));
	assert_true(says(&json, "\"status\":\"valid\""));
	assert_false(says(&json, p.number));
	assert_false(says(&json, "phone"));
}

static void
whoever_asks_is_on_the_record_with_whom_they_asked_about(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) token = { 0 }, json = { 0 };
	struct lookup_wish wish;
	struct schema_entry e;
	struct view bytes;
	char holder[64], of[32];
	struct person p;
	uint64_t index = issue(w, &p, &token);

	OK(registry_entry_get(w->n->registry, index, &bytes));
	OK(schema_get(bytes, &e));
	snprintf(holder, sizeof(holder), "\"holder\":\"%.*s\"",
	    (int)e.member[SCHEMA_HOLDER].len,
	    (const char *)e.member[SCHEMA_HOLDER].at);
	wish = wish_of(p.number);
	OK(look(w, &wish, &json));
	assert_true(says(&json, holder));
	assert_true(world_logged(w, 1, "\"ev\":\"audit.query\""));
	assert_true(world_logged(w, 1, "\"caller\":\"uid:0\""));
	assert_true(world_logged(w, 1, "\"what\":\"device\""));
	assert_true(world_logged(w, 1, holder));
	assert_false(world_logged(w, 1, "\"of\":"));
	/* by a decision about them */
	wish = (struct lookup_wish){ .caller = "uid:7", .entry = index };
	OK(look(w, &wish, &json));
	assert_true(says(&json, holder));
	assert_true(says(&json, "\"programme\":\"resident-id\""));
	snprintf(of, sizeof(of), "\"of\":[%d]", (int)index);
	assert_true(world_logged(w, 1, of));
	assert_true(world_logged(w, 1, "\"caller\":\"uid:7\""));
}

static void
who_has_no_device_is_told_so_and_that_is_recorded_too(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) json = { 0 };
	struct lookup_wish wish = wish_of("0001013000000");

	OK(look(w, &wish, &json));
	assert_true(says(&json, "\"devices\":[]"));
	assert_true(world_logged(w, 1, "\"ev\":\"audit.query\""));
}

static void
what_cannot_be_looked_up_is_refused(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) token = { 0 }, json = { 0 };
	struct lookup_wish wish = wish_of("0001013000000");
	struct person p;

	(void)issue(w, &p, &token);
	wish.programme = view_text("library-card");
	assert_int_equal(look(w, &wish, &json), ERR_NOT_FOUND);
	assert_non_null(strstr(err_why(), "no such programme"));
	wish = (struct lookup_wish){ .caller = "uid:0", .entry = 0 };
	assert_int_equal(look(w, &wish, &json), ERR_MISMATCH);
	assert_non_null(strstr(err_why(), "about nobody"));
	wish.entry = journal_durable(w->n->journal);
	assert_int_equal(look(w, &wish, &json), ERR_NOT_FOUND);
	keys_free(STEAL(w->n->keys));
	wish = wish_of(p.number);
	assert_int_equal(look(w, &wish, &json), ERR_SEALED);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(state_times_and_places_are_told_and_nothing_personal),
		TEST(whoever_asks_is_on_the_record_with_whom_they_asked_about),
		TEST(who_has_no_device_is_told_so_and_that_is_recorded_too),
		TEST(what_cannot_be_looked_up_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
