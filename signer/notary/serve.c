/*
 * The coordinator. serve() is the only function that knows the order in which
 * a request passes the stages; everything it calls does one thing. Frames
 * come from the gate and are believed in nothing. Next: batch.c.
 */
#include "signer/notary/serve.h"

#include <string.h>

#include "signer/log.h"
#include "signer/notary/answer.h"
#include "signer/notary/ticket.h"

/* An id that can be written into the log (audit/schema.h, WORD). */
static bool
is_word(struct view v)
{
	if (v.len == 0 || v.len > 64 || strchr("._-", v.at[0]) != NULL)
		return false;
	for (size_t i = 0; i < v.len; i++)
		if (v.at[i] == '\0' || strchr("abcdefghijklmnopqrstuvwxyz"
		    "0123456789._-", v.at[i]) == NULL)
			return false;
	return true;
}

/* What is refused before anything is looked up: no decision is due. */
static enum err
admit(const struct notary *n, const struct asked *asked)
{
	if (!is_word(asked->programme))
		return err_because(ERR_SCHEMA, "/programme: expected a name "
		    "of a-z, 0-9, '.', '_', '-', at most 64");
	if (asked->dry_run)
		return ERR_OK;
	if (asked->idempotency_key.len == 0)
		return err_because(ERR_SCHEMA, "Idempotency-Key: needed");
	/* nothing is signed, and to revoke must always be possible */
	if (asked->operation == OPERATION_STATUS_CHANGE)
		return ERR_OK;
	if (n->attest != NULL)
		TRY(attest_check(n->attest, time_monotonic_us()));
	if (n->keyholders == 0)
		return err_because(ERR_UNAVAILABLE, "no keyholder is ready");
	if (n->outstanding.count == OUTSTANDING_MAX)
		return err_because(ERR_FULL, "%d signatures are on their way",
		    OUTSTANDING_MAX);
	return drafts_possible(asked);
}

static enum err
serve_again(struct notary *n, const struct request *r,
    const struct issue *issue, struct served *out)
{
	AUTO(grant) grant = NULL;
	AUTO_DONE(drafts) drafts = { 0 };

	TRY(grant_restore(n->policy, r, &issue->before.terms, &grant));
	TRY(drafts_make(n, r, issue, grant, &drafts));
	return ticket_record_again(n, issue, &drafts, out);
}

#define LOOKS 2		/* facts can change between a look and a reservation */

/* decode, idempotency, facts, decide, reserve, draft, record */
static enum err
serve(struct notary *n, struct view frame, struct served *out)
{
	AUTO(request) r = NULL;
	AUTO(decision) d = NULL;
	AUTO_DONE(drafts) drafts = { 0 };
	const struct grant *grant = NULL;
	struct findings f;
	struct issue issue;
	enum err e = ERR_EXISTS;

	if (n->keys == NULL)
		return err_because(ERR_SEALED, "the service is sealed");
	TRY(request_decode(frame, &r));
	TRY(force_check(n, n->now));
	TRY(admit(n, request_asked(r)));
	TRY(retry_find(n, r, &issue));
	if (issue.retried)
		return serve_again(n, r, &issue, out);
	for (int look = 0; e == ERR_EXISTS && look < LOOKS; look++) {
		decision_free(STEAL(d));
		TRY(facts_gather(n, r, &f));
		TRY(policy_decide(n->policy, r, &f.facts, &d));
		grant = request_asked(r)->dry_run ? NULL : decision_grant(d);
		e = reserve(n, r, &issue, &f, grant);
		if (e == ERR_EXISTS)
			TRY(registry_undo(n->registry));
	}
	TRY(e);
	force_compare(n, r, &f.facts, d);
	TRY(drafts_make(n, r, &issue, grant, &drafts));
	return ticket_record(n, r, &issue, &f, d, &drafts, out);
}

void
serve_refuse(enum err e, struct served *out)
{
	record_free(STEAL(out->record));
	bytes_reset(&out->body);
	answer_refused(e, &out->body);
	out->type = MSG_ANSWER;
}

enum err
serve_one(struct notary *n, uint64_t id, struct view frame,
    struct served *out)
{
	enum err e;

	out->id = id;
	TRY(registry_mark(n->registry));
	journal_mark(n->journal);
	e = serve(n, frame, out);
	TRY(registry_failed(n->registry));
	if (e == ERR_OK)
		return ERR_OK;
	if (err_status(e) == 500)
		log_error("request %llu: %s", (unsigned long long)id,
		    err_why());
	n->tally.refused[e]++;
	serve_refuse(e, out);
	journal_undo(n->journal);
	return registry_undo(n->registry);
}
