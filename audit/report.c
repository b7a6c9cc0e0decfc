/*
 * Collecting for the report, and putting the page together: its template is
 * report_page.html, {{name}} stands for what is put there. Entries are
 * anybody's bytes that passed schema_get(); nothing of them is trusted to be
 * free of markup. Next: report_figures.c.
 */
#include "audit/report_run.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/time.h"

enum err
report_new(uint64_t size, struct report **out_report)
{
	AUTO(report) r = mem_new(1, sizeof(*r));

	if (r == NULL)
		return err_because(ERR_MEMORY, "no memory for a report");
	TRY(gaps_new(GAPS_SILENCE, size, &r->gaps));
	*out_report = STEAL(r);
	return ERR_OK;
}

void
report_free(struct report *r)
{
	if (r == NULL)
		return;
	summary_done(&r->summary);
	gaps_free(r->gaps);
	for (size_t i = 0; i < r->told_count; i++)
		mem_free((void *)(uintptr_t)r->told[i].entry.at);
	for (size_t i = 0; i < r->shown_count; i++)
		mem_free((void *)(uintptr_t)r->shown[i].entry.at);
	mem_free(r->told);
	mem_free(r->shown);
	mem_free(r);
}

/* ---- collecting */

static enum err
keep(struct view entry, struct view *out)
{
	uint8_t *copy = mem_new(entry.len, 1);

	if (copy == NULL)
		return err_because(ERR_MEMORY, "no memory for a report");
	memcpy(copy, entry.at, entry.len);
	*out = VIEW(copy, entry.len);
	return ERR_OK;
}

/* What comes by the thousand is counted, not told. */
static bool
is_told(enum schema_event event)
{
	switch (event) {
	case SCHEMA_EVENT_DECISION:
	case SCHEMA_EVENT_DONE:
	case SCHEMA_EVENT_FAILED:
	case SCHEMA_EVENT_HEARTBEAT:
	case SCHEMA_EVENT_REFUSED:
	case SCHEMA_EVENT_STATUS_LIST:
	case SCHEMA_EVENT_UNSEAL_SHARE:
		return false;
	default:
		return true;
	}
}

static enum err
tell(struct report *r, uint64_t index, struct view entry,
    const struct schema_entry *e)
{
	struct report_told t = { .index = index, .event = e->event,
		.t = (int64_t)schema_count(e, SCHEMA_T) };
	struct report_told *at;

	if (r->told_count == REPORT_TOLD) {
		r->untold++;
		return ERR_OK;
	}
	if (r->told_count == r->told_room) {
		r->told_room += 50;
		at = mem_resize(r->told, r->told_room, sizeof(*at));
		if (at == NULL)
			return err_because(ERR_MEMORY, "no memory for a "
			    "report");
		r->told = at;
	}
	TRY(keep(entry, &t.entry));
	r->told[r->told_count++] = t;
	return ERR_OK;
}

enum err
report_entry(struct report *r, uint64_t index, struct view entry,
    const struct schema_entry *e)
{
	TRY(summary_entry(&r->summary, index, e));
	TRY(gaps_entry(r->gaps, index, e));
	return is_told(e->event) ? tell(r, index, entry, e) : ERR_OK;
}

enum err
report_end(struct report *r)
{
	summary_sort(&r->summary);
	return gaps_end(r->gaps);
}

enum err
report_proof(struct report *r, uint64_t index, struct view entry,
    const struct proof *proof)
{
	struct report_shown s = { .index = index, .proof = *proof };
	struct report_shown *at;

	if (r->shown_count == r->shown_room) {
		r->shown_room += 32;
		at = mem_resize(r->shown, r->shown_room, sizeof(*at));
		if (at == NULL)
			return err_because(ERR_MEMORY, "no memory for a "
			    "report");
		r->shown = at;
	}
	TRY(keep(entry, &s.entry));
	r->shown[r->shown_count++] = s;
	return ERR_OK;
}

/* ---- the page */

void
report_text(struct bytes *out, struct view text)
{
	for (size_t i = 0; i < text.len; i++)
		switch (text.at[i]) {
		case '&':
			bytes_put_text(out, "&amp;");
			break;
		case '<':
			bytes_put_text(out, "&lt;");
			break;
		case '>':
			bytes_put_text(out, "&gt;");
			break;
		case '"':
			bytes_put_text(out, "&quot;");
			break;
		case '\'':
			bytes_put_text(out, "&#39;");
			break;
		default:
			bytes_put_u8(out, text.at[i]);
		}
}

void
report_c_text(struct bytes *out, const char *text)
{
	report_text(out, view_text(text));
}

static void
put_keys(const struct report_about *a, struct json *j)
{
	json_items(j, "keys");
	for (size_t i = 0; i < trust_log_count(a->trust); i++) {
		const struct vkey *key = trust_log(a->trust, i)->key;
		AUTO_DONE(bytes) text = { 0 };

		if (!view_equal(vkey_name(key), a->checkpoint.origin) ||
		    trust_log(a->trust, i)->until < a->checkpoint.size)
			continue;
		vkey_put(key, &text);
		json_text(j, NULL, bytes_view(&text));
	}
	json_close(j);
	json_items(j, "witnesses");
	for (size_t i = 0; i < trust_witness_count(a->trust); i++) {
		AUTO_DONE(bytes) text = { 0 };

		vkey_put(trust_witness(a->trust, i)->key, &text);
		json_text(j, NULL, bytes_view(&text));
	}
	json_close(j);
}

static void
put_proofs(const struct report *r, struct json *j)
{
	json_items(j, "proofs");
	for (size_t i = 0; i < r->shown_count; i++) {
		const struct report_shown *s = &r->shown[i];

		json_record(j, NULL);
		json_int(j, "index", (int64_t)s->index);
		json_text(j, "entry", s->entry);
		json_items(j, "path");
		for (size_t p = 0; p < s->proof.count; p++)
			json_base64(j, NULL, VIEW_OF(s->proof.at[p].at));
		json_close(j);
		json_close(j);
	}
	json_close(j);
}

/* JSON within a script: nothing in it may end the script. */
static void
put_data(const struct report *r, const struct report_about *a,
    struct bytes *out)
{
	AUTO_DONE(bytes) text = { 0 };
	struct json j = json_start(&text);

	json_record(&j, NULL);
	json_text(&j, "origin", a->checkpoint.origin);
	json_int(&j, "size", (int64_t)a->checkpoint.size);
	json_text(&j, "note", a->note);
	put_keys(a, &j);
	put_proofs(r, &j);
	json_close(&j);
	if (json_end(&j) != ERR_OK)
		out->failed = true;
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '<')
			bytes_put_text(out, "\\u003c");
		else
			bytes_put_u8(out, text.at[i]);
	}
}

static void
put_verified(const struct report_about *a, struct bytes *out)
{
	static const char *const words[] = {
		[VERIFY_VERIFIED] = ("verified: every entry hashes to the "
		    "signed root"),
		[VERIFY_TAMPERED] = "found TAMPERED",
		[VERIFY_INCOMPLETE] = "found INCOMPLETE",
		[VERIFY_UNWITNESSED] = "verified, but not witnessed in time",
	};

	if (a->verified == NULL)
		bytes_put_text(out, "The figures are from a log that was NOT "
		    "verified when this report was written.");
	else
		bytes_printf(out, "When this report was written, the whole "
		    "log was read and %s.", words[a->verified->verdict]);
}

static void
put_hash(struct view v, struct bytes *out)
{
	struct hash h = sha256(v);

	bytes_put_text(out, "sha256-");
	base64_put(out, VIEW_OF(h.at));
}

static void
put_commands(const struct report_about *a, struct bytes *out)
{
	bytes_put_text(out, "okse audit verify --key log.vkey ");
	report_c_text(out, a->place);
	bytes_put_text(out, "\nokse audit replay --key log.vkey --policies "
	    "DIR --roster FILE ");
	report_c_text(out, a->place);
	bytes_put_text(out, "\nokse audit gaps --key log.vkey ");
	report_c_text(out, a->place);
}

static void
put_period(const struct report *r, const struct report_about *a,
    struct bytes *out)
{
	char first[INSTANT_TEXT], last[INSTANT_TEXT];

	bytes_printf(out, "%" PRIu64 " entries, %s to %s (UTC)",
	    a->checkpoint.size,
	    instant_text(r->summary.first_t / 1000, first),
	    instant_text(r->summary.last_t / 1000, last));
}

static struct view
page_file(const uint8_t *at, const uint8_t *end)
{
	return VIEW(at, (size_t)(end - at));
}

/* What {{name}} stands for. */
static void
put_named(const struct report *r, const struct report_about *a,
    struct view name, struct bytes *out)
{
	struct view css = page_file(report_page_css, report_page_css_end);
	struct view js = page_file(report_page_js, report_page_js_end);
	char now[INSTANT_TEXT];

	if (view_is(name, "css-hash"))
		put_hash(css, out);
	else if (view_is(name, "js-hash"))
		put_hash(js, out);
	else if (view_is(name, "css"))
		bytes_put(out, css);
	else if (view_is(name, "js"))
		bytes_put(out, js);
	else if (view_is(name, "origin") || view_is(name, "title"))
		report_text(out, a->checkpoint.origin);
	else if (view_is(name, "period"))
		put_period(r, a, out);
	else if (view_is(name, "verified"))
		put_verified(a, out);
	else if (view_is(name, "body"))
		report_body(r, a, out);
	else if (view_is(name, "commands"))
		put_commands(a, out);
	else if (view_is(name, "version"))
		bytes_printf(out, "%u", a->version);
	else if (view_is(name, "now"))
		bytes_put_text(out, instant_text(a->now, now));
	else if (view_is(name, "data"))
		put_data(r, a, out);
	else
		out->failed = true;
}

void
report_html(const struct report *r, const struct report_about *a,
    struct bytes *out)
{
	struct view rest = page_file(report_page_html, report_page_html_end);
	const uint8_t *open, *close;

	while ((open = memmem(rest.at, rest.len, "{{", 2)) != NULL) {
		close = memmem(open, rest.len - (size_t)(open - rest.at),
		    "}}", 2);
		if (close == NULL)
			break;
		bytes_put(out, VIEW(rest.at, (size_t)(open - rest.at)));
		put_named(r, a, VIEW(open + 2, (size_t)(close - open) - 2),
		    out);
		rest.len -= (size_t)(close + 2 - rest.at);
		rest.at = close + 2;
	}
	bytes_put(out, rest);
}

void
report_csv(const struct report *r, struct bytes *out)
{
	summary_csv(&r->summary, out);
	for (unsigned int i = 0; i < GAP_KIND_COUNT; i++)
		bytes_printf(out, "gap,%s,%" PRIu64 ",0,0,0\r\n",
		    gap_name((enum gap_kind)i),
		    gaps_total(r->gaps, (enum gap_kind)i));
}
