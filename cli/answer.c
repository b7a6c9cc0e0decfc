/*
 * Reading the head of an answer. It may come from any web server or proxy.
 * Next: client.c and web.c, which read the body.
 */
#include "cli/answer.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* "200" and nothing else; -1 otherwise, also beyond 2^53. */
static int64_t
decimal(struct view v)
{
	struct reader r = reader_of(v);
	uint64_t n = reader_decimal(&r, UINT64_C(1) << 53);

	return r.failed || r.rest.len != 0 ? -1 : (int64_t)n;
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
read_line(struct view line, struct answer_head *a, int64_t *length)
{
	struct view v = header_value(line, "Content-Length");

	if (v.at != NULL) {
		if (*length >= 0 || (*length = decimal(v)) < 0)
			return err_because(ERR_SYNTAX, "the answer's "
			    "Content-Length is no number, or there are two");
	}
	if (header_value(line, "Transfer-Encoding").at != NULL ||
	    header_value(line, "Content-Encoding").at != NULL)
		return err_because(ERR_SYNTAX, "the answer has a "
		    "Transfer-Encoding or a Content-Encoding");
	if ((v = header_value(line, "Content-Type")).at != NULL)
		snprintf(a->type, sizeof(a->type), "%.*s", (int)v.len,
		    (const char *)v.at);
	v = header_value(line, "Connection");
	if (v.len == 5 && strncasecmp((const char *)v.at, "close", 5) == 0)
		a->close = true;
	return ERR_OK;
}

enum err
answer_get(struct view head, size_t max, struct answer_head *out_head)
{
	struct answer_head a = { 0 };
	struct view line = take_line(&head);
	int64_t length = -1;

	if (!view_starts(line, "HTTP/1.1 ") || line.len < 12)
		return err_because(ERR_SYNTAX, "the answer is not HTTP/1.1");
	a.status = (int)decimal(VIEW(line.at + 9, 3));
	while ((line = take_line(&head)).len > 0)
		TRY(read_line(line, &a, &length));
	if (a.status < 100 || a.status > 599 || length < 0)
		return err_because(ERR_SYNTAX,
		    "the answer has no status or no Content-Length");
	if ((uint64_t)length > max)
		return err_because(ERR_TOO_LARGE, "an answer of %lld bytes, "
		    "over %zu", (long long)length, max);
	a.length = (size_t)length;
	*out_head = a;
	return ERR_OK;
}
