/* Files: limits, replacement that leaves old or new, secrets in memory. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

static char top[] = "/tmp/okse-file-XXXXXX";
static char path[128];

static int
make_place(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(top));
	snprintf(path, sizeof(path), "%s/file", top);
	return 0;
}

static int
remove_place(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

static void
assert_content(const char *expected)
{
	AUTO_DONE(bytes) b = { 0 };

	assert_int_equal(file_read(path, 100, &b), ERR_OK);
	assert_string_equal(bytes_text(&b), expected);
}

static void
a_file_is_created_once_and_replaced_whole(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(file_create(path, view_text("one"), 0600), ERR_OK);
	assert_int_equal(file_create(path, view_text("two"), 0600),
	    ERR_EXISTS);
	assert_content("one");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(file_replace(path, view_text("three"), 0600),
	    ERR_OK);
	assert_content("three");
	assert_int_equal(file_publish(path, view_text(""), 0644), ERR_OK);
	assert_content("");
}

static void
what_a_crash_left_is_swept_away(void **state)
{
	char fresh[140];

	(void)state;
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	assert_int_equal(file_publish(fresh, view_text("half"), 0600),
	    ERR_OK);
	assert_int_equal(file_replace(path, view_text("whole"), 0600),
	    ERR_OK);
	assert_content("whole");
	assert_false(file_exists(fresh));
}

static void
a_file_over_its_limit_is_refused(void **state)
{
	static uint8_t big[70000];

	(void)state;
	assert_int_equal(file_replace(path, VIEW_OF(big), 0600), ERR_OK);
	for (size_t max = sizeof(big) - 1; max <= sizeof(big) + 1; max++) {
		AUTO_DONE(bytes) b = { 0 };

		bytes_put_text(&b, "before");
		assert_int_equal(file_read(path, max, &b),
		    max < sizeof(big) ? ERR_TOO_LARGE : ERR_OK);
		assert_int_equal(b.len, max < sizeof(big) ? 6 :
		    6 + sizeof(big));
	}
}

static void
what_is_not_a_file_is_not_read(void **state)
{
	AUTO_DONE(bytes) b = { 0 };
	AUTO_FD dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char link[140];

	(void)state;
	assert_int_equal(file_read("/nowhere/at/all", 10, &b), ERR_NOT_FOUND);
	assert_int_equal(file_read_at(dir, "nothing", 10, &b), ERR_NOT_FOUND);
	assert_int_equal(file_read_at(dir, ".", 10, &b), ERR_NOT_FOUND);
	snprintf(link, sizeof(link), "%s/link", top);
	assert_int_equal(symlink("/etc/passwd", link), 0);
	assert_int_equal(file_read_at(dir, "link", 100000, &b),
	    ERR_NOT_FOUND);
	assert_int_equal(b.len, 0);
}

static void
a_full_disk_is_an_error_and_leaves_the_old(void **state)
{
	(void)state;
	assert_int_equal(file_replace("/dev/full/x", view_text("x"), 0600),
	    ERR_SYSTEM);
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	assert_true(fd != -1);
	assert_int_equal(fd_write(fd, view_text("x")), ERR_SYSTEM);
	assert_non_null(strstr(err_why(), "No space"));
	fd_close(&fd);
	assert_int_equal(fd, -1);
}

static void
directories_are_made_all_the_way(void **state)
{
	char deep[160], joined[32];

	(void)state;
	snprintf(deep, sizeof(deep), "%s/a/b/c", top);
	assert_int_equal(dir_make(deep, 0700), ERR_OK);
	assert_int_equal(dir_make(deep, 0700), ERR_OK);
	assert_int_equal(dir_sync(deep), ERR_OK);
	assert_int_equal(dir_sync("/nowhere"), ERR_SYSTEM);
	assert_int_equal(path_join("/a", "b", joined, 5), ERR_OK);
	assert_string_equal(joined, "/a/b");
	assert_int_equal(path_join("/a", "b", joined, 4), ERR_TOO_LARGE);
}

static void
a_secret_is_not_in_the_memory_of_a_child(void **state)
{
	AUTO(secret) s = NULL;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(secret_new(32, &s), ERR_OK);
	memset(secret_at(s), 0x5a, 32);
	assert_int_equal(secret_len(s), 32);
	if ((pid = fork()) == 0)
		_exit(secret_peek(s)[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(secret_peek(s)[0], 0x5a);
	assert_int_equal(secret_new(4097, &(struct secret *){ NULL }),
	    ERR_RANGE);
}

static void
memory_is_zero_on_arrival_and_kept_on_growth(void **state)
{
	uint8_t *p = mem_new(4, 4), *q;

	(void)state;
	assert_non_null(p);
	for (int i = 0; i < 16; i++)
		assert_int_equal(p[i], 0);
	memset(p, 7, 16);
	q = mem_resize(p, 32, 1);
	assert_non_null(q);
	assert_int_equal(q[15], 7);
	assert_int_equal(q[16], 0);
	mem_free(q);
	mem_free(NULL);
	assert_null(mem_new(SIZE_MAX, 2));
	assert_null(mem_new(SIZE_MAX - 8, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_created_once_and_replaced_whole),
		cmocka_unit_test(what_a_crash_left_is_swept_away),
		cmocka_unit_test(a_file_over_its_limit_is_refused),
		cmocka_unit_test(what_is_not_a_file_is_not_read),
		cmocka_unit_test(a_full_disk_is_an_error_and_leaves_the_old),
		cmocka_unit_test(directories_are_made_all_the_way),
		cmocka_unit_test(a_secret_is_not_in_the_memory_of_a_child),
		cmocka_unit_test(memory_is_zero_on_arrival_and_kept_on_growth),
	};

	return cmocka_run_group_tests(tests, make_place, remove_place);
}
