/*
 * Comparing entries with each other. They have passed schema_get(); that they
 * tell the truth is what is checked here. Next in the flow: verify.c, which
 * counts what is found.
 */
#include "audit/reconcile.h"

#include <string.h>

#include "base/crypto.h"

enum ticket_state {
	TICKET_NONE,		/* an entry that allows no signature */
	TICKET_OPEN,
	TICKET_DONE,
	TICKET_FAILED,
	TICKET_ORPHAN,
	TICKET_RETRIED,		/* an orphan, done, and not yet closed */
	TICKET_CLOSED,		/* an orphan that was given up */
	TICKET_STATES,
};

struct ticket {
	uint32_t	state : 3;
	uint32_t	undone : 1;	/* its device was let go: it failed */
	uint32_t	device : 28;	/* 1 + number of its device, or 0 */
};

#define DEVICES_MAX ((1u << 28) - 2)

struct device {
	uint8_t		key[16];	/* of holder and programme */
	uint8_t		id[32];		/* pseudonym in hex */
	uint64_t	since;		/* index that made it active */
	int64_t		expiry;		/* ms UTC, 0 for never */
	bool		active;
};

struct reconcile {
	uint64_t		 size;
	uint64_t		 absent;	/* entries before the first */
	struct ticket		*tickets;
	uint64_t		 ticket_count[TICKET_STATES];
	struct device		*devices;
	uint32_t		 device_count, device_room;
	uint32_t		*slots;		/* 1 + number of a device */
	uint32_t		 slot_count;	/* a power of two */
	uint8_t			 boot[16];
	struct reconcile_totals	 totals;
};

enum err
reconcile_new(uint64_t size, struct reconcile **out_reconcile)
{
	AUTO(reconcile) r = mem_new(1, sizeof(*r));

	if (r == NULL || (r->tickets = mem_new(size, sizeof(*r->tickets))) ==
	    NULL)
		return err_because(ERR_MEMORY, "no memory to reconcile %llu "
		    "entries", (unsigned long long)size);
	r->size = size;
	*out_reconcile = STEAL(r);
	return ERR_OK;
}

void
reconcile_free(struct reconcile *r)
{
	if (r == NULL)
		return;
	mem_free(r->tickets);
	mem_free(r->devices);
	mem_free(r->slots);
	mem_free(r);
}

void
reconcile_absent(struct reconcile *r, uint64_t count)
{
	r->absent = count;
}

/* ---- sequence */

enum err
reconcile_sequence(struct reconcile *r, uint64_t index,
    const struct schema_entry *e)
{
	int64_t t = (int64_t)schema_count(e, SCHEMA_T);
	uint64_t seq = schema_count(e, SCHEMA_SEQ);
	struct view boot = e->member[SCHEMA_BOOT];
	bool first = index == r->absent;
	int64_t before = first ? t : r->totals.last_t;

	if (first)
		r->totals.first_t = t;
	if (t > before || first)
		r->totals.last_t = t;
	if (first || memcmp(r->boot, boot.at, sizeof(r->boot)) != 0)
		r->totals.boots++;
	memcpy(r->boot, boot.at, sizeof(r->boot));
	if (seq != index)
		return err_because(ERR_MISMATCH, "entry %llu says it is %llu",
		    (unsigned long long)index, (unsigned long long)seq);
	if (t < before)
		return err_because(ERR_MISMATCH, "time goes back by %lld ms",
		    (long long)(before - t));
	return ERR_OK;
}

/* ---- tickets */

static void
set_ticket(struct reconcile *r, uint64_t index, enum ticket_state state)
{
	struct ticket *t = &r->tickets[index];

	if (t->state != TICKET_NONE)
		r->ticket_count[t->state]--;
	t->state = (unsigned int)state & 7;
	r->ticket_count[state]++;
}

/* What was once signed stays signed; an orphan waits for more than failure. */
static enum ticket_state
state_after(enum ticket_state now, enum ticket_state reported)
{
	if (now == TICKET_DONE || now == TICKET_RETRIED)
		return now;
	if (reported == TICKET_FAILED && now != TICKET_OPEN)
		return now;
	if (reported == TICKET_DONE && now == TICKET_ORPHAN)
		return TICKET_RETRIED;
	return reported;
}

static enum err
report(struct reconcile *r, uint64_t index, const struct schema_entry *e,
    enum ticket_state state)
{
	struct view rest = e->member[SCHEMA_OF];
	uint64_t of;

	while (schema_next_index(&rest, &of)) {
		enum ticket_state now;

		if (of < r->absent)
			continue;
		now = of < index && of < r->size ? r->tickets[of].state :
		    TICKET_NONE;
		if (now == TICKET_NONE)
			return err_because(ERR_MISMATCH, "\"%s\" of %llu, "
			    "which is no earlier entry with drafts",
			    schema_event_name(e->event),
			    (unsigned long long)of);
		if (state == TICKET_ORPHAN && now != TICKET_OPEN)
			return err_because(ERR_MISMATCH, "\"orphan\" of %llu, "
			    "which was reported on",
			    (unsigned long long)of);
		set_ticket(r, of, state_after(now, state));
	}
	return ERR_OK;
}

/* What an orphan.closed may be of, and what that is then. */
static const struct closing_way {
	const char		*what;
	enum ticket_state	 from, to;
	bool			 by_somebody;	/* has caller and reason */
} closing_ways[] = {
	{ "retry", TICKET_RETRIED, TICKET_DONE, false },
	{ "remade", TICKET_ORPHAN, TICKET_CLOSED, false },
	{ "operator", TICKET_ORPHAN, TICKET_CLOSED, true },
};

static enum err
find_way(const struct schema_entry *e, const struct closing_way **out_way)
{
	for (size_t i = 0; i < COUNT(closing_ways); i++) {
		const struct closing_way *w = &closing_ways[i];

		if (!view_is(e->member[SCHEMA_WHAT], w->what))
			continue;
		if ((e->member[SCHEMA_CALLER].at != NULL) != w->by_somebody ||
		    (e->member[SCHEMA_REASON].at != NULL) != w->by_somebody)
			return err_because(ERR_MISMATCH, "\"orphan.closed\" "
			    "says who and why when an operator did, and only "
			    "then");
		*out_way = w;
		return ERR_OK;
	}
	return err_because(ERR_MISMATCH,
	    "\"orphan.closed\" in no way there is");
}

static enum err
close_orphans(struct reconcile *r, const struct schema_entry *e)
{
	struct view rest = e->member[SCHEMA_OF];
	const struct closing_way *way;
	uint64_t of;

	TRY(find_way(e, &way));
	while (schema_next_index(&rest, &of)) {
		enum ticket_state now = of < r->size ? r->tickets[of].state :
		    TICKET_NONE;

		if (of < r->absent)
			continue;
		if (now != way->from)
			return err_because(ERR_MISMATCH, "\"orphan.closed\" "
			    "(%s) of %llu, which is not open for that",
			    way->what, (unsigned long long)of);
		set_ticket(r, of, way->to);
	}
	return ERR_OK;
}

static bool
is_allowed(const struct schema_entry *e)
{
	return view_is(e->member[SCHEMA_OUT], "allow");
}

enum err
reconcile_tickets(struct reconcile *r, uint64_t index,
    const struct schema_entry *e)
{
	switch (e->event) {
	case SCHEMA_EVENT_DECISION:
		r->totals.allowed += is_allowed(e);
		r->totals.denied += !is_allowed(e);
		break;
	case SCHEMA_EVENT_DONE:
		return report(r, index, e, TICKET_DONE);
	case SCHEMA_EVENT_FAILED:
		return report(r, index, e, TICKET_FAILED);
	case SCHEMA_EVENT_ORPHAN:
		return report(r, index, e, TICKET_ORPHAN);
	case SCHEMA_EVENT_ORPHAN_CLOSED:
		return close_orphans(r, e);
	default:
		break;
	}
	if (e->member[SCHEMA_DRAFTS].at != NULL)
		set_ticket(r, index, TICKET_OPEN);
	return ERR_OK;
}

/* ---- devices */

static uint32_t *
find_slot(const struct reconcile *r, const uint8_t key[16])
{
	uint32_t mask = r->slot_count - 1, at;

	memcpy(&at, key, sizeof(at));
	for (at &= mask; r->slots[at] != 0; at = (at + 1) & mask)
		if (memcmp(r->devices[r->slots[at] - 1].key, key, 16) == 0)
			break;
	return &r->slots[at];
}

/* Doubles both tables; the slots stay at most half full. */
static enum err
grow(struct reconcile *r)
{
	uint32_t room = r->device_room != 0 ? r->device_room * 2 : 1024;
	struct device *devices = mem_resize(r->devices, room,
	    sizeof(*devices));
	uint32_t *slots;

	if (devices == NULL || room > DEVICES_MAX)
		return err_because(ERR_MEMORY, "no memory for %u devices",
		    room);
	r->devices = devices;
	if ((slots = mem_new((size_t)room * 2, sizeof(*slots))) == NULL)
		return err_because(ERR_MEMORY, "no memory for %u devices",
		    room);
	mem_free(r->slots);
	r->slots = slots;
	r->slot_count = room * 2;
	r->device_room = room;
	for (uint32_t i = 0; i < r->device_count; i++)
		*find_slot(r, r->devices[i].key) = i + 1;
	return ERR_OK;
}

/* The device of an entry's holder and programme, made when new. */
static enum err
find_device(struct reconcile *r, const struct schema_entry *e,
    struct device **out_device)
{
	struct hash key = sha256_2(e->member[SCHEMA_HOLDER],
	    e->member[SCHEMA_PROGRAMME]);
	uint32_t *slot;

	if (r->device_count == r->device_room)
		TRY(grow(r));
	slot = find_slot(r, key.at);
	if (*slot == 0) {
		*slot = ++r->device_count;
		memcpy(r->devices[*slot - 1].key, key.at, 16);
	}
	*out_device = &r->devices[*slot - 1];
	return ERR_OK;
}

static bool
is_active(const struct device *d, int64_t t)
{
	return d->active && (d->expiry == 0 || t < d->expiry);
}

/* Where nodes share a registry, another's log may tell of the first's end. */
static enum err
second_device(const struct reconcile *r)
{
	return r->totals.shared ? ERR_OK : err_because(ERR_MISMATCH,
	    "a second active device of one holder in one programme");
}

static enum err
issue(struct reconcile *r, uint64_t index, const struct schema_entry *e)
{
	bool replaces = view_is(e->member[SCHEMA_PURPOSE], "reissue");
	struct device *d;
	bool second, made;

	TRY(find_device(r, e, &d));
	/* a refresh that fails takes nothing away */
	made = d->active && view_is(e->member[SCHEMA_PURPOSE], "refresh") &&
	    view_equal(VIEW_OF(d->id), e->member[SCHEMA_DEVICE]);
	second = is_active(d, (int64_t)schema_count(e, SCHEMA_T)) &&
	    !replaces &&
	    !view_equal(VIEW_OF(d->id), e->member[SCHEMA_DEVICE]);
	memcpy(d->id, e->member[SCHEMA_DEVICE].at, sizeof(d->id));
	d->active = true;
	d->expiry = (int64_t)schema_count(e, SCHEMA_EXPIRY);
	if (made)
		return ERR_OK;
	d->since = index;
	r->tickets[index].device =
	    (unsigned int)(d - r->devices + 1) & ((1u << 28) - 1);
	return second ? second_device(r) : ERR_OK;
}

static enum err
change_status(struct reconcile *r, const struct schema_entry *e)
{
	struct device *d;

	TRY(find_device(r, e, &d));
	if (view_is(e->member[SCHEMA_ACTION], "revoke"))
		d->active = false;
	return ERR_OK;
}

/* A signature that was never made leaves no device behind … */
static void
undo(struct reconcile *r, uint64_t of)
{
	struct ticket *t = &r->tickets[of];
	struct device *d = &r->devices[t->device - 1];

	if (t->state != TICKET_FAILED || d->since != of)
		return;
	d->active = false;
	t->undone = 1;
}

/* … unless a retry makes it after all. */
static enum err
redo(struct reconcile *r, uint64_t of, int64_t now)
{
	struct ticket *t = &r->tickets[of];
	struct device *d = &r->devices[t->device - 1];

	if (t->undone == 0)
		return ERR_OK;
	t->undone = 0;
	if (d->since != of)
		return is_active(d, now) ? second_device(r) : ERR_OK;
	d->active = true;
	return ERR_OK;
}

static enum err
follow_tickets(struct reconcile *r, const struct schema_entry *e)
{
	struct view rest = e->member[SCHEMA_OF];
	uint64_t of;

	while (schema_next_index(&rest, &of)) {
		if (of >= r->size || r->tickets[of].device == 0)
			continue;
		if (e->event == SCHEMA_EVENT_FAILED)
			undo(r, of);
		else
			TRY(redo(r, of, (int64_t)schema_count(e, SCHEMA_T)));
	}
	return ERR_OK;
}

enum err
reconcile_devices(struct reconcile *r, uint64_t index,
    const struct schema_entry *e)
{
	r->totals.shared |= e->event == SCHEMA_EVENT_NODE_JOIN;
	if (e->event == SCHEMA_EVENT_FAILED || e->event == SCHEMA_EVENT_DONE)
		return follow_tickets(r, e);
	if (!is_allowed(e) || e->member[SCHEMA_HOLDER].at == NULL)
		return ERR_OK;
	if (view_is(e->member[SCHEMA_OP], "status-change"))
		return change_status(r, e);
	if (view_is(e->member[SCHEMA_OP], "credential") &&
	    e->member[SCHEMA_DEVICE].at != NULL)
		return issue(r, index, e);
	return ERR_OK;
}

struct reconcile_totals
reconcile_totals(const struct reconcile *r)
{
	struct reconcile_totals t = r->totals;

	t.open = r->ticket_count[TICKET_OPEN];
	t.done = r->ticket_count[TICKET_DONE] +
	    r->ticket_count[TICKET_RETRIED];
	t.failed = r->ticket_count[TICKET_FAILED];
	t.orphaned = r->ticket_count[TICKET_ORPHAN];
	t.closed = r->ticket_count[TICKET_CLOSED];
	for (uint32_t i = 0; i < r->device_count; i++)
		t.active_devices += is_active(&r->devices[i], t.last_t);
	return t;
}
