/*
 * Entries that are each well formed but cannot all be true.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "audit/entry.h"
#include "audit/reconcile.h"

/* A log being told to the reconciler, and what it said last. */
struct story {
	struct reconcile	*r;
	uint64_t		 index;
	int64_t			 t;
	enum err		 sequence, tickets, devices;
};

static struct story
begin(void)
{
	struct story s = { .t = 1795392000000 };

	assert_int_equal(reconcile_new(100, &s.r), ERR_OK);
	return s;
}

static void
tell(struct story *s, struct view entry)
{
	struct schema_entry e;

	assert_int_equal(schema_get(entry, &e), ERR_OK);
	s->sequence = reconcile_sequence(s->r, s->index, &e);
	s->tickets = reconcile_tickets(s->r, s->index, &e);
	s->devices = reconcile_devices(s->r, s->index, &e);
	s->index++;
}

static struct entry_common
now(struct story *s)
{
	return (struct entry_common){ .seq = s->index, .t = s->t++ };
}

/* Tells that device got what purpose says, for holder 1 or 2. */
static void
decide(struct story *s, const char *operation, const char *purpose,
    uint8_t device, uint8_t holder)
{
	static const struct entry_rule rule = { "a", ENTRY_RULE_PASS };
	static const struct hash draft = { { 0 } };
	struct entry_common c = now(s);
	uint8_t d[16] = { device }, h[16] = { holder };
	struct entry_decision_facts f = { .operation = operation,
		.programme = "resident-id", .purpose = purpose, .allow = true,
		.caller = "c", .holder = h, .device = d, .rules = &rule,
		.rule_count = 1, .drafts = &draft, .draft_count = 1,
		.expiry = 1795392000000 + 1000 };
	AUTO_DONE(bytes) b = { 0 };

	if (strcmp(operation, "status-change") == 0) {
		f.action = purpose;
		f.purpose = NULL;
		f.draft_count = 0;
	}
	assert_int_equal(entry_decision(&c, &f, &b), ERR_OK);
	tell(s, bytes_view(&b));
	assert_int_equal(s->sequence, ERR_OK);
	assert_int_equal(s->tickets, ERR_OK);
}

static void
issue(struct story *s, const char *purpose, uint8_t device)
{
	decide(s, "credential", purpose, device, 1);
}

static void
report(struct story *s, enum schema_event what, uint64_t of)
{
	struct entry_common c = now(s);
	AUTO_DONE(bytes) b = { 0 };
	enum err e = what == SCHEMA_EVENT_DONE ?
	    entry_done(&c, &of, 1, &b) : what == SCHEMA_EVENT_ORPHAN ?
	    entry_orphan(&c, &of, 1, &b) :
	    entry_failed(&c, &of, 1, "token", &b);

	assert_int_equal(e, ERR_OK);
	tell(s, bytes_view(&b));
}

static void
close_one(struct story *s, uint64_t of, const char *what, const char *caller,
    const char *reason)
{
	const struct entry_orphan_facts f = { &of, 1, what, caller, reason };
	struct entry_common c = now(s);
	AUTO_DONE(bytes) b = { 0 };

	assert_int_equal(entry_orphan_closed(&c, &f, &b), ERR_OK);
	tell(s, bytes_view(&b));
}

static void
numbers_and_times_in_order_are_fine(void **state)
{
	struct story s = begin();
	struct reconcile_totals t;

	(void)state;
	for (int i = 0; i < 10; i++) {
		struct entry_common c = now(&s);
		AUTO_DONE(bytes) b = { 0 };

		c.boot[0] = (uint8_t)(i / 4);
		c.t -= i % 2;		/* equal times are in order */
		assert_int_equal(entry_heartbeat(&c, &b), ERR_OK);
		tell(&s, bytes_view(&b));
		assert_int_equal(s.sequence, ERR_OK);
	}
	t = reconcile_totals(s.r);
	assert_true(t.boots == 3);
	assert_true(t.first_t == 1795392000000);
	assert_true(t.last_t == 1795392000008);
	reconcile_free(s.r);
}

static void
a_wrong_number_is_found(void **state)
{
	struct story s = begin();
	struct entry_common c = { .seq = 1, .t = s.t };
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	assert_int_equal(entry_heartbeat(&c, &b), ERR_OK);
	tell(&s, bytes_view(&b));
	assert_int_equal(s.sequence, ERR_MISMATCH);
	tell(&s, bytes_view(&b));
	assert_int_equal(s.sequence, ERR_OK);
	reconcile_free(s.r);
}

static void
a_time_that_goes_back_is_found(void **state)
{
	struct story s = begin();
	struct entry_common c = { .t = s.t };
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	assert_int_equal(entry_heartbeat(&c, &b), ERR_OK);
	tell(&s, bytes_view(&b));
	bytes_reset(&b);
	c = (struct entry_common){ .seq = 1, .t = s.t - 1 };
	assert_int_equal(entry_heartbeat(&c, &b), ERR_OK);
	tell(&s, bytes_view(&b));
	assert_int_equal(s.sequence, ERR_MISMATCH);
	/* a later time is measured by the latest, not by the last */
	bytes_reset(&b);
	c.seq = 2;
	assert_int_equal(entry_heartbeat(&c, &b), ERR_OK);
	tell(&s, bytes_view(&b));
	assert_int_equal(s.sequence, ERR_MISMATCH);
	reconcile_free(s.r);
}

static void
tickets_are_counted_as_they_end(void **state)
{
	struct story s = begin();
	struct reconcile_totals t;

	(void)state;
	for (uint8_t i = 0; i < 5; i++)
		decide(&s, "qr-token", "first-issue", i, 1);
	report(&s, SCHEMA_EVENT_DONE, 0);
	report(&s, SCHEMA_EVENT_FAILED, 1);
	report(&s, SCHEMA_EVENT_ORPHAN, 2);
	report(&s, SCHEMA_EVENT_ORPHAN, 3);
	assert_int_equal(s.tickets, ERR_OK);
	/* retries sign what failed or was orphaned, and sign again */
	report(&s, SCHEMA_EVENT_DONE, 3);
	assert_int_equal(s.tickets, ERR_OK);
	report(&s, SCHEMA_EVENT_DONE, 0);
	assert_int_equal(s.tickets, ERR_OK);
	report(&s, SCHEMA_EVENT_FAILED, 0);
	assert_int_equal(s.tickets, ERR_OK);
	t = reconcile_totals(s.r);
	assert_true(t.allowed == 5 && t.denied == 0);
	assert_true(t.done == 2 && t.failed == 1 && t.orphaned == 1 &&
	    t.open == 1);
	reconcile_free(s.r);
}

static void
a_report_on_what_was_never_allowed_is_found(void **state)
{
	struct story s = begin();

	(void)state;
	decide(&s, "qr-token", "first-issue", 1, 1);
	report(&s, SCHEMA_EVENT_DONE, 0);
	report(&s, SCHEMA_EVENT_DONE, 1);	/* of a report */
	assert_int_equal(s.tickets, ERR_MISMATCH);
	report(&s, SCHEMA_EVENT_DONE, 3);	/* of itself */
	assert_int_equal(s.tickets, ERR_MISMATCH);
	report(&s, SCHEMA_EVENT_DONE, 50);	/* of the future */
	assert_int_equal(s.tickets, ERR_MISMATCH);
	report(&s, SCHEMA_EVENT_FAILED, 5000);	/* of beyond the log */
	assert_int_equal(s.tickets, ERR_MISMATCH);
	reconcile_free(s.r);
}

static void
an_orphan_that_was_reported_on_is_found(void **state)
{
	struct story s = begin();

	(void)state;
	decide(&s, "qr-token", "first-issue", 1, 1);
	report(&s, SCHEMA_EVENT_DONE, 0);
	report(&s, SCHEMA_EVENT_ORPHAN, 0);
	assert_int_equal(s.tickets, ERR_MISMATCH);
	reconcile_free(s.r);
}

/* Tickets 0 to 5: three orphans, then one done, one failed, one open. */
static struct story
with_orphans(void)
{
	struct story s = begin();

	for (uint8_t i = 0; i < 6; i++)
		decide(&s, "qr-token", "first-issue", i, 1);
	for (uint64_t of = 0; of < 3; of++)
		report(&s, SCHEMA_EVENT_ORPHAN, of);
	report(&s, SCHEMA_EVENT_DONE, 3);
	report(&s, SCHEMA_EVENT_FAILED, 4);
	assert_int_equal(s.tickets, ERR_OK);
	return s;
}

static void
orphans_are_closed_in_three_ways(void **state)
{
	struct story s = with_orphans();
	struct reconcile_totals t;

	(void)state;
	report(&s, SCHEMA_EVENT_DONE, 0);
	close_one(&s, 0, "retry", NULL, NULL);
	assert_int_equal(s.tickets, ERR_OK);
	close_one(&s, 1, "operator", "uid:0", "reissued");
	assert_int_equal(s.tickets, ERR_OK);
	close_one(&s, 2, "remade", NULL, NULL);
	assert_int_equal(s.tickets, ERR_OK);
	t = reconcile_totals(s.r);
	assert_true(t.done == 2 && t.failed == 1 && t.orphaned == 0 &&
	    t.closed == 2 && t.open == 1);
	/* what was given up may still be asked for, and then it is done */
	report(&s, SCHEMA_EVENT_DONE, 1);
	assert_int_equal(s.tickets, ERR_OK);
	t = reconcile_totals(s.r);
	assert_true(t.done == 3 && t.closed == 1);
	reconcile_free(s.r);
}

static void
a_retry_that_fails_leaves_an_orphan_one(void **state)
{
	struct story s = with_orphans();

	(void)state;
	report(&s, SCHEMA_EVENT_FAILED, 0);
	assert_int_equal(s.tickets, ERR_OK);
	assert_true(reconcile_totals(s.r).orphaned == 3);
	assert_true(reconcile_totals(s.r).failed == 1);
	close_one(&s, 0, "retry", NULL, NULL);
	assert_int_equal(s.tickets, ERR_MISMATCH);
	report(&s, SCHEMA_EVENT_DONE, 0);
	close_one(&s, 0, "retry", NULL, NULL);
	assert_int_equal(s.tickets, ERR_OK);
	/* what was given up stays so, too */
	close_one(&s, 1, "operator", "uid:0", "reissued");
	report(&s, SCHEMA_EVENT_FAILED, 1);
	assert_true(reconcile_totals(s.r).closed == 1);
	reconcile_free(s.r);
}

static void
what_is_no_open_orphan_cannot_be_closed(void **state)
{
	static const char *const ways[] = { "retry", "remade", "operator" };
	struct story s = with_orphans();

	(void)state;
	for (size_t i = 0; i < COUNT(ways); i++) {
		const char *who = i == 2 ? "uid:0" : NULL;

		for (uint64_t of = 3; of < 6; of++) {
			close_one(&s, of, ways[i], who, who ? "x" : NULL);
			assert_int_equal(s.tickets, ERR_MISMATCH);
		}
		close_one(&s, 6, ways[i], who, who ? "x" : NULL);
		assert_int_equal(s.tickets, ERR_MISMATCH);
		close_one(&s, 99, ways[i], who, who ? "x" : NULL);
		assert_int_equal(s.tickets, ERR_MISMATCH);
		close_one(&s, INT64_C(1) << 40, ways[i], who, who ? "x" : NULL);
		assert_int_equal(s.tickets, ERR_MISMATCH);
	}
	assert_true(reconcile_totals(s.r).orphaned == 3);
	reconcile_free(s.r);
}

static void
an_orphan_is_closed_once_and_in_the_way_it_can_be(void **state)
{
	struct story s = with_orphans();

	(void)state;
	close_one(&s, 0, "retry", NULL, NULL);	/* nothing is done */
	assert_int_equal(s.tickets, ERR_MISMATCH);
	report(&s, SCHEMA_EVENT_DONE, 0);
	close_one(&s, 0, "operator", "uid:0", "reissued");
	assert_int_equal(s.tickets, ERR_MISMATCH);
	close_one(&s, 0, "remade", NULL, NULL);
	assert_int_equal(s.tickets, ERR_MISMATCH);
	close_one(&s, 0, "retry", NULL, NULL);
	assert_int_equal(s.tickets, ERR_OK);
	close_one(&s, 0, "retry", NULL, NULL);
	assert_int_equal(s.tickets, ERR_MISMATCH);
	close_one(&s, 1, "operator", "uid:0", "reissued");
	assert_int_equal(s.tickets, ERR_OK);
	close_one(&s, 1, "operator", "uid:0", "reissued");
	assert_int_equal(s.tickets, ERR_MISMATCH);
	reconcile_free(s.r);
}

static void
an_operator_is_named_and_nobody_else(void **state)
{
	struct story s = with_orphans();

	(void)state;
	close_one(&s, 1, "operator", NULL, NULL);
	assert_int_equal(s.tickets, ERR_MISMATCH);
	close_one(&s, 1, "operator", "uid:0", NULL);
	assert_int_equal(s.tickets, ERR_MISMATCH);
	close_one(&s, 1, "operator", NULL, "reissued");
	assert_int_equal(s.tickets, ERR_MISMATCH);
	close_one(&s, 1, "remade", "uid:0", NULL);
	assert_int_equal(s.tickets, ERR_MISMATCH);
	close_one(&s, 1, "remade", NULL, "reissued");
	assert_int_equal(s.tickets, ERR_MISMATCH);
	close_one(&s, 1, "forgotten", NULL, NULL);
	assert_int_equal(s.tickets, ERR_MISMATCH);
	assert_true(reconcile_totals(s.r).orphaned == 3);
	reconcile_free(s.r);
}

static void
a_second_phone_is_found(void **state)
{
	struct story s = begin();

	(void)state;
	issue(&s, "first-issue", 1);
	assert_int_equal(s.devices, ERR_OK);
	issue(&s, "first-issue", 1);		/* a retry: the same phone */
	assert_int_equal(s.devices, ERR_OK);
	issue(&s, "first-issue", 2);
	assert_int_equal(s.devices, ERR_MISMATCH);
	issue(&s, "refresh", 3);
	assert_int_equal(s.devices, ERR_MISMATCH);
	decide(&s, "credential", "first-issue", 9, 2);	/* another holder */
	assert_int_equal(s.devices, ERR_OK);
	assert_true(reconcile_totals(s.r).active_devices == 2);
	reconcile_free(s.r);
}

static void
a_reissue_replaces_the_phone(void **state)
{
	struct story s = begin();

	(void)state;
	issue(&s, "first-issue", 1);
	issue(&s, "reissue", 2);
	assert_int_equal(s.devices, ERR_OK);
	issue(&s, "refresh", 2);
	assert_int_equal(s.devices, ERR_OK);
	issue(&s, "refresh", 1);
	assert_int_equal(s.devices, ERR_MISMATCH);
	reconcile_free(s.r);
}

static void
a_revoked_or_expired_phone_makes_room(void **state)
{
	struct story s = begin();

	(void)state;
	issue(&s, "first-issue", 1);
	decide(&s, "status-change", "suspend", 1, 1);
	issue(&s, "first-issue", 2);
	assert_int_equal(s.devices, ERR_MISMATCH);	/* still the one */
	decide(&s, "status-change", "revoke", 2, 1);
	issue(&s, "first-issue", 3);
	assert_int_equal(s.devices, ERR_OK);
	s.t = 1795392000000 + 999;
	issue(&s, "first-issue", 4);
	assert_int_equal(s.devices, ERR_MISMATCH);	/* a ms too early */
	issue(&s, "first-issue", 5);
	assert_int_equal(s.devices, ERR_OK);
	reconcile_free(s.r);
}

static void
what_another_node_may_have_revoked_is_not_decided(void **state)
{
	struct story s = begin();
	const struct entry_node_facts f = { .node = "node-2",
		.origin = "okse.example/log-2" };
	struct entry_common c;
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	issue(&s, "first-issue", 1);
	assert_false(reconcile_totals(s.r).shared);
	c = now(&s);
	assert_int_equal(entry_node(&c, &f, &b), ERR_OK);
	tell(&s, bytes_view(&b));
	assert_true(reconcile_totals(s.r).shared);
	issue(&s, "first-issue", 2);
	assert_int_equal(s.devices, ERR_OK);
	reconcile_free(s.r);
}

static void
a_signature_that_failed_leaves_no_phone_behind(void **state)
{
	struct story s = begin();

	(void)state;
	issue(&s, "first-issue", 1);
	report(&s, SCHEMA_EVENT_FAILED, 0);
	issue(&s, "first-issue", 2);
	assert_int_equal(s.devices, ERR_OK);
	/* the late retry of the first makes two */
	report(&s, SCHEMA_EVENT_DONE, 0);
	assert_int_equal(s.devices, ERR_MISMATCH);
	reconcile_free(s.r);
}

static void
a_retry_after_a_failure_brings_the_phone_back(void **state)
{
	struct story s = begin();

	(void)state;
	issue(&s, "first-issue", 1);
	report(&s, SCHEMA_EVENT_FAILED, 0);
	assert_true(reconcile_totals(s.r).active_devices == 0);
	report(&s, SCHEMA_EVENT_DONE, 0);
	assert_int_equal(s.devices, ERR_OK);
	assert_true(reconcile_totals(s.r).active_devices == 1);
	issue(&s, "first-issue", 2);
	assert_int_equal(s.devices, ERR_MISMATCH);
	reconcile_free(s.r);
}

static void
a_refresh_that_failed_takes_no_phone_away(void **state)
{
	struct story s = begin();

	(void)state;
	issue(&s, "first-issue", 1);
	issue(&s, "refresh", 1);
	report(&s, SCHEMA_EVENT_FAILED, 1);
	assert_true(reconcile_totals(s.r).active_devices == 1);
	issue(&s, "first-issue", 2);
	assert_int_equal(s.devices, ERR_MISMATCH);
	/* nor does it give back one that was never made */
	report(&s, SCHEMA_EVENT_FAILED, s.index - 1);
	issue(&s, "refresh", 2);
	assert_int_equal(s.devices, ERR_OK);
	report(&s, SCHEMA_EVENT_FAILED, s.index - 1);
	assert_true(reconcile_totals(s.r).active_devices == 0);
	reconcile_free(s.r);
}

static void
a_refusal_gives_nobody_a_phone(void **state)
{
	static const struct entry_rule rule = { "a", ENTRY_RULE_FAIL };
	struct story s = begin();
	struct entry_common c = now(&s);
	uint8_t d[16] = { 2 }, h[16] = { 1 };
	struct entry_decision_facts f = { .operation = "credential",
		.programme = "resident-id", .purpose = "first-issue",
		.caller = "c", .holder = h, .device = d, .rules = &rule,
		.rule_count = 1 };
	AUTO_DONE(bytes) b = { 0 };
	struct reconcile_totals t;

	(void)state;
	assert_int_equal(entry_decision(&c, &f, &b), ERR_OK);
	tell(&s, bytes_view(&b));
	assert_int_equal(s.devices, ERR_OK);
	issue(&s, "first-issue", 1);
	assert_int_equal(s.devices, ERR_OK);
	t = reconcile_totals(s.r);
	assert_true(t.allowed == 1 && t.denied == 1);
	assert_true(t.active_devices == 1);
	reconcile_free(s.r);
}

static void
an_orphan_keeps_its_phone(void **state)
{
	struct story s = begin();

	(void)state;
	/* the credential may have been signed before the crash */
	issue(&s, "first-issue", 1);
	report(&s, SCHEMA_EVENT_ORPHAN, 0);
	issue(&s, "first-issue", 2);
	assert_int_equal(s.devices, ERR_MISMATCH);
	reconcile_free(s.r);
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
		cmocka_unit_test(numbers_and_times_in_order_are_fine),
		cmocka_unit_test(a_wrong_number_is_found),
		cmocka_unit_test(a_time_that_goes_back_is_found),
		cmocka_unit_test(tickets_are_counted_as_they_end),
		cmocka_unit_test(a_report_on_what_was_never_allowed_is_found),
		cmocka_unit_test(an_orphan_that_was_reported_on_is_found),
		cmocka_unit_test(orphans_are_closed_in_three_ways),
		cmocka_unit_test(a_retry_that_fails_leaves_an_orphan_one),
		cmocka_unit_test(what_is_no_open_orphan_cannot_be_closed),
		cmocka_unit_test(
		    an_orphan_is_closed_once_and_in_the_way_it_can_be),
		cmocka_unit_test(an_operator_is_named_and_nobody_else),
		cmocka_unit_test(a_second_phone_is_found),
		cmocka_unit_test(a_reissue_replaces_the_phone),
		cmocka_unit_test(a_revoked_or_expired_phone_makes_room),
		cmocka_unit_test(
		    what_another_node_may_have_revoked_is_not_decided),
		cmocka_unit_test(
		    a_signature_that_failed_leaves_no_phone_behind),
		cmocka_unit_test(a_refresh_that_failed_takes_no_phone_away),
		cmocka_unit_test(a_retry_after_a_failure_brings_the_phone_back),
		cmocka_unit_test(a_refusal_gives_nobody_a_phone),
		cmocka_unit_test(an_orphan_keeps_its_phone),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
