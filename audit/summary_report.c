/*
 * Counts in words, in JSON and as a table for spreadsheets, which must not
 * take a name for a formula.
 */
#include <inttypes.h>
#include <string.h>

#include "audit/summary.h"
#include "base/json.h"
#include "base/time.h"

static const char *const columns[] = { "allow", "deny", "dry_allow",
	"dry_deny" };
static const char *const rule_columns[] = { "pass", "fail", "monitor", "na" };

static const char *const *
columns_of(unsigned int dimension)
{
	return dimension == SUMMARY_RULE ? rule_columns : columns;
}

/* ---- for people */

static void
put_event_lines(const struct summary *s, struct bytes *out)
{
	bytes_put_text(out, "\nEvents\n");
	for (unsigned int i = 0; i < SCHEMA_EVENT_COUNT; i++)
		if (s->events[i] != 0)
			bytes_printf(out, "  %-30s %10" PRIu64 "\n",
			    schema_event_name((enum schema_event)i),
			    s->events[i]);
}

static void
put_rows(const struct summary *s, unsigned int d, struct bytes *out)
{
	const struct summary_rows *r = &s->lists[d];
	const char *const *names = columns_of(d);

	bytes_printf(out, "\n%-32s %10s %10s %10s %10s\n",
	    summary_list_name((enum summary_dimension)d), names[0], names[1],
	    names[2], names[3]);
	for (size_t i = 0; i < r->count; i++)
		bytes_printf(out, "  %-30s %10" PRIu64 " %10" PRIu64 " %10"
		    PRIu64 " %10" PRIu64 "\n", r->at[i].name, r->at[i].n[0],
		    r->at[i].n[1], r->at[i].n[2], r->at[i].n[3]);
}

/* Lists in which every row is "-" say nothing. */
static bool
worth_telling(const struct summary_rows *r)
{
	return r->count > 1 ||
	    (r->count == 1 && strcmp(r->at[0].name, "-") != 0);
}

static void
put_hour_lines(const struct summary *s, struct bytes *out)
{
	uint64_t hours[24][SUMMARY_COLUMNS];

	summary_day(s, hours);
	bytes_printf(out, "\n%-32s %10s %10s %10s %10s\n",
	    "hour of the day, +09:00", columns[0], columns[1], columns[2],
	    columns[3]);
	for (unsigned int h = 0; h < 24; h++)
		if ((hours[h][0] | hours[h][1] | hours[h][2] | hours[h][3]) !=
		    0)
			bytes_printf(out, "  %02u:00%25s %10" PRIu64 " %10"
			    PRIu64 " %10" PRIu64 " %10" PRIu64 "\n", h, "",
			    hours[h][0], hours[h][1], hours[h][2],
			    hours[h][3]);
}

static void
put_periods(const struct summary *s, struct bytes *out)
{
	if (s->period_count != 0)
		bytes_put_text(out, "\nPeriods closed\n");
	for (size_t i = 0; i < s->period_count; i++) {
		const struct summary_period *p = &s->periods[i];

		bytes_printf(out, "  %-12s entries %" PRIu64 " to %" PRIu64
		    ", %s\n", p->name, p->first, p->last, !p->counted ?
		    "begins before what was read" : p->agrees ?
		    "its totals are those of its entries" :
		    "ITS TOTALS ARE NOT THOSE OF ITS ENTRIES");
	}
}

void
summary_report(const struct summary *s, struct bytes *out)
{
	char first[INSTANT_TEXT], last[INSTANT_TEXT];

	if (s->entries == 0) {
		bytes_put_text(out, "no entries\n");
		return;
	}
	bytes_printf(out, "Entries      %" PRIu64 ", from %" PRIu64 " (%s) to %"
	    PRIu64 " (%s)\n", s->entries, s->first,
	    instant_text(s->first_t / 1000, first), s->last,
	    instant_text(s->last_t / 1000, last));
	bytes_printf(out, "Decisions    %" PRIu64 " allowed, %" PRIu64
	    " refused; asked without effect: %" PRIu64 " and %" PRIu64 "\n",
	    s->decisions[SUMMARY_ALLOW], s->decisions[SUMMARY_DENY],
	    s->decisions[SUMMARY_DRY_ALLOW], s->decisions[SUMMARY_DRY_DENY]);
	put_event_lines(s, out);
	for (unsigned int d = 0; d < SUMMARY_DIMENSIONS; d++)
		if (worth_telling(&s->lists[d]))
			put_rows(s, d, out);
	if (s->hour_count != 0)
		put_hour_lines(s, out);
	put_periods(s, out);
}

/* ---- JSON */

static void
put_counts(struct json *j, const char *const *names,
    const uint64_t n[SUMMARY_COLUMNS])
{
	for (size_t c = 0; c < SUMMARY_COLUMNS; c++)
		json_int(j, names[c], (int64_t)n[c]);
}

static void
put_list(struct json *j, const struct summary *s, unsigned int d)
{
	const struct summary_rows *r = &s->lists[d];

	json_items(j, summary_list_name((enum summary_dimension)d));
	for (size_t i = 0; i < r->count; i++) {
		json_record(j, NULL);
		json_c_text(j, "name", r->at[i].name);
		put_counts(j, columns_of(d), r->at[i].n);
		json_close(j);
	}
	json_close(j);
}

static void
put_json_hours(struct json *j, const struct summary *s)
{
	json_items(j, "hour");
	for (size_t i = 0; i < s->hour_count; i++) {
		char begin[INSTANT_TEXT];

		json_record(j, NULL);
		json_c_text(j, "name", instant_text(s->hours[i].hour * 3600,
		    begin));
		put_counts(j, columns, s->hours[i].n);
		json_close(j);
	}
	json_close(j);
}

static void
put_json_periods(struct json *j, const struct summary *s)
{
	json_items(j, "periods");
	for (size_t i = 0; i < s->period_count; i++) {
		const struct summary_period *p = &s->periods[i];

		json_record(j, NULL);
		json_c_text(j, "period", p->name);
		json_int(j, "index", (int64_t)p->index);
		json_int(j, "first", (int64_t)p->first);
		json_int(j, "last", (int64_t)p->last);
		json_bool(j, "counted", p->counted);
		json_bool(j, "agrees", p->counted && p->agrees);
		json_close(j);
	}
	json_close(j);
}

void
summary_json(const struct summary *s, struct json *j)
{
	json_int(j, "entries", (int64_t)s->entries);
	json_int(j, "first", (int64_t)s->first);
	json_int(j, "last", (int64_t)s->last);
	json_int(j, "first_t", s->first_t);
	json_int(j, "last_t", s->last_t);
	json_record(j, "decisions");
	put_counts(j, columns, s->decisions);
	json_close(j);
	json_record(j, "events");
	for (unsigned int i = 0; i < SCHEMA_EVENT_COUNT; i++)
		if (s->events[i] != 0)
			json_int(j, schema_event_name((enum schema_event)i),
			    (int64_t)s->events[i]);
	json_close(j);
	for (unsigned int d = 0; d < SUMMARY_DIMENSIONS; d++)
		put_list(j, s, d);
	put_json_hours(j, s);
	put_json_periods(j, s);
}

/* ---- CSV (RFC 4180) */

static void
put_csv_row(struct bytes *out, const char *list, const char *name,
    const uint64_t n[SUMMARY_COLUMNS])
{
	const char *quote = strchr(name, ',') != NULL ? "\"" : "";
	const char *guard = name[1] != '\0' &&
	    strchr("=+-@", name[0]) != NULL ? "'" : "";

	bytes_printf(out, "%s,%s%s%s%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%"
	    PRIu64 "\r\n", list, quote, guard, name, quote, n[0], n[1], n[2],
	    n[3]);
}

void
summary_csv(const struct summary *s, struct bytes *out)
{
	char begin[INSTANT_TEXT];

	bytes_put_text(out, "list,name,allow_or_pass,deny_or_fail,"
	    "dry_allow_or_monitor,dry_deny_or_na\r\n");
	put_csv_row(out, "all", "decisions", s->decisions);
	for (unsigned int i = 0; i < SCHEMA_EVENT_COUNT; i++)
		if (s->events[i] != 0)
			put_csv_row(out, "event", schema_event_name(
			    (enum schema_event)i), (const uint64_t[4]){
			    s->events[i] });
	for (unsigned int d = 0; d < SUMMARY_DIMENSIONS; d++)
		for (size_t i = 0; i < s->lists[d].count; i++)
			put_csv_row(out, summary_list_name(
			    (enum summary_dimension)d), s->lists[d].at[i].name,
			    s->lists[d].at[i].n);
	for (size_t i = 0; i < s->hour_count; i++)
		put_csv_row(out, "hour", instant_text(s->hours[i].hour * 3600,
		    begin), s->hours[i].n);
}
