/*
 * Answers that a daemon, or something in its place, may give.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/client.h"
#include "cli/document.h"

static char path[] = "/tmp/okse-client-XXXXXX/s";

/* A server that reads one request and gives one answer, in a child. */
static pid_t
serve(const char *answer)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char in[4096];
	pid_t pid;

	unlink(path);
	memcpy(at.sun_path, path, strlen(path));
	assert_int_equal(bind(s, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(s, 1), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int c = accept4(s, NULL, NULL, SOCK_CLOEXEC);

		_exit(read(c, in, sizeof(in)) > 0 &&
		    write(c, answer, strlen(answer)) ==
		    (ssize_t)strlen(answer) ? 0 : 1);
	}
	close(s);
	return pid;
}

static enum err
ask(const char *answer, struct reply *out)
{
	const struct call c = { .socket = path, .method = "POST",
	    .path = "/v1/x", .key = "k", .body = view_text("{}") };
	pid_t pid = serve(answer);
	enum err e = client_call(&c, out);
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return e;
}

static void
an_answer_is_read_to_its_length(void **state)
{
	AUTO_DONE(reply) r = { 0 };

	(void)state;
	assert_int_equal(ask("HTTP/1.1 403 Forbidden\r\n"
	    "content-type: application/problem+json\r\n"
	    "Content-Length: 2\r\n\r\n{}", &r), ERR_OK);
	assert_int_equal(r.status, 403);
	assert_string_equal(r.type, "application/problem+json");
	assert_true(view_is(bytes_view(&r.body), "{}"));
}

static void
what_is_not_exactly_http_is_refused(void **state)
{
	static const char *const bad[] = {
		"HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n1",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
		    "Content-Length: 1\r\n\r\n1",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n1",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n12",
	};
	AUTO_DONE(reply) r = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(ask(bad[i], &r), ERR_SYNTAX);
	assert_int_equal(ask("HTTP/1.1 200 OK\r\n"
	    "Content-Length: 99999999999\r\n\r\n", &r), ERR_TOO_LARGE);
	assert_int_equal(r.status, 0);
}

static void
an_answer_that_ends_early_is_unavailable(void **state)
{
	AUTO_DONE(reply) r = { 0 };

	(void)state;
	assert_int_equal(ask("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n12",
	    &r), ERR_UNAVAILABLE);
	assert_int_equal(ask("HTTP/1.1 200 OK\r\n\r\n{}", &r),
	    ERR_UNAVAILABLE);
	assert_int_equal(ask("HTTP/1.1 200", &r), ERR_UNAVAILABLE);
}

static void
nobody_at_the_socket_is_unavailable(void **state)
{
	const struct call c = { .socket = path, .method = "GET",
	    .path = "/" };
	AUTO_DONE(reply) r = { 0 };

	(void)state;
	unlink(path);
	assert_int_equal(client_call(&c, &r), ERR_UNAVAILABLE);
}

static void
a_socket_path_has_at_most_107_bytes(void **state)
{
	char longest[109];
	int fd = -1;

	(void)state;
	memset(longest, 'a', sizeof(longest));
	longest[108] = '\0';
	assert_int_equal(client_connect(longest, &fd), ERR_TOO_LARGE);
	longest[107] = '\0';
	assert_int_equal(client_connect(longest, &fd), ERR_UNAVAILABLE);
	assert_int_equal(fd, -1);
}

static void
documents_are_asked_by_path(void **state)
{
	AUTO(document) d = NULL;
	AUTO_DONE(bytes) merged = { 0 };

	(void)state;
	assert_int_equal(document_parse(view_text(
	    "{\"a\":{\"b\":[{\"c\":\"x\"},7,true]}}"), &d), ERR_OK);
	assert_string_equal(document_text(d, "a.b.0.c"), "x");
	assert_int_equal(document_int(d, "a.b.1", -1), 7);
	assert_true(document_true(d, "a.b.2"));
	assert_int_equal(document_count(d, "a.b"), 3);
	assert_null(document_text(d, "a.b.3"));
	assert_null(document_text(d, "a.b.0.d"));
	assert_null(document_text(d, "a.x.y"));
	assert_int_equal(document_int(d, "a.b.0.c", -1), -1);
	assert_int_equal(document_merge(d, view_text("{\"z\":1}"), &merged),
	    ERR_OK);
	assert_true(view_is(bytes_view(&merged),
	    "{\"a\":{\"b\":[{\"c\":\"x\"},7,true]},\"z\":1}"));
}

static void
documents_that_are_not_json_are_refused(void **state)
{
	static const char *const bad[] = { "", "{", "{}x", "{\"a\":1,\"a\":2}",
	    "{\"a\":01}" };
	struct document *d = NULL;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(document_parse(view_text(bad[i]), &d),
		    ERR_SYNTAX);
	assert_null(d);
}

static int
make_dir(void **state)
{
	(void)state;
	*strrchr(path, '/') = '\0';
	if (mkdtemp(path) == NULL)
		return -1;
	path[strlen(path)] = '/';
	return 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	unlink(path);
	*strrchr(path, '/') = '\0';
	return rmdir(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_read_to_its_length),
		cmocka_unit_test(what_is_not_exactly_http_is_refused),
		cmocka_unit_test(an_answer_that_ends_early_is_unavailable),
		cmocka_unit_test(nobody_at_the_socket_is_unavailable),
		cmocka_unit_test(a_socket_path_has_at_most_107_bytes),
		cmocka_unit_test(documents_are_asked_by_path),
		cmocka_unit_test(documents_that_are_not_json_are_refused),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
