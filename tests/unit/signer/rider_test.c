/* What rides along with a message: sealed, bounded, and nothing else. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "signer/rider.h"
#include "tests/software.h"

static void
what_is_written_is_read(void **)
{
	AUTO_DONE(bytes) out = { 0 };
	AUTO_FD fd = -1;

	MUST(rider_make(view_text("a list"), &fd));
	bytes_put_text(&out, "of ");
	MUST(rider_read(fd, &out));
	assert_string_equal(bytes_text(&out), "of a list");
	bytes_reset(&out);
	MUST(rider_read(fd, &out));	/* as often as one likes */
	assert_string_equal(bytes_text(&out), "a list");
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

static void
it_cannot_be_changed_any_more(void **)
{
	AUTO_FD fd = -1;

	MUST(rider_make(view_text("a list"), &fd));
	assert_int_equal(pwrite(fd, "A", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 1), -1);
	assert_int_equal(ftruncate(fd, 100), -1);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL), -1);
}

static void
a_file_without_all_its_seals_is_refused(void **)
{
	static const int some[] = { 0, F_SEAL_WRITE,
	    F_SEAL_WRITE | F_SEAL_SHRINK,
	    F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW,
	    F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW };
	AUTO_DONE(bytes) out = { 0 };

	for (size_t i = 0; i < COUNT(some); i++) {
		AUTO_FD fd = memfd_create("test",
		    MFD_CLOEXEC | MFD_ALLOW_SEALING);

		assert_int_equal(write(fd, "a list", 6), 6);
		assert_int_equal(fcntl(fd, F_ADD_SEALS, some[i]), 0);
		assert_int_equal(rider_read(fd, &out), ERR_SCHEMA);
	}
	assert_int_equal(out.len, 0);
}

static void
what_is_no_memory_file_is_refused(void **)
{
	AUTO_DONE(bytes) out = { 0 };
	AUTO_FD null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	AUTO_FD file = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(rider_read(null, &out), ERR_SCHEMA);
	assert_int_equal(rider_read(file, &out), ERR_SCHEMA);
	assert_int_equal(rider_read(ends[0], &out), ERR_SCHEMA);
	assert_int_equal(rider_read(-1, &out), ERR_SCHEMA);
	close(ends[0]);
	close(ends[1]);
}

static void
its_length_is_bounded_on_both_sides(void **)
{
	AUTO_DONE(bytes) content = { 0 }, out = { 0 };
	int fd = -1;

	memset(bytes_grow(&content, RIDER_MAX + 1), 'x', RIDER_MAX + 1);
	assert_int_equal(rider_make(bytes_view(&content), &fd),
	    ERR_TOO_LARGE);
	MUST(rider_make(VIEW(content.at, RIDER_MAX), &fd));
	MUST(rider_read(fd, &out));
	assert_int_equal(out.len, RIDER_MAX);
	close(fd);
	fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	MUST(fd_write(fd, bytes_view(&content)));
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK |
	    F_SEAL_GROW | F_SEAL_WRITE), 0);
	assert_int_equal(rider_read(fd, &out), ERR_TOO_LARGE);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(it_cannot_be_changed_any_more),
		cmocka_unit_test(a_file_without_all_its_seals_is_refused),
		cmocka_unit_test(what_is_no_memory_file_is_refused),
		cmocka_unit_test(its_length_is_bounded_on_both_sides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
