/*
 * Status lists for whoever verifies: the published files, as they are, in the
 * form that is asked for. The request is anybody's: a number and header
 * fields, each read strictly or not at all. Next: shelf.c.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "signer/gate/route.h"
#include "signer/status_file.h"

#define PATH "/v1/status-lists/"

static const char *const types[STATUS_FORMS] = {
	[STATUS_JWT] = "application/statuslist+jwt",
	[STATUS_CWT] = "application/statuslist+cwt",
};

/* ---- Accept (RFC 9110 12.5.1) */

static struct view
trim(struct view v)
{
	while (v.len > 0 && (v.at[0] == ' ' || v.at[0] == '\t'))
		v = VIEW(v.at + 1, v.len - 1);
	while (v.len > 0 && (v.at[v.len - 1] == ' ' ||
	    v.at[v.len - 1] == '\t'))
		v.len--;
	return v;
}

static struct view
cut(struct view *rest, char mark)
{
	const uint8_t *at = rest->len != 0 ?
	    memchr(rest->at, mark, rest->len) : NULL;
	size_t n = at != NULL ? (size_t)(at - rest->at) : rest->len;
	struct view head = VIEW(rest->at, n);

	n += at != NULL;
	*rest = VIEW(rest->at + n, rest->len - n);
	return trim(head);
}

static bool
is_word(struct view v, const char *word)
{
	return v.len == strlen(word) &&
	    strncasecmp((const char *)v.at, word, v.len) == 0;
}

/* In thousandths: "0.5" is 500; what is no weight counts as 1. */
static int
weight(struct view v)
{
	int w = 0, unit = 1000;

	for (size_t i = 0; i < v.len; i++) {
		if (i == 1 && v.at[i] == '.')
			continue;
		if (v.at[i] < '0' || v.at[i] > '9' || i > 4)
			return 1000;
		w += (v.at[i] - '0') * unit;
		unit /= 10;
	}
	return v.len == 0 || w > 1000 ? 1000 : w;
}

/* How exactly a range is of this type: 0 is not at all. */
static int
fit(struct view range, const char *type)
{
	if (is_word(range, type))
		return 3;
	if (is_word(range, "application/*"))
		return 2;
	return is_word(range, "*/*") ? 1 : 0;
}

int
route_weight(struct view accept, const char *type)
{
	int best = 0, w = 0;

	while (accept.len != 0) {
		struct view rest = cut(&accept, ',');
		int f = fit(cut(&rest, ';'), type), its = 1000;

		while (rest.len != 0) {
			struct view parameter = cut(&rest, ';');

			if (is_word(cut(&parameter, '='), "q"))
				its = weight(trim(parameter));
		}
		if (f > best) {
			best = f;
			w = its;
		}
	}
	return w;
}

enum err
route_status_form(struct view accept, enum status_form *out_form)
{
	int jwt, cwt;

	if (accept.at == NULL) {
		*out_form = STATUS_JWT;
		return ERR_OK;
	}
	jwt = route_weight(accept, types[STATUS_JWT]);
	cwt = route_weight(accept, types[STATUS_CWT]);
	if (jwt + cwt == 0)
		return err_because(ERR_NOT_ACCEPTABLE, "Accept: there are %s "
		    "and %s", types[STATUS_JWT], types[STATUS_CWT]);
	*out_form = cwt > jwt ? STATUS_CWT : STATUS_JWT;
	return ERR_OK;
}

/* ---- conditions (RFC 9110 13) */

static bool
names_etag(struct view field, const char *etag)
{
	while (field.len != 0) {
		struct view one = cut(&field, ',');

		if (view_starts(one, "W/"))
			one = VIEW(one.at + 2, one.len - 2);
		if (view_is(one, etag) || view_is(one, "*"))
			return true;
	}
	return false;
}

/* A date counts only as we gave it: others cannot be of this document. */
bool
route_has_it(const struct http *h, const struct shared *d)
{
	struct view tags = http_value(h, HTTP_IF_NONE_MATCH);
	struct view since = http_value(h, HTTP_IF_MODIFIED_SINCE);
	char modified[HTTP_DATE];

	if (tags.at != NULL)
		return names_etag(tags, d->etag);
	return since.at != NULL &&
	    view_is(since, http_date(d->modified, modified));
}

/* ---- the route */

/* A number without a leading zero, as lists are named. */
static enum err
read_list(struct view target, int64_t *out_list)
{
	struct view path = cut(&target, '?');
	struct reader r;

	if (target.len != 0)
		return err_because(ERR_UNSUPPORTED, "a list is given as it is "
		    "now: there are no parameters "
		    "(draft-ietf-oauth-status-list 8.4)");
	r = reader_of(VIEW(path.at + sizeof(PATH) - 1,
	    path.len - (sizeof(PATH) - 1)));
	*out_list = (int64_t)reader_decimal(&r, INT64_MAX);
	if (reader_end(&r, "a list") != ERR_OK || *out_list == 0)
		return err_because(ERR_NOT_FOUND, "there is no such list");
	return ERR_OK;
}

static enum err
find_document(struct gate *g, const struct call *call,
    enum status_form *out_form, struct shared **out)
{
	const struct config_status_lists *c = &g->config->status_lists;
	char name[STATUS_FILE], cache[SHARED_CACHE];
	int64_t list = 0;
	enum err e;

	TRY(read_list(http_target(call->http), &list));
	TRY(route_status_form(http_value(call->http, HTTP_ACCEPT), out_form));
	/*
	 * A verifier keeps it for ttl; what stands between asks again within
	 * seconds, or a change would take ttl twice. Without an answer it may
	 * go on with what it has: the list itself says how long.
	 */
	snprintf(cache, sizeof(cache), "public, max-age=%lld, s-maxage=%lld, "
	    "stale-if-error=%lld", (long long)c->ttl,
	    (long long)(c->ttl / 30 + 1), (long long)c->lifetime);
	e = shelf_get(&g->shelf, g->log,
	    status_file(list, *out_form, name), cache, out);
	return e == ERR_NOT_FOUND ?
	    err_because(e, "there is no such list") : e;
}

void
route_status_list(struct gate *g, const struct call *call)
{
	int64_t lifetime = g->config->status_lists.lifetime;
	struct reply r = { .status = 200 };
	enum status_form form = STATUS_JWT;
	enum err e = find_document(g, call, &form, &r.shared);

	if (e != ERR_OK) {
		gate_refuse(g, call, e, err_why());
		return;
	}
	if (time_now() - r.shared->modified >= lifetime) {
		reply_done(&r);
		gate_refuse(g, call, ERR_UNAVAILABLE, "the list has expired: "
		    "the service has been sealed or away for too long");
		return;
	}
	r.type = types[form];
	if (route_has_it(call->http, r.shared))
		r.status = 304;
	server_reply(g->server, call->origin, &r);
}
