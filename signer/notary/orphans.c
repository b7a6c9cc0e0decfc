/*
 * Noting, closing and showing orphans. What an officer names is looked at one
 * by one before anything is staged; the row that is still open decides. Next:
 * orphans_tell.c, calls.c, chores.c.
 */
#include "signer/notary/orphans.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "signer/log.h"
#include "signer/notary/aside.h"

#define DIGITS_MAX 5	/* in a row: six are the first half of a number */

/* ---- staging */

enum err
orphans_note(struct notary *n, const uint64_t *of, size_t count)
{
	AUTO_DONE(bytes) entry = { 0 };
	struct entry_common c;

	TRY(journal_next(n->journal, &c));
	TRY(entry_orphan(&c, of, count, &entry));
	for (size_t i = 0; i < count; i++)
		TRY(registry_orphan_put(n->registry, of[i], c.seq));
	n->tally.orphaned += count;
	n->tally.orphans_stale = true;
	return journal_put(n->journal, bytes_view(&entry), NULL);
}

static enum err
put_closed(struct notary *n, const struct entry_common *c,
    const struct entry_orphan_facts *f)
{
	AUTO_DONE(bytes) entry = { 0 };

	TRY(entry_orphan_closed(c, f, &entry));
	n->tally.orphans_stale = true;
	return journal_put(n->journal, bytes_view(&entry), NULL);
}

/* All of them; ERR_EXISTS when one is not open. */
static enum err
close_all(struct notary *n, const struct entry_orphan_facts *f,
    uint64_t *out_index)
{
	struct entry_common c;

	TRY(journal_next(n->journal, &c));
	for (size_t i = 0; i < f->count; i++)
		TRY(registry_orphan_close(n->registry, f->of[i], c.seq));
	*out_index = c.seq;
	return put_closed(n, &c, f);
}

enum err
orphans_remade(struct notary *n, const uint64_t *of, size_t count)
{
	uint64_t index;

	return close_all(n, &(struct entry_orphan_facts){ .of = of,
	    .count = count, .what = "remade" }, &index);
}

enum err
orphans_retried(struct notary *n, const uint64_t *of, size_t count)
{
	uint64_t closed[SCHEMA_LIST_MAX];
	struct entry_orphan_facts f = { .of = closed, .what = "retry" };
	struct entry_common c;

	/* only starts make orphans, of what was before them */
	if (count == 0 || of[0] >= n->began)
		return ERR_OK;
	TRY(journal_next(n->journal, &c));
	for (size_t i = 0; i < count && of[i] < n->began; i++) {
		enum err e = registry_orphan_close(n->registry, of[i], c.seq);

		if (e != ERR_OK && e != ERR_EXISTS)
			return e;
		if (e == ERR_OK)
			closed[f.count++] = of[i];
	}
	return f.count != 0 ? put_closed(n, &c, &f) : ERR_OK;
}

/* ---- an operator closes them */

static enum err
check_reason(const char *reason)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
	size_t digits = 0, most = 0;

	if (reason[0] == '\0' || strspn(reason, "._-") != 0)
		return err_because(ERR_SCHEMA, "a reason is a word that "
		    "begins with a letter or a digit");
	for (const char *c = reason; *c != '\0'; c++) {
		bool digit = *c >= '0' && *c <= '9';

		digits = digit ? digits + 1 : 0;
		most = digits > most ? digits : most;
		if (!digit && strchr(letters, *c) == NULL &&
		    strchr("._-", *c) == NULL)
			return err_because(ERR_SCHEMA, "a reason is a word "
			    "of a-z, 0-9, \".\", \"_\" and \"-\"");
	}
	if (most > DIGITS_MAX)
		return err_because(ERR_RANGE, "a reason has at most %d "
		    "digits in a row: six can be somebody's number and stay "
		    "in the log for ever", DIGITS_MAX);
	return ERR_OK;
}

/* Why it has no row: it is young, was reported on, or is something else. */
static enum err
is_none(struct notary *n, uint64_t index)
{
	struct schema_entry e;
	struct view bytes;

	TRY(registry_entry_get(n->registry, index, &bytes));
	TRY(schema_get(bytes, &e));
	if (e.member[SCHEMA_DRAFTS].at == NULL)
		return err_because(ERR_MISMATCH, "entry %" PRIu64
		    " (%s) allowed nothing to be signed", index,
		    schema_event_name(e.event));
	return err_because(ERR_MISMATCH, "entry %" PRIu64 " is no orphan: "
	    "what it allowed was reported on", index);
}

static enum err
check_open(struct notary *n, uint64_t index)
{
	struct registry_orphan found;
	enum err e;

	if (index >= journal_durable(n->journal))
		return err_because(ERR_NOT_FOUND, "the log has no entry %"
		    PRIu64, index);
	if (outstanding_find(&n->outstanding, index) != NULL)
		return err_because(ERR_IN_FLIGHT, "entry %" PRIu64
		    " is being signed", index);
	e = registry_orphan_find(n->registry, index, &found);
	if (e == ERR_NOT_FOUND)
		return is_none(n, index);
	TRY(e);
	if (found.closed != 0)
		return err_because(ERR_EXISTS, "entry %" PRIu64
		    " was closed by entry %" PRIu64, index, found.closed);
	return ERR_OK;
}

static int
compare_index(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return *left < *right ? -1 : *left > *right;
}

static enum err
check_wish(struct notary *n, struct orphans_wish *w)
{
	TRY(check_reason(w->reason));
	qsort(w->of, w->count, sizeof(w->of[0]), compare_index);
	for (size_t i = 0; i < w->count; i++) {
		if (i != 0 && w->of[i] == w->of[i - 1])
			return err_because(ERR_RANGE, "entry %" PRIu64
			    " is named twice", w->of[i]);
		TRY(check_open(n, w->of[i]));
	}
	return ERR_OK;
}

static enum err
stage_wish(struct notary *n, const struct orphans_wish *w,
    uint64_t *out_index)
{
	TRY(registry_begin(n->registry));
	return close_all(n, &(struct entry_orphan_facts){ .of = w->of,
	    .count = w->count, .what = "operator", .caller = w->caller,
	    .reason = w->reason }, out_index);
}

enum err
orphans_close(struct notary *n, struct orphans_wish *wish, bool *out_broken,
    struct bytes *out_json)
{
	struct json j = json_start(out_json);
	uint64_t index = 0;

	TRY(check_wish(n, wish));
	TRY(aside_commit(n, stage_wish(n, wish, &index), out_broken));
	log_info("%s has closed %zu orphans: %s", wish->caller, wish->count,
	    wish->reason);
	orphans_count(n);
	json_record(&j, NULL);
	json_items(&j, "closed");
	for (size_t i = 0; i < wish->count; i++)
		json_int(&j, NULL, (int64_t)wish->of[i]);
	json_close(&j);
	json_record(&j, "log");
	json_c_text(&j, "origin", n->config->origin);
	json_int(&j, "index", (int64_t)index);
	json_close(&j);
	json_close(&j);
	return json_end(&j);
}

void
orphans_count(struct notary *n)
{
	uint64_t open;

	if (!n->tally.orphans_stale || registry_is_away(n->registry))
		return;
	if (registry_orphans_count(n->registry, &open) != ERR_OK) {
		log_warning("orphans: %s", err_why());
		return;
	}
	n->tally.orphans_open = open;
	n->tally.orphans_stale = false;
}
