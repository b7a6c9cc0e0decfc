/*
 * Tickets and their outcomes, read back from the log's own entries. Next:
 * start.c, which asks for orphans.
 */
#include "signer/notary/reported.h"

#define MARK "reported"

static uint64_t
oldest_open(const struct notary *n)
{
	uint64_t oldest = journal_staged(n->journal);

	for (size_t i = 0; i < n->outstanding.count; i++)
		if (!n->outstanding.at[i].again &&
		    n->outstanding.at[i].index < oldest)
			oldest = n->outstanding.at[i].index;
	return oldest;
}

enum err
reported_put(struct notary *n)
{
	AUTO_DONE(bytes) value = { 0 };

	bytes_put_u64(&value, oldest_open(n));
	TRY(bytes_check(&value));
	return registry_meta_put(n->registry, MARK, bytes_view(&value));
}

static enum err
get_mark(struct notary *n, uint64_t *out_from)
{
	AUTO_DONE(bytes) value = { 0 };
	enum err e = registry_meta_get(n->registry, MARK, &value);
	struct reader r = reader_of(bytes_view(&value));

	*out_from = reader_u64(&r);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* The entries [from, from + count): which decisions wait for an outcome. */
struct span {
	uint64_t	from, count;
	uint8_t		*open;
};

static void
span_done(struct span *s)
{
	mem_free(s->open);
}

static void
close_tickets(struct span *s, struct view of)
{
	uint64_t index;

	while (schema_next_index(&of, &index))
		if (index >= s->from && index - s->from < s->count)
			s->open[index - s->from] = 0;
}

static enum err
read_span(struct notary *n, struct span *s)
{
	for (uint64_t i = 0; i < s->count; i++) {
		struct schema_entry e;
		struct view bytes;

		TRY(registry_entry_get(n->registry, s->from + i, &bytes));
		TRY(schema_get(bytes, &e));
		if (e.event == SCHEMA_EVENT_DECISION ||
		    e.event == SCHEMA_EVENT_STATUS_LIST)
			s->open[i] = e.member[SCHEMA_DRAFTS].at != NULL;
		if (e.event == SCHEMA_EVENT_DONE ||
		    e.event == SCHEMA_EVENT_FAILED ||
		    e.event == SCHEMA_EVENT_ORPHAN)
			close_tickets(s, e.member[SCHEMA_OF]);
	}
	return ERR_OK;
}

static enum err
record_orphans(struct notary *n, const uint64_t *of, size_t count)
{
	AUTO_DONE(bytes) entry = { 0 };
	struct entry_common c;

	TRY(journal_next(n->journal, &c));
	TRY(entry_orphan(&c, of, count, &entry));
	n->tally.orphaned += count;
	return journal_put(n->journal, bytes_view(&entry), NULL);
}

enum err
reported_orphans(struct notary *n)
{
	AUTO_DONE(span) s = { 0 };
	uint64_t of[SCHEMA_LIST_MAX];
	size_t count = 0;

	TRY(get_mark(n, &s.from));
	s.count = journal_durable(n->journal) - s.from;
	if ((s.open = mem_new(s.count, 1)) == NULL)
		return err_because(ERR_MEMORY, "tickets of the log");
	TRY(read_span(n, &s));
	for (uint64_t i = 0; i < s.count; i++) {
		if (s.open[i])
			of[count++] = s.from + i;
		if (count == COUNT(of) || (count != 0 && i + 1 == s.count)) {
			TRY(record_orphans(n, of, count));
			count = 0;
		}
	}
	return reported_put(n);
}
