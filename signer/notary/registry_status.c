/*
 * The registry's verbs of status lists. A process takes counters of a list a
 * block at a time, so that a fleet shares a list and the row that all of them
 * change is changed once in a thousand issues; what it does not give out
 * before it ends is lost. Next: permutation.c, which makes places of counters.
 */
#include "signer/notary/registry_sql.h"

#define BLOCK 1024
#define TRIES 64	/* others may take what was about to be taken */

static enum err
find_open(struct registry *r, struct status_block *out)
{
	struct query q = registry_query(r, STATUS_OPEN);
	struct status_block found;
	enum err e = query_row(&q);

	if (e == ERR_NOT_FOUND) {
		*out = (struct status_block){ 0 };
		return ERR_OK;
	}
	TRY(e);
	found.list = query_get_int(&q);
	found.size = query_get_int(&q);
	found.next = query_get_int(&q);
	TRY(query_end(&q));
	found.end = found.size - found.next > BLOCK ? found.next + BLOCK :
	    found.size;
	*out = found;
	return ERR_OK;
}

/* ERR_EXISTS: somebody else has opened it. */
static enum err
open_list(struct registry *r, int64_t list, int64_t size, int64_t now)
{
	struct query q = registry_query(r, STATUS_NEW);

	query_put_int(&q, list);
	query_put_int(&q, size);
	query_put_int(&q, now);
	return query_change(&q);
}

/* ERR_EXISTS: somebody else has taken it. */
static enum err
take_block(struct registry *r, const struct status_block *b)
{
	struct query q = registry_query(r, STATUS_BLOCK);

	query_put_int(&q, b->list);
	query_put_int(&q, b->next);
	query_put_int(&q, b->end);
	return query_change(&q);
}

static enum err
more(struct registry *r, int64_t size, int64_t count, int64_t now)
{
	for (int i = 0; i < TRIES; i++) {
		struct status_block b;
		bool full;
		enum err e;

		TRY(find_open(r, &b));
		full = b.end - b.next < count;
		e = full ? open_list(r, b.list + 1, size, now) :
		    take_block(r, &b);
		if (e == ERR_OK && !full) {
			r->block = b;
			return ERR_OK;
		}
		if (e != ERR_OK && e != ERR_EXISTS)
			return e;
	}
	return err_because(ERR_UNAVAILABLE,
	    "no places in a status list after %d attempts", TRIES);
}

#define SKIPPED 8	/* nobody fills so many between two commits */

enum err
registry_status_skip(struct registry *r, int64_t now)
{
	struct status_block b;

	TRY(find_open(r, &b));
	return b.list == 0 ? ERR_OK :
	    open_list(r, b.list + SKIPPED, b.size, now);
}

static enum err
put_use(struct registry *r, const struct status_use *use,
    const struct handle *serial, int64_t expires_at)
{
	struct query q = registry_query(r, STATUS_USE);

	query_put_int(&q, use->list);
	query_put_int(&q, use->first);
	query_put_int(&q, use->count);
	put_handle(&q, serial);
	query_put_int(&q, expires_at);
	return query_change(&q);
}

enum err
registry_status_take(struct registry *r, int64_t size, int64_t count,
    const struct handle *serial, int64_t expires_at, int64_t now,
    struct status_use *out_use)
{
	struct status_use use = { .count = count };

	if (count < 1 || count > BLOCK || count > size)
		return err_because(ERR_INTERNAL, "%lld places in a status "
		    "list of %lld", (long long)count, (long long)size);
	if (r->block.list == 0 || r->block.end - r->block.next < count)
		TRY(more(r, size, count, now));
	use.list = r->block.list;
	use.size = r->block.size;
	use.first = r->block.next;
	TRY(put_use(r, &use, serial, expires_at));
	r->block.next += count;
	*out_use = use;
	return ERR_OK;
}

/* Whole blocks, as they were taken. */
enum err
registry_status_restore(struct registry *r, const struct status_use *use,
    const struct handle *serial, int64_t expires_at, int64_t now)
{
	int64_t end = (use->first + use->count + BLOCK - 1) / BLOCK * BLOCK;
	struct status_block b = { .list = use->list, .size = use->size };
	struct registry_list l;
	enum err e = registry_status_list(r, use->list, &l);

	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	if (e == ERR_OK && l.list == use->list) {
		b.size = l.size;
		b.next = l.next;
	} else {
		TRY(open_list(r, use->list, use->size, now));
	}
	b.end = end < b.size ? end : b.size;
	if (b.end > b.next)
		TRY(take_block(r, &b));
	return put_use(r, use, serial, expires_at);
}

/* ---- changing */

#define STEP 64		/* uses found before any of them is changed */

struct found {
	size_t			count;
	struct status_use	at[STEP];
};

static enum err
find_uses(struct registry *r, const struct handle *serial,
    enum status value, struct found *out)
{
	struct query q = registry_query(r, STATUS_OF);
	enum err e;

	out->count = 0;
	put_handle(&q, serial);
	query_put_int(&q, value);
	for (e = query_row(&q); e == ERR_OK; e = query_next(&q)) {
		struct status_use *use = &out->at[out->count];

		use->list = query_get_int(&q);
		use->size = 0;
		use->first = query_get_int(&q);
		use->count = query_get_int(&q);
		if (++out->count == STEP)
			return query_end(&q);
	}
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err
set_use(struct registry *r, const struct status_use *use, enum status value)
{
	struct query q = registry_query(r, STATUS_SET);

	query_put_int(&q, use->list);
	query_put_int(&q, use->first);
	query_put_int(&q, value);
	return query_change(&q);
}

static enum err
bump(struct registry *r, int64_t list)
{
	struct query q = registry_query(r, STATUS_BUMP);

	query_put_int(&q, list);
	return query_change(&q);
}

static enum err
note_change(struct status_changes *c, const struct status_use *use,
    enum status value)
{
	size_t room = c->room != 0 ? 2 * c->room : STEP;
	struct registry_change *at;

	if (c->staged == c->room) {
		at = mem_resize(c->at, room, sizeof(*at));
		if (at == NULL)
			return err_because(ERR_MEMORY, "changes of status");
		c->at = at;
		c->room = room;
	}
	c->at[c->staged++] = (struct registry_change){ *use, value };
	return ERR_OK;
}

enum err
registry_status_set(struct registry *r, const struct handle *serial,
    enum status value)
{
	struct found f;

	do {
		TRY(find_uses(r, serial, value, &f));
		for (size_t i = 0; i < f.count; i++) {
			TRY(set_use(r, &f.at[i], value));
			TRY(bump(r, f.at[i].list));
			TRY(note_change(&r->changes, &f.at[i], value));
		}
	} while (f.count == STEP);
	return ERR_OK;
}

size_t
registry_status_staged(const struct registry *r,
    const struct registry_change **out_changes)
{
	const struct status_changes *c = &r->changes;

	*out_changes = c->at + c->marked;
	return c->staged - c->marked;
}

bool
registry_status_next(struct registry *r, struct registry_change *out_change)
{
	struct status_changes *c = &r->changes;

	if (c->told < c->durable) {
		*out_change = c->at[c->told++];
		return true;
	}
	if (c->told == c->staged)
		c->told = c->durable = c->staged = c->marked = 0;
	return false;
}

/* ---- publishing */

enum err
registry_status_list(struct registry *r, int64_t from,
    struct registry_list *out_list)
{
	struct query q = registry_query(r, STATUS_LISTS);
	struct registry_list found = { 0 };

	query_put_int(&q, from);
	TRY(query_row(&q));
	found.list = query_get_int(&q);
	found.size = query_get_int(&q);
	found.next = query_get_int(&q);
	found.opened_at = query_get_int(&q);
	if (!query_is_null(&q))
		found.version = query_get_int(&q);
	TRY(query_end(&q));
	*out_list = found;
	return ERR_OK;
}

enum err
registry_status_in_use(struct registry *r, int64_t list, bool *out_in_use)
{
	struct query q = registry_query(r, STATUS_ANY);
	enum err e;

	query_put_int(&q, list);
	e = query_row(&q);
	if (e == ERR_NOT_FOUND) {
		*out_in_use = false;
		return ERR_OK;
	}
	TRY(e);
	*out_in_use = true;
	return query_end(&q);
}

enum err
registry_status_changed(struct registry *r, struct registry_sweep *s,
    size_t some, enum err (*each)(void *arg, const struct status_use *use,
    enum status value), void *arg)
{
	struct query q = registry_query(r, STATUS_CHANGED);
	struct status_use use = { .list = s->list };
	size_t count = 0;
	enum err e;

	query_put_int(&q, s->list);
	query_put_int(&q, s->next);
	query_put_int(&q, (int64_t)some);
	for (e = query_row(&q); e == ERR_OK; e = query_next(&q)) {
		enum status value;

		use.first = query_get_int(&q);
		use.count = query_get_int(&q);
		value = (enum status)query_get_int(&q);
		TRY(registry_failed(r));
		e = each(arg, &use, value);
		if (e != ERR_OK) {
			TRY(query_end(&q));
			return e;
		}
		s->next = use.first + use.count;
		count++;
	}
	s->whole = count < some;
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err
registry_status_of(struct registry *r, const struct handle *serial,
    size_t max, struct registry_use *out, size_t *out_count)
{
	struct query q = registry_query(r, STATUS_USES_OF);
	size_t count = 0;
	enum err e;

	put_handle(&q, serial);
	query_put_int(&q, (int64_t)max);
	for (e = query_row(&q); e == ERR_OK && count < max;
	    e = query_next(&q)) {
		struct registry_use *u = &out[count++];

		u->use.list = query_get_int(&q);
		u->use.size = 0;
		u->use.first = query_get_int(&q);
		u->use.count = query_get_int(&q);
		u->value = (enum status)query_get_int(&q);
		u->expires_at = query_get_int(&q);
	}
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	*out_count = count;
	return ERR_OK;
}
