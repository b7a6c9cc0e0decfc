/*
 * The event loop of a process and its channels to the others. What peers send
 * is not trusted: the gate reads hostile bytes for a living. Anything outside
 * the allow-table of msg.h ends the channel, never this process.
 * Next: the handlers of each role.
 */
#include "signer/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/file.h"
#include "signer/log.h"
#include "signer/packet.h"

#define BACKLOG_MAX ((size_t)32 << 20)	/* a peer this far behind is gone */
#define PACKETS_PER_PASS 64		/* of one peer: all get a turn */
#define SOCKET_BUFFER (1 << 20)

struct peer {
	struct peer	*next;
	struct proc	*proc;
	enum role	 role;
	unsigned int	 index;
	int		 fd;
	bool		 dead;
	struct event	*readable;
	struct event	*writable;
	struct outbox	 outbox;
};

struct timer {
	struct timer	*next;
	struct event	*event;
	void		(*handler)(void *context);
	void		*context;
};

struct proc {
	const struct proc_table	*table;
	void			*context;
	struct event_base	*base;
	struct peer		*peers;
	struct timer		*timers;
	bool			 stopping;
	bool			 again;
	uint8_t			 packet[MSG_PACKET];	/* the one being read */
};

static void
peer_free(struct peer *peer)
{
	if (peer == NULL)
		return;
	outbox_done(&peer->outbox);
	if (peer->readable != NULL)
		event_free(peer->readable);
	if (peer->writable != NULL)
		event_free(peer->writable);
	fd_close(&peer->fd);
	mem_free(peer);
}

AUTO_STRUCT(peer);

enum err
proc_new(const struct proc_table *table, void *context,
    struct proc **out_proc)
{
	AUTO(proc) p = mem_new(1, sizeof(*p));
	struct event_config *options = event_config_new();

	if (p == NULL || options == NULL)
		return err_because(ERR_MEMORY, "event loop");
	/* without it every pass would ask the environment for debug switches */
	event_config_set_flag(options, EVENT_BASE_FLAG_IGNORE_ENV);
	p->base = event_base_new_with_config(options);
	event_config_free(options);
	if (p->base == NULL)
		return err_system("event loop");
	p->table = table;
	p->context = context;
	*out_proc = STEAL(p);
	return ERR_OK;
}

void
proc_free(struct proc *p)
{
	if (p == NULL)
		return;
	while (p->peers != NULL) {
		struct peer *next = p->peers->next;

		peer_free(p->peers);
		p->peers = next;
	}
	while (p->timers != NULL) {
		struct timer *next = p->timers->next;

		if (p->timers->event != NULL)
			event_free(p->timers->event);
		mem_free(p->timers);
		p->timers = next;
	}
	if (p->base != NULL)
		event_base_free(p->base);
	mem_free(p);
}

void *
proc_context(struct proc *p)
{
	return p->context;
}

enum role
proc_self(const struct proc *p)
{
	return p->table->self;
}

struct event_base *
proc_base(struct proc *p)
{
	return p->base;
}

enum role
peer_role(const struct peer *peer)
{
	return peer->role;
}

unsigned int
peer_index(const struct peer *peer)
{
	return peer->index;
}

size_t
peer_backlog(const struct peer *peer)
{
	return peer->outbox.backlog;
}

struct peer *
proc_next(struct proc *p, enum role role, struct peer *after)
{
	struct peer *peer = after != NULL ? after->next : p->peers;

	while (peer != NULL && (peer->dead || peer->role != role))
		peer = peer->next;
	return peer;
}

struct peer *
proc_peer(struct proc *p, enum role role, unsigned int index)
{
	struct peer *peer = proc_next(p, role, NULL);

	while (peer != NULL && peer->index != index)
		peer = proc_next(p, role, peer);
	return peer;
}

/* ---- out */

static void
kill_peer(struct peer *peer)
{
	peer->dead = true;
	/* wakes the loop, which buries the dead at the end of the pass */
	proc_again(peer->proc);
}

void
peer_send_fd(struct peer *peer, enum msg_type type, uint64_t id,
    struct view body, int fd)
{
	if (peer == NULL || peer->dead)
		return;
	if (!msg_allowed(type, peer->proc->table->self, peer->role,
	    body.len)) {
		log_error("bug: %s of %zu bytes may not go to the %s",
		    msg_name(type), body.len, role_name(peer->role));
		return;
	}
	if (outbox_put(&peer->outbox, type, id, body, fd) != ERR_OK ||
	    peer->outbox.backlog > BACKLOG_MAX) {
		log_error("the %s does not keep up", role_name(peer->role));
		kill_peer(peer);
	}
}

void
peer_send(struct peer *peer, enum msg_type type, uint64_t id,
    struct view body)
{
	peer_send_fd(peer, type, id, body, -1);
}

static void
flush_peer(struct peer *peer)
{
	int sent;

	if (peer->dead)
		return;
	sent = outbox_flush(&peer->outbox, peer->fd);
	if (sent == 0)
		event_add(peer->writable, NULL);
	if (sent == -1)
		kill_peer(peer);
}

static void
on_writable(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	flush_peer(context);
}

/* ---- in */

static void
breach(struct peer *from, const char *what)
{
	struct peer *supervisor = proc_peer(from->proc, ROLE_SUPERVISOR, 0);
	AUTO_DONE(bytes) body = { 0 };

	log_error("the %s broke the rules of the channel: %s",
	    role_name(from->role), what);
	kill_peer(from);
	if (supervisor == NULL || supervisor == from)
		return;
	bytes_put_u16(&body, (uint16_t)from->role);
	bytes_put_u16(&body, (uint16_t)from->index);
	peer_send(supervisor, MSG_BREACH, 0, bytes_view(&body));
}

static void
on_attach(struct proc *p, struct peer *from, const struct msg *m)
{
	struct reader r = reader_of(m->body);
	enum role role = (enum role)reader_u16(&r);
	unsigned int index = reader_u16(&r);

	if (reader_end(&r, "ATTACH") != ERR_OK || m->fd == -1) {
		breach(from, "ATTACH");
		return;
	}
	if (proc_attach(p, fcntl(m->fd, F_DUPFD_CLOEXEC, 0), role, index) !=
	    ERR_OK)
		log_error("attaching the %s: %s", role_name(role), err_why());
}

static void
on_ping(struct proc *p, struct peer *from, const struct msg *m)
{
	AUTO_DONE(bytes) body = { 0 };

	(void)p;
	bytes_put_u16(&body, ERR_OK);
	peer_send(from, MSG_PONG, m->id, bytes_view(&body));
}

/* what every role but the supervisor answers alike, unless its table does */
static const struct proc_rule common[] = {
	{ MSG_ATTACH, on_attach },
	{ MSG_PING, on_ping },
};

static proc_handler
find_handler(const struct proc *p, enum msg_type type)
{
	for (size_t i = 0; i < p->table->count; i++)
		if (p->table->rules[i].type == type)
			return p->table->rules[i].handler;
	for (size_t i = 0; i < COUNT(common); i++)
		if (common[i].type == type)
			return common[i].handler;
	return NULL;
}

/* All messages of a packet; the descriptor goes with the first. */
static void
dispatch(struct peer *from, struct view packet, int fd)
{
	struct proc *p = from->proc;
	struct reader r = reader_of(packet);
	struct msg m = { .fd = fd };

	if (reader_u8(&r) != MSG_VERSION) {
		breach(from, "another version");
		return;
	}
	while (r.rest.len != 0 && !from->dead) {
		proc_handler handler;

		if (!message_get(&r, &m)) {
			breach(from, "a packet that ends early");
			return;
		}
		handler = find_handler(p, m.type);
		if (handler == NULL || !msg_allowed(m.type, from->role,
		    p->table->self, m.body.len)) {
			breach(from, msg_name(m.type));
			return;
		}
		handler(p, from, &m);
		m.fd = -1;
	}
}

static void
on_readable(evutil_socket_t socket, short what, void *context)
{
	struct peer *peer = context;
	uint8_t *packet = peer->proc->packet;

	(void)what;
	for (int i = 0; i < PACKETS_PER_PASS && !peer->dead; i++) {
		AUTO_FD fd = -1;
		ssize_t n = packet_receive(socket, packet, &fd);

		if (n == 0)
			return;
		if (n == -1) {
			kill_peer(peer);
			return;
		}
		dispatch(peer, VIEW(packet, (size_t)n), fd);
		/* secrets and claims travel here */
		explicit_bzero(packet, (size_t)n);
	}
}

/* ---- peers come and go */

/* Unlinks and frees the dead, telling the role of each. */
static void
bury(struct proc *p)
{
	struct peer **link = &p->peers;

	while (*link != NULL) {
		struct peer *peer = *link;
		enum role role = peer->role;
		unsigned int index = peer->index;

		if (!peer->dead) {
			link = &peer->next;
			continue;
		}
		*link = peer->next;
		peer_free(peer);
		if (role == ROLE_SUPERVISOR)
			proc_stop(p);
		if (p->table->gone != NULL)
			p->table->gone(p, role, index);
		link = &p->peers;	/* gone() may have changed the list */
	}
}

void
proc_drop(struct proc *p, enum role role, unsigned int index)
{
	struct peer *peer = proc_peer(p, role, index);

	if (peer != NULL)
		kill_peer(peer);
}

enum err
proc_attach(struct proc *p, int fd, enum role role, unsigned int index)
{
	AUTO(peer) peer = mem_new(1, sizeof(*peer));

	if (peer == NULL || fd == -1) {
		fd_close(&fd);
		return err_because(ERR_MEMORY, "no room for a peer");
	}
	proc_drop(p, role, index);
	peer->proc = p;
	peer->fd = fd;
	peer->role = role;
	peer->index = index;
	peer->readable = event_new(p->base, fd, EV_READ | EV_PERSIST,
	    on_readable, peer);
	peer->writable = event_new(p->base, fd, EV_WRITE, on_writable, peer);
	if (peer->readable == NULL || peer->writable == NULL ||
	    event_add(peer->readable, NULL) == -1)
		return err_because(ERR_MEMORY, "events of a peer");
	peer->next = p->peers;
	p->peers = STEAL(peer);
	return ERR_OK;
}

/* ---- the loop */

enum err
proc_loop(struct proc *p)
{
	do {
		int flags = EVLOOP_ONCE | (p->again ? EVLOOP_NONBLOCK : 0);

		p->again = false;
		if (event_base_loop(p->base, flags) == -1)
			return err_system("event loop");
		bury(p);
		if (p->table->pass != NULL)
			p->table->pass(p);
		for (struct peer *q = p->peers; q != NULL; q = q->next)
			flush_peer(q);
	} while (!p->stopping);
	return ERR_OK;
}

void
proc_stop(struct proc *p)
{
	p->stopping = true;
	proc_again(p);
}

void
proc_again(struct proc *p)
{
	p->again = true;
}

static void
on_timer(evutil_socket_t fd, short what, void *context)
{
	struct timer *t = context;

	(void)fd;
	(void)what;
	t->handler(t->context);
}

static enum err
add_timer(struct proc *p, int signal, short what,
    const struct timeval *interval, void (*handler)(void *), void *context)
{
	struct timer *t = mem_new(1, sizeof(*t));

	if (t == NULL)
		return err_because(ERR_MEMORY, "a timer");
	t->handler = handler;
	t->context = context;
	t->next = p->timers;
	p->timers = t;
	t->event = event_new(p->base, signal, what | EV_PERSIST, on_timer, t);
	if (t->event == NULL || event_add(t->event, interval) == -1)
		return err_because(ERR_MEMORY, "a timer's event");
	return ERR_OK;
}

enum err
proc_every(struct proc *p, unsigned int interval_ms,
    void (*handler)(void *context), void *context)
{
	struct timeval interval = {
		.tv_sec = interval_ms / 1000,
		.tv_usec = interval_ms % 1000 * 1000,
	};

	return add_timer(p, -1, 0, &interval, handler, context);
}

enum err
proc_on_signal(struct proc *p, int signal, void (*handler)(void *context),
    void *context)
{
	return add_timer(p, signal, EV_SIGNAL, NULL, handler, context);
}

enum err
proc_pair(int out_fds[2])
{
	int size = SOCKET_BUFFER;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0, out_fds) == -1)
		return err_system("socketpair");
	/* best effort: the kernel's own limit may be lower */
	for (int i = 0; i < 2; i++)
		(void)setsockopt(out_fds[i], SOL_SOCKET, SO_SNDBUF, &size,
		    sizeof(size));
	return ERR_OK;
}
