/*
 * The report's second half: what was replayed, what is missing, what happened
 * around the decisions, and entries with their proofs.
 */
#include "audit/report_run.h"

#include <inttypes.h>

#include "base/time.h"

static void
put_time(int64_t ms, struct bytes *out)
{
	char text[INSTANT_TEXT];

	bytes_printf(out, "<span class=\"mono\">%s</span>",
	    instant_text(ms / 1000, text));
}

/* ---- replayed */

static void
put_replay(const struct replay_result *p, struct bytes *out)
{
	bytes_put_text(out, "<section><h2>Decisions made again</h2>"
	    "<table><thead><tr><th>Check</th><th class=\"n\">Explained</th>"
	    "<th class=\"n\">Of</th></tr></thead><tbody>");
	for (unsigned int i = 0; i < REPLAY_CHECK_COUNT; i++)
		bytes_printf(out, "<tr><td>%s</td><td class=\"n\">%" PRIu64
		    "</td><td class=\"n\">%" PRIu64 "</td></tr>",
		    replay_check_title((enum replay_check)i),
		    p->count[i].good, p->count[i].total);
	bytes_put_text(out, "</tbody></table>");
	for (size_t i = 0; i < p->finding_count && i < REPLAY_FINDINGS; i++) {
		bytes_printf(out, "<p>Entry %" PRIu64 ", %s: ",
		    p->findings[i].index,
		    replay_check_title(p->findings[i].check));
		report_c_text(out, p->findings[i].why);
		bytes_put_text(out, "</p>");
	}
	bytes_put_text(out, "</section>\n");
}

/* ---- missing */

#define GAPS_SHOWN 60

static void
put_gap(const struct gap *g, struct bytes *out)
{
	bytes_printf(out, "<tr><td>%s</td><td class=\"n\">%" PRIu64
	    "</td><td>", gap_name(g->kind), g->index);
	if (g->from != 0)
		put_time(g->from, out);
	bytes_put_text(out, "</td><td>");
	if (g->to > g->from)
		bytes_printf(out, "%" PRId64 " s ", (g->to - g->from) / 1000);
	report_c_text(out, g->about);
	bytes_put_text(out, "</td></tr>");
}

static void
put_gaps(const struct report *r, struct bytes *out)
{
	size_t count = gaps_count(r->gaps);

	bytes_printf(out, "<section><h2>What is missing</h2><p>%s</p>",
	    gaps_matter(r->gaps) ? "Somebody must explain some of this." :
	    "Nothing that would have to be explained.");
	if (count != 0)
		bytes_put_text(out, "<div class=\"scroll\"><table><thead><tr>"
		    "<th>Kind</th><th class=\"n\">Entry</th><th>From</th>"
		    "<th>About</th></tr></thead><tbody>");
	for (size_t i = 0; i < count && i < GAPS_SHOWN; i++)
		put_gap(gaps_at(r->gaps, i), out);
	if (count != 0)
		bytes_put_text(out, "</tbody></table></div>");
	if (count > GAPS_SHOWN)
		bytes_printf(out, "<p class=\"note\">%d of %zu.</p>",
		    GAPS_SHOWN, count);
	bytes_put_text(out, "</section>\n");
}

/* ---- what happened */

static bool
is_common(unsigned int m)
{
	return m == SCHEMA_BOOT || m == SCHEMA_EV || m == SCHEMA_N ||
	    m == SCHEMA_SEQ || m == SCHEMA_T || m == SCHEMA_V;
}

/* Every member that is not on every entry: name and value. */
static void
put_members(const struct report_told *t, struct bytes *out)
{
	struct schema_entry e;
	const char *between = "";

	if (schema_get(t->entry, &e) != ERR_OK)
		return;
	for (unsigned int m = 0; m < SCHEMA_MEMBER_COUNT; m++) {
		if (e.member[m].at == NULL || is_common(m))
			continue;
		bytes_printf(out, "%s%s ", between,
		    schema_member_name((enum schema_member)m));
		bytes_put_text(out, "<code>");
		report_text(out, e.member[m]);
		bytes_put_text(out, "</code>");
		between = "<br>";
	}
}

static void
put_told(const struct report *r, const char *title, bool (*of)(
    enum schema_event event), struct bytes *out)
{
	bool any = false;

	for (size_t i = 0; i < r->told_count; i++) {
		const struct report_told *t = &r->told[i];

		if (!of(t->event))
			continue;
		if (!any)
			bytes_printf(out, "<section><h2>%s</h2><table><thead>"
			    "<tr><th class=\"n\">Entry</th><th>What</th>"
			    "</tr></thead><tbody>", title);
		any = true;
		bytes_printf(out, "<tr><td class=\"n\">%" PRIu64 "</td>"
		    "<td class=\"name\"><strong>%s</strong> ", t->index,
		    schema_event_name(t->event));
		put_time(t->t, out);
		bytes_put_text(out, "<br>");
		put_members(t, out);
		bytes_put_text(out, "</td></tr>");
	}
	if (any)
		bytes_put_text(out, "</tbody></table></section>\n");
}

static bool
of_policy(enum schema_event event)
{
	return event == SCHEMA_EVENT_POLICY_IN_FORCE;
}

static bool
of_ceremony(enum schema_event event)
{
	return event == SCHEMA_EVENT_CEREMONY ||
	    event == SCHEMA_EVENT_LOGKEY_ROTATE;
}

static bool
of_witness(enum schema_event event)
{
	return event == SCHEMA_EVENT_WITNESS_LOST ||
	    event == SCHEMA_EVENT_WITNESS_GAINED ||
	    event == SCHEMA_EVENT_PERIOD_CLOSE ||
	    event == SCHEMA_EVENT_PRUNE;
}

static bool
of_service(enum schema_event event)
{
	return !of_policy(event) && !of_ceremony(event) && !of_witness(event);
}

/* ---- checkpoint and witnesses */

static void
put_checkpoint(const struct report_about *a, struct bytes *out)
{
	bytes_put_text(out, "<section><h2>Checkpoint and witnesses</h2>");
	if (a->verified != NULL && trust_witness_count(a->trust) != 0)
		bytes_printf(out, "<p>%zu of %zu witnesses have cosigned it; "
		    "the quorum asked for is <code>%s</code>.</p>",
		    a->verified->witnesses, a->verified->witnesses_known,
		    a->verified->quorum);
	else
		bytes_put_text(out, "<p>No witness was asked for: only the "
		    "log’s own key says that there is one tree for "
		    "everybody.</p>");
	bytes_put_text(out, "<pre>");
	report_text(out, a->note);
	bytes_put_text(out, "</pre>");
	for (size_t i = 0; i < trust_log_count(a->trust); i++) {
		AUTO_DONE(bytes) text = { 0 };

		vkey_put(trust_log(a->trust, i)->key, &text);
		bytes_put_text(out, "<p class=\"note\">Key <code>");
		report_text(out, bytes_view(&text));
		bytes_printf(out, "</code>%s</p>", trust_log(a->trust,
		    i)->until < a->checkpoint.size ? ", replaced since" : "");
	}
	bytes_put_text(out, "</section>\n");
}

void
report_happened(const struct report *r, const struct report_about *a,
    struct bytes *out)
{
	if (a->replay != NULL)
		put_replay(a->replay, out);
	put_gaps(r, out);
	put_checkpoint(a, out);
	put_told(r, "Policies in force", of_policy, out);
	put_told(r, "Ceremonies", of_ceremony, out);
	put_told(r, "Witnesses and periods", of_witness, out);
	put_told(r, "The service", of_service, out);
	if (r->untold != 0)
		bytes_printf(out, "<p class=\"note\">%" PRIu64 " more such "
		    "entries are in the log.</p>", r->untold);
}

void
report_entries(const struct report *r, struct bytes *out)
{
	bytes_put_text(out, "<section><h2>Entries with their proofs</h2>"
	    "<p class=\"note\">Drawn by the root itself, which nobody can "
	    "choose: <code>okse audit sample --seed</code> with the root in "
	    "base64 draws the same. Your browser computes each one’s path to "
	    "the signed root.</p>");
	for (size_t i = 0; i < r->shown_count; i++) {
		const struct report_shown *s = &r->shown[i];
		struct schema_entry e;

		if (schema_get(s->entry, &e) != ERR_OK)
			continue;
		bytes_printf(out, "<details id=\"entry-%" PRIu64 "\"><summary>"
		    "<span class=\"state\">–</span>Entry %" PRIu64 ", %s",
		    s->index, s->index, schema_event_name(e.event));
		if (e.member[SCHEMA_OUT].at != NULL) {
			bytes_put_text(out, ", ");
			report_text(out, e.member[SCHEMA_OUT]);
		}
		bytes_put_text(out, "</summary><pre>");
		report_text(out, s->entry);
		bytes_printf(out, "</pre><p class=\"note\">%zu hashes to the "
		    "root.</p></details>", s->proof.count);
	}
	bytes_put_text(out, "</section>\n");
}
