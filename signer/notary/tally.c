/*
 * Counters and their text form (Prometheus exposition format 0.0.4). Read by
 * the gate, which serves it. Previous: serve.c, which counts.
 */
#include "signer/notary/tally.h"

#include <inttypes.h>
#include <string.h>

#include "signer/notary/notary.h"

void
tally_rule(struct tally_rules *rules, const char *id)
{
	size_t i = 0;

	while (i < rules->count && strcmp(rules->at[i].id, id) != 0)
		i++;
	if (i == TALLY_RULES || strlen(id) >= sizeof(rules->at[i].id))
		return;
	if (i == rules->count)
		memcpy(rules->at[rules->count++].id, id, strlen(id) + 1);
	rules->at[i].count++;
}

void
tally_decision(struct tally *t, const struct asked *asked,
    const struct decision *d)
{
	t->decided[asked->operation][decision_allows(d)]++;
	t->dry_runs += asked->dry_run;
	for (size_t i = 0; i < decision_count(d); i++)
		if (decision_rule(d, i)->outcome == OUTCOME_FAIL)
			tally_rule(&t->rules, decision_rule(d, i)->id);
}

void
tally_batch(struct tally *t, size_t requests, int64_t commit_us)
{
	size_t bucket = 0;

	t->commits++;
	t->commit_us += (uint64_t)commit_us;
	if (requests == 0)
		return;
	while (bucket < TALLY_BATCHES - 1 && requests > (size_t)1 << bucket)
		bucket++;
	t->batch[bucket]++;
	t->batches++;
	t->requests += requests;
}

void
tally_head(struct bytes *out, const char *name, const char *type,
    const char *help)
{
	bytes_printf(out, "# HELP okse_%s %s\n# TYPE okse_%s %s\n", name, help,
	    name, type);
}

static void
put_one(struct bytes *out, const char *name, const char *type,
    const char *help, uint64_t value)
{
	tally_head(out, name, type, help);
	bytes_printf(out, "okse_%s %" PRIu64 "\n", name, value);
}

static void
put_decisions(const struct tally *t, struct bytes *out)
{
	tally_head(out, "decisions_total", "counter",
	    "Decisions of the policy, dry runs included.");
	for (int op = OPERATION_QR_TOKEN; op <= OPERATION_STATUS_CHANGE; op++)
		for (int allow = 0; allow < 2; allow++)
			bytes_printf(out, "okse_decisions_total{operation="
			    "\"%s\",outcome=\"%s\"} %" PRIu64 "\n",
			    operation_name((enum operation)op),
			    allow ? "allow" : "deny", t->decided[op][allow]);
	tally_head(out, "rules_failed_total", "counter",
	    "Decisions in which a rule failed.");
	for (size_t i = 0; i < t->rules.count; i++)
		bytes_printf(out, "okse_rules_failed_total{rule=\"%s\"} %"
		    PRIu64 "\n", t->rules.at[i].id, t->rules.at[i].count);
	tally_head(out, "undecided_total", "counter",
	    "Requests answered without a decision.");
	for (int e = ERR_OK + 1; e < ERR_COUNT; e++)
		if (t->refused[e] != 0)
			bytes_printf(out, "okse_undecided_total{code=\"%s\"} %"
			    PRIu64 "\n", err_code((enum err)e),
			    t->refused[e]);
}

static void
put_batches(const struct tally *t, struct bytes *out)
{
	uint64_t below = 0;

	tally_head(out, "batch_requests", "histogram",
	    "Requests served by one commit.");
	for (size_t i = 0; i < TALLY_BATCHES; i++) {
		below += t->batch[i];
		bytes_printf(out, "okse_batch_requests_bucket{le=\"%d\"} %"
		    PRIu64 "\n", 1 << i, below);
	}
	bytes_printf(out, "okse_batch_requests_bucket{le=\"+Inf\"} %" PRIu64
	    "\nokse_batch_requests_sum %" PRIu64
	    "\nokse_batch_requests_count %" PRIu64 "\n", t->batches,
	    t->requests, t->batches);
	tally_head(out, "commit_seconds", "summary", "Time in commits.");
	bytes_printf(out, "okse_commit_seconds_sum %" PRIu64 ".%06" PRIu64
	    "\nokse_commit_seconds_count %" PRIu64 "\n",
	    t->commit_us / 1000000, t->commit_us % 1000000, t->commits);
}

void
tally_put(const struct notary *n, struct bytes *out)
{
	const struct tally *t = &n->tally;

	guard_metrics(&n->guard, out);
	fleet_metrics(n, out);
	if (n->guard.held)
		return;
	put_decisions(t, out);
	put_one(out, "dry_runs_total", "counter", "Decisions without effect.",
	    t->dry_runs);
	put_one(out, "retries_total", "counter",
	    "Requests served from an earlier decision.", t->retries);
	put_batches(t, out);
	put_one(out, "batches_again_total", "counter",
	    "Batches that a constraint found at their commit.", t->again);
	lists_metrics(&n->lists, out);
	tally_head(out, "tickets_total", "counter", "Signatures asked for.");
	bytes_printf(out, "okse_tickets_total{outcome=\"done\"} %" PRIu64
	    "\nokse_tickets_total{outcome=\"failed\"} %" PRIu64
	    "\nokse_tickets_total{outcome=\"orphan\"} %" PRIu64 "\n",
	    t->done, t->failed, t->orphaned);
	put_one(out, "orphans_open", "gauge",
	    "Tickets that a crash left, and nobody has closed.",
	    t->orphans_open);
	put_one(out, "tickets_outstanding", "gauge",
	    "Requests whose signatures are on their way.",
	    n->outstanding.count);
	put_one(out, "log_entries", "gauge", "Durable entries of the log.",
	    journal_durable(n->journal));
	put_one(out, "log_published_entries", "gauge",
	    "Entries under the published checkpoint.",
	    journal_published(n->journal));
	put_one(out, "log_checkpoints_total", "counter",
	    "Checkpoints that keyholders have signed.",
	    journal_signed(n->journal));
	closed_metrics(&n->closed, out);
	attest_metrics(n->attest, n->journal, time_monotonic_us(), out);
	force_metrics(n, out);
}
