/*
 * The verifier against logs that are whole, changed, cut, or forged with the
 * tiles repaired.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "testverify.h"

/* One log of 600 entries, one of 40 short ones; both published thrice. */
static struct testlog big, small;
static struct testdir_files files;

static enum err
append_beat(struct testlog *l, uint64_t seq)
{
	struct entry_common c = { .seq = seq,
		.t = 1795392000000 + (int64_t)seq };
	AUTO_DONE(bytes) b = { 0 };

	TRY(entry_heartbeat(&c, &b));
	return testlog_append(l, bytes_view(&b));
}

static int
setup(void **state)
{
	(void)state;
	if (testlog_open(&big, testdir_new()) != ERR_OK ||
	    testlog_fill(&big, 600, 250) != ERR_OK ||
	    testlog_open(&small, testdir_new()) != ERR_OK)
		return -1;
	for (uint64_t i = 0; i < 40; i++)
		if (append_beat(&small, i) != ERR_OK ||
		    (i % 15 == 10 && testlog_publish(&small) != ERR_OK))
			return -1;
	return testlog_publish(&small) == ERR_OK ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	testdir_remove(big.dir);
	testdir_remove(small.dir);
	testlog_done(&big);
	testlog_done(&small);
	return 0;
}

static void
a_whole_log_is_verified(void **state)
{
	struct verify_result r = verify(&big);

	(void)state;
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	assert_string_equal(r.origin, TESTLOG_NAME);
	assert_true(r.size == 600);
	for (int i = 0; i < VERIFY_CHECK_COUNT; i++) {
		assert_true(r.count[i].good == r.count[i].total);
		assert_int_equal(r.finding[i].verdict, VERIFY_VERIFIED);
	}
	assert_true(r.count[VERIFY_ENTRIES].total == 600);
	assert_true(r.count[VERIFY_SCHEMA].total == 600);
	assert_true(r.boots == 1 && r.open == 94 && r.done == 500);
	assert_true(r.ahead == 0 && r.foreign == 0);
}

static void
an_empty_log_is_verified(void **state)
{
	struct testlog l = { 0 };
	struct verify_result r;

	(void)state;
	assert_int_equal(testlog_open(&l, testdir_new()), ERR_OK);
	assert_int_equal(testlog_publish(&l), ERR_OK);
	r = verify(&l);
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	assert_true(r.size == 0);
	testdir_remove(l.dir);
	testlog_done(&l);
}

static void
every_size_around_a_full_tile_is_verified(void **state)
{
	static const uint64_t sizes[] = { 1, 2, 255, 256, 257, 511, 512,
		513 };
	struct testlog l = { 0 };

	(void)state;
	assert_int_equal(testlog_open(&l, testdir_new()), ERR_OK);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct verify_result r;

		assert_int_equal(testlog_fill(&l, sizes[i], 1000), ERR_OK);
		r = verify(&l);
		assert_int_equal(r.verdict, VERIFY_VERIFIED);
		assert_true(r.size == sizes[i]);
	}
	testdir_remove(l.dir);
	testlog_done(&l);
}

static void
a_changed_byte_in_any_file_is_noticed(void **state)
{
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	assert_int_equal(verify(&small).verdict, VERIFY_VERIFIED);
	testdir_list(small.dir, &files);
	assert_int_equal(files.count, 7);
	for (size_t f = 0; f < files.count; f++) {
		read_all(files.path[f], &b);
		for (size_t i = 0; i < b.len; i++) {
			b.at[i] ^= (uint8_t)(1 << i % 8);
			write_all(files.path[f], bytes_view(&b));
			assert_int_not_equal(verify(&small).verdict,
			    VERIFY_VERIFIED);
			b.at[i] ^= (uint8_t)(1 << i % 8);
		}
		write_all(files.path[f], bytes_view(&b));
	}
	assert_int_equal(verify(&small).verdict, VERIFY_VERIFIED);
}

static void
a_file_that_is_cut_lengthened_or_gone_is_noticed(void **state)
{
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	testdir_list(small.dir, &files);
	for (size_t f = 0; f < files.count; f++) {
		/* leftover partial tiles may go; they must not change */
		bool needed = strstr(files.path[f], ".p/") == NULL ||
		    strstr(files.path[f], ".p/40") != NULL;

		read_all(files.path[f], &b);
		for (size_t n = 0; n < b.len; n += 1 + b.len / 50) {
			write_all(files.path[f], VIEW(b.at, n));
			assert_int_not_equal(verify(&small).verdict,
			    VERIFY_VERIFIED);
		}
		bytes_put_u8(&b, '\n');
		write_all(files.path[f], bytes_view(&b));
		assert_int_equal(verify(&small).verdict, VERIFY_TAMPERED);
		assert_int_equal(unlink(files.path[f]), 0);
		assert_int_equal(verify(&small).verdict, needed ?
		    VERIFY_INCOMPLETE : VERIFY_VERIFIED);
		write_all(files.path[f], VIEW(b.at, b.len - 1));
	}
	assert_int_equal(verify(&small).verdict, VERIFY_VERIFIED);
}

/* What tells nothing of where the damage is hides none of it. */
static void
a_changed_entry_below_a_tile_that_is_too_large_is_found(void **state)
{
	AUTO_DONE(bytes) bundle = { 0 }, tile = { 0 };
	struct verify_result r;

	(void)state;
	read_all(path_in(&big, "tile/entries/000"), &bundle);
	read_all(path_in(&big, "tile/0/000"), &tile);
	bundle.at[bundle.len - 2] ^= 1;
	bytes_put_u8(&tile, 0);
	write_all(path_in(&big, "tile/entries/000"), bytes_view(&bundle));
	write_all(path_in(&big, "tile/0/000"), bytes_view(&tile));
	r = verify(&big);
	assert_int_equal(r.verdict, VERIFY_TAMPERED);
	assert_int_equal(r.finding[VERIFY_ENTRIES].verdict, VERIFY_TAMPERED);
	assert_true(r.finding[VERIFY_ENTRIES].first_index == 0);
	assert_true(r.finding[VERIFY_ENTRIES].last_index == 255);
	bundle.at[bundle.len - 2] ^= 1;
	write_all(path_in(&big, "tile/entries/000"), bytes_view(&bundle));
	write_all(path_in(&big, "tile/0/000"), VIEW(tile.at, tile.len - 1));
	assert_int_equal(verify(&big).verdict, VERIFY_VERIFIED);
}

static void
a_missing_bundle_is_named(void **state)
{
	AUTO_DONE(bytes) b = { 0 };
	struct verify_result r;
	const char *path = path_in(&big, "tile/entries/001");

	(void)state;
	read_all(path, &b);
	assert_int_equal(unlink(path), 0);
	r = verify(&big);
	assert_int_equal(r.verdict, VERIFY_INCOMPLETE);
	assert_string_equal(r.finding[VERIFY_ENTRIES].file,
	    "tile/entries/001");
	assert_true(r.finding[VERIFY_ENTRIES].first_index == 256);
	assert_true(r.count[VERIFY_ENTRIES].good == 256);
	write_all(path_in(&big, "tile/entries/001"), bytes_view(&b));
	assert_int_equal(verify(&big).verdict, VERIFY_VERIFIED);
}

static void
an_older_checkpoint_leaves_files_ahead_of_it(void **state)
{
	AUTO_DONE(bytes) note = { 0 };
	struct verify_result r;
	struct hash root;
	struct testlog l = { 0 };
	uint64_t size;

	(void)state;
	assert_int_equal(testlog_open(&l, testdir_new()), ERR_OK);
	assert_int_equal(testlog_fill(&l, 250, 250), ERR_OK);
	size = publish_ready(l.publish, &root);
	assert_int_equal(testlog_fill(&l, 600, 600), ERR_OK);
	assert_int_equal(testlog_note(l.secret, l.key, size, &root, &note),
	    ERR_OK);
	write_all(path_in(&l, "checkpoint"), bytes_view(&note));
	/* its own partial tiles are gone; the full ones begin like them */
	r = verify(&l);
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	assert_true(r.size == 250);
	assert_true(r.ahead == 7);
	testdir_remove(l.dir);
	testlog_done(&l);
}

static void
files_that_are_not_the_log_s_are_told(void **state)
{
	struct verify_result r;
	char name[] = "tile/0/x\x1b[2J";

	(void)state;
	write_all(path_in(&small, name), view_text("?"));
	assert_int_equal(symlink("checkpoint", path_in(&small, "link")), 0);
	assert_int_equal(mkfifo(path_in(&small, "tile/entries/000.p/7"),
	    0600), 0);
	r = verify(&small);
	/* the pipe stands where a partial bundle was */
	assert_int_equal(r.verdict, VERIFY_INCOMPLETE);
	assert_true(r.foreign == 3);
	assert_null(strchr(r.finding[VERIFY_FILES].file, '\x1b'));
	assert_int_equal(unlink(path_in(&small, "tile/entries/000.p/7")), 0);
	r = verify(&small);
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	assert_true(r.foreign == 2);
	assert_int_equal(r.finding[VERIFY_FILES].verdict, VERIFY_VERIFIED);
	assert_string_equal(r.finding[VERIFY_FILES].why,
	    "not a file of the log");
	assert_true(r.finding[VERIFY_FILES].file[0] != '\0');
	/* what is worse takes the place of that */
	write_all(path_in(&small, "log.vkey"), view_text("?\n"));
	r = verify(&small);
	assert_int_equal(r.verdict, VERIFY_TAMPERED);
	assert_string_equal(r.finding[VERIFY_FILES].file, "log.vkey");
	assert_int_equal(unlink(path_in(&small, "log.vkey")), 0);
	/* nor is a file among partial tiles one of them */
	write_all(path_in(&small, "tile/0/000.p/x"), view_text("?"));
	r = verify(&small);
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	assert_true(r.foreign == 3);
	assert_int_equal(unlink(path_in(&small, "tile/0/000.p/x")), 0);
	assert_int_equal(unlink(path_in(&small, name)), 0);
	assert_int_equal(unlink(path_in(&small, "link")), 0);
}

static void
status_lists_may_lie_beside_the_log(void **state)
{
	static const char *const lists[] = { "status-lists/1.jwt",
	    "status-lists/1.cwt", "status-lists/1024.jwt" };
	static const char *const others[] = { "status-lists/01.jwt",
	    "status-lists/1.txt", "status-lists/1.jwt.new",
	    "status-lists/x.cwt", "status-lists/.jwt" };
	struct verify_result r;

	(void)state;
	assert_int_equal(dir_make(path_in(&small, "status-lists"), 0755),
	    ERR_OK);
	for (size_t i = 0; i < COUNT(lists); i++)
		write_all(path_in(&small, lists[i]), view_text("a list"));
	r = verify(&small);
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	assert_true(r.foreign == 0);
	for (size_t i = 0; i < COUNT(others); i++)
		write_all(path_in(&small, others[i]), view_text("?"));
	/* a link is not the file that it leads to */
	assert_int_equal(symlink("1.jwt", path_in(&small,
	    "status-lists/2.jwt")), 0);
	r = verify(&small);
	assert_true(r.foreign == COUNT(others) + 1);
	assert_int_equal(unlink(path_in(&small, "status-lists/2.jwt")), 0);
	for (size_t i = 0; i < COUNT(lists); i++)
		assert_int_equal(unlink(path_in(&small, lists[i])), 0);
	for (size_t i = 0; i < COUNT(others); i++)
		assert_int_equal(unlink(path_in(&small, others[i])), 0);
}

static void
a_published_key_is_one_that_is_trusted(void **state)
{
	static const uint8_t seed[32] = { 55 };
	static const char *const wanted[] = { "not the key that is trusted",
		"of another log", "is a line", "is a line", "is a line" };
	AUTO(EVP_PKEY) secret = NULL;
	AUTO(EVP_PKEY) second = NULL;
	AUTO(vkey) other = NULL;
	AUTO(vkey) foreign = NULL;
	struct bytes b[5] = { 0 };

	(void)state;
	assert_int_equal(testlog_key(TESTLOG_NAME, VKEY_ED25519, seed,
	    &secret, &other), ERR_OK);
	assert_int_equal(testlog_key("example.kr/other", VKEY_ED25519, seed,
	    &second, &foreign), ERR_OK);
	vkey_put(other, &b[0]);
	bytes_put_u8(&b[0], '\n');
	vkey_put(foreign, &b[1]);
	bytes_put_u8(&b[1], '\n');
	vkey_put(small.key, &b[2]);
	vkey_put(small.key, &b[3]);
	bytes_put_text(&b[3], "\n\n");
	for (size_t i = 0; i < COUNT(b); i++) {
		struct verify_result r;

		write_all(path_in(&small, "log.vkey"), bytes_view(&b[i]));
		r = verify(&small);
		assert_int_equal(r.verdict, VERIFY_TAMPERED);
		assert_string_equal(r.finding[VERIFY_FILES].file, "log.vkey");
		if (strstr(r.finding[VERIFY_FILES].why, wanted[i]) == NULL)
			fail_msg("%zu: %s", i, r.finding[VERIFY_FILES].why);
		bytes_done(&b[i]);
	}
	assert_int_equal(unlink(path_in(&small, "log.vkey")), 0);
}

static void
a_bundle_that_ends_early_is_incomplete(void **state)
{
	AUTO_DONE(bytes) b = { 0 };
	struct verify_result r;

	(void)state;
	read_all(path_in(&small, "tile/entries/000.p/40"), &b);
	write_all(path_in(&small, "tile/entries/000.p/40"),
	    VIEW(b.at, b.len - 1));
	r = verify(&small);
	assert_int_equal(r.verdict, VERIFY_INCOMPLETE);
	assert_string_equal(r.finding[VERIFY_ENTRIES].file,
	    "tile/entries/000.p/40");
	write_all(path_in(&small, "tile/entries/000.p/40"), bytes_view(&b));
	assert_int_equal(verify(&small).verdict, VERIFY_VERIFIED);
}

static void
what_cannot_be_read_or_trusted_gives_no_verdict(void **state)
{
	static const uint8_t seed[32] = { 56 };
	AUTO(EVP_PKEY) secret = NULL;
	AUTO(vkey) witness = NULL;
	struct verify_result r = { .size = 77 };
	struct rlimit limit, before;
	int none = -1, next = dup(0);
	struct log_files nothing = log_files_dir(&none);

	(void)state;
	assert_int_equal(testlog_key("w", VKEY_COSIGNATURE, seed, &secret,
	    &witness), ERR_OK);
	assert_int_equal(verify_log(small.dir, witness, &r), ERR_SYNTAX);
	/* a descriptor for the directory, and none for its files */
	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit = before;
	limit.rlim_cur = (rlim_t)next + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(verify_log(small.dir, small.key, &r), ERR_SYSTEM);
	limit.rlim_cur = (rlim_t)next;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(verify_log(small.dir, small.key, &r), ERR_SYSTEM);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(nothing.list(nothing.arg, "", NULL, NULL),
	    ERR_SYSTEM);
	assert_true(r.size == 77);
}

static void
no_directory_and_no_checkpoint_are_told_apart(void **state)
{
	struct testlog l = { 0 };
	struct verify_result r;

	(void)state;
	assert_int_equal(verify_log("/nonexistent/log", big.key, &r),
	    ERR_NOT_FOUND);
	assert_int_equal(testlog_open(&l, testdir_new()), ERR_OK);
	r = verify(&l);
	assert_int_equal(r.verdict, VERIFY_INCOMPLETE);
	testdir_remove(l.dir);
	testlog_done(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_log_is_verified),
		cmocka_unit_test(an_empty_log_is_verified),
		cmocka_unit_test(every_size_around_a_full_tile_is_verified),
		cmocka_unit_test(a_changed_byte_in_any_file_is_noticed),
		cmocka_unit_test(
		    a_file_that_is_cut_lengthened_or_gone_is_noticed),
		cmocka_unit_test(
		    a_changed_entry_below_a_tile_that_is_too_large_is_found),
		cmocka_unit_test(a_missing_bundle_is_named),
		cmocka_unit_test(an_older_checkpoint_leaves_files_ahead_of_it),
		cmocka_unit_test(files_that_are_not_the_log_s_are_told),
		cmocka_unit_test(status_lists_may_lie_beside_the_log),
		cmocka_unit_test(a_published_key_is_one_that_is_trusted),
		cmocka_unit_test(a_bundle_that_ends_early_is_incomplete),
		cmocka_unit_test(
		    what_cannot_be_read_or_trusted_gives_no_verdict),
		cmocka_unit_test(no_directory_and_no_checkpoint_are_told_apart),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
