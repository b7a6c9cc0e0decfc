/*
 * Tickets and their outcomes, read back from the log's own entries: normally
 * from the oldest that was open, once all of them after a migration or a
 * repair. Next: start.c, which asks for orphans; orphans.c, which closes them.
 */
#include "signer/notary/reported.h"

#include "signer/notary/orphans.h"

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

static enum err
put_mark(struct notary *n, uint64_t from)
{
	AUTO_DONE(bytes) value = { 0 };

	bytes_put_u64(&value, from);
	TRY(bytes_check(&value));
	return registry_meta_put(n->registry, MARK, bytes_view(&value));
}

enum err
reported_put(struct notary *n)
{
	return put_mark(n, oldest_open(n));
}

enum err
reported_again(struct notary *n)
{
	return put_mark(n, 0);
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

enum state {
	NO_TICKET,	/* or one with an outcome, or closed */
	OPEN,
	ORPHAN,
	RETRIED,	/* an orphan that was signed, and is not closed */
	STATES = 3,	/* the bits of these */
	OWN = 4,	/* what the service signs for itself */
};

/* The entries [from, from + count), each with what became of its ticket. */
struct span {
	uint64_t	from, count;
	uint8_t		*state;
};

static void
span_done(struct span *s)
{
	mem_free(s->state);
}

/* NULL: it is not in the span. */
static uint8_t *
state_of(struct span *s, uint64_t index)
{
	return index >= s->from && index - s->from < s->count ?
	    &s->state[index - s->from] : NULL;
}

static void
set_state(uint8_t *at, enum state to)
{
	*at = (uint8_t)((*at & OWN) | to);
}

/* ---- reading */

/* What an entry says of a ticket. */
static enum err
follow(struct notary *n, enum schema_event event, uint64_t at,
    uint64_t ticket, uint8_t *state)
{
	enum state now = (enum state)(*state & STATES);
	enum err e;

	switch (event) {
	case SCHEMA_EVENT_DONE:
		set_state(state, now == ORPHAN ? RETRIED : NO_TICKET);
		return ERR_OK;
	case SCHEMA_EVENT_FAILED:
		if (now == OPEN)
			set_state(state, NO_TICKET);
		return ERR_OK;
	case SCHEMA_EVENT_ORPHAN:
		set_state(state, ORPHAN);
		return registry_orphan_put(n->registry, ticket, at);
	case SCHEMA_EVENT_ORPHAN_CLOSED:
		set_state(state, NO_TICKET);
		e = registry_orphan_close(n->registry, ticket, at);
		return e == ERR_EXISTS ? ERR_OK : e;
	default:
		return ERR_OK;
	}
}

static enum err
follow_all(struct notary *n, struct span *s, const struct schema_entry *e,
    uint64_t at)
{
	struct view rest = e->member[SCHEMA_OF];
	uint64_t ticket;

	while (schema_next_index(&rest, &ticket)) {
		uint8_t *state = state_of(s, ticket);

		if (state != NULL)
			TRY(follow(n, e->event, at, ticket, state));
	}
	return ERR_OK;
}

static enum err
read_span(struct notary *n, struct span *s)
{
	for (uint64_t i = 0; i < s->count; i++) {
		struct schema_entry e;
		struct view bytes;

		TRY(registry_entry_get(n->registry, s->from + i, &bytes));
		TRY(schema_get(bytes, &e));
		if (e.member[SCHEMA_DRAFTS].at != NULL)
			s->state[i] = e.event == SCHEMA_EVENT_DECISION ?
			    OPEN : OPEN | OWN;
		TRY(follow_all(n, s, &e, s->from + i));
	}
	return ERR_OK;
}

/* ---- recording */

/* Gives put those for which it holds, as many at a time as an entry takes. */
static enum err
for_those(struct notary *n, const struct span *s,
    bool (*holds)(uint8_t state), enum err (*put)(struct notary *n,
    const uint64_t *of, size_t count))
{
	uint64_t of[SCHEMA_LIST_MAX];
	size_t count = 0;

	for (uint64_t i = 0; i < s->count; i++) {
		if (holds(s->state[i]))
			of[count++] = s->from + i;
		if (count == COUNT(of) || (count != 0 && i + 1 == s->count)) {
			TRY(put(n, of, count));
			count = 0;
		}
	}
	return ERR_OK;
}

static bool
is_open(uint8_t state)
{
	return (state & STATES) == OPEN;
}

/* Nobody waits for it: the service makes another. */
static bool
is_own(uint8_t state)
{
	return (state & OWN) != 0 && ((state & STATES) == OPEN ||
	    (state & STATES) == ORPHAN);
}

static bool
is_retried(uint8_t state)
{
	return (state & STATES) == RETRIED;
}

enum err
reported_orphans(struct notary *n)
{
	AUTO_DONE(span) s = { 0 };

	TRY(get_mark(n, &s.from));
	s.count = journal_durable(n->journal) - s.from;
	if ((s.state = mem_new(s.count, 1)) == NULL)
		return err_because(ERR_MEMORY, "tickets of the log");
	TRY(read_span(n, &s));
	TRY(for_those(n, &s, is_open, orphans_note));
	TRY(for_those(n, &s, is_own, orphans_remade));
	TRY(for_those(n, &s, is_retried, orphans_retried));
	return reported_put(n);
}
