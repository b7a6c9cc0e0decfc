/*
 * Looking for what is missing. The log's own times are compared with each
 * other only; that they are not late is for witnesses to say. Next:
 * gaps_report.c.
 */
#include "audit/gaps.h"

#include <stdio.h>
#include <string.h>

enum ticket {
	TICKET_NONE,
	TICKET_OPEN,
	TICKET_DONE,
	TICKET_FAILED,
	TICKET_ORPHAN,
	TICKET_CLOSED,
	TICKET_STATES,
};

#define WITNESSES 64

struct lost {
	char		name[130];
	int64_t		from;		/* 0: it is there */
	uint64_t	index;
};

struct gaps {
	int64_t		 silence;
	struct gap	*at;
	size_t		 count, room;
	uint64_t	 totals[GAP_KIND_COUNT];
	uint64_t	 size;
	uint8_t		*tickets;	/* enum ticket, by index */
	uint64_t	 states[TICKET_STATES];
	uint64_t	 retried, remade, given_up;
	struct lost	 lost[WITNESSES];
	size_t		 lost_count;
	bool		 started;
	bool		 stopped;	/* the last entry was a stop */
	char		 boot[16];
	int64_t		 last_t;
	uint64_t	 last;
	int64_t		 sealed_from;	/* 0: it is open, or never was */
	uint64_t	 sealed_index;
};

static const struct {
	const char	*name;
	bool		 matters;
} kinds[] = {
#define X(name, text, matters) { text, matters },
	GAP_KINDS(X)
#undef X
};

enum err
gaps_new(int64_t silence, uint64_t size, struct gaps **out_gaps)
{
	AUTO(gaps) g = mem_new(1, sizeof(*g));

	if (g == NULL || (g->tickets = mem_new(size + 1, 1)) == NULL)
		return err_because(ERR_MEMORY, "no memory for %llu entries",
		    (unsigned long long)size);
	g->silence = silence;
	g->size = size;
	*out_gaps = STEAL(g);
	return ERR_OK;
}

void
gaps_free(struct gaps *g)
{
	if (g == NULL)
		return;
	mem_free(g->at);
	mem_free(g->tickets);
	mem_free(g);
}

static enum err
found(struct gaps *g, struct gap gap)
{
	size_t room = g->room != 0 ? g->room * 2 : 64;
	struct gap *at;

	if (g->totals[gap.kind]++ >= GAPS_KEPT)
		return ERR_OK;
	if (g->count == g->room) {
		at = mem_resize(g->at, room, sizeof(*at));
		if (at == NULL)
			return err_because(ERR_MEMORY, "no memory for gaps");
		g->at = at;
		g->room = room;
	}
	g->at[g->count++] = gap;
	return ERR_OK;
}

/* ---- time */

static enum err
follow_time(struct gaps *g, uint64_t index, const struct schema_entry *e)
{
	int64_t t = (int64_t)schema_count(e, SCHEMA_T);
	bool boot = memcmp(g->boot, e->member[SCHEMA_BOOT].at,
	    sizeof(g->boot)) != 0;
	struct gap gap = { .index = g->last, .from = g->last_t, .to = t };

	(void)index;
	if (!g->started)
		return ERR_OK;
	if (boot) {
		gap.kind = g->stopped ? GAP_STOPPED : GAP_CRASHED;
		return found(g, gap);
	}
	if (t - g->last_t <= g->silence)
		return ERR_OK;
	gap.kind = GAP_SILENT;
	return found(g, gap);
}

static enum err
step_clock(struct gaps *g, uint64_t index, const struct schema_entry *e)
{
	int64_t t = (int64_t)schema_count(e, SCHEMA_T);
	struct gap gap = { .kind = GAP_CLOCK, .index = index, .from = t,
		.to = t };

	snprintf(gap.about, sizeof(gap.about), "%.*s ms",
	    (int)e->member[SCHEMA_BY].len,
	    (const char *)e->member[SCHEMA_BY].at);
	return found(g, gap);
}

/* ---- sealed, and without witnesses */

static enum err
follow_seal(struct gaps *g, uint64_t index, const struct schema_entry *e)
{
	int64_t t = (int64_t)schema_count(e, SCHEMA_T);
	struct gap gap = { .kind = GAP_SEALED, .index = g->sealed_index,
		.from = g->sealed_from, .to = t };

	if (e->event == SCHEMA_EVENT_SEAL || e->event == SCHEMA_EVENT_START) {
		if (g->sealed_from == 0) {
			g->sealed_from = t;
			g->sealed_index = index;
		}
		return ERR_OK;
	}
	if (e->event != SCHEMA_EVENT_UNSEAL || g->sealed_from == 0)
		return ERR_OK;
	g->sealed_from = 0;
	return found(g, gap);
}

static struct lost *
find_witness(struct gaps *g, struct view name)
{
	for (size_t i = 0; i < g->lost_count; i++)
		if (view_is(name, g->lost[i].name))
			return &g->lost[i];
	if (g->lost_count == WITNESSES)
		return NULL;
	snprintf(g->lost[g->lost_count].name, sizeof(g->lost[0].name), "%.*s",
	    (int)name.len, (const char *)name.at);
	return &g->lost[g->lost_count++];
}

static struct gap
without(const struct lost *w, int64_t to)
{
	struct gap gap = { .kind = GAP_UNWITNESSED, .index = w->index,
		.from = w->from, .to = to };

	snprintf(gap.about, sizeof(gap.about), "%s", w->name);
	return gap;
}

static enum err
follow_witness(struct gaps *g, uint64_t index, const struct schema_entry *e)
{
	struct lost *w = find_witness(g, e->member[SCHEMA_WITNESS]);
	int64_t t = (int64_t)schema_count(e, SCHEMA_T);

	if (w == NULL)
		return ERR_OK;
	if (e->event == SCHEMA_EVENT_WITNESS_LOST) {
		if (w->from == 0) {
			w->from = t;
			w->index = index;
		}
		return ERR_OK;
	}
	if (w->from != 0)
		TRY(found(g, without(w, t)));
	w->from = 0;
	return ERR_OK;
}

/* ---- tickets */

static void
set_ticket(struct gaps *g, uint64_t of, enum ticket state)
{
	if (of >= g->size || (g->tickets[of] == TICKET_NONE &&
	    state != TICKET_OPEN))
		return;
	/* what was once signed stays signed … */
	if (g->tickets[of] == TICKET_DONE)
		return;
	/* … and an orphan waits for more than another failure */
	if (state == TICKET_FAILED && g->tickets[of] != TICKET_OPEN)
		return;
	if (g->tickets[of] != TICKET_NONE)
		g->states[g->tickets[of]]--;
	g->tickets[of] = (uint8_t)state;
	g->states[state]++;
}

static void
follow_tickets(struct gaps *g, uint64_t index, const struct schema_entry *e)
{
	static const enum ticket states[SCHEMA_EVENT_COUNT] = {
		[SCHEMA_EVENT_DONE] = TICKET_DONE,
		[SCHEMA_EVENT_FAILED] = TICKET_FAILED,
		[SCHEMA_EVENT_ORPHAN] = TICKET_ORPHAN,
		[SCHEMA_EVENT_ORPHAN_CLOSED] = TICKET_CLOSED,
	};
	struct view rest = e->member[SCHEMA_OF];
	uint64_t of;

	if (e->member[SCHEMA_DRAFTS].at != NULL)
		set_ticket(g, index, TICKET_OPEN);
	if (states[e->event] == TICKET_NONE)
		return;
	while (schema_next_index(&rest, &of))
		set_ticket(g, of, states[e->event]);
}

/* One that an operator gave up is shown, for somebody decided it. */
static enum err
follow_closed(struct gaps *g, const struct schema_entry *e)
{
	int64_t t = (int64_t)schema_count(e, SCHEMA_T);
	struct gap gap = { .kind = GAP_CLOSED, .from = t, .to = t };
	struct view rest = e->member[SCHEMA_OF];
	struct view who = e->member[SCHEMA_CALLER];
	struct view why = e->member[SCHEMA_REASON];
	bool given_up = view_is(e->member[SCHEMA_WHAT], "operator");

	snprintf(gap.about, sizeof(gap.about), "%.*s, %.*s", (int)who.len,
	    (const char *)who.at, (int)why.len, (const char *)why.at);
	while (schema_next_index(&rest, &gap.index)) {
		g->given_up += given_up;
		g->retried += view_is(e->member[SCHEMA_WHAT], "retry");
		g->remade += view_is(e->member[SCHEMA_WHAT], "remade");
		if (given_up)
			TRY(found(g, gap));
	}
	return ERR_OK;
}

/* ---- entries */

enum err
gaps_entry(struct gaps *g, uint64_t index, const struct schema_entry *e)
{
	TRY(follow_time(g, index, e));
	TRY(follow_seal(g, index, e));
	if (e->event == SCHEMA_EVENT_CLOCK_STEP)
		TRY(step_clock(g, index, e));
	if (e->event == SCHEMA_EVENT_WITNESS_LOST ||
	    e->event == SCHEMA_EVENT_WITNESS_GAINED)
		TRY(follow_witness(g, index, e));
	follow_tickets(g, index, e);
	if (e->event == SCHEMA_EVENT_ORPHAN_CLOSED)
		TRY(follow_closed(g, e));
	g->started = true;
	g->stopped = e->event == SCHEMA_EVENT_STOP;
	memcpy(g->boot, e->member[SCHEMA_BOOT].at, sizeof(g->boot));
	g->last_t = (int64_t)schema_count(e, SCHEMA_T);
	g->last = index;
	return ERR_OK;
}

enum err
gaps_end(struct gaps *g)
{
	struct gap sealed = { .kind = GAP_SEALED, .index = g->sealed_index,
		.from = g->sealed_from };

	if (g->sealed_from != 0)
		TRY(found(g, sealed));
	for (size_t i = 0; i < g->lost_count; i++)
		if (g->lost[i].from != 0)
			TRY(found(g, without(&g->lost[i], 0)));
	for (uint64_t i = 0; i < g->size; i++)
		if (g->tickets[i] == TICKET_OPEN ||
		    g->tickets[i] == TICKET_ORPHAN)
			TRY(found(g, (struct gap){ .kind = g->tickets[i] ==
			    TICKET_OPEN ? GAP_OPEN : GAP_ORPHAN,
			    .index = i }));
	return ERR_OK;
}

size_t
gaps_count(const struct gaps *g)
{
	return g->count;
}

const struct gap *
gaps_at(const struct gaps *g, size_t i)
{
	return i < g->count ? &g->at[i] : NULL;
}

uint64_t
gaps_total(const struct gaps *g, enum gap_kind kind)
{
	return g->totals[kind];
}

const char *
gap_name(enum gap_kind kind)
{
	return kinds[kind].name;
}

bool
gaps_matter(const struct gaps *g)
{
	for (unsigned int i = 0; i < GAP_KIND_COUNT; i++)
		if (kinds[i].matters && g->totals[i] != 0)
			return true;
	return false;
}

struct gaps_tickets
gaps_tickets(const struct gaps *g)
{
	struct gaps_tickets t = {
		.done = g->states[TICKET_DONE],
		.failed = g->states[TICKET_FAILED],
		.orphaned = g->states[TICKET_ORPHAN],
		.closed = g->states[TICKET_CLOSED],
		.open = g->states[TICKET_OPEN],
		.retried = g->retried,
		.remade = g->remade,
		.given_up = g->given_up,
	};

	t.entries = t.done + t.failed + t.orphaned + t.closed + t.open;
	return t;
}
