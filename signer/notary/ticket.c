/*
 * Recording. What comes in was decided and drafted here; what goes out is
 * durable. The order is the promise: entry and hashes first, commit, and only
 * then a ticket. Next: dispatch.c, which gives tickets to keyholders.
 */
#include "signer/notary/ticket.h"

#include <string.h>

#include "audit/merkle.h"
#include "policy/seen.h"
#include "signer/notary/answer.h"
#include "signer/notary/batch.h"

struct record {
	uint64_t	index;		/* of the decision in the log */
	struct drafts	drafts;
};

/* The same memory, after the commit. */
struct ticket {
	struct record	record;
};

void
record_free(struct record *r)
{
	if (r == NULL)
		return;
	drafts_done(&r->drafts);
	mem_free(r);
}

void
ticket_free(struct ticket *t)
{
	record_free((struct record *)t);
}

uint64_t
ticket_index(const struct ticket *t)
{
	return t->record.index;
}

size_t
ticket_parts(const struct ticket *t)
{
	return t->record.drafts.count;
}

const struct draft *
ticket_part(const struct ticket *t, size_t part)
{
	return t->record.drafts.at[part];
}

#define TICKET_HEAD 64	/* bytes beside the draft, and some */

void
ticket_put(const struct ticket *t, size_t part, struct bytes *out,
    struct bytes *out_rider)
{
	const struct drafts *d = &t->record.drafts;
	AUTO_DONE(bytes) encoded = { 0 };

	draft_encode_to_sign(d->at[part], &encoded);
	bytes_put_u64(out, t->record.index);
	bytes_put_u8(out, (uint8_t)part);
	bytes_put(out, VIEW_OF(d->hash[part].at));
	if (encoded.len > MSG_LONG - TICKET_HEAD) {
		bytes_put_block(out, VIEW(NULL, 0));
		bytes_put(out_rider, bytes_view(&encoded));
	} else {
		bytes_put_block(out, bytes_view(&encoded));
	}
	out->failed |= encoded.failed;
}

void
ticket_put_draft(const struct ticket *t, size_t part, struct bytes *out)
{
	AUTO_DONE(bytes) encoded = { 0 };

	draft_encode(t->record.drafts.at[part], &encoded);
	bytes_put_u8(out, (uint8_t)part);
	bytes_put_block(out, bytes_view(&encoded));
	out->failed |= encoded.failed;
}

/* ---- the entry */

/* In a decision that allows, what failed is a rule that only monitors. */
static enum entry_rule_outcome
outcome_for_entry(enum outcome o, bool allows)
{
	if (o == OUTCOME_PASS)
		return ENTRY_RULE_PASS;
	if (o == OUTCOME_NOT_APPLICABLE)
		return ENTRY_RULE_NA;
	return allows ? ENTRY_RULE_MONITOR : ENTRY_RULE_FAIL;
}

/* The first n of a text that is len digits; NULL for any other. */
static const char *
digits(struct view v, size_t len, size_t n, char out[11])
{
	if (v.len != len)
		return NULL;
	for (size_t i = 0; i < len; i++)
		if (v.at[i] < '0' || v.at[i] > '9')
			return NULL;
	memcpy(out, v.at, n);
	out[n] = '\0';
	return out;
}

/* What an entry says of a decision, and the texts it borrows. */
struct telling {
	struct entry_decision_facts	facts;
	struct entry_rule		rules[ENTRY_RULES_MAX];
	char				programme[65], caller[129];
	char				centre[11], region[11], reason[65];
	struct handle			cti;
	struct schema_use		uses[SCHEMA_LIST_MAX];
	uint64_t			value;
	struct bytes			seen;		/* facts, as JSON */
};

static void
telling_done(struct telling *t)
{
	bytes_done(&t->seen);
}

static void
tell_texts(struct telling *t, const struct asked *asked)
{
	struct view residence = asked->holder.residence;

	memcpy(t->programme, asked->programme.at, asked->programme.len);
	memcpy(t->caller, asked->caller.at, asked->caller.len);
	t->facts.programme = t->programme;
	t->facts.caller = t->caller;
	t->facts.centre = digits(asked->evidence.centre, 10, 10, t->centre);
	t->facts.region = digits(residence, residence.len == 10 ? 10 : 5, 5,
	    t->region);
}

/* Why: by the policy's own words, for others would be a client's text. */
static void
tell_reason(struct telling *t, const struct request *r,
    const struct decision *d)
{
	struct view reason = seen_reason(d, r);

	if (reason.len == 0 || reason.len >= sizeof(t->reason))
		return;
	memcpy(t->reason, reason.at, reason.len);
	t->facts.reason = t->reason;
}

static enum err
tell_seen(struct telling *t, const struct request *r,
    const struct findings *f, const struct decision *d)
{
	struct json j = json_start(&t->seen);

	json_record(&j, NULL);
	seen_put(d, r, &f->facts, &j);
	json_close(&j);
	TRY(json_end(&j));
	t->facts.facts = bytes_view(&t->seen);
	return ERR_OK;
}

static void
tell_rules(struct telling *t, const struct decision *d)
{
	for (size_t i = 0; i < decision_count(d) && i < COUNT(t->rules); i++) {
		const struct rule_result *rule = decision_rule(d, i);

		t->rules[t->facts.rule_count++] = (struct entry_rule){
			.id = rule->id,
			.outcome = outcome_for_entry(rule->outcome,
			    decision_allows(d)),
		};
	}
	t->facts.rules = t->rules;
}

/* What a request came to, as serve() knows it. */
struct matter {
	const struct request	*request;
	const struct issue	*issue;
	const struct findings	*found;
	const struct decision	*decision;
	const struct drafts	*drafts;
};

static void
tell_use(struct telling *t, const struct status_use *use)
{
	t->uses[t->facts.use_count++] = (struct schema_use){
	    (uint64_t)use->list, (uint64_t)use->first, (uint64_t)use->count };
	t->facts.uses = t->uses;
}

/* All its places; of very many none: bound says whose they are. */
static void
tell_change(struct telling *t, const struct notary *n,
    const struct findings *f)
{
	const struct registry_change *changes;
	size_t count = registry_status_staged(n->registry, &changes);

	t->facts.device = f->active.device.at;
	for (size_t i = 0; i < count && count <= COUNT(t->uses); i++) {
		tell_use(t, &changes[i].use);
		t->value = (uint64_t)changes[i].value;
		t->facts.value = &t->value;
	}
}

/* What reserve() has changed in the registry for this grant. */
static void
tell_reserved(struct telling *t, const struct notary *n,
    const struct matter *m, const struct grant *grant)
{
	const struct findings *f = m->found;

	t->facts.bound = m->issue->bound * 1000;
	t->facts.old = m->issue->old * 1000;
	t->facts.changed = m->issue->changed * 1000;
	if (request_asked(m->request)->action != 0) {
		tell_change(t, n, f);
		return;
	}
	if (request_asked(m->request)->operation == OPERATION_QR_TOKEN) {
		t->cti = drafts_name(n, m->issue, grant, "cti");
		t->facts.cti = t->cti.at;
		t->facts.expiry = grant_terms(grant)->technical_expiry * 1000;
		return;
	}
	t->facts.until = grant_terms(grant)->technical_expiry * 1000;
	if (f->has_token)
		t->facts.used = f->cti.at;
	t->facts.keys = f->keys[0].at;
	t->facts.key_count = f->key_count;
	tell_use(t, &m->issue->status);
}

/* A dry run has no effect: its entry names no holder and no device. */
static void
tell_effect(struct telling *t, const struct notary *n, const struct matter *m)
{
	const struct asked *asked = request_asked(m->request);
	const struct grant *grant = decision_grant(m->decision);
	int64_t expiry = grant != NULL ?
	    grant_terms(grant)->administrative_expiry : TIME_NONE;

	t->facts.dry_run = asked->dry_run;
	if (asked->dry_run)
		return;
	t->facts.holder = m->found->holder.at;
	if (asked->has_device)
		t->facts.device = m->found->device.at;
	if (expiry != TIME_NONE)
		t->facts.expiry = expiry * 1000;
	t->facts.drafts = m->drafts->hash;
	t->facts.draft_count = m->drafts->count;
	if (grant != NULL)
		tell_reserved(t, n, m, grant);
}

static enum err
put_entry(struct notary *n, const struct telling *t, struct place *out_place)
{
	AUTO_DONE(bytes) entry = { 0 };
	struct entry_common c;

	TRY(journal_next(n->journal, &c));
	TRY(entry_decision(&c, &t->facts, &entry));
	out_place->index = c.seq;
	return journal_put(n->journal, bytes_view(&entry), &out_place->leaf);
}

static enum err
record_entry(struct notary *n, const struct matter *m,
    struct place *out_place)
{
	const struct asked *asked = request_asked(m->request);
	const struct decision *d = m->decision;
	AUTO_DONE(telling) t = { .facts = {
		.operation = operation_name(asked->operation),
		.purpose = asked->purpose != 0 ?
		    purpose_name(asked->purpose) : NULL,
		.action = asked->action != 0 ?
		    action_name(asked->action) : NULL,
		.allow = decision_allows(d),
		.policy = *policy_hash(n->policy),
		.serial = (uint64_t)policy_serial(n->policy),
	} };

	if (asked->evidence.kind != EVIDENCE_NONE)
		t.facts.evidence = evidence_name(asked->evidence.kind);
	memcpy(t.facts.request, m->issue->id.at, sizeof(t.facts.request));
	tell_texts(&t, asked);
	tell_reason(&t, m->request, d);
	tell_rules(&t, d);
	TRY(tell_seen(&t, m->request, m->found, d));
	tell_effect(&t, n, m);
	return put_entry(n, &t, out_place);
}

/* ---- staging */

static enum err
stage(struct notary *n, uint64_t index, bool again, struct drafts *drafts,
    struct served *out)
{
	struct ticket *t = mem_new(1, sizeof(*t));

	if (t == NULL)
		return err_because(ERR_MEMORY, "a ticket");
	out->record = &t->record;
	t->record.index = index;
	t->record.drafts = *drafts;
	*drafts = (struct drafts){ 0 };
	return outstanding_add(&n->outstanding, &(struct outstanding_ticket){
		.index = index,
		.id = out->id,
		.keyholder = OUTSTANDING_STAGED,
		.parts = (uint32_t)t->record.drafts.count,
		.again = again,
	});
}

static enum err
keep_for_retry(struct notary *n, const struct issue *issue, uint64_t index,
    const struct grant_terms *terms, const struct drafts *drafts)
{
	struct registry_idem idem = {
		.index = index,
		.fingerprint = issue->fingerprint,
		.seed = issue->seed,
		.terms = *terms,
		.status = issue->status,
		.draft_count = drafts->count,
	};

	for (size_t i = 0; i < drafts->count; i++) {
		idem.drafts[i].hash = drafts->hash[i];
		idem.drafts[i].signer = draft_signer(drafts->at[i]);
	}
	return registry_idem_put(n->registry, &issue->id, &idem);
}

static enum err
grant_drafts(struct notary *n, const struct issue *issue,
    const struct decision *d, const struct place *place,
    struct drafts *drafts, struct served *out)
{
	const struct grant_terms *terms = grant_terms(decision_grant(d));

	TRY(keep_for_retry(n, issue, place->index, terms, drafts));
	TRY(answer_granted(d, place, terms, drafts, &out->body));
	out->type = MSG_GRANTED;
	return stage(n, place->index, false, drafts, out);
}

static enum err
change_answer(struct notary *n, const struct issue *issue,
    const struct decision *d, const struct place *place,
    const struct asked *asked, struct served *out)
{
	const struct drafts none = { 0 };

	TRY(keep_for_retry(n, issue, place->index,
	    grant_terms(decision_grant(d)), &none));
	out->type = MSG_ANSWER;
	return answer_changed(d, asked->action, place, &out->body);
}

enum err
ticket_record(struct notary *n, const struct request *r,
    const struct issue *issue, const struct findings *f,
    const struct decision *d, struct drafts *drafts, struct served *out)
{
	const struct asked *asked = request_asked(r);
	struct place place = { .origin = n->config->origin };

	TRY(record_entry(n, &(struct matter){ r, issue, f, d, drafts },
	    &place));
	tally_decision(&n->tally, asked, d);
	if (drafts->count != 0)
		return grant_drafts(n, issue, d, &place, drafts, out);
	if (asked->operation == OPERATION_STATUS_CHANGE && !asked->dry_run &&
	    decision_allows(d))
		return change_answer(n, issue, d, &place, asked, out);
	out->type = MSG_ANSWER;
	return answer_decided(d, asked->dry_run, &place, &out->body);
}

/* ---- what the service signs for itself */

typedef enum err put_signed(const struct entry_common *c,
    const struct entry_signed_facts *f, struct bytes *out);

static enum err
record_own(struct notary *n, put_signed *put,
    const struct entry_signed_facts *f, struct drafts *drafts,
    struct served *out)
{
	struct entry_signed_facts facts = *f;
	AUTO_DONE(bytes) entry = { 0 };
	struct entry_common c;

	facts.drafts = drafts->hash;
	facts.draft_count = drafts->count;
	TRY(journal_next(n->journal, &c));
	TRY(put(&c, &facts, &entry));
	TRY(journal_put(n->journal, bytes_view(&entry), NULL));
	return stage(n, c.seq, false, drafts, out);
}

enum err
ticket_record_list(struct notary *n, const struct entry_signed_facts *f,
    struct drafts *drafts, struct served *out)
{
	return record_own(n, entry_status_list, f, drafts, out);
}

enum err
ticket_record_metadata(struct notary *n, const struct entry_signed_facts *f,
    struct drafts *drafts, struct served *out, uint64_t *out_index)
{
	TRY(record_own(n, entry_metadata, f, drafts, out));
	*out_index = out->record->index;
	return ERR_OK;
}

/* ---- a retry */

static enum err
same_drafts(const struct registry_idem *before, const struct drafts *drafts)
{
	size_t same = 0;

	while (same < drafts->count && same < before->draft_count &&
	    memcmp(&drafts->hash[same], &before->drafts[same].hash,
	    sizeof(drafts->hash[same])) == 0)
		same++;
	if (same == drafts->count && same == before->draft_count)
		return ERR_OK;
	return err_because(ERR_MISMATCH, "what this Idempotency-Key stands "
	    "for cannot be made again: policy or certificate have changed "
	    "since; use a new key");
}

enum err
ticket_record_again(struct notary *n, const struct issue *issue,
    struct drafts *drafts, struct served *out)
{
	const struct registry_idem *before = &issue->before;
	struct place place = { .origin = n->config->origin,
	    .index = before->index };
	struct view entry;

	TRY(same_drafts(before, drafts));
	TRY(registry_entry_get(n->registry, before->index, &entry));
	place.leaf = merkle_leaf(entry);
	n->tally.retries++;
	if (drafts->count == 0) {
		out->type = MSG_ANSWER;
		return answer_changed_again(entry, &place, &out->body);
	}
	TRY(answer_granted_again(entry, &place, &before->terms, drafts,
	    &out->body));
	out->type = MSG_GRANTED;
	return stage(n, before->index, true, drafts, out);
}

/* ---- the commit */

enum err
ticket_commit(struct notary *n, struct batch *b)
{
	TRY(registry_commit(n->registry));
	TRY(journal_committed(n->journal));
	for (size_t i = 0; i < b->count; i++)
		b->at[i].ticket = (struct ticket *)STEAL(b->at[i].record);
	b->list.ticket = (struct ticket *)STEAL(b->list.record);
	return ERR_OK;
}
