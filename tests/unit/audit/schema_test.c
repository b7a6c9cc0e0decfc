/*
 * Entries as they are read: nothing but canonical JSON, nothing but the
 * vocabulary.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "audit/schema.h"

#define BOOT "{\"boot\":\"b001020304050607\","
#define NONCE "\"n\":\"200102030405060708090a0b0c0d0e0f\","
#define TAIL "\"seq\":123,\"t\":1795392000123,\"v\":1}"
#define BEAT BOOT "\"ev\":\"heartbeat\"," NONCE TAIL

static void
an_entry_that_is_not_canonical_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "{", "{}", "[]", "null", BEAT "\n", " " BEAT, BEAT BEAT,
		"{\"boot\": \"b001020304050607\"," "\"ev\":\"heartbeat\","
		    NONCE TAIL,
		"{\"boot\":\"b001020304050607\", \"ev\":\"heartbeat\"," NONCE
		    TAIL,
		"{\"boot\":\"B001020304050607\",\"ev\":\"heartbeat\"," NONCE
		    TAIL,
		"{\"boot\":\"b00102030405060\",\"ev\":\"heartbeat\"," NONCE
		    TAIL,
		"{\"boot\":b001020304050607,\"ev\":\"heartbeat\"," NONCE TAIL,
		BOOT BOOT "\"ev\":\"heartbeat\"," NONCE TAIL,
		BOOT "\"boot\":\"b001020304050607\",\"ev\":\"heartbeat\","
		    NONCE TAIL,
		BOOT NONCE "\"ev\":\"heartbeat\"," TAIL,	/* order */
		BOOT "\"ev\":\"heart\\u0062eat\"," NONCE TAIL,
		BOOT "\"ev\":\"heartbeat\"," NONCE
		    "\"seq\":0123,\"t\":1795392000123,\"v\":1}",
		BOOT "\"ev\":\"heartbeat\"," NONCE
		    "\"seq\":123.0,\"t\":1795392000123,\"v\":1}",
		BOOT "\"ev\":\"heartbeat\"," NONCE
		    "\"seq\":1e2,\"t\":1795392000123,\"v\":1}",
		BOOT "\"ev\":\"heartbeat\"," NONCE
		    "\"seq\":\"123\",\"t\":1795392000123,\"v\":1}",
		BOOT "\"ev\":\"heartbeat\"," NONCE
		    "\"seq\":-1,\"t\":1795392000123,\"v\":1}",
		BOOT "\"ev\":\"heartbeat\"," NONCE
		    "\"seq\":9007199254740992,\"t\":1795392000123,\"v\":1}",
		BOOT "\"ev\":\"heartbeat\"," NONCE
		    "\"seq\":99999999999999999999,\"t\":1,\"v\":1}",
		BOOT "\"by\":-0,\"ev\":\"clock.step\"," NONCE TAIL,
		BOOT "\"ev\":\"heartbeat\"," NONCE
		    "\"seq\":123,\"t\":1795392000123,\"v\":1,}",
		BOOT "\"ev\":\"done\"," NONCE "\"of\":[]," TAIL,
		BOOT "\"ev\":\"done\"," NONCE "\"of\":[1,]," TAIL,
		BOOT "\"ev\":\"done\"," NONCE "\"of\":[2,1]," TAIL,
		BOOT "\"ev\":\"done\"," NONCE "\"of\":[1,1]," TAIL,
		BOOT "\"ev\":\"done\"," NONCE "\"of\":1," TAIL,
	};
	struct schema_entry e;
	enum err got;

	(void)state;
	assert_int_equal(schema_get(view_text(BEAT), &e), ERR_OK);
	for (size_t i = 0; i < COUNT(bad); i++) {
		got = schema_get(view_text(bad[i]), &e);
		assert_true(got == ERR_SYNTAX || got == ERR_SCHEMA);
	}
}

static void
what_is_not_in_the_vocabulary_is_refused_by_name(void **state)
{
	static const struct { const char *entry, *named; } bad[] = {
		{ BOOT "\"ev\":\"holiday\"," NONCE TAIL, "holiday" },
		{ BOOT "\"ev\":\"heartbeat\",\"extra\":1," NONCE TAIL,
		    "extra" },
		{ BOOT "\"ev\":\"heartbeat\"," NONCE "\"seat\":3," TAIL,
		    "seat" },
		{ BOOT "\"ev\":\"unseal.share\"," NONCE TAIL, "seat" },
		{ BOOT NONCE TAIL, "unknown event" },
		{ BOOT "\"ev\":\"heartbeat\"," NONCE
		    "\"seq\":123,\"t\":1,\"v\":2}", "version 2" },
		{ BOOT "\"ev\":\"heartbeat\"," NONCE
		    "\"seq\":123,\"v\":1}", "\"t\"" },
		{ "{\"ev\":\"heartbeat\"," NONCE TAIL, "\"boot\"" },
	};
	struct schema_entry e = { .event = SCHEMA_EVENT_STOP };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(schema_get(view_text(bad[i].entry), &e),
		    ERR_SCHEMA);
		assert_non_null(strstr(err_why(), bad[i].named));
		assert_int_equal(e.event, SCHEMA_EVENT_STOP);
	}
}

static void
an_entry_of_4097_bytes_is_refused(void **state)
{
	char entry[SCHEMA_ENTRY_MAX + 1];
	struct schema_entry e;

	(void)state;
	memset(entry, '{', sizeof(entry));
	assert_int_equal(schema_get(VIEW_OF(entry), &e), ERR_TOO_LARGE);
	assert_int_equal(schema_get(VIEW(entry, SCHEMA_ENTRY_MAX), &e),
	    ERR_SYNTAX);
}

static void
members_come_back_as_views(void **state)
{
	struct schema_entry e;
	uint64_t index;
	struct view rest;

	(void)state;
	assert_int_equal(schema_get(view_text(BOOT "\"by\":-2500,"
	    "\"ev\":\"clock.step\"," NONCE TAIL), &e), ERR_OK);
	assert_int_equal(e.event, SCHEMA_EVENT_CLOCK_STEP);
	assert_string_equal(schema_event_name(e.event), "clock.step");
	assert_true(view_is(e.member[SCHEMA_BY], "-2500"));
	assert_true(view_is(e.member[SCHEMA_BOOT], "b001020304050607"));
	assert_true(schema_count(&e, SCHEMA_SEQ) == 123);
	assert_null(e.member[SCHEMA_OF].at);
	assert_true(schema_count(&e, SCHEMA_SEAT) == 0);
	assert_int_equal(schema_get(view_text(BOOT "\"ev\":\"done\"," NONCE
	    "\"of\":[0,70,12345678901]," TAIL), &e), ERR_OK);
	rest = e.member[SCHEMA_OF];
	assert_true(schema_next_index(&rest, &index) && index == 0);
	assert_true(schema_next_index(&rest, &index) && index == 70);
	assert_true(schema_next_index(&rest, &index) &&
	    index == 12345678901);
	assert_false(schema_next_index(&rest, &index));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_that_is_not_canonical_is_refused),
		cmocka_unit_test(
		    what_is_not_in_the_vocabulary_is_refused_by_name),
		cmocka_unit_test(an_entry_of_4097_bytes_is_refused),
		cmocka_unit_test(members_come_back_as_views),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
