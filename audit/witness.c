/*
 * Judging and making what passes between a log and its witnesses. Either side
 * takes the other's bytes for hostile: a witness believes only the log's
 * signature and the arithmetic, a log only the witness's signature. Next:
 * cli/witness.c on the one side, signer/notary/ on the other.
 */
#include "audit/witness.h"

#include <string.h>

#define NUMBER_MAX ((uint64_t)INT64_MAX)

/* ---- the request */

static enum err
get_hash(struct view text, struct hash *out)
{
	AUTO_DONE(bytes) raw = { .max = SHA256_SIZE };

	if (base64_get(text, &raw) != ERR_OK || raw.len != SHA256_SIZE)
		return err_because(ERR_SYNTAX, "add-checkpoint: a proof line "
		    "is the base64 of 32 bytes (C2SP tlog-witness)");
	memcpy(out->at, raw.at, SHA256_SIZE);
	return ERR_OK;
}

enum err
witness_request_get(struct view body, struct witness_request *out_request)
{
	struct witness_request request = { 0 };
	struct reader r = reader_of(body);
	struct view line;

	reader_text(&r, "old ");
	request.old = reader_decimal(&r, NUMBER_MAX);
	reader_text(&r, "\n");
	while (line = reader_until(&r, '\n'), line.len != 0) {
		if (request.proof.count == WITNESS_PROOF_MAX)
			return err_because(ERR_SYNTAX, "add-checkpoint: more "
			    "than %d proof lines", WITNESS_PROOF_MAX);
		TRY(get_hash(line, &request.proof.at[request.proof.count++]));
	}
	if (r.failed || r.rest.len == 0)
		return err_because(ERR_SYNTAX, "add-checkpoint: wanted \"old "
		    "<size>\", proof lines, an empty line and a checkpoint");
	request.note = r.rest;
	*out_request = request;
	return ERR_OK;
}

void
witness_request_put(struct bytes *out, uint64_t old,
    const struct proof *proof, struct view note)
{
	bytes_printf(out, "old %llu\n", (unsigned long long)old);
	for (size_t i = 0; i < proof->count; i++) {
		base64_put(out, VIEW_OF(proof->at[i].at));
		bytes_put_u8(out, '\n');
	}
	bytes_put_u8(out, '\n');
	bytes_put(out, note);
}

struct view
witness_request_origin(const struct witness_request *r)
{
	struct reader reader = reader_of(r->note);

	return reader_until(&reader, '\n');
}

/* ---- the witness's judgement */

void
witness_log_done(struct witness_log *l)
{
	for (size_t i = 0; i < l->key_count; i++)
		vkey_free(l->keys[i]);
	*l = (struct witness_log){ 0 };
}

/* Signed by one of the log's keys at least, and badly by none. */
static enum err
verify_log(const struct witness_log *l, const struct note *n)
{
	bool found = false;

	for (size_t i = 0; i < l->key_count; i++) {
		enum err e = note_verify(n, l->keys[i], NULL);

		if (e != ERR_OK && e != ERR_NOT_FOUND)
			return err_because(ERR_FORBIDDEN,
			    "a signature of the log does not verify");
		found = found || e == ERR_OK;
	}
	return found ? ERR_OK : err_because(ERR_FORBIDDEN,
	    "the checkpoint is not signed by a known key of this log");
}

static enum err
read_checkpoint(const struct witness_log *l, struct view bytes,
    struct note *out_note, struct checkpoint *out)
{
	TRY(note_get(bytes, out_note));
	TRY(verify_log(l, out_note));
	TRY(checkpoint_get(out_note->text, out));
	if (!view_equal(out->origin, vkey_name(l->keys[0])))
		return err_because(ERR_SYNTAX,
		    "the checkpoint is of another log");
	return ERR_OK;
}

static enum err
check_growth(const struct witness_log *l, const struct witness_request *r,
    const struct checkpoint *c)
{
	struct hash empty = merkle_root(NULL, 0);

	if (c->size == 0 && !merkle_equal(&c->root, &empty))
		return err_because(ERR_MISMATCH, "the root of size 0 is not "
		    "the empty tree's (RFC 6962 2.1)");
	if (proof_check_consistency(&r->proof, r->old, c->size,
	    r->old == 0 ? &empty : &l->root, &c->root) != ERR_OK)
		return err_because(ERR_MISMATCH, "the consistency proof does "
		    "not lead from the tree that is known to this one");
	return ERR_OK;
}

enum err
witness_check(const struct witness_log *l, const struct witness_request *r,
    struct checkpoint *out_tree)
{
	struct checkpoint c;
	struct note n;

	TRY(read_checkpoint(l, r->note, &n, &c));
	if (r->old > c.size)
		return err_because(ERR_RANGE,
		    "the old size is larger than the checkpoint's");
	if (r->old != l->size)
		return err_because(ERR_EXISTS,
		    "the old size is not that of the newest known tree");
	TRY(check_growth(l, r, &c));
	*out_tree = c;
	return ERR_OK;
}

/* A signature of the log's, as it came. */
static void
put_lines(const struct note *n, const struct vkey *key, struct bytes *out)
{
	for (size_t i = 0; i < n->count; i++) {
		const struct note_line *line = &n->line[i];

		if (!view_equal(line->name, vkey_name(key)) ||
		    !view_equal(VIEW_OF(line->id), vkey_id(key)))
			continue;
		note_put_line(out, line);
	}
}

enum err
witness_cosign(const struct witness_log *l, const struct witness_request *r,
    const struct cosigner *c, uint64_t time, struct bytes *out_note,
    struct bytes *out_answer)
{
	AUTO_DONE(bytes) note = { 0 }, line = { 0 };
	struct note n;

	TRY(note_get(r->note, &n));
	note_put_text(&note, n.text);
	for (size_t i = 0; i < l->key_count; i++)
		put_lines(&n, l->keys[i], &note);
	TRY(cosigner_sign(c, time, n.text, &line));
	bytes_put(&note, bytes_view(&line));
	TRY(bytes_check(&note));
	bytes_put(out_note, bytes_view(&note));
	bytes_put(out_answer, bytes_view(&line));
	TRY(bytes_check(out_note));
	return bytes_check(out_answer);
}

enum err
witness_restore(struct witness_log *l, const struct cosigner *c,
    struct view note)
{
	struct checkpoint tree;
	struct note n;

	if (read_checkpoint(l, note, &n, &tree) != ERR_OK ||
	    note_verify(&n, cosigner_vkey(c), NULL) != ERR_OK)
		return err_because(ERR_CORRUPT, "the checkpoint kept is not "
		    "one that the log and this witness have signed");
	l->size = tree.size;
	l->root = tree.root;
	return ERR_OK;
}

/* ---- sizes and paths */

enum err
witness_size_get(struct view answer, uint64_t *out_size)
{
	struct reader r = reader_of(answer);
	uint64_t size = reader_decimal(&r, NUMBER_MAX);

	reader_text(&r, "\n");
	TRY(reader_end(&r, "a tree size"));
	*out_size = size;
	return ERR_OK;
}

void
witness_size_put(struct bytes *out, uint64_t size)
{
	bytes_printf(out, "%llu\n", (unsigned long long)size);
}

void
witness_path_put(struct bytes *out, struct view origin)
{
	struct hash h = sha256(origin);

	hex_put(out, VIEW_OF(h.at));
	bytes_put_text(out, "/checkpoint");
}
