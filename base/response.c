/*
 * Reading what a server, or whoever sits in its place, sends back. Hostile:
 * sizes are bounded, and what two readers could understand differently is
 * refused. Next: signer/courier/carrier.c, cli/client.c and cli/web.c.
 */
#include "base/response.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
	STATE_STATUS,
	STATE_FIELDS,
	STATE_LENGTH,		/* a body of left bytes */
	STATE_END,		/* a body up to the end */
	STATE_CHUNK_HEAD,
	STATE_CHUNK,
	STATE_CHUNK_TAIL,
	STATE_TRAILERS,
	STATE_WHOLE,
	STATE_FAULT,
};

void
response_init(struct response *r, size_t max)
{
	*r = (struct response){
		.body.max = max,
		.line.max = RESPONSE_HEAD_MAX,
	};
}

void
response_done(struct response *r)
{
	bytes_done(&r->body);
	bytes_done(&r->line);
}

bool
response_begun(const struct response *r)
{
	return r->head != 0;
}

enum err
response_error(const struct response *r)
{
	return err_because(r->error, "the answer: %s", r->rule);
}

static enum response_step
fault_of(struct response *r, enum err e, const char *rule)
{
	r->state = STATE_FAULT;
	r->error = e;
	r->rule = rule;
	return RESPONSE_FAULT;
}

static enum response_step
fault(struct response *r, const char *rule)
{
	return fault_of(r, ERR_SYNTAX, rule);
}

static enum response_step
too_long(struct response *r)
{
	return fault_of(r, ERR_TOO_LARGE, "the body is longer than any answer "
	    "needs");
}

static enum response_step
whole(struct response *r)
{
	r->state = STATE_WHOLE;
	return RESPONSE_WHOLE;
}

/* ---- lines */

static enum response_step
on_status(struct response *r, struct view line)
{
	struct reader in = reader_of(line);
	uint64_t status;
	bool is_1_1 = view_starts(line, "HTTP/1.1 ");

	if (!is_1_1 && !view_starts(line, "HTTP/1.0 "))
		return fault(r, "wanted HTTP/1.1 (RFC 9112 4)");
	(void)reader_take(&in, 9);
	status = reader_decimal(&in, 999);
	if (in.failed || status < 100 || status > 599 ||
	    (in.rest.len != 0 && in.rest.at[0] != ' '))
		return fault(r, "a status is three digits (RFC 9112 4)");
	r->status = (int)status;
	r->keep = is_1_1;
	r->state = STATE_FIELDS;
	return RESPONSE_MORE;
}

/* The field's value, without blanks around it; at == NULL: another field. */
static struct view
value_of(struct view line, const char *name)
{
	size_t n = strlen(name);
	struct view v = { 0 };

	if (line.len <= n || line.at[n] != ':' ||
	    strncasecmp((const char *)line.at, name, n) != 0)
		return v;
	v = VIEW(line.at + n + 1, line.len - n - 1);
	while (v.len != 0 && (v.at[0] == ' ' || v.at[0] == '\t'))
		v = VIEW(v.at + 1, v.len - 1);
	while (v.len != 0 && (v.at[v.len - 1] == ' ' ||
	    v.at[v.len - 1] == '\t'))
		v.len--;
	return v;
}

static bool
is_word(struct view v, const char *word)
{
	return v.len == strlen(word) &&
	    strncasecmp((const char *)v.at, word, v.len) == 0;
}

static enum response_step
on_length(struct response *r, struct view value)
{
	struct reader in = reader_of(value);
	uint64_t length = reader_decimal(&in, INT64_MAX);

	if (in.failed || in.rest.len != 0 || r->has_length)
		return fault(r, "one Content-Length, decimal (RFC 9112 6.2)");
	if (length > r->body.max)
		return too_long(r);
	r->has_length = true;
	r->left = length;
	return RESPONSE_MORE;
}

static enum response_step
on_field(struct response *r, struct view line)
{
	struct view value;

	if (line.at[0] == ' ' || line.at[0] == '\t' ||
	    memchr(line.at, ':', line.len) == NULL)
		return fault(r, "not a field line (RFC 9112 5)");
	if ((value = value_of(line, "Content-Length")).at != NULL)
		return on_length(r, value);
	if ((value = value_of(line, "Transfer-Encoding")).at != NULL) {
		if (r->has_coding || !is_word(value, "chunked"))
			return fault(r, "an unknown coding (RFC 9112 6.1)");
		r->has_coding = r->chunked = true;
	}
	if ((value = value_of(line, "Content-Encoding")).at != NULL &&
	    !is_word(value, "identity"))
		return fault(r, "a Content-Encoding nobody asked for");
	if ((value = value_of(line, "Content-Type")).at != NULL)
		snprintf(r->type, sizeof(r->type), "%.*s", (int)value.len,
		    (const char *)value.at);
	if ((value = value_of(line, "Connection")).at != NULL &&
	    !is_word(value, "keep-alive"))
		r->keep = false;
	return RESPONSE_MORE;
}

static enum response_step
on_head_end(struct response *r)
{
	if (r->status < 200) {		/* an interim one: another follows */
		r->has_length = r->has_coding = r->chunked = false;
		r->type[0] = '\0';
		r->state = STATE_STATUS;
		return RESPONSE_MORE;
	}
	if (r->has_length && r->chunked)
		return fault(r, "a length and a coding (RFC 9112 6.1)");
	if (r->status == 204 || r->status == 304 ||
	    (r->has_length && r->left == 0))
		return whole(r);
	r->state = r->chunked ? STATE_CHUNK_HEAD :
	    r->has_length ? STATE_LENGTH : STATE_END;
	if (r->state == STATE_END)
		r->keep = false;
	return RESPONSE_MORE;
}

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static enum response_step
on_chunk_head(struct response *r, struct view line)
{
	size_t n = 0;

	r->left = 0;
	for (; n < line.len && n < 8 && hex_digit(line.at[n]) >= 0; n++)
		r->left = r->left * 16 + (uint64_t)hex_digit(line.at[n]);
	if (n == 0 || (n < line.len && line.at[n] != ';' &&
	    line.at[n] != ' '))
		return fault(r, "a chunk has a length (RFC 9112 7.1)");
	r->state = r->left == 0 ? STATE_TRAILERS : STATE_CHUNK;
	return RESPONSE_MORE;
}

static enum response_step
on_line(struct response *r, struct view line)
{
	switch (r->state) {
	case STATE_STATUS:
		return on_status(r, line);
	case STATE_FIELDS:
		return line.len == 0 ? on_head_end(r) : on_field(r, line);
	case STATE_CHUNK_HEAD:
		return on_chunk_head(r, line);
	case STATE_CHUNK_TAIL:
		r->state = STATE_CHUNK_HEAD;
		return line.len == 0 ? RESPONSE_MORE :
		    fault(r, "a chunk ends in a line end (RFC 9112 7.1)");
	default:			/* trailers are of no use to us */
		return line.len == 0 ? whole(r) : RESPONSE_MORE;
	}
}

/* Takes bytes up to and with a line end; a line is judged when it is whole. */
static enum response_step
feed_line(struct response *r, struct view *in)
{
	const uint8_t *end = memchr(in->at, '\n', in->len);
	size_t n = end != NULL ? (size_t)(end - in->at) + 1 : in->len;
	enum response_step step;
	struct view line;

	r->head += n;
	if (r->head > RESPONSE_HEAD_MAX)
		return fault_of(r, ERR_TOO_LARGE,
		    "the head is longer than any answer needs");
	bytes_put(&r->line, VIEW(in->at, n));
	*in = VIEW(in->at + n, in->len - n);
	if (end == NULL)
		return RESPONSE_MORE;
	line = bytes_view(&r->line);
	if (r->line.failed || line.len < 2 || line.at[line.len - 2] != '\r' ||
	    memchr(line.at, '\0', line.len) != NULL)
		return fault(r, "lines end in CR LF (RFC 9112 2.2)");
	line.len -= 2;
	step = on_line(r, line);
	bytes_reset(&r->line);
	return step;
}

static enum response_step
feed_body(struct response *r, struct view *in)
{
	size_t n = r->state == STATE_END || in->len < r->left ? in->len :
	    (size_t)r->left;

	bytes_put(&r->body, VIEW(in->at, n));
	*in = VIEW(in->at + n, in->len - n);
	if (r->body.failed)
		return too_long(r);
	if (r->state == STATE_END)
		return RESPONSE_MORE;
	r->left -= n;
	if (r->left != 0)
		return RESPONSE_MORE;
	if (r->state == STATE_LENGTH)
		return whole(r);
	r->state = STATE_CHUNK_TAIL;
	return RESPONSE_MORE;
}

enum response_step
response_feed(struct response *r, struct view in)
{
	enum response_step step = RESPONSE_MORE;

	if (r->state == STATE_FAULT)
		return RESPONSE_FAULT;
	while (in.len != 0 && step == RESPONSE_MORE) {
		bool body = r->state == STATE_LENGTH ||
		    r->state == STATE_END || r->state == STATE_CHUNK;

		step = body ? feed_body(r, &in) : feed_line(r, &in);
	}
	if (step == RESPONSE_WHOLE && in.len != 0)
		return fault(r, "bytes behind the answer");
	return step;
}

enum response_step
response_end(struct response *r)
{
	if (r->state == STATE_END)
		return whole(r);
	return fault(r, "the connection ended within the answer");
}
