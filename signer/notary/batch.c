/*
 * One transaction for all that waits. Next: serve.c for each request,
 * chores.c for the rest, dispatch.c with what came of it.
 */
#include "signer/notary/batch.h"

#include "signer/log.h"
#include "signer/notary/announce.h"
#include "signer/notary/period.h"
#include "signer/notary/reported.h"
#include "signer/notary/ticket.h"

#define FORGET_AFTER 64		/* requests */

enum err
queue_add(struct queue *q, uint64_t id, struct view frame)
{
	size_t at = q->frames.len;

	if (q->count == QUEUE_MAX)
		return err_because(ERR_FULL, "%d requests wait", QUEUE_MAX);
	bytes_put(&q->frames, frame);
	if (q->frames.failed) {
		q->frames.failed = false;
		return err_because(ERR_FULL, "no memory for more requests");
	}
	q->waiting[q->count].id = id;
	q->waiting[q->count].at = at;
	q->waiting[q->count++].len = frame.len;
	return ERR_OK;
}

bool
queue_is_empty(const struct queue *q)
{
	return q->head == q->count;
}

/* Frames hold personal data: wiped as soon as all were served. */
static void
queue_clear(struct queue *q)
{
	if (q->frames.len != 0)
		explicit_bzero(q->frames.at, q->frames.len);
	bytes_reset(&q->frames);
	q->head = q->count = 0;
}

void
queue_done(struct queue *q)
{
	bytes_done(&q->frames);
}

static void
batch_reset(struct batch *b)
{
	for (size_t i = 0; i < b->count; i++) {
		struct served *s = &b->at[i];

		record_free(STEAL(s->record));
		ticket_free(STEAL(s->ticket));
		if (s->body.len != 0)
			explicit_bzero(s->body.at, s->body.len);
		bytes_reset(&s->body);
		s->type = 0;
	}
	record_free(STEAL(b->list.record));
	ticket_free(STEAL(b->list.ticket));
	b->count = 0;
	b->durable = false;
}

void
batch_done(struct batch *b)
{
	batch_reset(b);
	for (size_t i = 0; i < BATCH_MAX; i++)
		bytes_done(&b->at[i].body);
}

static enum err
serve_waiting(struct notary *n, struct queue *q, struct batch *b)
{
	while (!queue_is_empty(q) && b->count < BATCH_MAX) {
		size_t i = q->head++;

		TRY(serve_one(n, q->waiting[i].id,
		    VIEW(q->frames.at + q->waiting[i].at, q->waiting[i].len),
		    &b->at[b->count++]));
	}
	n->served += b->count;
	return ERR_OK;
}

/* To look costs the same for few as for many. */
static enum err
forget_old(struct notary *n)
{
	size_t served = n->served;

	if (served < FORGET_AFTER)
		return ERR_OK;
	n->served = 0;
	/* twice what can have come in: it keeps up */
	return registry_forget(n->registry, n->now, 2 * served);
}

static enum err
stage(struct notary *n, struct queue *q, struct batch *b)
{
	TRY(chores_stage(n));
	TRY(serve_waiting(n, q, b));
	TRY(forget_old(n));
	if (b->count < BATCH_MAX && metadata_due(n, n->now))
		TRY(metadata_stage(n, &b->at[b->count++]));
	if (guard_is_open(&n->guard))
		TRY(lists_stage(n, &b->list));
	TRY(reported_put(n));
	TRY(logkeys_stage(n));
	TRY(prune_stage(n));
	return period_stage(n);
}

static enum err
commit(struct notary *n, struct batch *b)
{
	int64_t start = time_monotonic_us();

	TRY(ticket_commit(n, b));
	b->durable = true;
	tally_batch(&n->tally, b->count, time_monotonic_us() - start);
	return ERR_OK;
}

/* Whatever was staged in memory is as it was before. */
static void
forget_staged(struct notary *n)
{
	registry_rollback(n->registry);
	journal_rolled_back(n->journal);
	outstanding_drop_staged(&n->outstanding);
}

/* As much of q as a batch takes, for a reason that all of them hear. */
static void
refuse_waiting(enum err e, struct queue *q, struct batch *b)
{
	while (!queue_is_empty(q) && b->count < BATCH_MAX)
		b->at[b->count++].id = q->waiting[q->head++].id;
	for (size_t i = 0; i < b->count; i++)
		serve_refuse(e, &b->at[i]);
	record_free(STEAL(b->list.record));
}

/* Nothing happened: whoever waits hears so, and the chores wait on. */
static void
take_back(struct notary *n, enum err e, struct queue *q, struct batch *b)
{
	log_error("a batch of %zu was taken back: %s", b->count, err_why());
	forget_staged(n);
	refuse_waiting(e, q, b);
	n->chores.due = false;
}

/*
 * The database is away and may have committed: nobody gets a ticket, and who
 * asks again with the same key later gets what was recorded, if it was.
 */
static void
leave_open(struct notary *n, struct queue *q, struct batch *b)
{
	log_error("a batch of %zu has no answer: %s", b->count, err_why());
	registry_rollback(n->registry);
	outstanding_drop_staged(&n->outstanding);
	fleet_commit_is_open(n);
	refuse_waiting(ERR_UNAVAILABLE, q, b);
	n->chores.due = false;
}

/* The database that came back is not the one that was there before. */
static enum err
forgotten(struct notary *n, struct queue *q, struct batch *b)
{
	registry_rollback(n->registry);
	outstanding_drop_staged(&n->outstanding);
	TRY(guard_lost(n));
	refuse_waiting(guard_check(&n->guard), q, b);
	return ERR_OK;
}

static enum err
stage_all(struct notary *n, struct queue *q, struct batch *b, bool careful)
{
	TRY(careful ? registry_begin(n->registry) :
	    registry_begin_deferring(n->registry));
	if (!careful)
		TRY(announce(n, q));
	return stage(n, q, b);
}

static enum err
attempt(struct notary *n, struct queue *q, struct batch *b, bool careful)
{
	enum err e = stage_all(n, q, b, careful);
	bool back = e == ERR_FULL || e == ERR_MEMORY;

	if (e == ERR_OK)
		e = commit(n, b);
	if (back || e == ERR_UNAVAILABLE) {
		take_back(n, e, q, b);
		return ERR_OK;
	}
	fleet_staged(&n->fleet, e == ERR_OK);
	if (e == ERR_BEHIND)
		return forgotten(n, q, b);
	if (e != ERR_IN_FLIGHT)
		return e;
	leave_open(n, q, b);
	return ERR_OK;
}

static enum err
run(struct notary *n, struct queue *q, struct batch *b)
{
	const struct tally before = n->tally;
	size_t head = q->head;
	enum err e = attempt(n, q, b, false);

	if (e != ERR_EXISTS)
		return e;
	forget_staged(n);
	batch_reset(b);
	q->head = head;
	n->tally = before;
	n->tally.again++;
	return attempt(n, q, b, true);
}

/* Before anything was begun. */
static enum err
not_now(struct notary *n, enum err e, struct queue *q, struct batch *b)
{
	if (e == ERR_BEHIND && guard_is_open(&n->guard))
		TRY(guard_lost(n));
	else if (e != ERR_UNAVAILABLE && e != ERR_BEHIND)
		return e;
	refuse_waiting(e, q, b);
	return ERR_OK;
}

/*
 * Hastily first: a registry across a network then needs few round trips, and
 * says at the end whether its constraints held; one in a file makes no
 * savepoints. When a constraint did not hold, or a request must be undone,
 * the same requests are served again with every outcome heard at once.
 */
enum err
batch_run(struct notary *n, struct queue *q, int64_t now, struct batch *b)
{
	enum err e = ERR_OK;

	batch_reset(b);
	n->now = now;
	if (registry_is_away(n->registry))
		e = err_because(ERR_UNAVAILABLE,
		    "the registry's database is away");
	else
		e = guard_connected(n);
	if (e == ERR_OK && !queue_is_empty(q))
		e = guard_check(&n->guard);
	if (e == ERR_OK)
		e = run(n, q, b);
	else
		e = not_now(n, e, q, b);
	if (queue_is_empty(q))
		queue_clear(q);
	return e;
}
