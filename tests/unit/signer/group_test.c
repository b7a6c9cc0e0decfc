/* Answers of a batch: joined in order, once, and for whoever asked. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "signer/gate/group.h"

static const struct origin client = { 3, 4, 5 };

static struct reply
reply_of(int status, const char *body)
{
	struct reply r = { .status = status };

	bytes_put_text(&r.body, body);
	return r;
}

static bool
put(struct groups *g, struct origin member, int status, const char *body,
    struct reply *all)
{
	struct reply r = reply_of(status, body);
	struct origin to = { 0 };
	bool last = group_put(g, member, &r, &to, all);

	assert_int_equal(r.body.len, 0);
	if (last)
		assert_memory_equal(&to, &client, sizeof(to));
	return last;
}

static void
answers_are_joined_in_the_order_of_the_members(void **state)
{
	AUTO_DONE(groups) g = { 0 };
	AUTO_DONE(reply) all = { 0 };
	uint32_t place;

	(void)state;
	assert_int_equal(group_open(&g, client, 3, &place), ERR_OK);
	assert_false(put(&g, group_origin(&g, place, 2), 201, "{\"c\":3}",
	    &all));
	assert_false(put(&g, group_origin(&g, place, 0), 403, "{\"a\":1}",
	    &all));
	assert_true(put(&g, group_origin(&g, place, 1), 201, "{\"b\":2}",
	    &all));
	assert_int_equal(all.status, 200);
	assert_string_equal(bytes_text(&all.body), "{\"results\":["
	    "{\"status\":403,\"body\":{\"a\":1}},"
	    "{\"status\":201,\"body\":{\"b\":2}},"
	    "{\"status\":201,\"body\":{\"c\":3}}]}");
}

static void
a_member_to_be_tried_again_says_when(void **state)
{
	AUTO_DONE(groups) g = { 0 };
	AUTO_DONE(reply) all = { 0 };
	struct reply r = reply_of(503, "{}");
	struct origin to;
	uint32_t place;

	(void)state;
	r.retry_after = 7;
	assert_int_equal(group_open(&g, client, 1, &place), ERR_OK);
	assert_true(group_put(&g, group_origin(&g, place, 0), &r, &to,
	    &all));
	assert_string_equal(bytes_text(&all.body), "{\"results\":["
	    "{\"status\":503,\"retry_after\":7,\"body\":{}}]}");
}

static void
a_member_answers_once_and_a_group_that_is_gone_never(void **state)
{
	AUTO_DONE(groups) g = { 0 };
	AUTO_DONE(reply) all = { 0 };
	struct origin first, old;
	uint32_t place;

	(void)state;
	assert_int_equal(group_open(&g, client, 2, &place), ERR_OK);
	first = group_origin(&g, place, 0);
	assert_false(put(&g, first, 201, "{}", &all));
	assert_false(put(&g, first, 201, "{}", &all));
	old = group_origin(&g, place, 1);
	assert_true(put(&g, old, 201, "{}", &all));
	assert_false(put(&g, old, 201, "{}", &all));
	/* the place is taken by another group now */
	assert_int_equal(group_open(&g, client, 2, &place), ERR_OK);
	assert_false(put(&g, old, 201, "{}", &all));
	old = group_origin(&g, place, 2);	/* one too many */
	assert_false(put(&g, old, 201, "{}", &all));
}

static void
only_so_many_groups_are_open_at_one_time(void **state)
{
	AUTO_DONE(groups) g = { 0 };
	AUTO_DONE(reply) all = { 0 };
	uint32_t place[GROUPS_MAX + 1];

	(void)state;
	for (size_t i = 0; i < GROUPS_MAX; i++)
		assert_int_equal(group_open(&g, client, GROUP_MEMBERS,
		    &place[i]), ERR_OK);
	assert_int_equal(group_open(&g, client, 1, &place[GROUPS_MAX]),
	    ERR_FULL);
	for (size_t i = 0; i < GROUP_MEMBERS; i++)
		assert_int_equal(put(&g, group_origin(&g, place[7], i), 201,
		    "{}", &all), i == GROUP_MEMBERS - 1);
	assert_int_equal(group_open(&g, client, 1, &place[GROUPS_MAX]),
	    ERR_OK);
	assert_int_equal(place[GROUPS_MAX], place[7]);
}

static void
a_connections_origin_is_no_members(void **state)
{
	AUTO_DONE(groups) g = { 0 };
	uint32_t place;

	(void)state;
	assert_int_equal(group_open(&g, client, 1, &place), ERR_OK);
	assert_false(group_has(client));
	assert_true(group_has(group_origin(&g, place, 0)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    answers_are_joined_in_the_order_of_the_members),
		cmocka_unit_test(a_member_to_be_tried_again_says_when),
		cmocka_unit_test(
		    a_member_answers_once_and_a_group_that_is_gone_never),
		cmocka_unit_test(only_so_many_groups_are_open_at_one_time),
		cmocka_unit_test(a_connections_origin_is_no_members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
