/*
 * The verifier against logs that are whole, changed, cut, forged with the
 * tiles repaired, or signed although their entries are untrue.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "audit/merkle.h"
#include "audit/verify.h"
#include "testdir.h"
#include "testlog.h"

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

static struct verify_result
verify(const struct testlog *l)
{
	struct verify_result r;

	assert_int_equal(verify_log(l->dir, l->key, &r), ERR_OK);
	assert_int_equal(verify_exit_status(&r), (int)r.verdict);
	return r;
}

static void
read_all(const char *path, struct bytes *out)
{
	bytes_reset(out);
	assert_int_equal(file_read(path, 1 << 22, out), ERR_OK);
}

static void
write_all(const char *path, struct view v)
{
	assert_int_equal(file_publish(path, v, 0644), ERR_OK);
}

static const char *
path_in(const struct testlog *l, const char *name)
{
	static char path[512];

	assert_int_equal(path_join(l->dir, name, path, sizeof(path)), ERR_OK);
	return path;
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

/* ---- forgeries in the big log, put right again afterwards */

/* Changes a digit of entry index in its bundle. */
static void
forge_entry(const char *name, unsigned int index, struct hash *out_leaf)
{
	AUTO_DONE(bytes) b = { 0 };
	struct view entries[TILE_WIDTH];
	struct tile_id id;
	uint8_t *nonce;

	assert_int_equal(tile_path_get(view_text(name), &id), ERR_OK);
	read_all(path_in(&big, name), &b);
	assert_int_equal(tile_bundle_get(bytes_view(&b), id.width, entries),
	    ERR_OK);
	nonce = (uint8_t *)strstr((const char *)entries[index].at,
	    "\"n\":\"") + 5;
	*nonce = *nonce == '7' ? '8' : '7';
	*out_leaf = merkle_leaf(entries[index]);
	write_all(path_in(&big, name), bytes_view(&b));
}

static void
forge_hash(const char *name, unsigned int index, const struct hash *h)
{
	AUTO_DONE(bytes) b = { 0 };

	read_all(path_in(&big, name), &b);
	memcpy(b.at + index * sizeof(*h), h, sizeof(*h));
	write_all(path_in(&big, name), bytes_view(&b));
}

/* The files a forgery touches, kept and restored. */
static const char *const touched[] = { "tile/entries/001", "tile/0/001",
	"tile/1/000.p/2", "tile/0/000", "checkpoint" };
static struct bytes kept[COUNT(touched)];

static void
keep(void)
{
	for (size_t i = 0; i < COUNT(touched); i++)
		read_all(path_in(&big, touched[i]), &kept[i]);
}

static void
restore(void)
{
	for (size_t i = 0; i < COUNT(touched); i++) {
		write_all(path_in(&big, touched[i]), bytes_view(&kept[i]));
		bytes_done(&kept[i]);
	}
	assert_int_equal(verify(&big).verdict, VERIFY_VERIFIED);
}

static void
assert_range(const struct verify_result *r, uint64_t first, uint64_t last)
{
	const struct verify_finding *f = &r->finding[VERIFY_ENTRIES];

	assert_int_equal(r->verdict, VERIFY_TAMPERED);
	assert_int_equal(f->verdict, VERIFY_TAMPERED);
	assert_true(f->first_index == first);
	assert_true(f->last_index == last);
	assert_true(r->count[VERIFY_ENTRIES].good == first);
}

static void
a_forged_entry_is_named_by_its_index(void **state)
{
	struct verify_result r;
	struct hash leaf;

	(void)state;
	keep();
	forge_entry("tile/entries/001", 77, &leaf);
	r = verify(&big);
	assert_range(&r, 256 + 77, 256 + 77);
	assert_string_equal(r.finding[VERIFY_ENTRIES].file,
	    "tile/entries/001");
	restore();
}

static void
a_forged_entry_with_its_hash_tile_is_named_by_its_tile(void **state)
{
	struct verify_result r;
	struct hash leaf;

	(void)state;
	keep();
	forge_entry("tile/entries/001", 77, &leaf);
	forge_hash("tile/0/001", 77, &leaf);
	r = verify(&big);
	/* the forged tile says nothing about which of its 256 it was */
	assert_range(&r, 256, 511);
	assert_string_equal(r.finding[VERIFY_ENTRIES].file,
	    "tile/entries/001");
	restore();
}

static void
a_forgery_with_all_tiles_repaired_is_noticed(void **state)
{
	AUTO_DONE(bytes) tile = { 0 };
	struct hash leaf, hashes[TILE_WIDTH], root;
	struct verify_result r;

	(void)state;
	keep();
	forge_entry("tile/entries/001", 77, &leaf);
	forge_hash("tile/0/001", 77, &leaf);
	read_all(path_in(&big, "tile/0/001"), &tile);
	memcpy(hashes, tile.at, sizeof(hashes));
	root = merkle_root(hashes, TILE_WIDTH);
	forge_hash("tile/1/000.p/2", 1, &root);
	r = verify(&big);
	assert_range(&r, 0, 599);
	restore();
}

static void
a_forged_hash_tile_alone_does_not_accuse_the_entries(void **state)
{
	struct hash nonsense = { { 1 } };
	struct verify_result r;

	(void)state;
	keep();
	forge_hash("tile/0/000", 5, &nonsense);
	r = verify(&big);
	assert_int_equal(r.verdict, VERIFY_TAMPERED);
	assert_int_equal(r.finding[VERIFY_ENTRIES].verdict, VERIFY_VERIFIED);
	assert_true(r.count[VERIFY_ENTRIES].good == 600);
	assert_string_equal(r.finding[VERIFY_TILES].file, "tile/0/000");
	assert_true(r.finding[VERIFY_TILES].byte == 160);
	assert_true(r.count[VERIFY_TILES].good + 1 ==
	    r.count[VERIFY_TILES].total);
	restore();
}

static void
a_forged_entry_behind_a_missing_bundle_is_still_found(void **state)
{
	struct verify_result r;
	struct hash leaf;
	AUTO_DONE(bytes) bundle = { 0 };

	(void)state;
	keep();
	forge_entry("tile/entries/001", 3, &leaf);
	read_all(path_in(&big, "tile/entries/000"), &bundle);
	assert_int_equal(unlink(path_in(&big, "tile/entries/000")), 0);
	r = verify(&big);
	assert_range(&r, 259, 259);
	write_all(path_in(&big, "tile/entries/000"), bytes_view(&bundle));
	restore();
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
a_checkpoint_of_another_key_is_refused(void **state)
{
	static const uint8_t seed[32] = { 3 };
	AUTO(EVP_PKEY) secret = NULL;
	AUTO(vkey) other = NULL;
	AUTO_DONE(bytes) note = { 0 };
	struct verify_result r;
	struct hash root;
	uint64_t size;

	(void)state;
	keep();
	size = publish_ready(big.publish, &root);
	assert_int_equal(testlog_key(TESTLOG_NAME, VKEY_ED25519, seed,
	    &secret, &other), ERR_OK);
	assert_int_equal(testlog_note(secret, other, size, &root, &note),
	    ERR_OK);
	write_all(path_in(&big, "checkpoint"), bytes_view(&note));
	r = verify(&big);
	assert_int_equal(r.verdict, VERIFY_TAMPERED);
	assert_string_equal(r.finding[VERIFY_CHECKPOINT].file, "checkpoint");
	/* nothing unsigned is believed, not even the size */
	assert_true(r.size == 0);
	restore();
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
	assert_int_equal(unlink(path_in(&small, name)), 0);
	assert_int_equal(unlink(path_in(&small, "link")), 0);
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

/* ---- what the key signed but cannot be true */

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

/* ---- the report */

static void
the_report_has_a_line_for_each_check_and_a_verdict(void **state)
{
	struct verify_result r = verify(&big);
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	verify_report(&r, &b);
	assert_int_equal(bytes_check(&b), ERR_OK);
	assert_non_null(strstr(bytes_text(&b), "size 600 root "));
	assert_non_null(strstr(bytes_text(&b),
	    "Entries      600/600 hash to the signed root ...."));
	assert_non_null(strstr(bytes_text(&b), "\nVERIFIED\n"));
	assert_null(strstr(bytes_text(&b), "TAMPERED"));
}

static void
the_report_names_what_was_found_and_where(void **state)
{
	struct verify_result r;
	AUTO_DONE(bytes) text = { 0 };
	AUTO_DONE(bytes) json = { 0 };
	struct hash leaf;

	(void)state;
	keep();
	forge_entry("tile/entries/001", 77, &leaf);
	r = verify(&big);
	restore();
	verify_report(&r, &text);
	assert_non_null(strstr(bytes_text(&text),
	    "tile/entries/001: entry 333: not what the signed root says\n"));
	assert_non_null(strstr(bytes_text(&text), "\nTAMPERED\n"));
	assert_int_equal(verify_report_json(&r, &json), ERR_OK);
	assert_non_null(strstr(bytes_text(&json),
	    "{\"verdict\":\"tampered\",\"origin\":\"" TESTLOG_NAME "\""));
	assert_non_null(strstr(bytes_text(&json), "\"file\":\""
	    "tile/entries/001\",\"first_index\":333,\"last_index\":333}"));
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
		cmocka_unit_test(a_forged_entry_is_named_by_its_index),
		cmocka_unit_test(
		    a_forged_entry_with_its_hash_tile_is_named_by_its_tile),
		cmocka_unit_test(a_forgery_with_all_tiles_repaired_is_noticed),
		cmocka_unit_test(
		    a_forged_hash_tile_alone_does_not_accuse_the_entries),
		cmocka_unit_test(
		    a_forged_entry_behind_a_missing_bundle_is_still_found),
		cmocka_unit_test(a_missing_bundle_is_named),
		cmocka_unit_test(a_checkpoint_of_another_key_is_refused),
		cmocka_unit_test(an_older_checkpoint_leaves_files_ahead_of_it),
		cmocka_unit_test(files_that_are_not_the_log_s_are_told),
		cmocka_unit_test(no_directory_and_no_checkpoint_are_told_apart),
		cmocka_unit_test(a_signed_entry_out_of_order_is_found),
		cmocka_unit_test(
		    a_signed_entry_outside_the_vocabulary_is_found),
		cmocka_unit_test(a_signed_report_on_nothing_is_found),
		cmocka_unit_test(a_signed_second_phone_is_found),
		cmocka_unit_test(
		    the_report_has_a_line_for_each_check_and_a_verdict),
		cmocka_unit_test(the_report_names_what_was_found_and_where),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
