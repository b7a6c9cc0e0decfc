/*
 * What tests of the verifier share: its verdict on a log, and files of a log
 * read, written and forged.
 */
#ifndef OKSE_TESTS_TESTVERIFY_H
#define OKSE_TESTS_TESTVERIFY_H

#include "audit/verify.h"
#include "testdir.h"
#include "testlog.h"

/* With a policy, and other checkpoints to compare with. */
[[maybe_unused]] static struct verify_result
verify_by(const struct testlog *l, const struct verify_options *options)
{
	AUTO_FD fd = open(l->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct log_files files = log_files_dir(&fd);
	struct verify_result r;

	assert_int_not_equal(fd, -1);
	assert_int_equal(verify_with(&files, options, &r), ERR_OK);
	assert_int_equal(verify_exit_status(&r), (int)r.verdict);
	return r;
}

/* By the log's key alone. */
[[maybe_unused]] static struct verify_result
verify(const struct testlog *l)
{
	struct verify_result r;

	assert_int_equal(verify_log(l->dir, l->key, &r), ERR_OK);
	assert_int_equal(verify_exit_status(&r), (int)r.verdict);
	return r;
}

[[maybe_unused]] static void
read_all(const char *path, struct bytes *out)
{
	bytes_reset(out);
	assert_int_equal(file_read(path, 1 << 22, out), ERR_OK);
}

[[maybe_unused]] static void
write_all(const char *path, struct view v)
{
	assert_int_equal(file_publish(path, v, 0644), ERR_OK);
}

[[maybe_unused]] static const char *
path_in(const struct testlog *l, const char *name)
{
	static char path[512];

	assert_int_equal(path_join(l->dir, name, path, sizeof(path)), ERR_OK);
	return path;
}

#endif
