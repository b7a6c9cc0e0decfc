/*
 * What our readers make of bytes, for a program in another language to compare
 * with what its own make of them: tests/go/differ.go starts this and talks to
 * it on stdin and stdout. Both ways u32 length and bytes; the first byte of
 * a question says what it is (answer() below), an empty answer refuses.
 */
#include <stdio.h>
#include <stdlib.h>

#include "audit/receipt.h"
#include "audit/tree.h"

#define QUESTION_MAX (1U << 20)

/* "verified", "unverified" (no line of the key) or "invalid" */
static const char *
outcome(const struct note *n, const struct vkey *key)
{
	enum err e = note_verify(n, key, NULL);

	if (e == ERR_NOT_FOUND)
		return "unverified";
	return e == ERR_OK ? "verified" : "invalid";
}

static enum err
answer_note(struct reader *r, struct bytes *out)
{
	AUTO(vkey) key = NULL;
	struct note n;

	TRY(vkey_get(reader_block(r, QUESTION_MAX), &key));
	TRY(note_get(r->rest, &n));
	bytes_printf(out, "%s\n%zu\n", outcome(&n, key), n.text.len);
	bytes_put(out, n.text);
	for (size_t i = 0; i < n.count; i++) {
		bytes_put(out, n.line[i].name);
		bytes_put_u8(out, ' ');
		bytes_put(out, n.line[i].base64);
		bytes_put_u8(out, '\n');
	}
	return ERR_OK;
}

static enum err
answer_vkey(struct reader *r, struct bytes *out)
{
	AUTO(vkey) key = NULL;

	TRY(vkey_get(r->rest, &key));
	bytes_put(out, vkey_name(key));
	bytes_put_u8(out, ' ');
	hex_put(out, vkey_id(key));
	return ERR_OK;
}

static void
take_hash(struct reader *r, struct hash *out_hash)
{
	struct view v = reader_take(r, SHA256_SIZE);

	for (size_t i = 0; i < v.len; i++)
		out_hash->at[i] = v.at[i];
}

/* Two numbers, two hashes, the proof. */
static enum err
answer_proof(struct reader *r, bool inclusion, struct bytes *out)
{
	struct proof p = { 0 };
	uint64_t n = reader_u64(r), size = reader_u64(r);
	struct hash first = { 0 }, root = { 0 };

	take_hash(r, &first);
	take_hash(r, &root);
	while (r->rest.len != 0 && !r->failed && p.count < PROOF_MAX)
		take_hash(r, &p.at[p.count++]);
	TRY(reader_end(r, "a proof"));
	if (inclusion)
		TRY(proof_check_inclusion(&p, n, size, &first, &root));
	else
		TRY(proof_check_consistency(&p, n, size, &first, &root));
	bytes_put_text(out, "proved");
	return ERR_OK;
}

static enum err
answer_receipt(struct reader *r, struct bytes *out)
{
	AUTO(vkey) key = NULL;
	AUTO_DONE(receipt) receipt = { 0 };

	TRY(vkey_get(reader_block(r, QUESTION_MAX), &key));
	TRY(receipt_get(r->rest, &receipt));
	TRY(receipt_check(&receipt, key));
	bytes_printf(out, "%llu of %llu\n",
	    (unsigned long long)receipt.index,
	    (unsigned long long)receipt.checkpoint.size);
	bytes_put(out, bytes_view(&receipt.entry));
	return ERR_OK;
}

static enum err
answer_bundle(struct reader *r, struct bytes *out)
{
	struct view entries[TILE_WIDTH];
	unsigned int width = reader_u16(r);
	AUTO(tree) t = NULL;
	struct hash root;

	TRY(tile_bundle_get(r->rest, width, entries));
	TRY(tree_new(&t));
	for (unsigned int i = 0; i < width; i++) {
		struct hash leaf = merkle_leaf(entries[i]);

		TRY(tree_append(t, &leaf));
	}
	root = tree_root(t);
	hex_put(out, VIEW_OF(root.at));
	return ERR_OK;
}

static enum err
answer_path(struct reader *r, struct bytes *out)
{
	struct tile_id id;

	TRY(tile_path_get(r->rest, &id));
	bytes_printf(out, "%d %llu %u", id.level,
	    (unsigned long long)id.index, id.width);
	return ERR_OK;
}

static enum err
answer(struct view question, struct bytes *out)
{
	struct reader r = reader_of(question);

	switch (reader_u8(&r)) {
	case 'n':
		return answer_note(&r, out);
	case 'k':
		return answer_vkey(&r, out);
	case 'i':
		return answer_proof(&r, true, out);
	case 'c':
		return answer_proof(&r, false, out);
	case 'r':
		return answer_receipt(&r, out);
	case 'b':
		return answer_bundle(&r, out);
	case 'p':
		return answer_path(&r, out);
	}
	abort();
}

static void
must(bool ok)
{
	if (!ok)
		abort();
}

int
main(void)
{
	uint8_t head[4];

	must(crypto_init() == ERR_OK);
	while (fread(head, sizeof(head), 1, stdin) == 1) {
		struct reader r = reader_of(VIEW_OF(head));
		uint32_t len = reader_u32(&r);
		AUTO_DONE(bytes) question = { 0 };
		AUTO_DONE(bytes) said = { 0 };
		AUTO_DONE(bytes) out = { 0 };

		must(len <= QUESTION_MAX && bytes_grow(&question, len) != NULL);
		must(fread(question.at, len, 1, stdin) == 1);
		if (answer(bytes_view(&question), &said) != ERR_OK)
			bytes_reset(&said);
		bytes_put_block(&out, bytes_view(&said));
		must(bytes_check(&out) == ERR_OK);
		must(fwrite(out.at, out.len, 1, stdout) == 1);
		fflush(stdout);	/* a question at a time, or many in the pipe */
	}
	return 0;
}
