/*
 * Files of a log from a web server. All that comes is a stranger's: nothing is
 * believed of it but that it is short enough. Next: place.c.
 */
#include "cli/web.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <openssl/ssl.h>

#include "base/crypto.h"
#include "cli/answer.h"

struct web {
	char		*host;		/* "example.kr:443", "[::1]:80" */
	char		*name;		/* "example.kr", "::1" */
	char		*path;		/* "/okse/log/" */
	SSL_CTX		*tls;		/* NULL: http */
	BIO		*bio;		/* NULL: not connected */
	struct bytes	 in;		/* received, not yet taken */
};

static void
disconnect(struct web *w)
{
	BIO_free_all(w->bio);
	w->bio = NULL;
	bytes_reset(&w->in);
}

void
web_close(struct web *w)
{
	if (w == NULL)
		return;
	disconnect(w);
	SSL_CTX_free(w->tls);
	mem_free(w->host);
	mem_free(w->name);
	mem_free(w->path);
	bytes_done(&w->in);
	mem_free(w);
}

/* ---- the address */

bool
web_is_address(const char *text)
{
	return strncmp(text, "http://", 7) == 0 ||
	    strncmp(text, "https://", 8) == 0;
}

static enum err
keep_text(char **to, const char *prefix, struct view v, const char *suffix)
{
	AUTO_DONE(bytes) b = { 0 };

	bytes_put_text(&b, prefix);
	bytes_put(&b, v);
	bytes_put_text(&b, suffix);
	TRY(bytes_check(&b));
	*to = mem_text(bytes_text(&b));
	return *to != NULL ? ERR_OK : err_because(ERR_MEMORY, "an address");
}

static enum err
bad_address(void)
{
	return err_because(ERR_SYNTAX, "wanted http[s]://HOST[:PORT]/PATH of "
	    "visible characters, without user, query or fragment");
}

/* "[::1]:80", "example.kr" */
static enum err
keep_host(struct web *w, struct view host)
{
	const uint8_t *bracket = memchr(host.at, ']', host.len);
	size_t n = bracket != NULL ? (size_t)(bracket - host.at) + 1 : 0;
	bool v6 = host.len != 0 && host.at[0] == '[';

	while (n < host.len && host.at[n] != ':')
		n++;
	if (n == 0 || v6 != (bracket != NULL) || n + 1 == host.len ||
	    (v6 && n != (size_t)(bracket - host.at) + 1))
		return bad_address();
	TRY(keep_text(&w->name, "", v6 ? VIEW(host.at + 1, n - 2) :
	    VIEW(host.at, n), ""));
	return keep_text(&w->host, "", host, n != host.len ? "" :
	    w->tls != NULL ? ":443" : ":80");
}

static enum err
read_address(struct web *w, const char *address)
{
	struct view v = view_text(strstr(address, "://") + 3);
	const uint8_t *slash = memchr(v.at, '/', v.len);
	size_t n = slash != NULL ? (size_t)(slash - v.at) : v.len;
	bool ends = v.len != 0 && v.at[v.len - 1] == '/';

	for (size_t i = 0; i < v.len; i++)
		if (v.at[i] <= ' ' || v.at[i] >= 0x7f ||
		    strchr("@?#\\", v.at[i]) != NULL)
			return bad_address();
	TRY(keep_host(w, VIEW(v.at, n)));
	return keep_text(&w->path, n == v.len ? "/" : "",
	    VIEW(v.at + n, v.len - n), ends || n == v.len ? "" : "/");
}

enum err
web_open(const char *address, struct web **out_web)
{
	AUTO(web) w = mem_new(1, sizeof(*w));

	if (w == NULL)
		return err_because(ERR_MEMORY, "no memory for a connection");
	if (!web_is_address(address))
		return bad_address();
	if (strncmp(address, "https:", 6) == 0) {
		if ((w->tls = SSL_CTX_new(TLS_client_method())) == NULL ||
		    SSL_CTX_set_default_verify_paths(w->tls) != 1 ||
		    SSL_CTX_set_min_proto_version(w->tls, TLS1_2_VERSION) != 1)
			return err_openssl("TLS");
		SSL_CTX_set_verify(w->tls, SSL_VERIFY_PEER, NULL);
	}
	TRY(read_address(w, address));
	*out_web = STEAL(w);
	return ERR_OK;
}

/* ---- the connection */

/* The name that the certificate must bear. */
static enum err
name_server(struct web *w)
{
	SSL *ssl = NULL;

	if (BIO_get_ssl(w->bio, &ssl) != 1 || ssl == NULL)
		return err_openssl("TLS");
	SSL_set_mode(ssl, SSL_MODE_AUTO_RETRY);
	if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), w->name) == 1)
		return ERR_OK;
	if (SSL_set_tlsext_host_name(ssl, w->name) != 1 ||
	    SSL_set1_host(ssl, w->name) != 1)
		return err_openssl("TLS");
	return ERR_OK;
}

static enum err
connect_to(struct web *w)
{
	const struct timeval limit = { .tv_sec = WEB_SECONDS };
	int fd = -1;

	w->bio = w->tls != NULL ? BIO_new_ssl_connect(w->tls) :
	    BIO_new(BIO_s_connect());
	if (w->bio == NULL || BIO_set_conn_hostname(w->bio, w->host) != 1)
		return err_openssl("connection");
	if (w->tls != NULL)
		TRY(name_server(w));
	if (BIO_do_connect_retry(w->bio, WEB_SECONDS, 10) != 1) {
		(void)err_openssl("connection");
		return err_because(ERR_UNAVAILABLE, "no connection to %s",
		    w->host);
	}
	/* connecting with a limit has left it without blocking */
	if (BIO_get_fd(w->bio, &fd) < 0 || BIO_socket_nbio(fd, 0) != 1)
		return err_openssl("connection");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)))
		return err_system("setsockopt");
	return ERR_OK;
}

static enum err
send_request(struct web *w, const char *path)
{
	AUTO_DONE(bytes) b = { 0 };
	size_t written;

	bytes_printf(&b, "GET %s%s HTTP/1.1\r\nHost: %s\r\n"
	    "Accept-Encoding: identity\r\n\r\n", w->path, path, w->host);
	TRY(bytes_check(&b));
	if (BIO_write_ex(w->bio, b.at, b.len, &written) != 1 ||
	    written != b.len)
		return err_because(ERR_UNAVAILABLE,
		    "the connection ended before the request");
	return ERR_OK;
}

/* One more piece of the answer. */
static enum err
receive(struct web *w)
{
	uint8_t part[16384];
	size_t n;

	if (BIO_read_ex(w->bio, part, sizeof(part), &n) != 1)
		return BIO_should_retry(w->bio) ? err_because(ERR_TIMEOUT,
		    "nothing came for %d seconds", WEB_SECONDS) :
		    err_because(ERR_UNAVAILABLE,
		    "the connection ended within the answer");
	bytes_put(&w->in, VIEW(part, n));
	return bytes_check(&w->in);
}

static enum err
receive_head(struct web *w, size_t *out_length)
{
	const uint8_t *end;

	while ((end = w->in.len == 0 ? NULL :
	    memmem(w->in.at, w->in.len, "\r\n\r\n", 4)) == NULL) {
		if (w->in.len > ANSWER_HEAD)
			return err_because(ERR_TOO_LARGE, "the answer's head "
			    "is over %d bytes", ANSWER_HEAD);
		TRY(receive(w));
	}
	*out_length = (size_t)(end - w->in.at) + 4;
	return ERR_OK;
}

/* Asks over the connection at hand, or over a new one when that has ended. */
static enum err
ask(struct web *w, const char *path, size_t *out_head)
{
	bool kept = w->bio != NULL;
	enum err e;

	if (!kept)
		TRY(connect_to(w));
	e = send_request(w, path);
	if (e == ERR_OK)
		e = receive_head(w, out_head);
	if (e != ERR_UNAVAILABLE || !kept || w->in.len != 0)
		return e;
	disconnect(w);
	TRY(connect_to(w));
	TRY(send_request(w, path));
	return receive_head(w, out_head);
}

static enum err
judge_status(const struct answer_head *a)
{
	if (a->status == 200)
		return ERR_OK;
	if (a->status == 404 || a->status == 410)
		return err_because(ERR_NOT_FOUND, "the server has no such "
		    "file (%d)", a->status);
	return err_because(a->status >= 500 ? ERR_UNAVAILABLE :
	    ERR_UNSUPPORTED, "the server answers %d", a->status);
}

static enum err
take_answer(struct web *w, size_t head, size_t max, struct bytes *out)
{
	/* an error page may be longer than the file would be */
	size_t most = max > 65536 ? max : 65536;
	struct answer_head a;

	TRY(answer_get(VIEW(w->in.at, head), most, &a));
	while (w->in.len < head + a.length)
		TRY(receive(w));
	if (w->in.len != head + a.length)
		return err_because(ERR_SYNTAX,
		    "the answer is longer than its Content-Length");
	if (a.status == 200 && a.length > max)
		return err_because(ERR_TOO_LARGE, "a file of %zu bytes, over "
		    "%zu", a.length, max);
	if (a.status == 200)
		bytes_put(out, VIEW(w->in.at + head, a.length));
	bytes_reset(&w->in);
	if (a.close)
		disconnect(w);
	TRY(judge_status(&a));
	return bytes_check(out);
}

static enum err
read_file(void *arg, const char *path, size_t max, struct bytes *out)
{
	struct web *w = arg;
	size_t head;
	enum err e = ask(w, path, &head);

	if (e == ERR_OK)
		e = take_answer(w, head, max, out);
	/* after anything but a whole answer nothing more can be read */
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		disconnect(w);
	/* a server that does not speak HTTP says nothing about the log */
	return e == ERR_SYNTAX || e == ERR_UNSUPPORTED || e == ERR_CRYPTO ?
	    ERR_UNAVAILABLE : e;
}

struct log_files
web_files(struct web *w)
{
	return (struct log_files){ .read = read_file, .arg = w };
}
