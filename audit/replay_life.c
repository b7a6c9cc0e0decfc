/*
 * What decisions brought about, followed through the log: a holder's device
 * in a programme, QR tokens, keys. Names are pseudonyms. Where several
 * daemons share a registry, one log does not tell all, and what contradicts
 * it is counted, not found. Next: replay_fleet.c, where
 * all their logs are shown.
 */
#include "audit/replay_run.h"

#include <string.h>

#include "base/crypto.h"

struct device {
	uint8_t			id[32];		/* pseudonym in hex */
	uint64_t		since;		/* index that issued it */
	int64_t			expiry;		/* ms UTC, 0 for never */
	enum device_state	state;
	bool			unmade;	/* its signature failed */
};

struct token {
	uint8_t	holder[32];	/* hex, of the one it was minted for */
	bool	minted, used;
};

struct key {
	uint8_t	holder[32];
	bool	bound;
};

#define REPORTED (UINT32_C(1) << 31)	/* beside the number of a device */

static enum err
no_memory(void)
{
	return err_because(ERR_MEMORY, "no memory to follow this log");
}

void
replay_name(struct view hex, uint8_t out[TABLE_NAME])
{
	for (size_t i = 0; i < TABLE_NAME; i++) {
		uint8_t high = hex.at[2 * i], low = hex.at[2 * i + 1];

		out[i] = (uint8_t)(((high & 15) + (high > '9' ? 9 : 0)) << 4 |
		    ((low & 15) + (low > '9' ? 9 : 0)));
	}
}

/* A contradiction: found, unless another daemon's log may explain it. */
static void
tally(struct replay *r, enum replay_check check, enum err e, uint64_t index)
{
	if (e != ERR_OK && r->nodes)
		r->result.foreign++;
	else
		replay_tally(r, check, e, index);
}

/* ---- devices */

/* An expired device counts, too, until a reissue takes its place. */
static bool
is_held(const struct device *d)
{
	return (d->state == DEVICE_ACTIVE || d->state == DEVICE_SUSPENDED) &&
	    !d->unmade;
}

static struct device *
device_of(struct replay *r, const struct schema_entry *e)
{
	struct hash name = sha256_2(e->member[SCHEMA_HOLDER],
	    e->member[SCHEMA_PROGRAMME]);

	r->devices.size = sizeof(struct device);
	return table_item(&r->devices, name.at);
}

static enum err
check_issue(const struct device *d, const struct schema_entry *e)
{
	struct view purpose = e->member[SCHEMA_PURPOSE];

	if (view_is(purpose, "refresh")) {
		if (d->state != DEVICE_ACTIVE ||
		    !view_equal(VIEW_OF(d->id), e->member[SCHEMA_DEVICE]))
			return err_because(ERR_MISMATCH, "a refresh of a "
			    "device that is not the active one");
		if (d->expiry != (int64_t)schema_count(e, SCHEMA_EXPIRY))
			return err_because(ERR_MISMATCH, "a refresh changed "
			    "the administrative expiry");
		return ERR_OK;
	}
	if (!view_is(purpose, "reissue") && is_held(d))
		return err_because(ERR_MISMATCH, "a second active device of "
		    "one holder in one programme");
	return ERR_OK;
}

enum err
replay_note_device(struct replay *r, uint64_t index, uint32_t number)
{
	uint64_t room = r->device_room != 0 ? r->device_room : 4096;
	uint32_t *at;

	while (room <= index)
		room *= 2;
	if (room != r->device_room) {
		at = mem_resize(r->device_of, room, sizeof(*at));
		if (at == NULL)
			return no_memory();
		r->device_of = at;
		r->device_room = room;
	}
	r->device_of[index] = (number + 1) & ~REPORTED;
	return ERR_OK;
}

static enum err
issue(struct replay *r, uint64_t index, const struct schema_entry *e)
{
	struct device *d = device_of(r, e);
	bool made;

	if (d == NULL)
		return no_memory();
	tally(r, REPLAY_DEVICES, check_issue(d, e), index);
	/* a refresh that fails takes nothing away */
	made = view_is(e->member[SCHEMA_PURPOSE], "refresh") && is_held(d);
	memcpy(d->id, e->member[SCHEMA_DEVICE].at, sizeof(d->id));
	d->state = DEVICE_ACTIVE;
	d->unmade = false;
	d->expiry = (int64_t)schema_count(e, SCHEMA_EXPIRY);
	if (made)
		return ERR_OK;
	d->since = index;
	return replay_note_device(r, index, table_number(&r->devices, d));
}

enum device_state
replay_state_after(enum action action, enum device_state from)
{
	bool held = from == DEVICE_ACTIVE || from == DEVICE_SUSPENDED;

	if (action == ACTION_SUSPEND && from == DEVICE_ACTIVE)
		return DEVICE_SUSPENDED;
	if (action == ACTION_REINSTATE && from == DEVICE_SUSPENDED)
		return DEVICE_ACTIVE;
	return action == ACTION_REVOKE && held ? DEVICE_REVOKED : DEVICE_NONE;
}

static enum device_state
state_after(struct view word, const struct device *d, int64_t t)
{
	enum action action;

	if (action_of(word, &action) != ERR_OK ||
	    (d->expiry != 0 && t >= d->expiry))
		return DEVICE_NONE;
	return replay_state_after(action, d->state);
}

static enum err
check_change(const struct device *d, enum device_state to,
    const struct schema_entry *e)
{
	struct view action = e->member[SCHEMA_ACTION];
	struct view id = e->member[SCHEMA_DEVICE];

	if (action.at == NULL)
		return err_because(ERR_MISMATCH, "a change of status without "
		    "its action");
	if (to == DEVICE_NONE)
		return err_because(ERR_MISMATCH, "%.*s, of a device that "
		    "cannot be", (int)action.len, (const char *)action.at);
	if (id.at != NULL && !view_equal(VIEW_OF(d->id), id))
		return err_because(ERR_MISMATCH, "%.*s, of a device that the "
		    "holder does not have", (int)action.len,
		    (const char *)action.at);
	return ERR_OK;
}

static enum err
change(struct replay *r, uint64_t index, const struct schema_entry *e)
{
	struct device *d = device_of(r, e);
	enum device_state to;
	enum err e1;

	if (d == NULL)
		return no_memory();
	to = state_after(e->member[SCHEMA_ACTION], d,
	    (int64_t)schema_count(e, SCHEMA_T));
	e1 = check_change(d, to, e);
	tally(r, REPLAY_CHANGES, e1, index);
	if (e1 == ERR_OK)
		d->state = to;
	return ERR_OK;
}

static void
set_unmade(struct replay *r, uint64_t of, uint32_t number, bool unmade)
{
	struct device *d;

	if (r->result.log_count != 0) {
		r->lives[number].unmade = unmade;
		return;
	}
	d = table_at(&r->devices, number);
	if (d->since == of)
		d->unmade = unmade;
}

/*
 * A signature that was never made leaves no device that would stand in the
 * way of another one, unless a retry makes it after all. Only the first report
 * can say so: that of an orphan may have been made, whatever its retry came
 * to, and what was made stays so.
 */
void
replay_tickets(struct replay *r, uint64_t index, const struct schema_entry *e)
{
	struct view rest = e->member[SCHEMA_OF];
	uint64_t of;

	if (e->event != SCHEMA_EVENT_DONE && e->event != SCHEMA_EVENT_FAILED &&
	    e->event != SCHEMA_EVENT_ORPHAN)
		return;
	while (schema_next_index(&rest, &of)) {
		uint32_t at = of < r->device_room && of < index ?
		    r->device_of[of] : 0;

		if (at == 0)
			continue;
		r->device_of[of] |= REPORTED;
		if (e->event == SCHEMA_EVENT_DONE)
			set_unmade(r, of, (at & ~REPORTED) - 1, false);
		if (e->event == SCHEMA_EVENT_FAILED && (at & REPORTED) == 0)
			set_unmade(r, of, at - 1, true);
	}
}

/* ---- tokens and keys */

static enum err
check_token(struct replay *r, struct token *t, const struct schema_entry *e)
{
	struct view holder = e->member[SCHEMA_HOLDER];

	if (t->used)
		return err_because(ERR_MISMATCH, "a QR token redeemed again");
	t->used = true;
	if (!t->minted)
		r->result.foreign++;
	else if (!view_equal(holder, VIEW_OF(t->holder)))
		return err_because(ERR_MISMATCH, "a QR token redeemed by "
		    "somebody else than it was minted for");
	return ERR_OK;
}

static enum err
mint_token(struct token *t, const struct schema_entry *e)
{
	bool again = t->minted;

	t->minted = true;
	memcpy(t->holder, e->member[SCHEMA_HOLDER].at, sizeof(t->holder));
	return again ? err_because(ERR_MISMATCH, "a QR token minted twice") :
	    ERR_OK;
}

static enum err
follow_token(struct replay *r, uint64_t index, const struct schema_entry *e)
{
	bool mints = e->member[SCHEMA_CTI].at != NULL;
	uint8_t name[TABLE_NAME];
	struct token *t;

	if (!mints && e->member[SCHEMA_USED].at == NULL)
		return ERR_OK;
	replay_name(e->member[mints ? SCHEMA_CTI : SCHEMA_USED], name);
	r->tokens.size = sizeof(struct token);
	if ((t = table_item(&r->tokens, name)) == NULL)
		return no_memory();
	replay_tally(r, REPLAY_TOKENS, mints ? mint_token(t, e) :
	    check_token(r, t, e), index);
	return ERR_OK;
}

enum err
replay_keys(struct replay *r, uint64_t index, const struct schema_entry *e)
{
	struct view rest = e->member[SCHEMA_KEYS], hex;
	struct view holder = e->member[SCHEMA_HOLDER];
	uint8_t name[TABLE_NAME];

	r->keys.size = sizeof(struct key);
	while (schema_next_hex(&rest, &hex)) {
		struct key *k;

		replay_name(hex, name);
		if ((k = table_item(&r->keys, name)) == NULL)
			return no_memory();
		replay_tally(r, REPLAY_KEYS, !k->bound ||
		    view_equal(holder, VIEW_OF(k->holder)) ? ERR_OK :
		    err_because(ERR_MISMATCH, "a key bound to two holders"),
		    index);
		memcpy(k->holder, holder.at, sizeof(k->holder));
		k->bound = true;
	}
	return ERR_OK;
}

enum err
replay_life(struct replay *r, uint64_t index, const struct schema_entry *e)
{
	replay_tickets(r, index, e);
	if (e->event != SCHEMA_EVENT_DECISION ||
	    !view_is(e->member[SCHEMA_OUT], "allow") ||
	    e->member[SCHEMA_HOLDER].at == NULL)
		return ERR_OK;
	TRY(follow_token(r, index, e));
	TRY(replay_keys(r, index, e));
	if (view_is(e->member[SCHEMA_OP], "status-change"))
		return change(r, index, e);
	if (view_is(e->member[SCHEMA_OP], "credential") &&
	    e->member[SCHEMA_DEVICE].at != NULL)
		return issue(r, index, e);
	return ERR_OK;
}

static uint64_t
count_active(const struct replay *r)
{
	uint64_t active = 0;

	for (uint32_t i = 0; i < r->devices.count; i++) {
		const struct device *d = table_at(&r->devices, i);

		active += d->state == DEVICE_ACTIVE ||
		    d->state == DEVICE_SUSPENDED;
	}
	return active;
}

const struct replay_result *
replay_result(struct replay *r)
{
	if (r->result.log_count != 0)
		replay_judge_fleet(r);
	else
		r->result.active = count_active(r);
	return &r->result;
}
