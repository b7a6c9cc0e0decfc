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
#include <sys/mman.h>
#include <unistd.h>

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

/* ---- forms */

#define IN(event, before, after) BOOT before "\"ev\":\"" event "\"," NONCE     \
	after TAIL
#define HASH "\"000102030405060708090a0b0c0d0e0f" \
	"000102030405060708090a0b0c0d0e0f\""
#define WORD64 "a123456789b123456789c123456789d1" \
	"23456789e123456789f1234567890123"

/* Where each stops being of its form, the member is named. */
static const struct { const char *entry, *wanted; } out_of_form[] = {
	/* no member, or not one */
	{ "\"boot\"", "at byte 0 (RFC 8785)" },
	{ "{boot\":", "at byte 1 (RFC 8785)" },
	{ "{\"boot\"\"b001020304050607\"", "at byte 7 (RFC 8785)" },
	{ "{\"boot:\"b001020304050607\"", "at byte 6 (RFC 8785)" },
	{ BOOT "\"ev\":\"heartbeat\"," NONCE
	    "\"seq\":1,\"t\":1,\"v\":1]", "at byte 102 (RFC 8785)" },
	{ BEAT "}", "at byte 117 (RFC 8785)" },
	/* hex, of its size and closed */
	{ "{\"boot\":b001020304050607\",", "\"boot\" is not" },
	{ "{\"boot\":\"b001020304050607,", "\"boot\" is not" },
	{ "{\"boot\":\"b0010203040506\"", "\"boot\" is not" },
	{ "{\"boot\":\"b00102030405060708\"", "\"boot\" is not" },
	{ "{\"boot\":\"b00102030405060g\"", "\"boot\" is not" },
	{ "{\"boot\":\"B001020304050607\"", "\"boot\" is not" },
	{ "{\"boot\":", "\"boot\" is not" },
	/* words begin with a letter or a digit */
	{ IN("seal", "", "\"reason\":\".a\","), "\"reason\" is not" },
	{ IN("seal", "", "\"reason\":\"_a\","), "\"reason\" is not" },
	{ IN("seal", "", "\"reason\":\"-a\","), "\"reason\" is not" },
	{ IN("seal", "", "\"reason\":\"\","), "\"reason\" is not" },
	{ IN("seal", "", "\"reason\":\"A\","), "\"reason\" is not" },
	{ IN("seal", "", "\"reason\":\"" WORD64 "4\","),
	    "\"reason\" is not" },
	/* choices */
	{ IN("decision", "", "\"op\":\"party\","), "\"op\" is not" },
	{ IN("decision", "", "\"op\":\"credential,"),
	    "\"op\" is not" },
	{ IN("decision", "", "\"out\":\"perhaps\","),
	    "\"out\" is not" },
	{ IN("decision", "", "\"out\":\"allow,"),
	    "\"out\" is not" },
	{ "{\"action\":\"revoke,", "\"action\" is not" },
	{ "{\"action\":\"forget\",", "\"action\" is not" },
	/* numbers */
	{ IN("heartbeat", "", "\"seat\":,"), "\"seat\" is not" },
	{ IN("heartbeat", "\"by\":-,", ""), "\"by\" is not" },
	{ IN("heartbeat", "\"by\":-0,", ""), "\"by\" is not" },
	/* lists */
	{ IN("done", "", "\"of\":1],"), "\"of\" is not" },
	{ IN("done", "", "\"of\":[],"), "\"of\" is not" },
	{ IN("done", "", "\"of\":[1,1],"), "\"of\" is not" },
	{ IN("done", "", "\"of\":[10,9],"), "\"of\" is not" },
	{ IN("done", "", "\"of\":[1,\"2\"],"), "\"of\" is not" },
	{ IN("done", "", "\"of\":[1,"), "\"of\" is not" },
	{ IN("done", "", "\"of\":[1}"), "\"of\" is not" },
	{ IN("metadata", "\"drafts\":" HASH "],", ""),
	    "\"drafts\" is not" },
	{ IN("metadata", "\"drafts\":[7],", ""),
	    "\"drafts\" is not" },
	{ IN("metadata", "\"drafts\":[" HASH ";", ""),
	    "\"drafts\" is not" },
	/* triples */
	{ IN("decision", "", "\"st\":[1,2,3]],"), "\"st\" is not" },
	{ IN("decision", "", "\"st\":[[,2,3]],"), "\"st\" is not" },
	{ IN("decision", "", "\"st\":[[1;2,3]],"), "\"st\" is not" },
	{ IN("decision", "", "\"st\":[[1,,3]],"), "\"st\" is not" },
	{ IN("decision", "", "\"st\":[[1,2]],"), "\"st\" is not" },
	{ IN("decision", "", "\"st\":[[1,2;3]],"), "\"st\" is not" },
	{ IN("decision", "", "\"st\":[[1,2,]],"), "\"st\" is not" },
	{ IN("decision", "", "\"st\":[[1,2,3,4]],"), "\"st\" is not" },
	{ IN("decision", "", "\"st\":[[1,2,3,[4,5,6]],"),
	    "\"st\" is not" },
	/* records */
	{ IN("decision", "", "\"rules\":\"a\":\"na\"},"),
	    "\"rules\" is not" },
	{ IN("decision", "", "\"rules\":{\"-a\":\"na\"},"),
	    "\"rules\" is not" },
	{ IN("decision", "", "\"rules\":{\"a\":\"na},"),
	    "\"rules\" is not" },
	{ IN("decision", "", "\"rules\":[],"), "\"rules\" is not" },
	{ IN("decision", "", "\"rules\":{},"), "\"rules\" is not" },
	{ IN("decision", "", "\"rules\":{7:\"pass\"},"),
	    "\"rules\" is not" },
	{ IN("decision", "", "\"rules\":{\"a\"\"pass\"},"),
	    "\"rules\" is not" },
	{ IN("decision", "", "\"rules\":{\"a\":pass},"),
	    "\"rules\" is not" },
	{ IN("decision", "", "\"rules\":{\"a\":\"good\"},"),
	    "\"rules\" is not" },
	{ IN("decision", "", "\"rules\":{\"a\":\"passed\"},"),
	    "\"rules\" is not" },
	{ IN("decision", "", "\"rules\":{\"a\":\"na\",\"a\":\"na\"},"),
	    "\"rules\" is not" },
	{ IN("decision", "", "\"rules\":{\"b\":\"na\",\"a\":\"na\"},"),
	    "\"rules\" is not" },
	{ IN("decision", "", "\"rules\":{\"a\":\"pass\"],"),
	    "\"rules\" is not" },
	{ IN("period.close", "", "\"totals\":{\"stop\":\"1\"},"),
	    "\"totals\" is not" },
	{ IN("decision", "\"facts\":{\"now\":\"\"},", ""),
	    "\"facts\" is not" },
	{ IN("decision", "\"facts\":{\"now\":\"a},", ""),
	    "\"facts\" is not" },
	{ IN("decision", "\"facts\":{\"now\":{}},", ""),
	    "\"facts\" is not" },
	{ IN("decision", "\"facts\":{\"now\":{\"a\":},", ""),
	    "\"facts\" is not" },
	{ IN("decision", "\"facts\":{\"now\":}", ""),
	    "\"facts\" is not" },
};

static void
every_form_is_exact(void **state)
{
	struct schema_entry e;

	(void)state;
	for (size_t i = 0; i < COUNT(out_of_form); i++) {
		enum err got = schema_get(view_text(out_of_form[i].entry), &e);

		if (got == ERR_OK ||
		    strstr(err_why(), out_of_form[i].wanted) == NULL)
			fail_msg("%s: %s", out_of_form[i].entry, err_why());
	}
}

static void
what_is_behind_an_entry_that_is_cut_is_not_looked_at(void **state)
{
	static const char entry[] = BOOT "\"by\":-2500,"
	    "\"ev\":\"clock.step\"," NONCE TAIL;
	size_t page = (size_t)sysconf(_SC_PAGESIZE), len = sizeof(entry) - 1;
	/* its second page cannot be touched */
	uint8_t *m = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct schema_entry e;

	(void)state;
	assert_true(m != MAP_FAILED);
	assert_int_equal(mprotect(m + page, page, PROT_NONE), 0);
	for (size_t n = 1; n <= len; n++) {
		memcpy(m + page - n, entry, n);
		assert_true((schema_get(VIEW(m + page - n, n), &e) ==
		    ERR_OK) == (n == len));
	}
	assert_int_equal(munmap(m, 2 * page), 0);
}

static void
sixty_four_pairs_fit_in_a_record_and_one_more_does_not(void **state)
{
	AUTO_DONE(bytes) b = { 0 };
	struct schema_entry e;

	(void)state;
	for (int n = 64; n <= 65; n++) {
		bytes_reset(&b);
		bytes_put_text(&b, BOOT "\"caller\":\"c\","
		    "\"ev\":\"decision\"," NONCE
		    "\"op\":\"credential\",\"out\":\"deny\",\"policy\":"
		    HASH ",\"programme\":\"p\",\"purpose\":\"reissue\","
		    "\"req\":\"000102030405060708090a0b0c0d0e0f\","
		    "\"rules\":");
		for (int i = 0; i < n; i++)
			bytes_printf(&b, "%c\"r%02d\":\"na\"",
			    i == 0 ? '{' : ',', i);
		bytes_put_text(&b, "}," "\"seq\":1,\"serial\":1,\"t\":1,"
		    "\"v\":1}");
		if (schema_get(bytes_view(&b), &e) != (n == 64 ? ERR_OK :
		    ERR_SCHEMA))
			fail_msg("%d: %s", n, err_why());
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
		cmocka_unit_test(every_form_is_exact),
		cmocka_unit_test(
		    what_is_behind_an_entry_that_is_cut_is_not_looked_at),
		cmocka_unit_test(
		    sixty_four_pairs_fit_in_a_record_and_one_more_does_not),
		cmocka_unit_test(an_entry_of_4097_bytes_is_refused),
		cmocka_unit_test(members_come_back_as_views),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
