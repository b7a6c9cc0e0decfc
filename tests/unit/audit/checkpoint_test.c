/*
 * Checkpoint bodies, the keyholder's guard over them, receipts.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/receipt.h"
#include "testlog.h"
#include "testdir.h"

static void
a_body_is_three_lines(void **state)
{
	struct hash root = { { 0xff, 1, 2 } };
	AUTO_DONE(bytes) b = { 0 };
	struct checkpoint c;

	(void)state;
	assert_int_equal(checkpoint_body("mid.example.kr/audit", 70003, &root,
	    &b), ERR_OK);
	assert_string_equal(bytes_text(&b), "mid.example.kr/audit\n70003\n"
	    "/wECAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
	assert_int_equal(checkpoint_get(bytes_view(&b), &c), ERR_OK);
	assert_true(view_is(c.origin, "mid.example.kr/audit"));
	assert_true(c.size == 70003);
	assert_memory_equal(&c.root, &root, sizeof(root));
}

static void
an_impossible_origin_or_size_is_refused(void **state)
{
	struct hash root = { { 0 } };
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	assert_int_equal(checkpoint_body("", 1, &root, &b), ERR_SCHEMA);
	assert_int_equal(checkpoint_body("a b", 1, &root, &b), ERR_SCHEMA);
	assert_int_equal(checkpoint_body("a+b", 1, &root, &b), ERR_SCHEMA);
	assert_int_equal(checkpoint_body("a\nb", 1, &root, &b), ERR_SCHEMA);
	assert_int_equal(checkpoint_body("a", UINT64_C(1) << 63, &root, &b),
	    ERR_SCHEMA);
	assert_int_equal(b.len, 0);
	assert_int_equal(checkpoint_body("a", INT64_MAX, &root, &b), ERR_OK);
}

#define ROOT "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static void
a_body_out_of_form_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "\n", "a\n", "a\n1\n", "a\n1\n" ROOT, "a\n1\n" ROOT "\n\n",
		"a\n1\n" ROOT "\nextension\n", "\n1\n" ROOT "\n",
		"a\n\n" ROOT "\n", "a\n01\n" ROOT "\n", "a\n+1\n" ROOT "\n",
		"a\n-1\n" ROOT "\n", "a\n 1\n" ROOT "\n", "a\n1 \n" ROOT "\n",
		"a\n1x\n" ROOT "\n", "a\n0x1\n" ROOT "\n",
		"a\n9223372036854775808\n" ROOT "\n",
		"a\n18446744073709551616\n" ROOT "\n",
		"a\n18446744073709551617\n" ROOT "\n",
		"a b\n1\n" ROOT "\n", "a+b\n1\n" ROOT "\n",
		"a\r\n1\r\n" ROOT "\r\n", "a\n1\n" ROOT " \n",
		"a\n1\nAAAA\n", "a\n1\n" ROOT "AAAA\n", "a\n1\n\n",
		"a\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n",
		"a\n1\n0000000000000000000000000000000000000000000000000000"
		    "000000000000\n",
	};
	struct checkpoint c = { .size = 77 };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(checkpoint_get(view_text(bad[i]), &c),
		    ERR_SYNTAX);
		assert_true(c.size == 77);
	}
	assert_int_equal(checkpoint_get(view_text("a\n1\nAAA\n"), &c),
	    ERR_SYNTAX);
	assert_non_null(strstr(err_why(), "base64: length 3"));
	assert_int_equal(checkpoint_get(view_text("a\n9223372036854775807\n"
	    ROOT "\n"), &c), ERR_OK);
	assert_true(c.size == INT64_MAX);
}

static void
the_guard_lets_only_our_checkpoints_pass(void **state)
{
	(void)state;
	assert_true(checkpoint_is_well_formed(view_text("a\n1\n" ROOT "\n"),
	    "a"));
	assert_false(checkpoint_is_well_formed(view_text("a\n1\n" ROOT "\n"),
	    "b"));
	assert_false(checkpoint_is_well_formed(view_text("a\n1\n" ROOT
	    "\nmore\n"), "a"));
	assert_false(checkpoint_is_well_formed(view_text("text\n"), "text"));
	/* size 0 has one root only */
	assert_false(checkpoint_is_well_formed(view_text("a\n0\n" ROOT "\n"),
	    "a"));
	assert_true(checkpoint_is_well_formed(view_text("a\n0\n"
	    "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"), "a"));
}

/* ---- receipts */

static struct testlog testlog;

static enum err
receipt_of(uint64_t index, struct bytes *out)
{
	AUTO_FD fd = open(testlog.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct tile_source s = tile_source_dir(&fd);
	AUTO_DONE(bytes) note = { 0 };

	TRY(publish_read_checkpoint(testlog.dir, &note));
	return receipt_build(&s, index, bytes_view(&note), out);
}

static enum err
check(struct view text)
{
	AUTO_DONE(receipt) r = { 0 };

	TRY(receipt_get(text, &r));
	return receipt_check(&r, testlog.key);
}

static void
a_receipt_proves_its_entry(void **state)
{
	static const uint64_t indexes[] = { 0, 1, 255, 256, 511, 512, 599 };

	(void)state;
	for (size_t i = 0; i < COUNT(indexes); i++) {
		AUTO_DONE(bytes) text = { 0 };
		AUTO_DONE(bytes) entry = { 0 };
		AUTO_DONE(receipt) r = { 0 };

		assert_int_equal(receipt_of(indexes[i], &text), ERR_OK);
		assert_int_equal(receipt_get(bytes_view(&text), &r), ERR_OK);
		assert_int_equal(receipt_check(&r, testlog.key), ERR_OK);
		assert_int_equal(testlog_entry(indexes[i], &entry), ERR_OK);
		assert_true(view_equal(bytes_view(&r.entry),
		    bytes_view(&entry)));
		assert_true(r.index == indexes[i]);
	}
}

static void
an_entry_behind_the_checkpoint_has_no_receipt_yet(void **state)
{
	AUTO_DONE(bytes) text = { 0 };

	(void)state;
	assert_int_equal(receipt_of(600, &text), ERR_RANGE);
	assert_int_equal(text.len, 0);
}

static void
no_flipped_bit_of_a_receipt_is_accepted(void **state)
{
	AUTO_DONE(bytes) text = { 0 };

	(void)state;
	assert_int_equal(receipt_of(300, &text), ERR_OK);
	for (size_t i = 0; i < text.len * 8; i++) {
		text.at[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_not_equal(check(bytes_view(&text)), ERR_OK);
		text.at[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (size_t n = 0; n < text.len; n++)
		assert_int_not_equal(check(VIEW(text.at, n)), ERR_OK);
	assert_int_equal(check(bytes_view(&text)), ERR_OK);
	bytes_put_u8(&text, '\n');
	assert_int_not_equal(check(bytes_view(&text)), ERR_OK);
}

static void
a_receipt_of_another_log_is_told_apart(void **state)
{
	static const uint8_t seed[32] = { 1 };
	AUTO_DONE(bytes) text = { 0 };
	AUTO(EVP_PKEY) secret = NULL;
	AUTO(vkey) other = NULL;
	AUTO_DONE(receipt) r = { 0 };

	(void)state;
	assert_int_equal(receipt_of(300, &text), ERR_OK);
	assert_int_equal(testlog_key(TESTLOG_NAME, VKEY_ED25519, seed,
	    &secret, &other), ERR_OK);
	assert_int_equal(receipt_get(bytes_view(&text), &r), ERR_OK);
	assert_int_equal(receipt_check(&r, other), ERR_NOT_FOUND);
}

/* The same tree, signed by the log's key under another origin. */
static void
a_receipt_of_another_origin_is_refused(void **state)
{
	AUTO_DONE(bytes) text = { 0 };
	AUTO_DONE(bytes) body = { 0 };
	AUTO_DONE(receipt) r = { 0 };
	uint8_t signature[64];
	struct hash root;
	uint64_t size = publish_ready(testlog.publish, &root);

	(void)state;
	assert_int_equal(receipt_of(300, &text), ERR_OK);
	text.len = (size_t)((uint8_t *)strstr(bytes_text(&text), "\n\n") -
	    text.at) + 2;
	assert_int_equal(checkpoint_body("example.kr/other", size, &root,
	    &body), ERR_OK);
	assert_int_equal(testlog_sign(testlog.secret, bytes_view(&body),
	    signature), ERR_OK);
	note_put_text(&text, bytes_view(&body));
	note_put_signature(&text, testlog.key, VIEW_OF(signature));
	assert_int_equal(receipt_get(bytes_view(&text), &r), ERR_OK);
	assert_int_equal(receipt_check(&r, testlog.key), ERR_MISMATCH);
}

/* A receipt whose parts are these; the error, with its reason. */
static enum err
read_parts(const char *entry, const char *rest, const char *note)
{
	AUTO_DONE(bytes) text = { 0 };
	AUTO_DONE(receipt) r = { 0 };

	bytes_printf(&text, RECEIPT_FIRST_LINE "\nextra %s\n%s\n%s", entry,
	    rest, note);
	return receipt_get(bytes_view(&text), &r);
}

#define NOTE "a\n1\n" ROOT "\n\n— a AAAAAAA=\n"

static void
each_part_of_a_receipt_is_refused_for_what_it_is(void **state)
{
	static const struct { const char *parts[3], *wanted; } bad[] = {
		{ { "AAA", "index 0\n", NOTE }, "base64: length 3" },
		{ { "AAAA", "index 0\nAAA\n", NOTE }, "base64: length 3" },
		{ { "AAAA", "index 0\nAAAA\n", NOTE }, "a proof is at most" },
		{ { "AAAA", "index 00\n", NOTE }, "wanted " },
		{ { "AAAA", "indez 0\n", NOTE }, "wanted " },
		{ { "AAAA", "index 0 \n", NOTE }, "wanted " },
		{ { "AAAA", "index 0\n", "a\n1\n" }, "a blank line" },
		{ { "AAAA", "index 0\n", "a\n1\n\n— a AAAAAAA=\n" },
		    "three lines" },
	};

	(void)state;
	assert_int_equal(read_parts("AAAA", "index 0\n", NOTE), ERR_OK);
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(read_parts(bad[i].parts[0], bad[i].parts[1],
		    bad[i].parts[2]), ERR_SYNTAX);
		if (strstr(err_why(), bad[i].wanted) == NULL)
			fail_msg("%zu: %s", i, err_why());
	}
}

static void
no_receipt_is_made_of_what_is_no_checkpoint(void **state)
{
	AUTO_FD fd = open(testlog.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct tile_source s = tile_source_dir(&fd);
	AUTO_DONE(bytes) out = { 0 };

	(void)state;
	assert_int_equal(receipt_build(&s, 0, view_text("a\n1\n"), &out),
	    ERR_SYNTAX);
	assert_int_equal(receipt_build(&s, 0, view_text("a\n1\n\n"
	    "— a AAAAAAA=\n"), &out), ERR_SYNTAX);
	assert_int_equal(out.len, 0);
}

static void
too_long_a_proof_or_receipt_is_refused(void **state)
{
	static uint8_t huge[RECEIPT_MAX + 1];
	AUTO_DONE(bytes) text = { 0 };
	struct receipt r = { 0 };

	(void)state;
	bytes_put_text(&text, RECEIPT_FIRST_LINE "\nextra AAAA\nindex 0\n");
	for (int i = 0; i <= PROOF_MAX; i++)
		bytes_put_text(&text, ROOT "\n");
	bytes_put_text(&text, "\na\n1\n" ROOT "\n\n— a AAAAAAA=\n");
	assert_int_equal(receipt_get(bytes_view(&text), &r), ERR_SYNTAX);
	assert_non_null(strstr(err_why(), "a proof is at most"));
	assert_int_equal(receipt_get(VIEW_OF(huge), &r), ERR_TOO_LARGE);
}

static int
setup(void **state)
{
	(void)state;
	return testlog_open(&testlog, testdir_new()) == ERR_OK &&
	    testlog_fill(&testlog, 600, 200) == ERR_OK ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	testdir_remove(testlog.dir);
	testlog_done(&testlog);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_is_three_lines),
		cmocka_unit_test(an_impossible_origin_or_size_is_refused),
		cmocka_unit_test(a_body_out_of_form_is_refused),
		cmocka_unit_test(the_guard_lets_only_our_checkpoints_pass),
		cmocka_unit_test(a_receipt_proves_its_entry),
		cmocka_unit_test(
		    an_entry_behind_the_checkpoint_has_no_receipt_yet),
		cmocka_unit_test(no_flipped_bit_of_a_receipt_is_accepted),
		cmocka_unit_test(a_receipt_of_another_log_is_told_apart),
		cmocka_unit_test(a_receipt_of_another_origin_is_refused),
		cmocka_unit_test(
		    each_part_of_a_receipt_is_refused_for_what_it_is),
		cmocka_unit_test(no_receipt_is_made_of_what_is_no_checkpoint),
		cmocka_unit_test(too_long_a_proof_or_receipt_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
