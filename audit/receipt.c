/*
 * Receipts. The gate makes them from published files; whoever checks one got
 * it from a stranger, so the reader takes nothing that receipt_build() would
 * not have written. Next in the flow: the caller keeps it.
 */
#include "audit/receipt.h"

#include <string.h>

#include "audit/merkle.h"
#include "audit/tile.h"

void
receipt_done(struct receipt *r)
{
	bytes_done(&r->entry);
}

static void
put_receipt(struct bytes *out, struct view entry, uint64_t index,
    const struct proof *proof, struct view note)
{
	bytes_put_text(out, RECEIPT_FIRST_LINE "\nextra ");
	base64_put(out, entry);
	bytes_printf(out, "\nindex %llu\n", (unsigned long long)index);
	for (size_t i = 0; i < proof->count; i++) {
		base64_put(out, VIEW_OF(proof->at[i].at));
		bytes_put_u8(out, '\n');
	}
	bytes_put_u8(out, '\n');
	bytes_put(out, note);
}

static enum err
read_checkpoint(struct view text, struct note *out_note,
    struct checkpoint *out_checkpoint)
{
	TRY(note_get(text, out_note));
	return checkpoint_get(out_note->text, out_checkpoint);
}

enum err
receipt_build(const struct tile_source *s, uint64_t index, struct view note,
    struct bytes *out)
{
	struct note n;
	struct checkpoint c;
	struct proof proof;
	struct tile_id id = { .level = TILE_ENTRIES,
		.index = index / TILE_WIDTH };
	struct view entries[TILE_WIDTH];
	AUTO_DONE(bytes) bundle = { 0 };

	TRY(read_checkpoint(note, &n, &c));
	TRY(proof_inclusion(s, index, c.size, &proof));
	id.width = tile_width(id.level, id.index, c.size);
	TRY(tile_read_bundle(s, id, &bundle, entries));
	put_receipt(out, entries[index % TILE_WIDTH], index, &proof, note);
	return bytes_check(out);
}

/* Hashes up to the blank line, which is taken too. */
static enum err
read_proof(struct reader *r, struct proof *out_proof)
{
	out_proof->count = 0;
	for (struct view line = reader_until(r, '\n'); line.len != 0;
	    line = reader_until(r, '\n')) {
		AUTO_DONE(bytes) hash = { 0 };

		TRY(base64_get(line, &hash));
		if (hash.len != SHA256_SIZE || out_proof->count == PROOF_MAX)
			return err_because(ERR_SYNTAX, "receipt: a proof is "
			    "at most %d lines of base64 of 32 bytes "
			    "(C2SP tlog-proof)", PROOF_MAX);
		memcpy(&out_proof->at[out_proof->count++], hash.at, hash.len);
	}
	return ERR_OK;
}

enum err
receipt_get(struct view text, struct receipt *out_receipt)
{
	AUTO_DONE(receipt) new = { 0 };
	struct reader r = reader_of(text);

	if (text.len > RECEIPT_MAX)
		return err_because(ERR_TOO_LARGE, "a receipt of %zu bytes, "
		    "over %d", text.len, RECEIPT_MAX);
	reader_text(&r, RECEIPT_FIRST_LINE "\nextra ");
	TRY(base64_get(reader_until(&r, '\n'), &new.entry));
	reader_text(&r, "index ");
	new.index = reader_decimal(&r, INT64_MAX);
	reader_text(&r, "\n");
	TRY(read_proof(&r, &new.proof));
	if (r.failed)
		return err_because(ERR_SYNTAX,
		    "receipt: wanted " RECEIPT_FIRST_LINE ", extra, index, "
		    "hashes, a blank line, a note");
	new.text = r.rest;
	TRY(read_checkpoint(r.rest, &new.note, &new.checkpoint));
	*out_receipt = new;
	new = (struct receipt){ 0 };
	return ERR_OK;
}

static enum err
check_place(const struct receipt *r)
{
	struct hash leaf = merkle_leaf(bytes_view(&r->entry));

	return proof_check_inclusion(&r->proof, r->index, r->checkpoint.size,
	    &leaf, &r->checkpoint.root);
}

enum err
receipt_check(const struct receipt *r, const struct vkey *log_key)
{
	TRY(note_verify(&r->note, log_key, NULL));
	if (!view_equal(r->checkpoint.origin, vkey_name(log_key)))
		return err_because(ERR_MISMATCH,
		    "the checkpoint is of another log than the key");
	return check_place(r);
}

enum err
receipt_judge(const struct receipt *r, const struct trust_policy *trust,
    struct trust_seen *out_seen)
{
	struct trust_seen seen;

	TRY(trust_open(trust, r->text, &seen));
	TRY(check_place(r));
	*out_seen = seen;
	return ERR_OK;
}
