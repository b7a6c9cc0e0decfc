/*
 * The registry: opening, its schema's version, transactions. What is read
 * back was written here, in a database that belongs to this program, and is
 * still checked for its shape. Next: registry_device.c, registry_log.c.
 */
#include "signer/notary/engine_postgres.h"
#include "signer/notary/registry_inspect.h"
#include "signer/notary/registry_schema.h"
#include "signer/notary/registry_sql.h"
#include "signer/notary/sqlite.h"

#define ONLY_NODE 1	/* of a database that nobody shares */

static const struct statement statements[] = {
#define X(name, table, kind, sql) { #name, #table, STATEMENT_##kind, sql },
	REGISTRY_STATEMENTS(X)
	REGISTRY_INSPECTION(X)
#undef X
};

struct handle
handle_at(int64_t time)
{
	uint64_t t = (uint64_t)time;

	return (struct handle){ .at = { (uint8_t)(t >> 24), (uint8_t)(t >> 16),
	    (uint8_t)(t >> 8), (uint8_t)t } };
}

int64_t
handle_time(const struct handle *h)
{
	return (int64_t)h->at[0] << 24 | (int64_t)h->at[1] << 16 |
	    (int64_t)h->at[2] << 8 | h->at[3];
}

/* ---- the schema's version */

static enum err
wrong_version(int found)
{
	if (found > REGISTRY_VERSION)
		return err_because(ERR_UNSUPPORTED, "the registry has schema "
		    "version %d, this program needs %d: it is older than its "
		    "registry", found, REGISTRY_VERSION);
	return err_because(ERR_UNSUPPORTED, "the registry has schema version "
	    "%d, this program needs %d: run `okse registry migrate` while "
	    "the daemon is stopped", found, REGISTRY_VERSION);
}

static enum err
migrate(struct engine *e, int from)
{
	const struct migration *m;

	for (int at = from; at != REGISTRY_VERSION; at = m->to) {
		const char *script = NULL;

		m = migration_from(at);
		if (m != NULL)
			script = e->ops->dialect == DIALECT_SQLITE ?
			    m->sqlite : m->postgres;
		if (script == NULL)
			return wrong_version(at);
		TRY(e->ops->migrate(e, script, m->to));
	}
	return ERR_OK;
}

/* An empty file is filled; an empty database of a server is not ours to. */
static enum err
check_version(struct engine *e)
{
	int found;

	TRY(e->ops->version(e, &found));
	if (found == 0 && e->ops->dialect == DIALECT_SQLITE)
		return migrate(e, found);
	return found == REGISTRY_VERSION ? ERR_OK : wrong_version(found);
}

/* ---- opening */

static enum err
open_engine(const char *where, enum postgres_as as,
    struct registry **out_registry)
{
	AUTO(registry) r = mem_new(1, sizeof(*r));

	if (r == NULL)
		return err_because(ERR_MEMORY, "the registry");
	r->node = ONLY_NODE;
	if (postgres_is_uri(where))
		TRY(engine_postgres_open(where, as, statements,
		    COUNT(statements), &r->engine));
	else
		TRY(sqlite_open(where, statements, COUNT(statements),
		    &r->engine));
	*out_registry = STEAL(r);
	return ERR_OK;
}

static enum err
open_as(const char *where, enum postgres_as as,
    struct registry **out_registry)
{
	AUTO(registry) r = NULL;

	TRY(open_engine(where, as, &r));
	TRY(check_version(r->engine));
	TRY(r->engine->ops->ready(r->engine));
	*out_registry = STEAL(r);
	return ERR_OK;
}

enum err
registry_open_copy(const char *path, struct registry **out_registry)
{
	AUTO(registry) r = mem_new(1, sizeof(*r));
	int found;

	if (r == NULL)
		return err_because(ERR_MEMORY, "the registry");
	r->node = ONLY_NODE;
	TRY(sqlite_open_copy(path, statements, COUNT(statements),
	    &r->engine));
	TRY(r->engine->ops->version(r->engine, &found));
	if (found != REGISTRY_VERSION)
		return wrong_version(found);
	TRY(r->engine->ops->ready(r->engine));
	*out_registry = STEAL(r);
	return ERR_OK;
}

enum err
registry_open(const char *where, struct registry **out_registry)
{
	return open_as(where, POSTGRES_AS_DAEMON, out_registry);
}

enum err
registry_open_owner(const char *where, struct registry **out_registry)
{
	return open_as(where, POSTGRES_AS_OWNER, out_registry);
}

enum err
registry_migrate(const char *where, int *out_from, int *out_to)
{
	AUTO(registry) r = NULL;
	int found;

	TRY(open_engine(where, POSTGRES_AS_OWNER, &r));
	TRY(r->engine->ops->version(r->engine, &found));
	TRY(migrate(r->engine, found));
	*out_from = found;
	*out_to = REGISTRY_VERSION;
	return ERR_OK;
}

void
registry_close(struct registry *r)
{
	if (r == NULL)
		return;
	if (r->engine != NULL)
		r->engine->ops->close(r->engine);
	bytes_done(&r->entry);
	bytes_done(&r->run.blocks);
	mem_free(r->changes.at);
	mem_free(r);
}

enum err
registry_failed(const struct registry *r)
{
	return r->engine->failed;
}

struct query
registry_query(struct registry *r, enum registry_statement s)
{
	return query_start(r->engine, s);
}

/* ---- transactions */

static enum err
begin(struct registry *r, bool careful)
{
	r->run.count = 0;
	return r->engine->ops->begin(r->engine, careful);
}

enum err
registry_begin(struct registry *r)
{
	return begin(r, true);
}

enum err
registry_begin_deferring(struct registry *r)
{
	return begin(r, false);
}

bool
registry_expects(const struct registry *r)
{
	return r->engine->ops->expect != NULL;
}

enum err
registry_expect(struct registry *r, bool on)
{
	return r->engine->ops->expect(r->engine, on);
}

enum err
registry_commit(struct registry *r)
{
	enum err e = r->engine->ops->commit(r->engine);

	if (e == ERR_EXISTS)
		r->block = (struct status_block){ 0 };
	if (e == ERR_OK)
		r->changes.durable = r->changes.staged;
	return e;
}

void
registry_tend(struct registry *r)
{
	if (r->engine->ops->tend != NULL && r->engine->failed == ERR_OK)
		r->engine->ops->tend(r->engine);
}

/* Counters given out since then may be given out again by the database. */
void
registry_rollback(struct registry *r)
{
	r->engine->ops->rollback(r->engine);
	r->run.count = 0;
	r->block = (struct status_block){ 0 };
	r->changes.staged = r->changes.durable;
}

enum err
registry_mark(struct registry *r)
{
	r->marked = r->block;
	r->changes.marked = r->changes.staged;
	return r->engine->ops->mark(r->engine);
}

enum err
registry_undo(struct registry *r)
{
	r->block = r->marked;
	r->changes.staged = r->changes.marked;
	return r->engine->ops->undo(r->engine);
}

/* ---- how our types are bound and read */

void
put_handle(struct query *q, const struct handle *h)
{
	query_put_blob(q, VIEW_OF(h->at));
}

void
get_handle(struct query *q, struct handle *out)
{
	query_get_exact(q, out->at, sizeof(out->at));
}

void
put_time(struct query *q, int64_t t)
{
	if (t == TIME_NONE)
		query_put_null(q);
	else
		query_put_int(q, t);
}

int64_t
get_time(struct query *q)
{
	if (!query_is_null(q))
		return query_get_int(q);
	q->column++;
	return TIME_NONE;
}
