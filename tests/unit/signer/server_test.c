/*
 * Listening: who is let in, how many, and that an answer for a connection
 * that is gone goes nowhere.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "signer/gate/server.h"
#include "tests/software.h"

#define GET "GET /a HTTP/1.1\r\nHost: o\r\n\r\n"

static int64_t uid;
static struct config_client me = { .name = "upstream" };
static struct config config;
static struct proc *proc;
static struct server *server;
static struct origin origins[16];
static unsigned int calls;
static char dir[] = "/tmp/okse-server-XXXXXX", path[64];

static void
on_call(void *context, const struct call *call)
{
	(void)context;
	assert_string_equal(call->client, call->listener == LISTENER_API ?
	    "upstream" : "");
	origins[calls++] = call->origin;
}

static void
on_pass(struct proc *p)
{
	(void)p;
	if (server != NULL)
		server_pass(server);
}

static const struct proc_table table =
    { .self = ROLE_GATE, .pass = on_pass };

static int
listen_at(const char *at)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);

	memcpy(a.sun_path, at, strlen(at));
	unlink(at);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 64), 0);
	return fd;
}

static void
start(enum listener l, int64_t connections, int64_t per_client)
{
	config.limits = (struct config_limits){
		.connections = connections,
		.per_client = per_client,
		.in_flight = 8,
	};
	calls = 0;
	MUST(proc_new(&table, NULL, &proc));
	MUST(server_new(proc, &config, on_call, NULL, &server));
	MUST(server_listen(server, l, listen_at(path)));
}

static int
setup(void **state)
{
	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	uid = (int64_t)getuid();
	me.uids.at = &uid;
	me.uids.count = 1;
	config.clients.at = &me;
	config.clients.count = 1;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static int
stop(void **state)
{
	(void)state;
	server_free(server);
	server = NULL;
	proc_free(proc);
	uid = (int64_t)getuid();
	return 0;
}

static void
run(void)
{
	for (int i = 0; i < 20; i++) {
		proc_stop(proc);
		MUST(proc_loop(proc));
	}
}

static int
dial(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(a.sun_path, path, strlen(path));
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void
ask(int fd)
{
	assert_int_equal(send(fd, GET, strlen(GET), MSG_NOSIGNAL),
	    strlen(GET));
	run();
}

static bool
hears(int fd, const char *text)
{
	char heard[4096] = "";
	ssize_t n = recv(fd, heard, sizeof(heard) - 1, MSG_DONTWAIT);

	return n > 0 && strstr(heard, text) != NULL;
}

static void
answer(unsigned int call)
{
	struct reply r = { .status = 200 };

	bytes_printf(&r.body, "<%u>", call);
	server_reply(server, origins[call], &r);
	assert_null(r.body.at);
	run();
}

/* ---- */

static void
a_known_uid_is_served(void **state)
{
	AUTO_FD fd = -1;

	(void)state;
	start(LISTENER_API, 8, 8);
	fd = dial();
	ask(fd);
	assert_int_equal(calls, 1);
	answer(0);
	assert_true(hears(fd, "<0>"));
}

static void
an_unknown_uid_is_told_so_and_counted(void **state)
{
	AUTO_FD fd = -1;

	(void)state;
	uid++;
	start(LISTENER_API, 8, 8);
	fd = dial();
	ask(fd);
	assert_int_equal(calls, 0);
	assert_true(hears(fd, "HTTP/1.1 401 "));
	assert_int_equal(server_take_counts(server).unauthenticated, 1);
	assert_int_equal(server_take_counts(server).unauthenticated, 0);
}

static void
metrics_are_for_whoever_may_open_the_socket(void **state)
{
	AUTO_FD fd = -1;

	(void)state;
	uid++;
	start(LISTENER_METRICS, 8, 8);
	fd = dial();
	ask(fd);
	assert_int_equal(calls, 1);
}

static void
one_client_has_its_share_of_connections(void **state)
{
	int fds[3];

	(void)state;
	start(LISTENER_API, 8, 2);
	for (size_t i = 0; i < COUNT(fds); i++) {
		fds[i] = dial();
		ask(fds[i]);
	}
	assert_int_equal(calls, 2);
	assert_true(hears(fds[2], "HTTP/1.1 429 "));
	assert_int_equal(server_take_counts(server).throttled, 1);
	answer(0);
	answer(1);
	for (size_t i = 0; i < COUNT(fds); i++)
		fd_close(&fds[i]);
	run();
	/* and its place back */
	fds[0] = dial();
	ask(fds[0]);
	assert_int_equal(calls, 3);
	fd_close(&fds[0]);
}

static void
more_connections_than_there_are_places_wait(void **state)
{
	int fds[3];

	(void)state;
	start(LISTENER_API, 2, 8);
	for (size_t i = 0; i < COUNT(fds); i++) {
		fds[i] = dial();
		ask(fds[i]);
	}
	assert_int_equal(calls, 2);
	fd_close(&fds[0]);
	answer(0);
	usleep(300000);		/* a tick looks for a free place */
	run();
	assert_int_equal(calls, 3);
	answer(2);
	assert_true(hears(fds[2], "<2>"));
	fd_close(&fds[1]);
	fd_close(&fds[2]);
}

static void
an_answer_for_who_is_gone_goes_nowhere(void **state)
{
	int first, second;

	(void)state;
	start(LISTENER_API, 8, 8);
	first = dial();
	ask(first);
	shutdown(first, SHUT_RDWR);
	fd_close(&first);
	run();
	answer(0);
	/* the next one takes the same place and does not get its answer */
	second = dial();
	ask(second);
	assert_int_equal(origins[0].place, origins[1].place);
	assert_int_not_equal(origins[0].generation, origins[1].generation);
	answer(0);
	assert_false(hears(second, "<"));
	answer(1);
	assert_true(hears(second, "<1>"));
	fd_close(&second);
}

static void
a_listener_is_given_once(void **state)
{
	(void)state;
	start(LISTENER_API, 8, 8);
	assert_int_equal(server_listen(server, LISTENER_API,
	    fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)), ERR_INTERNAL);
	/* and none for TLS without a certificate */
	assert_int_equal(server_listen(server, LISTENER_TLS,
	    fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)), ERR_INTERNAL);
}

static void
a_server_may_end_with_clients_in_it(void **state)
{
	AUTO_FD fd = -1;

	(void)state;
	start(LISTENER_API, 8, 8);
	fd = dial();
	ask(fd);
}

#define CASE(name) cmocka_unit_test_teardown(name, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_known_uid_is_served),
		CASE(an_unknown_uid_is_told_so_and_counted),
		CASE(metrics_are_for_whoever_may_open_the_socket),
		CASE(one_client_has_its_share_of_connections),
		CASE(more_connections_than_there_are_places_wait),
		CASE(an_answer_for_who_is_gone_goes_nowhere),
		CASE(a_listener_is_given_once),
		CASE(a_server_may_end_with_clients_in_it),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
