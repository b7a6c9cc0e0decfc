/*
 * Counting entries. They have passed schema_get(); names are copied as they
 * are, for their forms hold nothing that could not be shown. Next:
 * summary_report.c.
 */
#include "audit/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

static const char *const list_names[] = {
#define X(name, text) text,
	SUMMARY_LISTS(X)
#undef X
};

void
summary_done(struct summary *s)
{
	for (size_t i = 0; i < SUMMARY_DIMENSIONS; i++)
		mem_free(s->lists[i].at);
	mem_free(s->hours);
	mem_free(s->periods);
	*s = (struct summary){ 0 };
}

const char *
summary_list_name(enum summary_dimension d)
{
	return list_names[d];
}

/* Room for one more item of a list, or NULL. */
static void *
room_for(void *at, size_t count, size_t *room, size_t size)
{
	void *more;

	if (count < *room)
		return at;
	more = mem_resize(at, *room != 0 ? *room * 2 : 16, size);
	if (more != NULL)
		*room = *room != 0 ? *room * 2 : 16;
	return more;
}

static enum err
no_memory(void)
{
	return err_because(ERR_MEMORY, "no memory to count entries");
}

/* ---- rows */

/* Entries follow each other in kind, rules in order: look there first. */
static struct summary_row *
find_row(struct summary_rows *r, struct view name)
{
	for (size_t i = 0; i < r->count; i++) {
		size_t at = (r->next + i) % r->count;

		if (view_is(name, r->at[at].name)) {
			r->next = at + 1;
			return &r->at[at];
		}
	}
	return NULL;
}

static enum err
count_row(struct summary_rows *r, struct view name, unsigned int column)
{
	struct view v = name.at != NULL ? name : view_text("-");
	struct summary_row *row = find_row(r, v);

	if (row == NULL) {
		row = room_for(r->at, r->count, &r->room, sizeof(*row));
		if (row == NULL)
			return no_memory();
		r->at = row;
		row = &r->at[r->count++];
		snprintf(row->name, sizeof(row->name), "%.*s", (int)v.len,
		    (const char *)v.at);
	}
	row->n[column]++;
	return ERR_OK;
}

static enum err
count_hour(struct summary *s, const struct schema_entry *e,
    unsigned int column)
{
	int64_t hour = (int64_t)schema_count(e, SCHEMA_T) / 3600000;
	struct summary_hour *h;

	if (s->hour_count == 0 || s->hours[s->hour_count - 1].hour != hour) {
		h = room_for(s->hours, s->hour_count, &s->hour_room,
		    sizeof(*h));
		if (h == NULL)
			return no_memory();
		s->hours = h;
		s->hours[s->hour_count++].hour = hour;
	}
	s->hours[s->hour_count - 1].n[column]++;
	return ERR_OK;
}

/* ---- decisions */

static unsigned int
column_of(const struct schema_entry *e)
{
	bool allow = view_is(e->member[SCHEMA_OUT], "allow");
	bool dry = e->member[SCHEMA_DRY].at != NULL;

	return (dry ? SUMMARY_DRY_ALLOW : SUMMARY_ALLOW) +
	    (allow ? 0u : 1u);
}

static unsigned int
column_of_rule(struct view outcome)
{
	switch (outcome.at[1]) {
	case 'p':
		return SUMMARY_PASS;
	case 'f':
		return SUMMARY_FAIL;
	case 'm':
		return SUMMARY_MONITOR;
	default:
		return SUMMARY_NA;
	}
}

static enum err
count_decision(struct summary *s, const struct schema_entry *e)
{
	static const enum schema_member members[] = {
		[SUMMARY_PROGRAMME] = SCHEMA_PROGRAMME,
		[SUMMARY_OPERATION] = SCHEMA_OP,
		[SUMMARY_PURPOSE] = SCHEMA_PURPOSE,
		[SUMMARY_CALLER] = SCHEMA_CALLER,
		[SUMMARY_EVIDENCE] = SCHEMA_EVIDENCE,
		[SUMMARY_REGION] = SCHEMA_REGION,
		[SUMMARY_REASON] = SCHEMA_REASON,
		[SUMMARY_SIGNER] = SCHEMA_SIGNER,
		[SUMMARY_POLICY] = SCHEMA_SERIAL,
	};
	struct view rest = e->member[SCHEMA_RULES], id, outcome;
	unsigned int column = column_of(e);

	s->decisions[column]++;
	for (size_t i = 0; i < COUNT(members); i++)
		TRY(count_row(&s->lists[i], e->member[members[i]], column));
	while (schema_next_pair(&rest, &id, &outcome))
		TRY(count_row(&s->lists[SUMMARY_RULE], id,
		    column_of_rule(outcome)));
	return count_hour(s, e, column);
}

/* ---- periods */

/* Are the totals those of the entries since the last close? */
static bool
totals_agree(const struct summary *s, const struct schema_entry *e)
{
	struct view rest = e->member[SCHEMA_TOTALS], name, value;
	uint64_t told = 0, counted = 0;

	while (schema_next_pair(&rest, &name, &value)) {
		struct reader r = reader_of(value);
		uint64_t n = reader_decimal(&r, INT64_MAX);
		bool same = false;

		for (unsigned int i = 0; i < SCHEMA_EVENT_COUNT; i++)
			same |= view_is(name, schema_event_name(
			    (enum schema_event)i)) && s->since[i] == n;
		if (!same)
			return false;
		told += n;
	}
	for (unsigned int i = 0; i < SCHEMA_EVENT_COUNT; i++)
		counted += s->since[i];
	return told == counted;
}

static enum err
close_period(struct summary *s, uint64_t index, const struct schema_entry *e)
{
	struct view name = e->member[SCHEMA_PERIOD];
	struct summary_period *p = room_for(s->periods, s->period_count,
	    &s->period_room, sizeof(*p));

	if (p == NULL)
		return no_memory();
	s->periods = p;
	p = &s->periods[s->period_count++];
	snprintf(p->name, sizeof(p->name), "%.*s", (int)name.len,
	    (const char *)name.at);
	p->index = index;
	p->first = schema_count(e, SCHEMA_FIRST);
	p->last = schema_count(e, SCHEMA_LAST);
	p->counted = s->entries != 0 && p->first >= s->first;
	p->agrees = p->first == s->since_first && p->last + 1 == index &&
	    totals_agree(s, e);
	memset(s->since, 0, sizeof(s->since));
	s->since_first = index + 1;
	return ERR_OK;
}

enum err
summary_entry(struct summary *s, uint64_t index, const struct schema_entry *e)
{
	if (s->entries == 0) {
		s->first = s->since_first = index;
		s->first_t = (int64_t)schema_count(e, SCHEMA_T);
	}
	if (e->event == SCHEMA_EVENT_PERIOD_CLOSE)
		TRY(close_period(s, index, e));
	s->entries++;
	s->last = index;
	s->last_t = (int64_t)schema_count(e, SCHEMA_T);
	s->events[e->event]++;
	s->since[e->event] += e->event != SCHEMA_EVENT_PERIOD_CLOSE;
	return e->event == SCHEMA_EVENT_DECISION ? count_decision(s, e) :
	    ERR_OK;
}

bool
summary_agrees(const struct summary *s)
{
	for (size_t i = 0; i < s->period_count; i++)
		if (s->periods[i].counted && !s->periods[i].agrees)
			return false;
	return true;
}

/* ---- looked at */

static int
compare_rows(const void *a, const void *b)
{
	const struct summary_row *left = a, *right = b;

	return strcmp(left->name, right->name);
}

void
summary_sort(struct summary *s)
{
	for (size_t i = 0; i < SUMMARY_DIMENSIONS; i++)
		if (s->lists[i].count != 0)
			qsort(s->lists[i].at, s->lists[i].count,
			    sizeof(struct summary_row), compare_rows);
}

void
summary_day(const struct summary *s, uint64_t out_hours[24][SUMMARY_COLUMNS])
{
	memset(out_hours, 0, 24 * sizeof(out_hours[0]));
	for (size_t i = 0; i < s->hour_count; i++)
		for (size_t c = 0; c < SUMMARY_COLUMNS; c++)
			out_hours[(s->hours[i].hour + SEOUL / 3600) % 24][c] +=
			    s->hours[i].n[c];
}
