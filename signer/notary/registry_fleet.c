/*
 * The registry's verbs of nodes. Rows of the table node are written by
 * operators' commands and by the nodes themselves; a certificate in one is
 * verified by who uses it. Next: fleet.c.
 */
#include "signer/notary/registry_fleet.h"

#include <string.h>

#include "signer/notary/engine_postgres.h"
#include "signer/notary/registry_sql.h"

bool
registry_is_shared(const struct registry *r)
{
	return r->engine->ops->dialect == DIALECT_POSTGRES;
}

int64_t
registry_own_node(const struct registry *r)
{
	return r->node;
}

_Static_assert(REGISTRY_TERM == POSTGRES_TERM, "the engine's");

const char *
registry_term(const struct registry *r)
{
	return registry_is_shared(r) ? engine_postgres_term(r->engine) : "";
}

uint64_t
registry_connection(const struct registry *r)
{
	return registry_is_shared(r) ? engine_postgres_connection(r->engine) :
	    0;
}

bool
registry_same_line(const char *term, const char *other)
{
	return engine_postgres_same_line(term, other);
}

enum err
registry_writers(struct registry *r,
    void (*each)(void *arg, int64_t node, uint64_t commits, bool connected),
    void *arg)
{
	return registry_is_shared(r) ?
	    engine_postgres_writers(r->engine, each, arg) : ERR_OK;
}

enum err
registry_meta_each(struct registry *r, const char *name,
    enum err (*each)(void *arg, int64_t node, struct view value), void *arg)
{
	struct query q = registry_query(r, META_EACH);
	enum err e;

	query_put_text(&q, view_text(name));
	for (e = query_row(&q); e == ERR_OK; e = query_next(&q)) {
		int64_t node = query_get_int(&q);

		e = each(arg, node, query_get_blob(&q));
		if (e != ERR_OK) {
			TRY(query_end(&q));
			return e;
		}
	}
	return e == ERR_NOT_FOUND ? r->engine->failed : e;
}

/* ---- reading */

static enum err
get_node(struct query *q, struct registry_node *out)
{
	struct view origin;

	out->node = query_get_int(q);
	origin = query_get_blob(q);
	if (origin.len > REGISTRY_ORIGIN)
		return err_because(ERR_CORRUPT,
		    "database: an origin of %zu bytes", origin.len);
	memcpy(out->origin, origin.at, origin.len);
	out->origin[origin.len] = '\0';
	out->log_key = query_get_blob(q);
	out->qr_certificates = query_get_blob(q);
	out->joined_at = query_get_int(q);
	out->retired_at = get_time(q);
	return ERR_OK;
}

enum err
registry_nodes(struct registry *r,
    enum err (*each)(void *arg, const struct registry_node *n), void *arg)
{
	struct query q = registry_query(r, NODES);
	enum err e;

	query_put_int(&q, 0);
	for (e = query_row(&q); e == ERR_OK; e = query_next(&q)) {
		struct registry_node n;

		e = get_node(&q, &n);
		if (e == ERR_OK)
			e = each(arg, &n);
		if (e != ERR_OK)
			break;
	}
	if (e == ERR_NOT_FOUND)
		return r->engine->failed;
	TRY(query_end(&q));
	return e;
}

enum err
registry_vouch(struct registry *r, int64_t node, const char *said,
    const char *term)
{
	struct query q = registry_query(r, META_SWAP);

	query_put_text(&q, view_text(REGISTRY_WHOLE));
	query_put_int(&q, node);
	query_put_blob(&q, view_text(term));
	query_put_blob(&q, view_text(said));
	return query_run(&q);
}

/* Looking for one, by origin or by number. */
struct search {
	const char	*origin;	/* or NULL */
	int64_t		 node, highest;
	bool		 found, same_key, same_qr;
	/* to compare with */
	struct view	 log_key, next_key, qr_certificates;
	struct registry_node at;	/* without its views */
};

static enum err
compare(void *arg, const struct registry_node *n)
{
	struct search *s = arg;

	s->highest = n->node;
	if (s->origin != NULL ? strcmp(s->origin, n->origin) != 0 :
	    s->node != n->node)
		return ERR_OK;
	s->found = true;
	s->at = *n;
	s->same_key = view_equal(s->log_key, n->log_key) ||
	    (s->next_key.len != 0 && view_equal(s->next_key, n->log_key));
	s->same_qr = view_equal(s->qr_certificates, n->qr_certificates);
	return ERR_OK;
}

enum err
registry_node_origin(struct registry *r, int64_t node,
    char out_origin[REGISTRY_ORIGIN + 1])
{
	struct search s = { .node = node };

	TRY(registry_nodes(r, compare, &s));
	if (!s.found)
		return err_because(ERR_NOT_FOUND, "there is no such node");
	memcpy(out_origin, s.at.origin, sizeof(s.at.origin));
	return ERR_OK;
}

enum err
registry_look_as(struct registry *r, const char *origin)
{
	struct search s = { .origin = origin };

	if (!registry_is_shared(r))
		return ERR_OK;
	TRY(registry_nodes(r, compare, &s));
	if (!s.found)
		return err_because(ERR_NOT_FOUND, "%s has not joined", origin);
	r->node = s.at.node;
	return ERR_OK;
}

/* ---- being one */

static enum err
judge(const struct search *s)
{
	if (!s->found)
		return err_because(ERR_NOT_FOUND, "%s is no node of this "
		    "registry: let it join first (okse registry join)",
		    s->origin);
	if (!s->same_key)
		return err_because(ERR_MISMATCH,
		    "%s joined with another log key: name that one as well, "
		    "until it has given the log to this", s->origin);
	if (s->at.retired_at != TIME_NONE)
		return err_because(ERR_REFUSED, "%s was retired from this "
		    "registry for good", s->origin);
	return ERR_OK;
}

enum err
registry_become(struct registry *r, const struct registry_node *self)
{
	struct search s = { .origin = self->origin,
	    .log_key = self->log_key,
	    .next_key = self->next_key,
	    .qr_certificates = self->qr_certificates };
	struct query q = registry_query(r, NODE_QR);

	if (!registry_is_shared(r))
		return ERR_OK;
	TRY(registry_nodes(r, compare, &s));
	TRY(judge(&s));
	TRY(engine_postgres_writer(r->engine, s.at.node));
	r->node = s.at.node;
	if (s.same_qr)
		return ERR_OK;
	TRY(registry_begin(r));
	query_put_int(&q, r->node);
	query_put_blob(&q, self->qr_certificates);
	TRY(query_change(&q));
	return registry_commit(r);
}

enum err
registry_put_log_key(struct registry *r, const struct vkey *key)
{
	struct query q = registry_query(r, NODE_KEY);
	AUTO_DONE(bytes) text = { 0 };

	if (!registry_is_shared(r))
		return ERR_OK;
	vkey_put(key, &text);
	TRY(bytes_check(&text));
	query_put_int(&q, r->node);
	query_put_text(&q, bytes_view(&text));
	return query_change(&q);
}

/* ---- the owner's */

static enum err
put_whole(struct registry *r, int64_t node, const char *term)
{
	int64_t own = r->node;
	enum err e;

	r->node = node;
	e = registry_meta_put(r, REGISTRY_WHOLE, view_text(term));
	r->node = own;
	return e;
}

/* Of one that has a past the others must know whether something was lost. */
static enum err
insert(struct registry *r, int64_t node, const struct registry_node *fresh)
{
	struct query q = registry_query(r, NODE_JOIN);

	TRY(registry_begin(r));
	TRY(put_whole(r, node, fresh->has_past ? REGISTRY_BEHIND :
	    registry_term(r)));
	query_put_int(&q, node);
	query_put_text(&q, view_text(fresh->origin));
	query_put_text(&q, fresh->log_key);
	query_put_blob(&q, fresh->qr_certificates);
	query_put_int(&q, fresh->joined_at);
	TRY(query_change(&q));
	return registry_commit(r);
}

enum err
registry_join(struct registry *r, const struct registry_node *fresh)
{
	struct search s = { .origin = fresh->origin };
	enum err e;

	TRY(registry_nodes(r, compare, &s));
	if (s.found)
		return err_because(ERR_EXISTS, "%s is a node already%s",
		    fresh->origin, s.at.retired_at != TIME_NONE ?
		    ", and was retired" : "");
	e = insert(r, s.highest + 1, fresh);
	if (e != ERR_OK)
		registry_rollback(r);
	return e;
}

struct doubt {
	struct registry	*registry;
	int64_t		 node;
	bool		 is;
};

static enum err
doubt(void *arg, int64_t node, struct view value)
{
	struct doubt *d = arg;

	d->is |= node == d->node &&
	    !view_is(value, registry_term(d->registry));
	return ERR_OK;
}

static enum err
retire(struct registry *r, const struct search *s, bool skips, int64_t now)
{
	struct query q = registry_query(r, NODE_RETIRE);

	TRY(registry_begin(r));
	query_put_int(&q, s->at.node);
	query_put_int(&q, now);
	TRY(query_change(&q));
	if (skips)
		TRY(registry_status_skip(r, now));
	return registry_commit(r);
}

enum err
registry_retire(struct registry *r, const char *origin, bool lost,
    int64_t now)
{
	struct search s = { .origin = origin };
	struct doubt d = { .registry = r };
	enum err e;

	TRY(registry_nodes(r, compare, &s));
	if (!s.found)
		return err_because(ERR_NOT_FOUND, "%s is no node", origin);
	if (s.at.retired_at != TIME_NONE)
		return err_because(ERR_EXISTS, "%s was retired before",
		    origin);
	d.node = s.at.node;
	TRY(registry_meta_each(r, REGISTRY_WHOLE, doubt, &d));
	if (d.is && !lost)
		return err_because(ERR_BEHIND, "%s has not said that nothing "
		    "of it was lost: what its log alone knows would be "
		    "forgotten", origin);
	if ((e = retire(r, &s, d.is, now)) != ERR_OK) {
		registry_rollback(r);
		return e;
	}
	return registry_is_shared(r) ?
	    engine_postgres_end_writer(r->engine, s.at.node) : ERR_OK;
}

enum err
registry_confirm(struct registry *r)
{
	TRY(registry_begin(r));
	TRY(put_whole(r, r->node, registry_term(r)));
	return registry_commit(r);
}

enum err
registry_grant(struct registry *r, const char *role)
{
	return registry_is_shared(r) ?
	    engine_postgres_grant(r->engine, role) : ERR_OK;
}

/* ---- away */

bool
registry_is_away(const struct registry *r)
{
	return registry_is_shared(r) && engine_postgres_away(r->engine);
}

enum err
registry_resume(struct registry *r, enum registry_fate *out_fate)
{
	enum engine_fate fate = FATE_NONE;

	TRY(engine_postgres_resume(r->engine, &fate));
	*out_fate = fate == FATE_COMMITTED ? REGISTRY_COMMITTED :
	    fate == FATE_ROLLED_BACK ? REGISTRY_ROLLED_BACK : REGISTRY_NONE;
	return ERR_OK;
}
