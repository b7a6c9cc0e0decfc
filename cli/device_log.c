/*
 * A holder's entries in a published log. The log is read as it stands;
 * whoever doubts it verifies it (okse audit verify). Previous: device.c.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "audit/schema.h"
#include "base/mem.h"
#include "base/time.h"
#include "cli/device.h"
#include "cli/published.h"

struct search {
	const char		*holder, *programme;
	struct transitions	*found;
	int64_t			 t;		/* of the entry just read */
};

void
transitions_done(struct transitions *t)
{
	mem_free(t->at);
}

/* ---- where to begin */

static enum err
take_time(void *context, uint64_t index, struct view entry)
{
	struct search *s = context;
	struct schema_entry e;

	(void)index;
	TRY(schema_get(entry, &e));
	s->t = (int64_t)schema_count(&e, SCHEMA_T);
	return ERR_OK;
}

/* Entries are in the order of their times. */
static enum err
find_start(struct published *log, struct search *s, int64_t since,
    uint64_t *out_from)
{
	uint64_t low = 0, high = published_size(log);

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		TRY(published_each(log, middle, middle + 1, take_time, s));
		if (s->t < since)
			low = middle + 1;
		else
			high = middle;
	}
	*out_from = low;
	return ERR_OK;
}

/* ---- what there is */

static void
copy(char *out, size_t size, struct view v)
{
	snprintf(out, size, "%.*s", (int)v.len,
	    v.len != 0 ? (const char *)v.at : "");
}

static bool
is_theirs(const struct search *s, const struct schema_entry *e)
{
	return e->event == SCHEMA_EVENT_DECISION &&
	    e->member[SCHEMA_HOLDER].at != NULL &&
	    view_is(e->member[SCHEMA_HOLDER], s->holder) &&
	    view_is(e->member[SCHEMA_PROGRAMME], s->programme) &&
	    view_is(e->member[SCHEMA_OUT], "allow") &&
	    !view_is(e->member[SCHEMA_OP], "qr-token");
}

static void
add(struct transitions *t, uint64_t index, const struct schema_entry *e)
{
	bool change = view_is(e->member[SCHEMA_OP], "status-change");
	struct transition *one;

	if (t->count == TRANSITIONS_MAX) {
		t->more++;
		return;
	}
	one = &t->at[t->count++];
	one->index = index;
	one->t = (int64_t)schema_count(e, SCHEMA_T);
	one->bound = schema_count(e, SCHEMA_BOUND);
	copy(one->what, sizeof(one->what),
	    e->member[change ? SCHEMA_ACTION : SCHEMA_PURPOSE]);
	copy(one->reason, sizeof(one->reason), e->member[SCHEMA_REASON]);
	snprintf(one->outcome, sizeof(one->outcome), "%s",
	    e->member[SCHEMA_DRAFTS].at != NULL ? "open" : "");
}

/* What became of signatures. */
static void
follow(struct transitions *t, const struct schema_entry *e)
{
	struct view rest = e->member[SCHEMA_OF];
	uint64_t of;

	if (e->event != SCHEMA_EVENT_DONE && e->event != SCHEMA_EVENT_FAILED &&
	    e->event != SCHEMA_EVENT_ORPHAN &&
	    e->event != SCHEMA_EVENT_ORPHAN_CLOSED)
		return;
	while (schema_next_index(&rest, &of))
		for (size_t i = 0; i < t->count; i++)
			if (t->at[i].index == of)
				snprintf(t->at[i].outcome,
				    sizeof(t->at[i].outcome), "%s",
				    schema_event_name(e->event));
}

static enum err
take_entry(void *context, uint64_t index, struct view entry)
{
	struct search *s = context;
	struct schema_entry e;

	TRY(schema_get(entry, &e));
	if (is_theirs(s, &e))
		add(s->found, index, &e);
	else if (s->found->count != 0)
		follow(s->found, &e);
	return ERR_OK;
}

static enum err
read_origin(struct published *log, struct transitions *out)
{
	struct checkpoint c;
	struct note note;

	TRY(note_get(published_note(log), &note));
	TRY(checkpoint_get(note.text, &c));
	copy(out->origin, sizeof(out->origin), c.origin);
	return ERR_OK;
}

enum err
transitions_read(const char *place, int64_t since, const char *holder,
    const char *programme, struct transitions *out)
{
	struct search s = { holder, programme, out, 0 };
	AUTO(published) log = NULL;
	uint64_t from;

	out->at = mem_new(TRANSITIONS_MAX, sizeof(*out->at));
	if (out->at == NULL)
		return err_because(ERR_MEMORY, "what the log says");
	TRY(published_open(place, &log));
	TRY(read_origin(log, out));
	TRY(find_start(log, &s, since, &from));
	return published_each(log, from, published_size(log), take_entry,
	    &s);
}

/* ---- telling */

void
transitions_print(const struct transitions *t)
{
	char text[INSTANT_TEXT];

	printf("log %s\n", t->origin);
	for (size_t i = 0; i < t->count; i++) {
		const struct transition *one = &t->at[i];

		printf("%10" PRIu64 "  %s  %s%s%s%s%s\n", one->index,
		    instant_text(one->t / 1000, text), one->what,
		    one->reason[0] != '\0' ? ", " : "", one->reason,
		    one->outcome[0] != '\0' ? ": " : "", one->outcome);
	}
	if (t->more != 0)
		printf("            and %" PRIu64 " more\n", t->more);
}

void
transitions_json(const struct transitions *t, struct json *j)
{
	char text[INSTANT_TEXT];

	for (size_t i = 0; i < t->count; i++) {
		const struct transition *one = &t->at[i];

		json_record(j, NULL);
		json_c_text(j, "origin", t->origin);
		json_int(j, "index", (int64_t)one->index);
		json_c_text(j, "time", instant_text(one->t / 1000, text));
		json_c_text(j, "what", one->what);
		if (one->reason[0] != '\0')
			json_c_text(j, "reason", one->reason);
		if (one->outcome[0] != '\0')
			json_c_text(j, "outcome", one->outcome);
		if (one->bound != 0)
			json_c_text(j, "bound",
			    instant_text((int64_t)(one->bound / 1000), text));
		json_close(j);
	}
}
