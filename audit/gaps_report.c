/*
 * Gaps in words, in JSON and as a table.
 */
#include <inttypes.h>
#include <stdio.h>

#include "audit/gaps.h"
#include "base/json.h"
#include "base/time.h"

#define SHOWN 40	/* told to people */

static bool
has_time(const struct gap *g)
{
	return g->kind != GAP_OPEN && g->kind != GAP_ORPHAN;
}

static void
put_duration(const struct gap *g, struct bytes *out)
{
	int64_t s = (g->to - g->from) / 1000;

	if (!has_time(g) || g->kind == GAP_CLOCK || g->kind == GAP_CLOSED)
		return;
	if (g->to == 0)
		bytes_put_text(out, ", until the end");
	else
		bytes_printf(out, ", %" PRId64 ":%02d:%02d", s / 3600,
		    (int)(s / 60 % 60), (int)(s % 60));
}

static void
put_gap(const struct gap *g, struct bytes *out)
{
	char from[INSTANT_TEXT];

	bytes_printf(out, "  %-12s entry %" PRIu64, gap_name(g->kind),
	    g->index);
	if (has_time(g))
		bytes_printf(out, " at %s", instant_text(g->from / 1000,
		    from));
	put_duration(g, out);
	if (g->about[0] != '\0')
		bytes_printf(out, ", %s", g->about);
	bytes_put_u8(out, '\n');
}

void
gaps_report(const struct gaps *g, struct bytes *out)
{
	struct gaps_tickets t = gaps_tickets(g);

	bytes_printf(out, "Tickets      %" PRIu64 " allowed, %" PRIu64
	    " done, %" PRIu64 " failed, %" PRIu64 " orphans, %" PRIu64
	    " of them closed, %" PRIu64 " open\n", t.entries, t.done,
	    t.failed, t.orphaned + t.closed, t.closed, t.open);
	bytes_printf(out, "Orphans      %" PRIu64 " open, %" PRIu64
	    " signed by a retry, %" PRIu64 " given up by an operator, %"
	    PRIu64 " remade by the service\n", t.orphaned, t.retried,
	    t.given_up, t.remade);
	for (unsigned int i = 0; i < GAP_KIND_COUNT; i++)
		bytes_printf(out, "%-12s %" PRIu64 "\n",
		    gap_name((enum gap_kind)i),
		    gaps_total(g, (enum gap_kind)i));
	for (size_t i = 0; i < gaps_count(g) && i < SHOWN; i++)
		put_gap(gaps_at(g, i), out);
	if (gaps_count(g) > SHOWN)
		bytes_printf(out, "  and %zu more (--json, --csv)\n",
		    gaps_count(g) - SHOWN);
	bytes_put_text(out, gaps_matter(g) ? "TO BE EXPLAINED\n" :
	    "NO GAPS\n");
}

static void
put_time(struct json *j, const char *name, int64_t ms)
{
	char text[INSTANT_TEXT];

	if (ms == 0)
		json_none(j, name);
	else
		json_c_text(j, name, instant_text(ms / 1000, text));
}

void
gaps_json(const struct gaps *g, struct json *j)
{
	struct gaps_tickets t = gaps_tickets(g);

	json_record(j, "tickets");
	json_int(j, "allowed", (int64_t)t.entries);
	json_int(j, "done", (int64_t)t.done);
	json_int(j, "failed", (int64_t)t.failed);
	json_int(j, "orphaned", (int64_t)t.orphaned);
	json_int(j, "closed", (int64_t)t.closed);
	json_int(j, "open", (int64_t)t.open);
	json_int(j, "retried", (int64_t)t.retried);
	json_int(j, "given_up", (int64_t)t.given_up);
	json_int(j, "remade", (int64_t)t.remade);
	json_close(j);
	json_record(j, "totals");
	for (unsigned int i = 0; i < GAP_KIND_COUNT; i++)
		json_int(j, gap_name((enum gap_kind)i),
		    (int64_t)gaps_total(g, (enum gap_kind)i));
	json_close(j);
	json_bool(j, "to_be_explained", gaps_matter(g));
	json_items(j, "gaps");
	for (size_t i = 0; i < gaps_count(g); i++) {
		const struct gap *gap = gaps_at(g, i);

		json_record(j, NULL);
		json_c_text(j, "kind", gap_name(gap->kind));
		json_int(j, "index", (int64_t)gap->index);
		put_time(j, "from", gap->from);
		put_time(j, "to", gap->to);
		json_c_text(j, "about", gap->about);
		json_close(j);
	}
	json_close(j);
}

void
gaps_csv(const struct gaps *g, struct bytes *out)
{
	char from[INSTANT_TEXT], to[INSTANT_TEXT];

	bytes_put_text(out, "kind,index,from,to,about\r\n");
	for (size_t i = 0; i < gaps_count(g); i++) {
		const struct gap *gap = gaps_at(g, i);

		bytes_printf(out, "%s,%" PRIu64 ",%s,%s,\"%s\"\r\n",
		    gap_name(gap->kind), gap->index, gap->from == 0 ? "" :
		    instant_text(gap->from / 1000, from), gap->to == 0 ? "" :
		    instant_text(gap->to / 1000, to), gap->about);
	}
}
