/*
 * Entries as they are written: the exact bytes of each event, the limits of
 * every form, the log's clock.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "audit/entry.h"

static const struct entry_common common = {
	.seq = 123, .t = 1795392000123,
	.boot = { 0xb0, 1, 2, 3, 4, 5, 6, 7 },
	.nonce = { 0x20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
};

#define BOOT "{\"boot\":\"b001020304050607\","
#define NONCE "\"n\":\"200102030405060708090a0b0c0d0e0f\","
#define TAIL "\"seq\":123,\"t\":1795392000123,\"v\":1}"
#define SPKI "0100000000000000000000000000000000000000000000000000000000000000"

static struct hash hash = { { 1 } };

static void
assert_written(enum err e, struct bytes *got, const char *want)
{
	struct schema_entry read;

	assert_int_equal(e, ERR_OK);
	assert_string_equal(bytes_text(got), want);
	assert_int_equal(schema_get(bytes_view(got), &read), ERR_OK);
	bytes_reset(got);
}

static void
each_event_has_its_bytes(void **state)
{
	static const uint64_t of[] = { 3, 7, 122 };
	struct entry_key_use_facts use = { 2, "okse signer 1", { { 1 } },
		true };
	struct entry_refused_facts refused = { 1795392000000, 1, 2, 3 };
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	assert_written(entry_start(&common, "1.0", &hash, &hash, &b), &b,
	    BOOT "\"config\":\"" SPKI "\",\"ev\":\"start\"," NONCE
	    "\"program\":\"" SPKI "\",\"seq\":123,\"t\":1795392000123,"
	    "\"v\":1,\"version\":\"1.0\"}");
	assert_written(entry_start(&common, "1.0", NULL, NULL, &b), &b,
	    BOOT "\"ev\":\"start\"," NONCE "\"seq\":123,"
	    "\"t\":1795392000123,\"v\":1,\"version\":\"1.0\"}");
	assert_written(entry_stop(&common, "signal", &b), &b,
	    BOOT "\"ev\":\"stop\"," NONCE "\"reason\":\"signal\"," TAIL);
	assert_written(entry_seal(&common, "officer", 0, &b), &b,
	    BOOT "\"ev\":\"seal\"," NONCE "\"reason\":\"officer\"," TAIL);
	assert_written(entry_unseal_share(&common, 3, &b), &b,
	    BOOT "\"ev\":\"unseal.share\"," NONCE "\"seat\":3," TAIL);
	assert_written(entry_unseal(&common, of, 2, NULL, &b), &b,
	    BOOT "\"ev\":\"unseal\"," NONCE "\"seats\":[3,7]," TAIL);
	assert_written(entry_key_use(&common, &use, &b), &b,
	    BOOT "\"ev\":\"key.use\",\"keyholder\":2,"
	    "\"label\":\"okse signer 1\"," NONCE "\"seq\":123,\"spki\":\""
	    SPKI "\",\"t\":1795392000123,\"v\":1,\"what\":\"stop\"}");
	assert_written(entry_done(&common, of, 3, &b), &b,
	    BOOT "\"ev\":\"done\"," NONCE "\"of\":[3,7,122]," TAIL);
	assert_written(entry_orphan(&common, of, 1, &b), &b,
	    BOOT "\"ev\":\"orphan\"," NONCE "\"of\":[3]," TAIL);
	assert_written(entry_failed(&common, of, 1, "token", &b), &b,
	    BOOT "\"ev\":\"failed\"," NONCE
	    "\"of\":[3],\"reason\":\"token\"," TAIL);
	assert_written(entry_refused(&common, &refused, &b), &b,
	    BOOT "\"ev\":\"refused.aggregate\",\"malformed\":1," NONCE
	    "\"seq\":123,\"since\":1795392000000,\"t\":1795392000123,"
	    "\"throttled\":3,\"unauthenticated\":2,\"v\":1}");
	assert_written(entry_recover(&common, 123, 100, &b), &b,
	    BOOT "\"entries\":123,\"ev\":\"recover\"," NONCE
	    "\"published\":100," TAIL);
	assert_written(entry_ceremony(&common, &hash, &b), &b,
	    BOOT "\"ev\":\"ceremony\"," NONCE
	    "\"seq\":123,\"t\":1795392000123,\"transcript\":\"" SPKI
	    "\",\"v\":1}");
	assert_written(entry_clock_step(&common, -2500, &b), &b,
	    BOOT "\"by\":-2500,\"ev\":\"clock.step\"," NONCE TAIL);
	assert_written(entry_heartbeat(&common, &b), &b,
	    BOOT "\"ev\":\"heartbeat\"," NONCE TAIL);
}

static void
a_change_of_policy_names_both_and_who_signed(void **state)
{
	static const uint64_t seats[] = { 3, 7 };
	struct entry_policy_facts f = { .policy = hash, .manifest = hash,
		.serial = 7, .seats = seats, .seat_count = COUNT(seats) };
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	assert_written(entry_policy(&common, &f, &b), &b,
	    BOOT "\"ev\":\"policy\",\"manifest\":\"" SPKI "\"," NONCE
	    "\"policy\":\"" SPKI "\",\"seats\":[3,7],"
	    "\"seq\":123,\"serial\":7,\"t\":1795392000123,\"v\":1}");
	f.replaces = &hash;
	assert_written(entry_policy(&common, &f, &b), &b,
	    BOOT "\"ev\":\"policy\",\"manifest\":\"" SPKI "\"," NONCE
	    "\"policy\":\"" SPKI "\",\"replaces\":\"" SPKI
	    "\",\"seats\":[3,7],\"seq\":123,\"serial\":7,"
	    "\"t\":1795392000123,\"v\":1}");
	/* nobody signs for nothing */
	f.seat_count = 0;
	assert_int_equal(entry_policy(&common, &f, &b), ERR_SCHEMA);
}

static const uint8_t pseudonym[16] = { 0xaa };
static const struct entry_rule rules[] = {
	{ "holder-age", ENTRY_RULE_PASS },
	{ "card-held", ENTRY_RULE_NA },
	{ "holder", ENTRY_RULE_PASS },
};

static struct entry_decision_facts
decision(void)
{
	return (struct entry_decision_facts){ .operation = "credential",
		.programme = "resident-id", .purpose = "first-issue",
		.allow = true, .caller = "centre-3611",
		.evidence = "qr-token", .centre = "3611025000",
		.region = "36110", .holder = pseudonym, .device = pseudonym,
		.expiry = 1890000000000, .policy = hash, .serial = 7,
		.request = { 5 }, .rules = rules, .rule_count = COUNT(rules),
		.drafts = &hash, .draft_count = 1 };
}

static void
a_decision_has_its_bytes_with_its_rules_sorted(void **state)
{
	struct entry_decision_facts f = decision();
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	assert_written(entry_decision(&common, &f, &b), &b, BOOT
	    "\"caller\":\"centre-3611\",\"centre\":\"3611025000\","
	    "\"device\":\"aa000000000000000000000000000000\","
	    "\"drafts\":[\"" SPKI "\"],\"ev\":\"decision\","
	    "\"evidence\":\"qr-token\",\"expiry\":1890000000000,"
	    "\"holder\":\"aa000000000000000000000000000000\"," NONCE
	    "\"op\":\"credential\",\"out\":\"allow\",\"policy\":\"" SPKI
	    "\",\"programme\":\"resident-id\",\"purpose\":\"first-issue\","
	    "\"region\":\"36110\","
	    "\"req\":\"05000000000000000000000000000000\","
	    "\"rules\":{\"card-held\":\"na\",\"holder\":\"pass\","
	    "\"holder-age\":\"pass\"},\"seq\":123,\"serial\":7,"
	    "\"t\":1795392000123,\"v\":1}");
}

static void
a_dry_run_says_so_and_names_nobody(void **state)
{
	static const struct entry_rule monitored[] = {
		{ "quota", ENTRY_RULE_MONITOR },
	};
	struct entry_decision_facts f = { .operation = "qr-token",
		.programme = "resident-id", .allow = true, .dry_run = true,
		.caller = "c", .policy = hash, .rules = monitored,
		.rule_count = 1 };
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	assert_written(entry_decision(&common, &f, &b), &b, BOOT
	    "\"caller\":\"c\",\"dry\":1,\"ev\":\"decision\"," NONCE
	    "\"op\":\"qr-token\",\"out\":\"allow\",\"policy\":\"" SPKI
	    "\",\"programme\":\"resident-id\","
	    "\"req\":\"00000000000000000000000000000000\","
	    "\"rules\":{\"quota\":\"mon\"},\"seq\":123,\"serial\":0,"
	    "\"t\":1795392000123,\"v\":1}");
	f.holder = pseudonym;
	assert_int_equal(entry_decision(&common, &f, &b), ERR_SCHEMA);
	f.holder = NULL;
	f.drafts = &hash;
	f.draft_count = 1;
	assert_int_equal(entry_decision(&common, &f, &b), ERR_SCHEMA);
}

static void
a_bare_refusal_leaves_out_what_it_does_not_know(void **state)
{
	static const struct entry_rule one[] = { { "x", ENTRY_RULE_FAIL } };
	struct entry_decision_facts f = { .operation = "qr-token",
		.programme = "resident-id", .caller = "c", .policy = hash,
		.rules = one, .rule_count = 1 };
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	assert_written(entry_decision(&common, &f, &b), &b, BOOT
	    "\"caller\":\"c\",\"ev\":\"decision\"," NONCE
	    "\"op\":\"qr-token\",\"out\":\"deny\",\"policy\":\"" SPKI
	    "\",\"programme\":\"resident-id\","
	    "\"req\":\"00000000000000000000000000000000\","
	    "\"rules\":{\"x\":\"fail\"},\"seq\":123,\"serial\":0,"
	    "\"t\":1795392000123,\"v\":1}");
}

static enum err
decide(const struct entry_decision_facts *f)
{
	AUTO_DONE(bytes) b = { 0 };
	enum err e = entry_decision(&common, f, &b);

	/* nothing is written unless all of it is good */
	assert_true(e == ERR_OK ? b.len != 0 : b.len == 0);
	return e;
}

static void
a_decision_that_contradicts_itself_is_refused(void **state)
{
	static const struct entry_rule failed[] = {
		{ "a", ENTRY_RULE_PASS }, { "b", ENTRY_RULE_FAIL } };
	static const struct entry_rule twice[] = {
		{ "a", ENTRY_RULE_PASS }, { "a", ENTRY_RULE_PASS } };
	struct entry_decision_facts f = decision();

	(void)state;
	f.rules = failed;
	f.rule_count = 2;
	assert_int_equal(decide(&f), ERR_SCHEMA);
	f.allow = false;
	assert_int_equal(decide(&f), ERR_SCHEMA);	/* with drafts */
	f.draft_count = 0;
	assert_int_equal(decide(&f), ERR_SCHEMA);	/* with expiry */
	f.expiry = 0;
	assert_int_equal(decide(&f), ERR_OK);
	f.rules = twice;
	assert_int_equal(decide(&f), ERR_SCHEMA);
	f.rule_count = 0;
	assert_int_equal(decide(&f), ERR_SCHEMA);
}

static void
texts_out_of_form_do_not_reach_the_log(void **state)
{
	static const char *const names[] = { "", "a\"b", "a\\b", "a\nb",
		"김", "a<b" };
	struct entry_decision_facts f = decision();

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		f = decision();
		f.caller = names[i];
		assert_int_not_equal(decide(&f), ERR_OK);
		f = decision();
		f.purpose = names[i];
		assert_int_not_equal(decide(&f), ERR_OK);
	}
	f = decision();
	f.caller = "CN=issuer.example.kr, spiffe://x/y @1:2+3_4";
	assert_int_equal(decide(&f), ERR_OK);
	f.operation = "revocation";
	assert_int_equal(decide(&f), ERR_SCHEMA);
	f = decision();
	f.purpose = "-x";
	assert_int_equal(decide(&f), ERR_SCHEMA);
	f = decision();
	f.programme = "Resident";
	assert_int_equal(decide(&f), ERR_SCHEMA);
}

static void
texts_of_the_longest_length_are_taken_and_none_longer(void **state)
{
	char text[130];
	struct entry_decision_facts f = decision();

	(void)state;
	memset(text, 'a', sizeof(text));
	text[128] = '\0';
	f.caller = text;
	assert_int_equal(decide(&f), ERR_OK);
	text[128] = 'a';
	text[129] = '\0';
	assert_int_equal(decide(&f), ERR_SCHEMA);
	f = decision();
	text[64] = '\0';
	f.purpose = text;
	assert_int_equal(decide(&f), ERR_OK);
	text[64] = 'a';
	text[65] = '\0';
	assert_int_equal(decide(&f), ERR_SCHEMA);
	f = decision();
	f.region = "3611";
	assert_int_equal(decide(&f), ERR_SCHEMA);
	f.region = "361100";
	assert_int_equal(decide(&f), ERR_SCHEMA);
	f = decision();
	f.centre = "361102500";
	assert_int_equal(decide(&f), ERR_SCHEMA);
	f.centre = "361102500x";
	assert_int_equal(decide(&f), ERR_SCHEMA);
}

static void
sixty_four_rules_fit_and_one_more_does_not(void **state)
{
	static struct entry_rule many[ENTRY_RULES_MAX + 1];
	static char ids[ENTRY_RULES_MAX + 1][8];
	struct entry_decision_facts f = decision();

	(void)state;
	for (unsigned int i = 0; i < COUNT(many); i++) {
		snprintf(ids[i], sizeof(ids[i]), "r%02u", i);
		many[i] = (struct entry_rule){ ids[i], ENTRY_RULE_PASS };
	}
	f.rules = many;
	f.rule_count = ENTRY_RULES_MAX;
	assert_int_equal(decide(&f), ERR_OK);
	f.rule_count = ENTRY_RULES_MAX + 1;
	assert_int_equal(decide(&f), ERR_TOO_LARGE);
}

static void
two_hundred_indexes_fit_and_one_more_does_not(void **state)
{
	uint64_t of[SCHEMA_LIST_MAX + 1];
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	/* the largest there can be */
	for (size_t i = 0; i < COUNT(of); i++)
		of[i] = (UINT64_C(1) << 53) - 1 - COUNT(of) + i;
	assert_int_equal(entry_done(&common, of, SCHEMA_LIST_MAX, &b),
	    ERR_OK);
	assert_true(b.len <= SCHEMA_ENTRY_MAX);
	bytes_reset(&b);
	assert_int_equal(entry_done(&common, of, COUNT(of), &b), ERR_SCHEMA);
	assert_int_equal(entry_done(&common, of, 0, &b), ERR_SCHEMA);
	of[1] = of[0];
	assert_int_equal(entry_done(&common, of, 2, &b), ERR_SCHEMA);
	assert_int_equal(b.len, 0);
}

static void
an_entry_over_4096_bytes_is_not_written(void **state)
{
	struct hash drafts[ENTRY_DRAFTS_MAX * 4] = { 0 };
	struct entry_decision_facts f = decision();

	(void)state;
	f.drafts = drafts;
	f.draft_count = COUNT(drafts);
	assert_int_equal(decide(&f), ERR_TOO_LARGE);
	f.draft_count = ENTRY_DRAFTS_MAX;
	assert_int_equal(decide(&f), ERR_OK);
}

static void
numbers_beyond_2_to_the_53_are_refused(void **state)
{
	struct entry_common c = common;
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	c.seq = (UINT64_C(1) << 53) - 1;
	assert_int_equal(entry_heartbeat(&c, &b), ERR_OK);
	c.seq++;
	assert_int_equal(entry_heartbeat(&c, &b), ERR_SCHEMA);
	c = common;
	c.t = -1;
	assert_int_equal(entry_heartbeat(&c, &b), ERR_SCHEMA);
}

/* ---- time */

static void
time_never_goes_back_and_steps_are_told(void **state)
{
	struct entry_clock c = { 0 };
	int64_t step, mono = 5000000;

	(void)state;
	assert_true(entry_clock_now(&c, 1000000, mono, &step) == 1000000);
	assert_true(step == 0);
	/* ten seconds later by both clocks */
	assert_true(entry_clock_now(&c, 1010000, mono + 10000000, &step) ==
	    1010000);
	assert_true(step == 0);
	/* the wall clock is set back by 5 s */
	assert_true(entry_clock_now(&c, 1005000, mono + 10000000, &step) ==
	    1010000);
	assert_true(step == -5000);
	assert_true(entry_clock_now(&c, 1006000, mono + 11000000, &step) ==
	    1010000);
	assert_true(step == 0);
	/* and forward by an hour */
	assert_true(entry_clock_now(&c, 4606000, mono + 11000000, &step) ==
	    4606000);
	assert_true(step == 3600000);
}

static void
a_step_of_a_second_is_told_and_less_is_not(void **state)
{
	struct entry_clock c = { 0 };
	int64_t step;

	(void)state;
	(void)entry_clock_now(&c, 1000000, 0, &step);
	(void)entry_clock_now(&c, 1000999, 0, &step);
	assert_true(step == 0);
	(void)entry_clock_now(&c, 1001999, 0, &step);
	assert_true(step == 1000);
	(void)entry_clock_now(&c, 1001000, 0, &step);
	assert_true(step == 0);
	(void)entry_clock_now(&c, 1000000, 0, &step);
	assert_true(step == -1000);
}

static void
a_clock_behind_the_log_at_the_start_is_told(void **state)
{
	struct entry_clock c = { .last = 2000000 };
	int64_t step;

	(void)state;
	assert_true(entry_clock_now(&c, 1500000, 0, &step) == 2000000);
	assert_true(step == -500000);
	assert_true(entry_clock_now(&c, 1500001, 1000, &step) == 2000000);
	assert_true(step == 0);
	assert_true(entry_clock_now(&c, 2000001, 500001000, &step) ==
	    2000001);
	assert_true(step == 0);
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
		cmocka_unit_test(each_event_has_its_bytes),
		cmocka_unit_test(
		    a_change_of_policy_names_both_and_who_signed),
		cmocka_unit_test(
		    a_decision_has_its_bytes_with_its_rules_sorted),
		cmocka_unit_test(a_dry_run_says_so_and_names_nobody),
		cmocka_unit_test(
		    a_bare_refusal_leaves_out_what_it_does_not_know),
		cmocka_unit_test(
		    a_decision_that_contradicts_itself_is_refused),
		cmocka_unit_test(texts_out_of_form_do_not_reach_the_log),
		cmocka_unit_test(
		    texts_of_the_longest_length_are_taken_and_none_longer),
		cmocka_unit_test(sixty_four_rules_fit_and_one_more_does_not),
		cmocka_unit_test(two_hundred_indexes_fit_and_one_more_does_not),
		cmocka_unit_test(an_entry_over_4096_bytes_is_not_written),
		cmocka_unit_test(numbers_beyond_2_to_the_53_are_refused),
		cmocka_unit_test(time_never_goes_back_and_steps_are_told),
		cmocka_unit_test(a_step_of_a_second_is_told_and_less_is_not),
		cmocka_unit_test(a_clock_behind_the_log_at_the_start_is_told),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
