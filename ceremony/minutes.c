/*
 * The minutes of a ceremony, for paper: what its transcript says, in words, in
 * pages that bind each other. They are written from a directory that has been
 * verified; what they add is for people. Next: cli/ceremony.c prints them.
 */
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "ceremony/steps.h"
#include "ceremony/verify.h"
#include "quorum/words.h"

#define PAGE_LINES 54		/* of text, above the foot */
#define FOOT_WORDS 6		/* 66 bits: no last page is made to fit */

/* ---- lines */

static void
heading(struct bytes *out, const char *text)
{
	bytes_printf(out, "\n%s\n", text);
	for (size_t i = strlen(text); i != 0; i--)
		bytes_put_u8(out, '-');
	bytes_put_text(out, "\n\n");
}

/* In digits; the hashes that people read aloud also in words. */
static void
put_hash(struct bytes *out, const struct hash *h, bool words)
{
	for (size_t i = 0; i < (words ? HASH_LINES : 1); i++) {
		bytes_put_text(out, i == 0 ? "" : "    ");
		hash_line(h, i, out);
		bytes_put_u8(out, '\n');
	}
}

static void
put_value(struct bytes *out, const struct record *r, const char *key)
{
	AUTO_DONE(bytes) value = { 0 };

	if (record_get(r, key, &value) == ERR_OK)
		bytes_put(out, bytes_view(&value));
}

static void
put_clock(struct bytes *out, int64_t t)
{
	char text[INSTANT_TEXT];

	bytes_printf(out, "%.8s", instant_text(t, text) + 11);
}

/* ---- sections */

static void
put_head(struct bytes *out, const struct evidence *v)
{
	const struct records *r = &v->records;
	char from[INSTANT_TEXT], to[INSTANT_TEXT];

	bytes_printf(out, "MINUTES OF A KEY CEREMONY\n\n");
	bytes_printf(out, "name          %s\n", v->script->name);
	bytes_printf(out, "mode          %s\n", script_mode_name(v->mode));
	bytes_put_text(out, "ceremony      ");
	hex_put(out, VIEW_OF(v->id));
	bytes_printf(out, "\nbegan         %s\nended         %s\n",
	    instant_text(r->at[0].time, from),
	    instant_text(r->at[r->count - 1].time, to));
	bytes_printf(out, "records       %zu\n\nroot\n    ", r->count);
	put_hash(out, &r->root, true);
	bytes_put_text(out, "script\n    ");
	put_hash(out, &v->script_hash, true);
}

static void
put_people(struct bytes *out, const struct evidence *v)
{
	heading(out, "People");
	for (size_t i = 0; i < v->participants.count; i++) {
		const struct participant *p = &v->participants.at[i];

		bytes_printf(out, "%-13s %-9s %s%s\n", p->as,
		    script_role_name(p->role), p->who.name,
		    p->present ? "" : " (not present at the end)");
	}
}

static void
put_opening(struct bytes *out, const struct evidence *v)
{
	heading(out, "Opening");
	for (size_t i = 0; i < v->records.count; i++) {
		const struct record *r = &v->records.at[i];

		if (r->type != RECORD_HASHREAD && r->type != RECORD_CLOCK)
			continue;
		put_clock(out, r->time);
		bytes_put_text(out, "  ");
		bytes_put(out, r->actor);
		if (r->type == RECORD_CLOCK) {
			bytes_put_text(out, " read ");
			put_value(out, r, "said");
			bytes_put_text(out, " UTC from a watch\n");
			continue;
		}
		bytes_put_text(out, " read words ");
		put_value(out, r, "words");
		bytes_put_text(out, " of the ");
		put_value(out, r, "what");
		bytes_put_text(out, " from paper: ");
		put_value(out, r, "answer");
		bytes_put_u8(out, '\n');
	}
}

/* What was out of the ordinary, or decided by a quorum. */
static void
put_event(struct bytes *out, const struct record *r)
{
	static const struct {
		enum record_type	 type;
		const char		*words;
		const char		*keys[3];
	} events[] = {
		{ RECORD_EXCEPTION, "EXCEPTION:",
		    { "expected", "happened", "decided" } },
		{ RECORD_BREAK, "break:", { "left", "back" } },
		{ RECORD_RESUME, "resumed by another process", { 0 } },
		{ RECORD_TORN, "half a record was cut off", { 0 } },
		{ RECORD_KEYGEN, "key", { "label", "type" } },
		{ RECORD_CERT, "certificate", { "name", "not-after" } },
		{ RECORD_CRL, "revocation list", { "name", "number" } },
		{ RECORD_WRAP, "wrapped", { "copy" } },
		{ RECORD_RESTORE, "signs elsewhere", { "label", "token",
		    "serial" } },
		{ RECORD_SEAL, "sealed", { "label" } },
		{ RECORD_LOST, "LOST: token", { "token", "copies" } },
		{ RECORD_DESTROY, "destroyed", { "label" } },
	};

	for (size_t i = 0; i < COUNT(events); i++) {
		if (events[i].type != r->type)
			continue;
		bytes_printf(out, "            %s", events[i].words);
		for (size_t k = 0; k < COUNT(events[i].keys) &&
		    events[i].keys[k] != NULL; k++) {
			bytes_put_text(out, k == 0 ? " " : "; ");
			put_value(out, r, events[i].keys[k]);
		}
		bytes_put_u8(out, '\n');
	}
}

static void
put_agreed(struct bytes *out, const struct record *r)
{
	bytes_put_text(out, "            agreed: ");
	bytes_put(out, r->actor);
	if (record_says(r, "what", view_text("exception")) == ERR_OK)
		bytes_put_text(out, " (to the exception)");
	bytes_put_u8(out, '\n');
}

static void
put_steps(struct bytes *out, const struct evidence *v)
{
	size_t step = 0;

	heading(out, "Steps");
	for (size_t i = 0; i < v->records.count; i++) {
		const struct record *r = &v->records.at[i];
		char title[128];

		if (r->type == RECORD_INTENT) {
			step_title(v->script, step++, title);
			put_clock(out, r->time);
			bytes_printf(out, "  %zu. %s\n", step, title);
		}
		if (r->type == RECORD_CONFIRM)
			put_agreed(out, r);
		put_event(out, r);
		if (r->type == RECORD_RESULT) {
			put_clock(out, r->time);
			bytes_put_text(out, "    done\n");
		}
	}
}

static void
put_copies(struct bytes *out, const struct key_register *reg,
    const char *label)
{
	for (size_t i = 0; i < reg->copy_count; i++) {
		const struct register_copy *c = &reg->copies[i];

		if (strcmp(c->key, label) != 0)
			continue;
		if (c->medium == 0)
			bytes_printf(out, "  on token    %s, serial %s: %s\n",
			    c->token, c->serial,
			    register_state_name(c->state));
		else
			bytes_printf(out, "  on medium   %u, wrapped: %s\n",
			    c->medium, register_state_name(c->state));
	}
}

static void
put_register(struct bytes *out, const struct evidence *v)
{
	struct key_register reg;

	if (evidence_register(v, v->script->steps.count, &reg) != ERR_OK)
		return;
	heading(out, "Keys and certificates after it");
	for (size_t i = 0; i < reg.key_count; i++) {
		bytes_printf(out, "key %-20s %s; SHA-256 of its SPKI\n    ",
		    reg.keys[i].label,
		    register_state_name(reg.keys[i].state));
		put_hash(out, &reg.keys[i].spki, false);
		put_copies(out, &reg, reg.keys[i].label);
	}
	for (size_t i = 0; i < reg.certificate_count; i++) {
		bytes_printf(out, "certificate %s; SHA-256\n    ",
		    reg.certificates[i].name);
		put_hash(out, &reg.certificates[i].sha256, false);
	}
}

static void
put_boxes(struct bytes *out, const struct evidence *v)
{
	heading(out, "By hand");
	bytes_put_text(out, "I was present, and these minutes say what was "
	    "done.\n");
	for (size_t i = 0; i < v->participants.count; i++)
		if (v->participants.at[i].present)
			bytes_printf(out, "\n\n%s, %s\n"
			    "  agree / disagree   ______________________"
			    "______________   ____________\n",
			    v->participants.at[i].as,
			    v->participants.at[i].who.name);
}

/* ---- pages */

/* The next page of a text, which is taken from it. */
static struct view
next_page(struct view *rest)
{
	const uint8_t *start = rest->at;
	size_t lines = 0;

	while (rest->len != 0 && lines < PAGE_LINES) {
		lines += *rest->at == '\n';
		rest->at++;
		rest->len--;
	}
	return VIEW(start, (size_t)(rest->at - start));
}

static size_t
count_pages(struct view text)
{
	size_t pages = 0;

	while (text.len != 0) {
		(void)next_page(&text);
		pages++;
	}
	return pages;
}

static void
put_escaped(struct bytes *out, struct view v)
{
	for (size_t i = 0; i < v.len; i++)
		switch (v.at[i]) {
		case '<':
			bytes_put_text(out, "&lt;");
			break;
		case '&':
			bytes_put_text(out, "&amp;");
			break;
		default:
			bytes_put_u8(out, v.at[i]);
		}
}

static void
put_foot(struct bytes *out, size_t page, size_t pages, const struct hash *h)
{
	bytes_printf(out, "page %zu of %zu       ", page, pages);
	words_put(h, FOOT_WORDS, out);
	bytes_put_u8(out, '\n');
}

/* The foot of each page has the hash of it and of all pages before. */
static void
put_pages(struct view text, bool html, struct bytes *out)
{
	size_t pages = count_pages(text);
	struct hash running = { 0 };

	for (size_t page = 1; text.len != 0; page++) {
		struct view v = next_page(&text);

		running = sha256_2(VIEW_OF(running.at), v);
		if (html)
			bytes_put_text(out, "<section><pre>");
		html ? put_escaped(out, v) : bytes_put(out, v);
		bytes_put_text(out, html ? "</pre><footer>" : "\n");
		put_foot(out, page, pages, &running);
		bytes_put_text(out, html ? "</footer></section>\n" : "\f");
	}
}

static const char html_head[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" "
    "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<title>Minutes of a key ceremony</title>\n<style>\n"
    "body { margin: 0; background: #e9e9e4; color: #1b1b1b }\n"
    "section { box-sizing: border-box; max-width: 52rem; margin: 1rem auto;"
    " padding: 2.2rem 2.6rem; background: #fff;"
    " box-shadow: 0 1px 4px #0003 }\n"
    "pre, footer { font: 13px/1.45 ui-monospace, 'DejaVu Sans Mono',"
    " 'Noto Sans Mono CJK KR', monospace; margin: 0 }\n"
    "pre { white-space: pre-wrap; overflow-wrap: anywhere }\n"
    "footer { margin-top: 1.5rem; padding-top: .5rem;"
    " border-top: 1px solid #999; color: #444 }\n"
    "@page { size: A4; margin: 14mm }\n"
    "@media print { body { background: #fff } section { box-shadow: none;"
    " margin: 0; padding: 0; max-width: none; break-after: page }\n"
    " pre, footer { font-size: 10.5px } }\n"
    "</style></head><body>\n";

static void
put_text(const struct evidence *v, struct bytes *out)
{
	put_head(out, v);
	put_people(out, v);
	put_opening(out, v);
	put_steps(out, v);
	put_register(out, v);
	put_boxes(out, v);
}

enum err
ceremony_minutes(const char *dir, bool html, struct bytes *out)
{
	AUTO_DONE(evidence) v = { .dir = dir };
	AUTO_DONE(bytes) text = { 0 };
	struct ceremony_question q = { .dir = dir };
	struct ceremony_judgement j;
	enum err e = ceremony_examine(&q, NULL, &j);

	if (e != ERR_OK && j.verdict != VERDICT_DISAGREED)
		return e;	/* who disagrees is heard */
	TRY(evidence_load(&v, &j.root));
	TRY(evidence_people(&v));
	TRY(evidence_signatures(&v));
	TRY(verify_quorum(&v));
	TRY(verify_keys(&v));
	TRY(verify_certificates(&v));
	put_text(&v, &text);
	TRY(bytes_check(&text));
	if (html)
		bytes_put_text(out, html_head);
	put_pages(bytes_view(&text), html, out);
	if (html)
		bytes_put_text(out, "</body></html>\n");
	return bytes_check(out);
}
