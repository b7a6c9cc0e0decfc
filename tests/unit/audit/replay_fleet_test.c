/*
 * Several logs of one registry, replayed together: what each alone would not
 * tell is found and its log named, and clocks that differ explain nothing and
 * accuse nobody.
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

#define OK(expr) assert_int_equal(expr, ERR_OK)
#define SECOND INT64_C(1000)
#define HOUR (3600 * SECOND)

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "cccccccccccccccccccccccccccccccc"

struct node {
	uint64_t	next;		/* index */
};

static struct replay *replay;
static struct node nodes[3];
static size_t node;

/* ---- entries */

struct told {
	const char	*op, *purpose, *action, *holder, *device;
	const char	*cti, *used, *key;
	int64_t		 t, bound, old, changed, expiry;
};

static void
put_text(struct bytes *b, const char *name, const char *value)
{
	if (value != NULL)
		bytes_printf(b, "\"%s\":\"%s\",", name, value);
}

static void
put_int(struct bytes *b, const char *name, int64_t value)
{
	if (value != 0)
		bytes_printf(b, "\"%s\":%lld,", name, (long long)value);
}

static void
show(const struct bytes *b)
{
	struct schema_entry e;

	if (schema_get(bytes_view(b), &e) != ERR_OK)
		fail_msg("%s: %.*s", err_why(), (int)b->len,
		    (const char *)b->at);
	OK(replay_fleet(replay, nodes[node].next++, &e));
}

/* An allowance, as of the node at hand; its index. */
static uint64_t
tell(struct told d)
{
	AUTO_DONE(bytes) b = { 0 };

	bytes_put_u8(&b, '{');
	put_text(&b, "action", d.action);
	put_text(&b, "boot", "b001020304050607");
	put_int(&b, "bound", d.bound);
	put_text(&b, "caller", "c");
	put_int(&b, "changed", d.changed);
	put_text(&b, "cti", d.cti);
	put_text(&b, "device", d.device);
	put_text(&b, "ev", "decision");
	put_int(&b, "expiry", d.expiry);
	put_text(&b, "holder", d.holder != NULL ? d.holder : A);
	if (d.key != NULL)
		bytes_printf(&b, "\"keys\":[\"%s\"],", d.key);
	put_text(&b, "n", A);
	put_int(&b, "old", d.old);
	put_text(&b, "op", d.op != NULL ? d.op : "credential");
	put_text(&b, "out", "allow");
	put_text(&b, "policy", A A);
	put_text(&b, "programme", "p");
	put_text(&b, "purpose", d.purpose);
	put_text(&b, "req", A);
	bytes_printf(&b, "\"rules\":{\"a\":\"pass\"},\"seq\":%llu,"
	    "\"serial\":1,\"t\":%lld,", (unsigned long long)nodes[node].next,
	    (long long)d.t);
	put_text(&b, "used", d.used);
	bytes_put_text(&b, "\"v\":1}");
	show(&b);
	return nodes[node].next - 1;
}

#define TELL(...) tell((struct told){ __VA_ARGS__ })
#define FIRST(device_, at) TELL(.purpose = "first-issue", .device = device_, \
	.t = at, .bound = at, .expiry = 1000 * HOUR)
#define REISSUE(device_, at, old_) TELL(.purpose = "reissue", .device =       \
	device_, .t = at, .bound = at, .old = old_, .changed = at,            \
	.expiry = 1000 * HOUR)
#define REFRESH(device_, at, bound_) TELL(.purpose = "refresh", .device =     \
	device_, .t = at, .bound = bound_, .expiry = 1000 * HOUR)
#define CHANGE(action_, at, bound_) TELL(.op = "status-change", .action =     \
	action_, .t = at, .bound = bound_, .changed = at)

static void
reported(const char *ev, uint64_t of)
{
	AUTO_DONE(bytes) b = { 0 };

	bytes_printf(&b, "{\"boot\":\"b001020304050607\",\"ev\":\"%s\",\"n\":\""
	    A "\",\"of\":[%llu],%s\"seq\":%llu,\"t\":1,\"v\":1}", ev,
	    (unsigned long long)of, strcmp(ev, "failed") == 0 ?
	    "\"reason\":\"token\"," : "",
	    (unsigned long long)nodes[node].next);
	show(&b);
}

static void
joined(const char *origin)
{
	AUTO_DONE(bytes) b = { 0 };
	struct schema_entry e;

	bytes_printf(&b, "{\"boot\":\"b001020304050607\",\"ev\":\"node.join\","
	    "\"n\":\"" A "\",\"node\":\"n\",\"origin\":\"%s\",\"seq\":%llu,"
	    "\"t\":1,\"v\":1,\"vkey\":\"" A A "\"}", origin,
	    (unsigned long long)nodes[node].next);
	if (schema_get(bytes_view(&b), &e) != ERR_OK)
		fail_msg("%s", err_why());
	OK(replay_entry(replay, nodes[node].next++, &e));
}

/* The entries that follow are of this node's log, told from its first on. */
static void
log_of(size_t i)
{
	char origin[32];

	snprintf(origin, sizeof(origin), "example/log-%zu", i + 1);
	OK(replay_log_of(replay, origin));
	node = i;
}

/* ---- verdicts */

static int
start(void **state)
{
	(void)state;
	memset(nodes, 0, sizeof(nodes));
	return replay_new(&replay) == ERR_OK ? 0 : -1;
}

static int
stop(void **state)
{
	(void)state;
	replay_free(replay);
	return 0;
}

static void
explained(void)
{
	const struct replay_result *r = replay_result(replay);

	for (size_t i = 0; i < r->finding_count; i++)
		print_message("%zu/%llu: %s\n", r->findings[i].log,
		    (unsigned long long)r->findings[i].index,
		    r->findings[i].why);
	assert_int_equal(r->finding_count, 0);
	assert_int_equal(r->foreign, 0);
	assert_int_equal(replay_exit_status(r), 0);
}

/* Exactly this one. */
static void
found(size_t log, uint64_t index, enum replay_check check, const char *why)
{
	const struct replay_result *r = replay_result(replay);

	for (size_t i = 0; i < r->finding_count; i++)
		print_message("%zu/%llu: %s\n", r->findings[i].log,
		    (unsigned long long)r->findings[i].index,
		    r->findings[i].why);
	assert_int_equal(r->finding_count, 1);
	assert_int_equal(r->findings[0].log, log);
	assert_int_equal(r->findings[0].index, index);
	assert_int_equal(r->findings[0].check, check);
	if (strstr(r->findings[0].why, why) == NULL)
		fail_msg("%s", r->findings[0].why);
	assert_int_equal(replay_exit_status(r), 1);
}

/* ---- devices */

static void
a_life_over_three_nodes_is_explained(void **state)
{
	(void)state;
	log_of(2);
	REISSUE(C, 30 * HOUR, 20 * HOUR);
	CHANGE("revoke", 50 * HOUR, 40 * HOUR);
	log_of(0);
	FIRST(A, 10 * HOUR);
	CHANGE("reinstate", 12 * HOUR, 10 * HOUR);
	REFRESH(C, 31 * HOUR, 30 * HOUR);
	CHANGE("revoke", 35 * HOUR, 30 * HOUR);
	log_of(1);
	CHANGE("suspend", 11 * HOUR, 10 * HOUR);
	REISSUE(B, 20 * HOUR, 10 * HOUR);
	FIRST(A, 40 * HOUR);
	explained();
	assert_int_equal(replay_result(replay)->active, 0);
	assert_int_equal(replay_result(replay)->count[REPLAY_DEVICES].good,
	    5);
	assert_int_equal(replay_result(replay)->count[REPLAY_CHANGES].good,
	    4);
}

/* Each log alone is without fault. */
static void
two_nodes_that_issue_to_one_holder_are_found(void **state)
{
	uint64_t index;

	(void)state;
	log_of(0);
	FIRST(A, 10 * HOUR);
	log_of(1);
	TELL(.op = "qr-token", .cti = C, .purpose = "first-issue");
	index = FIRST(B, 11 * HOUR);
	found(1, index, REPLAY_DEVICES, "a second active device of one "
	    "holder in one programme, beside that of entry 0 of "
	    "example/log-1");
}

static void
two_nodes_that_issue_at_one_instant_are_found(void **state)
{
	(void)state;
	log_of(0);
	FIRST(A, 10 * HOUR);
	log_of(1);
	FIRST(B, 10 * HOUR);
	found(1, 0, REPLAY_DEVICES, "a second active device");
}

static void
a_revocation_after_the_second_device_excuses_nothing(void **state)
{
	(void)state;
	log_of(0);
	FIRST(A, 10 * HOUR);
	CHANGE("revoke", 13 * HOUR, 10 * HOUR);
	log_of(1);
	FIRST(B, 12 * HOUR);
	found(1, 0, REPLAY_DEVICES, "a second active device");
}

/* By its clock the revoking node was late; the registry knew better. */
static void
clocks_that_differ_accuse_nobody(void **state)
{
	(void)state;
	log_of(0);
	FIRST(A, 10 * HOUR);
	CHANGE("revoke", 12 * HOUR + 300 * SECOND, 10 * HOUR);
	log_of(1);
	FIRST(B, 12 * HOUR);
	REFRESH(B, 12 * HOUR - 200 * SECOND, 12 * HOUR);
	explained();
	assert_int_equal(replay_result(replay)->active, 1);
}

static void
a_reissue_replaces_the_last_device_and_no_other(void **state)
{
	(void)state;
	log_of(0);
	FIRST(A, 10 * HOUR);
	REISSUE(B, 20 * HOUR, 10 * HOUR);
	log_of(1);
	REISSUE(C, 30 * HOUR, 10 * HOUR);
	found(1, 0, REPLAY_DEVICES, "not the holder's last");
}

static void
a_device_of_the_past_changes_no_more(void **state)
{
	(void)state;
	log_of(0);
	FIRST(A, 10 * HOUR);
	REISSUE(B, 20 * HOUR, 10 * HOUR);
	log_of(1);
	CHANGE("suspend", 21 * HOUR, 10 * HOUR);
	found(1, 0, REPLAY_CHANGES, "suspend, of a device that cannot be");
}

static void
two_changes_at_one_instant_are_one_too_many(void **state)
{
	(void)state;
	log_of(0);
	FIRST(A, 10 * HOUR);
	CHANGE("suspend", 11 * HOUR, 10 * HOUR);
	log_of(1);
	CHANGE("revoke", 11 * HOUR, 10 * HOUR);
	found(1, 0, REPLAY_CHANGES, "revoke");
}

static void
a_refresh_is_of_the_device_there_is(void **state)
{
	(void)state;
	log_of(0);
	FIRST(A, 10 * HOUR);
	CHANGE("revoke", 12 * HOUR, 10 * HOUR);
	log_of(1);
	REFRESH(A, 11 * HOUR, 10 * HOUR);
	REFRESH(A, 13 * HOUR, 10 * HOUR);
	found(1, 1, REPLAY_DEVICES, "a refresh of a device that is not");
}

static void
a_refresh_keeps_device_and_expiry(void **state)
{
	(void)state;
	log_of(0);
	FIRST(A, 10 * HOUR);
	log_of(1);
	REFRESH(B, 11 * HOUR, 10 * HOUR);
	TELL(.purpose = "refresh", .device = A, .t = 11 * HOUR,
	    .bound = 10 * HOUR, .expiry = 2000 * HOUR);
	assert_int_equal(replay_result(replay)->finding_count, 2);
	assert_non_null(strstr(replay_result(replay)->findings[1].why,
	    "changed the administrative expiry"));
}

static void
a_failed_signature_leaves_no_device_in_the_way(void **state)
{
	uint64_t of;

	(void)state;
	log_of(0);
	FIRST(C, 1 * HOUR);
	CHANGE("revoke", 2 * HOUR, 1 * HOUR);
	of = FIRST(A, 10 * HOUR);
	reported("failed", of);
	log_of(1);
	FIRST(B, 11 * HOUR);
	explained();
}

static void
unless_a_retry_makes_it_after_all(void **state)
{
	(void)state;
	log_of(0);
	FIRST(A, 10 * HOUR);
	reported("failed", 0);
	reported("done", 0);
	log_of(1);
	FIRST(B, 11 * HOUR);
	/* of the other log's entry of that index */
	reported("failed", 5);
	found(1, 0, REPLAY_DEVICES, "a second active device");
}

static void
and_an_orphan_s_may_have_been_made(void **state)
{
	(void)state;
	log_of(0);
	FIRST(A, 10 * HOUR);
	reported("orphan", 0);
	reported("failed", 0);
	log_of(1);
	FIRST(B, 11 * HOUR);
	found(1, 0, REPLAY_DEVICES, "a second active device");
}

static void
what_happens_to_no_device_is_found(void **state)
{
	(void)state;
	log_of(0);
	CHANGE("suspend", 11 * HOUR, 10 * HOUR);
	found(0, 0, REPLAY_CHANGES, "of a device that no log issued");
}

static void
a_change_without_its_action_or_of_another_device_is_found(void **state)
{
	(void)state;
	log_of(0);
	FIRST(A, 10 * HOUR);
	TELL(.op = "status-change", .action = "suspend", .device = B,
	    .t = 11 * HOUR, .bound = 10 * HOUR, .changed = 11 * HOUR);
	found(0, 1, REPLAY_CHANGES, "the holder does not have");
}

static void
what_an_active_device_cannot_become_is_found(void **state)
{
	(void)state;
	log_of(0);
	FIRST(A, 10 * HOUR);
	log_of(1);
	CHANGE("reinstate", 11 * HOUR, 10 * HOUR);
	found(1, 0, REPLAY_CHANGES, "reinstate, of a device that cannot be");
}

static void
a_change_that_names_no_action_is_found(void **state)
{
	(void)state;
	log_of(0);
	FIRST(A, 10 * HOUR);
	CHANGE(NULL, 11 * HOUR, 10 * HOUR);
	found(0, 1, REPLAY_CHANGES, "a change of status without its action");
}

static void
an_expired_device_changes_no_more(void **state)
{
	(void)state;
	log_of(0);
	FIRST(A, 10 * HOUR);
	CHANGE("suspend", 1000 * HOUR + 600 * SECOND - 1, 10 * HOUR);
	log_of(1);
	CHANGE("reinstate", 1000 * HOUR + 600 * SECOND, 10 * HOUR);
	found(1, 0, REPLAY_CHANGES, "reinstate, of a device that cannot be");
}

static void
a_refresh_before_its_device_is_found(void **state)
{
	(void)state;
	log_of(0);
	FIRST(A, 10 * HOUR);
	log_of(1);
	REFRESH(A, 10 * HOUR - 600 * SECOND, 10 * HOUR);
	REFRESH(A, 10 * HOUR - 600 * SECOND - 1, 10 * HOUR);
	found(1, 1, REPLAY_DEVICES, "a refresh of a device that is not");
}

static void
other_holders_are_other_lives(void **state)
{
	(void)state;
	log_of(0);
	FIRST(A, 10 * HOUR);
	log_of(1);
	TELL(.purpose = "first-issue", .holder = B, .device = B,
	    .t = 10 * HOUR, .bound = 10 * HOUR, .expiry = 1000 * HOUR);
	explained();
	assert_int_equal(replay_result(replay)->active, 2);
}

/* ---- tokens and keys */

static void
a_token_is_minted_in_one_log_and_redeemed_in_another(void **state)
{
	(void)state;
	log_of(0);
	TELL(.purpose = "first-issue", .device = A, .t = 10, .bound = 10,
	    .used = C, .expiry = HOUR);
	log_of(1);
	TELL(.op = "qr-token", .cti = C, .purpose = "first-issue");
	explained();
	assert_int_equal(replay_result(replay)->count[REPLAY_TOKENS].good,
	    2);
}

static void
a_token_redeemed_in_two_logs_is_found(void **state)
{
	(void)state;
	log_of(0);
	TELL(.op = "qr-token", .cti = C, .purpose = "first-issue");
	TELL(.purpose = "first-issue", .device = A, .t = 10, .bound = 10,
	    .used = C, .expiry = HOUR);
	log_of(1);
	TELL(.purpose = "reissue", .device = A, .t = 20, .bound = 20,
	    .old = 10, .changed = 20, .used = C, .expiry = HOUR);
	found(1, 0, REPLAY_TOKENS, "redeemed again, after entry 1 of "
	    "example/log-1");
}

static void
a_token_that_nobody_minted_is_found(void **state)
{
	(void)state;
	log_of(0);
	TELL(.purpose = "first-issue", .device = A, .t = 10, .bound = 10,
	    .used = C, .expiry = HOUR);
	found(0, 0, REPLAY_TOKENS, "no log minted");
	assert_int_equal(replay_result(replay)->count[REPLAY_TOKENS].total,
	    1);
}

static void
a_token_of_somebody_else_is_found_as_it_is_minted(void **state)
{
	(void)state;
	log_of(0);
	TELL(.purpose = "first-issue", .device = A, .t = 10, .bound = 10,
	    .used = C, .expiry = HOUR);
	log_of(1);
	TELL(.op = "qr-token", .cti = C, .holder = B,
	    .purpose = "first-issue");
	found(1, 0, REPLAY_TOKENS, "by somebody else");
}

static void
and_as_it_is_redeemed(void **state)
{
	(void)state;
	log_of(0);
	TELL(.op = "qr-token", .cti = C, .holder = B,
	    .purpose = "first-issue");
	log_of(1);
	TELL(.purpose = "first-issue", .device = A, .t = 10, .bound = 10,
	    .used = C, .expiry = HOUR);
	found(1, 0, REPLAY_TOKENS, "by somebody else");
}

static void
a_token_minted_in_two_logs_is_found(void **state)
{
	(void)state;
	log_of(0);
	TELL(.op = "qr-token", .cti = C, .purpose = "first-issue");
	log_of(1);
	TELL(.op = "qr-token", .cti = C, .purpose = "first-issue");
	found(1, 0, REPLAY_TOKENS, "a QR token minted twice");
}

static void
a_key_of_two_holders_in_two_logs_is_found(void **state)
{
	(void)state;
	log_of(0);
	TELL(.purpose = "first-issue", .device = A, .t = 10, .bound = 10,
	    .key = C, .expiry = HOUR);
	log_of(1);
	TELL(.purpose = "first-issue", .device = B, .t = 10, .bound = 10,
	    .holder = B, .key = C, .expiry = HOUR);
	found(1, 0, REPLAY_KEYS, "two holders");
}

/* ---- logs */

static void
a_missing_log_is_named_and_what_it_may_explain_is_counted(void **state)
{
	AUTO_DONE(bytes) text = { 0 }, json = { 0 };
	const struct replay_result *r;

	(void)state;
	log_of(0);
	joined("example/log-1");
	joined("example/log-2");
	joined("example/log-3");
	FIRST(A, 10 * HOUR);
	log_of(1);
	joined("example/log-3");
	FIRST(B, 11 * HOUR);	/* revoked by the third, perhaps */
	r = replay_result(replay);
	assert_int_equal(r->finding_count, 0);
	assert_int_equal(r->foreign, 1);
	assert_int_equal(r->missing_count, 1);
	assert_string_equal(r->missing, "example/log-3");
	assert_int_equal(replay_exit_status(r), 2);
	replay_report(r, &text);
	assert_non_null(strstr(bytes_text(&text),
	    "1 of the nodes' logs are missing: example/log-3\nINCOMPLETE"));
	OK(replay_report_json(r, &json));
	assert_non_null(strstr(bytes_text(&json), "\"logs\":[\"example/log-1\","
	    "\"example/log-2\"],\"missing_count\":1,\"missing\":"));
}

static void
with_it_nothing_is_left_open(void **state)
{
	(void)state;
	log_of(0);
	joined("example/log-2");
	FIRST(A, 10 * HOUR);
	log_of(1);
	joined("example/log-1");
	CHANGE("revoke", 11 * HOUR, 10 * HOUR);
	explained();
}

static void
a_log_comes_once(void **state)
{
	char origin[REPLAY_ORIGIN + 1];

	(void)state;
	log_of(0);
	assert_int_equal(replay_log_of(replay, "example/log-1"), ERR_EXISTS);
	memset(origin, 'x', REPLAY_ORIGIN);
	origin[REPLAY_ORIGIN] = '\0';
	assert_int_equal(replay_log_of(replay, origin), ERR_TOO_LARGE);
	for (size_t i = 1; i < REPLAY_LOGS; i++)
		log_of(i);
	assert_int_equal(replay_log_of(replay, "one/more"), ERR_FULL);
}

static void
findings_name_their_log(void **state)
{
	AUTO_DONE(bytes) text = { 0 }, json = { 0 };

	(void)state;
	log_of(0);
	FIRST(A, 10 * HOUR);
	log_of(1);
	FIRST(B, 11 * HOUR);
	replay_report(replay_result(replay), &text);
	assert_non_null(strstr(bytes_text(&text), "  entry 0 of example/log-2,"
	    " Devices: a second"));
	OK(replay_report_json(replay_result(replay), &json));
	assert_non_null(strstr(bytes_text(&json), "\"findings\":[{\"log\":"
	    "\"example/log-2\",\"index\":0,"));
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, start, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(a_life_over_three_nodes_is_explained),
		EACH(two_nodes_that_issue_to_one_holder_are_found),
		EACH(two_nodes_that_issue_at_one_instant_are_found),
		EACH(a_revocation_after_the_second_device_excuses_nothing),
		EACH(clocks_that_differ_accuse_nobody),
		EACH(a_reissue_replaces_the_last_device_and_no_other),
		EACH(a_device_of_the_past_changes_no_more),
		EACH(two_changes_at_one_instant_are_one_too_many),
		EACH(a_refresh_is_of_the_device_there_is),
		EACH(a_refresh_keeps_device_and_expiry),
		EACH(a_failed_signature_leaves_no_device_in_the_way),
		EACH(unless_a_retry_makes_it_after_all),
		EACH(and_an_orphan_s_may_have_been_made),
		EACH(what_happens_to_no_device_is_found),
		EACH(a_change_without_its_action_or_of_another_device_is_found),
		EACH(what_an_active_device_cannot_become_is_found),
		EACH(a_change_that_names_no_action_is_found),
		EACH(an_expired_device_changes_no_more),
		EACH(a_refresh_before_its_device_is_found),
		EACH(other_holders_are_other_lives),
		EACH(a_token_is_minted_in_one_log_and_redeemed_in_another),
		EACH(a_token_redeemed_in_two_logs_is_found),
		EACH(a_token_that_nobody_minted_is_found),
		EACH(a_token_of_somebody_else_is_found_as_it_is_minted),
		EACH(and_as_it_is_redeemed),
		EACH(a_token_minted_in_two_logs_is_found),
		EACH(a_key_of_two_holders_in_two_logs_is_found),
		EACH(a_missing_log_is_named_and_what_it_may_explain_is_counted),
		EACH(with_it_nothing_is_left_open),
		EACH(a_log_comes_once),
		EACH(findings_name_their_log),
	};

	if (crypto_init() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
