/*
 * A disk or a network that fails says nothing about a log: whichever read or
 * listing it is, the verifier gives its error and no verdict. Proofs and
 * receipts likewise.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "audit/diff.h"
#include "audit/receipt.h"
#include "testsweep.h"

static struct testsweep plain, pruned;

/* Files of which one operation fails. */
struct failing {
	struct log_files	files;
	unsigned int		left;		/* until then */
	enum err		with;
	bool			failed;
};

static enum err
use_up(struct failing *f)
{
	if (f->left-- != 0)
		return ERR_OK;
	f->failed = true;
	return err_because(f->with, "as the test will have it");
}

static enum err
read_or_fail(void *arg, const char *path, size_t max, struct bytes *out)
{
	struct failing *f = arg;

	TRY(use_up(f));
	return f->files.read(f->files.arg, path, max, out);
}

static enum err
list_or_fail(void *arg, const char *path, files_each *each, void *context)
{
	struct failing *f = arg;

	TRY(use_up(f));
	return f->files.list(f->files.arg, path, each, context);
}

static const enum err machine[] = { ERR_MEMORY, ERR_SYSTEM, ERR_UNAVAILABLE,
	ERR_TIMEOUT };

/* Each operation in turn, with each error; the verdict when none fails. */
static struct verify_result
verify_failing(struct testsweep *s, const struct verify_options *o)
{
	struct failing f = { .files = testmemory_files(&s->m) };
	struct log_files files = { .read = read_or_fail,
		.list = list_or_fail, .arg = &f };
	struct verify_result r = { .size = 77 };

	f.failed = true;
	for (unsigned int n = 0; f.failed; n++)
		for (size_t i = 0; i < COUNT(machine); i++) {
			enum err e;

			f.left = n;
			f.with = machine[i];
			f.failed = false;
			e = verify_with(&files, o, &r);
			if (e != (f.failed ? machine[i] : ERR_OK))
				fail_msg("operation %u: %s", n, err_why());
			assert_true(!f.failed || r.size == 77);
		}
	return r;
}

static void
a_failing_machine_gives_no_verdict(void **state)
{
	struct verify_other kept = { "kept.note", bytes_view(&plain.kept) };
	struct verify_options o = { .trust = plain.full, .others = &kept,
		.other_count = 1 };

	(void)state;
	assert_int_equal(verify_failing(&plain, &o).verdict,
	    VERIFY_VERIFIED);
	o.trust = pruned.full;
	kept.note = bytes_view(&pruned.kept);
	assert_int_equal(verify_failing(&pruned, &o).verdict,
	    VERIFY_VERIFIED);
	/* as of an older checkpoint, with newer ones beyond it */
	o.trust = plain.full;
	o.to = kept;
	o.to.note = kept.note = bytes_view(&plain.kept);
	assert_int_equal(verify_failing(&plain, &o).verdict,
	    VERIFY_VERIFIED);
}

static void
nor_does_it_while_damage_is_looked_for(void **state)
{
	struct verify_options o = { .trust = plain.key };
	struct bytes *bundle = testmemory_find(&plain.m, "tile/entries/001");

	(void)state;
	bundle->at[100] ^= 1;
	assert_int_equal(verify_failing(&plain, &o).verdict,
	    VERIFY_TAMPERED);
	bundle->at[100] ^= 1;
}

/* ---- proofs */

struct failing_tiles {
	struct tile_source	source;
	unsigned int		left;
	bool			failed;
};

static enum err
tile_or_fail(void *arg, struct tile_id id, struct bytes *out)
{
	struct failing_tiles *f = arg;

	if (f->left-- != 0)
		return f->source.read(f->source.arg, id, out);
	f->failed = true;
	return err_because(ERR_UNAVAILABLE, "no such tile today");
}

static enum err
inclusion(const struct tile_source *s, uint64_t index)
{
	struct proof p;

	return proof_inclusion(s, index, 600, &p);
}

static enum err
consistency(const struct tile_source *s, uint64_t from)
{
	struct proof p;

	return proof_consistency(s, from, 600, &p);
}

static enum err
root(const struct tile_source *s, uint64_t size)
{
	struct hash h;

	return proof_root(s, size, &h);
}

static enum err
receipt(const struct tile_source *s, uint64_t index)
{
	AUTO_DONE(bytes) text = { 0 };

	return receipt_build(s, index, bytes_view(testmemory_find(&plain.m,
	    "checkpoint")), &text);
}

/* Of a tree with another root, so that the tiles are asked who is right. */
static enum err
accusation(const struct tile_source *s, uint64_t size)
{
	struct checkpoint old = { view_text("l"), size, { { 0 } } };
	struct checkpoint new = { view_text("l"), 600, { { 0 } } };
	enum diff_outcome outcome;
	struct proof p;
	enum err e;

	(void)publish_ready(plain.story.log.publish, &new.root);
	e = diff_checkpoints(s, &old, &new, &outcome, &p);
	if (e == ERR_OK)
		assert_int_equal(outcome, DIFF_FORK);
	return e;
}

static void
a_tile_that_cannot_be_had_gives_no_proof(void **state)
{
	static enum err (*const proofs[])(const struct tile_source *s,
	    uint64_t n) = { inclusion, consistency, receipt, root,
		accusation };
	static const uint64_t at[] = { 1, 255, 256, 300, 511, 512, 599 };
	struct log_files files = testmemory_files(&plain.m);
	struct failing_tiles f = { .source = log_files_tiles(&files) };
	struct tile_source s = { .read = tile_or_fail, .arg = &f };

	(void)state;
	for (size_t i = 0; i < COUNT(proofs) * COUNT(at); i++) {
		uint64_t n = at[i % COUNT(at)];
		/* nothing was published at 599 */
		if (n == 599 && proofs[i / COUNT(at)] != inclusion &&
		    proofs[i / COUNT(at)] != receipt)
			continue;
		f.failed = true;
		for (unsigned int left = 0; f.failed; left++) {
			enum err e;

			f.left = left;
			f.failed = false;
			e = proofs[i / COUNT(at)](&s, n);
			if (e != (f.failed ? ERR_UNAVAILABLE : ERR_OK))
				fail_msg("%zu, tile %u: %s", i, left,
				    err_why());
		}
	}
}

static int
setup(void **state)
{
	(void)state;
	return testsweep_open_story(&plain, 300, 300, false) == 0 &&
	    testsweep_open_story(&pruned, 300, 300, true) == 0 ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	testsweep_done(&plain);
	testsweep_done(&pruned);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failing_machine_gives_no_verdict),
		cmocka_unit_test(nor_does_it_while_damage_is_looked_for),
		cmocka_unit_test(a_tile_that_cannot_be_had_gives_no_proof),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
