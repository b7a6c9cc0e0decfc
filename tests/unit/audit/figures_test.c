/*
 * Entries counted, periods held against them, and what is missing.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "audit/entry.h"
#include "audit/gaps.h"
#include "audit/summary.h"

#define START INT64_C(1795392000000)	/* 2026-11-23T00:00:00Z */
#define MINUTE INT64_C(60000)

/* A log being told, an entry after the other. */
struct tale {
	struct summary	summary;
	struct gaps	*gaps;
	struct entry_common next;
	struct bytes	bytes;
};

static void
begin(struct tale *t)
{
	*t = (struct tale){ .next = { .t = START } };
	assert_int_equal(gaps_new(GAPS_SILENCE, 1000, &t->gaps), ERR_OK);
}

static void
end(struct tale *t)
{
	summary_done(&t->summary);
	gaps_free(t->gaps);
	bytes_done(&t->bytes);
}

/* What an entry_…() function has put into t->bytes happened. */
static void
happened(struct tale *t, enum err written)
{
	struct schema_entry e;

	assert_int_equal(written, ERR_OK);
	assert_int_equal(schema_get(bytes_view(&t->bytes), &e), ERR_OK);
	assert_int_equal(summary_entry(&t->summary, t->next.seq, &e), ERR_OK);
	assert_int_equal(gaps_entry(t->gaps, t->next.seq, &e), ERR_OK);
	bytes_reset(&t->bytes);
	t->next.seq++;
}

static void
beat(struct tale *t)
{
	t->next.t += MINUTE;
	happened(t, entry_heartbeat(&t->next, &t->bytes));
}

static void
decide(struct tale *t, const char *programme, const char *region, bool allow,
    bool dry)
{
	static const struct hash hash = { { 1 } };
	static const uint8_t holder[16] = { 1 };
	const struct entry_rule rules[] = {
		{ "offered", ENTRY_RULE_PASS },
		{ "quota", allow ? ENTRY_RULE_MONITOR : ENTRY_RULE_FAIL },
		{ "region", ENTRY_RULE_NA },
	};
	struct entry_decision_facts f = { .operation = "credential",
		.programme = programme, .region = region, .allow = allow,
		.dry_run = dry, .caller = "upstream", .serial = 3,
		.rules = rules, .rule_count = COUNT(rules),
		.holder = dry ? NULL : holder, .drafts = &hash,
		.draft_count = allow && !dry };

	happened(t, entry_decision(&t->next, &f, &t->bytes));
}

static void
report_on(struct tale *t, enum err (*entry)(const struct entry_common *c,
    const uint64_t *of, size_t count, struct bytes *out), uint64_t of)
{
	happened(t, entry(&t->next, &of, 1, &t->bytes));
}

static const struct summary_row *
row(const struct tale *t, enum summary_dimension d, const char *name)
{
	for (size_t i = 0; i < t->summary.lists[d].count; i++)
		if (strcmp(t->summary.lists[d].at[i].name, name) == 0)
			return &t->summary.lists[d].at[i];
	fail_msg("no row %s", name);
	return NULL;
}

static void
assert_row(const struct summary_row *r, uint64_t a, uint64_t b, uint64_t c,
    uint64_t d)
{
	assert_true(r->n[0] == a && r->n[1] == b && r->n[2] == c &&
	    r->n[3] == d);
}

static void
decisions_are_counted_in_every_way(void **state)
{
	struct tale t;
	uint64_t hours[24][SUMMARY_COLUMNS];
	AUTO_DONE(bytes) csv = { 0 };

	(void)state;
	begin(&t);
	decide(&t, "resident-id", "11110", true, false);
	decide(&t, "resident-id", "26110", false, false);
	t.next.t += 61 * MINUTE;
	decide(&t, "driver-licence", "11110", true, false);
	decide(&t, "resident-id", NULL, true, true);
	decide(&t, "resident-id", NULL, false, true);
	assert_row(row(&t, SUMMARY_PROGRAMME, "resident-id"), 1, 1, 1, 1);
	assert_row(row(&t, SUMMARY_PROGRAMME, "driver-licence"), 1, 0, 0, 0);
	assert_row(row(&t, SUMMARY_REGION, "11110"), 2, 0, 0, 0);
	assert_row(row(&t, SUMMARY_REGION, "-"), 0, 0, 1, 1);
	assert_row(row(&t, SUMMARY_POLICY, "3"), 2, 1, 1, 1);
	assert_row(row(&t, SUMMARY_RULE, "offered"), 5, 0, 0, 0);
	assert_row(row(&t, SUMMARY_RULE, "quota"), 0, 2, 3, 0);
	assert_row(row(&t, SUMMARY_RULE, "region"), 0, 0, 0, 5);
	assert_int_equal(t.summary.hour_count, 2);
	/* midnight in Greenwich is nine in the morning in Korea */
	summary_day(&t.summary, hours);
	assert_true(hours[9][SUMMARY_ALLOW] == 1);
	assert_true(hours[9][SUMMARY_DENY] == 1);
	assert_true(hours[10][SUMMARY_ALLOW] == 1);
	assert_true(hours[10][SUMMARY_DRY_DENY] == 1);
	summary_sort(&t.summary);
	assert_string_equal(t.summary.lists[SUMMARY_PROGRAMME].at[0].name,
	    "driver-licence");
	summary_csv(&t.summary, &csv);
	assert_non_null(strstr(bytes_text(&csv), "\r\nrule,quota,0,2,3,0\r\n"));
	assert_non_null(strstr(bytes_text(&csv), "\r\nall,decisions,2,1,1,1\r\n"
	    ));
	end(&t);
}

static void
close_period(struct tale *t, uint64_t first, uint64_t beats)
{
	const struct entry_tally totals[] = { { "decision", 1 },
		{ "heartbeat", beats } };
	struct entry_period_facts f = { .period = "2026-11", .first = first,
		.last = t->next.seq - 1, .totals = totals,
		.total_count = COUNT(totals) };

	happened(t, entry_period_close(&t->next, &f, &t->bytes));
}

static void
close_with(struct tale *t, const char *event, uint64_t count)
{
	const struct entry_tally total = { event, count };
	struct entry_period_facts f = { .period = "2026-11",
		.last = t->next.seq - 1, .totals = &total, .total_count = 1 };

	happened(t, entry_period_close(&t->next, &f, &t->bytes));
}

static void
the_totals_of_a_period_are_counted_again(void **state)
{
	struct tale t;

	(void)state;
	begin(&t);
	beat(&t);
	beat(&t);
	decide(&t, "resident-id", "11110", true, false);
	close_period(&t, 0, 2);
	assert_true(summary_agrees(&t.summary));
	assert_true(t.summary.periods[0].counted);
	/* the next one begins after the entry that closed this one */
	beat(&t);
	decide(&t, "resident-id", "11110", true, false);
	close_period(&t, 4, 1);
	assert_true(summary_agrees(&t.summary));
	beat(&t);
	decide(&t, "resident-id", "11110", true, false);
	close_period(&t, 7, 2);
	assert_false(summary_agrees(&t.summary));
	end(&t);
	/* an event that was not, and one that is not told of */
	begin(&t);
	beat(&t);
	close_with(&t, "seal", 1);
	assert_false(summary_agrees(&t.summary));
	end(&t);
	begin(&t);
	beat(&t);
	decide(&t, "resident-id", "11110", true, false);
	close_with(&t, "heartbeat", 1);
	assert_false(summary_agrees(&t.summary));
	end(&t);
	/* what began before the first entry seen cannot be counted */
	begin(&t);
	t.next.seq = 10;
	beat(&t);
	decide(&t, "resident-id", "11110", true, false);
	close_period(&t, 3, 7);
	assert_false(t.summary.periods[0].counted);
	assert_true(summary_agrees(&t.summary));
	end(&t);
}

/* ---- gaps */

#define TOTAL(kind) gaps_total(t.gaps, GAP_##kind)

static void
silence_is_a_gap_unless_a_stop_or_a_start_explains_it(void **state)
{
	struct tale t;

	(void)state;
	begin(&t);
	happened(&t, entry_start(&t.next, "1", NULL, NULL, &t.bytes));
	beat(&t);
	t.next.t += GAPS_SILENCE;
	happened(&t, entry_heartbeat(&t.next, &t.bytes));
	assert_true(TOTAL(SILENT) == 0);
	t.next.t += GAPS_SILENCE + 1;
	happened(&t, entry_heartbeat(&t.next, &t.bytes));
	assert_true(TOTAL(SILENT) == 1);
	assert_false(TOTAL(STOPPED) + TOTAL(CRASHED) != 0);
	/* stopped in order, hours ago */
	happened(&t, entry_stop(&t.next, "signal", &t.bytes));
	t.next.t += 600 * MINUTE;
	t.next.boot[0]++;
	happened(&t, entry_start(&t.next, "1", NULL, NULL, &t.bytes));
	assert_true(TOTAL(STOPPED) == 1 && TOTAL(SILENT) == 1);
	/* and not in order */
	t.next.t += 10;
	t.next.boot[0]++;
	happened(&t, entry_start(&t.next, "1", NULL, NULL, &t.bytes));
	assert_true(TOTAL(CRASHED) == 1);
	happened(&t, entry_clock_step(&t.next, -5000, &t.bytes));
	assert_true(TOTAL(CLOCK) == 1);
	assert_int_equal(gaps_end(t.gaps), ERR_OK);
	assert_true(gaps_matter(t.gaps));
	end(&t);
}

static void
tickets_are_accounted_for(void **state)
{
	struct tale t;
	struct gaps_tickets tickets;
	uint64_t of = 2;

	(void)state;
	begin(&t);
	for (unsigned int i = 0; i < 6; i++)
		decide(&t, "resident-id", "11110", true, false);
	decide(&t, "resident-id", "11110", false, false);
	report_on(&t, entry_done, 0);
	report_on(&t, entry_orphan, 1);
	report_on(&t, entry_orphan, 2);
	happened(&t, entry_orphan_closed(&t.next,
	    &(struct entry_orphan_facts){ &of, 1, "operator", "uid:0",
	    "reissued" }, &t.bytes));
	of = 3;
	happened(&t, entry_failed(&t.next, &of, 1, "token", &t.bytes));
	report_on(&t, entry_done, 3);	/* a retry made it after all */
	of = 4;
	happened(&t, entry_failed(&t.next, &of, 1, "token", &t.bytes));
	report_on(&t, entry_done, 6);	/* a refusal: nothing to report on */
	assert_int_equal(gaps_end(t.gaps), ERR_OK);
	tickets = gaps_tickets(t.gaps);
	assert_true(tickets.entries == 6 && tickets.done == 2);
	assert_true(tickets.failed == 1 && tickets.open == 1);
	assert_true(tickets.orphaned == 1 && tickets.closed == 1);
	assert_true(TOTAL(ORPHAN) == 1 && TOTAL(OPEN) == 1);
	assert_true(TOTAL(CLOSED) == 1 && tickets.given_up == 1);
	assert_true(tickets.retried == 0 && tickets.remade == 0);
	assert_true(gaps_at(t.gaps, 0)->kind == GAP_CLOSED);
	assert_true(gaps_at(t.gaps, 0)->index == 2);
	assert_string_equal(gaps_at(t.gaps, 0)->about, "uid:0, reissued");
	end(&t);
}

static void
the_ways_in_which_orphans_are_closed_are_told_apart(void **state)
{
	struct tale t;
	struct gaps_tickets tickets;
	AUTO_DONE(bytes) words = { 0 };
	uint64_t of = 0;

	(void)state;
	begin(&t);
	for (unsigned int i = 0; i < 3; i++)
		decide(&t, "resident-id", "11110", true, false);
	for (of = 0; of < 3; of++)
		report_on(&t, entry_orphan, of);
	report_on(&t, entry_done, 0);
	of = 0;
	happened(&t, entry_orphan_closed(&t.next,
	    &(struct entry_orphan_facts){ &of, 1, "retry", NULL, NULL },
	    &t.bytes));
	of = 1;
	happened(&t, entry_orphan_closed(&t.next,
	    &(struct entry_orphan_facts){ &of, 1, "remade", NULL, NULL },
	    &t.bytes));
	of = 2;
	happened(&t, entry_failed(&t.next, &of, 1, "token", &t.bytes));
	assert_int_equal(gaps_end(t.gaps), ERR_OK);
	tickets = gaps_tickets(t.gaps);
	assert_true(tickets.entries == 3 && tickets.done == 1);
	assert_true(tickets.retried == 1 && tickets.remade == 1);
	/* a retry that failed leaves the orphan one */
	assert_true(tickets.failed == 0 && tickets.orphaned == 1);
	assert_true(TOTAL(ORPHAN) == 1 && TOTAL(CLOSED) == 0);
	gaps_report(t.gaps, &words);
	assert_non_null(strstr(bytes_text(&words), "1 open, 1 signed by a "
	    "retry, 0 given up by an operator, 1 remade"));
	end(&t);
}

static void
times_without_a_witness_and_times_sealed_are_told(void **state)
{
	struct tale t;
	AUTO_DONE(bytes) words = { 0 };

	(void)state;
	begin(&t);
	happened(&t, entry_start(&t.next, "1", NULL, NULL, &t.bytes));
	beat(&t);
	happened(&t, entry_unseal(&t.next, (const uint64_t[]){ 1, 2 }, 2,
	    NULL, &t.bytes));
	assert_true(TOTAL(SEALED) == 1);
	happened(&t, entry_witness_lost(&t.next, "w.example", "timeout", 2,
	    &t.bytes));
	beat(&t);
	happened(&t, entry_witness_lost(&t.next, "w.example", "timeout", 2,
	    &t.bytes));
	happened(&t, entry_witness_gained(&t.next, "w.example", 5, &t.bytes));
	assert_true(TOTAL(UNWITNESSED) == 1);
	happened(&t, entry_witness_lost(&t.next, "v.example", NULL, 5,
	    &t.bytes));
	assert_int_equal(gaps_end(t.gaps), ERR_OK);
	assert_true(TOTAL(UNWITNESSED) == 2);
	assert_true(gaps_at(t.gaps, 1)->to - gaps_at(t.gaps, 1)->from ==
	    MINUTE);
	assert_string_equal(gaps_at(t.gaps, 2)->about, "v.example");
	assert_true(gaps_at(t.gaps, 2)->to == 0);
	gaps_report(t.gaps, &words);
	assert_non_null(strstr(bytes_text(&words), "until the end, v.example"));
	end(&t);
}

static void
a_log_that_ends_sealed_says_since_when(void **state)
{
	struct tale t;

	(void)state;
	begin(&t);
	happened(&t, entry_start(&t.next, "1", NULL, NULL, &t.bytes));
	happened(&t, entry_unseal(&t.next, (const uint64_t[]){ 1, 2 }, 2,
	    NULL, &t.bytes));
	assert_true(TOTAL(SEALED) == 1);	/* since its start */
	beat(&t);
	happened(&t, entry_seal(&t.next, "signal", 0, &t.bytes));
	assert_int_equal(gaps_end(t.gaps), ERR_OK);
	assert_true(TOTAL(SEALED) == 2 && gaps_count(t.gaps) == 2);
	assert_true(gaps_at(t.gaps, 1)->index == 3);
	assert_true(gaps_at(t.gaps, 1)->from == START + MINUTE);
	assert_true(gaps_at(t.gaps, 1)->to == 0);
	end(&t);
}

/* More than any log may have: of the others nothing is told. */
static void
no_more_than_64_witnesses_are_followed(void **state)
{
	char name[16];
	struct tale t;

	(void)state;
	begin(&t);
	for (unsigned int i = 0; i < 66; i++) {
		snprintf(name, sizeof(name), "w%u.example", i);
		happened(&t, entry_witness_lost(&t.next, name, "timeout", 2,
		    &t.bytes));
	}
	assert_int_equal(gaps_end(t.gaps), ERR_OK);
	assert_true(TOTAL(UNWITNESSED) == 64 && gaps_count(t.gaps) == 64);
	assert_string_equal(gaps_at(t.gaps, 63)->about, "w63.example");
	end(&t);
}

static void
a_log_in_order_has_nothing_to_explain(void **state)
{
	struct tale t;

	(void)state;
	begin(&t);
	happened(&t, entry_start(&t.next, "1", NULL, NULL, &t.bytes));
	decide(&t, "resident-id", "11110", true, false);
	report_on(&t, entry_done, 1);
	beat(&t);
	happened(&t, entry_stop(&t.next, "signal", &t.bytes));
	assert_int_equal(gaps_end(t.gaps), ERR_OK);
	assert_false(gaps_matter(t.gaps));
	end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decisions_are_counted_in_every_way),
		cmocka_unit_test(the_totals_of_a_period_are_counted_again),
		cmocka_unit_test(
		    silence_is_a_gap_unless_a_stop_or_a_start_explains_it),
		cmocka_unit_test(tickets_are_accounted_for),
		cmocka_unit_test(
		    the_ways_in_which_orphans_are_closed_are_told_apart),
		cmocka_unit_test(
		    times_without_a_witness_and_times_sealed_are_told),
		cmocka_unit_test(a_log_that_ends_sealed_says_since_when),
		cmocka_unit_test(no_more_than_64_witnesses_are_followed),
		cmocka_unit_test(a_log_in_order_has_nothing_to_explain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
