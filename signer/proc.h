/*
 * A process of the daemon: an event loop, its peers, a table of handlers.
 * This and gate/ are the only places that know libevent.
 *
 * A peer is a channel to another role. Messages sent to it are gathered and
 * leave in as few packets as possible at the end of each pass of the loop.
 * A peer that says what msg.h does not allow, or what the table has no
 * handler for, is dropped and reported to the supervisor, which replaces it.
 * A child whose supervisor is gone stops by itself.
 */
#ifndef OKSE_SIGNER_PROC_H
#define OKSE_SIGNER_PROC_H

#include "signer/msg.h"

struct event_base;
struct proc;
struct peer;

typedef void (*proc_handler)(struct proc *p, struct peer *from,
    const struct msg *m);

struct proc_table {
	enum role	 self;
	const struct proc_rule {
		enum msg_type	type;
		proc_handler	handler;
	}		*rules;
	size_t		 count;
	/* A peer is gone: closed, crashed or dropped. May be NULL. */
	void		(*gone)(struct proc *p, enum role role,
			    unsigned int index);
	/* Once at the end of every pass, before sending. May be NULL. */
	void		(*pass)(struct proc *p);
};

/* context is the caller's own; the table must outlive the process. */
[[nodiscard]] enum err proc_new(const struct proc_table *table,
    void *context, struct proc **out_proc);
void proc_free(struct proc *p);
AUTO_STRUCT(proc);

void *proc_context(struct proc *p);
enum role proc_self(const struct proc *p);
struct event_base *proc_base(struct proc *p);

/* Takes fd over, also on failure; replaces a peer of this role and index. */
[[nodiscard]] enum err proc_attach(struct proc *p, int fd, enum role role,
    unsigned int index);
/* NULL when there is none. */
struct peer *proc_peer(struct proc *p, enum role role, unsigned int index);
struct peer *proc_next(struct proc *p, enum role role, struct peer *after);
void proc_drop(struct proc *p, enum role role, unsigned int index);
enum role peer_role(const struct peer *peer);
unsigned int peer_index(const struct peer *peer);
/* Bytes waiting to leave: what a caller sheds load by. */
size_t peer_backlog(const struct peer *peer);

/*
 * Queues a message. Never blocks, never fails for the caller: a peer whose
 * backlog is over its limit is dropped (and gone() called at the end of the
 * pass), as if it had crashed. NULL as peer is ignored.
 */
void peer_send(struct peer *peer, enum msg_type type, uint64_t id,
    struct view body);
/* The same with a descriptor, which stays the caller's (sent as a copy). */
void peer_send_fd(struct peer *peer, enum msg_type type, uint64_t id,
    struct view body, int fd);

/* Runs until proc_stop(), and at least one pass; ERR_OK then. */
[[nodiscard]] enum err proc_loop(struct proc *p);
/* The pass that is under way, or due, is the last; what it queued is sent. */
void proc_stop(struct proc *p);
/* Makes sure that another pass follows this one without waiting. */
void proc_again(struct proc *p);

/*
 * Calls handler(context) every interval_ms until proc_free(); the first time
 * after one interval.
 */
[[nodiscard]] enum err proc_every(struct proc *p, unsigned int interval_ms,
    void (*handler)(void *context), void *context);
/* The same for a signal. */
[[nodiscard]] enum err proc_on_signal(struct proc *p, int signal,
    void (*handler)(void *context), void *context);

/* A connected SOCK_SEQPACKET pair, close-on-exec and non-blocking. */
[[nodiscard]] enum err proc_pair(int out_fds[2]);

#endif
