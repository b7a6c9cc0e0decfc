/*
 * What any engine must do with orphans: open once, closed once, known after
 * everything. Run on each: registry_orphan_test.c and
 * registry_orphan_postgres_test.c.
 */
#include "tests/unit/signer/registry_place.h"

static void
note(struct registry *r, uint64_t first, uint64_t last, uint64_t noted)
{
	OK(registry_begin(r));
	for (uint64_t i = first; i <= last; i++)
		OK(registry_orphan_put(r, i, noted));
	OK(registry_commit(r));
}

static uint64_t
count_open(struct registry *r)
{
	uint64_t open;

	OK(registry_orphans_count(r, &open));
	return open;
}

static void
an_orphan_is_open_until_it_is_closed_also_after_a_restart(void **state)
{
	struct place *p = *state;
	struct registry_orphan found;

	assert_int_equal(count_open(p->r), 0);
	assert_int_equal(registry_orphan_find(p->r, 5, &found),
	    ERR_NOT_FOUND);
	note(p->r, 5, 5, 9);
	OK(registry_orphan_find(reopen(p), 5, &found));
	assert_true(found.index == 5 && found.noted == 9);
	assert_true(found.closed == 0);
	assert_int_equal(count_open(p->r), 1);
	OK(registry_begin(p->r));
	OK(registry_orphan_close(p->r, 5, 12));
	OK(registry_commit(p->r));
	OK(registry_orphan_find(reopen(p), 5, &found));
	assert_true(found.closed == 12 && found.noted == 9);
	assert_int_equal(count_open(p->r), 0);
}

static void
nothing_is_closed_twice_or_when_it_is_none(void **state)
{
	struct place *p = *state;
	struct registry_orphan found;

	note(p->r, 5, 5, 9);
	OK(registry_begin(p->r));
	assert_int_equal(registry_orphan_close(p->r, 4, 12), ERR_EXISTS);
	OK(registry_orphan_close(p->r, 5, 12));
	assert_int_equal(registry_orphan_close(p->r, 5, 13), ERR_EXISTS);
	OK(registry_commit(p->r));
	OK(registry_orphan_find(p->r, 5, &found));
	assert_true(found.closed == 12);
	OK(registry_failed(p->r));
}

static void
a_conflict_within_a_hasty_batch_is_an_answer_like_any(void **state)
{
	struct place *p = *state;

	note(p->r, 5, 5, 9);
	OK(registry_begin_deferring(p->r));
	OK(registry_meta_put(p->r, "x", view_text("y")));
	assert_int_equal(registry_orphan_close(p->r, 6, 12), ERR_EXISTS);
	OK(registry_orphan_close(p->r, 5, 12));
	OK(registry_commit(p->r));
	assert_int_equal(count_open(p->r), 0);
}

static void
what_is_noted_again_stays_as_it_was(void **state)
{
	struct place *p = *state;
	struct registry_orphan found;

	note(p->r, 5, 5, 9);
	OK(registry_begin(p->r));
	OK(registry_orphan_close(p->r, 5, 12));
	OK(registry_commit(p->r));
	note(p->r, 5, 5, 20);
	OK(registry_orphan_find(p->r, 5, &found));
	assert_true(found.noted == 9 && found.closed == 12);
}

static void
what_is_taken_back_did_not_happen(void **state)
{
	struct place *p = *state;
	struct registry_orphan found;

	note(p->r, 5, 5, 9);
	OK(registry_begin(p->r));
	OK(registry_orphan_close(p->r, 5, 12));
	OK(registry_orphan_put(p->r, 6, 12));
	registry_rollback(p->r);
	assert_int_equal(registry_orphan_find(p->r, 6, &found),
	    ERR_NOT_FOUND);
	assert_int_equal(count_open(p->r), 1);
}

static void
open_ones_come_in_order_a_page_at_a_time(void **state)
{
	struct place *p = *state;
	struct registry_orphan page[4];
	size_t count = 9;

	OK(registry_orphans_open(p->r, 0, COUNT(page), page, &count));
	assert_int_equal(count, 0);
	note(p->r, 10, 15, 20);
	OK(registry_begin(p->r));
	OK(registry_orphan_close(p->r, 12, 21));
	OK(registry_commit(p->r));
	OK(registry_orphans_open(p->r, 0, COUNT(page), page, &count));
	assert_int_equal(count, 4);
	assert_true(page[0].index == 10 && page[1].index == 11);
	assert_true(page[2].index == 13 && page[3].index == 14);
	assert_true(page[3].noted == 20 && page[3].closed == 0);
	OK(registry_orphans_open(p->r, 14, COUNT(page), page, &count));
	assert_int_equal(count, 2);
	assert_true(page[0].index == 14 && page[1].index == 15);
	OK(registry_orphans_open(p->r, 16, COUNT(page), page, &count));
	assert_int_equal(count, 0);
}

#ifdef PLACE_ON_POSTGRES
/* The last of all: it takes the tables of the others away. */
static void
a_database_of_version_2_waits_for_its_owner(void **state)
{
	struct place *p = *state;
	AUTO_DONE(bytes) mark = { 0 };
	AUTO(registry) owner = NULL;
	struct registry *r = NULL;
	int from, to;

	OK(registry_begin(p->r));
	OK(registry_meta_put(p->r, "reported", view_text("12345678")));
	OK(registry_commit(p->r));
	registry_close(STEAL(p->r));
	assert_true(cluster_sql(&cluster, "DROP TABLE okse.orphan; "
	    "DELETE FROM okse.schema_version WHERE version = 3; "
	    "INSERT INTO okse.schema_version VALUES (2) "
	    "ON CONFLICT DO NOTHING"));
	assert_int_equal(registry_open(p->path, &r), ERR_UNSUPPORTED);
	assert_non_null(strstr(err_why(), "okse registry migrate"));
	OK(registry_migrate(cluster.owner, &from, &to));
	assert_int_equal(from, 2);
	assert_int_equal(to, 3);
	OK(registry_open_owner(cluster.owner, &owner));
	OK(registry_grant(owner, "okse"));
	place_open(p);
	/* the next start reads the whole log for orphans of before */
	assert_int_equal(registry_meta_get(p->r, "reported", &mark),
	    ERR_NOT_FOUND);
	note(p->r, 5, 5, 9);
	assert_int_equal(count_open(p->r), 1);
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_orphan_is_open_until_it_is_closed_also_after_a_restart),
		TEST(nothing_is_closed_twice_or_when_it_is_none),
		TEST(a_conflict_within_a_hasty_batch_is_an_answer_like_any),
		TEST(what_is_noted_again_stays_as_it_was),
		TEST(what_is_taken_back_did_not_happen),
		TEST(open_ones_come_in_order_a_page_at_a_time),
#ifdef PLACE_ON_POSTGRES
		TEST(a_database_of_version_2_waits_for_its_owner),
#endif
	};

	return cmocka_run_group_tests(tests, places_open, places_close);
}
