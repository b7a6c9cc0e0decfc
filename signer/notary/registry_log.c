/*
 * The registry's verbs of the log: retries, entries, and what time makes
 * useless. Next: journal.c, which writes entries; retry.c, which reads back.
 */
#include <string.h>

#include "signer/notary/registry_sql.h"

/* ---- retries */

static enum err
get_drafts(struct query *q, struct registry_idem *out)
{
	struct view v = query_get_blob(q);
	size_t count = v.len / sizeof(out->drafts[0]);

	if (v.len % sizeof(out->drafts[0]) != 0 ||
	    v.len > sizeof(out->drafts))
		return err_because(ERR_CORRUPT,
		    "database: %zu bytes of drafts", v.len);
	for (size_t i = 0; i < count; i++) {
		memcpy(&out->drafts[i].hash, v.at + i * SHA256_SIZE,
		    SHA256_SIZE);
		memcpy(&out->drafts[i].signer, v.at + (count + i) *
		    SHA256_SIZE, SHA256_SIZE);
	}
	out->draft_count = count;
	return ERR_OK;
}

/* All hashes, then all signers. */
static void
put_drafts(const struct registry_idem *idem,
    struct hash out[2 * REGISTRY_DRAFTS])
{
	size_t count = idem->draft_count;

	for (size_t i = 0; i < count; i++) {
		out[i] = idem->drafts[i].hash;
		out[count + i] = idem->drafts[i].signer;
	}
}

static void
put_status(struct query *q, const struct status_use *use)
{
	if (use->list == 0) {
		query_put_null(q);
		query_put_null(q);
		return;
	}
	query_put_int(q, use->list);
	query_put_int(q, use->first);
}

static void
get_status(struct query *q, struct status_use *out)
{
	if (query_is_null(q)) {
		q->column += 2;
		return;
	}
	out->list = query_get_int(q);
	out->first = query_get_int(q);
}

enum err
registry_idem_find(struct registry *r, const struct handle *id,
    struct registry_idem *out_idem)
{
	struct query q = registry_query(r, IDEM_FIND);
	struct registry_idem found = { 0 };
	enum err e;

	put_handle(&q, id);
	TRY(query_row(&q));
	found.node = query_get_int(&q);
	found.index = (uint64_t)query_get_int(&q);
	get_handle(&q, &found.fingerprint);
	get_handle(&q, &found.seed);
	found.terms.issued_at = query_get_int(&q);
	found.terms.valid_from = query_get_int(&q);
	found.terms.administrative_expiry = get_time(&q);
	found.terms.technical_expiry = query_get_int(&q);
	get_status(&q, &found.status);
	e = get_drafts(&q, &found);
	TRY(query_end(&q));
	TRY(e);
	*out_idem = found;
	return ERR_OK;
}

enum err
registry_idem_put(struct registry *r, const struct handle *id,
    const struct registry_idem *idem)
{
	struct query q = registry_query(r, IDEM_PUT);
	struct hash drafts[2 * REGISTRY_DRAFTS];

	put_handle(&q, id);
	query_put_int(&q, r->node);
	query_put_int(&q, (int64_t)idem->index);
	put_handle(&q, &idem->fingerprint);
	put_handle(&q, &idem->seed);
	query_put_int(&q, idem->terms.issued_at);
	query_put_int(&q, idem->terms.valid_from);
	put_time(&q, idem->terms.administrative_expiry);
	query_put_int(&q, idem->terms.technical_expiry);
	put_status(&q, &idem->status);
	put_drafts(idem, drafts);
	query_put_blob(&q, VIEW(drafts,
	    idem->draft_count * sizeof(idem->drafts[0])));
	return query_change(&q);
}

/* ---- the log's entries */

enum err
registry_entry_put(struct registry *r, uint64_t index, struct view entry)
{
	struct query q = registry_query(r, ENTRY_PUT);

	query_put_int(&q, (int64_t)index);
	query_put_int(&q, r->node);
	query_put_blob(&q, entry);
	return query_change(&q);
}

static enum err
read_entry(struct registry *r, uint64_t index)
{
	struct query q = registry_query(r, ENTRY_GET);

	query_put_int(&q, (int64_t)index);
	query_put_int(&q, r->node);
	TRY(query_row(&q));
	bytes_reset(&r->entry);
	bytes_put(&r->entry, query_get_blob(&q));
	TRY(query_end(&q));
	return bytes_check(&r->entry);
}

/* index and those that follow it without a gap. */
static enum err
read_run(struct registry *r, uint64_t index)
{
	struct query q = registry_query(r, ENTRY_RUN);
	struct entry_run *run = &r->run;
	enum err e;

	run->node = r->node;
	run->from = index;
	run->count = 0;
	bytes_reset(&run->blocks);
	query_put_int(&q, (int64_t)index);
	query_put_int(&q, r->node);
	query_put_int(&q, COUNT(run->at));
	for (e = query_row(&q); e == ERR_OK; e = query_next(&q)) {
		if ((uint64_t)query_get_int(&q) != index + run->count)
			break;
		run->at[run->count++] = run->blocks.len;
		bytes_put_block(&run->blocks, query_get_blob(&q));
	}
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	TRY(query_end(&q));
	return bytes_check(&run->blocks);
}

static bool
in_run(const struct registry *r, uint64_t index)
{
	const struct entry_run *run = &r->run;

	return run->node == r->node && index >= run->from &&
	    index - run->from < run->count;
}

static struct view
of_run(const struct entry_run *run, uint64_t index)
{
	size_t at = run->at[index - run->from];
	struct reader rest = reader_of(VIEW(run->blocks.at + at,
	    run->blocks.len - at));

	return reader_block(&rest, BYTES_MAX);
}

enum err
registry_entry_get(struct registry *r, uint64_t index,
    struct view *out_entry)
{
	bool follows = index == r->entry_next;

	r->entry_next = index + 1;
	if (!in_run(r, index) && follows && registry_expects(r))
		TRY(read_run(r, index));
	if (in_run(r, index)) {
		*out_entry = of_run(&r->run, index);
		return ERR_OK;
	}
	TRY(read_entry(r, index));
	*out_entry = bytes_view(&r->entry);
	return ERR_OK;
}

enum err
registry_entry_count(struct registry *r, uint64_t *out_count)
{
	struct query q = registry_query(r, ENTRY_LAST);
	uint64_t count = 0;
	enum err e;

	query_put_int(&q, r->node);
	e = query_row(&q);
	if (e == ERR_OK) {
		count = (uint64_t)query_get_int(&q) + 1;
		e = query_end(&q);
	}
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	*out_count = count;
	return ERR_OK;
}

/* ---- the rest */

enum err
registry_meta_get(struct registry *r, const char *name, struct bytes *out)
{
	struct query q = registry_query(r, META_GET);

	query_put_text(&q, view_text(name));
	query_put_int(&q, r->node);
	TRY(query_row(&q));
	bytes_put(out, query_get_blob(&q));
	TRY(query_end(&q));
	return bytes_check(out);
}

enum err
registry_meta_put(struct registry *r, const char *name, struct view value)
{
	struct query q = registry_query(r, META_PUT);

	query_put_text(&q, view_text(name));
	query_put_int(&q, r->node);
	query_put_blob(&q, value);
	return query_run(&q);
}

/* What is older than before, by its own instant. */
static enum err
forget(struct registry *r, enum registry_statement s, int64_t before,
    size_t rows)
{
	struct query q = registry_query(r, s);

	query_put_int(&q, before);
	query_put_int(&q, (int64_t)rows);
	if (s == FORGET_IDEM)
		query_put_int(&q, r->node);
	return query_run(&q);
}

/* The same where a key begins with the instant. */
static enum err
forget_keys(struct registry *r, enum registry_statement s, int64_t before,
    size_t rows)
{
	struct query q = registry_query(r, s);
	struct handle bound = handle_at(before);

	put_handle(&q, &bound);
	query_put_int(&q, (int64_t)rows);
	return query_run(&q);
}

enum err
registry_forget(struct registry *r, int64_t now, size_t rows)
{
	TRY(forget(r, FORGET_NONCES, now, rows));
	TRY(forget(r, FORGET_IDEM, now - REGISTRY_IDEM_KEPT, rows));
	TRY(forget(r, FORGET_USES, now - REGISTRY_USES_KEPT, rows));
	TRY(forget_keys(r, FORGET_QUOTA, now, rows));
	return forget_keys(r, FORGET_QR, now - REGISTRY_QR_KEPT, rows);
}
