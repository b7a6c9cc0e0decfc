/*
 * The supervisor's parts among themselves: children.c starts, wires and
 * replaces the roles; unseal.c gathers shares and hands out logins; listen.c
 * makes sockets; supervisor.c holds them together.
 */
#ifndef OKSE_SIGNER_SUPERVISOR_H
#define OKSE_SIGNER_SUPERVISOR_H

#include "quorum/quorum.h"
#include "signer/admin.h"
#include "signer/child.h"
#include "signer/round.h"

#define KEYHOLDERS_MAX 64
#define LISTENERS (LISTENER_ADMIN + 1)

/* One place for a process: it may be empty, starting, or serving. */
struct child {
	enum role	 role;
	unsigned int	 index;
	bool		 wanted;	/* restarted when it ends */
	pid_t		 pid;		/* 0: none */
	bool		 ready;		/* wired to the others */
	int64_t		 started_us;
	int64_t		 restart_us;	/* not before; 0: at once */
	unsigned int	 failures;	/* in a row, for the back-off */
	int64_t		 pinged_us;	/* unanswered since; 0: none is */
	int64_t		 answered_us;	/* the last PONG */
};

#define NOTARY_CALLS 16	/* officers' questions at the notary */
#define CHILDREN (4 + KEYHOLDERS_MAX)

/* What the notary has not yet said is durable: asked again when it is new. */
struct unrecorded {
	struct unrecorded	*next;
	uint64_t		 id;
	struct bytes		 body;
};

struct supervisor {
	struct proc	*proc;
	struct config	*config;
	struct bytes	 config_text;
	int		 program;	/* this very file, for exec */
	int		 listeners[LISTENERS];
	struct child	 children[CHILDREN];
	bool		 stopping;
	int64_t		 stop_us;	/* when to stop waiting */

	enum seal_state	 seal;
	struct quorum	 quorum;
	struct roster	 roster;
	struct activation about;	/* what each statement says */
	struct round	 round;
	uint64_t	 malformed;	/* acts refused since they were */
	uint64_t	 unsigned_acts;	/* last counted in the log */
	int64_t		 counted_us;
	struct share	 shares[SHARE_MAX];	/* given so far */
	unsigned int	 share_count;
	struct secret	*pin;			/* while open */
	struct secret	*notary_keys;		/* while open */
	struct child	*logging_in;		/* the one whose turn it is */
	unsigned int	 races;			/* lost in a row at that */
	bool		 token_tried;		/* in this opening */
	struct hash	 planned;		/* the register's text */
	char		 spki[CONFIG_KEYS][2 * SHA256_SIZE + 1];

	size_t		 call_count;		/* that the notary has */
	uint64_t	 calls[NOTARY_CALLS];
	struct bytes	 log_state;		/* JSON, as the notary said */
	struct bytes	 refused;		/* why it is sealed again */
	struct bytes	 hold;			/* JSON: why it does nothing */

	struct unrecorded *unrecorded;
	uint64_t	 next_record;
};

/* ---- children.c */

/* Fills the table of places; wants all but keyholders. */
void children_plan(struct supervisor *s);
/* Starts what is due, pings, kills what does not answer. Each tick. */
void children_tick(struct supervisor *s);
/* Collects the ended (SIGCHLD). */
void children_reap(struct supervisor *s);
struct child *children_find(struct supervisor *s, enum role role,
    unsigned int index);
unsigned int children_ready(const struct supervisor *s, enum role role);
/* Connects a child that serves to those it talks to. */
void children_wire(struct supervisor *s, struct child *c);
void child_kill(struct child *c, int signal);
/* Wants so many keyholders; those no longer wanted are killed at once. */
void children_want_keyholders(struct supervisor *s, unsigned int count);
bool children_all_gone(const struct supervisor *s);

/* ---- unseal.c */

[[nodiscard]] enum err unseal_prepare(struct supervisor *s);
/* One share, of a seat; at the threshold the daemon opens. Takes it over. */
[[nodiscard]] enum err unseal_share(struct supervisor *s,
    struct share *share);
/* seat: of the officer who signed that, or 0. */
void unseal_close(struct supervisor *s, const char *reason,
    unsigned int seat);
/* What the log's witnesses say: it goes on opening, or is sealed for it. */
void unseal_witnesses_say(struct supervisor *s, enum err e,
    struct view message);
[[nodiscard]] enum err unseal_clear_latch(struct supervisor *s);
/* Gives the next keyholder that waits its login. */
void unseal_next_login(struct supervisor *s);
/* What it said in LOGGED_IN; examined: keyholder/examine.h, as numbers. */
struct login {
	enum err	 e;
	unsigned int	 class;
	struct view	 message;
	uint32_t	 examined[4];
};
void unseal_logged_in(struct supervisor *s, struct child *c,
    const struct login *l);
/* A keyholder ended: while it was logging in, or when it had served. */
void unseal_keyholder_gone(struct supervisor *s, struct child *c,
    bool served);
/* The notary is new: it needs the keys again. */
void unseal_notary_ready(struct supervisor *s);

/* ---- unseal_act.c */

/* Reads what statements say, once. */
[[nodiscard]] enum err act_prepare(struct supervisor *s);
/* Another statement and key; whoever answered the last has not answered it. */
void act_new_round(struct supervisor *s);
/* Ends a round that has lasted too long; sums up refusals. Each tick. */
void act_tick(struct supervisor *s);
/* What an officer signed; what a plain line says, where that is taken. */
[[nodiscard]] enum err act_hear(struct supervisor *s, struct view text);
[[nodiscard]] enum err act_hear_line(struct supervisor *s, struct view line);

/* ---- listen.c */

[[nodiscard]] enum err listen_all(struct supervisor *s);
void listen_remove(const struct supervisor *s);

/* ---- record.c */

/* Asks the notary for an entry: event, then name and value pairs, NULL. */
void record(struct supervisor *s, const char *event, ...)
    __attribute__((sentinel));
void record_again(struct supervisor *s);	/* to a new notary */
void record_done(struct supervisor *s, uint64_t id);

/* ---- supervisor_admin.c */

void on_admin(struct proc *p, struct peer *from, const struct msg *m);
void on_call_reply(struct proc *p, struct peer *from, const struct msg *m);
void on_hold(struct proc *p, struct peer *from, const struct msg *m);
void on_log_state(struct proc *p, struct peer *from, const struct msg *m);
/* Whoever waits for the notary hears that it is gone. */
void admin_notary_gone(struct supervisor *s);

/* ---- supervisor.c */

void supervisor_tell_state(struct supervisor *s);

#endif
