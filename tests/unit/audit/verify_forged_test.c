/*
 * The verifier against forged logs: entries changed, with and without the
 * tiles repaired; what it reports.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "audit/merkle.h"
#include "testverify.h"

static struct testlog big;	/* 600 entries */

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
	assert_true(r->count[VERIFY_ENTRIES].good == first - r->absent);
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
a_forged_hash_tile_does_not_hide_a_forged_entry_behind_it(void **state)
{
	struct hash nonsense = { { 1 } }, leaf;
	struct verify_result r;

	(void)state;
	keep();
	forge_hash("tile/0/000", 5, &nonsense);
	forge_entry("tile/entries/001", 44, &leaf);
	r = verify(&big);
	assert_range(&r, 300, 300);
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
a_checkpoint_of_another_origin_is_refused(void **state)
{
	AUTO_DONE(bytes) body = { 0 };
	AUTO_DONE(bytes) note = { 0 };
	uint8_t signature[64];
	struct verify_result r;
	struct hash root;
	uint64_t size = publish_ready(big.publish, &root);

	(void)state;
	keep();
	/* our key's signature is good, but it is not of this log */
	assert_int_equal(checkpoint_body("example.kr/other", size, &root,
	    &body), ERR_OK);
	assert_int_equal(testlog_sign(big.secret, bytes_view(&body),
	    signature), ERR_OK);
	note_put_text(&note, bytes_view(&body));
	note_put_signature(&note, big.key, VIEW_OF(signature));
	write_all(path_in(&big, "checkpoint"), bytes_view(&note));
	r = verify(&big);
	assert_int_equal(r.verdict, VERIFY_TAMPERED);
	assert_non_null(strstr(r.finding[VERIFY_CHECKPOINT].why, "origin"));
	restore();
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

static int
setup(void **state)
{
	(void)state;
	return testlog_open(&big, testdir_new()) == ERR_OK &&
	    testlog_fill(&big, 600, 250) == ERR_OK ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	testdir_remove(big.dir);
	testlog_done(&big);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_forged_entry_is_named_by_its_index),
		cmocka_unit_test(
		    a_forged_entry_with_its_hash_tile_is_named_by_its_tile),
		cmocka_unit_test(a_forgery_with_all_tiles_repaired_is_noticed),
		cmocka_unit_test(
		    a_forged_hash_tile_alone_does_not_accuse_the_entries),
		cmocka_unit_test(
	    a_forged_hash_tile_does_not_hide_a_forged_entry_behind_it),
		cmocka_unit_test(
		    a_forged_entry_behind_a_missing_bundle_is_still_found),
		cmocka_unit_test(a_checkpoint_of_another_key_is_refused),
		cmocka_unit_test(a_checkpoint_of_another_origin_is_refused),
		cmocka_unit_test(
		    the_report_has_a_line_for_each_check_and_a_verdict),
		cmocka_unit_test(the_report_names_what_was_found_and_where),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
