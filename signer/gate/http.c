/*
 * The HTTP/1.1 parser. Its input is hostile. A line is judged when all of it
 * is there, bytes are copied once (head and body), and the first doubt ends
 * the connection: a proxy in front of us must never see another request than
 * we do. Next: server.c, which feeds it.
 */
#include "signer/gate/http.h"

#include <string.h>
#include <strings.h>

#define HEAD_KEPT 1024		/* memory an idle connection may hold on to */
#define BODY_AHEAD 4096		/* reserved on the strength of a promise */

enum state {
	STATE_LINE,
	STATE_FIELD,
	STATE_HEAD,		/* complete, not yet a byte of the body */
	STATE_BODY,
	STATE_WHOLE,
	STATE_FAULT,
};

void
http_init(struct http *h)
{
	*h = (struct http){ .body_max = HTTP_BODY_MAX };
}

void
http_done(struct http *h)
{
	bytes_done(&h->head);
	bytes_done(&h->body);
}

void
http_next(struct http *h)
{
	struct bytes head = h->head;

	bytes_done(&h->body);
	if (head.cap > HEAD_KEPT)
		bytes_done(&head);
	bytes_reset(&head);
	http_init(h);
	h->head = head;
}

bool
http_is_inside(const struct http *h)
{
	return h->state != STATE_LINE || h->head.len != 0;
}

bool
http_has_head(const struct http *h)
{
	return h->state >= STATE_HEAD && h->state <= STATE_WHOLE;
}

static struct view
at_span(const struct http *h, struct http_span s)
{
	if (s.at == 0)
		return VIEW(NULL, 0);
	return VIEW(h->head.at + s.at, s.len);
}

struct view
http_target(const struct http *h)
{
	return at_span(h, h->target);
}

struct view
http_value(const struct http *h, enum http_field f)
{
	return at_span(h, h->kept[f]);
}

static struct http_span
span_of(const struct http *h, struct view v)
{
	return (struct http_span){
		.at = (uint32_t)(v.at - h->head.at), .len = (uint32_t)v.len,
	};
}

/* false, so that a check can end with it */
static bool
fault(struct http *h, int status, const char *rule)
{
	h->state = STATE_FAULT;
	h->status = status;
	h->rule = rule;
	h->keep_alive = false;
	return false;
}

/* ---- the grammar (RFC 9110 5.6.2, RFC 3986) */

static bool
is_alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z');
}

static bool
is_one_of(uint8_t c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static bool
is_token(struct view v)
{
	for (size_t i = 0; i < v.len; i++)
		if (!is_alnum(v.at[i]) &&
		    !is_one_of(v.at[i], "!#$%&'*+-.^_`|~"))
			return false;
	return v.len != 0;
}

static bool
is_same(struct view v, const char *word)
{
	return v.len == strlen(word) &&
	    strncasecmp((const char *)v.at, word, v.len) == 0;
}

static struct view
trim(struct view v)
{
	while (v.len > 0 && is_one_of(v.at[0], " \t"))
		v = VIEW(v.at + 1, v.len - 1);
	while (v.len > 0 && is_one_of(v.at[v.len - 1], " \t"))
		v.len--;
	return v;
}

/* The part of *rest before c, which is dropped; all of it without a c */
static struct view
cut(struct view *rest, char c)
{
	const uint8_t *at = rest->len != 0 ? memchr(rest->at, c, rest->len) :
	    NULL;
	struct view part = *rest;

	if (at == NULL) {
		*rest = VIEW(NULL, 0);
		return part;
	}
	part.len = (size_t)(at - part.at);
	*rest = VIEW(at + 1, rest->len - part.len - 1);
	return part;
}

/* ---- the request line (3) */

static bool
take_method(struct http *h, struct view v)
{
	if (view_is(v, "GET"))
		h->method = HTTP_GET;
	else if (view_is(v, "POST"))
		h->method = HTTP_POST;
	else if (is_token(v))
		return fault(h, 405, "the methods here are GET and POST");
	else
		return fault(h, 400, "the request line begins with a method "
		    "(RFC 9112 3)");
	return true;
}

static bool
take_target(struct http *h, struct view v)
{
	if (v.len == 0 || v.at[0] != '/')
		return fault(h, 400, "the target must be a path that begins "
		    "with / (RFC 9112 3.2.1)");
	for (size_t i = 0; i < v.len; i++)
		if (v.at[i] <= ' ' || v.at[i] >= 0x7f ||
		    is_one_of(v.at[i], "#\"<>\\^`{|}"))
			return fault(h, 400, "a character that a target "
			    "cannot hold (RFC 3986 3.3)");
	h->target = span_of(h, v);
	return true;
}

static bool
take_version(struct http *h, struct view v)
{
	if (view_is(v, "HTTP/1.1") || view_is(v, "HTTP/1.0")) {
		h->is_1_0 = v.at[7] == '0';
		h->keep_alive = !h->is_1_0;
		return true;
	}
	if (v.len == 8 && view_starts(v, "HTTP/") && v.at[6] == '.')
		return fault(h, 505, "wanted HTTP/1.1");
	return fault(h, 400, "the request line ends with HTTP/1.1 "
	    "(RFC 9112 3)");
}

static bool
take_request_line(struct http *h, struct view line)
{
	struct view method = cut(&line, ' ');
	struct view target = cut(&line, ' ');

	return take_method(h, method) && take_target(h, target) &&
	    take_version(h, line);
}

/* ---- header fields (5) */

static bool
on_host(struct http *h, struct view v)
{
	for (size_t i = 0; i < v.len; i++)
		if (!is_alnum(v.at[i]) &&
		    !is_one_of(v.at[i], "-._~%!$&'()*+;=:[]"))
			return fault(h, 400, "Host: not a name and a port "
			    "(RFC 9110 7.2)");
	return true;
}

static bool
on_content_length(struct http *h, struct view v)
{
	size_t n = 0;

	for (size_t i = 0; i < v.len; i++) {
		if (v.at[i] < '0' || v.at[i] > '9')
			return fault(h, 400, "Content-Length: digits only, "
			    "one value (RFC 9112 6.3)");
		/* too large is told from malformed, whatever the digits */
		if (n > SIZE_MAX / 10 - 10)
			n = SIZE_MAX / 10 - 10;
		n = n * 10 + (size_t)(v.at[i] - '0');
	}
	if (v.len == 0)
		return fault(h, 400, "Content-Length: no value "
		    "(RFC 9112 6.3)");
	h->has_length = true;
	h->content_length = n;
	return true;
}

static bool
on_expect(struct http *h, struct view v)
{
	if (!is_same(v, "100-continue"))
		return fault(h, 417, "Expect: only 100-continue is met here");
	h->wants_continue = true;
	return true;
}

static bool
on_connection(struct http *h, struct view v)
{
	while (v.len != 0)
		if (is_same(trim(cut(&v, ',')), "close"))
			h->keep_alive = false;
	return true;
}

static bool
on_upgrade(struct http *h, struct view v)
{
	(void)v;
	return fault(h, 400, "Upgrade: nothing but HTTP/1.1 is spoken here");
}

static bool
on_trailer(struct http *h, struct view v)
{
	(void)v;
	return fault(h, 400, "Trailer: there are no trailers here");
}

#define KEPT(name, field) { name, NULL, name ": came twice", field }
#define OTHER(...) { __VA_ARGS__, HTTP_NOT_KEPT }

static const struct known {
	const char	*name;
	bool		(*take)(struct http *h, struct view v);	/* or NULL */
	const char	*twice;		/* the rule; NULL: it may come again */
	enum http_field	 field;
} known[] = {
#define HOST 0
	OTHER("Host", on_host, "Host: came twice (RFC 9112 3.2)"),
#define TRANSFER_ENCODING 1
	OTHER("Transfer-Encoding", NULL, NULL),
	OTHER("Content-Length", on_content_length,
	    "Content-Length: came twice (RFC 9112 6.3)"),
	KEPT("Content-Type", HTTP_CONTENT_TYPE),
	KEPT("Idempotency-Key", HTTP_IDEMPOTENCY_KEY),
	KEPT("Accept", HTTP_ACCEPT),
	KEPT("If-None-Match", HTTP_IF_NONE_MATCH),
	KEPT("If-Modified-Since", HTTP_IF_MODIFIED_SINCE),
	OTHER("Expect", on_expect, "Expect: came twice"),
	OTHER("Connection", on_connection, NULL),
	OTHER("Upgrade", on_upgrade, NULL),
	OTHER("Trailer", on_trailer, NULL),
};

static bool
has_seen(const struct http *h, unsigned int i)
{
	return (h->seen & 1u << i) != 0;
}

static bool
take_known(struct http *h, struct view name, struct view value)
{
	unsigned int i = 0;

	while (i < COUNT(known) && !is_same(name, known[i].name))
		i++;
	if (i == COUNT(known))
		return true;
	if (has_seen(h, i) && known[i].twice != NULL)
		return fault(h, 400, known[i].twice);
	h->seen |= 1u << i;
	if (known[i].field != HTTP_NOT_KEPT)
		h->kept[known[i].field] = span_of(h, value);
	return known[i].take == NULL || known[i].take(h, value);
}

static bool
take_field(struct http *h, struct view line)
{
	struct view name;

	if (++h->field_count > HTTP_HEADERS)
		return fault(h, 431, "more than 40 header fields");
	if (is_one_of(line.at[0], " \t"))
		return fault(h, 400, "a header line that begins with white "
		    "space (obs-fold, RFC 9112 5.2)");
	if (memchr(line.at, ':', line.len) == NULL)
		return fault(h, 400, "a header line without a colon "
		    "(RFC 9112 5)");
	name = cut(&line, ':');
	if (!is_token(name))
		return fault(h, 400, "a header name that is not a token, with "
		    "the colon right behind it (RFC 9112 5.1)");
	return take_known(h, name, trim(line));
}

/* All lines are there: what they say together. */
static bool
judge_head(struct http *h)
{
	if (has_seen(h, TRANSFER_ENCODING) && h->has_length)
		return fault(h, 400, "Transfer-Encoding and Content-Length "
		    "exclude each other (RFC 9112 6.3)");
	if (has_seen(h, TRANSFER_ENCODING))
		return fault(h, 501, "Transfer-Encoding is not supported: "
		    "send Content-Length");
	if (!has_seen(h, HOST) && !h->is_1_0)
		return fault(h, 400, "Host is missing (RFC 9112 3.2)");
	if (h->method == HTTP_GET && h->content_length != 0)
		return fault(h, 400, "a GET with a body");
	if (h->is_1_0 || h->content_length == 0)
		h->wants_continue = false;
	h->state = STATE_HEAD;
	return true;
}

/* ---- bytes to lines to requests */

/* Its ends are CR LF, and neither stands anywhere else (2.2). */
static bool
is_clean(struct view line)
{
	for (size_t i = 0; i < line.len; i++)
		if ((line.at[i] < ' ' && line.at[i] != '\t') ||
		    line.at[i] == 0x7f)
			return false;
	return true;
}

static bool
take_line(struct http *h)
{
	size_t end = h->head.len;
	struct view line = VIEW(h->head.at + h->line, end - h->line - 1);

	if (line.len == 0 || line.at[line.len - 1] != '\r')
		return fault(h, 400, "a line that does not end with CR LF "
		    "(RFC 9112 2.2)");
	line.len--;
	if (!is_clean(line))
		return fault(h, 400, "a control character in the head "
		    "(RFC 9112 2.2)");
	h->line = end;
	if (h->state == STATE_LINE) {
		h->state = STATE_FIELD;
		h->fields = end;
		return take_request_line(h, line);
	}
	return line.len != 0 ? take_field(h, line) : judge_head(h);
}

static size_t
feed_head(struct http *h, struct view in)
{
	const uint8_t *lf = memchr(in.at, '\n', in.len);
	size_t take = lf != NULL ? (size_t)(lf - in.at) + 1 : in.len;
	bool first = h->state == STATE_LINE;
	size_t have = h->head.len - (first ? 0 : h->fields);

	/* the two are CR and LF, of the line and of the head's end */
	if (first && have + take > HTTP_LINE_MAX + 2) {
		(void)fault(h, 414, "a request line over 2048 bytes");
		return 0;
	}
	if (!first && have + take > HTTP_HEAD_MAX + 2) {
		(void)fault(h, 431, "header fields over 8192 bytes");
		return 0;
	}
	bytes_put(&h->head, VIEW(in.at, take));
	if (h->head.failed)
		(void)fault(h, 503, "out of memory");
	else if (lf != NULL)
		(void)take_line(h);
	return take;
}

/* How long the body is, is settled; the caller may have raised body_max. */
static void
begin_body(struct http *h)
{
	size_t n = h->content_length;

	if (n > h->body_max) {
		(void)fault(h, 413, "a body over the limit of its route");
		return;
	}
	h->state = n != 0 ? STATE_BODY : STATE_WHOLE;
	h->body.max = h->body_max;
	if (bytes_grow(&h->body, n < BODY_AHEAD ? n : BODY_AHEAD) != NULL)
		h->body.len = 0;
}

static size_t
feed_body(struct http *h, struct view in)
{
	size_t missing = h->content_length - h->body.len;
	size_t take = in.len < missing ? in.len : missing;

	bytes_put(&h->body, VIEW(in.at, take));
	if (h->body.failed)
		(void)fault(h, 503, "out of memory");
	else if (take == missing)
		h->state = STATE_WHOLE;
	return take;
}

enum http_step
http_feed(struct http *h, struct view in, size_t *out_used)
{
	size_t used = 0;

	if (h->state == STATE_HEAD)
		begin_body(h);
	while (used < in.len && h->state <= STATE_FIELD)
		used += feed_head(h, VIEW(in.at + used, in.len - used));
	if (used < in.len && h->state == STATE_BODY)
		used += feed_body(h, VIEW(in.at + used, in.len - used));
	*out_used = used;
	if (h->state == STATE_HEAD)
		return HTTP_HEAD;
	if (h->state == STATE_WHOLE)
		return HTTP_WHOLE;
	return h->state == STATE_FAULT ? HTTP_FAULT : HTTP_MORE;
}
