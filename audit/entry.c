/*
 * Writing log entries. The facts come from the notary, typed and decided;
 * texts among them are checked by reading back what was written. Each
 * function lists its members in the sorted order in which they appear. Next in
 * the flow: the registry's commit, then publish.c.
 */
#include "audit/entry.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"

/* An entry being written; the common members come at their sorted places. */
struct writer {
	const struct entry_common *common;
	struct bytes	bytes;
	struct json	json;
};

static void
writer_done(struct writer *w)
{
	bytes_done(&w->bytes);
}

/* {"boot" */
static void
begin(struct writer *w, const struct entry_common *c)
{
	w->common = c;
	w->bytes.max = SCHEMA_ENTRY_MAX;
	w->json = json_start(&w->bytes);
	json_record(&w->json, NULL);
	json_hex(&w->json, "boot", VIEW_OF(c->boot));
}

static void
put_event(struct writer *w, enum schema_event event)
{
	json_c_text(&w->json, "ev", schema_event_name(event));
}

static void
put_nonce(struct writer *w)
{
	json_hex(&w->json, "n", VIEW_OF(w->common->nonce));
}

static void
put_seq(struct writer *w)
{
	json_int(&w->json, "seq", (int64_t)w->common->seq);
}

static void
put_time(struct writer *w)
{
	json_int(&w->json, "t", w->common->t);
}

static void
put_version(struct writer *w)
{
	json_int(&w->json, "v", SCHEMA_FORMAT);
}

static void
put_indexes(struct writer *w, const char *name, const uint64_t *at,
    size_t count)
{
	json_items(&w->json, name);
	for (size_t i = 0; i < count; i++)
		json_int(&w->json, NULL, (int64_t)at[i]);
	json_close(&w->json);
}

static void
put_hash(struct writer *w, const char *name, const struct hash *h)
{
	json_hex(&w->json, name, VIEW_OF(h->at));
}

/* Closes, checks as a verifier would, hands over. */
static enum err
finish(struct writer *w, struct bytes *out)
{
	struct schema_entry read_back;

	json_close(&w->json);
	TRY(json_end(&w->json));
	TRY(schema_get(bytes_view(&w->bytes), &read_back));
	bytes_put(out, bytes_view(&w->bytes));
	return bytes_check(out);
}

static int
compare_rules(const void *a, const void *b)
{
	const struct entry_rule *const *left = a, *const *right = b;

	return strcmp((*left)->id, (*right)->id);
}

static enum err
put_rules(struct writer *w, const struct entry_decision_facts *f)
{
	static const char *const names[] = {
		[ENTRY_RULE_PASS] = "pass",
		[ENTRY_RULE_FAIL] = "fail",
		[ENTRY_RULE_MONITOR] = "mon",
		[ENTRY_RULE_NA] = "na",
	};
	const struct entry_rule *sorted[ENTRY_RULES_MAX];

	if (f->rule_count > COUNT(sorted))
		return err_because(ERR_TOO_LARGE, "a decision of %zu rules, "
		    "over %d", f->rule_count, ENTRY_RULES_MAX);
	for (size_t i = 0; i < f->rule_count; i++)
		sorted[i] = &f->rules[i];
	qsort(sorted, f->rule_count, sizeof(struct entry_rule *),
	    compare_rules);
	json_record(&w->json, "rules");
	for (size_t i = 0; i < f->rule_count; i++)
		json_c_text(&w->json, sorted[i]->id,
		    names[sorted[i]->outcome]);
	json_close(&w->json);
	return ERR_OK;
}

static void
put_pseudonym(struct writer *w, const char *name, const uint8_t *p)
{
	if (p != NULL)
		json_hex(&w->json, name, VIEW(p, ENTRY_PSEUDONYM_SIZE));
}

static void
put_text(struct writer *w, const char *name, const char *text)
{
	if (text != NULL)
		json_c_text(&w->json, name, text);
}

static void
put_drafts(struct writer *w, const struct entry_decision_facts *f)
{
	if (f->draft_count == 0)
		return;
	json_items(&w->json, "drafts");
	for (size_t i = 0; i < f->draft_count; i++)
		put_hash(w, NULL, &f->drafts[i]);
	json_close(&w->json);
}

enum err
entry_decision(const struct entry_common *c,
    const struct entry_decision_facts *f, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	begin(&w, c);
	put_text(&w, "caller", f->caller);
	put_text(&w, "centre", f->centre);
	put_pseudonym(&w, "device", f->device);
	put_drafts(&w, f);
	if (f->dry_run)
		json_int(&w.json, "dry", 1);
	put_event(&w, SCHEMA_EVENT_DECISION);
	put_text(&w, "evidence", f->evidence);
	if (f->expiry != 0)
		json_int(&w.json, "expiry", f->expiry);
	put_pseudonym(&w, "holder", f->holder);
	put_nonce(&w);
	put_text(&w, "op", f->operation);
	put_text(&w, "out", f->allow ? "allow" : "deny");
	put_hash(&w, "policy", &f->policy);
	put_text(&w, "programme", f->programme);
	put_text(&w, "purpose", f->purpose);
	put_text(&w, "region", f->region);
	json_hex(&w.json, "req", VIEW_OF(f->request));
	TRY(put_rules(&w, f));
	put_seq(&w);
	json_int(&w.json, "serial", (int64_t)f->serial);
	put_time(&w);
	put_version(&w);
	return finish(&w, out);
}

/* done, orphan, failed */
static enum err
put_outcome(const struct entry_common *c, enum schema_event event,
    const uint64_t *of, size_t count, const char *reason, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	begin(&w, c);
	put_event(&w, event);
	put_nonce(&w);
	put_indexes(&w, "of", of, count);
	put_text(&w, "reason", reason);
	put_seq(&w);
	put_time(&w);
	put_version(&w);
	return finish(&w, out);
}

enum err
entry_done(const struct entry_common *c, const uint64_t *of, size_t count,
    struct bytes *out)
{
	return put_outcome(c, SCHEMA_EVENT_DONE, of, count, NULL, out);
}

enum err
entry_orphan(const struct entry_common *c, const uint64_t *of, size_t count,
    struct bytes *out)
{
	return put_outcome(c, SCHEMA_EVENT_ORPHAN, of, count, NULL, out);
}

enum err
entry_failed(const struct entry_common *c, const uint64_t *of, size_t count,
    const char *reason, struct bytes *out)
{
	return put_outcome(c, SCHEMA_EVENT_FAILED, of, count, reason, out);
}

enum err
entry_start(const struct entry_common *c, const char *version,
    const struct hash *program, const struct hash *config, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	begin(&w, c);
	if (config != NULL)
		put_hash(&w, "config", config);
	put_event(&w, SCHEMA_EVENT_START);
	put_nonce(&w);
	if (program != NULL)
		put_hash(&w, "program", program);
	put_seq(&w);
	put_time(&w);
	put_version(&w);
	put_text(&w, "version", version);
	return finish(&w, out);
}

static enum err
put_end(const struct entry_common *c, enum schema_event event,
    const char *reason, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	begin(&w, c);
	put_event(&w, event);
	put_nonce(&w);
	put_text(&w, "reason", reason);
	put_seq(&w);
	put_time(&w);
	put_version(&w);
	return finish(&w, out);
}

enum err
entry_stop(const struct entry_common *c, const char *reason,
    struct bytes *out)
{
	return put_end(c, SCHEMA_EVENT_STOP, reason, out);
}

enum err
entry_seal(const struct entry_common *c, const char *reason,
    struct bytes *out)
{
	return put_end(c, SCHEMA_EVENT_SEAL, reason, out);
}

enum err
entry_unseal_share(const struct entry_common *c, uint64_t seat,
    struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	begin(&w, c);
	put_event(&w, SCHEMA_EVENT_UNSEAL_SHARE);
	put_nonce(&w);
	json_int(&w.json, "seat", (int64_t)seat);
	put_seq(&w);
	put_time(&w);
	put_version(&w);
	return finish(&w, out);
}

enum err
entry_unseal(const struct entry_common *c, const uint64_t *seats,
    size_t count, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	begin(&w, c);
	put_event(&w, SCHEMA_EVENT_UNSEAL);
	put_nonce(&w);
	put_indexes(&w, "seats", seats, count);
	put_seq(&w);
	put_time(&w);
	put_version(&w);
	return finish(&w, out);
}

enum err
entry_key_use(const struct entry_common *c,
    const struct entry_key_use_facts *f, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	begin(&w, c);
	put_event(&w, SCHEMA_EVENT_KEY_USE);
	json_int(&w.json, "keyholder", (int64_t)f->keyholder);
	put_text(&w, "label", f->label);
	put_nonce(&w);
	put_seq(&w);
	put_hash(&w, "spki", &f->spki);
	put_time(&w);
	put_version(&w);
	put_text(&w, "what", f->stop ? "stop" : "start");
	return finish(&w, out);
}

enum err
entry_refused(const struct entry_common *c,
    const struct entry_refused_facts *f, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	begin(&w, c);
	put_event(&w, SCHEMA_EVENT_REFUSED);
	json_int(&w.json, "malformed", (int64_t)f->malformed);
	put_nonce(&w);
	put_seq(&w);
	json_int(&w.json, "since", f->since);
	put_time(&w);
	json_int(&w.json, "throttled", (int64_t)f->throttled);
	json_int(&w.json, "unauthenticated", (int64_t)f->unauthenticated);
	put_version(&w);
	return finish(&w, out);
}

enum err
entry_recover(const struct entry_common *c, uint64_t entries,
    uint64_t published, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	begin(&w, c);
	json_int(&w.json, "entries", (int64_t)entries);
	put_event(&w, SCHEMA_EVENT_RECOVER);
	put_nonce(&w);
	json_int(&w.json, "published", (int64_t)published);
	put_seq(&w);
	put_time(&w);
	put_version(&w);
	return finish(&w, out);
}

enum err
entry_policy(const struct entry_common *c,
    const struct entry_policy_facts *f, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	begin(&w, c);
	put_event(&w, SCHEMA_EVENT_POLICY_IN_FORCE);
	put_hash(&w, "manifest", &f->manifest);
	put_nonce(&w);
	put_hash(&w, "policy", &f->policy);
	if (f->replaces != NULL)
		put_hash(&w, "replaces", f->replaces);
	put_indexes(&w, "seats", f->seats, f->seat_count);
	put_seq(&w);
	json_int(&w.json, "serial", (int64_t)f->serial);
	put_time(&w);
	put_version(&w);
	return finish(&w, out);
}

enum err
entry_ceremony(const struct entry_common *c, const struct hash *transcript,
    struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	begin(&w, c);
	put_event(&w, SCHEMA_EVENT_CEREMONY);
	put_nonce(&w);
	put_seq(&w);
	put_time(&w);
	put_hash(&w, "transcript", transcript);
	put_version(&w);
	return finish(&w, out);
}

enum err
entry_clock_step(const struct entry_common *c, int64_t by, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	begin(&w, c);
	json_int(&w.json, "by", by);
	put_event(&w, SCHEMA_EVENT_CLOCK_STEP);
	put_nonce(&w);
	put_seq(&w);
	put_time(&w);
	put_version(&w);
	return finish(&w, out);
}

enum err
entry_heartbeat(const struct entry_common *c, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	begin(&w, c);
	put_event(&w, SCHEMA_EVENT_HEARTBEAT);
	put_nonce(&w);
	put_seq(&w);
	put_time(&w);
	put_version(&w);
	return finish(&w, out);
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
