/*
 * The client's side of HTTP. What comes back is from our own daemon, yet it is
 * read as strictly as the daemon reads: a proxy or another program may sit
 * there. Next: document.c, which reads the JSON in it.
 */
#include "cli/client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/file.h"

#define HEAD_MAX 16384

void
reply_done(struct reply *r)
{
	bytes_done(&r->body);
	*r = (struct reply){ 0 };
}

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

/* One more piece of the answer; nothing more comes: ERR_SYNTAX. */
static enum err
receive(int fd, size_t at_most, struct bytes *in)
{
	uint8_t part[16384];
	ssize_t n;

	do
		n = read(fd, part,
		    at_most < sizeof(part) ? at_most : sizeof(part));
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return err_because(ERR_TIMEOUT, "no answer within %d seconds",
		    CLIENT_SECONDS);
	if (n < 0)
		return err_system("reading the answer");
	if (n == 0)
		return err_because(ERR_UNAVAILABLE,
		    "the connection ended within the answer");
	bytes_put(in, VIEW(part, (size_t)n));
	return bytes_check(in);
}

/* "200" and nothing else, within limits; -1 otherwise. */
static int64_t
decimal(struct view v, int64_t max)
{
	int64_t n = 0;

	for (size_t i = 0; i < v.len; i++) {
		if (v.at[i] < '0' || v.at[i] > '9')
			return -1;
		n = n * 10 + (v.at[i] - '0');
		if (n > max)
			return -1;
	}
	return v.len > 0 ? n : -1;
}

/* The next line of the head without its CRLF; at == NULL: none. */
static struct view
take_line(struct view *head)
{
	const uint8_t *end = memmem(head->at, head->len, "\r\n", 2);
	struct view line = { 0 };

	if (end == NULL)
		return line;
	line = VIEW(head->at, (size_t)(end - head->at));
	*head = VIEW(end + 2, head->len - line.len - 2);
	return line;
}

/* The value of the header name in this line; at == NULL: another header. */
static struct view
header_value(struct view line, const char *name)
{
	size_t n = strlen(name);
	struct view v = { 0 };

	if (line.len <= n || line.at[n] != ':' ||
	    strncasecmp((const char *)line.at, name, n) != 0)
		return v;
	v = VIEW(line.at + n + 1, line.len - n - 1);
	while (v.len > 0 && v.at[0] == ' ')
		v = VIEW(v.at + 1, v.len - 1);
	return v;
}

static enum err
read_head(struct view head, struct reply *r, size_t *out_length)
{
	struct view line = take_line(&head), v;
	int64_t length = -1, n;

	if (!view_starts(line, "HTTP/1.1 ") || line.len < 12)
		return err_because(ERR_SYNTAX, "the answer is not HTTP/1.1");
	r->status = (int)decimal(VIEW(line.at + 9, 3), 599);
	while ((line = take_line(&head)).len > 0) {
		if ((v = header_value(line, "Content-Length")).at != NULL) {
			n = decimal(v, (int64_t)CLIENT_ANSWER);
			if (n < 0 || length >= 0)
				return err_because(ERR_SYNTAX, "the answer's "
				    "Content-Length is no number up to %zu, "
				    "or there are two", CLIENT_ANSWER);
			length = n;
		}
		if (header_value(line, "Transfer-Encoding").at != NULL)
			return err_because(ERR_SYNTAX,
			    "the answer has a Transfer-Encoding");
		v = header_value(line, "Content-Type");
		if (v.at != NULL)
			snprintf(r->type, sizeof(r->type), "%.*s",
			    (int)v.len, (const char *)v.at);
	}
	if (r->status < 100 || length < 0)
		return err_because(ERR_SYNTAX,
		    "the answer has no status or no Content-Length");
	*out_length = (size_t)length;
	return ERR_OK;
}

static enum err
receive_reply(int fd, struct reply *r)
{
	AUTO_DONE(bytes) in = { 0 };
	const uint8_t *end;
	size_t head, length;

	while ((end = in.len == 0 ? NULL
	    : memmem(in.at, in.len, "\r\n\r\n", 4)) == NULL) {
		if (in.len > HEAD_MAX)
			return err_because(ERR_TOO_LARGE,
			    "the answer's head is over %d bytes", HEAD_MAX);
		TRY(receive(fd, SIZE_MAX, &in));
	}
	head = (size_t)(end - in.at) + 4;
	TRY(read_head(VIEW(in.at, head), r, &length));
	while (in.len < head + length)
		TRY(receive(fd, head + length - in.len, &in));
	if (in.len != head + length)
		return err_because(ERR_SYNTAX,
		    "the answer is longer than its Content-Length");
	bytes_put(&r->body, VIEW(in.at + head, length));
	return bytes_check(&r->body);
}

enum err
client_call(const struct call *c, struct reply *out_reply)
{
	AUTO_DONE(reply) r = { 0 };
	AUTO_FD fd = -1;

	TRY(client_connect(c->socket, &fd));
	TRY(send_request(fd, c));
	TRY(receive_reply(fd, &r));
	*out_reply = r;
	r = (struct reply){ 0 };
	return ERR_OK;
}
