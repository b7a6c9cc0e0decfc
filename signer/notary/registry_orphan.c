/*
 * The registry's verbs of orphans: which tickets of this node's log were never
 * accounted for, so that a start need not read the log to know it. Next:
 * reported.c, which finds them; orphans.c, which shows and closes them.
 */
#include "signer/notary/registry_sql.h"

enum err
registry_orphan_put(struct registry *r, uint64_t index, uint64_t noted)
{
	struct query q = registry_query(r, ORPHAN_PUT);

	query_put_int(&q, (int64_t)index);
	query_put_int(&q, r->node);
	query_put_int(&q, (int64_t)noted);
	return query_run(&q);
}

enum err
registry_orphan_close(struct registry *r, uint64_t index, uint64_t closed)
{
	struct query q = registry_query(r, ORPHAN_CLOSE);

	query_put_int(&q, (int64_t)index);
	query_put_int(&q, r->node);
	query_put_int(&q, (int64_t)closed);
	return query_change(&q);
}

enum err
registry_orphan_find(struct registry *r, uint64_t index,
    struct registry_orphan *out_orphan)
{
	struct query q = registry_query(r, ORPHAN_FIND);
	struct registry_orphan found = { .index = index };

	query_put_int(&q, (int64_t)index);
	query_put_int(&q, r->node);
	TRY(query_row(&q));
	found.noted = (uint64_t)query_get_int(&q);
	if (!query_is_null(&q))
		found.closed = (uint64_t)query_get_int(&q);
	TRY(query_end(&q));
	*out_orphan = found;
	return ERR_OK;
}

enum err
registry_orphans_open(struct registry *r, uint64_t from, size_t max,
    struct registry_orphan *out, size_t *out_count)
{
	struct query q = registry_query(r, ORPHANS_OPEN);
	size_t count = 0;
	enum err e;

	query_put_int(&q, (int64_t)from);
	query_put_int(&q, r->node);
	query_put_int(&q, (int64_t)max);
	for (e = query_row(&q); e == ERR_OK && count < max;
	    e = query_next(&q)) {
		out[count].index = (uint64_t)query_get_int(&q);
		out[count].noted = (uint64_t)query_get_int(&q);
		out[count++].closed = 0;
	}
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	*out_count = count;
	return ERR_OK;
}

enum err
registry_orphans_count(struct registry *r, uint64_t *out_open)
{
	struct query q = registry_query(r, ORPHANS_COUNT);

	query_put_int(&q, r->node);
	TRY(query_row(&q));
	*out_open = (uint64_t)query_get_int(&q);
	return query_end(&q);
}
