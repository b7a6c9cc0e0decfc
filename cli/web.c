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
#include "base/response.h"
#include "base/time.h"

#define ERROR_PAGE 65536
#define NAP_MS 10

struct web {
	char		*host;		/* "example.kr:443", "[::1]:80" */
	char		*name;		/* "example.kr", "::1" */
	char		*path;		/* "/okse/log/" */
	SSL_CTX		*tls;		/* NULL: http */
	BIO		*bio;		/* NULL: not connected */
};

static void
disconnect(struct web *w)
{
	BIO_free_all(w->bio);
	w->bio = NULL;
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

/* Whose certificate it was, when that was the matter. */
static enum err
no_connection(const struct web *w)
{
	SSL *ssl = NULL;
	long verified = X509_V_OK;

	(void)err_openssl("connection");
	if (w->tls != NULL && BIO_get_ssl(w->bio, &ssl) == 1 && ssl != NULL)
		verified = SSL_get_verify_result(ssl);
	if (verified != X509_V_OK)
		return err_because(ERR_UNAVAILABLE, "the certificate of %s: "
		    "%s", w->host, X509_verify_cert_error_string(verified));
	return err_because(ERR_UNAVAILABLE, "no connection to %s", w->host);
}

static enum err
connect_to(struct web *w)
{
	const struct timeval limit = { .tv_sec = WEB_SECONDS };
	const int64_t end = time_now() + WEB_SECONDS;
	int fd = -1;

	w->bio = w->tls != NULL ? BIO_new_ssl_connect(w->tls) :
	    BIO_new(BIO_s_connect());
	if (w->bio == NULL || BIO_set_conn_hostname(w->bio, w->host) != 1)
		return err_openssl("connection");
	if (w->tls != NULL)
		TRY(name_server(w));
	BIO_set_nbio(w->bio, 1);
	/* not BIO_do_connect_retry(): it asks again where it was refused */
	while (BIO_do_connect(w->bio) != 1)
		if (!BIO_should_retry(w->bio) ||
		    BIO_wait(w->bio, (time_t)end, NAP_MS) != 1)
			return no_connection(w);
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

/*
 * The answer to its end. A body that only the end of the connection ends may
 * have lost its tail and is not taken.
 */
static enum err
receive(struct web *w, struct response *r)
{
	enum response_step step = RESPONSE_MORE;
	uint8_t part[16384];
	size_t n;

	while (step == RESPONSE_MORE) {
		if (BIO_read_ex(w->bio, part, sizeof(part), &n) != 1)
			return BIO_should_retry(w->bio) ? err_because(
			    ERR_TIMEOUT, "nothing came for %d seconds",
			    WEB_SECONDS) : err_because(ERR_UNAVAILABLE,
			    "the connection ended within the answer");
		step = response_feed(r, VIEW(part, n));
	}
	return step == RESPONSE_WHOLE ? ERR_OK : response_error(r);
}

/* Asks over the connection at hand, or over a new one when that has ended. */
static enum err
ask(struct web *w, const char *path, struct response *r)
{
	bool kept = w->bio != NULL;
	enum err e;

	if (!kept)
		TRY(connect_to(w));
	e = send_request(w, path);
	if (e == ERR_OK)
		e = receive(w, r);
	if (e != ERR_UNAVAILABLE || !kept || response_begun(r))
		return e;
	disconnect(w);
	TRY(connect_to(w));
	TRY(send_request(w, path));
	return receive(w, r);
}

static enum err
judge(const struct response *r, size_t max)
{
	if (r->status == 200 && r->body.len > max)
		return err_because(ERR_TOO_LARGE, "a file of %zu bytes, over "
		    "%zu", r->body.len, max);
	if (r->status == 200)
		return ERR_OK;
	if (r->status == 404 || r->status == 410)
		return err_because(ERR_NOT_FOUND, "the server has no such "
		    "file (%d)", r->status);
	return err_because(r->status >= 500 ? ERR_UNAVAILABLE :
	    ERR_UNSUPPORTED, "the server answers %d", r->status);
}

static enum err
read_file(void *arg, const char *path, size_t max, struct bytes *out)
{
	AUTO_DONE(response) r = { 0 };
	struct web *w = arg;
	enum err e;

	/* an error page may be longer than the file would be */
	response_init(&r, max > ERROR_PAGE ? max : ERROR_PAGE);
	e = ask(w, path, &r);
	/* after anything but a whole answer nothing more can be read */
	if (e != ERR_OK || !r.keep)
		disconnect(w);
	if (e == ERR_OK)
		e = judge(&r, max);
	if (e == ERR_OK) {
		bytes_put(out, bytes_view(&r.body));
		e = bytes_check(out);
	}
	/* a server that does not speak HTTP says nothing about the log */
	return e == ERR_SYNTAX || e == ERR_UNSUPPORTED || e == ERR_CRYPTO ?
	    ERR_UNAVAILABLE : e;
}

struct log_files
web_files(struct web *w)
{
	return (struct log_files){ .read = read_file, .arg = w };
}
