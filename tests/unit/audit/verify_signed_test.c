/*
 * The verifier against logs that are properly signed although their entries
 * cannot be true.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "testverify.h"

/* A log of these entries, properly published and signed. */
static struct verify_result
verify_signed(const char *const *entries, size_t count)
{
	struct testlog l = { 0 };
	struct verify_result r;

	assert_int_equal(testlog_open(&l, testdir_new()), ERR_OK);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(testlog_append(&l, view_text(entries[i])),
		    ERR_OK);
	assert_int_equal(testlog_publish(&l), ERR_OK);
	r = verify(&l);
	assert_int_equal(r.finding[VERIFY_ENTRIES].verdict, VERIFY_VERIFIED);
	testdir_remove(l.dir);
	testlog_done(&l);
	return r;
}

#define HEAD "{\"boot\":\"0000000000000000\",\"ev\":"
#define NONCE "\"n\":\"00000000000000000000000000000000\","
#define BEAT(seq, t) HEAD "\"heartbeat\"," NONCE "\"seq\":" seq ",\"t\":" t \
	",\"v\":1}"

static void
assert_found(const struct verify_result *r, enum verify_check check,
    uint64_t index)
{
	assert_int_equal(r->verdict, VERIFY_TAMPERED);
	assert_int_equal(r->finding[check].verdict, VERIFY_TAMPERED);
	assert_true(r->finding[check].first_index == index);
	assert_true(r->count[check].good < r->count[check].total);
}

static void
a_signed_entry_out_of_order_is_found(void **state)
{
	static const char *const swapped[] = { BEAT("0", "5"), BEAT("2", "7"),
		BEAT("1", "6") };
	static const char *const earlier[] = { BEAT("0", "5"), BEAT("1", "7"),
		BEAT("2", "6") };
	struct verify_result r = verify_signed(swapped, 3);

	(void)state;
	assert_found(&r, VERIFY_SEQUENCE, 1);
	r = verify_signed(earlier, 3);
	assert_found(&r, VERIFY_SEQUENCE, 2);
}

static void
a_signed_entry_outside_the_vocabulary_is_found(void **state)
{
	static const char *const entries[] = { BEAT("0", "5"),
		HEAD "\"party\"," NONCE "\"seq\":1,\"t\":6,\"v\":1}",
		"not even JSON", BEAT("3", "6") };
	struct verify_result r = verify_signed(entries, 4);

	(void)state;
	assert_found(&r, VERIFY_SCHEMA, 1);
	assert_non_null(strstr(r.finding[VERIFY_SCHEMA].why, "party"));
	assert_true(r.count[VERIFY_SCHEMA].good == 2);
	assert_true(r.count[VERIFY_SEQUENCE].total == 2);
}

static void
a_signed_report_on_nothing_is_found(void **state)
{
	static const char *const entries[] = { BEAT("0", "5"),
		HEAD "\"done\"," NONCE "\"of\":[0],\"seq\":1,\"t\":6,\"v\":1}"
	};
	struct verify_result r = verify_signed(entries, 2);

	(void)state;
	assert_found(&r, VERIFY_TICKETS, 1);
}

#define DECISION(seq, device)                                                 \
	"{\"boot\":\"0000000000000000\",\"caller\":\"c\",\"device\":\""       \
	device "0000000000000000000000000000000\",\"drafts\":[\""             \
	"00000000000000000000000000000000" "00000000000000000000000000000000" \
	"\"],\"ev\":\"decision\",\"holder\":\""                               \
	"00000000000000000000000000000000\"," NONCE                           \
	"\"op\":\"credential\",\"out\":\"allow\",\"policy\":\""               \
	"00000000000000000000000000000000" "00000000000000000000000000000000" \
	"\",\"programme\":\"resident-id\",\"purpose\":\"first-issue\","       \
	"\"req\":\"00000000000000000000000000000000\","                       \
	"\"rules\":{\"one-device\":\"pass\"},\"seq\":" seq                    \
	",\"serial\":1,\"t\":6,\"v\":1}"

static void
a_signed_second_phone_is_found(void **state)
{
	static const char *const entries[] = { DECISION("0", "1"),
		DECISION("1", "2") };
	struct verify_result r = verify_signed(entries, 2);

	(void)state;
	assert_found(&r, VERIFY_DEVICES, 1);
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
		cmocka_unit_test(a_signed_entry_out_of_order_is_found),
		cmocka_unit_test(
		    a_signed_entry_outside_the_vocabulary_is_found),
		cmocka_unit_test(a_signed_report_on_nothing_is_found),
		cmocka_unit_test(a_signed_second_phone_is_found),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
