/*
 * Counting a period and comparing its closing entry with the count. Entries
 * have passed schema_get(). Next in the flow: verify_entries.c at the
 * auditor's, the notary's closing.c.
 */
#include "audit/closing.h"

#include <stdlib.h>
#include <string.h>

#include "base/time.h"

void
closing_absent(struct closing *c, uint64_t count)
{
	*c = (struct closing){ .first = count, .next = count,
		.partial = count != 0, .absent = count != 0 };
}

static int
compare_names(const void *a, const void *b)
{
	const struct entry_tally *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static size_t
tally(const struct closing *c, struct entry_tally totals[SCHEMA_EVENT_COUNT])
{
	size_t n = 0;

	for (int i = 0; i < SCHEMA_EVENT_COUNT; i++)
		if (c->count[i] != 0)
			totals[n++] = (struct entry_tally){
				schema_event_name((enum schema_event)i),
				c->count[i] };
	qsort(totals, n, sizeof(*totals), compare_names);
	return n;
}

/* The 64 digits that schema_get() has seen; none give no hash there is. */
static struct hash
hash_of(struct view hex)
{
	AUTO_DONE(bytes) b = { 0 };
	struct hash h = { 0 };

	(void)hex_get(hex, &b);
	if (b.len == sizeof(h))
		memcpy(h.at, b.at, sizeof(h));
	return h;
}

static bool
hash_is(struct view hex, const struct hash *h)
{
	struct hash got = hash_of(hex);

	return view_equal(VIEW_OF(got.at), VIEW_OF(h->at));
}

/* ---- comparing */

static bool
totals_are(const struct closing *c, struct view said)
{
	struct entry_tally totals[SCHEMA_EVENT_COUNT];
	size_t n = tally(c, totals), i = 0;
	struct view word, value;

	for (; schema_next_pair(&said, &word, &value); i++) {
		struct reader r = reader_of(value);

		if (i == n || !view_is(word, totals[i].name) ||
		    reader_decimal(&r, INT64_MAX) != totals[i].count)
			return false;
	}
	return i == n;
}

static enum err
says_otherwise(const char *what)
{
	return err_because(ERR_MISMATCH, "period.close: %s not what the "
	    "entries of the period say", what);
}

static enum err
compare(const struct closing *c, uint64_t index, const struct schema_entry *e)
{
	struct view previous = e->member[SCHEMA_PREVIOUS];

	if (schema_count(e, SCHEMA_LAST) + 1 != index)
		return says_otherwise("last is");
	if (c->partial)
		return ERR_OK;
	if (schema_count(e, SCHEMA_FIRST) != c->first)
		return says_otherwise("first is");
	if (!totals_are(c, e->member[SCHEMA_TOTALS]))
		return says_otherwise("totals are");
	if (schema_count(e, SCHEMA_ORPHANS) != c->orphans)
		return says_otherwise("orphans are");
	if (c->has_previous != (previous.at != NULL) ||
	    (c->has_previous && !hash_is(previous, &c->previous)))
		return says_otherwise("the previous root is");
	if (!c->has_policy)
		return c->absent ? ERR_OK : says_otherwise("the policy is");
	if (!hash_is(e->member[SCHEMA_POLICY], &c->policy) ||
	    schema_count(e, SCHEMA_SERIAL) != c->serial)
		return says_otherwise("the policy is");
	return ERR_OK;
}

/* ---- counting */

static void
count(struct closing *c, const struct schema_entry *e)
{
	struct view rest = e->member[SCHEMA_OF];
	uint64_t of;

	c->count[e->event]++;
	while (e->event == SCHEMA_EVENT_ORPHAN &&
	    schema_next_index(&rest, &of))
		c->orphans++;
	if (e->event != SCHEMA_EVENT_POLICY_IN_FORCE)
		return;
	c->policy = hash_of(e->member[SCHEMA_POLICY]);
	c->serial = schema_count(e, SCHEMA_SERIAL);
	c->has_policy = true;
}

enum err
closing_entry(struct closing *c, uint64_t index,
    const struct schema_entry *e)
{
	enum err found;

	c->next = index + 1;
	if (e->event != SCHEMA_EVENT_PERIOD_CLOSE) {
		count(c, e);
		return ERR_OK;
	}
	found = compare(c, index, e);
	memset(c->count, 0, sizeof(c->count));
	c->orphans = 0;
	c->first = index + 1;
	c->closed++;
	c->partial = c->has_previous = false;
	return found;
}

void
closing_root(struct closing *c, const struct hash *root)
{
	c->previous = *root;
	c->has_previous = true;
}

enum err
closing_facts(const struct closing *c, const char *period,
    struct entry_tally totals[SCHEMA_EVENT_COUNT],
    struct entry_period_facts *out_facts)
{
	struct entry_period_facts f = { .period = period, .first = c->first,
		.last = c->next - 1, .totals = totals, .orphans = c->orphans,
		.policy = c->policy, .serial = c->serial };

	if (c->first == c->next)
		return err_because(ERR_NOT_FOUND,
		    "no entry since the last period was closed");
	if (!c->has_policy)
		return err_because(ERR_NOT_FOUND,
		    "no policy was ever in force");
	f.total_count = tally(c, totals);
	f.previous = c->has_previous ? &c->previous : NULL;
	*out_facts = f;
	return ERR_OK;
}

bool
closing_period_valid(struct view period)
{
	AUTO_DONE(bytes) day = { 0 };
	struct date d;

	bytes_put(&day, period);
	bytes_put_text(&day, "-01");
	return date_get(bytes_view(&day), &d) == ERR_OK;
}
