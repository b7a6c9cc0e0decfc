/*
 * `okse audit witness`: the witness as an HTTP server, on the gate's parser
 * and connections. Whoever connects may ask; only what a known log has signed
 * is acted on. Locked in like a role of the daemon once it serves. Next:
 * witness_keep.c.
 */
#include "cli/witness.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "base/file.h"
#include "base/time.h"
#include "cli/commands.h"
#include "cli/say.h"
#include "signer/gate/server.h"
#include "signer/listen.h"
#include "signer/log.h"
#include "signer/sandbox.h"

#define CONNECTIONS 256

struct serving {
	struct witness	*witness;
	struct proc	*proc;
	struct server	*server;
	struct config	 config;
	const char	*prefix;
	bool		 broken;
};

/* ---- a new witness */

static int
make_witness(const char *dir, const char *name)
{
	AUTO(cosigner) c = NULL;
	AUTO_DONE(bytes) text = { 0 };
	char key[PATH_MAX], vkey[PATH_MAX];
	enum err e;

	if ((e = cosigner_new(view_text(name), &c)) != ERR_OK ||
	    (e = dir_make(dir, 0700)) != ERR_OK ||
	    (e = path_join(dir, "witness.key", key, sizeof(key))) != ERR_OK ||
	    (e = path_join(dir, "witness.vkey", vkey, sizeof(vkey))) ||
	    (e = cosigner_write(c, key, vkey)) != ERR_OK)
		return complain_err(dir, e);
	vkey_put(cosigner_vkey(c), &text);
	put_line(bytes_view(&text));
	return EXIT_DONE;
}

/* ---- requests */

static void
answer(struct serving *s, const struct call *call, int status,
    const char *type, struct view body)
{
	struct reply r = { .status = status, .type = type };

	bytes_put(&r.body, body);
	server_reply(s->server, call->origin, &r);
}

static void
refuse(struct serving *s, const struct call *call, enum err e)
{
	AUTO_DONE(bytes) text = { 0 };

	bytes_printf(&text, "%s\n", err_why());
	answer(s, call, err_status(e), "text/plain; charset=utf-8",
	    bytes_view(&text));
}

static void
add_checkpoint(struct serving *s, const struct call *call)
{
	AUTO_DONE(bytes) out = { 0 };
	enum err e = witness_serve(s->witness, bytes_view(&call->http->body),
	    (uint64_t)time_now(), &out, &s->broken);

	if (s->broken) {
		/* no answer: what the disk holds is found out by a restart */
		log_error("keeping a checkpoint: %s", err_why());
		proc_stop(s->proc);
		return;
	}
	if (e == ERR_OK) {
		answer(s, call, 200, "text/plain; charset=utf-8",
		    bytes_view(&out));
		return;
	}
	if (e == ERR_EXISTS)
		answer(s, call, 409, WITNESS_SIZE_TYPE, bytes_view(&out));
	else
		refuse(s, call, e);
}

static void
give_checkpoint(struct serving *s, const struct call *call, struct view path)
{
	const struct witness_place *p = witness_find_path(s->witness, path);

	if (p == NULL || p->note.len == 0)
		refuse(s, call, err_because(ERR_NOT_FOUND,
		    "no checkpoint of this log was cosigned"));
	else
		answer(s, call, 200, "text/plain; charset=utf-8",
		    bytes_view(&p->note));
}

static void
on_call(void *context, const struct call *call)
{
	struct serving *s = context;
	struct view path = http_target(call->http);
	size_t skip = strlen(s->prefix) + 1;
	bool post = call->http->method == HTTP_POST;

	if (!view_starts(path, s->prefix) || path.len < skip ||
	    path.at[skip - 1] != '/') {
		refuse(s, call, err_because(ERR_NOT_FOUND, "nothing is here"));
		return;
	}
	path = VIEW(path.at + skip, path.len - skip);
	if (view_is(path, "add-checkpoint") != post)
		refuse(s, call, err_because(ERR_METHOD,
		    "POST to add-checkpoint, GET of all else"));
	else if (post)
		add_checkpoint(s, call);
	else
		give_checkpoint(s, call, path);
}

static void
on_pass(struct proc *p)
{
	struct serving *s = proc_context(p);

	server_pass(s->server);
}

static void
on_stop(void *context)
{
	struct serving *s = context;

	proc_stop(s->proc);
}

static const struct proc_table table = {
	.self = ROLE_WITNESS,
	.pass = on_pass,
};

/* ---- the process */

/* Where it listens, on standard output: "ready 127.0.0.1:7380". */
static enum err
tell_ready(int fd, const char *where)
{
	struct sockaddr_in6 a = { 0 };
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&a;
	socklen_t len = sizeof(a);
	const char *colon = strrchr(where, ':');
	int port;

	if (where[0] == '/' || colon == NULL) {
		printf("ready %s\n", where);
	} else {
		if (getsockname(fd, (struct sockaddr *)&a, &len) == -1)
			return err_system("getsockname");
		port = ntohs(a.sin6_family == AF_INET6 ? a.sin6_port :
		    v4->sin_port);
		printf("ready %.*s:%d\n", (int)(colon - where), where, port);
	}
	return fflush(stdout) == 0 ? ERR_OK : err_system("standard output");
}

static enum err
listen_somewhere(struct serving *s, const char *where, int *out_fd)
{
	const struct config_listener local = {
		.path = where, .access = 0660,
	};

	(void)s;
	if (strchr(where, '/') == NULL)
		return listen_tcp(where, out_fd);
	if (strlen(where) > 107)
		return err_because(ERR_TOO_LARGE,
		    "a socket's path has at most 107 bytes (unix(7))");
	return listen_unix(&local, out_fd);
}

static enum err
start(struct serving *s, const char *where)
{
	static struct config_client nobody = { .name = "" };
	int fd;

	s->config.limits = (struct config_limits){
		.connections = CONNECTIONS, .per_client = CONNECTIONS,
	};
	s->config.clients.at = &nobody;
	s->config.clients.count = 1;
	s->config.state = s->witness->state;
	TRY(proc_new(&table, s, &s->proc));
	TRY(server_new(s->proc, &s->config, on_call, s, &s->server));
	TRY(proc_on_signal(s->proc, SIGTERM, on_stop, s));
	TRY(proc_on_signal(s->proc, SIGINT, on_stop, s));
	TRY(listen_somewhere(s, where, &fd));
	TRY(tell_ready(fd, where));
	/* whom it serves is all the same: the log's signature decides */
	return server_listen(s->server, LISTENER_METRICS, fd);
}

static enum err
serve(struct serving *s, const char *where)
{
	TRY(sandbox_prepare());
	TRY(start(s, where));
	TRY(sandbox_enter(ROLE_WITNESS, &s->config));
	log_info("witness of %zu logs", s->witness->count);
	TRY(proc_loop(s->proc));
	return s->broken ? ERR_SYSTEM : ERR_OK;
}

int
audit_witness(const struct arguments *a)
{
	struct serving s = { .prefix = option_value(a, "prefix", "") };
	const char *dir = argument(a, 0), *name = option_value(a, "init", NULL);
	char socket[PATH_MAX];
	enum err e;

	umask(0022);
	if (name != NULL)
		return make_witness(dir, name);
	log_start(ROLE_WITNESS, 0);
	if ((e = path_join(dir, "witness.sock", socket, sizeof(socket))) ||
	    (e = witness_open(dir, option_value(a, "logs", NULL),
	    &s.witness)) != ERR_OK)
		return complain_err(dir, e);
	e = serve(&s, option_value(a, "listen", socket));
	if (e != ERR_OK)
		complain_err(dir, e);
	server_free(s.server);
	proc_free(s.proc);
	witness_close(s.witness);
	return e == ERR_OK ? EXIT_DONE : exit_of(e);
}
