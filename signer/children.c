/*
 * The roles as processes: started by fork and exec of this very program, with
 * one descriptor and no environment; pinged; replaced with back-off when they
 * end or do not answer. Vendor modules crash and hang: that is expected here.
 */
#include "signer/supervisor.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/time.h"
#include "signer/log.h"
#include "signer/packet.h"

#define SECOND INT64_C(1000000)
#define BACKOFF_FIRST (SECOND / 20)
#define BACKOFF_MAX (30 * SECOND)
#define STABLE (10 * SECOND)		/* alive so long: failures forgotten */
#define PING_EVERY SECOND
#define STARTUP (60 * SECOND)		/* to be ready; recovery takes time */
#define STARTUP_CALLS 3			/* deadlines a keyholder's start has */

void
children_plan(struct supervisor *s)
{
	static const enum role single[] = {
		ROLE_NOTARY, ROLE_GATE, ROLE_DESK, ROLE_COURIER,
	};

	for (size_t i = 0; i < COUNT(single); i++)
		s->children[i] = (struct child){
			.role = single[i],
			.wanted = single[i] != ROLE_COURIER ||
			    s->config->witnesses.policy != NULL,
		};
	for (unsigned int i = 0; i < KEYHOLDERS_MAX; i++)
		s->children[COUNT(single) + i] = (struct child){
			.role = ROLE_KEYHOLDER, .index = i,
		};
}

struct child *
children_find(struct supervisor *s, enum role role, unsigned int index)
{
	for (size_t i = 0; i < CHILDREN; i++)
		if (s->children[i].role == role &&
		    s->children[i].index == index)
			return &s->children[i];
	return NULL;
}

unsigned int
children_ready(const struct supervisor *s, enum role role)
{
	unsigned int count = 0;

	for (size_t i = 0; i < CHILDREN; i++)
		count += s->children[i].role == role && s->children[i].ready;
	return count;
}

bool
children_all_gone(const struct supervisor *s)
{
	for (size_t i = 0; i < CHILDREN; i++)
		if (s->children[i].pid != 0)
			return false;
	return true;
}

void
child_kill(struct child *c, int signal)
{
	if (c->pid != 0 && kill(c->pid, signal) == -1)
		log_error("the %s cannot be killed", role_name(c->role));
}

void
children_want_keyholders(struct supervisor *s, unsigned int count)
{
	for (size_t i = 0; i < CHILDREN; i++) {
		struct child *c = &s->children[i];

		if (c->role != ROLE_KEYHOLDER)
			continue;
		c->wanted = c->index < count;
		c->failures = 0;
		c->restart_us = 0;
		if (!c->wanted)
			child_kill(c, SIGKILL);
	}
}

/* ---- starting */

/* In the child, between fork and exec: never returns. */
static void
become(const struct supervisor *s, const struct child *c, int control)
{
	char index[16], role[32];
	char program[] = "oksed";
	char *argv[] = { program, role, index, NULL };
	char *environment[] = { NULL };
	/* out of the way of the control channel's number */
	int exe = fcntl(s->program, F_DUPFD_CLOEXEC, CHILD_CONTROL + 1);
	sigset_t none;

	snprintf(role, sizeof(role), "--role=%s", role_name(c->role));
	snprintf(index, sizeof(index), "--index=%u", c->index);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* dup2() of a descriptor to itself would keep it close-on-exec */
	if (control == CHILD_CONTROL)
		fcntl(control, F_SETFD, 0);
	else if (dup2(control, CHILD_CONTROL) == -1)
		_exit(1);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0)
		fexecve(exe, argv, environment);
	_exit(1);
}

static enum err
spawn(struct supervisor *s, struct child *c)
{
	int pair[2];
	AUTO_FD theirs = -1;

	TRY(proc_pair(pair));
	theirs = pair[1];
	TRY(proc_attach(s->proc, pair[0], c->role, c->index));
	TRY(packet_send_first(pair[0], MSG_CONFIG,
	    bytes_view(&s->config_text)));
	c->pid = fork();
	if (c->pid == -1) {
		c->pid = 0;
		proc_drop(s->proc, c->role, c->index);
		return err_system("fork");
	}
	if (c->pid == 0)
		become(s, c, theirs);
	c->started_us = time_monotonic_us();
	c->ready = false;
	c->pinged_us = 0;
	return ERR_OK;
}

/* ---- wiring */

static bool
talk(enum role a, enum role b)
{
	enum role clients = ROLE_GATE | ROLE_NOTARY | ROLE_KEYHOLDER;

	if ((a | b) == (ROLE_COURIER | ROLE_NOTARY))
		return true;
	return a != b && (a & clients) != 0 && (b & clients) != 0;
}

static void
attach(struct supervisor *s, const struct child *to,
    const struct child *other, int fd)
{
	AUTO_DONE(bytes) body = { 0 };

	bytes_put_u16(&body, (uint16_t)other->role);
	bytes_put_u16(&body, (uint16_t)other->index);
	peer_send_fd(proc_peer(s->proc, to->role, to->index), MSG_ATTACH, 0,
	    bytes_view(&body), fd);
}

static void
connect_two(struct supervisor *s, const struct child *a,
    const struct child *b)
{
	int pair[2];

	if (proc_pair(pair) != ERR_OK) {
		log_error("%s", err_why());
		return;
	}
	attach(s, a, b, pair[0]);
	attach(s, b, a, pair[1]);
	fd_close(&pair[0]);
	fd_close(&pair[1]);
}

static void
give_listener(struct supervisor *s, struct child *c, enum listener l)
{
	AUTO_DONE(bytes) body = { 0 };

	if (s->listeners[l] == -1)
		return;
	bytes_put_u16(&body, (uint16_t)l);
	peer_send_fd(proc_peer(s->proc, c->role, c->index), MSG_LISTEN, 0,
	    bytes_view(&body), s->listeners[l]);
}

void
children_wire(struct supervisor *s, struct child *c)
{
	c->ready = true;
	for (size_t i = 0; i < CHILDREN; i++)
		if (s->children[i].ready && talk(c->role, s->children[i].role))
			connect_two(s, c, &s->children[i]);
	if (c->role == ROLE_GATE) {
		give_listener(s, c, LISTENER_API);
		give_listener(s, c, LISTENER_TLS);
		give_listener(s, c, LISTENER_METRICS);
	}
	if (c->role == ROLE_DESK)
		give_listener(s, c, LISTENER_ADMIN);
	supervisor_tell_state(s);
}

/* ---- ending */

static void
schedule(struct child *c)
{
	int64_t now = time_monotonic_us();
	int64_t wait = BACKOFF_FIRST;

	if (now - c->started_us > STABLE)
		c->failures = 0;
	for (unsigned int i = 0; i < c->failures && wait < BACKOFF_MAX; i++)
		wait *= 2;
	c->restart_us = now + (wait < BACKOFF_MAX ? wait : BACKOFF_MAX);
	c->failures++;
}

static void
ended(struct supervisor *s, struct child *c, int status)
{
	bool served = c->ready;

	if (WIFSIGNALED(status))
		log_warning("the %s %u (pid %d) was killed by signal %d",
		    role_name(c->role), c->index, (int)c->pid,
		    WTERMSIG(status));
	else
		log_info("the %s %u (pid %d) ended with status %d",
		    role_name(c->role), c->index, (int)c->pid,
		    WEXITSTATUS(status));
	c->pid = 0;
	c->ready = false;
	proc_drop(s->proc, c->role, c->index);
	schedule(c);
	if (c->role == ROLE_KEYHOLDER)
		unseal_keyholder_gone(s, c, served);
	if (c->role == ROLE_NOTARY)
		admin_notary_gone(s);
	supervisor_tell_state(s);
}

void
children_reap(struct supervisor *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < CHILDREN; i++)
			if (s->children[i].pid == pid)
				ended(s, &s->children[i], status);
}

/* ---- each tick */

static void
start_if_due(struct supervisor *s, struct child *c, int64_t now)
{
	if (!c->wanted || s->stopping || now < c->restart_us)
		return;
	/* keyholders start one at a time: their modules race otherwise */
	if (c->role == ROLE_KEYHOLDER && s->logging_in != NULL)
		return;
	if (spawn(s, c) != ERR_OK) {
		log_error("starting the %s: %s", role_name(c->role),
		    err_why());
		schedule(c);
		return;
	}
	if (c->role == ROLE_KEYHOLDER)
		s->logging_in = c;
}

static void
ping(struct supervisor *s, struct child *c, int64_t now)
{
	int64_t deadline = s->config->token.deadline * SECOND;

	if (c->pinged_us == 0) {
		if (now - c->answered_us < PING_EVERY)
			return;
		c->pinged_us = now;
		peer_send(proc_peer(s->proc, c->role, c->index), MSG_PING, 0,
		    VIEW(NULL, 0));
		return;
	}
	if (now - c->pinged_us < deadline)
		return;
	log_error("the %s %u does not answer: killing it", role_name(c->role),
	    c->index);
	child_kill(c, SIGKILL);
	c->pinged_us = now;
}

/* A keyholder starts by asking its token, which may hang as at any time. */
static int64_t
startup_limit(const struct supervisor *s, const struct child *c)
{
	int64_t limit = STARTUP_CALLS * s->config->token.deadline * SECOND;

	return c->role == ROLE_KEYHOLDER && limit < STARTUP ? limit : STARTUP;
}

void
children_tick(struct supervisor *s)
{
	int64_t now = time_monotonic_us();

	for (size_t i = 0; i < CHILDREN; i++) {
		struct child *c = &s->children[i];

		if (c->pid == 0)
			start_if_due(s, c, now);
		else if (c->ready)
			ping(s, c, now);
		else if (now - c->started_us > startup_limit(s, c))
			child_kill(c, SIGKILL);
	}
}
