/*
 * The report's sections: figures, charts, what is missing, what happened,
 * entries. What comes from the log goes through report_text().
 */
#include "audit/report_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"

static void
open_section(const char *title, struct bytes *out)
{
	bytes_printf(out, "<section><h2>%s</h2>", title);
}

static void
close_section(struct bytes *out)
{
	bytes_put_text(out, "</section>\n");
}

static uint64_t
sum_of(const uint64_t n[SUMMARY_COLUMNS])
{
	return n[0] + n[1] + n[2] + n[3];
}

/* Digits in groups of three, for people. */
static void
put_number(uint64_t v, struct bytes *out)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, v);

	for (int i = 0; i < len; i++) {
		if (i != 0 && (len - i) % 3 == 0)
			bytes_put_text(out, "\xe2\x80\xaf");
		bytes_put_u8(out, (uint8_t)digits[i]);
	}
}

/* ---- figures */

static void
put_figure(const char *name, uint64_t v, bool alarm, struct bytes *out)
{
	bytes_printf(out, "<div%s><dt>%s</dt><dd>",
	    alarm && v != 0 ? " class=\"alarm\"" : "", name);
	put_number(v, out);
	bytes_put_text(out, "</dd></div>");
}

static void
put_figures(const struct report *r, const struct report_about *a,
    struct bytes *out)
{
	const struct summary *s = &r->summary;
	struct gaps_tickets t = gaps_tickets(r->gaps);
	uint64_t explain = 0;

	for (unsigned int i = 0; i < GAP_KIND_COUNT; i++)
		if (i != GAP_STOPPED && i != GAP_SEALED)
			explain += gaps_total(r->gaps, (enum gap_kind)i);
	open_section("At a glance", out);
	bytes_put_text(out, "<dl class=\"figures\">");
	put_figure("Entries", s->entries, false, out);
	put_figure("Allowed", s->decisions[SUMMARY_ALLOW], false, out);
	put_figure("Refused", s->decisions[SUMMARY_DENY], false, out);
	put_figure("Asked only", s->decisions[SUMMARY_DRY_ALLOW] +
	    s->decisions[SUMMARY_DRY_DENY], false, out);
	put_figure("Signed", t.done, false, out);
	if (a->verified != NULL)
		put_figure("Active devices", a->verified->active_devices,
		    false, out);
	put_figure("To be explained", explain, true, out);
	if (a->replay != NULL)
		put_figure("Unexplained", a->replay->finding_count,
		    true, out);
	bytes_put_text(out, "</dl>");
	close_section(out);
}

/* ---- decisions */

static void
put_legend(struct bytes *out)
{
	bytes_put_text(out, "<p class=\"legend\"><span class=\"l-allow\">"
	    "allowed</span><span class=\"l-deny\">refused</span>"
	    "<span class=\"l-dry\">asked only</span></p>");
}

#define ROWS 40		/* of a table; the CSV has them all */

/* The rows of a list by number, most first: indexes of them. */
static size_t
ranked(const struct summary_rows *rows, size_t order[ROWS],
    uint64_t (*weight)(const struct summary_row *row))
{
	size_t count = 0;

	for (size_t i = 0; i < rows->count; i++) {
		uint64_t w = weight(&rows->at[i]);
		size_t at = count < ROWS ? count++ : ROWS - 1;

		if (at == ROWS - 1 && count == ROWS && i >= ROWS &&
		    weight(&rows->at[order[at]]) >= w)
			continue;
		for (; at > 0 && weight(&rows->at[order[at - 1]]) < w; at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
	return count;
}

static uint64_t
weigh_all(const struct summary_row *row)
{
	return sum_of(row->n);
}

static uint64_t
weigh_fails(const struct summary_row *row)
{
	return row->n[SUMMARY_FAIL] + row->n[SUMMARY_MONITOR];
}

static void
put_row(const struct summary_row *row, uint64_t most, struct bytes *out)
{
	bytes_put_text(out, "<tr><td class=\"name\">");
	report_c_text(out, strcmp(row->name, "-") == 0 ? "none" : row->name);
	bytes_put_text(out, "</td><td class=\"n\">");
	put_number(row->n[SUMMARY_ALLOW], out);
	bytes_put_text(out, "</td><td class=\"n\">");
	put_number(row->n[SUMMARY_DENY], out);
	bytes_put_text(out, "</td><td class=\"bar\">");
	report_bar(row->n, most, out);
	bytes_put_text(out, "</td></tr>");
}

static void
put_table(const struct summary *s, enum summary_dimension d,
    const char *title, struct bytes *out)
{
	const struct summary_rows *rows = &s->lists[d];
	size_t order[ROWS], count = ranked(rows, order, weigh_all);

	if (count == 0)
		return;
	bytes_printf(out, "<table><thead><tr><th>%s</th>"
	    "<th class=\"n\">Allowed</th><th class=\"n\">Refused</th>"
	    "<th></th></tr></thead><tbody>", title);
	for (size_t i = 0; i < count; i++)
		put_row(&rows->at[order[i]], sum_of(rows->at[order[0]].n),
		    out);
	bytes_put_text(out, "</tbody></table>");
	if (rows->count > count)
		bytes_printf(out, "<p class=\"note\">The %zu most frequent of "
		    "%zu.</p>", count, rows->count);
}

static void
put_hours(const struct summary *s, struct bytes *out)
{
	uint64_t hours[24][SUMMARY_COLUMNS];
	struct report_column at[24];

	summary_day(s, hours);
	for (unsigned int h = 0; h < 24; h++) {
		snprintf(at[h].name, sizeof(at[h].name), "%02u:00", h);
		at[h].n = hours[h];
	}
	bytes_put_text(out, "<h3>Hour of the day (Korean time)</h3>");
	report_columns(at, COUNT(at), "Decisions by hour of the day", out);
}

#define DAYS 62

/* The last days there are, each its own column. */
static void
put_days(const struct summary *s, struct bytes *out)
{
	static uint64_t days[DAYS][SUMMARY_COLUMNS];
	struct report_column at[DAYS];
	int64_t last, first;
	size_t count;

	if (s->hour_count == 0)
		return;
	last = (s->hours[s->hour_count - 1].hour + SEOUL / 3600) / 24;
	first = (s->hours[0].hour + SEOUL / 3600) / 24;
	if (last - first >= DAYS)
		first = last - DAYS + 1;
	if ((count = (size_t)(last - first) + 1) < 2)
		return;
	memset(days, 0, sizeof(days));
	for (size_t i = 0; i < s->hour_count; i++) {
		int64_t day = (s->hours[i].hour + SEOUL / 3600) / 24 - first;

		for (size_t c = 0; day >= 0 && c < SUMMARY_COLUMNS; c++)
			days[day][c] += s->hours[i].n[c];
	}
	for (size_t i = 0; i < count; i++) {
		struct date d = date_of_days(first + (int64_t)i);

		snprintf(at[i].name, sizeof(at[i].name), "%d-%02d-%02d",
		    d.year % 10000, d.month % 100, d.day % 100);
		at[i].n = days[i];
	}
	bytes_put_text(out, "<h3>Days</h3>");
	report_columns(at, count, "Decisions by day", out);
}

static void
put_decisions(const struct report *r, struct bytes *out)
{
	const struct summary *s = &r->summary;

	open_section("Decisions", out);
	put_legend(out);
	put_table(s, SUMMARY_PROGRAMME, "Programme", out);
	put_table(s, SUMMARY_OPERATION, "Operation", out);
	put_table(s, SUMMARY_PURPOSE, "Purpose", out);
	put_table(s, SUMMARY_CALLER, "Caller", out);
	put_hours(s, out);
	put_days(s, out);
	put_table(s, SUMMARY_REGION, "Region of residence", out);
	close_section(out);
}

static void
put_rules(const struct report *r, struct bytes *out)
{
	const struct summary_rows *rows = &r->summary.lists[SUMMARY_RULE];
	size_t order[ROWS], count = ranked(rows, order, weigh_fails);
	uint64_t most = count != 0 ? weigh_fails(&rows->at[order[0]]) : 0;

	open_section("Rules", out);
	bytes_put_text(out, "<p class=\"note\">A refusal may be by several "
	    "rules. Rules that only monitor refuse nobody.</p><table><thead>"
	    "<tr><th>Rule</th><th class=\"n\">Refused</th><th class=\"n "
	    "wide-only\">Monitored</th><th class=\"n\">Passed</th><th></th>"
	    "</tr></thead><tbody>");
	for (size_t i = 0; i < count; i++) {
		const struct summary_row *row = &rows->at[order[i]];
		uint64_t bar[SUMMARY_COLUMNS] = { 0, row->n[SUMMARY_FAIL],
			row->n[SUMMARY_MONITOR], 0 };

		bytes_put_text(out, "<tr><td class=\"name\">");
		report_c_text(out, row->name);
		bytes_put_text(out, "</td><td class=\"n\">");
		put_number(row->n[SUMMARY_FAIL], out);
		bytes_put_text(out, "</td><td class=\"n wide-only\">");
		put_number(row->n[SUMMARY_MONITOR], out);
		bytes_put_text(out, "</td><td class=\"n\">");
		put_number(row->n[SUMMARY_PASS], out);
		bytes_put_text(out, "</td><td class=\"bar\">");
		report_bar(bar, most, out);
		bytes_put_text(out, "</td></tr>");
	}
	bytes_put_text(out, "</tbody></table>");
	close_section(out);
}

void
report_body(const struct report *r, const struct report_about *a,
    struct bytes *out)
{
	put_figures(r, a, out);
	put_decisions(r, out);
	put_rules(r, out);
	report_happened(r, a, out);
	report_entries(r, out);
}
