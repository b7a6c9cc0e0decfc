/*
 * Writing what happens around the decisions: status lists, nodes, registry,
 * witnesses, periods. Next in the flow: the registry's commit, publish.c.
 */
#include "audit/entry_writer.h"

enum err
entry_status_list(const struct entry_common *c,
    const struct entry_signed_facts *f, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	writer_hexes(&w, SCHEMA_DRAFTS, (const uint8_t *)f->drafts,
	    f->draft_count, sizeof(struct hash));
	if (f->expiry != 0)
		writer_int(&w, SCHEMA_EXPIRY, f->expiry);
	writer_count(&w, SCHEMA_LIST, f->list);
	writer_count(&w, SCHEMA_SERIAL, f->serial);
	writer_id(&w, SCHEMA_SIGNER, f->signer, ENTRY_SIGNER_SIZE);
	return writer_finish(&w, SCHEMA_EVENT_STATUS_LIST, c, out);
}

enum err
entry_metadata(const struct entry_common *c,
    const struct entry_signed_facts *f, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	writer_hexes(&w, SCHEMA_DRAFTS, (const uint8_t *)f->drafts,
	    f->draft_count, sizeof(struct hash));
	writer_count(&w, SCHEMA_SERIAL, f->serial);
	writer_id(&w, SCHEMA_SIGNER, f->signer, ENTRY_SIGNER_SIZE);
	return writer_finish(&w, SCHEMA_EVENT_METADATA, c, out);
}

enum err
entry_node(const struct entry_common *c, const struct entry_node_facts *f,
    struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	writer_text(&w, SCHEMA_NODE, f->node);
	writer_text(&w, SCHEMA_ORIGIN, f->origin);
	writer_text(&w, SCHEMA_REASON, f->retires ? f->reason : NULL);
	writer_hash(&w, SCHEMA_REPLACES, f->replaces);
	if (f->seat_count != 0)
		writer_indexes(&w, SCHEMA_SEATS, f->seats, f->seat_count);
	writer_hash(&w, SCHEMA_VKEY, &f->vkey);
	return writer_finish(&w, f->retires ? SCHEMA_EVENT_NODE_RETIRE :
	    SCHEMA_EVENT_NODE_JOIN, c, out);
}

enum err
entry_registry_repair(const struct entry_common *c, uint64_t from,
    uint64_t to, const struct entry_tally *counts, size_t count,
    struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	writer_tally(&w, SCHEMA_COUNTS, counts, count);
	writer_count(&w, SCHEMA_FROM, from);
	writer_count(&w, SCHEMA_TO, to);
	return writer_finish(&w, SCHEMA_EVENT_REGISTRY_REPAIR, c, out);
}

enum err
entry_registry_backup(const struct entry_common *c, uint64_t entries,
    const struct hash *digest, const struct entry_tally *counts,
    size_t count, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	writer_tally(&w, SCHEMA_COUNTS, counts, count);
	writer_hash(&w, SCHEMA_DIGEST, digest);
	writer_count(&w, SCHEMA_ENTRIES, entries);
	return writer_finish(&w, SCHEMA_EVENT_REGISTRY_BACKUP, c, out);
}

enum err
entry_witness_lost(const struct entry_common *c, const char *witness,
    const char *reason, uint64_t size, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	writer_text(&w, SCHEMA_REASON, reason);
	writer_count(&w, SCHEMA_SIZE, size);
	writer_text(&w, SCHEMA_WITNESS, witness);
	return writer_finish(&w, SCHEMA_EVENT_WITNESS_LOST, c, out);
}

enum err
entry_witness_gained(const struct entry_common *c, const char *witness,
    uint64_t size, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	writer_count(&w, SCHEMA_SIZE, size);
	writer_text(&w, SCHEMA_WITNESS, witness);
	return writer_finish(&w, SCHEMA_EVENT_WITNESS_GAINED, c, out);
}

enum err
entry_period_close(const struct entry_common *c,
    const struct entry_period_facts *f, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	writer_count(&w, SCHEMA_FIRST, f->first);
	writer_count(&w, SCHEMA_LAST, f->last);
	writer_count(&w, SCHEMA_ORPHANS, f->orphans);
	writer_text(&w, SCHEMA_PERIOD, f->period);
	writer_hash(&w, SCHEMA_POLICY, &f->policy);
	writer_hash(&w, SCHEMA_PREVIOUS, f->previous);
	writer_count(&w, SCHEMA_SERIAL, f->serial);
	writer_tally(&w, SCHEMA_TOTALS, f->totals, f->total_count);
	return writer_finish(&w, SCHEMA_EVENT_PERIOD_CLOSE, c, out);
}

enum err
entry_prune(const struct entry_common *c, uint64_t min, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	writer_count(&w, SCHEMA_MIN, min);
	return writer_finish(&w, SCHEMA_EVENT_PRUNE, c, out);
}

enum err
entry_audit_query(const struct entry_common *c,
    const struct entry_query_facts *f, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	writer_text(&w, SCHEMA_CALLER, f->caller);
	writer_id(&w, SCHEMA_HOLDER, f->holder, ENTRY_PSEUDONYM_SIZE);
	if (f->of_count != 0)
		writer_indexes(&w, SCHEMA_OF, f->of, f->of_count);
	if (f->seat != NULL)
		writer_count(&w, SCHEMA_SEAT, *f->seat);
	writer_text(&w, SCHEMA_WHAT, f->what);
	return writer_finish(&w, SCHEMA_EVENT_AUDIT_QUERY, c, out);
}

static void
put_key(struct writer *w, enum schema_member key, enum schema_member hash,
    const struct vkey *k)
{
	AUTO_DONE(bytes) text = { 0 };
	struct hash h = vkey_hash(k);

	vkey_put_key(k, &text);
	w->failed |= text.failed;
	writer_text(w, key, bytes_text(&text));
	writer_hash(w, hash, &h);
}

enum err
entry_logkey_rotate(const struct entry_common *c,
    const struct entry_logkey_facts *f, struct bytes *out)
{
	AUTO_DONE(writer) w = { 0 };

	put_key(&w, SCHEMA_FORMER, SCHEMA_REPLACES, f->former);
	put_key(&w, SCHEMA_KEY, SCHEMA_VKEY, f->key);
	writer_text(&w, SCHEMA_REASON, f->lost ? ENTRY_KEY_LOST : NULL);
	writer_hash(&w, SCHEMA_TRANSCRIPT, f->transcript);
	return writer_finish(&w, SCHEMA_EVENT_LOGKEY_ROTATE, c, out);
}
