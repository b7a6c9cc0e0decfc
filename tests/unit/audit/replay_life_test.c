/*
 * What one log tells of devices, QR tokens and keys, followed from entry to
 * entry: what contradicts it is found.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "audit/replay_run.h"
#include "base/crypto.h"

struct story {
	struct replay	*replay;
	uint64_t	 index;
	int64_t		 t;
	const char	*holder;	/* NULL: the one of them all */
	int64_t		 expiry;	/* 0: far away */
};

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HASH HEX_A HEX_A

/* An entry of what happened, members sorted by hand. */
static enum err
happen(struct story *y, const char *before_n, const char *after_n)
{
	AUTO_DONE(bytes) b = { 0 };
	struct schema_entry e;

	bytes_printf(&b, "{%s\"n\":\"" HEX_A "\",%s}", before_n, after_n);
	if (schema_get(bytes_view(&b), &e) != ERR_OK)
		fail_msg("%s: %s", err_why(), bytes_text(&b));
	return replay_life(y->replay, y->index++, &e);
}

static void
decided(struct story *y, const char *op, const char *purpose, const char *
    action, const char *device, const char *more)
{
	char before[600], after[600];

	y->t += 1000;
	snprintf(before, sizeof(before), "%s\"boot\":\"b001020304050607\","
	    "\"caller\":\"c\",%s\"device\":\"%s\",\"ev\":\"decision\","
	    "\"expiry\":%lld,\"holder\":\"%s\",%s", action,
	    more[1] == 'c' ? more : "", device,
	    y->expiry != 0 ? (long long)y->expiry : 999000000,
	    y->holder != NULL ? y->holder : HEX_A,
	    more[1] == 'k' ? more : "");
	snprintf(after, sizeof(after), "\"op\":\"%s\",\"out\":\"allow\","
	    "\"policy\":\"" HASH "\",\"programme\":\"p\",%s\"req\":\"" HEX_A
	    "\",\"rules\":{\"a\":\"pass\"},\"seq\":%llu,\"serial\":1,"
	    "\"t\":%lld,%s\"v\":1", op, purpose,
	    (unsigned long long)y->index, (long long)y->t,
	    more[1] == 'u' ? more : "");
	assert_int_equal(happen(y, before, after), ERR_OK);
}

#define FIRST "\"purpose\":\"first-issue\","
#define REISSUE "\"purpose\":\"reissue\","
#define REFRESH "\"purpose\":\"refresh\","
#define NO_MORE "  "
#define ISSUE(purpose, device) \
	decided(&y, "credential", purpose, "", device, NO_MORE)
#define CHANGE(action, device) decided(&y, "status-change", "", \
	"\"action\":\"" action "\",", device, NO_MORE)
#define FOUND(check) (y.replay->result.count[REPLAY_##check].total - \
	y.replay->result.count[REPLAY_##check].good)

/* Why the last finding is one. */
static const char *
last(const struct story *y)
{
	const struct replay_result *r = &y->replay->result;

	return r->findings[r->finding_count - 1].why;
}

static void
reported(struct story *y, const char *ev, uint64_t of)
{
	char before[200], after[200];

	snprintf(before, sizeof(before), "\"boot\":\"b001020304050607\","
	    "\"ev\":\"%s\",", ev);
	snprintf(after, sizeof(after), "\"of\":[%llu],%s\"seq\":%llu,"
	    "\"t\":%lld,\"v\":1", (unsigned long long)of,
	    strcmp(ev, "failed") == 0 ? "\"reason\":\"token\"," : "",
	    (unsigned long long)y->index, (long long)y->t);
	assert_int_equal(happen(y, before, after), ERR_OK);
}

static void
a_second_active_device_is_found(void **state)
{
	struct story y = { 0 };

	(void)state;
	assert_int_equal(replay_new(&y.replay), ERR_OK);
	ISSUE(FIRST, HEX_A);
	ISSUE(REFRESH, HEX_A);
	ISSUE(REISSUE, HEX_B);
	assert_true(FOUND(DEVICES) == 0);
	ISSUE(REFRESH, HEX_A);		/* it was replaced */
	assert_true(FOUND(DEVICES) == 1);
	ISSUE(FIRST, HEX_A);
	assert_true(FOUND(DEVICES) == 2);
	assert_true(replay_result(y.replay)->active == 1);
	assert_int_equal(replay_exit_status(replay_result(y.replay)), 1);
	y.t = 999000000;	/* it has expired, and counts all the same */
	ISSUE(FIRST, HEX_B);
	assert_true(FOUND(DEVICES) == 3);
	ISSUE(REISSUE, HEX_A);
	assert_true(FOUND(DEVICES) == 3);
	replay_free(y.replay);
}

static void
a_refresh_that_changes_the_expiry_is_found(void **state)
{
	struct story y = { 0 };

	(void)state;
	assert_int_equal(replay_new(&y.replay), ERR_OK);
	ISSUE(FIRST, HEX_A);
	y.expiry = 999000001;
	ISSUE(REFRESH, HEX_A);
	assert_true(FOUND(DEVICES) == 1);
	assert_non_null(strstr(last(&y), "a refresh changed the "
	    "administrative expiry"));
	replay_free(y.replay);
}

static void
a_failed_signature_leaves_no_device_unless_repeated(void **state)
{
	struct story y = { 0 };

	(void)state;
	assert_int_equal(replay_new(&y.replay), ERR_OK);
	ISSUE(FIRST, HEX_A);
	reported(&y, "failed", 0);
	ISSUE(FIRST, HEX_B);
	assert_true(FOUND(DEVICES) == 0);
	reported(&y, "failed", 2);
	reported(&y, "done", 2);
	ISSUE(FIRST, HEX_A);
	assert_true(FOUND(DEVICES) == 1);
	replay_free(y.replay);
}

/* The first may have been made, whatever a retry came to; once made, it is. */
static void
what_may_have_been_signed_is_a_device_whatever_a_retry_came_to(void **state)
{
	static const char *const before[] = { "orphan", "done" };

	(void)state;
	for (size_t i = 0; i < COUNT(before); i++) {
		struct story y = { 0 };

		assert_int_equal(replay_new(&y.replay), ERR_OK);
		ISSUE(FIRST, HEX_A);
		reported(&y, before[i], 0);
		reported(&y, "failed", 0);
		ISSUE(FIRST, HEX_B);
		assert_true(FOUND(DEVICES) == 1);
		replay_free(y.replay);
	}
}

static void
a_refresh_that_failed_takes_no_device_away(void **state)
{
	struct story y = { 0 };

	(void)state;
	assert_int_equal(replay_new(&y.replay), ERR_OK);
	ISSUE(FIRST, HEX_A);
	reported(&y, "done", 0);
	ISSUE(REFRESH, HEX_A);
	reported(&y, "failed", 2);
	ISSUE(FIRST, HEX_B);
	assert_true(FOUND(DEVICES) == 1);
	/* of a device that was never made there is nothing to take away */
	reported(&y, "failed", 4);
	ISSUE(REFRESH, HEX_B);
	reported(&y, "failed", 6);
	ISSUE(FIRST, HEX_A);
	assert_true(FOUND(DEVICES) == 1);
	replay_free(y.replay);
}

static void
a_change_of_status_that_cannot_be_is_found(void **state)
{
	struct story y = { 0 };

	(void)state;
	assert_int_equal(replay_new(&y.replay), ERR_OK);
	CHANGE("suspend", HEX_A);		/* of nothing */
	assert_true(FOUND(CHANGES) == 1);
	ISSUE(FIRST, HEX_A);
	CHANGE("reinstate", HEX_A);		/* it is active */
	assert_true(FOUND(CHANGES) == 2);
	CHANGE("suspend", HEX_A);
	ISSUE(REFRESH, HEX_A);			/* suspended */
	assert_true(FOUND(CHANGES) == 2 && FOUND(DEVICES) == 1);
	CHANGE("suspend", HEX_A);		/* again */
	CHANGE("reinstate", HEX_A);
	assert_true(FOUND(CHANGES) == 2);
	CHANGE("revoke", HEX_B);		/* of another device */
	assert_true(FOUND(CHANGES) == 3);
	assert_non_null(strstr(last(&y), "the holder does not have"));
	CHANGE("revoke", HEX_A);
	assert_true(FOUND(CHANGES) == 3);
	CHANGE("reinstate", HEX_A);		/* for good */
	assert_true(FOUND(CHANGES) == 4);
	decided(&y, "status-change", "", "", HEX_A, NO_MORE);
	assert_true(FOUND(CHANGES) == 5);
	assert_non_null(strstr(last(&y), "without its action"));
	ISSUE(FIRST, HEX_A);
	y.t = 999000000;
	CHANGE("suspend", HEX_A);		/* its time is over */
	assert_true(FOUND(CHANGES) == 6);
	replay_free(y.replay);
}

static void
a_token_redeemed_twice_is_found(void **state)
{
	struct story y = { 0 };

	(void)state;
	assert_int_equal(replay_new(&y.replay), ERR_OK);
	decided(&y, "qr-token", FIRST, "", HEX_A,
	    "\"cti\":\"" HEX_B "\",");
	decided(&y, "credential", FIRST, "", HEX_A,
	    "\"used\":\"" HEX_B "\",");
	decided(&y, "credential", REFRESH, "", HEX_A,
	    "\"used\":\"" HEX_A "\",");
	assert_true(FOUND(TOKENS) == 0);
	assert_true(y.replay->result.foreign == 1);
	decided(&y, "credential", REFRESH, "", HEX_A,
	    "\"used\":\"" HEX_B "\",");
	assert_true(FOUND(TOKENS) == 1);
	decided(&y, "qr-token", FIRST, "", HEX_A,
	    "\"cti\":\"" HEX_B "\",");
	assert_true(FOUND(TOKENS) == 2);
	replay_free(y.replay);
}

static void
a_token_of_somebody_else_is_found(void **state)
{
	struct story y = { 0 };

	(void)state;
	assert_int_equal(replay_new(&y.replay), ERR_OK);
	decided(&y, "qr-token", FIRST, "", HEX_A,
	    "\"cti\":\"" HEX_B "\",");
	y.holder = HEX_B;
	decided(&y, "credential", FIRST, "", HEX_A,
	    "\"used\":\"" HEX_B "\",");
	assert_true(FOUND(TOKENS) == 1);
	assert_non_null(strstr(last(&y), "redeemed by somebody else"));
	replay_free(y.replay);
}

static void
a_key_of_two_holders_is_found(void **state)
{
	static const char keys[] =
	    "\"keys\":[\"01000000000000000000000000000000\"],";
	struct story y = { 0 };

	(void)state;
	assert_int_equal(replay_new(&y.replay), ERR_OK);
	decided(&y, "credential", FIRST, "", HEX_A, keys);
	decided(&y, "credential", REFRESH, "", HEX_A, keys);
	assert_true(FOUND(KEYS) == 0);
	y.holder = HEX_B;
	decided(&y, "credential", FIRST, "", HEX_B, keys);
	assert_true(FOUND(KEYS) == 1);
	assert_non_null(strstr(last(&y), "a key bound to two holders"));
	replay_free(y.replay);
}

static void
with_other_nodes_one_log_does_not_tell_all(void **state)
{
	struct story y = { 0 };

	(void)state;
	assert_int_equal(replay_new(&y.replay), ERR_OK);
	y.replay->nodes = true;
	ISSUE(FIRST, HEX_A);
	ISSUE(FIRST, HEX_B);
	assert_true(FOUND(DEVICES) == 0 && y.replay->result.foreign == 1);
	replay_free(y.replay);
}

static int
setup(void **state)
{
	(void)state;
	return crypto_init() == ERR_OK ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_active_device_is_found),
		cmocka_unit_test(a_refresh_that_changes_the_expiry_is_found),
		cmocka_unit_test(
		    a_failed_signature_leaves_no_device_unless_repeated),
		cmocka_unit_test(
	    what_may_have_been_signed_is_a_device_whatever_a_retry_came_to),
		cmocka_unit_test(a_refresh_that_failed_takes_no_device_away),
		cmocka_unit_test(a_change_of_status_that_cannot_be_is_found),
		cmocka_unit_test(a_token_redeemed_twice_is_found),
		cmocka_unit_test(a_token_of_somebody_else_is_found),
		cmocka_unit_test(a_key_of_two_holders_is_found),
		cmocka_unit_test(with_other_nodes_one_log_does_not_tell_all),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
