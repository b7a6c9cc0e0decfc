/*
 * A published log in memory, so that thousands of forgeries of it can be
 * verified without touching a disk.
 */
#ifndef OKSE_TESTS_TESTMEMORY_H
#define OKSE_TESTS_TESTMEMORY_H

#include "audit/files.h"
#include "testdir.h"
#include "testlog.h"

#define TESTMEMORY_FILES 40

struct testmemory_file {
	char		path[128];	/* "": it is not there */
	struct bytes	content;
};

struct testmemory {
	struct testmemory_file	file[TESTMEMORY_FILES];
	size_t			count;
};

[[maybe_unused]] static void
testmemory_done(struct testmemory *m)
{
	for (size_t i = 0; i < m->count; i++)
		bytes_done(&m->file[i].content);
	m->count = 0;
}

[[maybe_unused]] static struct bytes *
testmemory_find(struct testmemory *m, const char *path)
{
	for (size_t i = 0; i < m->count; i++)
		if (strcmp(m->file[i].path, path) == 0)
			return &m->file[i].content;
	return NULL;
}

[[maybe_unused]] static void
testmemory_set(struct testmemory *m, const char *path, struct view v)
{
	struct bytes *b = testmemory_find(m, path);

	if (b == NULL) {
		assert_true(m->count < TESTMEMORY_FILES);
		snprintf(m->file[m->count].path, sizeof(m->file[0].path),
		    "%s", path);
		b = &m->file[m->count++].content;
	}
	bytes_reset(b);
	bytes_put(b, v);
	assert_false(b->failed);
}

/* The file is not there any more; others keep their places. */
[[maybe_unused]] static void
testmemory_remove(struct testmemory *m, const char *path)
{
	for (size_t i = 0; i < m->count; i++)
		if (strcmp(m->file[i].path, path) == 0)
			m->file[i].path[0] = '\0';
}

[[maybe_unused]] static void
testmemory_load(struct testmemory *m, const char *dir)
{
	static struct testdir_files files;
	AUTO_DONE(bytes) b = { 0 };

	testdir_list(dir, &files);
	for (size_t i = 0; i < files.count; i++) {
		bytes_reset(&b);
		assert_int_equal(file_read(files.path[i], 1 << 24, &b),
		    ERR_OK);
		testmemory_set(m, files.path[i] + strlen(dir) + 1,
		    bytes_view(&b));
	}
}

static enum err
testmemory_read(void *arg, const char *path, size_t max, struct bytes *out)
{
	struct bytes *b = testmemory_find(arg, path);

	if (b == NULL)
		return err_because(ERR_NOT_FOUND, "%s: no such file", path);
	if (b->len > max)
		return err_because(ERR_TOO_LARGE, "%s: too large", path);
	bytes_put(out, bytes_view(b));
	return bytes_check(out);
}

/* Each child once: the first file in a directory stands for it. */
static enum err
testmemory_list(void *arg, const char *path, files_each *each, void *context)
{
	const struct testmemory *m = arg;
	size_t n = strlen(path) + (*path != '\0');

	for (size_t i = 0; i < m->count; i++) {
		const char *full = m->file[i].path, *slash;
		char name[128];
		size_t k = 0, len;

		if (strlen(full) <= n || memcmp(full, path, strlen(path)) != 0
		    || (*path != '\0' && full[n - 1] != '/'))
			continue;
		slash = strchr(full + n, '/');
		len = slash != NULL ? (size_t)(slash - full) : strlen(full);
		while (k < i && (strncmp(m->file[k].path, full, len) != 0 ||
		    (m->file[k].path[len] != '/' &&
		    m->file[k].path[len] != '\0')))
			k++;
		if (k < i)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)(len - n),
		    full + n);
		TRY(each(context, name, slash != NULL ? FILES_DIR :
		    FILES_REGULAR));
	}
	return ERR_OK;
}

[[maybe_unused]] static struct log_files
testmemory_files(struct testmemory *m)
{
	return (struct log_files){ .read = testmemory_read,
		.list = testmemory_list, .arg = m };
}

#endif
