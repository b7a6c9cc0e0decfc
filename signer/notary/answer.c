/*
 * Answers as JSON and messages. Texts in them are the policy's and ours; what
 * a rule says of the person goes to the client who sent it and nowhere else.
 * Next: dispatch.c, which sends them.
 */
#include "signer/notary/answer.h"

#include "audit/schema.h"

static void
put_log(struct json *j, const char *name, const struct place *place)
{
	json_record(j, name);
	json_c_text(j, "origin", place->origin);
	json_int(j, "index", (int64_t)place->index);
	json_hex(j, "leaf", VIEW_OF(place->leaf.at));
	json_close(j);
}

/* The members of an object go without its braces: the gate adds its own. */
static void
put_members(enum err e, const struct bytes *object, struct bytes *out)
{
	bytes_put_u16(out, (uint16_t)e);
	bytes_put_block(out, object->len < 2 ? VIEW(NULL, 0) :
	    VIEW(object->at + 1, object->len - 2));
}

/* After the decision: what was done, where the log has it. */
static enum err
end_answer(struct json *j, enum action a, const struct place *place,
    struct bytes *object)
{
	put_log(j, "log", place);
	if (a != 0) {
		json_record(j, "device");
		json_c_text(j, "state", device_state_name(action_state(a)));
		json_close(j);
	}
	json_close(j);
	TRY(json_end(j));
	return bytes_check(object);
}

enum err
answer_decided(const struct decision *d, bool dry_run,
    const struct place *place, struct bytes *out)
{
	AUTO_DONE(bytes) object = { 0 };
	struct json j = json_start(&object);

	json_record(&j, NULL);
	decision_json(d, &j, "decision");
	TRY(end_answer(&j, 0, place, &object));
	put_members(dry_run || decision_allows(d) ? ERR_OK : ERR_REFUSED,
	    &object, out);
	return bytes_check(out);
}

enum err
answer_changed(const struct decision *d, enum action a,
    const struct place *place, struct bytes *out)
{
	AUTO_DONE(bytes) object = { 0 };
	struct json j = json_start(&object);

	json_record(&j, NULL);
	decision_json(d, &j, "decision");
	TRY(end_answer(&j, a, place, &object));
	put_members(ERR_OK, &object, out);
	return bytes_check(out);
}

void
answer_refused(enum err e, struct bytes *out)
{
	AUTO_DONE(bytes) object = { 0 };
	struct json j = json_start(&object);

	json_record(&j, NULL);
	/* what broke inside is for the journal, not for clients */
	if (err_status(e) < 500 || e == ERR_BEHIND || e == ERR_UNWITNESSED)
		json_c_text(&j, "detail", err_why());
	json_close(&j);
	put_members(e, &object, out);
}

/* ---- granted */

static enum err
put_granted(struct view decision, const struct place *place,
    const struct grant_terms *terms, const struct drafts *drafts,
    struct bytes *out)
{
	AUTO_DONE(bytes) log = { 0 };
	struct json j = json_start(&log);

	put_log(&j, NULL, place);
	TRY(json_end(&j));
	bytes_put_block(out, decision);
	bytes_put_block(out, bytes_view(&log));
	bytes_put_u64(out, (uint64_t)drafts->from);
	bytes_put_u64(out, (uint64_t)drafts->until);
	bytes_put_u64(out, (uint64_t)terms->administrative_expiry);
	bytes_put_u8(out, (uint8_t)drafts->count);
	bytes_put_block(out, view_text(drafts->status_uri));
	for (size_t i = 0; *drafts->status_uri != '\0' && i < drafts->count;
	    i++)
		bytes_put_u64(out, drafts->place[i]);
	return bytes_check(out);
}

enum err
answer_granted(const struct decision *d, const struct place *place,
    const struct grant_terms *terms, const struct drafts *drafts,
    struct bytes *out)
{
	AUTO_DONE(bytes) text = { 0 };
	struct json j = json_start(&text);

	decision_json(d, &j, NULL);
	TRY(json_end(&j));
	TRY(bytes_check(&text));
	return put_granted(bytes_view(&text), place, terms, drafts, out);
}

/* ---- granted again */

/* The log's short word as the API's. */
static struct view
outcome_in_full(struct view outcome)
{
	if (view_is(outcome, "na"))
		return view_text(outcome_name(OUTCOME_NOT_APPLICABLE));
	return view_is(outcome, "mon") ?
	    view_text(outcome_name(OUTCOME_FAIL)) : outcome;
}

static void
put_rule(struct json *j, struct view id, struct view outcome)
{
	json_record(j, NULL);
	json_text(j, "id", id);
	json_text(j, "outcome", outcome_in_full(outcome));
	json_c_text(j, "message", "decided at the first attempt");
	json_c_text(j, "basis", "");
	json_close(j);
}

/* {"id":"pass",…} as schema_get() has checked it: texts in pairs. */
static void
put_rules(struct json *j, struct view rules)
{
	struct view word[4];	/* before, id, colon, outcome */
	size_t from = 0, n = 0;

	json_items(j, "rules");
	for (size_t i = 0; i < rules.len; i++) {
		if (rules.at[i] != '"')
			continue;
		word[n++] = VIEW(rules.at + from, i - from);
		from = i + 1;
		if (n == COUNT(word)) {
			put_rule(j, word[1], word[3]);
			n = 0;
		}
	}
	json_close(j);
}

static void
put_decision_again(struct json *j, const struct schema_entry *e,
    const char *name)
{
	json_record(j, name);
	json_text(j, "outcome", e->member[SCHEMA_OUT]);
	json_text(j, "policy", e->member[SCHEMA_POLICY]);
	json_int(j, "serial", (int64_t)schema_count(e, SCHEMA_SERIAL));
	put_rules(j, e->member[SCHEMA_RULES]);
	json_close(j);
}

enum err
answer_granted_again(struct view entry, const struct place *place,
    const struct grant_terms *terms, const struct drafts *drafts,
    struct bytes *out)
{
	AUTO_DONE(bytes) text = { 0 };
	struct json j = json_start(&text);
	struct schema_entry e;

	TRY(schema_get(entry, &e));
	put_decision_again(&j, &e, NULL);
	TRY(json_end(&j));
	TRY(bytes_check(&text));
	return put_granted(bytes_view(&text), place, terms, drafts, out);
}

enum err
answer_changed_again(struct view entry, const struct place *place,
    struct bytes *out)
{
	AUTO_DONE(bytes) object = { 0 };
	struct json j = json_start(&object);
	struct schema_entry e;
	enum action a;

	TRY(schema_get(entry, &e));
	TRY(action_of(e.member[SCHEMA_ACTION], &a));
	json_record(&j, NULL);
	put_decision_again(&j, &e, "decision");
	TRY(end_answer(&j, a, place, &object));
	put_members(ERR_OK, &object, out);
	return bytes_check(out);
}
