/*
 * Writing what was decided and what became of it. Texts that a client chose
 * are in here only when they are of a form that can hold no sentence. Next in
 * the flow: entry_fleet.c.
 */
#include <stdlib.h>
#include <string.h>

#include "audit/entry_writer.h"

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
	struct json *j = writer_begin(w);

	if (f->rule_count > COUNT(sorted))
		return err_because(ERR_TOO_LARGE, "a decision of %zu rules, "
		    "over %d", f->rule_count, ENTRY_RULES_MAX);
	for (size_t i = 0; i < f->rule_count; i++)
		sorted[i] = &f->rules[i];
	qsort(sorted, f->rule_count, sizeof(struct entry_rule *),
	    compare_rules);
	json_record(j, NULL);
	for (size_t i = 0; i < f->rule_count; i++)
		json_c_text(j, sorted[i]->id, names[sorted[i]->outcome]);
	json_close(j);
	writer_end(w, SCHEMA_RULES);
	return ERR_OK;
}

/* [[list,first,count],…] */
static void
put_uses(struct writer *w, const struct entry_decision_facts *f)
{
	struct json *j = writer_begin(w);

	json_items(j, NULL);
	for (size_t i = 0; i < f->use_count; i++) {
		const struct schema_use *u = &f->uses[i];

		json_items(j, NULL);
		json_int(j, NULL, (int64_t)u->list);
		json_int(j, NULL, (int64_t)u->first);
		json_int(j, NULL, (int64_t)u->count);
		json_close(j);
	}
	json_close(j);
	writer_end(w, SCHEMA_ST);
}

/* What was asked, and by which rules it was judged. */
static enum err
put_question(struct writer *w, const struct entry_decision_facts *f)
{
	writer_text(w, SCHEMA_ACTION, f->action);
	writer_text(w, SCHEMA_CALLER, f->caller);
	writer_text(w, SCHEMA_CENTRE, f->centre);
	writer_text(w, SCHEMA_EVIDENCE, f->evidence);
	if (f->facts.len != 0) {
		json_raw(writer_begin(w), NULL, f->facts);
		writer_end(w, SCHEMA_FACTS);
	}
	writer_text(w, SCHEMA_OP, f->operation);
	writer_hash(w, SCHEMA_POLICY, &f->policy);
	writer_text(w, SCHEMA_PROGRAMME, f->programme);
	writer_text(w, SCHEMA_PURPOSE, f->purpose);
	writer_text(w, SCHEMA_REASON, f->reason);
	writer_text(w, SCHEMA_REGION, f->region);
	writer_id(w, SCHEMA_REQ, f->request, sizeof(f->request));
	writer_count(w, SCHEMA_SERIAL, f->serial);
	return put_rules(w, f);
}

/* What came of it. */
static void
put_answer(struct writer *w, const struct entry_decision_facts *f)
{
	writer_text(w, SCHEMA_OUT, f->allow ? "allow" : "deny");
	if (f->dry_run)
		writer_int(w, SCHEMA_DRY, 1);
	writer_id(w, SCHEMA_HOLDER, f->holder, ENTRY_PSEUDONYM_SIZE);
	writer_id(w, SCHEMA_DEVICE, f->device, ENTRY_PSEUDONYM_SIZE);
	if (f->expiry != 0)
		writer_int(w, SCHEMA_EXPIRY, f->expiry);
	writer_id(w, SCHEMA_CTI, f->cti, ENTRY_PSEUDONYM_SIZE);
	writer_id(w, SCHEMA_USED, f->used, ENTRY_PSEUDONYM_SIZE);
	writer_hexes(w, SCHEMA_KEYS, f->keys, f->key_count,
	    ENTRY_PSEUDONYM_SIZE);
	if (f->use_count != 0)
		put_uses(w, f);
	if (f->value != NULL)
		writer_count(w, SCHEMA_VALUE, *f->value);
	if (f->bound != 0)
		writer_int(w, SCHEMA_BOUND, f->bound);
	if (f->old != 0)
		writer_int(w, SCHEMA_OLD, f->old);
	if (f->changed != 0)
		writer_int(w, SCHEMA_CHANGED, f->changed);
	if (f->until != 0)
		writer_int(w, SCHEMA_UNTIL, f->until);
	writer_id(w, SCHEMA_SIGNER, f->signer, ENTRY_SIGNER_SIZE);
	writer_hexes(w, SCHEMA_DRAFTS, (const uint8_t *)f->drafts,
	    f->draft_count, sizeof(struct hash));
}

enum err
entry_decision(const struct entry_common *c,
    const struct entry_decision_facts *f, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	TRY(put_question(&w, f));
	put_answer(&w, f);
	return writer_finish(&w, SCHEMA_EVENT_DECISION, c, out);
}

enum err
entry_done(const struct entry_common *c, const uint64_t *of, size_t count,
    struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	writer_indexes(&w, SCHEMA_OF, of, count);
	return writer_finish(&w, SCHEMA_EVENT_DONE, c, out);
}

enum err
entry_orphan(const struct entry_common *c, const uint64_t *of, size_t count,
    struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	writer_indexes(&w, SCHEMA_OF, of, count);
	return writer_finish(&w, SCHEMA_EVENT_ORPHAN, c, out);
}

enum err
entry_orphan_closed(const struct entry_common *c,
    const struct entry_orphan_facts *f, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	writer_text(&w, SCHEMA_CALLER, f->caller);
	writer_indexes(&w, SCHEMA_OF, f->of, f->count);
	writer_text(&w, SCHEMA_REASON, f->reason);
	writer_text(&w, SCHEMA_WHAT, f->what);
	return writer_finish(&w, SCHEMA_EVENT_ORPHAN_CLOSED, c, out);
}

enum err
entry_failed(const struct entry_common *c, const uint64_t *of, size_t count,
    const char *reason, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	writer_indexes(&w, SCHEMA_OF, of, count);
	writer_text(&w, SCHEMA_REASON, reason);
	return writer_finish(&w, SCHEMA_EVENT_FAILED, c, out);
}
