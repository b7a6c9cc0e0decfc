/*
 * Listeners, the table of connections, and their limits. Descriptors come
 * from the supervisor; who connects is unknown until identity.c says.
 * Next: connection.c.
 */
#include "signer/gate/server.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>

#include <event2/listener.h>

#include "base/file.h"
#include "base/time.h"
#include "signer/gate/connection.h"
#include "signer/log.h"

#define SWEEP_MS 250
#define SPARE_FDS 64		/* for peers that come back, and for files */
#define STATUS_MAX 600

static const int64_t duration_ms[] =
    { 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 15000 };

struct listening {
	struct server		*server;
	enum listener		 listener;
	struct evconnlistener	*events;	/* NULL: not this one */
};

struct place {
	struct connection	*connection;	/* NULL: free */
	uint32_t		 generation;
	uint32_t		 next_free;
};

struct server {
	struct proc		*proc;
	const struct config	*config;
	server_handler		 handler;
	void			*context;
	size_t			(*body_max)(const struct http *http);
	SSL_CTX			*tls;
	struct listening	 listening[LISTENER_ADMIN + 1];
	bool			 paused;	/* the backlog queues */

	struct place		*places;
	uint32_t		 used, max;	/* connections */
	uint32_t		 first_free;
	uint32_t		 touched;	/* places ever used */
	size_t			*of_client;	/* connections of each */
	struct connection	*busy;		/* to visit in this pass */

	uint64_t		 next_id;
	struct server_counts	 counts;
	uint64_t		 accepted;
	uint64_t		 answers[STATUS_MAX];
	uint64_t		 durations[COUNT(duration_ms)];
	uint64_t		 duration_count, duration_us;
};

/* ---- set up, take down */

/* Never more connections than descriptors, less some for ourselves. */
static enum err
settle_limit(struct server *s)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == -1)
		return err_system("RLIMIT_NOFILE");
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) == -1)
		return err_system("RLIMIT_NOFILE");
	s->max = (uint32_t)s->config->limits.connections;
	if (files.rlim_cur <= SPARE_FDS)
		return err_because(ERR_FULL, "RLIMIT_NOFILE is %ju, wanted "
		    "more than %d", (uintmax_t)files.rlim_cur, SPARE_FDS);
	if (s->max > files.rlim_cur - SPARE_FDS) {
		s->max = (uint32_t)(files.rlim_cur - SPARE_FDS);
		log_warning("limits.connections is lowered to %" PRIu32
		    " by RLIMIT_NOFILE", s->max);
	}
	return ERR_OK;
}

/* What comes meanwhile waits in the backlogs. */
static void
pause_listening(struct server *s)
{
	s->paused = true;
	for (size_t i = 0; i < COUNT(s->listening); i++)
		if (s->listening[i].events != NULL)
			(void)evconnlistener_disable(s->listening[i].events);
}

static void
resume_listening(struct server *s)
{
	s->paused = false;
	for (size_t i = 0; i < COUNT(s->listening); i++)
		if (s->listening[i].events != NULL)
			(void)evconnlistener_enable(s->listening[i].events);
}

static void
on_tick(void *context)
{
	struct server *s = context;
	int64_t now = time_monotonic_us();

	for (uint32_t i = 0; i < s->touched; i++)
		if (s->places[i].connection != NULL)
			connection_sweep(s->places[i].connection, now);
	if (s->paused && s->used < s->max)
		resume_listening(s);
}

enum err
server_new(struct proc *p, const struct config *config,
    server_handler handler, void *context, struct server **out_server)
{
	AUTO(server) s = mem_new(1, sizeof(*s));

	if (s == NULL)
		return err_because(ERR_MEMORY, "the server");
	s->proc = p;
	s->config = config;
	s->handler = handler;
	s->context = context;
	TRY(settle_limit(s));
	s->places = mem_new(s->max, sizeof(*s->places));
	s->of_client = mem_new(config->clients.count, sizeof(*s->of_client));
	if (s->places == NULL || s->of_client == NULL)
		return err_because(ERR_MEMORY, "places for %" PRIu32
		    " connections", s->max);
	s->first_free = UINT32_MAX;
	if (proc_self(p) == ROLE_GATE && config->listen.tls.address != NULL)
		TRY(identity_tls(&config->listen.tls, &s->tls));
	TRY(random_bytes((uint8_t *)&s->next_id, sizeof(s->next_id)));
	TRY(proc_every(p, SWEEP_MS, on_tick, s));
	*out_server = STEAL(s);
	return ERR_OK;
}

void
server_free(struct server *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < COUNT(s->listening); i++)
		if (s->listening[i].events != NULL)
			evconnlistener_free(s->listening[i].events);
	for (uint32_t i = 0; i < s->touched; i++)
		connection_free(s->places[i].connection);
	mem_free(s->places);
	mem_free(s->of_client);
	SSL_CTX_free(s->tls);
	mem_free(s);
}

/* ---- places */

static void
take_place(struct server *s, struct connection *c)
{
	uint32_t place = s->first_free;

	if (place != UINT32_MAX)
		s->first_free = s->places[place].next_free;
	else
		place = s->touched++;
	s->places[place].connection = c;
	c->place = place;
	c->generation = s->places[place].generation;
	s->used++;
}

static void
leave_place(struct server *s, struct connection *c)
{
	struct place *place = &s->places[c->place];

	place->connection = NULL;
	place->generation++;
	place->next_free = s->first_free;
	s->first_free = c->place;
	s->used--;
	if (c->client != IDENTITY_NONE)
		s->of_client[c->client]--;
	connection_free(c);
}

static void
settle_client(struct server *s, struct connection *c, size_t client)
{
	c->client = client;
	if (client == IDENTITY_NONE) {
		c->refusal = ERR_UNAUTHENTICATED;
		s->counts.unauthenticated++;
		return;
	}
	if (++s->of_client[client] <= (size_t)s->config->limits.per_client)
		return;
	c->refusal = ERR_THROTTLED;
	s->counts.throttled++;
}

void
server_identify(struct connection *c, X509 *certificate)
{
	settle_client(c->server, c, certificate == NULL ? IDENTITY_NONE :
	    identity_of_certificate(c->server->config, certificate));
}

/* ---- listening */

static void
accept_one(struct listening *l, int fd)
{
	struct server *s = l->server;
	struct connection *c = mem_new(1, sizeof(*c));
	int yes = 1;

	if (c == NULL) {
		fd_close(&fd);
		return;
	}
	c->server = s;
	c->listener = l->listener;
	c->client = IDENTITY_NONE;
	c->uid = l->listener == LISTENER_ADMIN ? identity_uid(fd) : -1;
	/* an unknown uid is told so: it is a mistake on this very machine */
	if (l->listener == LISTENER_API)
		settle_client(s, c, identity_of_socket(s->config, fd));
	if (l->listener == LISTENER_TLS)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes,
		    sizeof(yes));
	take_place(s, c);
	s->accepted++;
	if (connection_open(c, fd, l->listener == LISTENER_TLS ? s->tls :
	    NULL) != ERR_OK)
		leave_place(s, c);
}

static void
on_accept(struct evconnlistener *events, evutil_socket_t fd,
    struct sockaddr *from, int len, void *context)
{
	struct listening *l = context;

	(void)events;
	(void)from;
	(void)len;
	accept_one(l, fd);
	if (l->server->used >= l->server->max)
		pause_listening(l->server);
}

/* No descriptors or no memory: the next tick tries again. */
static void
on_accept_error(struct evconnlistener *events, void *context)
{
	struct listening *l = context;

	(void)events;
	log_error("accept failed with errno %d", errno);
	pause_listening(l->server);
}

enum err
server_listen(struct server *s, enum listener l, int fd)
{
	struct listening *to;

	if (l < LISTENER_API || l > LISTENER_ADMIN ||
	    (l == LISTENER_TLS && s->tls == NULL) ||
	    s->listening[l].events != NULL) {
		fd_close(&fd);
		return err_because(ERR_INTERNAL, "LISTEN %d came unasked", l);
	}
	to = &s->listening[l];
	*to = (struct listening){ .server = s, .listener = l };
	/* a backlog of 0: the socket listens already */
	to->events = evconnlistener_new(proc_base(s->proc), on_accept, to,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (to->events == NULL) {
		fd_close(&fd);
		return err_because(ERR_MEMORY, "a listener");
	}
	evconnlistener_set_error_cb(to->events, on_accept_error);
	return ERR_OK;
}

/* ---- calls and answers */

struct event_base *
server_base(struct server *s)
{
	return proc_base(s->proc);
}

uint64_t
server_next_id(struct server *s)
{
	return s->next_id++;
}

void
server_call(struct connection *c, struct call *call)
{
	const struct server *s = c->server;

	call->client = c->client == IDENTITY_NONE ? "" :
	    s->config->clients.at[c->client].name;
	call->uid = c->uid;
	s->handler(s->context, call);
}

void
server_reply(struct server *s, struct origin to, struct reply *r)
{
	const struct place *place = &s->places[to.place];

	if (place->connection == NULL ||
	    place->generation != to.generation)
		reply_done(r);
	else
		connection_reply(place->connection, to.sequence, r);
}

void
server_visit(struct connection *c)
{
	if (c->busy)
		return;
	c->busy = true;
	c->next_busy = c->server->busy;
	c->server->busy = c;
}

void
server_pass(struct server *s)
{
	while (s->busy != NULL) {
		struct connection *c = s->busy;

		s->busy = c->next_busy;
		c->busy = false;
		if (c->phase == PHASE_DEAD)
			leave_place(s, c);
		else
			connection_pass(c);
	}
}

void
server_limit_bodies(struct server *s,
    size_t (*limit)(const struct http *http))
{
	s->body_max = limit;
}

size_t
server_body_max(const struct server *s, const struct http *http)
{
	return s->body_max != NULL ? s->body_max(http) : http->body_max;
}

/* ---- what is counted */

void
server_note_malformed(struct server *s)
{
	s->counts.malformed++;
}

void
server_note_unauthenticated(struct server *s)
{
	s->counts.unauthenticated++;
}

void
server_note_refused(struct server *s, enum err e)
{
	if (e == ERR_THROTTLED || e == ERR_FULL)
		s->counts.throttled++;
	else if (err_status(e) < 500)
		s->counts.malformed++;
}

struct server_counts
server_take_counts(struct server *s)
{
	struct server_counts counts = s->counts;

	s->counts = (struct server_counts){ 0 };
	return counts;
}

void
server_note_answer(struct server *s, int status, int64_t took_us)
{
	size_t i = 0;

	if (status >= 0 && status < STATUS_MAX)
		s->answers[status]++;
	while (i < COUNT(duration_ms) && took_us > duration_ms[i] * 1000)
		i++;
	if (i < COUNT(duration_ms))
		s->durations[i]++;
	s->duration_count++;
	s->duration_us += (uint64_t)took_us;
}

static void
put_durations(const struct server *s, struct bytes *out)
{
	uint64_t sum = 0;

	bytes_put_text(out, "# TYPE okse_request_duration_seconds histogram\n");
	for (size_t i = 0; i < COUNT(duration_ms); i++) {
		sum += s->durations[i];
		bytes_printf(out, "okse_request_duration_seconds_bucket{le="
		    "\"%g\"} %" PRIu64 "\n", (double)duration_ms[i] / 1000,
		    sum);
	}
	bytes_printf(out, "okse_request_duration_seconds_bucket{le=\"+Inf\"}"
	    " %" PRIu64 "\nokse_request_duration_seconds_sum %.6f\n"
	    "okse_request_duration_seconds_count %" PRIu64 "\n",
	    s->duration_count, (double)s->duration_us / 1e6,
	    s->duration_count);
}

void
server_metrics(const struct server *s, struct bytes *out)
{
	bytes_printf(out, "# TYPE okse_connections gauge\n"
	    "okse_connections %" PRIu32 "\n"
	    "# TYPE okse_connections_total counter\n"
	    "okse_connections_total %" PRIu64 "\n"
	    "# TYPE okse_responses_total counter\n", s->used, s->accepted);
	for (int i = 0; i < STATUS_MAX; i++)
		if (s->answers[i] != 0)
			bytes_printf(out, "okse_responses_total{code=\"%d\"}"
			    " %" PRIu64 "\n", i, s->answers[i]);
	put_durations(s, out);
}
