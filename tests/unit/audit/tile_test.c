/*
 * Names and widths of tiles, the bytes of bundles, reading through a source.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/merkle.h"
#include "audit/tile.h"
#include "base/file.h"

struct name {
	struct tile_id	 id;
	const char	*path;
};

static const struct name names[] = {
	{ { 0, 0, 256 }, "tile/0/000" },
	{ { 0, 273, 112 }, "tile/0/273.p/112" },
	{ { 1, 1, 17 }, "tile/1/001.p/17" },
	{ { 7, 999, 255 }, "tile/7/999.p/255" },
	{ { 0, 1000, 256 }, "tile/0/x001/000" },
	{ { 2, 1234067, 256 }, "tile/2/x001/x234/067" },
	{ { TILE_ENTRIES, 0, 1 }, "tile/entries/000.p/1" },
	{ { TILE_ENTRIES, 1234067, 8 }, "tile/entries/x001/x234/067.p/8" },
	{ { 0, UINT64_MAX, 255 },
	    "tile/0/x018/x446/x744/x073/x709/x551/615.p/255" },
};

static void
paths_are_written_and_read_as_the_format_says(void **state)
{
	char path[TILE_PATH];
	struct tile_id id;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_string_equal(tile_path(names[i].id, path),
		    names[i].path);
		assert_int_equal(tile_path_get(view_text(names[i].path), &id),
		    ERR_OK);
		assert_int_equal(id.level, names[i].id.level);
		assert_true(id.index == names[i].id.index);
		assert_int_equal(id.width, names[i].id.width);
	}
}

static void
any_other_spelling_of_a_path_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "tile", "tile/", "tile/0", "tile/0/", "tile/0/0",
		"tile/0/00", "tile/0/0000", "tile/0/000/", "tile/0/000.p",
		"tile/0/000.p/", "tile/0/000.p/0", "tile/0/000.p/256",
		"tile/0/000.p/01", "tile/0/000.p/1x", "tile/0/000.p/-1",
		"tile/00/000", "tile/8/000", "tile/64/000", "tile/-1/000",
		"tile/0/x000/001", "tile/0/x001", "tile/0/x001/", "tile/0/x00",
		"tile/0/001/000", "tile/0/x001x/000", "tile/0/00a",
		"tile/entries", "tile/entries/", "tile/entriesx/000",
		"tile/data/000", "/tile/0/000", "tile//000", "tile/0/../000",
		"tile/0/x018/x446/x744/x073/x709/x551/616",
		"tile/0/x999/x999/x999/x999/x999/x999/x999/x999/999",
		"tile/0/000\n", "tile/0/ 00",
	};
	struct tile_id id = { .width = 77 };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(tile_path_get(view_text(bad[i]), &id),
		    ERR_SYNTAX);
		assert_int_equal(id.width, 77);
	}
	assert_int_equal(tile_path_get(VIEW("tile/0/000\0", 11), &id),
	    ERR_SYNTAX);
}

struct shape {
	uint64_t	size;
	uint64_t	full[4];	/* at levels 0 … 3 */
	unsigned int	partial[4];
};

/* floor(s / 256^l) / 256 and floor(s / 256^l) mod 256, worked by hand */
static const struct shape shapes[] = {
	{ 0, { 0 }, { 0 } },
	{ 1, { 0 }, { 1 } },
	{ 255, { 0 }, { 255 } },
	{ 256, { 1, 0, 0, 0 }, { 0, 1, 0, 0 } },
	{ 257, { 1, 0, 0, 0 }, { 1, 1, 0, 0 } },
	{ 65535, { 255, 0, 0, 0 }, { 255, 255, 0, 0 } },
	{ 65536, { 256, 1, 0, 0 }, { 0, 0, 1, 0 } },
	{ 65537, { 256, 1, 0, 0 }, { 1, 0, 1, 0 } },
	{ 70000, { 273, 1, 0, 0 }, { 112, 17, 1, 0 } },
	{ 16777215, { 65535, 255, 0, 0 }, { 255, 255, 255, 0 } },
	{ 16777216, { 65536, 256, 1, 0 }, { 0, 0, 0, 1 } },
	{ 16777217, { 65536, 256, 1, 0 }, { 1, 0, 0, 1 } },
};

static void
widths_at_every_level_are_those_of_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(shapes); i++) {
		const struct shape *s = &shapes[i];

		for (int l = 0; l < 4; l++) {
			assert_true(tile_full(l, s->size) == s->full[l]);
			assert_int_equal(tile_partial(l, s->size),
			    s->partial[l]);
			assert_int_equal(tile_width(l, s->full[l], s->size),
			    s->partial[l]);
			assert_int_equal(tile_width(l, s->full[l] + 1,
			    s->size), 0);
			if (s->full[l] != 0)
				assert_int_equal(tile_width(l,
				    s->full[l] - 1, s->size), 256);
		}
		assert_true(tile_full(TILE_ENTRIES, s->size) == s->full[0]);
		assert_int_equal(tile_partial(TILE_ENTRIES, s->size),
		    s->partial[0]);
	}
}

static void
a_bundle_gives_back_its_entries(void **state)
{
	static uint8_t longest[TILE_ENTRY_MAX + 1];
	struct view entries[TILE_WIDTH];
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	tile_bundle_put(&b, view_text("one"));
	tile_bundle_put(&b, view_text(""));
	tile_bundle_put(&b, VIEW(longest, TILE_ENTRY_MAX));
	assert_int_equal(bytes_check(&b), ERR_OK);
	assert_int_equal(tile_bundle_get(bytes_view(&b), 3, entries), ERR_OK);
	assert_true(view_is(entries[0], "one"));
	assert_int_equal(entries[1].len, 0);
	assert_int_equal(entries[2].len, TILE_ENTRY_MAX);
	tile_bundle_put(&b, VIEW(longest, TILE_ENTRY_MAX + 1));
	assert_int_equal(bytes_check(&b), ERR_TOO_LARGE);
}

static void
a_bundle_with_too_few_or_too_many_bytes_is_refused(void **state)
{
	struct view entries[TILE_WIDTH];
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	tile_bundle_put(&b, view_text("one"));
	tile_bundle_put(&b, view_text("two"));
	for (size_t n = 0; n < b.len; n++)
		assert_int_equal(tile_bundle_get(VIEW(b.at, n), 2, entries),
		    ERR_CORRUPT);
	assert_int_equal(tile_bundle_get(bytes_view(&b), 1, entries),
	    ERR_SYNTAX);
	assert_int_equal(tile_bundle_get(bytes_view(&b), 3, entries),
	    ERR_CORRUPT);
	assert_int_equal(tile_bundle_get(bytes_view(&b), 257, entries),
	    ERR_RANGE);
	assert_int_equal(tile_bundle_get(VIEW(NULL, 0), 0, entries),
	    ERR_RANGE);	/* there is no empty one */
}

/* A directory with one full tile and one full bundle. */
static int
make_tiles(void **state)
{
	static char dir[] = "/tmp/okse-tile-XXXXXX";
	static uint8_t tile[TILE_SIZE];
	AUTO_DONE(bytes) bundle = { 0 };
	char path[64];

	for (size_t i = 0; i < sizeof(tile); i++)
		tile[i] = (uint8_t)(i / 32);
	for (int i = 0; i < TILE_WIDTH; i++)
		tile_bundle_put(&bundle, VIEW(tile, (size_t)i));
	if (mkdtemp(dir) == NULL || chdir(dir) == -1 ||
	    dir_make("tile/0", 0700) != ERR_OK ||
	    dir_make("tile/entries", 0700) != ERR_OK ||
	    file_publish(tile_path((struct tile_id){ 0, 0, 256 }, path),
	    VIEW_OF(tile), 0600) != ERR_OK ||
	    file_publish("tile/0/001", VIEW(tile, 100), 0600) != ERR_OK ||
	    file_publish("tile/entries/000", bytes_view(&bundle), 0600) !=
	    ERR_OK ||
	    file_publish("tile/entries/002", VIEW("\0\1a\0\1", 5), 0600) !=
	    ERR_OK)
		return -1;
	*state = dir;
	return crypto_init() == ERR_OK ? 0 : -1;
}

static void
a_missing_partial_tile_is_cut_from_the_full_one(void **state)
{
	AUTO_FD fd = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct tile_source s = tile_source_dir(&fd);
	struct hash hashes[TILE_WIDTH];
	struct view entries[TILE_WIDTH];
	AUTO_DONE(bytes) buffer = { 0 };

	assert_int_equal(tile_read(&s, (struct tile_id){ 0, 0, 256 },
	    hashes), ERR_OK);
	assert_int_equal(hashes[255].at[0], 255);
	memset(hashes, 0xee, sizeof(hashes));
	assert_int_equal(tile_read(&s, (struct tile_id){ 0, 0, 7 }, hashes),
	    ERR_OK);
	assert_int_equal(hashes[6].at[0], 6);
	assert_int_equal(hashes[7].at[0], 0xee);
	assert_int_equal(tile_read_bundle(&s, (struct tile_id){ TILE_ENTRIES,
	    0, 7 }, &buffer, entries), ERR_OK);
	assert_int_equal(entries[6].len, 6);
}

static void
a_tile_that_is_missing_or_short_is_refused(void **state)
{
	AUTO_FD fd = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct tile_source s = tile_source_dir(&fd);
	struct hash hashes[TILE_WIDTH];
	struct view entries[TILE_WIDTH];
	AUTO_DONE(bytes) buffer = { 0 };

	assert_int_equal(tile_read(&s, (struct tile_id){ 0, 2, 256 },
	    hashes), ERR_NOT_FOUND);
	assert_int_equal(tile_read(&s, (struct tile_id){ 1, 0, 3 }, hashes),
	    ERR_NOT_FOUND);
	assert_int_equal(tile_read(&s, (struct tile_id){ 0, 1, 256 },
	    hashes), ERR_CORRUPT);
	assert_int_equal(tile_read(&s, (struct tile_id){ 0, 1, 4 }, hashes),
	    ERR_CORRUPT);
	assert_non_null(strstr(err_why(), "ends before width 4"));
	assert_int_equal(tile_read_bundle(&s, (struct tile_id){ TILE_ENTRIES,
	    2, 256 }, &buffer, entries), ERR_CORRUPT);
	assert_int_equal(tile_read_bundle(&s, (struct tile_id){ TILE_ENTRIES,
	    2, 9 }, &buffer, entries), ERR_CORRUPT);
	assert_non_null(strstr(err_why(), "ends before width 9"));
	assert_int_equal(buffer.len, 0);
	assert_int_equal(tile_read_bundle(&s, (struct tile_id){ TILE_ENTRIES,
	    1, 256 }, &buffer, entries), ERR_NOT_FOUND);
}

static int
remove_tiles(void **state)
{
	unlink("tile/0/000");
	unlink("tile/0/001");
	unlink("tile/entries/000");
	unlink("tile/entries/002");
	rmdir("tile/0");
	rmdir("tile/entries");
	rmdir("tile");
	return rmdir(*state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    paths_are_written_and_read_as_the_format_says),
		cmocka_unit_test(any_other_spelling_of_a_path_is_refused),
		cmocka_unit_test(widths_at_every_level_are_those_of_the_table),
		cmocka_unit_test(a_bundle_gives_back_its_entries),
		cmocka_unit_test(
		    a_bundle_with_too_few_or_too_many_bytes_is_refused),
		cmocka_unit_test(
		    a_missing_partial_tile_is_cut_from_the_full_one),
		cmocka_unit_test(a_tile_that_is_missing_or_short_is_refused),
	};

	return cmocka_run_group_tests(tests, make_tiles, remove_tiles);
}
