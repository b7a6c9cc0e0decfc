/*
 * Errands to witnesses and what they bring back. An answer has passed two
 * hostile places, the witness and the way: of a 200 the signature counts, of
 * a 409 the number is a hint, and everything else is a reason to look, to
 * wait or to be alarmed. Next: attest_ask.c.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "audit/cosignature.h"
#include "audit/witness.h"
#include "base/time.h"
#include "signer/courier/courier.h"
#include "signer/log.h"
#include "signer/notary/attest.h"

#define SECOND INT64_C(1000000)
#define BACKOFF_FIRST (SECOND / 2)
#define REFUSED_FAILURES 10	/* as if so many: the longest pause */
#define CONFLICTS_MAX 3		/* in a row, before a pause */
#define SLACK (5 * SECOND)	/* for the courier, beyond its own limit */

/* ---- how an errand ends */

static void
succeed(struct attest_witness *w, int64_t now_us)
{
	w->errand = 0;
	w->failures = 0;
	w->due_us = now_us;
	w->answers++;
}

/* Another attempt after a pause. */
static void
fail(struct attest_witness *w, int64_t now_us)
{
	int64_t wait = BACKOFF_FIRST;

	for (unsigned int i = 0; i < w->failures && wait < w->pause_us; i++)
		wait *= 2;
	w->errand = 0;
	w->failed = true;
	w->look = false;
	w->known = w->cosigned;		/* what it only said counts no more */
	w->failures++;
	w->troubles++;
	w->due_us = now_us + (wait < w->pause_us ? wait : w->pause_us);
}

/* Of no use this time; but who has refused goes on refusing. */
static void __attribute__((format(printf, 3, 4)))
fall_silent(struct attest_witness *w, int64_t now_us, const char *fmt, ...)
{
	char why[ATTEST_WHY];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	if (w->state != ATTEST_REFUSES && w->state != ATTEST_CONTRADICTS)
		attest_set(w, ATTEST_SILENT, "%s", why);
	fail(w, now_us);
}

/* Let it show what it knows, before anybody concludes anything. */
static void
look_at(struct attest_witness *w, int64_t now_us)
{
	w->errand = 0;
	w->look = true;
	w->looked = false;
	w->due_us = now_us;
}

/* ---- asking */
static bool
wants_cosignature(const struct attest *a, const struct attest_witness *w)
{
	size_t i = (size_t)(w - a->at);

	if (journal_note(a->journal).len == 0 || w->known > a->offer)
		return false;
	return a->lines[i] == TRUST_NEVER || (a->asking && !w->fresh);
}

/* A signature says more than a look; but there may be nothing to sign yet. */
static bool
wants_look(const struct attest *a, const struct attest_witness *w)
{
	return w->look || (a->asking && !w->looked &&
	    journal_note(a->journal).len == 0);
}

/* A period's end comes first: who has cosigned more never cosigns it. */
static const struct closed_period *
owed(const struct attest *a, const struct attest_witness *w)
{
	return closed_owed(a->closed, (size_t)(w - a->at), w->known,
	    a->offer);
}

static enum err
put_add(struct attest *a, struct attest_witness *w, struct bytes *out)
{
	const struct closed_period *period = owed(a, w);
	struct view note = period != NULL ? bytes_view(&period->note) :
	    journal_note(a->journal);
	AUTO_DONE(bytes) request = { 0 };
	struct proof proof;
	struct note n;

	w->size = period != NULL ? period->size : a->offer;
	TRY(note_get(note, &n));
	TRY(journal_prove(a->journal, w->known, w->size, &proof));
	bytes_reset(&w->text);
	bytes_put(&w->text, n.text);
	witness_request_put(&request, w->known, &proof, note);
	bytes_put_block(out, bytes_view(&request));
	TRY(bytes_check(&w->text));
	return bytes_check(out);
}

static enum err
put_errand(struct attest *a, struct attest_witness *w, int64_t now_us,
    struct bytes *out)
{
	w->kind = wants_look(a, w) ? ERRAND_LOOK : ERRAND_ADD;
	bytes_put_u16(out, (uint16_t)(w - a->at));
	bytes_put_u8(out, (uint8_t)w->kind);
	if (w->kind == ERRAND_ADD)
		TRY(put_add(a, w, out));
	else
		bytes_put_block(out, VIEW(NULL, 0));
	if (++a->next_errand == 0)
		a->next_errand++;
	w->errand = a->next_errand;
	w->sent_us = now_us;
	return bytes_check(out);
}

enum err
attest_next(struct attest *a, int64_t now_us, bool *out_any,
    uint64_t *out_id, struct bytes *out_body)
{
	int64_t limit = a->config->timeout * SECOND + SLACK;

	*out_any = false;
	if (a->offer != journal_note_size(a->journal))
		attest_offer(a);
	for (size_t i = 0; i < a->count && !*out_any; i++) {
		struct attest_witness *w = &a->at[i];

		if (w->errand != 0 && now_us - w->sent_us > limit) {
			fall_silent(w, now_us, "the courier lost it");
		}
		if (w->errand != 0 || now_us < w->due_us ||
		    (!wants_look(a, w) && !wants_cosignature(a, w) &&
		    owed(a, w) == NULL))
			continue;
		TRY(put_errand(a, w, now_us, out_body));
		*out_id = w->errand;
		*out_any = true;
	}
	return ERR_OK;
}

void
attest_courier_gone(struct attest *a)
{
	for (size_t i = 0; i < a->count; i++)
		a->at[i].errand = 0;
}

/* ---- what came back */

static enum err
check_time(uint64_t time)
{
	int64_t now = time_now();

	if (time > INT64_MAX || (int64_t)time > now + ATTEST_SKEW ||
	    (int64_t)time < now - ATTEST_SKEW)
		return err_because(ERR_RANGE, "its clock is off by more than "
		    "%d seconds", ATTEST_SKEW);
	return ERR_OK;
}

/* Periods first: what follows may be sent only when theirs is durable. */
static enum err
take_line(struct attest *a, struct attest_witness *w, uint64_t time,
    struct view line, int64_t now_us)
{
	const struct closed_cosigned by = { (size_t)(w - a->at),
	    w->trust->key, w->size, time, bytes_view(&w->text), line };
	struct note n;

	TRY(closed_cosigned(a->closed, &by));
	TRY(note_get(journal_note(a->journal), &n));
	if (!view_equal(n.text, by.text)) {
		/* an older one; an opening waits for the next */
		a->asked_us = now_us;
		return ERR_OK;
	}
	w->fresh = true;
	a->lines[by.witness] = time;
	return journal_add_line(a->journal, by.key, line);
}

static enum err
on_cosigned(struct attest *a, struct attest_witness *w, struct view body,
    int64_t now_us)
{
	AUTO_DONE(bytes) line = { 0 };
	uint64_t time;

	if (cosignature_take(body, bytes_view(&w->text), w->trust->key,
	    &time, &line) != ERR_OK || check_time(time) != ERR_OK) {
		fall_silent(w, now_us, "%s", err_why());
		return ERR_OK;
	}
	succeed(w, now_us);
	w->conflicts = 0;
	w->known = w->size;
	if (w->cosigned < w->size)
		w->cosigned = w->size;
	w->cosigned_at = (int64_t)time;
	attest_set(w, ATTEST_AGREES, "cosigned");
	if (w->recorded != ATTEST_GAINED)
		w->due = ATTEST_GAINED;
	return take_line(a, w, time, bytes_view(&line), now_us);
}

/* It knows another size than we thought, at best the newest it signed. */
static void
on_conflict(struct attest *a, struct attest_witness *w, struct view body,
    int64_t now_us)
{
	uint64_t size;

	if (witness_size_get(body, &size) != ERR_OK ||
	    ++w->conflicts > CONFLICTS_MAX) {
		w->conflicts = 0;
		fall_silent(w, now_us, "its conflicts lead nowhere");
		return;
	}
	succeed(w, now_us);
	w->known = size;
	if (size <= a->offer)
		return;
	look_at(w, now_us);
	if (size > journal_durable(a->journal))
		attest_set(w, ATTEST_REFUSES, "it says it knows %" PRIu64
		    " entries, this log has %" PRIu64, size,
		    journal_durable(a->journal));
}

static enum err
on_add(struct attest *a, struct attest_witness *w, unsigned int status,
    struct view body, int64_t now_us)
{
	switch (status) {
	case 200:
		return on_cosigned(a, w, body, now_us);
	case 409:
		on_conflict(a, w, body, now_us);
		return ERR_OK;
	case 422:
		attest_set(w, ATTEST_REFUSES, "it says that this log is no "
		    "growth of what it knows");
		w->troubles++;
		look_at(w, now_us);
		return ERR_OK;
	case 403:
		fall_silent(w, now_us, "it does not know this log's key");
		return ERR_OK;
	case 404:
		fall_silent(w, now_us, "it does not know this log");
		return ERR_OK;
	default:
		fall_silent(w, now_us, "it answers with status %u", status);
		return ERR_OK;
	}
}

static enum err
on_look(struct attest *a, struct attest_witness *w, unsigned int status,
    struct view body, int64_t now_us)
{
	if (status != 200 && status != 404) {
		fall_silent(w, now_us, "it answers with status %u", status);
		return ERR_OK;
	}
	if (status == 200) {
		enum err e = attest_judge(a, w, body);

		if (e == ERR_SYNTAX) {
			fall_silent(w, now_us, "%s", err_why());
			return ERR_OK;
		}
		TRY(e);
	}
	succeed(w, now_us);
	w->looked = true;
	w->look = false;
	if (w->state != ATTEST_REFUSES && w->state != ATTEST_CONTRADICTS)
		return ERR_OK;
	/* asked again now and then */
	w->failures = REFUSED_FAILURES;
	fail(w, now_us);
	return ERR_OK;
}

enum err
attest_returned(struct attest *a, uint64_t id, struct view body,
    int64_t now_us)
{
	struct reader r = reader_of(body);
	size_t i = reader_u16(&r);
	unsigned int e = reader_u16(&r), status = reader_u16(&r);
	struct view answer = reader_block(&r, ERRAND_ANSWER_MAX);
	struct view why = reader_block(&r, body.len);
	struct attest_witness *w;

	if (reader_end(&r, "RETURNED") != ERR_OK || i >= a->count) {
		log_error("the courier: a broken RETURNED");
		return ERR_OK;
	}
	w = &a->at[i];
	if (w->errand == 0 || w->errand != id)
		return ERR_OK;
	if (e != ERR_OK) {
		fall_silent(w, now_us, "%.*s", (int)why.len,
		    (const char *)why.at);
		return ERR_OK;
	}
	return w->kind == ERRAND_ADD ? on_add(a, w, status, answer, now_us) :
	    on_look(a, w, status, answer, now_us);
}

