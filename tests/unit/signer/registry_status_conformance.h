/*
 * What the registry counts: places in status lists, of which none is given
 * twice whatever is undone, rolled back or forgotten by a process that ends,
 * and quotas.
 */
#include "tests/unit/signer/registry_place.h"

/* ---- quotas */

static void
a_quota_is_taken_as_often_as_it_allows_and_no_more(void **state)
{
	struct place *p = *state;
	struct handle window = handle_at(1000), next = handle_at(2000);
	int64_t used;

	OK(registry_begin(p->r));
	OK(registry_quota_used(p->r, &window, &used));
	assert_int_equal(used, 0);
	OK(registry_mark(p->r));
	OK(registry_quota_take(p->r, &window, 2));
	OK(registry_mark(p->r));
	OK(registry_quota_take(p->r, &window, 2));
	assert_int_equal(registry_quota_take(p->r, &window, 2), ERR_EXISTS);
	OK(registry_undo(p->r));
	OK(registry_quota_used(p->r, &window, &used));
	assert_int_equal(used, 1);
	OK(registry_quota_take(p->r, &next, 1));
	assert_int_equal(registry_quota_take(p->r, &next, 1), ERR_EXISTS);
	OK(registry_forget(p->r, 1001, 10));
	OK(registry_commit(p->r));
	OK(registry_quota_used(p->r, &window, &used));
	assert_int_equal(used, 0);
	OK(registry_quota_used(p->r, &next, &used));
	assert_int_equal(used, 1);
}

/* ---- places in status lists */

#define SIZE 4096
#define BLOCK 1024	/* what a process takes of a list at a time */

static struct status_use
take(struct registry *r, int64_t count, uint8_t serial)
{
	struct handle h = handle(serial);
	struct status_use use;

	OK(registry_status_take(r, SIZE, count, &h, 5000, 1000, &use));
	assert_int_equal(use.count, count);
	assert_in_range(use.first + use.count, 1, SIZE);
	return use;
}

static void
uses_follow_each_other_and_never_overlap(void **state)
{
	struct place *p = *state;
	static uint8_t seen[4][SIZE];

	memset(seen, 0, sizeof(seen));
	OK(registry_begin(p->r));
	for (int i = 0; i < 300; i++) {
		struct status_use use = take(p->r, 1 + i % 64, 1);

		assert_in_range(use.list, 1, 3);
		assert_int_equal(use.size, SIZE);
		for (int64_t at = use.first; at < use.first + use.count; at++)
			assert_int_equal(seen[use.list][at]++, 0);
	}
	OK(registry_commit(p->r));
}

static void
a_list_that_is_full_is_followed_by_another(void **state)
{
	struct place *p = *state;
	struct status_use use = { 0 };
	struct registry_list list;

	OK(registry_begin(p->r));
	assert_int_equal(registry_status_list(p->r, 1, &list), ERR_NOT_FOUND);
	for (int i = 0; i < SIZE / 64; i++) {
		use = take(p->r, 64, 1);
		assert_int_equal(use.list, 1);
	}
	assert_int_equal(use.first, SIZE - 64);
	assert_int_equal(take(p->r, 1, 1).list, 2);
	OK(registry_commit(p->r));
	OK(registry_status_list(p->r, 1, &list));
	assert_int_equal(list.next, SIZE);
	assert_int_equal(list.opened_at, 1000);
	OK(registry_status_list(p->r, 2, &list));
	assert_int_equal(list.list, 2);
	assert_int_equal(registry_status_list(p->r, 3, &list), ERR_NOT_FOUND);
}

static void
what_one_request_gave_back_is_taken_by_the_next(void **state)
{
	struct place *p = *state;
	struct status_use first, again;

	OK(registry_begin(p->r));
	OK(registry_mark(p->r));
	first = take(p->r, 3, 1);	/* takes the first block too */
	OK(registry_undo(p->r));
	OK(registry_mark(p->r));
	again = take(p->r, 2, 1);
	assert_int_equal(again.first, first.first);
	OK(registry_mark(p->r));
	assert_int_equal(take(p->r, 1, 1).first, again.first + 2);
	OK(registry_undo(p->r));
	OK(registry_mark(p->r));
	assert_int_equal(take(p->r, 1, 1).first, again.first + 2);
	OK(registry_commit(p->r));
}

static void
a_batch_rolled_back_leaves_no_doubt_about_its_places(void **state)
{
	struct place *p = *state;
	struct status_use kept, after;

	OK(registry_begin(p->r));
	kept = take(p->r, 5, 1);
	OK(registry_commit(p->r));
	OK(registry_begin(p->r));
	(void)take(p->r, 5, 1);
	registry_rollback(p->r);
	OK(registry_begin(p->r));
	after = take(p->r, 5, 1);
	OK(registry_commit(p->r));
	assert_in_range(after.first, kept.first + 5, SIZE);
}

static void
a_process_that_ends_gives_nothing_twice(void **state)
{
	struct place *p = *state;
	int64_t last;

	OK(registry_begin(p->r));
	last = take(p->r, 10, 1).first;
	OK(registry_commit(p->r));
	reopen(p);
	OK(registry_begin(p->r));
	assert_int_equal(last, 0);
	assert_int_equal(take(p->r, 10, 1).first, BLOCK);
	OK(registry_commit(p->r));
}

static void
more_places_than_a_list_has_are_a_mistake(void **state)
{
	struct place *p = *state;
	struct handle serial = handle(1);
	struct status_use use;

	OK(registry_begin(p->r));
	assert_int_equal(registry_status_take(p->r, SIZE, 0, &serial, 1, 1,
	    &use), ERR_INTERNAL);
	assert_int_equal(registry_status_take(p->r, SIZE, BLOCK + 1, &serial,
	    1, 1, &use), ERR_INTERNAL);
	assert_int_equal(registry_status_take(p->r, 9, 10, &serial, 1, 1,
	    &use), ERR_INTERNAL);
	OK(registry_status_take(p->r, 9, 9, &serial, 1, 1, &use));
	OK(registry_commit(p->r));
}

/* ---- values */

struct seen {
	size_t			count;
	struct status_use	last;
	enum status		value;
	enum err		fail;
};

static enum err
see(void *arg, const struct status_use *use, enum status value)
{
	struct seen *s = arg;

	s->count++;
	s->last = *use;
	s->value = value;
	return s->fail;
}

static struct seen
changed(struct registry *r, int64_t list)
{
	struct registry_sweep sweep = { .list = list };
	struct seen s = { 0 };

	while (!sweep.whole)
		OK(registry_status_changed(r, &sweep, 7, see, &s));
	return s;
}

static int64_t
version(struct registry *r, int64_t list)
{
	struct registry_list found;

	OK(registry_status_list(r, list, &found));
	assert_int_equal(found.list, list);
	return found.version;
}

static void
a_value_is_that_of_every_use_of_the_device_and_no_other(void **state)
{
	struct place *p = *state;
	struct handle serial = handle(2);
	struct status_use use = { 0 };
	struct seen s;

	OK(registry_begin(p->r));
	for (int i = 0; i < 200; i++) {
		(void)take(p->r, 1, 1);
		use = take(p->r, 3, 2);
	}
	assert_int_equal(changed(p->r, 1).count, 0);
	assert_int_equal(version(p->r, 1), 0);
	OK(registry_status_set(p->r, &serial, STATUS_SUSPENDED));
	OK(registry_commit(p->r));
	s = changed(reopen(p), 1);
	assert_int_equal(s.count, 200);
	assert_int_equal(s.value, STATUS_SUSPENDED);
	assert_int_equal(s.last.first, use.first);
	assert_int_equal(s.last.count, 3);
	assert_true(version(p->r, 1) > 0);
}

static void
reinstated_is_valid_again_and_invalid_stays_invalid(void **state)
{
	struct place *p = *state;
	struct handle serial = handle(2);
	int64_t before;

	OK(registry_begin(p->r));
	(void)take(p->r, 1, 2);
	OK(registry_status_set(p->r, &serial, STATUS_SUSPENDED));
	OK(registry_status_set(p->r, &serial, STATUS_VALID));
	assert_int_equal(changed(p->r, 1).count, 0);
	OK(registry_status_set(p->r, &serial, STATUS_INVALID));
	assert_int_equal(changed(p->r, 1).value, STATUS_INVALID);
	before = version(p->r, 1);
	OK(registry_status_set(p->r, &serial, STATUS_VALID));
	OK(registry_status_set(p->r, &serial, STATUS_SUSPENDED));
	assert_int_equal(changed(p->r, 1).value, STATUS_INVALID);
	assert_int_equal(version(p->r, 1), before);
	OK(registry_commit(p->r));
}

static void
every_list_that_a_device_is_in_changes(void **state)
{
	struct place *p = *state;
	struct handle serial = handle(2);

	OK(registry_begin(p->r));
	(void)take(p->r, 1, 2);
	for (int i = 0; i < SIZE / BLOCK; i++)
		(void)take(p->r, BLOCK, 1);
	assert_int_equal(take(p->r, 1, 2).list, 2);
	OK(registry_status_set(p->r, &serial, STATUS_INVALID));
	assert_int_equal(changed(p->r, 1).count, 1);
	assert_int_equal(changed(p->r, 2).count, 1);
	assert_int_equal(version(p->r, 1), 1);
	assert_int_equal(version(p->r, 2), 1);
	OK(registry_commit(p->r));
}

static void
who_reads_the_changes_may_stop(void **state)
{
	struct place *p = *state;
	struct handle serial = handle(2);
	struct registry_sweep sweep = { .list = 1 };
	struct seen s = { .fail = ERR_FULL };

	OK(registry_begin(p->r));
	(void)take(p->r, 1, 2);
	(void)take(p->r, 1, 2);
	OK(registry_status_set(p->r, &serial, STATUS_INVALID));
	assert_int_equal(registry_status_changed(p->r, &sweep, 9, see, &s),
	    ERR_FULL);
	assert_int_equal(s.count, 1);
	assert_int_equal(changed(p->r, 1).count, 2);
	OK(registry_commit(p->r));
}

static void
a_list_is_gone_through_in_steps(void **state)
{
	struct place *p = *state;
	struct handle serial = handle(2);
	struct registry_sweep sweep = { .list = 1 };
	struct seen s = { 0 };

	OK(registry_begin(p->r));
	for (int i = 0; i < 10; i++)
		(void)take(p->r, 2, 2);
	OK(registry_status_set(p->r, &serial, STATUS_SUSPENDED));
	OK(registry_status_changed(p->r, &sweep, 4, see, &s));
	assert_int_equal(s.count, 4);
	assert_int_equal(sweep.next, 8);
	assert_false(sweep.whole);
	OK(registry_status_changed(p->r, &sweep, 6, see, &s));
	assert_int_equal(s.count, 10);
	assert_false(sweep.whole);	/* as many as could be */
	OK(registry_status_changed(p->r, &sweep, 4, see, &s));
	assert_int_equal(s.count, 10);
	assert_true(sweep.whole);
	OK(registry_commit(p->r));
}

static void
what_this_process_changed_is_told_once_it_is_durable(void **state)
{
	struct place *p = *state;
	struct handle one = handle(1), two = handle(2);
	struct registry_change c;

	OK(registry_begin(p->r));
	(void)take(p->r, 2, 1);
	(void)take(p->r, 3, 2);
	OK(registry_mark(p->r));
	OK(registry_status_set(p->r, &one, STATUS_INVALID));
	OK(registry_undo(p->r));
	OK(registry_mark(p->r));
	OK(registry_status_set(p->r, &two, STATUS_SUSPENDED));
	assert_false(registry_status_next(p->r, &c));
	OK(registry_commit(p->r));
	assert_true(registry_status_next(p->r, &c));
	assert_int_equal(c.use.list, 1);
	assert_int_equal(c.use.first, 2);
	assert_int_equal(c.use.count, 3);
	assert_int_equal(c.value, STATUS_SUSPENDED);
	assert_false(registry_status_next(p->r, &c));
	assert_int_equal(version(p->r, 1), 1);
}

static void
what_was_taken_back_is_never_told(void **state)
{
	struct place *p = *state;
	struct handle serial = handle(1);
	struct registry_change c;

	OK(registry_begin(p->r));
	(void)take(p->r, 1, 1);
	OK(registry_status_set(p->r, &serial, STATUS_SUSPENDED));
	OK(registry_commit(p->r));
	OK(registry_begin(p->r));
	OK(registry_status_set(p->r, &serial, STATUS_INVALID));
	registry_rollback(p->r);
	assert_true(registry_status_next(p->r, &c));
	assert_int_equal(c.value, STATUS_SUSPENDED);
	assert_false(registry_status_next(p->r, &c));
}

static void
a_list_is_in_use_until_its_last_credential_is_forgotten(void **state)
{
	struct place *p = *state;
	bool in_use = true;

	OK(registry_status_in_use(p->r, 1, &in_use));
	assert_false(in_use);
	OK(registry_begin(p->r));
	(void)take(p->r, 1, 1);
	OK(registry_status_in_use(p->r, 1, &in_use));
	assert_true(in_use);
	OK(registry_forget(p->r, 5001 + REGISTRY_USES_KEPT, 10));
	OK(registry_status_in_use(p->r, 1, &in_use));
	assert_false(in_use);
	OK(registry_commit(p->r));
}

static void
uses_of_credentials_long_expired_are_forgotten(void **state)
{
	struct place *p = *state;
	struct handle serial = handle(2);

	OK(registry_begin(p->r));
	(void)take(p->r, 1, 2);
	OK(registry_status_set(p->r, &serial, STATUS_INVALID));
	OK(registry_forget(p->r, 5000 + REGISTRY_USES_KEPT, 10));
	assert_int_equal(changed(p->r, 1).count, 1);
	OK(registry_forget(p->r, 5001 + REGISTRY_USES_KEPT, 10));
	assert_int_equal(changed(p->r, 1).count, 0);
	OK(registry_commit(p->r));
}

/* ---- all there is of a holder */

static void
a_holders_devices_come_newest_first_whatever_their_state(void **state)
{
	struct place *p = *state;
	struct handle holder = handle(1), other = handle(9);
	struct registry_device d = device(2), found[4];
	size_t count = 9;

	OK(registry_devices_of(p->r, &holder, resident, 4, found, &count));
	assert_int_equal(count, 0);
	OK(registry_begin(p->r));
	for (uint8_t i = 2; i < 7; i++) {
		d = device(i);
		OK(registry_device_reserve(p->r, &holder, resident, &d));
		if (i != 6)
			OK(registry_device_change(p->r, &holder, resident, &d,
			    i == 3 ? DEVICE_REVOKED : DEVICE_REPLACED, 1500));
	}
	OK(registry_device_reserve(p->r, &other, resident, &d));
	OK(registry_device_reserve(p->r, &holder, view_text("other"), &d));
	OK(registry_device_refresh(p->r, &holder, resident, &d.device, 1600));
	OK(registry_commit(p->r));
	OK(registry_devices_of(reopen(p), &holder, resident, 4, found,
	    &count));
	assert_int_equal(count, 4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(found[i].serial.at[15], 6 - i);
	assert_int_equal(found[0].state, DEVICE_ACTIVE);
	assert_int_equal(found[0].refreshed_at, 1600);
	assert_true(found[0].changed_at == TIME_NONE);
	assert_int_equal(found[3].state, DEVICE_REVOKED);
	assert_int_equal(found[3].changed_at, 1500);
}

static void
a_devices_uses_come_newest_first_with_their_values(void **state)
{
	struct place *p = *state;
	struct handle serial = handle(2), none = handle(7);
	struct status_use first, second;
	struct registry_use found[2];
	size_t count = 9;

	OK(registry_begin(p->r));
	first = take(p->r, 1, 2);
	(void)take(p->r, 1, 3);
	second = take(p->r, 3, 2);
	OK(registry_status_set(p->r, &serial, STATUS_SUSPENDED));
	OK(registry_commit(p->r));
	OK(registry_status_of(p->r, &serial, COUNT(found), found, &count));
	assert_int_equal(count, 2);
	assert_true(found[0].use.first == second.first &&
	    found[0].use.count == 3 && found[1].use.first == first.first);
	assert_true(found[0].value == STATUS_SUSPENDED &&
	    found[1].value == STATUS_SUSPENDED);
	assert_int_equal(found[0].expires_at, 5000);
	OK(registry_status_of(p->r, &serial, 1, found, &count));
	assert_int_equal(count, 1);
	assert_true(found[0].use.first == second.first);
	OK(registry_status_of(p->r, &none, 1, found, &count));
	assert_int_equal(count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_quota_is_taken_as_often_as_it_allows_and_no_more),
		TEST(uses_follow_each_other_and_never_overlap),
		TEST(a_list_that_is_full_is_followed_by_another),
		TEST(what_one_request_gave_back_is_taken_by_the_next),
		TEST(a_batch_rolled_back_leaves_no_doubt_about_its_places),
		TEST(a_process_that_ends_gives_nothing_twice),
		TEST(more_places_than_a_list_has_are_a_mistake),
		TEST(a_value_is_that_of_every_use_of_the_device_and_no_other),
		TEST(reinstated_is_valid_again_and_invalid_stays_invalid),
		TEST(every_list_that_a_device_is_in_changes),
		TEST(who_reads_the_changes_may_stop),
		TEST(a_list_is_gone_through_in_steps),
		TEST(what_this_process_changed_is_told_once_it_is_durable),
		TEST(what_was_taken_back_is_never_told),
		TEST(a_list_is_in_use_until_its_last_credential_is_forgotten),
		TEST(uses_of_credentials_long_expired_are_forgotten),
		TEST(a_holders_devices_come_newest_first_whatever_their_state),
		TEST(a_devices_uses_come_newest_first_with_their_values),
	};

	return cmocka_run_group_tests(tests, places_open, places_close);
}
