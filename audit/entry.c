/*
 * Writing log entries: each event and its members. The facts come from the
 * notary, typed and decided. Next in the flow: entry_decision.c, then the
 * registry's commit and publish.c.
 */
#include "audit/entry_writer.h"

enum err
entry_start(const struct entry_common *c, const char *version,
    const struct hash *program, const struct hash *config, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	writer_hash(&w, SCHEMA_CONFIG, config);
	writer_hash(&w, SCHEMA_PROGRAM, program);
	writer_text(&w, SCHEMA_VERSION, version);
	return writer_finish(&w, SCHEMA_EVENT_START, c, out);
}

enum err
entry_stop(const struct entry_common *c, const char *reason,
    struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	writer_text(&w, SCHEMA_REASON, reason);
	return writer_finish(&w, SCHEMA_EVENT_STOP, c, out);
}

enum err
entry_seal(const struct entry_common *c, const char *reason,
    uint64_t seat, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	writer_text(&w, SCHEMA_REASON, reason);
	if (seat != 0)
		writer_count(&w, SCHEMA_SEAT, seat);
	return writer_finish(&w, SCHEMA_EVENT_SEAL, c, out);
}

enum err
entry_unseal_share(const struct entry_common *c, uint64_t seat,
    struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	writer_count(&w, SCHEMA_SEAT, seat);
	return writer_finish(&w, SCHEMA_EVENT_UNSEAL_SHARE, c, out);
}

enum err
entry_unseal(const struct entry_common *c, const uint64_t *seats,
    size_t count, const struct hash *statement, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	if (statement != NULL)
		writer_hash(&w, SCHEMA_DIGEST, statement);
	writer_indexes(&w, SCHEMA_SEATS, seats, count);
	return writer_finish(&w, SCHEMA_EVENT_UNSEAL, c, out);
}

enum err
entry_token(const struct entry_common *c, const struct hash *planned,
    const struct entry_tally *counts, size_t count, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	writer_tally(&w, SCHEMA_COUNTS, counts, count);
	writer_hash(&w, SCHEMA_DIGEST, planned);
	return writer_finish(&w, SCHEMA_EVENT_TOKEN, c, out);
}

enum err
entry_key_use(const struct entry_common *c,
    const struct entry_key_use_facts *f, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	writer_count(&w, SCHEMA_KEYHOLDER, f->keyholder);
	writer_text(&w, SCHEMA_LABEL, f->label);
	writer_hash(&w, SCHEMA_SPKI, &f->spki);
	writer_text(&w, SCHEMA_WHAT, f->stop ? "stop" : "start");
	return writer_finish(&w, SCHEMA_EVENT_KEY_USE, c, out);
}

enum err
entry_refused(const struct entry_common *c,
    const struct entry_refused_facts *f, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	writer_count(&w, SCHEMA_MALFORMED, f->malformed);
	writer_int(&w, SCHEMA_SINCE, f->since);
	writer_count(&w, SCHEMA_THROTTLED, f->throttled);
	writer_count(&w, SCHEMA_UNAUTHENTICATED, f->unauthenticated);
	return writer_finish(&w, SCHEMA_EVENT_REFUSED, c, out);
}

enum err
entry_recover(const struct entry_common *c, uint64_t entries,
    uint64_t published, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	writer_count(&w, SCHEMA_ENTRIES, entries);
	writer_count(&w, SCHEMA_PUBLISHED, published);
	return writer_finish(&w, SCHEMA_EVENT_RECOVER, c, out);
}

enum err
entry_policy(const struct entry_common *c,
    const struct entry_policy_facts *f, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	writer_hash(&w, SCHEMA_MANIFEST, &f->manifest);
	writer_hash(&w, SCHEMA_POLICY, &f->policy);
	writer_hash(&w, SCHEMA_REPLACES, f->replaces);
	writer_indexes(&w, SCHEMA_SEATS, f->seats, f->seat_count);
	writer_count(&w, SCHEMA_SERIAL, f->serial);
	return writer_finish(&w, SCHEMA_EVENT_POLICY_IN_FORCE, c, out);
}

enum err
entry_ceremony(const struct entry_common *c, const struct hash *transcript,
    struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	writer_hash(&w, SCHEMA_TRANSCRIPT, transcript);
	return writer_finish(&w, SCHEMA_EVENT_CEREMONY, c, out);
}

enum err
entry_clock_step(const struct entry_common *c, int64_t by, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	writer_int(&w, SCHEMA_BY, by);
	return writer_finish(&w, SCHEMA_EVENT_CLOCK_STEP, c, out);
}

enum err
entry_heartbeat(const struct entry_common *c, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	return writer_finish(&w, SCHEMA_EVENT_HEARTBEAT, c, out);
}

int64_t
entry_clock_now(struct entry_clock *c, int64_t wall_ms, int64_t monotonic_us,
    int64_t *out_step)
{
	int64_t offset = wall_ms - monotonic_us / 1000;
	int64_t expected = c->running ? c->offset : offset;
	int64_t step = offset - expected;

	/* before the first call only a clock behind the log is visible */
	if (!c->running && wall_ms < c->last)
		step = wall_ms - c->last;
	*out_step = step >= ENTRY_CLOCK_STEP || step <= -ENTRY_CLOCK_STEP ?
	    step : 0;
	c->running = true;
	/* slow drift must not add up to a step: only steps are compared */
	c->offset = offset;
	if (wall_ms > c->last)
		c->last = wall_ms;
	return c->last;
}
