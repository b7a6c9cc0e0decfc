/*
 * Which policy was in force: what the log says of it, held against bundles
 * that officers signed.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "audit/entry.h"
#include "audit/replay_run.h"
#include "tests/bundle.h"
#include "testdir.h"

#define NOW INT64_C(1795392000)
#define BUNDLES 3

static struct officers officers;
static char dirs[BUNDLES][256];
static const struct bundle_mark nothing;

/* Serials 1, 2 and 3, of which the replays below are given two. */
static struct bundle *
bundle(unsigned int serial)
{
	struct bundle *b = NULL;

	MUST(bundle_load(dirs[serial - 1], &officers.roster, &nothing, &b));
	return b;
}

static struct replay *
replay_of_two(void)
{
	struct replay *r = NULL;

	assert_int_equal(replay_new(&r), ERR_OK);
	for (unsigned int serial = 1; serial <= 2; serial++)
		assert_int_equal(replay_bundle(r, bundle(serial)), ERR_OK);
	return r;
}

/* As the entry of a bundle that comes into force ought to be. */
struct told {
	struct entry_policy_facts	f;
	uint64_t			seats[4];
};

static struct told
truth(unsigned int serial)
{
	struct bundle *b = bundle(serial);
	const struct approvals *a = bundle_signers(b);
	struct told t = { .f = { .policy = *policy_hash(bundle_policy(b)),
	    .manifest = *bundle_hash(b), .serial = serial,
	    .seat_count = a->count } };

	for (size_t i = 0; i < a->count; i++)
		t.seats[i] = a->seats[i];
	bundle_free(b);
	return t;
}

/* Tells of it; the reason it is found for, or "". */
static const char *
in_force(struct replay *r, struct told t, int64_t now)
{
	const struct replay_result *result = replay_result(r);
	struct entry_common c = { .seq = result->entries, .t = now * 1000 };
	uint64_t before = result->finding_count;
	AUTO_DONE(bytes) b = { 0 };
	struct schema_entry e;

	t.f.seats = t.seats;
	assert_int_equal(entry_policy(&c, &t.f, &b), ERR_OK);
	assert_int_equal(schema_get(bytes_view(&b), &e), ERR_OK);
	assert_int_equal(replay_entry(r, c.seq, &e), ERR_OK);
	result = replay_result(r);
	if (result->finding_count == before)
		return "";
	assert_true(result->finding_count == before + 1);
	assert_true(result->findings[before].index == c.seq);
	assert_int_equal(result->findings[before].check, REPLAY_POLICIES);
	return result->findings[before].why;
}

static void
bundles_in_force_by_turn_are_explained(void **state)
{
	AUTO(replay) r = replay_of_two();

	(void)state;
	assert_string_equal(in_force(r, truth(1), NOW), "");
	assert_string_equal(in_force(r, truth(1), NOW), "");
	assert_string_equal(in_force(r, truth(2), NOW), "");
	assert_int_equal(replay_exit_status(replay_result(r)), 0);
	/* and not backwards */
	assert_non_null(strstr(in_force(r, truth(1), NOW), "1 after policy"));
	assert_int_equal(replay_exit_status(replay_result(r)), 1);
}

static void
an_entry_that_says_else_than_its_bundle_is_found(void **state)
{
	AUTO(replay) r = replay_of_two();
	struct told t = truth(2);

	(void)state;
	assert_non_null(strstr(in_force(r, truth(3), NOW), "no bundle"));
	r->serial = 0;
	t.f.manifest.at[31] ^= 1;
	assert_non_null(strstr(in_force(r, t, NOW), "another manifest"));
	t = truth(2);
	t.f.serial = 4;
	assert_non_null(strstr(in_force(r, t, NOW), "another manifest"));
	r->serial = 0;
	/* the first alone, another one, one more */
	t = truth(2);
	t.f.seat_count = 1;
	assert_non_null(strstr(in_force(r, t, NOW), "other officers"));
	t = truth(1);
	t.seats[1] = 3;
	r->serial = 0;
	assert_non_null(strstr(in_force(r, t, NOW), "other officers"));
	t = truth(1);
	t.seats[t.f.seat_count++] = 3;
	assert_non_null(strstr(in_force(r, t, NOW), "other officers"));
	/* each in its time */
	assert_non_null(strstr(in_force(r, truth(2), NOW - 2 * DAY), "2026"));
	assert_non_null(strstr(in_force(r, truth(2), NOW + 2 * DAY), "2026"));
}

static void
a_policy_has_one_bundle_and_there_is_an_end_of_them(void **state)
{
	AUTO(replay) r = replay_of_two();
	AUTO(bundle) again = bundle(1);

	(void)state;
	assert_int_equal(replay_bundle(r, again), ERR_EXISTS);
	r->policy_count = COUNT(r->policies);
	assert_int_equal(replay_bundle(r, again), ERR_FULL);
	r->policy_count = 2;
}

/* ---- decisions */

/* One that tells its policy and no facts; why it is found, or "". */
static const char *
decide(struct replay *r, struct hash policy, uint64_t serial)
{
	static const struct entry_rule rule = { "open", ENTRY_RULE_FAIL };
	const struct replay_result *result = replay_result(r);
	struct entry_common c = { .seq = result->entries, .t = NOW * 1000 };
	struct entry_decision_facts f = { .operation = "credential",
		.programme = "resident-id", .purpose = "first-issue",
		.caller = "c", .rules = &rule, .rule_count = 1,
		.policy = policy, .serial = serial };
	uint64_t before = result->finding_count, untold = result->untold;
	AUTO_DONE(bytes) b = { 0 };
	struct schema_entry e;

	assert_int_equal(entry_decision(&c, &f, &b), ERR_OK);
	assert_int_equal(schema_get(bytes_view(&b), &e), ERR_OK);
	assert_int_equal(replay_entry(r, c.seq, &e), ERR_OK);
	result = replay_result(r);
	if (result->finding_count == before) {
		assert_true(result->untold == untold + 1);
		return "";
	}
	assert_true(result->untold == untold);
	assert_int_equal(result->findings[before].check, REPLAY_DECISIONS);
	return result->findings[before].why;
}

static void
a_decision_names_the_policy_in_force(void **state)
{
	AUTO(replay) r = replay_of_two();
	struct hash one = truth(1).f.policy, two = truth(2).f.policy;
	struct hash three = truth(3).f.policy;

	(void)state;
	/* before any is named, one that is known */
	assert_string_equal(decide(r, two, 2), "");
	assert_non_null(strstr(decide(r, three, 3), "no bundle"));
	assert_non_null(strstr(decide(r, two, 3), "no bundle"));
	/* then that one, and by its serial */
	assert_string_equal(in_force(r, truth(1), NOW), "");
	assert_string_equal(decide(r, one, 1), "");
	assert_non_null(strstr(decide(r, two, 2), "not in force"));
	assert_non_null(strstr(decide(r, one, 2), "no bundle"));
	r->in_force = NULL;
	assert_int_equal(replay_exit_status(replay_result(r)), 1);
}

static int
setup(void **state)
{
	static const struct bundle_plan plan = { NOW - DAY, NOW + DAY };

	(void)state;
	MUST(crypto_init());
	officers_make(&officers);
	for (unsigned int i = 0; i < BUNDLES; i++) {
		snprintf(dirs[i], sizeof(dirs[i]), "%s", testdir_new());
		bundle_head(dirs[i], i + 1);
		bundle_write(dirs[i], "resident-id.yaml",
		    view_text(BUNDLE_PROGRAMME));
		bundle_seal(dirs[i], &officers, &plan, i == 1 ?
		    SEATS(1, 3) : SEATS(1, 2));
	}
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < BUNDLES; i++)
		testdir_remove(dirs[i]);
	officers_done(&officers);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bundles_in_force_by_turn_are_explained),
		cmocka_unit_test(
		    an_entry_that_says_else_than_its_bundle_is_found),
		cmocka_unit_test(
		    a_policy_has_one_bundle_and_there_is_an_end_of_them),
		cmocka_unit_test(a_decision_names_the_policy_in_force),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
