/*
 * Entries beside decisions. Indexes and errors come from keyholders, which
 * dispatch.c has matched with tickets; records from the supervisor; counts
 * from the gate. Next: journal.c.
 */
#include "signer/notary/chores.h"

#include <stdlib.h>
#include <string.h>

#include "signer/log.h"
#include "signer/notary/orphans.h"
#include "signer/notary/told.h"

void
chores_clear(struct chores *c)
{
	for (size_t i = 0; i < c->record_count; i++)
		bytes_reset(&c->records[i].body);
	if (c->heartbeat) {
		c->malformed = c->unauthenticated = c->throttled = 0;
		c->since = time_now_ms();
	}
	c->due = c->heartbeat = false;
	c->backed_up = 0;
	c->record_count = c->done_count = c->failed_count = 0;
}

void
chores_drop(struct chores *c, size_t records, size_t done, size_t failed,
    bool heartbeat)
{
	/* the supervisor asks again for what it did not hear of */
	for (size_t i = records; i < c->record_count; i++) {
		struct chores_record kept = c->records[i];

		c->records[i] = c->records[i - records];
		c->records[i - records] = kept;
	}
	memmove(c->done, c->done + done,
	    (c->done_count - done) * sizeof(c->done[0]));
	memmove(c->failed, c->failed + failed,
	    (c->failed_count - failed) * sizeof(c->failed[0]));
	c->record_count -= records;
	c->done_count -= done;
	c->failed_count -= failed;
	c->heartbeat = c->heartbeat && !heartbeat;
}

void
chores_done(struct chores *c)
{
	for (size_t i = 0; i < CHORES_RECORDS; i++)
		bytes_done(&c->records[i].body);
}

enum err
chores_add_record(struct chores *c, uint64_t id, struct view body)
{
	struct chores_record *r = &c->records[c->record_count];

	if (c->record_count == CHORES_RECORDS)
		return err_because(ERR_FULL, "%d records wait",
		    CHORES_RECORDS);
	r->id = id;
	bytes_reset(&r->body);
	bytes_put(&r->body, body);
	TRY(bytes_check(&r->body));
	c->record_count++;
	c->due = true;
	return ERR_OK;
}

void
chores_add_done(struct chores *c, uint64_t index)
{
	if (c->done_count < OUTSTANDING_MAX)
		c->done[c->done_count++] = index;
}

void
chores_add_failed(struct chores *c, uint64_t index, enum err e)
{
	if (c->failed_count < OUTSTANDING_MAX)
		c->failed[c->failed_count++] = (struct chores_failed){
			.index = index, .err = e,
		};
}

enum err
chores_add_counts(struct chores *c, struct view body)
{
	struct reader r = reader_of(body);
	uint64_t malformed = reader_u64(&r);
	uint64_t unauthenticated = reader_u64(&r);
	uint64_t throttled = reader_u64(&r);

	TRY(reader_end(&r, "COUNTS"));
	c->malformed += malformed;
	c->unauthenticated += unauthenticated;
	c->throttled += throttled;
	return ERR_OK;
}

/* ---- staging */

static enum err
put(struct notary *n, const struct bytes *entry)
{
	return journal_put(n->journal, bytes_view(entry), NULL);
}

static int
compare_index(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return *left < *right ? -1 : *left > *right;
}

/* Of one outcome: err ERR_OK is done. An entry names SCHEMA_LIST_MAX. */
static enum err
stage_outcome(struct notary *n, uint64_t *of, size_t count, enum err outcome)
{
	qsort(of, count, sizeof(*of), compare_index);
	for (size_t i = 0; i < count; i += SCHEMA_LIST_MAX) {
		size_t some = count - i < SCHEMA_LIST_MAX ? count - i :
		    SCHEMA_LIST_MAX;
		AUTO_DONE(bytes) entry = { 0 };
		struct entry_common c;

		TRY(journal_next(n->journal, &c));
		TRY(outcome == ERR_OK ?
		    entry_done(&c, of + i, some, &entry) :
		    entry_failed(&c, of + i, some, err_code(outcome),
		    &entry));
		TRY(put(n, &entry));
	}
	return ERR_OK;
}

static enum err
close_retried(struct notary *n, const uint64_t *of, size_t count)
{
	for (size_t i = 0; i < count; i += SCHEMA_LIST_MAX)
		TRY(orphans_retried(n, of + i, count - i < SCHEMA_LIST_MAX ?
		    count - i : SCHEMA_LIST_MAX));
	return ERR_OK;
}

static enum err
stage_failed(struct notary *n)
{
	const struct chores *c = &n->chores;
	uint64_t of[OUTSTANDING_MAX];

	for (int e = ERR_OK + 1; c->failed_count != 0 && e < ERR_COUNT; e++) {
		size_t count = 0;

		for (size_t i = 0; i < c->failed_count; i++)
			if (c->failed[i].err == (enum err)e)
				of[count++] = c->failed[i].index;
		TRY(stage_outcome(n, of, count, (enum err)e));
	}
	return ERR_OK;
}

/* A record that cannot be read is a bug of ours: told, and not repeated. */
static enum err
stage_record(struct notary *n, struct chores_record *r)
{
	AUTO_DONE(bytes) entry = { 0 };
	struct entry_common c;

	TRY(journal_next(n->journal, &c));
	r->index = c.seq;
	if (told_entry(bytes_view(&r->body), &c, &entry) == ERR_OK)
		return put(n, &entry);
	log_error("a record of the supervisor: %s", err_why());
	return ERR_OK;
}

static enum err
stage_heartbeat(struct notary *n)
{
	AUTO_DONE(bytes) entry = { 0 };
	struct entry_common c;

	TRY(journal_next(n->journal, &c));
	TRY(entry_heartbeat(&c, &entry));
	return put(n, &entry);
}

static enum err
stage_counts(struct notary *n)
{
	const struct chores *c = &n->chores;
	struct entry_refused_facts f = {
		.since = c->since,
		.malformed = c->malformed,
		.unauthenticated = c->unauthenticated,
		.throttled = c->throttled,
	};
	AUTO_DONE(bytes) entry = { 0 };
	struct entry_common common;

	TRY(journal_next(n->journal, &common));
	TRY(entry_refused(&common, &f, &entry));
	return put(n, &entry);
}

static enum err
stage_backup(struct notary *n)
{
	AUTO_DONE(bytes) entry = { 0 };
	struct entry_common c;

	if (n->chores.backed_up == 0)
		return ERR_OK;
	TRY(journal_next(n->journal, &c));
	TRY(entry_registry_backup(&c, n->chores.backed_up, NULL, NULL, 0,
	    &entry));
	return put(n, &entry);
}

enum err
chores_stage(struct notary *n)
{
	struct chores *c = &n->chores;

	for (size_t i = 0; i < c->record_count; i++)
		TRY(stage_record(n, &c->records[i]));
	TRY(stage_outcome(n, c->done, c->done_count, ERR_OK));
	TRY(close_retried(n, c->done, c->done_count));
	TRY(stage_failed(n));
	TRY(stage_backup(n));
	TRY(fleet_stage(n));
	TRY(attest_stage(n));
	if (!c->heartbeat)
		return ERR_OK;
	if (c->malformed + c->unauthenticated + c->throttled != 0)
		TRY(stage_counts(n));
	return stage_heartbeat(n);
}
