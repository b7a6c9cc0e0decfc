/*
 * Directories for tests: made anew under TMPDIR, removed with all in them,
 * and a look at every file in one.
 */
#ifndef OKSE_TESTS_TESTDIR_H
#define OKSE_TESTS_TESTDIR_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Valid until the process has made sixteen more. */
[[maybe_unused]] static const char *
testdir_new(void)
{
	static char paths[16][256];
	static unsigned int next;
	char *path = paths[next++ % 16];
	const char *tmp = getenv("TMPDIR");

	snprintf(path, sizeof(paths[0]), "%s/okse-test-XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	return mkdtemp(path);
}

static int
testdir_unlink(const char *path, const struct stat *st, int type,
    struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

[[maybe_unused]] static void
testdir_remove(const char *path)
{
	nftw(path, testdir_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

/* The regular files below a directory, at most 256. */
struct testdir_files {
	char	path[256][256];
	size_t	count;
};

static struct testdir_files *testdir_into;

static int
testdir_note(const char *path, const struct stat *st, int type,
    struct FTW *ftw)
{
	struct testdir_files *f = testdir_into;

	(void)st;
	(void)ftw;
	if (type == FTW_F && f->count < 256)
		snprintf(f->path[f->count++], sizeof(f->path[0]), "%s", path);
	return 0;
}

[[maybe_unused]] static void
testdir_list(const char *path, struct testdir_files *f)
{
	f->count = 0;
	testdir_into = f;
	nftw(path, testdir_note, 16, FTW_PHYS);
}

#endif
