/*
 * The load generator: unique holders, each asking once, over keep-alive
 * connections to the API's Unix socket. Everything a request needs (device
 * keys, proofs, the text itself) is made before its phase is timed.
 *
 *	load --socket PATH --stage qr-token|qr-batch|credential
 *	    [--connections N] [--count N] [--rate PER_SECOND]
 *	    [--first HOLDER] [--format NAME] [--keys N] [--json]
 *	    [--watch ROLE=PID] …
 *
 * --count counts requests; of qr-batch each is for BATCH holders, and of
 * credential for as many credentials as the device has keys. What is done per
 * second, and CPU time, are of tokens and credentials, latency of requests.
 *
 * Closed loop: each connection sends its next request when the answer to the
 * last has come. With --rate, open loop: requests are due at fixed times
 * whatever the service does, and latency counts from the time they were due.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/time.h"
#include "cli/wallet.h"
#include "tests/tool/measure.h"
#include "tests/tool/people.h"

#define ANSWER_MAX ((size_t)4 << 20)	/* touched as far as needed */
#define BATCH 256
#define KEYS_MAX 64
#define CONNECTIONS_MAX 4096
#define WATCH_MAX 80
#define STATUS_MAX 600

static struct {
	const char	*socket, *stage, *format;
	size_t		 connections, count, first, keys;
	double		 rate;
	bool		 json;
	size_t		 watch_count;
	const char	*watch[WATCH_MAX];	/* ROLE=PID */
} o = { .stage = "qr-token", .format = "dc+sd-jwt", .connections = 32,
	.count = 20000, .keys = 1 };

static void
fail(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, *err_why() != '\0'
	    ? err_why() : strerror(errno));
	exit(1);
}

#define MUST(expr)                                                            \
	do {                                                                  \
		if ((expr) != ERR_OK)                                         \
			fail(#expr);                                          \
	} while (0)

/* ---- one phase: many requests, each answered once */

struct phase {
	const char	*name;
	struct bytes	*requests;
	bool		 timed;
	size_t		 each;		/* done by one request; 0: one */
	int		 wanted;	/* status; 0: 201 */
	void		(*answer)(size_t i, int status, struct view body);
	/* while it runs */
	size_t		 next, answered;
	int64_t		 started;
	uint64_t	 histogram[BUCKETS];
	uint64_t	 status[STATUS_MAX];
	uint64_t	 longest;
};

static uint64_t credential_bytes;	/* of all that came */

static size_t
done_by(const struct phase *p)
{
	return o.count * (p->each != 0 ? p->each : 1);
}

static int
wanted(const struct phase *p)
{
	return p->wanted != 0 ? p->wanted : 201;
}

struct connection {
	int		 fd;
	bool		 busy;
	size_t		 request, sent, got;
	int64_t		 begun;
	char		 in[ANSWER_MAX];
};

static struct connection *connections;
static size_t *idle, idle_count;

static void
connect_all(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (strlen(o.socket) >= sizeof(to.sun_path))
		fail("the socket's path is too long");
	memcpy(to.sun_path, o.socket, strlen(o.socket));
	connections = mem_new(o.connections, sizeof(*connections));
	idle = mem_new(o.connections, sizeof(*idle));
	if (connections == NULL || idle == NULL)
		fail("memory");
	for (size_t i = 0; i < o.connections; i++) {
		struct connection *c = &connections[i];

		c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to,
		    sizeof(to)) != 0)
			fail(o.socket);
	}
}

static int64_t
due_at(const struct phase *p, size_t i)
{
	return p->started + (int64_t)((double)i * 1e9 / o.rate);
}

/* Requests are small beside a socket's buffer: they are sent whole. */
static void
send_next(struct phase *p, struct connection *c)
{
	struct bytes *r = &p->requests[p->next];

	c->request = p->next++;
	c->begun = p->timed && o.rate > 0 ? due_at(p, c->request) : now_ns();
	c->got = 0;
	c->busy = true;
	if (send(c->fd, r->at, r->len, MSG_NOSIGNAL) != (ssize_t)r->len)
		fail("send");
}

/* The length of the answer in c->in, or 0 while it is incomplete. */
static size_t
complete(struct connection *c, int *status, struct view *body)
{
	static const char length[] = "\r\nContent-Length: ";
	char *end = memmem(c->in, c->got, "\r\n\r\n", 4), *at;
	size_t head, n;

	if (end == NULL)
		return 0;
	head = (size_t)(end - c->in) + 4;
	at = memmem(c->in, head, length, sizeof(length) - 1);
	if (at == NULL || memcmp(c->in, "HTTP/1.1 ", 9) != 0)
		fail("an answer is not HTTP with Content-Length");
	n = strtoul(at + sizeof(length) - 1, NULL, 10);
	if (head + n > sizeof(c->in))
		fail("an answer is too long");
	*status = (int)strtoul(c->in + 9, NULL, 10);
	*body = VIEW(c->in + head, n);
	return c->got >= head + n ? head + n : 0;
}

static void
receive(struct phase *p, struct connection *c)
{
	ssize_t n = recv(c->fd, c->in + c->got, sizeof(c->in) - c->got, 0);
	uint64_t us;
	struct view body;
	int status;

	if (n <= 0)
		fail("a connection ended");
	c->got += (size_t)n;
	if (complete(c, &status, &body) == 0)
		return;
	us = (uint64_t)(now_ns() - c->begun) / 1000;
	p->histogram[bucket_of(us)]++;
	p->longest = us > p->longest ? us : p->longest;
	p->status[status < STATUS_MAX ? status : 0]++;
	if (p->answer != NULL)
		p->answer(c->request, status, body);
	p->answered++;
	c->busy = false;
	idle[idle_count++] = (size_t)(c - connections);
}

static bool
is_due(const struct phase *p)
{
	return p->next < o.count && (!p->timed || o.rate <= 0 ||
	    due_at(p, p->next) <= now_ns());
}

static void
set_timer(int timer, const struct phase *p)
{
	int64_t at = due_at(p, p->next);
	struct itimerspec t = { .it_value = {
		.tv_sec = at / 1000000000, .tv_nsec = at % 1000000000,
	} };

	timerfd_settime(timer, TFD_TIMER_ABSTIME, &t, NULL);
}

static void
run_phase(struct phase *p)
{
	int poll = epoll_create1(EPOLL_CLOEXEC);
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	struct epoll_event events[256], e = { .events = EPOLLIN };

	e.data.u64 = UINT64_MAX;
	epoll_ctl(poll, EPOLL_CTL_ADD, timer, &e);
	idle_count = 0;
	for (size_t i = o.connections; i-- > 0; idle[idle_count++] = i) {
		e.data.u64 = i;
		epoll_ctl(poll, EPOLL_CTL_ADD, connections[i].fd, &e);
	}
	p->started = now_ns();
	while (p->answered < o.count) {
		while (idle_count > 0 && is_due(p))
			send_next(p, &connections[idle[--idle_count]]);
		if (p->timed && o.rate > 0 && p->next < o.count &&
		    idle_count > 0)
			set_timer(timer, p);
		int n = epoll_wait(poll, events, COUNT(events), 20000);

		if (n == 0)
			fail("no answer for 20 seconds");
		for (int i = 0; i < n; i++)
			if (events[i].data.u64 != UINT64_MAX)
				receive(p, &connections[events[i].data.u64]);
			else
				(void)!read(timer, &(uint64_t){ 0 }, 8);
	}
	close(timer);
	close(poll);
}

/* ---- what the daemon's processes used meanwhile */

static struct usage before[WATCH_MAX], after[WATCH_MAX];

static void
watch_all(struct usage *out)
{
	for (size_t i = 0; i < o.watch_count; i++)
		out[i] = usage_of(strchr(o.watch[i], '=') + 1);
}

/* ---- reports */

static void
report_usage(const struct phase *p)
{
	for (size_t i = 0; i < o.watch_count; i++) {
		int n = (int)strcspn(o.watch[i], "=");

		printf(o.json ? ",\"%.*s\":{\"cpu_us\":%.1f,\"rss_mib\":%.1f}" :
		    "            %.*s: %.1f us each, %.1f MiB\n", n, o.watch[i],
		    (after[i].cpu_s - before[i].cpu_s) * 1e6 /
		    (double)done_by(p), after[i].rss_mib);
	}
}

static void
report(const struct phase *p, double seconds)
{
	double per_second = (double)done_by(p) / seconds;
	double bytes = (double)credential_bytes / (double)done_by(p);
	double p50 = percentile(p->histogram, o.count, 0.50);
	double p99 = percentile(p->histogram, o.count, 0.99);
	double p999 = percentile(p->histogram, o.count, 0.999);

	if (o.json) {
		printf("{\"phase\":\"%s\",\"connections\":%zu,\"count\":%zu,"
		    "\"rate\":%.0f,\"per_second\":%.0f,\"p50_ms\":%.2f,"
		    "\"p99_ms\":%.2f,\"p999_ms\":%.2f,\"max_ms\":%.2f",
		    p->name, o.connections, o.count, o.rate, per_second, p50,
		    p99, p999, (double)p->longest / 1000);
		report_usage(p);
		printf(",\"bytes\":%.0f,\"good\":%lu}\n", bytes,
		    p->status[wanted(p)]);
	} else {
		printf("%-11s %4zu connections %8.0f/s   p50 %7.2f   p99 "
		    "%7.2f   p99.9 %7.2f   max %7.2f ms\n", p->name,
		    o.connections, per_second, p50, p99, p999,
		    (double)p->longest / 1000);
		report_usage(p);
	}
	for (int s = 0; s < STATUS_MAX; s++)
		if (p->status[s] != 0 && s != wanted(p))
			fprintf(stderr, "load: %lu answers were %d\n",
			    p->status[s], s);
	fflush(stdout);
}

static void
run(struct phase *p)
{
	double seconds;

	watch_all(before);
	run_phase(p);
	seconds = (double)(now_ns() - p->started) / 1e9;
	watch_all(after);
	if (p->timed)
		report(p, seconds);
	if (p->status[wanted(p)] != o.count)
		fail("not every request was granted");
}

/* ---- holders and what is sent for them */

static struct bytes *tokens, *nonces;
static char audience[256];

static struct bytes *
new_texts(void)
{
	struct bytes *b = mem_new(o.count, sizeof(*b));

	if (b == NULL)
		fail("memory");
	return b;
}

static void
put_request(struct bytes *out, const char *path, size_t i,
    struct bytes *body)
{
	bytes_printf(out, "POST %s HTTP/1.1\r\nHost: okse\r\n"
	    "Idempotency-Key: load-%s-%zu\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
	    path, strrchr(path, '/') + 1, o.first + i, body->len);
	bytes_put(out, bytes_view(body));
	MUST(bytes_check(out));
}

/* The text of a member of an answer, which has no escapes in it. */
static void
keep_text(struct view body, const char *name, struct bytes *out)
{
	const uint8_t *at = memmem(body.at, body.len, name, strlen(name));
	const uint8_t *end;

	if (at == NULL)
		fail(name);
	at += strlen(name);
	end = memchr(at, '"', body.len - (size_t)(at - body.at));
	bytes_put(out, VIEW(at, (size_t)(end - at)));
}

static void
keep_token(size_t i, int status, struct view body)
{
	if (status == 201)
		keep_text(body, "\"qr_token\":\"", &tokens[i]);
	else
		fprintf(stderr, "load: %.*s\n", (int)body.len, body.at);
}

static void
keep_nonce(size_t i, int status, struct view body)
{
	struct bytes text = { 0 };

	if (status != 201)
		return;
	keep_text(body, "\"nonce\":\"", &nonces[i]);
	keep_text(body, "\"audience\":\"", &text);
	snprintf(audience, sizeof(audience), "%s", bytes_text(&text));
	bytes_done(&text);
}

static void
put_batch(struct bytes *body, size_t i)
{
	bytes_put_text(body, "{\"requests\":[");
	for (size_t k = 0; k < BATCH; k++) {
		bytes_put_text(body, k == 0 ? "{" : ",{");
		put_visit(body, o.first + i * BATCH + k, "");
		bytes_put_text(body, "}");
	}
	bytes_put_text(body, "]}");
}

/* A batch answers 200 whatever becomes of its members. */
static void
check_batch(size_t i, int status, struct view body)
{
	static const char good[] = "{\"status\":201,";
	size_t granted = 0;

	(void)i;
	for (const uint8_t *at = body.at; (at = memmem(at, body.len -
	    (size_t)(at - body.at), good, sizeof(good) - 1)) != NULL; at++)
		granted++;
	if (status != 200 || granted != BATCH)
		fail("not every member of a batch was granted");
}

static void
batch_phase(void)
{
	static struct phase p = { .name = "qr-batch", .timed = true,
	    .each = BATCH, .wanted = 200, .answer = check_batch };

	p.requests = new_texts();
	for (size_t i = 0; i < o.count; i++) {
		AUTO_DONE(bytes) body = { .max = 256 << 10 };

		put_batch(&body, i);
		put_request(&p.requests[i], "/v1/qr-tokens:batch", i, &body);
	}
	run(&p);
}

static void
weigh_credentials(size_t i, int status, struct view body)
{
	static const char member[] = "\"credential\":\"";
	const uint8_t *at = body.at, *end = body.at + body.len;

	(void)i;
	if (status != 201)
		fprintf(stderr, "load: %.*s\n", (int)body.len, body.at);
	while ((at = memmem(at, (size_t)(end - at), member,
	    sizeof(member) - 1)) != NULL) {
		const uint8_t *from = at + sizeof(member) - 1;

		at = memchr(from, '"', (size_t)(end - from));
		if (at == NULL)
			fail("an answer");
		credential_bytes += (uint64_t)(at - from);
	}
}

static void
visit_phase(void)
{
	static struct phase p = { .name = "qr-token", .timed = true,
	    .answer = keep_token };

	p.requests = new_texts();
	tokens = new_texts();
	for (size_t i = 0; i < o.count; i++) {
		AUTO_DONE(bytes) body = { 0 };

		bytes_put_text(&body, "{");
		put_visit(&body, o.first + i, "");
		bytes_put_text(&body, "}");
		put_request(&p.requests[i], "/v1/qr-tokens", i, &body);
	}
	run(&p);
}

static void
challenge_phase(void)
{
	static struct phase p = { .name = "challenge",
	    .answer = keep_nonce };
	AUTO_DONE(bytes) nothing = { 0 };

	p.requests = new_texts();
	nonces = new_texts();
	for (size_t i = 0; i < o.count; i++)
		put_request(&p.requests[i], "/v1/challenges", i, &nothing);
	run(&p);
}

static void
put_credential(struct bytes *body, size_t i)
{
	bytes_put_text(body, "{");
	put_visit(body, o.first + i, bytes_text(&tokens[i]));
	bytes_printf(body, ",\"device\":{\"id\":\"phone-%zu\",\"proofs\":[",
	    o.first + i);
	for (size_t k = 0; k < o.keys; k++) {
		AUTO(EVP_PKEY) key = NULL;

		MUST(wallet_new(&key));
		bytes_put_text(body, k == 0 ? "\"" : ",\"");
		MUST(wallet_proof(key, audience, bytes_text(&nonces[i]),
		    time_now(), body));
		bytes_put_text(body, "\"");
	}
	bytes_printf(body, "]},\"formats\":[\"%s\"],", o.format);
	put_claims(body, o.first + i);
	bytes_put_text(body, "}");
}

static void
credential_phase(void)
{
	static struct phase p = { .name = "credential", .timed = true,
	    .answer = weigh_credentials };

	p.each = o.keys;
	p.requests = new_texts();
	for (size_t i = 0; i < o.count; i++) {
		AUTO_DONE(bytes) body = { 0 };

		put_credential(&body, i);
		put_request(&p.requests[i], "/v1/credentials", i, &body);
	}
	run(&p);
}

/* ---- options */

static void
take(const char *name, const char *value)
{
	if (strcmp(name, "--socket") == 0)
		o.socket = value;
	else if (strcmp(name, "--stage") == 0)
		o.stage = value;
	else if (strcmp(name, "--connections") == 0)
		o.connections = strtoul(value, NULL, 10);
	else if (strcmp(name, "--count") == 0)
		o.count = strtoul(value, NULL, 10);
	else if (strcmp(name, "--first") == 0)
		o.first = strtoul(value, NULL, 10);
	else if (strcmp(name, "--format") == 0)
		o.format = value;
	else if (strcmp(name, "--keys") == 0)
		o.keys = strtoul(value, NULL, 10);
	else if (strcmp(name, "--rate") == 0)
		o.rate = strtod(value, NULL);
	else if (strcmp(name, "--watch") == 0 && o.watch_count < WATCH_MAX &&
	    strchr(value, '=') != NULL)
		o.watch[o.watch_count++] = value;
	else
		fail(name);
}

int
main(int argc, char *argv[])
{
	MUST(crypto_init());
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--json") == 0)
			o.json = true;
		else if (i + 1 < argc)
			take(argv[i], argv[i + 1]), i++;
		else
			fail(argv[i]);
	if (o.socket == NULL || o.count == 0 || o.connections == 0 ||
	    o.connections > CONNECTIONS_MAX || o.keys == 0 ||
	    o.keys > KEYS_MAX)
		fail("--socket, --count, --connections, --keys");
	connect_all();
	if (strcmp(o.stage, "qr-batch") == 0) {
		batch_phase();
		return 0;
	}
	visit_phase();
	if (strcmp(o.stage, "credential") == 0) {
		challenge_phase();
		credential_phase();
	}
	return 0;
}
