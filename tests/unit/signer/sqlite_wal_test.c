/*
 * What is written through the layer reaches the plain one whole, in order and
 * in time; whoever looks at the file finds it as it was written.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "signer/notary/sqlite.h"
#include "signer/notary/sqlite_wal.h"

#define LARGEST (128 * 1024)	/* that one write has, and no more */

/* ---- a plain layer that keeps its file in memory, and counts */

static struct {
	uint8_t		at[8 * LARGEST];
	sqlite3_int64	size;
	unsigned int	writes, syncs, closes;
	int		largest, fails;	/* error of the next write */
} disk;

static int
plain_write(sqlite3_file *f, const void *at, int len, sqlite3_int64 offset)
{
	(void)f;
	if (disk.fails != 0)
		return disk.fails;
	memcpy(disk.at + offset, at, (size_t)len);
	disk.writes++;
	if (offset + len > disk.size)
		disk.size = offset + len;
	if (len > disk.largest)
		disk.largest = len;
	return SQLITE_OK;
}

static int
plain_read(sqlite3_file *f, void *out, int len, sqlite3_int64 offset)
{
	(void)f;
	memcpy(out, disk.at + offset, (size_t)len);
	return SQLITE_OK;
}

static int
plain_sync(sqlite3_file *f, int flags)
{
	(void)f;
	(void)flags;
	disk.syncs++;
	return SQLITE_OK;
}

static int
plain_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	(void)f;
	disk.size = size;
	return SQLITE_OK;
}

static int
plain_size(sqlite3_file *f, sqlite3_int64 *out_size)
{
	(void)f;
	*out_size = disk.size;
	return SQLITE_OK;
}

static int
plain_close(sqlite3_file *f)
{
	(void)f;
	disk.closes++;
	return SQLITE_OK;
}

static int
plain_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags,
    int *out_flags)
{
	static const sqlite3_io_methods methods = { .iVersion = 1,
	    .xClose = plain_close, .xRead = plain_read,
	    .xWrite = plain_write, .xTruncate = plain_truncate,
	    .xSync = plain_sync, .xFileSize = plain_size };

	(void)vfs;
	(void)name;
	(void)out_flags;
	f->pMethods = (flags & SQLITE_OPEN_EXCLUSIVE) != 0 ? NULL : &methods;
	return f->pMethods != NULL ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int
install(void **state)
{
	static sqlite3_vfs memory = { .iVersion = 1,
	    .szOsFile = sizeof(sqlite3_file), .mxPathname = 64,
	    .zName = "memory", .xOpen = plain_open };

	(void)state;
	return sqlite3_vfs_register(&memory, 1);
}

/* ---- a file through the layer */

static sqlite3_file *
open_as(int flags, int want)
{
	sqlite3_vfs *layer = sqlite3_vfs_find(sqlite_wal_layer());
	sqlite3_file *f;

	assert_non_null(layer);
	f = mem_new(1, (size_t)layer->szOsFile);
	assert_non_null(f);
	memset(&disk, 0, sizeof(disk));
	assert_int_equal(layer->xOpen(layer, "a", f, flags, NULL), want);
	return f;
}

static void
close_file(sqlite3_file *f)
{
	assert_int_equal(f->pMethods->xClose(f), SQLITE_OK);
	assert_int_equal(disk.closes, 1);
	mem_free(f);
}

static void
put(sqlite3_file *f, const char *text, sqlite3_int64 offset)
{
	assert_int_equal(f->pMethods->xWrite(f, text, (int)strlen(text),
	    offset), SQLITE_OK);
}

static void
what_follows_is_joined_until_the_sync(void **)
{
	sqlite3_file *f = open_as(SQLITE_OPEN_WAL, SQLITE_OK);

	put(f, "head", 0);
	put(f, "page", 4);
	put(f, "head", 8);
	assert_int_equal(disk.writes, 0);
	assert_int_equal(f->pMethods->xSync(f, SQLITE_SYNC_NORMAL), SQLITE_OK);
	assert_int_equal(disk.writes, 1);
	assert_int_equal(disk.syncs, 1);
	assert_memory_equal(disk.at, "headpagehead", 12);
	assert_int_equal(f->pMethods->xSync(f, SQLITE_SYNC_NORMAL), SQLITE_OK);
	assert_int_equal(disk.writes, 1);
	close_file(f);
}

static void
what_does_not_follow_goes_after_what_was_before(void **)
{
	sqlite3_file *f = open_as(SQLITE_OPEN_WAL, SQLITE_OK);

	put(f, "first", 0);
	put(f, "again", 0);
	put(f, "gap", 7);
	put(f, "ok", 5);
	close_file(f);
	assert_int_equal(disk.writes, 4);
	assert_memory_equal(disk.at, "againokgap", 10);
}

static void
whoever_looks_finds_what_was_written(void **)
{
	sqlite3_file *f = open_as(SQLITE_OPEN_WAL, SQLITE_OK);
	sqlite3_int64 size = 0;
	char read[5] = "";

	put(f, "some", 0);
	assert_int_equal(f->pMethods->xRead(f, read, 4, 0), SQLITE_OK);
	assert_string_equal(read, "some");
	put(f, "more", 4);
	assert_int_equal(f->pMethods->xFileSize(f, &size), SQLITE_OK);
	assert_int_equal(size, 8);
	put(f, "last", 8);
	assert_int_equal(f->pMethods->xTruncate(f, 3), SQLITE_OK);
	assert_int_equal(disk.size, 3);
	close_file(f);
	assert_int_equal(disk.size, 3);
	assert_int_equal(disk.writes, 3);
}

static void
no_write_is_larger_than_the_room_for_it(void **)
{
	sqlite3_file *f = open_as(SQLITE_OPEN_WAL, SQLITE_OK);
	uint8_t *much = mem_new(LARGEST + 1, 1);

	for (int i = 0; i < LARGEST + 1; i++)
		much[i] = (uint8_t)(i * 7 + 1);
	for (int len = LARGEST - 1; len <= LARGEST + 1; len++) {
		disk.size = 0;
		put(f, "x", 0);
		assert_int_equal(f->pMethods->xWrite(f, much, len, 1),
		    SQLITE_OK);
		put(f, "y", len + 1);
		assert_int_equal(f->pMethods->xSync(f, 0), SQLITE_OK);
		assert_int_equal(disk.size, len + 2);
		assert_int_equal(disk.at[0], 'x');
		assert_memory_equal(disk.at + 1, much, (size_t)len);
		assert_int_equal(disk.at[len + 1], 'y');
	}
	mem_free(much);
	close_file(f);
	/* what has no room at all goes as it came */
	assert_int_equal(disk.largest, LARGEST + 1);
}

static void
a_write_that_fails_is_told_by_the_sync_and_not_tried_again(void **)
{
	sqlite3_file *f = open_as(SQLITE_OPEN_WAL, SQLITE_OK);

	put(f, "lost", 0);
	disk.fails = SQLITE_FULL;
	assert_int_equal(f->pMethods->xSync(f, 0), SQLITE_FULL);
	assert_int_equal(disk.syncs, 0);
	disk.fails = 0;
	assert_int_equal(f->pMethods->xSync(f, 0), SQLITE_OK);
	assert_int_equal(disk.writes, 0);
	put(f, "kept", 0);
	disk.fails = SQLITE_IOERR_WRITE;
	assert_int_equal(f->pMethods->xWrite(f, "far", 3, 9),
	    SQLITE_IOERR_WRITE);
	disk.fails = 0;
	close_file(f);
	assert_int_equal(disk.writes, 0);
}

static void
other_files_are_written_as_ever(void **)
{
	sqlite3_file *f = open_as(SQLITE_OPEN_MAIN_DB, SQLITE_OK);

	put(f, "page", 0);
	put(f, "page", 4);
	assert_int_equal(disk.writes, 2);
	close_file(f);
}

static void
a_file_that_does_not_open_is_nothing(void **)
{
	sqlite3_file *f = open_as(SQLITE_OPEN_WAL | SQLITE_OPEN_EXCLUSIVE,
	    SQLITE_CANTOPEN);

	assert_null(f->pMethods);
	mem_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_follows_is_joined_until_the_sync),
		cmocka_unit_test(
		    what_does_not_follow_goes_after_what_was_before),
		cmocka_unit_test(whoever_looks_finds_what_was_written),
		cmocka_unit_test(no_write_is_larger_than_the_room_for_it),
		cmocka_unit_test(
		    a_write_that_fails_is_told_by_the_sync_and_not_tried_again),
		cmocka_unit_test(other_files_are_written_as_ever),
		cmocka_unit_test(a_file_that_does_not_open_is_nothing),
	};

	return cmocka_run_group_tests(tests, install, NULL);
}
