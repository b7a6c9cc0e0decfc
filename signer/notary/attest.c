/*
 * What became of checkpoints among witnesses: which size has its quorum, for
 * how long one is missing, when to publish without. Only verified signatures
 * get here. Next: attest_errand.c, attest_ask.c, attest_tell.c.
 */
#include "signer/notary/attest.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/time.h"
#include "signer/log.h"

#define SECOND INT64_C(1000000)
#define PAUSE_TIMEOUTS 3	/* so many of an answer's limit */

/* ---- small things */

const char *
attest_state_name(enum attest_state s)
{
	static const char *const names[] = {
		[ATTEST_UNASKED] = "unasked",
		[ATTEST_AGREES] = "agrees",
		[ATTEST_SILENT] = "silent",
		[ATTEST_REFUSES] = "refuses",
		[ATTEST_CONTRADICTS] = "contradicts",
	};

	return names[s];
}

void
attest_set(struct attest_witness *w, enum attest_state s, const char *fmt,
    ...)
{
	enum attest_state before = w->state;
	va_list ap;

	w->state = s;
	va_start(ap, fmt);
	vsnprintf(w->why, sizeof(w->why), fmt, ap);
	va_end(ap);
	if (s == before || (s == ATTEST_AGREES && before == ATTEST_UNASKED))
		return;
	if (s == ATTEST_AGREES)
		log_info("witness %.*s agrees again",
		    (int)w->trust->name.len,
		    (const char *)w->trust->name.at);
	else
		log_warning("witness %.*s: %s", (int)w->trust->name.len,
		    (const char *)w->trust->name.at, w->why);
}

int64_t
attest_waited(const struct attest_lag *lag, int64_t now_us)
{
	return lag->size == 0 ? 0 : now_us - lag->since_us;
}

/* The oldest of what is behind reached waits since it was first seen here. */
static void
lag_follow(struct attest_lag *lag, uint64_t reached, uint64_t goal,
    int64_t now_us)
{
	if (lag->size != 0 && reached < lag->size)
		return;
	lag->size = reached < goal ? goal : 0;	/* a newer one begins */
	lag->since_us = now_us;
}

/* ---- open and close */

void
attest_free(struct attest *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < a->count; i++)
		bytes_done(&a->at[i].text);
	trust_policy_free(a->policy);
	mem_free(a);
}

static enum err
check_policy(const struct attest *a)
{
	bool named = false;

	for (size_t i = 0; i < trust_log_count(a->policy); i++)
		for (size_t k = 0; k < a->keys->count; k++)
			named = named || vkey_same_key(trust_log(a->policy,
			    i)->key, a->keys->at[k].key);
	if (!named)
		return err_because(ERR_SCHEMA,
		    "the trust policy does not name this log's key");
	for (size_t i = 0; i < trust_witness_count(a->policy); i++)
		if (trust_witness(a->policy, i)->url.len == 0)
			return err_because(ERR_SCHEMA, "the trust policy "
			    "names witness %zu without its URL", i + 1);
	return ERR_OK;
}

/* What was signed by a former key had its witnesses, too. */
enum err
attest_know(struct attest *a, const struct logkeys *keys)
{
	for (size_t i = 0; i < keys->count; i++) {
		const struct logkey *former = logkeys_before(keys,
		    &keys->at[i]);

		if (!keys->at[i].known)
			continue;
		TRY(trust_know(a->policy, keys->at[i].key,
		    logkeys_since(&keys->at[i]), UINT64_MAX));
		if (former != NULL)
			TRY(trust_know(a->policy, former->key,
			    logkeys_since(former), keys->at[i].since - 1));
	}
	return ERR_OK;
}

void
attest_offer(struct attest *a)
{
	a->offer = journal_note_size(a->journal);
	for (size_t i = 0; i < TRUST_MAX; i++)
		a->lines[i] = TRUST_NEVER;
}

enum err
attest_new(const struct config *c, const struct logkeys *keys,
    struct journal *j, struct closed *closed, struct attest **out_attest)
{
	AUTO(attest) a = NULL;

	if (c->witnesses.policy == NULL) {
		*out_attest = NULL;
		return ERR_OK;
	}
	a = mem_new(1, sizeof(*a));
	if (a == NULL)
		return err_because(ERR_MEMORY, "the witnesses");
	a->config = &c->witnesses;
	a->keys = keys;
	a->journal = j;
	a->closed = closed;
	TRY(trust_policy_read(c->witnesses.policy, &a->policy));
	TRY(check_policy(a));
	TRY(attest_know(a, keys));
	TRY(random_bytes((uint8_t *)&a->next_errand,
	    sizeof(a->next_errand)));
	for (; a->count < trust_witness_count(a->policy); a->count++)
		a->at[a->count] = (struct attest_witness){
			.trust = trust_witness(a->policy, a->count),
			.state = ATTEST_UNASKED,
			.pause_us = PAUSE_TIMEOUTS * a->config->timeout *
			    SECOND,
		};
	attest_offer(a);
	closed_meet(closed, a->policy);
	journal_witnessed(j, a->config->interval * SECOND);
	*out_attest = STEAL(a);
	return ERR_OK;
}

/* ---- each pass */

static void
note_quorum(struct attest *a)
{
	uint64_t time = trust_quorum_time(a->policy, a->lines);

	if (time == TRUST_NEVER || a->offer < a->witnessed)
		return;
	a->witnessed = a->offer;
	a->witnessed_at = (int64_t)time;
}

static void
note_lost(struct attest *a, struct attest_witness *w, int64_t now_us)
{
	lag_follow(&w->lag, w->cosigned, a->offer, now_us);
	if (w->recorded != ATTEST_LOST && w->due != ATTEST_LOST &&
	    attest_waited(&w->lag, now_us) > a->config->lost_after * SECOND)
		w->due = ATTEST_LOST;
}

/* Who waits for a quorum that was lost long ago would wait each time. */
static bool
has_waited(const struct attest *a, int64_t now_us)
{
	return attest_waited(&a->lag, now_us) > a->config->patience * SECOND;
}

/*
 * Behind the checkpoint itself, so that it is never larger; again when
 * another witness has signed, for auditors who ask for more than our quorum.
 */
static enum err
keep_witnessed(struct attest *a)
{
	uint64_t size = journal_note_size(a->journal);
	size_t len = journal_note(a->journal).len;

	if (a->witnessed == 0 || a->witnessed != size || a->offer != size ||
	    journal_is_offer(a->journal) ||
	    (a->kept == size && a->kept_len == len))
		return ERR_OK;
	TRY(journal_keep_witnessed(a->journal));
	a->kept = size;
	a->kept_len = len;
	return ERR_OK;
}

enum err
attest_pass(struct attest *a, int64_t now_us, bool *out_published)
{
	uint64_t before = journal_published(a->journal);

	*out_published = false;
	note_quorum(a);
	lag_follow(&a->lag, a->witnessed, journal_durable(a->journal),
	    now_us);
	for (size_t i = 0; i < a->count; i++)
		note_lost(a, &a->at[i], now_us);
	if (journal_is_offer(a->journal) && (a->offer !=
	    journal_note_size(a->journal) || (a->witnessed < a->offer &&
	    !has_waited(a, now_us))))
		return ERR_OK;
	TRY(journal_publish(a->journal));
	*out_published = journal_published(a->journal) != before;
	return keep_witnessed(a);
}

void
attest_opened(struct attest *a, int64_t now_us)
{
	a->lag.since_us = now_us;
	for (size_t i = 0; i < a->count; i++)
		a->at[i].lag.since_us = now_us;
}

enum err
attest_check(const struct attest *a, int64_t now_us)
{
	int64_t waited = attest_waited(&a->lag, now_us);

	if (waited <= a->config->stop_after * SECOND)
		return ERR_OK;
	return err_because(ERR_UNWITNESSED, "the quorum of witnesses is "
	    "missing for %" PRId64 " seconds: nothing is issued until it is "
	    "back", waited / SECOND);
}
