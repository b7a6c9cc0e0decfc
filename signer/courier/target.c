/*
 * URLs of witnesses, from the operator's trust policy: believed in where they
 * lead, strict in form. Next: carrier.c.
 */
#include "signer/courier/target.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

static bool
is_alphanumeric(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z');
}

static bool
all_of(struct view v, const char *others)
{
	for (size_t i = 0; i < v.len; i++)
		if (!is_alphanumeric(v.at[i]) && (v.at[i] == '\0' ||
		    strchr(others, v.at[i]) == NULL))
			return false;
	return true;
}

static bool
take_prefix(struct view *v, const char *prefix)
{
	if (!view_starts(*v, prefix))
		return false;
	*v = VIEW(v->at + strlen(prefix), v->len - strlen(prefix));
	return true;
}

static bool
copy(struct view v, char *out, size_t size)
{
	if (v.len >= size)
		return false;
	if (v.len != 0)
		memcpy(out, v.at, v.len);
	out[v.len] = '\0';
	return true;
}

/* Cuts v before the first of the stop bytes; the rest begins with it. */
static struct view
take_before(struct view *v, const char *stops)
{
	struct view head = *v;

	head.len = 0;
	while (head.len < v->len &&
	    strchr(stops, v->at[head.len]) == NULL)
		head.len++;
	*v = VIEW(v->at + head.len, v->len - head.len);
	return head;
}

static bool
get_port(struct view *rest, struct target *t)
{
	struct reader r;
	uint64_t port;

	t->port = t->tls ? 443 : 80;
	if (rest->len == 0 || rest->at[0] != ':')
		return true;
	r = reader_of(VIEW(rest->at + 1, rest->len - 1));
	port = reader_decimal(&r, UINT16_MAX);
	t->port = (uint16_t)port;
	*rest = r.rest;
	return !r.failed && port != 0;
}

static bool
get_literal(struct target *t, bool six)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&t->address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&t->address;

	t->literal = (six ? inet_pton(AF_INET6, t->host, &v6->sin6_addr) :
	    inet_pton(AF_INET, t->host, &v4->sin_addr)) == 1;
	if (!t->literal)
		return !six;
	t->address.ss_family = six ? AF_INET6 : AF_INET;
	t->address_len = six ? sizeof(*v6) : sizeof(*v4);
	if (six)
		v6->sin6_port = htons(t->port);
	else
		v4->sin_port = htons(t->port);
	return true;
}

static bool
get_host(struct view *rest, struct target *t, bool *out_six)
{
	struct view host;

	*out_six = take_prefix(rest, "[");
	host = take_before(rest, *out_six ? "]" : ":/");
	if (*out_six && !take_prefix(rest, "]"))
		return false;
	return host.len != 0 && all_of(host, *out_six ? ":." : ".-") &&
	    host.at[0] != '-' && copy(host, t->host, sizeof(t->host));
}

static bool
get_path(struct view rest, struct target *t)
{
	while (rest.len != 0 && rest.at[rest.len - 1] == '/')
		rest.len--;
	return (rest.len == 0 || rest.at[0] == '/') &&
	    all_of(rest, "/-._~+:@!$&'()*,;=") &&
	    copy(rest, t->path, sizeof(t->path));
}

enum err
target_get(struct view url, struct target *out_target)
{
	struct target t = { 0 };
	bool six;

	t.tls = take_prefix(&url, "https://");
	if ((!t.tls && !take_prefix(&url, "http://")) ||
	    !get_host(&url, &t, &six) || !get_port(&url, &t) ||
	    !get_path(url, &t) || !get_literal(&t, six))
		return err_because(ERR_SYNTAX, "the URL of a witness is "
		    "http[s]://HOST[:PORT][/PATH]");
	*out_target = t;
	return ERR_OK;
}

enum err
target_resolve(struct target *t)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *found = NULL;
	char port[8];
	int failed;

	if (t->literal)
		return ERR_OK;
	snprintf(port, sizeof(port), "%u", t->port);
	failed = getaddrinfo(t->host, port, &hints, &found);
	if (failed != 0)
		return err_because(ERR_UNAVAILABLE, "%s: %s", t->host,
		    gai_strerror(failed));
	memcpy(&t->address, found->ai_addr, found->ai_addrlen);
	t->address_len = found->ai_addrlen;
	freeaddrinfo(found);
	return ERR_OK;
}

void
target_put_host(const struct target *t, struct bytes *out)
{
	bool six = t->literal && t->address.ss_family == AF_INET6;

	bytes_printf(out, six ? "[%s]" : "%s", t->host);
	if (t->port != (t->tls ? 443 : 80))
		bytes_printf(out, ":%u", t->port);
}
