/*
 * A throw-away PostgreSQL for unit tests, and a proxy before it that cuts a
 * connection at the n-th message of its protocol.
 */
#ifndef OKSE_TESTS_UNIT_SIGNER_CLUSTER_H
#define OKSE_TESTS_UNIT_SIGNER_CLUSTER_H

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "signer/notary/engine_postgres.h"

struct cluster {
	char	dir[32];
	char	daemon[128], owner[128];	/* URIs */
};

static inline int
cluster_do(const struct cluster *c, const char *action, const char *rest)
{
	char command[512];

	snprintf(command, sizeof(command), "tests/postgres.sh %s %s %s",
	    action, c->dir, rest);
	return system(command);
}

static inline void
cluster_uris(struct cluster *c)
{
	snprintf(c->daemon, sizeof(c->daemon),
	    "postgresql://okse@/okse?host=%s", c->dir);
	snprintf(c->owner, sizeof(c->owner),
	    "postgresql://okse_owner@/okse?host=%s", c->dir);
}

static inline bool
cluster_start(struct cluster *c, const char *settings)
{
	strncpy(c->dir, "/tmp/okse-pg-XXXXXX", sizeof(c->dir) - 1);
	if (mkdtemp(c->dir) == NULL)
		return false;
	cluster_uris(c);
	return cluster_do(c, "start", settings) == 0;
}

static inline void
cluster_stop(struct cluster *c)
{
	char command[64];

	(void)cluster_do(c, "kill", "");
	snprintf(command, sizeof(command), "rm -rf %s", c->dir);
	if (system(command) != 0)
		fprintf(stderr, "%s is left\n", c->dir);
}

static inline bool
cluster_sql(const struct cluster *c, const char *sql)
{
	char rest[400];

	snprintf(rest, sizeof(rest), "-d okse -c \"%s\" >/dev/null", sql);
	return cluster_do(c, "psql", rest) == 0;
}

/* ---- the proxy */

enum proxy_side { PROXY_CLIENT, PROXY_SERVER };

/* Shared with the process that is the proxy. */
struct proxy_plan {
	enum proxy_side	side;		/* whose messages are counted */
	int		cut_at;		/* 0: never; this one is not passed */
	int		seen;
	bool		closed;		/* nobody is let in */
};

struct proxy {
	char			 dir[32];
	pid_t			 pid;
	struct proxy_plan	*plan;
};

/* What is left of the message that is passing by. */
struct proxy_flow {
	bool		started;	/* past the client's first message */
	uint8_t		head[5];
	size_t		head_len, left;
};

/* Counts messages that begin in v; how much of v may pass. */
static inline size_t
proxy_count(struct proxy_plan *plan, struct proxy_flow *f, bool counted,
    struct view v)
{
	for (size_t i = 0; i < v.len;) {
		size_t need = f->started ? 5 : 4;

		if (f->left != 0) {
			size_t n = v.len - i < f->left ? v.len - i : f->left;

			f->left -= n;
			i += n;
			continue;
		}
		if (f->head_len == 0 && counted && f->started &&
		    ++plan->seen == plan->cut_at)
			return i;
		f->head[f->head_len++] = v.at[i++];
		if (f->head_len == need) {
			const uint8_t *l = f->head + need - 4;

			f->left = ((size_t)l[0] << 24 | (size_t)l[1] << 16 |
			    (size_t)l[2] << 8 | l[3]) - 4;
			f->head_len = 0;
			f->started = true;
		}
	}
	return v.len;
}

static inline bool
proxy_pass(struct proxy_plan *plan, struct proxy_flow *f, bool counted,
    int from, int to)
{
	uint8_t buffer[16384];
	ssize_t n = read(from, buffer, sizeof(buffer));
	size_t may;

	if (n <= 0)
		return false;
	may = proxy_count(plan, f, counted, VIEW(buffer, (size_t)n));
	if (may != 0 && fd_write(to, VIEW(buffer, may)) != ERR_OK)
		return false;
	return may == (size_t)n;
}

static inline void
proxy_serve(struct proxy_plan *plan, int client, const char *server_path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	AUTO_FD server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct proxy_flow up = { 0 }, down = { .started = true };

	strncpy(to.sun_path, server_path, sizeof(to.sun_path) - 1);
	if (connect(server, (struct sockaddr *)&to, sizeof(to)) != 0)
		return;
	for (;;) {
		struct pollfd fds[2] = { { .fd = client, .events = POLLIN },
		    { .fd = server, .events = POLLIN } };

		if (poll(fds, 2, -1) < 0)
			return;
		if (fds[0].revents != 0 && !proxy_pass(plan, &up,
		    plan->side == PROXY_CLIENT, client, server))
			return;
		if (fds[1].revents != 0 && !proxy_pass(plan, &down,
		    plan->side == PROXY_SERVER, server, client))
			return;
	}
}

static inline void
proxy_run(struct proxy *p, int listener, const char *server_path)
{
	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (client >= 0 && !p->plan->closed && fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			proxy_serve(p->plan, client, server_path);
			_exit(0);
		}
		close(client);
	}
}

static inline bool
proxy_start(struct proxy *p, const struct cluster *c, char uri[128])
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char server[64];
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strncpy(p->dir, "/tmp/okse-px-XXXXXX", sizeof(p->dir) - 1);
	p->plan = mmap(NULL, sizeof(*p->plan), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (mkdtemp(p->dir) == NULL || p->plan == MAP_FAILED)
		return false;
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/.s.PGSQL.5432",
	    p->dir);
	snprintf(server, sizeof(server), "%s/.s.PGSQL.5432", c->dir);
	snprintf(uri, 128, "postgresql://okse@/okse?host=%s", p->dir);
	if (bind(listener, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    listen(listener, 16) != 0)
		return false;
	p->pid = fork();
	if (p->pid == 0)
		proxy_run(p, listener, server);
	close(listener);
	return p->pid > 0;
}

static inline void
proxy_plan(struct proxy *p, enum proxy_side side, int cut_at)
{
	p->plan->side = side;
	p->plan->seen = 0;
	p->plan->cut_at = cut_at;
}

static inline void
proxy_stop(struct proxy *p)
{
	char command[64];

	kill(p->pid, SIGKILL);
	waitpid(p->pid, NULL, 0);
	snprintf(command, sizeof(command), "rm -rf %s", p->dir);
	if (system(command) != 0)
		fprintf(stderr, "%s is left\n", p->dir);
}

#endif
