/*
 * What a decision brought about, and the events around decisions: their exact
 * bytes, and that a refusal has no effect.
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
#define HASH "0100000000000000000000000000000000000000000000000000000000000000"
#define ID "aa000000000000000000000000000000"

static const struct hash hash = { { 1 } };
static const uint8_t id[16] = { 0xaa };
static const uint8_t signer[8] = { 0x51 };
static const uint64_t seats[] = { 3, 7 };
static const struct entry_tally tally[] = { { "done", 5 }, { "start", 1 } };

static void
assert_written(enum err e, struct bytes *got, const char *want)
{
	struct schema_entry read;

	assert_int_equal(e, ERR_OK);
	assert_string_equal(bytes_text(got), want);
	assert_int_equal(schema_get(bytes_view(got), &read), ERR_OK);
	bytes_reset(got);
}

/* ---- decisions */

static const struct entry_rule rules[] = { { "holder-age", ENTRY_RULE_PASS } };

static struct entry_decision_facts
decision(const char *operation)
{
	return (struct entry_decision_facts){ .operation = operation,
		.programme = "resident-id", .allow = true, .caller = "c",
		.policy = hash, .serial = 7, .request = { 5 },
		.rules = rules, .rule_count = COUNT(rules), .holder = id };
}

#define ASKED "\"policy\":\"" HASH "\",\"programme\":\"resident-id\","
#define REQ "\"req\":\"05000000000000000000000000000000\","
#define RULES "\"rules\":{\"holder-age\":\"pass\"},"

static void
a_decision_tells_its_effect_and_what_it_depended_on(void **state)
{
	static const struct schema_use uses[] = { { 0, 1048570, 6 },
		{ 1, 0, 2 } };
	struct entry_decision_facts f = decision("credential");
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	f.reason = "device-lost";
	f.purpose = "reissue";
	f.facts = view_text("{\"now\":1795392000,\"saw\":{\"holder-age\":17}}");
	f.used = id;
	f.keys = id;
	f.key_count = 1;
	f.uses = uses;
	f.use_count = COUNT(uses);
	f.signer = signer;
	f.drafts = &hash;
	f.draft_count = 1;
	f.bound = 1795392000000;
	f.old = 1700000000000;
	f.changed = 1795392001000;
	f.until = 1803168000000;
	assert_written(entry_decision(&common, &f, &b), &b,
	    "{\"boot\":\"b001020304050607\",\"bound\":1795392000000,"
	    "\"caller\":\"c\",\"changed\":1795392001000,"
	    "\"drafts\":[\"" HASH "\"],\"ev\":\"decision\","
	    "\"facts\":{\"now\":1795392000,\"saw\":{\"holder-age\":17}},"
	    "\"holder\":\"" ID "\",\"keys\":[\"" ID "\"]," NONCE
	    "\"old\":1700000000000,\"op\":\"credential\","
	    "\"out\":\"allow\"," ASKED
	    "\"purpose\":\"reissue\",\"reason\":\"device-lost\"," REQ RULES
	    "\"seq\":123,\"serial\":7,\"signer\":\"5100000000000000\","
	    "\"st\":[[0,1048570,6],[1,0,2]],\"t\":1795392000123,"
	    "\"until\":1803168000000,\"used\":\"" ID "\",\"v\":1}");
	f = decision("qr-token");
	f.cti = id;
	assert_written(entry_decision(&common, &f, &b), &b, BOOT
	    "\"caller\":\"c\",\"cti\":\"" ID "\",\"ev\":\"decision\","
	    "\"holder\":\"" ID "\"," NONCE
	    "\"op\":\"qr-token\",\"out\":\"allow\"," ASKED REQ RULES
	    "\"seq\":123,\"serial\":7,\"t\":1795392000123,\"v\":1}");
}

static void
a_change_of_status_names_its_action_and_what_it_set(void **state)
{
	static const struct schema_use use = { 3, 70, 2 };
	static const uint64_t value = 1;
	struct entry_decision_facts f = decision("status-change");
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	f.action = "revoke";
	f.reason = "card-lost";
	f.uses = &use;
	f.use_count = 1;
	f.value = &value;
	assert_written(entry_decision(&common, &f, &b), &b,
	    "{\"action\":\"revoke\",\"boot\":\"b001020304050607\","
	    "\"caller\":\"c\",\"ev\":\"decision\","
	    "\"holder\":\"" ID "\"," NONCE
	    "\"op\":\"status-change\",\"out\":\"allow\"," ASKED
	    "\"reason\":\"card-lost\"," REQ RULES
	    "\"seq\":123,\"serial\":7,\"st\":[[3,70,2]],\"t\":1795392000123,"
	    "\"v\":1,\"value\":1}");
	f.action = "forgive";
	assert_int_equal(entry_decision(&common, &f, &b), ERR_SCHEMA);
	f.action = "suspend";
	f.operation = "credential";
	assert_int_equal(entry_decision(&common, &f, &b), ERR_SCHEMA);
	assert_int_equal(b.len, 0);
}

static void
a_refusal_and_a_dry_run_have_no_effect(void **state)
{
	static const struct schema_use use = { 0, 0, 1 };
	static const struct entry_rule failed = { "x", ENTRY_RULE_FAIL };
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	for (unsigned int i = 0; i < 20; i++) {
		struct entry_decision_facts f = decision("credential");
		bool dry = i % 2 == 0;

		f.dry_run = dry;
		f.allow = dry;
		f.holder = NULL;
		if (!dry) {
			f.rules = &failed;
			f.rule_count = 1;
		}
		assert_int_equal(entry_decision(&common, &f, &b), ERR_OK);
		bytes_reset(&b);
		switch (i / 2) {
		case 0:
			f.cti = id;
			break;
		case 1:
			f.used = id;
			break;
		case 2:
			f.keys = id;
			f.key_count = 1;
			break;
		case 3:
			f.uses = &use;
			f.use_count = 1;
			break;
		case 4:
			f.drafts = &hash;
			f.draft_count = 1;
			break;
		case 5:
			f.bound = 1;
			break;
		case 6:
			f.old = 1;
			break;
		case 7:
			f.changed = 1;
			break;
		case 8:
			f.until = 1;
			break;
		default:
			f.value = &use.count;
			f.operation = "status-change";
		}
		assert_int_equal(entry_decision(&common, &f, &b), ERR_SCHEMA);
		assert_int_equal(b.len, 0);
	}
}

static void
sixty_four_drafts_and_keys_fit_beside_the_longest_facts(void **state)
{
	static struct hash drafts[ENTRY_DRAFTS_MAX];
	static uint8_t keys[ENTRY_DRAFTS_MAX * ENTRY_PSEUDONYM_SIZE];
	static struct entry_rule many[20];
	static char ids[COUNT(many)][16], facts[600];
	static const struct schema_use uses[] = { { 9999, 1048500, 76 },
		{ 10000, 0, 52 } };
	struct entry_decision_facts f = decision("credential");
	AUTO_DONE(bytes) b = { 0 };
	size_t at;

	(void)state;
	for (size_t i = 0; i < COUNT(many); i++) {
		snprintf(ids[i], sizeof(ids[i]), "rule-of-this-%02zu", i);
		many[i] = (struct entry_rule){ ids[i], ENTRY_RULE_PASS };
	}
	f.rules = many;
	f.rule_count = COUNT(many);
	at = (size_t)snprintf(facts, sizeof(facts), "{\"formats\":\"");
	memset(facts + at, 'x', 128);
	snprintf(facts + at + 128, sizeof(facts) - at - 128,
	    "\",\"saw\":{\"c\":-9007199254740991,\"d\":"
	    "\"word\"}}");
	f.facts = view_text(facts);
	f.drafts = drafts;
	f.draft_count = COUNT(drafts);
	f.keys = keys;
	f.key_count = ENTRY_DRAFTS_MAX;
	f.uses = uses;
	f.use_count = COUNT(uses);
	f.used = f.device = id;
	f.signer = signer;
	f.purpose = "first-issue";
	f.evidence = "qr-token";
	f.centre = "3611025000";
	f.region = "36110";
	f.expiry = 1890000000000;
	assert_int_equal(entry_decision(&common, &f, &b), ERR_OK);
	assert_true(b.len < SCHEMA_ENTRY_MAX);
}

static void
facts_that_are_no_facts_are_refused(void **state)
{
	static const char *const bad[] = {
		"{}", "[]", "1", "{\"active\":1.5}", "{\"active\":true}",
		"{\"active\":null}", "{\"active\":[1]}", "{\"nosuch\":1}",
		"{\"chip\":1,\"active\":1}", "{\"active\":1,\"active\":1}",
		"{\"active\":-0}", "{\"saw\":{}}", "{\"Active\":1}",
		"{\"saw\":{\"b\":{\"c\":1}}}", "{\"formats\":\"b\\n\"}",
		"{\"active\":9007199254740992}",
	};
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct entry_decision_facts f = decision("credential");

		f.facts = view_text(bad[i]);
		assert_int_not_equal(entry_decision(&common, &f, &b), ERR_OK);
		assert_int_equal(b.len, 0);
	}
}

/* ---- around the decisions */

static void
what_the_service_signs_of_its_own_has_drafts(void **state)
{
	struct entry_signed_facts f = { .list = 2, .serial = 17,
		.expiry = 1890000000000, .signer = signer,
		.drafts = &hash, .draft_count = 1 };
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	assert_written(entry_status_list(&common, &f, &b), &b, BOOT
	    "\"drafts\":[\"" HASH "\"],\"ev\":\"status.list\","
	    "\"expiry\":1890000000000,\"list\":2," NONCE
	    "\"seq\":123,\"serial\":17,\"signer\":\"5100000000000000\","
	    "\"t\":1795392000123,\"v\":1}");
	assert_written(entry_metadata(&common, &f, &b), &b, BOOT
	    "\"drafts\":[\"" HASH "\"],\"ev\":\"metadata\"," NONCE
	    "\"seq\":123,\"serial\":17,\"signer\":\"5100000000000000\","
	    "\"t\":1795392000123,\"v\":1}");
	f.draft_count = 0;
	assert_int_equal(entry_status_list(&common, &f, &b), ERR_SCHEMA);
	assert_int_equal(entry_metadata(&common, &f, &b), ERR_SCHEMA);
}

static void
nodes_come_and_go_by_name_and_key(void **state)
{
	struct entry_node_facts f = { .node = "seoul-1",
		.origin = "okse.example/log/seoul-1", .vkey = hash,
		.reason = "decommissioned", .seats = seats,
		.seat_count = COUNT(seats) };
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	assert_written(entry_node(&common, &f, &b), &b, BOOT
	    "\"ev\":\"node.join\"," NONCE "\"node\":\"seoul-1\","
	    "\"origin\":\"okse.example/log/seoul-1\",\"seats\":[3,7],"
	    "\"seq\":123,\"t\":1795392000123,\"v\":1,\"vkey\":\"" HASH "\"}");
	f.retires = true;
	f.seat_count = 0;
	assert_written(entry_node(&common, &f, &b), &b, BOOT
	    "\"ev\":\"node.retire\"," NONCE "\"node\":\"seoul-1\","
	    "\"origin\":\"okse.example/log/seoul-1\","
	    "\"reason\":\"decommissioned\","
	    "\"seq\":123,\"t\":1795392000123,\"v\":1,\"vkey\":\"" HASH "\"}");
	f.node = "Seoul 1";
	assert_int_equal(entry_node(&common, &f, &b), ERR_SCHEMA);
}

static void
the_token_was_put_to_the_test(void **state)
{
	static const struct entry_tally found[] = {
		{ "keys", 7 }, { "objects", 14 }, { "refused", 56 },
		{ "unknown", 7 },
	};
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	assert_written(entry_token(&common, &hash, found, COUNT(found), &b),
	    &b, BOOT "\"counts\":{\"keys\":7,\"objects\":14,\"refused\":56,"
	    "\"unknown\":7},\"digest\":\"" HASH "\",\"ev\":\"token\","
	    NONCE TAIL);
}

static void
the_registry_says_what_was_saved_and_mended(void **state)
{
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	assert_written(entry_registry_repair(&common, 5, 120, tally,
	    COUNT(tally), &b), &b, BOOT
	    "\"counts\":{\"done\":5,\"start\":1},\"ev\":\"registry.repair\","
	    "\"from\":5," NONCE "\"seq\":123,\"t\":1795392000123,\"to\":120,"
	    "\"v\":1}");
	assert_written(entry_registry_backup(&common, 123, &hash, NULL, 0,
	    &b), &b, BOOT "\"digest\":\"" HASH "\",\"entries\":123,"
	    "\"ev\":\"registry.backup\"," NONCE TAIL);
}

/* Ed25519, of the seeds 01… and 02… */
#define FORMER_NAME "okse.example/log+049b903b"
#define FORMER_KEY "AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
#define FORMER_HASH "25e180ca797fa0d01004c4d6bc2a3302"    \
	"8bc4cb2ba3ec6293961aa415daa92516"
#define KEY_NAME "okse.example/log+0f873246"
#define KEY_KEY "AYE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU"
#define KEY_HASH "b40a1690259e7ff1af337415492b172a"    \
	"1a0b244db5d84dabb80c38b291363390"

static void
witnesses_and_periods_have_their_entries(void **state)
{
	struct entry_period_facts period = { .period = "2026-11",
		.first = 4, .last = 122, .totals = tally,
		.total_count = COUNT(tally), .orphans = 1, .policy = hash,
		.serial = 7, .previous = &hash };
	struct entry_query_facts query = { .what = "holder", .holder = id,
		.seat = seats };
	static const uint64_t of[] = { 7 };
	const struct entry_orphan_facts retried = { of, 1, "retry", NULL,
		NULL };
	const struct entry_orphan_facts given_up = { of, 1, "operator",
		"uid:0", "reissued" };
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	assert_written(entry_witness_lost(&common, "w.example", "timeout", 99,
	    &b), &b, BOOT "\"ev\":\"witness.lost\"," NONCE
	    "\"reason\":\"timeout\",\"seq\":123,\"size\":99,"
	    "\"t\":1795392000123,\"v\":1,\"witness\":\"w.example\"}");
	assert_written(entry_witness_gained(&common, "w.example", 123, &b),
	    &b, BOOT "\"ev\":\"witness.gained\"," NONCE
	    "\"seq\":123,\"size\":123,\"t\":1795392000123,\"v\":1,"
	    "\"witness\":\"w.example\"}");
	assert_written(entry_period_close(&common, &period, &b), &b, BOOT
	    "\"ev\":\"period.close\",\"first\":4,\"last\":122," NONCE
	    "\"orphans\":1,\"period\":\"2026-11\",\"policy\":\"" HASH "\","
	    "\"previous\":\"" HASH "\",\"seq\":123,\"serial\":7,"
	    "\"t\":1795392000123,\"totals\":{\"done\":5,\"start\":1},"
	    "\"v\":1}");
	assert_written(entry_prune(&common, 256, &b), &b, BOOT
	    "\"ev\":\"prune\",\"min\":256," NONCE TAIL);
	assert_written(entry_audit_query(&common, &query, &b), &b, BOOT
	    "\"ev\":\"audit.query\",\"holder\":\"" ID "\"," NONCE
	    "\"seat\":3,\"seq\":123,\"t\":1795392000123,\"v\":1,"
	    "\"what\":\"holder\"}");
	assert_written(entry_orphan_closed(&common, &retried, &b),
	    &b, BOOT "\"ev\":\"orphan.closed\"," NONCE "\"of\":[7],"
	    "\"seq\":123,\"t\":1795392000123,\"v\":1,\"what\":\"retry\"}");
	assert_written(entry_orphan_closed(&common, &given_up, &b),
	    &b, BOOT "\"caller\":\"uid:0\",\"ev\":\"orphan.closed\"," NONCE
	    "\"of\":[7],\"reason\":\"reissued\",\"seq\":123,"
	    "\"t\":1795392000123,\"v\":1,\"what\":\"operator\"}");
}

static void
a_logs_next_key_has_its_entry(void **state)
{
	AUTO(vkey) former = NULL;
	AUTO(vkey) key = NULL;
	struct entry_logkey_facts handover = { .transcript = &hash };
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	assert_int_equal(crypto_init(), ERR_OK);
	assert_int_equal(vkey_get(view_text(FORMER_NAME "+" FORMER_KEY),
	    &former), ERR_OK);
	assert_int_equal(vkey_get(view_text(KEY_NAME "+" KEY_KEY), &key),
	    ERR_OK);
	handover.former = former;
	handover.key = key;
	assert_written(entry_logkey_rotate(&common, &handover, &b), &b, BOOT
	    "\"ev\":\"logkey.rotate\",\"former\":\"" FORMER_KEY "\","
	    "\"key\":\"" KEY_KEY "\"," NONCE
	    "\"replaces\":\"" FORMER_HASH "\",\"seq\":123,"
	    "\"t\":1795392000123,\"transcript\":\"" HASH "\",\"v\":1,"
	    "\"vkey\":\"" KEY_HASH "\"}");
	handover.lost = true;
	handover.transcript = NULL;
	assert_written(entry_logkey_rotate(&common, &handover, &b), &b, BOOT
	    "\"ev\":\"logkey.rotate\",\"former\":\"" FORMER_KEY "\","
	    "\"key\":\"" KEY_KEY "\"," NONCE "\"reason\":\"lost\","
	    "\"replaces\":\"" FORMER_HASH "\",\"seq\":123,"
	    "\"t\":1795392000123,\"v\":1,\"vkey\":\"" KEY_HASH "\"}");
}

/* ---- read again */

static void
members_are_taken_apart(void **state)
{
	struct view rest = view_text("[0,1048570,6],[1,0,2]"), word, value;
	struct schema_use use;

	(void)state;
	assert_true(schema_next_use(&rest, &use));
	assert_true(use.list == 0 && use.first == 1048570 && use.count == 6);
	assert_true(schema_next_use(&rest, &use));
	assert_true(use.list == 1 && use.first == 0 && use.count == 2);
	assert_false(schema_next_use(&rest, &use));
	rest = view_text("\"" HASH "\",\"" ID "\"");
	assert_true(schema_next_hex(&rest, &word) && view_is(word, HASH));
	assert_true(schema_next_hex(&rest, &word) && view_is(word, ID));
	assert_false(schema_next_hex(&rest, &word));
	rest = view_text("\"a\":1,\"b\":{\"c\":\"x,}y\",\"d\":2},\"e\":\"f,\"");
	assert_true(schema_next_pair(&rest, &word, &value));
	assert_true(view_is(word, "a") && view_is(value, "1"));
	assert_true(schema_next_pair(&rest, &word, &value));
	assert_true(view_is(value, "{\"c\":\"x,}y\",\"d\":2}"));
	assert_true(schema_next_pair(&rest, &word, &value));
	assert_true(view_is(word, "e") && view_is(value, "\"f,\""));
	assert_false(schema_next_pair(&rest, &word, &value));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_decision_tells_its_effect_and_what_it_depended_on),
		cmocka_unit_test(
		    a_change_of_status_names_its_action_and_what_it_set),
		cmocka_unit_test(a_refusal_and_a_dry_run_have_no_effect),
		cmocka_unit_test(
		    sixty_four_drafts_and_keys_fit_beside_the_longest_facts),
		cmocka_unit_test(facts_that_are_no_facts_are_refused),
		cmocka_unit_test(what_the_service_signs_of_its_own_has_drafts),
		cmocka_unit_test(nodes_come_and_go_by_name_and_key),
		cmocka_unit_test(the_token_was_put_to_the_test),
		cmocka_unit_test(the_registry_says_what_was_saved_and_mended),
		cmocka_unit_test(
		    witnesses_and_periods_have_their_entries),
		cmocka_unit_test(a_logs_next_key_has_its_entry),
		cmocka_unit_test(members_are_taken_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
