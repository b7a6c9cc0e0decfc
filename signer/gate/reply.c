/*
 * Answers as bytes. Everything here is our own text, but for JSON from the
 * notary, which goes into problems as it is. Next: connection.c, which sends.
 */
#include "signer/gate/reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/json.h"
#include "base/time.h"

static const struct {
	int		 status;
	const char	*reason;
} reasons[] = {
	{ 200, "OK" },
	{ 201, "Created" },
	{ 304, "Not Modified" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 417, "Expectation Failed" },
	{ 422, "Unprocessable Content" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 503, "Service Unavailable" },
	{ 505, "HTTP Version Not Supported" },
};

static const char *
reason_of(int status)
{
	for (size_t i = 0; i < COUNT(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "";
}

/* ---- what many answers give alike */

enum err
shared_new(struct bytes *body, int64_t modified,
    struct shared **out_shared)
{
	AUTO(shared) d = mem_new(1, sizeof(*d));
	AUTO_DONE(bytes) hex = { 0 };
	struct hash h = sha256(bytes_view(body));

	hex_put(&hex, VIEW(h.at, 16));
	if (d == NULL || hex.failed)
		return err_because(ERR_MEMORY, "a document to be given out");
	snprintf(d->etag, sizeof(d->etag), "\"%s\"", bytes_text(&hex));
	d->users = 1;
	d->modified = modified;
	d->body = *body;
	*body = (struct bytes){ 0 };
	*out_shared = STEAL(d);
	return ERR_OK;
}

struct shared *
shared_hold(struct shared *d)
{
	d->users++;
	return d;
}

void
shared_free(struct shared *d)
{
	if (d == NULL || --d->users > 0)
		return;
	bytes_done(&d->body);
	mem_free(d);
}

void
reply_done(struct reply *r)
{
	bytes_done(&r->body);
	shared_free(STEAL(r->shared));
}

struct view
reply_body(const struct reply *r)
{
	if (r->status == 304)
		return VIEW(NULL, 0);
	return bytes_view(r->shared != NULL ? &r->shared->body : &r->body);
}

/* ---- heads */

const char *
http_date(int64_t instant, char text[HTTP_DATE])
{
	static const char *const days[] =
	    { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr",
	    "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct date d = date_at(instant, 0);

	snprintf(text, HTTP_DATE, "%s, %02d %s %04d %02d:%02d:%02d GMT",
	    days[instant / DAY % 7], d.day % 32, months[d.month - 1],
	    d.year % 10000, (int)(instant % DAY / 3600) % 24,
	    (int)(instant % 3600 / 60) % 60, (int)(instant % 60) % 60);
	return text;
}

/* Made once a second. */
static const char *
date_now(void)
{
	static char text[HTTP_DATE];
	static int64_t made = -1;
	int64_t now = time_now();

	if (now != made)
		http_date(now, text);
	made = now;
	return text;
}

static void
put_field(struct bytes *out, const char *name, const char *value)
{
	bytes_put_text(out, name);
	bytes_put_text(out, ": ");
	bytes_put_text(out, value);
	bytes_put_text(out, "\r\n");
}

/* Anybody may read it, scripts in browsers too (CORS). */
static void
put_shared_fields(const struct shared *d, struct bytes *out)
{
	char modified[HTTP_DATE];

	put_field(out, "ETag", d->etag);
	put_field(out, "Last-Modified", http_date(d->modified, modified));
	put_field(out, "Vary", "Accept");
	put_field(out, "Access-Control-Allow-Origin", "*");
	put_field(out, "Cache-Control", d->cache);
}

void
reply_put_head(const struct reply *r, bool close, struct bytes *out)
{
	bytes_printf(out, "HTTP/1.1 %d %s\r\n", r->status,
	    reason_of(r->status));
	/* with 304 it would be that of the document (RFC 9110 8.6) */
	if (r->status != 304)
		bytes_printf(out, "Content-Length: %zu\r\n",
		    reply_body(r).len);
	put_field(out, "Date", date_now());
	if (r->shared != NULL)
		put_shared_fields(r->shared, out);
	else
		put_field(out, "Cache-Control", r->cache != NULL ? r->cache :
		    "no-store");
	if (r->type != NULL)
		put_field(out, "Content-Type", r->type);
	if (r->allow != NULL)
		put_field(out, "Allow", r->allow);
	if (r->retry_after != 0)
		bytes_printf(out, "Retry-After: %u\r\n", r->retry_after);
	if (close)
		put_field(out, "Connection", "close");
	bytes_put_text(out, "\r\n");
}

/* ---- problems */

/* "/a/b: rule" is given in its parts as well. */
static void
put_detail(struct json *j, const char *detail)
{
	const char *colon = strstr(detail, ": ");

	/* a message that was cut off may end inside a character */
	if (*detail == '\0' || !utf8_valid(view_text(detail)))
		return;
	json_c_text(j, "detail", detail);
	if (*detail != '/' || colon == NULL)
		return;
	json_text(j, "pointer", VIEW(detail, (size_t)(colon - detail)));
	json_c_text(j, "rule", colon + 2);
}

static void
put_problem(const struct problem *p, int status, struct bytes *out)
{
	struct json j = json_start(out);
	char id[17], type[64];

	snprintf(id, sizeof(id), "%016" PRIx64, p->request);
	snprintf(type, sizeof(type), PROBLEM_TYPE "%s", err_code(p->err));
	json_record(&j, NULL);
	json_c_text(&j, "type", type);
	json_c_text(&j, "title", err_text(p->err));
	json_int(&j, "status", status);
	if (p->detail != NULL)
		put_detail(&j, p->detail);
	json_c_text(&j, "request_id", id);
	if (p->members.len != 0) {
		bytes_put_u8(out, ',');
		bytes_put(out, p->members);
	}
	json_close(&j);
	if (json_end(&j) != ERR_OK)
		bytes_reset(out);
}

struct reply
problem_reply(const struct problem *p)
{
	struct reply r = {
		.status = p->status != 0 ? p->status : err_status(p->err),
		.type = REPLY_PROBLEM,
		.retry_after = p->retry_after,
		.allow = p->allow,
	};

	if (r.retry_after == 0 && (r.status == 503 || r.status == 429))
		r.retry_after = 1;
	put_problem(p, r.status, &r.body);
	return r;
}
