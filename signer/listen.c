/*
 * The listening sockets. The supervisor makes them, so that they outlive a
 * gate that crashes: clients that connect meanwhile wait in the backlog.
 */
#include "signer/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "signer/supervisor.h"

#define BACKLOG 4096

/* A socket file that nobody answers on is left from a crash. */
static enum err
remove_stale(const struct sockaddr_un *a)
{
	AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return err_system("socket");
	if (connect(fd, (const struct sockaddr *)a, sizeof(*a)) == 0)
		return err_because(ERR_EXISTS,
		    "%s: another daemon is listening there", a->sun_path);
	if (errno == ENOENT)
		return ERR_OK;
	if (errno != ECONNREFUSED)
		return err_system("%s", a->sun_path);
	if (unlink(a->sun_path) == -1)
		return err_system("%s: unlink", a->sun_path);
	return ERR_OK;
}

enum err
listen_unix(const struct config_listener *l, int *out_fd)
{
	AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	mode_t old;
	int bound;

	if (fd == -1)
		return err_system("socket");
	memcpy(a.sun_path, l->path, strlen(l->path));	/* config: fits */
	TRY(remove_stale(&a));
	old = umask(0777 & ~(mode_t)l->access);
	bound = bind(fd, (struct sockaddr *)&a, sizeof(a));
	umask(old);
	if (bound == -1 || listen(fd, BACKLOG) == -1)
		return err_system("%s", l->path);
	*out_fd = fd;
	fd = -1;
	return ERR_OK;
}

/* "127.0.0.1:8443" or "[::1]:8443" */
static enum err
parse_address(const char *text, struct sockaddr_storage *out, socklen_t *len)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
	const char *colon = strrchr(text, ':');
	size_t n = colon != NULL ? (size_t)(colon - text) : 0;
	struct reader r = reader_of(view_text(colon != NULL ? colon + 1 : ""));
	uint64_t port = reader_decimal(&r, UINT16_MAX);
	char host[INET6_ADDRSTRLEN] = "";
	bool six = n > 2 && text[0] == '[' && text[n - 1] == ']';
	int parsed = 0;

	memset(out, 0, sizeof(*out));
	if (n < sizeof(host) + 2 && !r.failed && r.rest.len == 0) {
		memcpy(host, text + six, n - 2 * six < sizeof(host) ?
		    n - 2 * six : 0);
		parsed = six ? inet_pton(AF_INET6, host, &v6->sin6_addr) :
		    inet_pton(AF_INET, host, &v4->sin_addr);
	}
	if (parsed != 1)
		return err_because(ERR_SCHEMA, "listen address: expected "
		    "\"127.0.0.1:8443\" or \"[::1]:8443\"");
	out->ss_family = six ? AF_INET6 : AF_INET;
	if (six)
		v6->sin6_port = htons((uint16_t)port);
	else
		v4->sin_port = htons((uint16_t)port);
	*len = six ? sizeof(*v6) : sizeof(*v4);
	return ERR_OK;
}

enum err
listen_tcp(const char *address, int *out_fd)
{
	struct sockaddr_storage a;
	socklen_t len;
	AUTO_FD fd = -1;
	int yes = 1;

	TRY(parse_address(address, &a, &len));
	fd = socket(a.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	if (fd == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == -1 ||
	    bind(fd, (struct sockaddr *)&a, len) == -1 ||
	    listen(fd, BACKLOG) == -1)
		return err_system("%s", address);
	*out_fd = fd;
	fd = -1;
	return ERR_OK;
}

enum err
listen_all(struct supervisor *s)
{
	const struct config_listen *l = &s->config->listen;

	for (size_t i = 0; i < LISTENERS; i++)
		s->listeners[i] = -1;
	TRY(listen_unix(&l->api, &s->listeners[LISTENER_API]));
	TRY(listen_unix(&l->metrics, &s->listeners[LISTENER_METRICS]));
	TRY(listen_unix(&l->admin, &s->listeners[LISTENER_ADMIN]));
	if (l->tls.address == NULL)
		return ERR_OK;
	return listen_tcp(l->tls.address, &s->listeners[LISTENER_TLS]);
}

void
listen_remove(const struct supervisor *s)
{
	unlink(s->config->listen.api.path);
	unlink(s->config->listen.metrics.path);
	unlink(s->config->listen.admin.path);
}
