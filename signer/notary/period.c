/*
 * The end of a period. What is counted are our own entries, read back from
 * the registry; the verifier counts them again. Next: batch.c, which stages
 * the closing entry last; audit/closing.c; closed.c.
 */
#include "signer/notary/period.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "audit/closing.h"
#include "audit/proof.h"
#include "base/file.h"
#include "signer/log.h"

#define STEP 2000			/* entries counted in a pass */

enum phase { PHASE_COUNTING, PHASE_COUNTED, PHASE_FAILED };

struct period {
	char		name[CLOSED_NAME + 1];
	enum phase	phase;
	char		why[160];	/* it failed */
	struct closing	closing;
	uint64_t	last_close;	/* size of the tree it ended; 0: none */
	uint64_t	size;		/* of the tree this one ends; 0: open */
};

void
period_free(struct period *p)
{
	mem_free(p);
}

/* A note from a time that the registry knows nothing of counts as well. */
static enum err
check_new(const struct notary *n, const char *name)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/closed/%s.note", n->config->log,
	    name) >= PATH_MAX)
		return err_because(ERR_TOO_LARGE, "the log's path");
	return closed_find(&n->closed, name) == NULL && !file_exists(path) ?
	    ERR_OK : err_because(ERR_EXISTS, "the period was closed");
}

enum err
period_begin(struct notary *n, struct view name)
{
	AUTO(period) p = mem_new(1, sizeof(*p));

	if (p == NULL)
		return err_because(ERR_MEMORY, "a period");
	if (name.len != CLOSED_NAME || !closing_period_valid(name))
		return err_because(ERR_SYNTAX,
		    "a period is a month, as in \"2026-11\"");
	snprintf(p->name, sizeof(p->name), "%.*s", CLOSED_NAME,
	    (const char *)name.at);
	TRY(check_new(n, p->name));
	if ((n->period != NULL && n->period->phase != PHASE_FAILED) ||
	    closed_stop(&n->closed, journal_published(n->journal)) !=
	    CLOSED_NONE)
		return err_because(ERR_IN_FLIGHT,
		    "a period is being closed");
	period_free(n->period);
	n->period = STEAL(p);
	return ERR_OK;
}

/* ---- counting */

static enum err
count(struct period *p, struct closing *c, struct view entry)
{
	struct schema_entry e;
	enum err found;

	TRY(schema_get(entry, &e));
	found = closing_entry(c, c->next, &e);
	if (e.event != SCHEMA_EVENT_PERIOD_CLOSE)
		return found;
	/* what it said is for auditors to judge */
	p->last_close = c->next;
	return ERR_OK;
}

static enum err
count_some(struct notary *n, struct period *p)
{
	uint64_t end = journal_durable(n->journal);

	for (int i = 0; i < STEP && p->closing.next < end; i++) {
		struct view entry;

		TRY(registry_entry_get(n->registry, p->closing.next, &entry));
		TRY(count(p, &p->closing, entry));
	}
	if (p->closing.next == end) {
		p->phase = PHASE_COUNTED;
		n->chores.due = true;
	}
	return ERR_OK;
}

/* ---- the closing entry */

struct counting {
	struct period	*period;
	struct closing	*closing;
};

static enum err
count_staged(void *context, struct view entry)
{
	struct counting *c = context;

	return count(c->period, c->closing, entry);
}

/* The root at the size where the last period ended. */
static enum err
add_previous(const struct notary *n, const struct period *p,
    struct closing *c)
{
	AUTO_FD fd = -1;
	struct tile_source source = tile_source_dir(&fd);
	struct hash root;

	if (p->last_close == 0)
		return ERR_OK;
	if ((fd = open(n->config->log, O_RDONLY | O_DIRECTORY |
	    O_CLOEXEC)) == -1)
		return err_system("%s: open", n->config->log);
	TRY(proof_root(&source, p->last_close, &root));
	closing_root(c, &root);
	return ERR_OK;
}

static enum err
put_entry(struct notary *n, struct period *p,
    const struct entry_common *common, const struct closing *c)
{
	struct entry_tally totals[SCHEMA_EVENT_COUNT];
	struct entry_period_facts f;
	AUTO_DONE(bytes) entry = { 0 };

	if (closing_facts(c, p->name, totals, &f) != ERR_OK) {
		log_error("period %s: %s", p->name, err_why());
		snprintf(p->why, sizeof(p->why), "%s", err_why());
		p->phase = PHASE_FAILED;
		return ERR_OK;
	}
	TRY(entry_period_close(common, &f, &entry));
	TRY(journal_put(n->journal, bytes_view(&entry), NULL));
	TRY(closed_record(n->registry, p->name, common->seq + 1));
	p->size = common->seq + 1;
	return ERR_OK;
}

enum err
period_stage(struct notary *n)
{
	struct period *p = n->period;
	struct closing c;
	struct counting counting = { p, &c };
	struct entry_common common;

	if (p == NULL || p->phase != PHASE_COUNTED)
		return ERR_OK;
	p->size = 0;
	c = p->closing;
	if (c.next != journal_durable(n->journal))
		return ERR_OK;	/* others came: some more counting first */
	/* may stage a step of the clock, which belongs to the period */
	TRY(journal_next(n->journal, &common));
	TRY(journal_each_staged(n->journal, count_staged, &counting));
	TRY(add_previous(n, p, &c));
	return put_entry(n, p, &common, &c);
}

enum err
period_committed(struct notary *n)
{
	struct period *p = n->period;

	if (p == NULL || p->phase != PHASE_COUNTED)
		return ERR_OK;
	p->phase = PHASE_COUNTING;
	if (p->size == 0)
		return ERR_OK;
	log_info("period %s is closed with entry %llu", p->name,
	    (unsigned long long)(p->size - 1));
	period_free(STEAL(n->period));
	return closed_load(&n->closed, n->registry);
}

enum err
period_step(struct notary *n, bool *out_again)
{
	struct period *p = n->period;
	uint64_t published = journal_published(n->journal);

	*out_again = false;
	if (journal_note_size(n->journal) == published)
		TRY(closed_keep(&n->closed, published,
		    journal_note(n->journal)));
	if (p == NULL || p->phase != PHASE_COUNTING ||
	    registry_is_away(n->registry))
		return ERR_OK;
	*out_again = true;
	return count_some(n, p);
}

static void
put_open(const struct notary *n, struct json *j)
{
	const struct period *p = n->period;

	if (p == NULL) {
		json_none(j, "closing");
		return;
	}
	json_record(j, "closing");
	json_c_text(j, "period", p->name);
	json_c_text(j, "phase", p->phase == PHASE_FAILED ? "failed" :
	    "counting");
	json_int(j, "counted", (int64_t)p->closing.next);
	json_int(j, "entries", (int64_t)journal_durable(n->journal));
	if (p->phase == PHASE_FAILED)
		json_c_text(j, "why", p->why);
	json_close(j);
}

enum err
period_put(const struct notary *n, struct bytes *out_json)
{
	struct json j = json_start(out_json);

	json_record(&j, NULL);
	put_open(n, &j);
	if (n->attest == NULL)
		json_none(&j, "quorum");
	else
		json_text(&j, "quorum", trust_quorum(n->attest->policy));
	closed_put(&n->closed, &j);
	json_close(&j);
	return json_end(&j);
}
