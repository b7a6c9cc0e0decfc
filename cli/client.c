/*
 * The client's side of HTTP. What comes back is from our own daemon, yet it is
 * read as strictly as the daemon reads: a proxy or another program may sit
 * there. Next: document.c, which reads the JSON in it.
 */
#include "cli/client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/file.h"
#include "base/response.h"

enum err
client_connect(const char *path, int *out_fd)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const struct timeval limit = { .tv_sec = CLIENT_SECONDS };
	AUTO_FD fd = -1;

	if (strlen(path) >= sizeof(to.sun_path))
		return err_because(ERR_TOO_LARGE, "a socket's path has at "
		    "most %zu bytes (unix(7)), this one %zu",
		    sizeof(to.sun_path) - 1, strlen(path));
	memcpy(to.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_system("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)))
		return err_system("setsockopt");
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		return err_because(ERR_UNAVAILABLE,
		    "nobody answers at %s: %s", path, strerror(errno));
	*out_fd = fd;
	fd = -1;
	return ERR_OK;
}

enum err
client_key(char out[CLIENT_KEY])
{
	AUTO_DONE(bytes) hex = { 0 };
	uint8_t random[(CLIENT_KEY - 1) / 2];

	TRY(random_bytes(random, sizeof(random)));
	hex_put(&hex, VIEW_OF(random));
	TRY(bytes_check(&hex));
	memcpy(out, bytes_text(&hex), CLIENT_KEY);
	return ERR_OK;
}

static enum err
send_request(int fd, const struct call *c)
{
	AUTO_DONE(bytes) b = { 0 };

	bytes_printf(&b, "%s %s HTTP/1.1\r\nHost: okse\r\n", c->method,
	    c->path);
	if (c->key != NULL)
		bytes_printf(&b, "Idempotency-Key: %s\r\n", c->key);
	if (c->body.len > 0)
		bytes_put_text(&b, "Content-Type: application/json\r\n");
	if (strcmp(c->method, "POST") == 0)
		bytes_printf(&b, "Content-Length: %zu\r\n", c->body.len);
	bytes_put_text(&b, "Connection: close\r\n\r\n");
	bytes_put(&b, c->body);
	TRY(bytes_check(&b));
	return fd_write(fd, bytes_view(&b));
}

static enum err
receive(int fd, struct response *r)
{
	enum response_step step = RESPONSE_MORE;
	uint8_t part[16384];

	while (step == RESPONSE_MORE) {
		ssize_t n = read(fd, part, sizeof(part));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return err_because(ERR_TIMEOUT,
			    "no answer within %d seconds", CLIENT_SECONDS);
		if (n < 0)
			return err_system("reading the answer");
		if (n == 0)
			return err_because(ERR_UNAVAILABLE,
			    "the connection ended within the answer");
		step = response_feed(r, VIEW(part, (size_t)n));
	}
	return step == RESPONSE_WHOLE ? ERR_OK : response_error(r);
}

enum err
client_call(const struct call *c, struct reply *out_reply)
{
	AUTO_DONE(response) r = { 0 };
	AUTO_FD fd = -1;

	response_init(&r, CLIENT_ANSWER);
	TRY(client_connect(c->socket, &fd));
	TRY(send_request(fd, c));
	TRY(receive(fd, &r));
	out_reply->status = r.status;
	memcpy(out_reply->type, r.type, sizeof(r.type));
	out_reply->body = r.body;
	r.body = (struct bytes){ 0 };
	return ERR_OK;
}
