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

	if (v.len % SHA256_SIZE != 0 || v.len > sizeof(out->drafts))
		return err_because(ERR_CORRUPT,
		    "database: %zu bytes of draft hashes", v.len);
	if (v.len != 0)
		memcpy(out->drafts, v.at, v.len);
	out->draft_count = v.len / SHA256_SIZE;
	return ERR_OK;
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
	found.index = (uint64_t)query_get_int(&q);
	get_handle(&q, &found.fingerprint);
	get_handle(&q, &found.seed);
	found.terms.issued_at = query_get_int(&q);
	found.terms.valid_from = query_get_int(&q);
	found.terms.administrative_expiry = get_time(&q);
	found.terms.technical_expiry = query_get_int(&q);
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

	query_put_int(&q, (int64_t)idem->index);
	put_handle(&q, id);
	put_handle(&q, &idem->fingerprint);
	put_handle(&q, &idem->seed);
	query_put_int(&q, idem->terms.issued_at);
	query_put_int(&q, idem->terms.valid_from);
	put_time(&q, idem->terms.administrative_expiry);
	query_put_int(&q, idem->terms.technical_expiry);
	query_put_blob(&q, VIEW(idem->drafts,
	    idem->draft_count * SHA256_SIZE));
	return query_change(&q);
}

/* ---- the log's entries */

enum err
registry_entry_put(struct registry *r, uint64_t index, struct view entry)
{
	struct query q = registry_query(r, ENTRY_PUT);

	query_put_int(&q, (int64_t)index);
	query_put_blob(&q, entry);
	return query_change(&q);
}

enum err
registry_entry_get(struct registry *r, uint64_t index,
    struct view *out_entry)
{
	struct query q = registry_query(r, ENTRY_GET);

	query_put_int(&q, (int64_t)index);
	TRY(query_row(&q));
	bytes_reset(&r->entry);
	bytes_put(&r->entry, query_get_blob(&q));
	TRY(query_end(&q));
	TRY(bytes_check(&r->entry));
	*out_entry = bytes_view(&r->entry);
	return ERR_OK;
}

enum err
registry_entry_count(struct registry *r, uint64_t *out_count)
{
	struct query q = registry_query(r, ENTRY_COUNT);
	uint64_t found;

	TRY(query_row(&q));
	found = (uint64_t)query_get_int(&q);
	TRY(query_end(&q));
	*out_count = found;
	return ERR_OK;
}

/* ---- the rest */

enum err
registry_meta_get(struct registry *r, const char *name, struct bytes *out)
{
	struct query q = registry_query(r, META_GET);

	query_put_text(&q, view_text(name));
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
	query_put_blob(&q, value);
	return query_run(&q);
}

static enum err
forget(struct registry *r, enum registry_statement s, int64_t before,
    size_t rows)
{
	struct query q = registry_query(r, s);

	query_put_int(&q, before);
	query_put_int(&q, (int64_t)rows);
	return query_run(&q);
}

static enum err
forget_qr(struct registry *r, int64_t before, size_t rows)
{
	struct query q = registry_query(r, FORGET_QR);
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
	return forget_qr(r, now - REGISTRY_QR_KEPT, rows);
}
