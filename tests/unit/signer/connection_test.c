/*
 * One connection, with this program in the server's place: order, limits,
 * deadlines, half-closed and impatient clients. Time is what the test says.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/file.h"
#include "base/time.h"
#include "signer/gate/connection.h"
#include "tests/software.h"

#define SECOND INT64_C(1000000)
#define GET(path) "GET " path " HTTP/1.1\r\nHost: o\r\n\r\n"
#define POST(length) "POST /p HTTP/1.1\r\nHost: o\r\nContent-Length: " length \
	"\r\n\r\n"

struct server {
	struct event_base	*base;
	struct connection	*c;
	bool			 visit;
	/* what the handler saw */
	struct origin		 origins[64];
	unsigned int		 calls;
	bool			 at_once;	/* answer in the handler */
	size_t			 size;		/* of an answer's body */
	unsigned int		 malformed;
	unsigned int		 answered;
};

static struct server server;
static int client = -1;
static struct bytes heard;		/* all that the client read */
static bool ended;			/* and then the end */

/* ---- in place of server.c */

static void
answer(unsigned int call)
{
	struct reply r = { .status = 200, .type = "text/plain" };

	bytes_printf(&r.body, "<%u>", call);
	for (size_t i = r.body.len; i < server.size; i++)
		bytes_put_u8(&r.body, '.');
	connection_reply(server.c, server.origins[call].sequence, &r);
}

void
server_visit(struct connection *c)
{
	assert_ptr_equal(c, server.c);
	server.visit = true;
}

void
server_call(struct connection *c, struct call *call)
{
	assert_true(server.calls < COUNT(server.origins));
	assert_int_equal(call->origin.generation, c->generation);
	server.origins[server.calls] = call->origin;
	server.calls++;
	if (server.at_once)
		answer(server.calls - 1);
}

void
server_identify(struct connection *c, X509 *certificate)
{
	(void)c;
	(void)certificate;
	fail();
}

struct event_base *
server_base(struct server *s)
{
	return s->base;
}

uint64_t
server_next_id(struct server *s)
{
	(void)s;
	return 42;
}

size_t
server_body_max(const struct server *s, const struct http *http)
{
	(void)s;
	return http->body_max;
}

void
server_note_malformed(struct server *s)
{
	s->malformed++;
}

void
server_note_unauthenticated(struct server *s)
{
	(void)s;
}

void
server_note_answer(struct server *s, int status, int64_t took_us)
{
	assert_true(status >= 200 && took_us >= 0);
	s->answered++;
}

/* ---- the client's side */

static void
listen_to(int fd)
{
	char chunk[65536];
	ssize_t n;

	while ((n = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT)) > 0)
		bytes_put(&heard, VIEW(chunk, (size_t)n));
	ended |= n == 0;
}

/* Both sides go on until nothing happens any more. */
static void
run(void)
{
	for (int i = 0; i < 40; i++) {
		(void)event_base_loop(server.base, EVLOOP_NONBLOCK);
		while (server.visit && server.c->phase != PHASE_DEAD) {
			server.visit = false;
			connection_pass(server.c);
		}
		if (client != -1)
			listen_to(client);
	}
}

static void
say(const char *text)
{
	assert_int_equal(send(client, text, strlen(text), MSG_NOSIGNAL),
	    strlen(text));
	run();
}

static bool
hears(const char *text)
{
	return strstr(bytes_text(&heard), text) != NULL;
}

static int
begin(void **state)
{
	int fds[2];

	(void)state;
	server = (struct server){
		.base = event_base_new(),
		.c = mem_new(1, sizeof(struct connection)),
		.at_once = true,
	};
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0, fds), 0);
	client = fds[0];
	server.c->server = &server;
	server.c->listener = LISTENER_API;
	server.c->generation = 7;
	MUST(connection_open(server.c, fds[1], NULL));
	return 0;
}

static int
end(void **state)
{
	(void)state;
	connection_free(server.c);
	event_base_free(server.base);
	fd_close(&client);
	bytes_done(&heard);
	ended = false;
	return 0;
}

static void
sweep_after(int64_t seconds)
{
	connection_sweep(server.c, time_monotonic_us() + seconds * SECOND);
	run();
}

/* ---- answers */

static void
a_request_is_answered_and_the_connection_kept(void **state)
{
	(void)state;
	say(GET("/a"));
	assert_true(hears("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"));
	assert_true(hears("\r\n\r\n<0>"));
	assert_false(hears("Connection: close"));
	say(GET("/b"));
	assert_true(hears("<1>"));
	assert_false(ended);
	assert_int_equal(server.answered, 2);
}

static void
answers_leave_in_the_order_of_the_requests(void **state)
{
	(void)state;
	server.at_once = false;
	say(GET("/a") GET("/b") GET("/c"));
	assert_int_equal(server.calls, 3);
	answer(2);
	answer(1);
	run();
	assert_int_equal(heard.len, 0);
	answer(0);
	run();
	assert_true(strstr(bytes_text(&heard), "<0>") <
	    strstr(bytes_text(&heard), "<1>"));
	assert_true(strstr(bytes_text(&heard), "<1>") <
	    strstr(bytes_text(&heard), "<2>"));
}

static void
sixteen_requests_may_wait_and_no_more(void **state)
{
	AUTO_DONE(bytes) all = { 0 };

	(void)state;
	server.at_once = false;
	for (int i = 0; i < 20; i++)
		bytes_put_text(&all, GET("/x"));
	say(bytes_text(&all));
	assert_int_equal(server.calls, SERVER_PIPELINE);
	answer(0);
	run();
	assert_int_equal(server.calls, SERVER_PIPELINE + 1);
	for (unsigned int i = 1; i < 20; i++) {
		answer(i);
		run();
	}
	assert_int_equal(server.calls, 20);
	assert_true(hears("<19>"));
}

static void
any_number_of_requests_may_come_at_once(void **state)
{
	AUTO_DONE(bytes) all = { 0 };

	(void)state;
	for (int i = 0; i < 50; i++)
		bytes_put_text(&all, GET("/x"));
	say(bytes_text(&all));
	assert_int_equal(server.calls, 50);
	assert_true(hears("<49>"));
}

/* More than the loop reads at a time, in pieces that end anywhere. */
static void
a_long_pipeline_goes_on_to_its_end(void **state)
{
	AUTO_DONE(bytes) all = { 0 };
	size_t at = 0;

	(void)state;
	server.at_once = false;
	for (int i = 0; i < 60; i++)
		bytes_printf(&all, "POST /p HTTP/1.1\r\nHost: o\r\n"
		    "Content-Length: 1000\r\n\r\n%01000d", 0);
	for (unsigned int answered = 0; answered < 60;) {
		size_t n = all.len - at < 7777 ? all.len - at : 7777;

		if (n != 0)
			assert_int_equal(send(client, all.at + at, n, 0), n);
		at += n;
		run();
		if (answered < server.calls)
			answer(answered++);
		run();
	}
	assert_int_equal(server.calls, 60);
	assert_true(hears("<59>"));
}

static void
what_was_answered_once_is_not_answered_twice(void **state)
{
	(void)state;
	server.at_once = false;
	say(GET("/a"));
	answer(0);
	answer(0);
	run();
	answer(0);
	run();
	assert_int_equal(server.answered, 1);
}

static void
a_client_that_does_not_read_is_not_read(void **state)
{
	int keep = client;

	(void)state;
	server.size = 300 * 1024;
	client = -1;	/* run() reads nothing */
	for (int i = 0; i < 8; i++) {
		assert_true(send(keep, GET("/x"), strlen(GET("/x")),
		    MSG_NOSIGNAL) > 0);
		run();
	}
	/* one in the socket's buffer, one over the high water */
	assert_in_range(server.calls, 1, 3);
	client = keep;
	run();
	assert_int_equal(server.calls, 8);
	assert_true(hears("<7>"));
}

static void
a_client_that_never_reads_is_closed(void **state)
{
	int keep = client;

	(void)state;
	server.size = 1 << 20;
	client = -1;
	assert_true(send(keep, GET("/x"), strlen(GET("/x")), 0) > 0);
	run();
	sweep_after(14);
	assert_int_not_equal(server.c->phase, PHASE_DEAD);
	sweep_after(16);
	assert_int_equal(server.c->phase, PHASE_DEAD);
	client = keep;
}

/* ---- the end of a connection */

static void
close_is_answered_with_close(void **state)
{
	(void)state;
	say("GET /a HTTP/1.1\r\nHost: o\r\nConnection: close\r\n\r\n"
	    GET("/ignored"));
	assert_true(hears("Connection: close\r\n"));
	assert_true(hears("<0>"));
	assert_true(ended);
	assert_int_equal(server.calls, 1);
}

static void
a_fault_is_told_after_what_came_before_it(void **state)
{
	(void)state;
	server.at_once = false;
	say(GET("/a") "GET /b HTTP/1.1\nHost: o\r\n\r\n");
	assert_int_equal(heard.len, 0);
	answer(0);
	run();
	assert_true(hears("<0>"));
	assert_true(hears("HTTP/1.1 400 Bad Request\r\n"));
	assert_true(hears("application/problem+json"));
	assert_true(hears("urn:okse:problem:malformed"));
	assert_true(hears("RFC 9112 2.2"));
	assert_true(hears("000000000000002a"));
	assert_true(ended);
	assert_int_equal(server.malformed, 1);
}

static void
after_a_fault_the_client_is_waited_for_but_not_read(void **state)
{
	(void)state;
	say(POST("999999") "aaaa");
	assert_true(hears("HTTP/1.1 413 "));
	assert_true(ended);
	/* it may still send what it had begun: the answer is not destroyed */
	say("aaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	assert_int_equal(server.c->phase, PHASE_LINGER);
	sweep_after(3);
	assert_int_equal(server.c->phase, PHASE_DEAD);
}

static void
a_half_closed_client_gets_its_answers(void **state)
{
	(void)state;
	server.at_once = false;
	say(GET("/a") GET("/b"));
	assert_int_equal(shutdown(client, SHUT_WR), 0);
	run();
	assert_false(ended);
	answer(1);
	answer(0);
	run();
	assert_true(hears("<1>"));
	assert_int_equal(server.c->phase, PHASE_DEAD);
}

static void
a_request_cut_short_is_told_so(void **state)
{
	(void)state;
	say(POST("10") "abc");
	assert_int_equal(shutdown(client, SHUT_WR), 0);
	run();
	assert_true(hears("HTTP/1.1 400 "));
	assert_true(hears("ends early"));
	assert_int_equal(server.c->phase, PHASE_DEAD);
	assert_int_equal(server.calls, 0);
}

static void
a_client_that_goes_is_forgotten(void **state)
{
	(void)state;
	server.at_once = false;
	say(GET("/a"));
	fd_close(&client);
	run();
	answer(0);
	run();
	assert_int_equal(server.c->phase, PHASE_DEAD);
	answer(0);	/* and an answer for nobody harms nobody */
}

/* ---- 100-continue */

static void
continue_is_sent_before_a_body_that_is_wanted(void **state)
{
	(void)state;
	say("POST /p HTTP/1.1\r\nHost: o\r\nContent-Length: 2\r\n"
	    "Expect: 100-continue\r\n\r\n");
	assert_true(view_is(bytes_view(&heard),
	    "HTTP/1.1 100 Continue\r\n\r\n"));
	say("ok");
	assert_true(hears("<0>"));
}

static void
no_continue_for_a_body_that_is_too_large(void **state)
{
	(void)state;
	say("POST /p HTTP/1.1\r\nHost: o\r\nContent-Length: 65537\r\n"
	    "Expect: 100-continue\r\n\r\n");
	assert_false(hears("100 Continue"));
	assert_true(hears("HTTP/1.1 413 "));
}

/* ---- who may not */

static void
a_refused_client_hears_why_after_its_head(void **state)
{
	(void)state;
	server.c->refusal = ERR_UNAUTHENTICATED;
	say("POST /p HTTP/1.1\r\nHost: o\r\n");
	assert_int_equal(heard.len, 0);
	say("Content-Length: 60000\r\n\r\n");
	assert_true(hears("HTTP/1.1 401 Unauthorized\r\n"));
	assert_true(ended);
	assert_int_equal(server.calls, 0);
}

/* ---- time */

static void
a_head_has_five_seconds(void **state)
{
	(void)state;
	say("GET /a HT");
	sweep_after(4);
	assert_false(ended);
	say("TP/1.1\r\n");	/* a byte now and then does not help */
	sweep_after(6);
	assert_true(hears("HTTP/1.1 408 Request Timeout\r\n"));
	assert_true(ended);
}

static void
a_body_has_ten_seconds(void **state)
{
	(void)state;
	say(POST("10") "abc");
	sweep_after(9);
	assert_false(ended);
	sweep_after(11);
	assert_true(hears("HTTP/1.1 408 "));
}

static void
an_idle_connection_has_sixty_seconds(void **state)
{
	(void)state;
	sweep_after(59);
	assert_false(ended);
	say(GET("/a"));
	sweep_after(59);
	assert_false(ended);
	bytes_reset(&heard);
	sweep_after(61);
	assert_true(ended);
	assert_int_equal(heard.len, 0);
}

static void
whoever_waits_for_us_is_not_late(void **state)
{
	(void)state;
	server.at_once = false;
	say(GET("/a"));
	sweep_after(100);
	assert_false(ended);
	answer(0);
	run();
	assert_true(hears("<0>"));
}

static void
an_hour_ends_a_connection_between_requests(void **state)
{
	(void)state;
	say(GET("/a"));
	server.c->born -= 3601 * SECOND;
	say(GET("/b"));
	assert_true(hears("<1>"));
	assert_true(hears("Connection: close\r\n"));
	assert_true(ended);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_request_is_answered_and_the_connection_kept),
		CASE(answers_leave_in_the_order_of_the_requests),
		CASE(sixteen_requests_may_wait_and_no_more),
		CASE(any_number_of_requests_may_come_at_once),
		CASE(a_long_pipeline_goes_on_to_its_end),
		CASE(what_was_answered_once_is_not_answered_twice),
		CASE(a_client_that_does_not_read_is_not_read),
		CASE(a_client_that_never_reads_is_closed),
		CASE(close_is_answered_with_close),
		CASE(a_fault_is_told_after_what_came_before_it),
		CASE(after_a_fault_the_client_is_waited_for_but_not_read),
		CASE(a_half_closed_client_gets_its_answers),
		CASE(a_request_cut_short_is_told_so),
		CASE(a_client_that_goes_is_forgotten),
		CASE(continue_is_sent_before_a_body_that_is_wanted),
		CASE(no_continue_for_a_body_that_is_too_large),
		CASE(a_refused_client_hears_why_after_its_head),
		CASE(a_head_has_five_seconds),
		CASE(a_body_has_ten_seconds),
		CASE(an_idle_connection_has_sixty_seconds),
		CASE(whoever_waits_for_us_is_not_late),
		CASE(an_hour_ends_a_connection_between_requests),
	};

	(void)signal(SIGPIPE, SIG_IGN);	/* as the gate does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
