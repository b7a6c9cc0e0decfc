/*
 * Does a witness know another tree of this log? A copy of old data restored,
 * or a second daemon with the same key, shows itself here: the witness has
 * signed more, or something else. Before an opening all are asked; while
 * open, a refusal makes the notary look. Next: attest_tell.c.
 */
#include <inttypes.h>

#include "base/time.h"
#include "signer/log.h"
#include "signer/notary/attest.h"

#define SECOND INT64_C(1000000)

static void
contradiction(struct attest *a, struct attest_witness *w,
    const struct checkpoint *c, const char *what)
{
	attest_set(w, ATTEST_CONTRADICTS, "it shows a tree of %" PRIu64
	    " entries that this log's key has signed; here are %" PRIu64
	    "%s", c->size, journal_durable(a->journal), what);
	a->contradicted = true;
}

enum err
attest_judge(struct attest *a, struct attest_witness *w, struct view note)
{
	struct checkpoint c;
	bool strange;
	enum err e;

	if (logkeys_open(a->keys, note, &c, &strange) != ERR_OK)
		return err_because(ERR_SYNTAX,
		    "what it shows is no checkpoint of this log");
	if (c.size > journal_durable(a->journal)) {
		contradiction(a, w, &c, "");
		return ERR_OK;
	}
	e = journal_root_is(a->journal, c.size, &c.root);
	if (e == ERR_MISMATCH) {
		contradiction(a, w, &c, ", and not the same");
		return ERR_OK;
	}
	TRY(e);
	w->known = c.size;
	if (w->state != ATTEST_REFUSES)
		attest_set(w, ATTEST_AGREES, "it knows %" PRIu64 " entries",
		    c.size);
	return ERR_OK;
}

/* ---- before an opening */

void
attest_ask(struct attest *a, int64_t now_us)
{
	a->asking = a->answer_due = true;
	a->asked_us = now_us;
	a->contradicted = false;
	for (size_t i = 0; i < a->count; i++) {
		struct attest_witness *w = &a->at[i];

		/* an answer on its way may be older than the question */
		w->errand = 0;
		w->state = ATTEST_UNASKED;
		w->due_us = now_us;
		w->failures = w->conflicts = 0;
		w->look = w->looked = w->fresh = w->failed = false;
	}
}

/*
 * A fresh cosignature of the checkpoint at hand says that it knows no larger
 * tree. It may know one that is durable here and not published yet: that it
 * is the same was looked at.
 */
static bool
has_agreed(const struct attest *a, const struct attest_witness *w)
{
	if (w->state != ATTEST_AGREES && w->state != ATTEST_UNASKED)
		return false;
	if (journal_note(a->journal).len == 0 || w->known > a->offer)
		return w->looked;
	return w->fresh;
}

/* Who only refuses has until the end to show why. */
static enum err
objection(const struct attest *a, bool at_the_end)
{
	for (size_t i = 0; i < a->count; i++) {
		const struct attest_witness *w = &a->at[i];

		if (w->state == ATTEST_CONTRADICTS ||
		    (w->state == ATTEST_REFUSES && (w->looked || at_the_end)))
			return err_because(ERR_MISMATCH, "witness %.*s: %s. "
			    "This log was set back or runs twice; it stays "
			    "sealed", (int)w->trust->name.len,
			    (const char *)w->trust->name.at, w->why);
	}
	return ERR_OK;
}

static bool
all_answered(const struct attest *a, int64_t now_us)
{
	int64_t limit = (2 * a->config->timeout + 2) * SECOND;

	if (now_us - a->asked_us > limit)
		return true;
	for (size_t i = 0; i < a->count; i++)
		if (!has_agreed(a, &a->at[i]) && !a->at[i].failed)
			return false;
	return true;
}

static enum err
count_agreed(const struct attest *a)
{
	uint64_t agreed[TRUST_MAX];
	size_t count = 0;

	for (size_t i = 0; i < TRUST_MAX; i++)
		agreed[i] = TRUST_NEVER;
	for (size_t i = 0; i < a->count; i++)
		if (has_agreed(a, &a->at[i])) {
			agreed[i] = 1;
			count++;
		}
	log_info("%zu of %zu witnesses know this log as it is", count,
	    a->count);
	if (trust_quorum_time(a->policy, agreed) != TRUST_NEVER ||
	    a->config->at_unseal == AT_UNSEAL_ANY)
		return ERR_OK;
	return err_because(ERR_UNWITNESSED, "%zu of %zu witnesses answered "
	    "and agree, which is no quorum: it stays sealed (okse.yaml: "
	    "witnesses.at-unseal)", count, a->count);
}

enum err
attest_verdict(struct attest *a, int64_t now_us)
{
	enum err e = objection(a, false);

	if (e == ERR_OK && !all_answered(a, now_us))
		return ERR_IN_FLIGHT;
	a->asking = false;
	a->contradicted = false;
	if (e == ERR_OK)
		e = objection(a, true);
	return e != ERR_OK ? e : count_agreed(a);
}

enum err
attest_alarm(struct attest *a)
{
	if (!a->contradicted || a->asking)
		return ERR_OK;
	a->contradicted = false;
	return objection(a, false);
}
