/*
 * What the decisions of several daemons brought about together. Their clocks
 * differ, so nothing is merged by time: every entry names the device it is
 * about (bound), the one that made room for it (old) and when its state
 * changed (changed), which the one registry made to ascend. Events are put
 * down as logs are shown, brought together by holder and device, and judged
 * once all are there. Next: replay_report.c.
 */
#include "audit/replay_run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"

#define SKEW INT64_C(600000)	/* ms that clocks of nodes may differ */

/* A QR token in all logs: by which entry it was redeemed. */
struct token {
	uint8_t		minted_for[32], used_by[32];	/* hex */
	bool		minted, used;
	uint16_t	log;
	uint64_t	index;
};

static enum err
no_memory(void)
{
	return err_because(ERR_MEMORY, "no memory to follow these logs");
}

/* ---- put down */

static struct life *
new_life(struct replay *r)
{
	if (r->life_count == r->life_room) {
		size_t room = r->life_room != 0 ? r->life_room * 2 : 1024;
		void *fresh = mem_resize(r->lives, room, sizeof(*r->lives));

		if (fresh == NULL)
			return NULL;
		r->lives = fresh;
		r->life_room = room;
	}
	return &r->lives[r->life_count++];
}

static enum life_kind
kind_of(const struct schema_entry *e)
{
	if (view_is(e->member[SCHEMA_OP], "status-change"))
		return LIFE_CHANGE;
	if (view_is(e->member[SCHEMA_PURPOSE], "refresh"))
		return LIFE_REFRESH;
	return view_is(e->member[SCHEMA_PURPOSE], "reissue") ? LIFE_REISSUE :
	    LIFE_FIRST;
}

static enum err
put_life(struct replay *r, uint64_t index, const struct schema_entry *e)
{
	struct hash name = sha256_2(e->member[SCHEMA_HOLDER],
	    e->member[SCHEMA_PROGRAMME]);
	struct life l = {
		.bound = (int64_t)schema_count(e, SCHEMA_BOUND),
		.old = (int64_t)schema_count(e, SCHEMA_OLD),
		.changed = (int64_t)schema_count(e, SCHEMA_CHANGED),
		.t = (int64_t)schema_count(e, SCHEMA_T),
		.expiry = (int64_t)schema_count(e, SCHEMA_EXPIRY),
		.index = index,
		.log = (uint16_t)r->log,
		.kind = (uint8_t)kind_of(e),
	};
	struct life *at;
	enum action action = (enum action)0;

	if (l.kind == LIFE_CHANGE)
		(void)action_of(e->member[SCHEMA_ACTION], &action);
	l.action = (uint8_t)action;
	memcpy(l.name, name.at, sizeof(l.name));
	if (e->member[SCHEMA_DEVICE].at != NULL)
		replay_name(e->member[SCHEMA_DEVICE], l.device);
	if ((at = new_life(r)) == NULL)
		return no_memory();
	*at = l;
	return l.kind == LIFE_FIRST || l.kind == LIFE_REISSUE ?
	    replay_note_device(r, index, (uint32_t)(r->life_count - 1)) :
	    ERR_OK;
}

/* ---- tokens */

static enum err
check_token(const struct token *t)
{
	if (t->minted && t->used && memcmp(t->minted_for, t->used_by,
	    sizeof(t->used_by)) != 0)
		return err_because(ERR_MISMATCH, "a QR token redeemed by "
		    "somebody else than it was minted for");
	return ERR_OK;
}

static enum err
mint(struct token *t, struct view holder)
{
	if (t->minted)
		return err_because(ERR_MISMATCH, "a QR token minted twice");
	t->minted = true;
	memcpy(t->minted_for, holder.at, sizeof(t->minted_for));
	return check_token(t);
}

static enum err
redeem(const struct replay *r, struct token *t, uint64_t index,
    struct view holder)
{
	if (t->used)
		return err_because(ERR_MISMATCH, "a QR token redeemed again, "
		    "after entry %" PRIu64 " of %s", t->index,
		    r->result.origins[t->log]);
	t->used = true;
	t->log = (uint16_t)r->log;
	t->index = index;
	memcpy(t->used_by, holder.at, sizeof(t->used_by));
	return check_token(t);
}

static enum err
follow_token(struct replay *r, uint64_t index, const struct schema_entry *e)
{
	struct view cti = e->member[SCHEMA_CTI], used = e->member[SCHEMA_USED];
	struct view holder = e->member[SCHEMA_HOLDER];
	uint8_t name[TABLE_NAME];
	struct token *t;

	if (cti.at == NULL && used.at == NULL)
		return ERR_OK;
	replay_name(cti.at != NULL ? cti : used, name);
	r->tokens.size = sizeof(*t);
	if ((t = table_item(&r->tokens, name)) == NULL)
		return no_memory();
	replay_tally(r, REPLAY_TOKENS, cti.at != NULL ? mint(t, holder) :
	    redeem(r, t, index, holder), index);
	return ERR_OK;
}

enum err
replay_fleet(struct replay *r, uint64_t index, const struct schema_entry *e)
{
	bool change = view_is(e->member[SCHEMA_OP], "status-change");

	replay_tickets(r, index, e);
	if (e->event != SCHEMA_EVENT_DECISION ||
	    !view_is(e->member[SCHEMA_OUT], "allow") ||
	    e->member[SCHEMA_HOLDER].at == NULL)
		return ERR_OK;
	TRY(follow_token(r, index, e));
	TRY(replay_keys(r, index, e));
	if (!change && (!view_is(e->member[SCHEMA_OP], "credential") ||
	    e->member[SCHEMA_DEVICE].at == NULL))
		return ERR_OK;
	if (e->member[SCHEMA_BOUND].at != NULL)
		return put_life(r, index, e);
	r->result.foreign++;	/* of a program that named no device */
	return ERR_OK;
}

/* ---- brought together */

/* A device's beginning, then its changes by their own time. */
static int64_t
rank_of(const struct life *l)
{
	return l->kind == LIFE_CHANGE ? l->changed :
	    l->kind == LIFE_REFRESH ? INT64_MAX : 0;
}

static int
compare_numbers(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int
compare_lives(const void *a, const void *b)
{
	const struct life *x = a, *y = b;
	int order = memcmp(x->name, y->name, sizeof(x->name));

	if (order == 0)
		order = compare_numbers(x->bound, y->bound);
	if (order == 0)
		order = compare_numbers(rank_of(x), rank_of(y));
	if (order == 0)
		order = compare_numbers(x->log, y->log);
	return order != 0 ? order : compare_numbers((int64_t)x->index,
	    (int64_t)y->index);
}

/* What contradicts a log that is missing is not found, but counted. */
static void
tally(struct replay *r, const struct life *l, enum err e)
{
	enum replay_check check = l->kind == LIFE_CHANGE ? REPLAY_CHANGES :
	    REPLAY_DEVICES;

	r->log = l->log;
	if (e != ERR_OK && r->result.missing_count != 0)
		r->result.foreign++;
	else
		replay_tally(r, check, e, l->index);
}

/* A device of a holder: the events from … to - 1 are its own. */
struct device {
	const struct life	*begin;		/* NULL: no log tells it */
	int64_t			 bound;
	size_t			 from, to;
	enum device_state	 state;		/* with its last change */
	int64_t			 changed;
	const struct life	*replaced;	/* by whom, or NULL */
};

static bool
is_held(const struct device *d)
{
	return d->begin != NULL && !d->begin->unmade && d->replaced == NULL &&
	    d->state != DEVICE_REVOKED;
}

/* Revoked too late is as good as not. */
static bool
was_held(const struct device *d, int64_t at)
{
	return is_held(d) || (d->begin != NULL && !d->begin->unmade &&
	    d->state == DEVICE_REVOKED && d->changed > at + SKEW);
}

static enum err
second_device(const struct replay *r, const struct device *beside)
{
	return err_because(ERR_MISMATCH, "a second active device of one "
	    "holder in one programme, beside that of entry %" PRIu64 " of %s",
	    beside->begin->index, r->result.origins[beside->begin->log]);
}

static enum err
check_begin(const struct replay *r, const struct life *l,
    const struct device *before)
{
	if (l->kind == LIFE_REISSUE && l->old != 0 && (before == NULL ||
	    before->bound != l->old))
		return err_because(ERR_MISMATCH, "a reissue in place of a "
		    "device that was not the holder's last");
	if (before != NULL && l->old != before->bound &&
	    was_held(before, l->bound))
		return second_device(r, before);
	return ERR_OK;
}

static enum err
check_change(const struct device *d, const struct life *l)
{
	static const uint8_t none[TABLE_NAME];
	enum device_state to = replay_state_after((enum action)l->action,
	    d->state);

	if (l->action == 0)
		return err_because(ERR_MISMATCH, "a change of status without "
		    "its action");
	if (memcmp(l->device, none, sizeof(none)) != 0 &&
	    memcmp(l->device, d->begin->device, sizeof(none)) != 0)
		return err_because(ERR_MISMATCH, "%s, of a device that the "
		    "holder does not have",
		    action_name((enum action)l->action));
	if (to == DEVICE_NONE || l->changed <= d->changed ||
	    (d->replaced != NULL && l->changed >= d->replaced->changed) ||
	    (d->begin->expiry != 0 && l->t >= d->begin->expiry + SKEW))
		return err_because(ERR_MISMATCH, "%s, of a device that cannot "
		    "be", action_name((enum action)l->action));
	return ERR_OK;
}

/* No entry names the instant of a refresh but its own node's clock. */
static enum err
check_refresh(const struct device *d, const struct life *l)
{
	bool over = d->replaced != NULL || d->state == DEVICE_REVOKED;
	int64_t end = d->replaced != NULL ? d->replaced->changed : d->changed;

	if (memcmp(l->device, d->begin->device, sizeof(l->device)) != 0 ||
	    l->t + SKEW < d->bound || (over && l->t > end + SKEW))
		return err_because(ERR_MISMATCH, "a refresh of a device that "
		    "is not the active one");
	if (l->expiry != d->begin->expiry)
		return err_because(ERR_MISMATCH, "a refresh changed the "
		    "administrative expiry");
	return ERR_OK;
}

static enum err
check_event(const struct replay *r, struct device *d, const struct life *l)
{
	enum err e;

	if (d->begin == NULL)
		return err_because(ERR_MISMATCH, "of a device that no log "
		    "issued");
	if (l->kind == LIFE_REFRESH)
		return check_refresh(d, l);
	if (l->kind != LIFE_CHANGE)
		return second_device(r, d);
	e = check_change(d, l);
	if (e == ERR_OK) {
		d->state = replay_state_after((enum action)l->action,
		    d->state);
		d->changed = l->changed;
	}
	return e;
}

/* The device whose first event is at from; with who came after it. */
static struct device
device_at(const struct replay *r, size_t from)
{
	const struct life *l = &r->lives[from];
	struct device d = { .bound = l->bound, .from = from, .to = from + 1,
		.state = DEVICE_ACTIVE };
	const struct life *next;

	while (d.to < r->life_count && r->lives[d.to].bound == l->bound &&
	    memcmp(r->lives[d.to].name, l->name, sizeof(l->name)) == 0)
		d.to++;
	if (l->kind == LIFE_FIRST || l->kind == LIFE_REISSUE)
		d.begin = l;
	next = r->lives + d.to;
	if (d.to < r->life_count && next->kind == LIFE_REISSUE &&
	    next->old == d.bound &&
	    memcmp(next->name, l->name, sizeof(l->name)) == 0)
		d.replaced = next;
	return d;
}

static void
judge_device(struct replay *r, struct device *d, const struct device *before)
{
	if (d->begin != NULL)
		tally(r, d->begin, check_begin(r, d->begin, before));
	for (size_t i = d->from + (d->begin != NULL); i < d->to; i++)
		tally(r, &r->lives[i], check_event(r, d, &r->lives[i]));
	r->result.active += is_held(d);
}

static void
judge_lives(struct replay *r)
{
	struct device before = { 0 };

	if (r->life_count != 0)
		qsort(r->lives, r->life_count, sizeof(*r->lives),
		    compare_lives);
	for (size_t i = 0; i < r->life_count; i = before.to) {
		struct device d = device_at(r, i);
		bool same = i != 0 && memcmp(r->lives[i - 1].name,
		    r->lives[i].name, sizeof(r->lives[i].name)) == 0;

		judge_device(r, &d, same ? &before : NULL);
		before = d;
	}
}

static void
judge_tokens(struct replay *r)
{
	for (uint32_t i = 0; i < r->tokens.count; i++) {
		const struct token *t = table_at(&r->tokens, i);

		if (!t->used || t->minted)
			continue;
		r->log = t->log;
		if (r->result.missing_count != 0) {
			r->result.foreign++;
			continue;
		}
		/* it was counted when it was redeemed */
		r->result.count[REPLAY_TOKENS].total--;
		r->result.count[REPLAY_TOKENS].good--;
		replay_tally(r, REPLAY_TOKENS, err_because(ERR_MISMATCH,
		    "a QR token redeemed that no log minted"), t->index);
	}
}

static void
find_missing(struct replay *r)
{
	struct replay_result *t = &r->result;

	for (size_t i = 0; i < r->joined_count; i++) {
		bool given = false;

		for (size_t k = 0; k < t->log_count; k++)
			given = given || strcmp(t->origins[k],
			    r->joined[i]) == 0;
		if (!given && t->missing_count++ == 0)
			memcpy(t->missing, r->joined[i], sizeof(t->missing));
	}
}

void
replay_judge_fleet(struct replay *r)
{
	if (r->judged_fleet)
		return;
	r->judged_fleet = true;
	find_missing(r);
	judge_lives(r);
	judge_tokens(r);
}
