/*
 * The witness's judgement: the cases that litewitness and Sunlight publish
 * (their log and its checkpoints, made with their key), then rule by rule of
 * C2SP tlog-witness with a log of our own.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/witness.h"
#include "testlog.h"

#define WITNESS_NAME "example.com/witness"

/* ---- FiloSottile/torchwood cmd/litewitness/testdata, sunlight */

#define SIGSUM "sigsum.org/v1/tree/" \
	"4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562"
#define STRANGE "sigsum.org/v1/tree/" \
	"4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e563"
#define SIGSUM_KEY \
	"ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f"

#define HASH(two) "Kg" two "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
#define TREE_1 SIGSUM "\n1\n" HASH("AA") "\n— " SIGSUM " UgIom7fPZTqpxWWhyj" \
	"WduBvTvGVqsokMbqTArsQilegKoFBJQjUFAmQ0+YeSPM3wfUQMFSzVnnNuWRTYraj" \
	"XpNUbIQY=\n"
#define ROOT_3 "RcCI1Nk56ZcSmIEfIn0SleqtV7uvrlXNccFx595Iwl0=\n"
#define TREE_3(origin, end) origin "\n3\n" ROOT_3 "\n— " origin " UgIom2Vbt" \
	"IcdFbwFAy1n7s6IkAxIY6J/GQOTuZF2ORV39d75cbAj2aQYwyJre36kezNobZs4SU" \
	"UdrcawfAB8WVrx6g" end "\n"
#define TREE_5 SIGSUM "\n5\nQrtXrQZCCvpIgsSmOsah7HdICzMLLyDfxToMql9WTjY=\n" \
	"\n— " SIGSUM " UgIomw/EOJmWi0i1FQsOj+etB7F8IccFam/jgd6wzRns4QPVmyE" \
	"Ztdvl1U2KEmLOZ/ASRcWJi0tW90dJWAShei7sDww=\n"
#define PROOF_1_3 HASH("EA") HASH("IA")

static const struct published {
	const char	*name;
	const char	*body;
	int		 status;
	uint64_t	 size;		/* that the witness knows afterwards */
} published[] = {
	{ "first cosignature at size 1", "old 0\n\n" TREE_1, 200, 1 },
	{ "invalid signature", "old 1\n" PROOF_1_3 "\n"
	    TREE_3(SIGSUM, "w="), 403, 1 },
	/* theirs: its base64 has unused bits set, which Go lets pass (403) */
	{ "invalid signature in invalid base64", "old 1\n" PROOF_1_3 "\n"
	    TREE_3(SIGSUM, "x="), 400, 1 },
	{ "unknown log", "old 1\n" PROOF_1_3 "\n" TREE_3(STRANGE, "o="),
	    404, 1 },
	{ "missing consistency proof", "old 1\n\n" TREE_3(SIGSUM, "o="), 422,
	    1 },
	{ "wrong consistency proof", "old 1\n" HASH("EA")
	    "KgIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABA=\n\n"
	    TREE_3(SIGSUM, "o="), 422, 1 },
	{ "grow to size 3", "old 1\n" PROOF_1_3 "\n" TREE_3(SIGSUM, "o="),
	    200, 3 },
	{ "old size is not the current one", "old 1\n" HASH("EA")
	    "+fUDV+k970B4I3uKrqJM4aP1lloPZP8mvr2Z4wRw2LI=\n" HASH("QA") "\n"
	    TREE_5, 409, 3 },
	{ "grow to size 5", "old 3\n" HASH("IA") HASH("MA")
	    "wgiIFdZfYNv6WU1OllBKsWnLYIS/DBMqt8Uh/S4OukE=\n" HASH("QA") "\n"
	    TREE_5, 200, 5 },
	{ "old size 0 is not the current one", "old 0\n\n" TREE_5, 409, 5 },
	{ "syntactically invalid note", "old 5\n\n" SIGSUM "\n5\nQrtXrQZCCvp"
	    "IgsSmOsah7HdICzMLLyDfxToMql9WTjY=\n", 400, 5 },
	{ "invalid checkpoint body", "old 5\n\n" SIGSUM "\nfive\n" HASH("AA")
	    "\n— " SIGSUM " UgIom4JTC2MerrFcJ5xDcWHzRPVB6zzGBIw4OFqcKDflqjH4"
	    "q4xY5vMxUxyczvdIlEwFYf7ivQU4KoWan2bLmzLx0go=\n", 400, 5 },
};

struct world {
	struct cosigner		*cosigner;
	struct witness_log	 log;
	struct bytes		 kept;		/* the note persisted */
	struct bytes		 answer;	/* of the last request */
};

/* As a witness serves: find, check, persist, answer. */
static int
ask(struct world *w, struct view body)
{
	struct witness_request r;
	struct checkpoint c;
	enum err e = witness_request_get(body, &r);

	bytes_reset(&w->answer);
	if (e == ERR_OK && !view_equal(witness_request_origin(&r),
	    vkey_name(w->log.keys[0])))
		e = ERR_NOT_FOUND;
	if (e == ERR_OK)
		e = witness_check(&w->log, &r, &c);
	if (e != ERR_OK)
		return err_status(e);
	bytes_reset(&w->kept);
	assert_int_equal(witness_cosign(&w->log, &r, w->cosigner, 1767139200,
	    &w->kept, &w->answer), ERR_OK);
	w->log.size = c.size;
	w->log.root = c.root;
	return 200;
}

static void
begin(struct world *w, struct vkey *key)
{
	*w = (struct world){ .log.key_count = 1, .log.keys = { key } };
	assert_int_equal(cosigner_new(view_text(WITNESS_NAME), &w->cosigner),
	    ERR_OK);
}

static void
end(struct world *w)
{
	cosigner_free(w->cosigner);
	witness_log_done(&w->log);
	bytes_done(&w->kept);
	bytes_done(&w->answer);
}

static void
published_cases_get_their_published_answers(void **state)
{
	AUTO_DONE(bytes) raw = { 0 };
	struct vkey *key;
	struct world w;

	(void)state;
	assert_int_equal(hex_get(view_text(SIGSUM_KEY), &raw), ERR_OK);
	assert_int_equal(vkey_new(view_text(SIGSUM), VKEY_ED25519,
	    bytes_view(&raw), &key), ERR_OK);
	begin(&w, key);
	for (size_t i = 0; i < COUNT(published); i++) {
		int status = ask(&w, view_text(published[i].body));

		if (status != published[i].status)
			fail_msg("%s: wanted %d, got %d (%s)",
			    published[i].name, published[i].status, status,
			    err_why());
		assert_int_equal(w.log.size, published[i].size);
		if (status == 200)
			assert_true(view_starts(bytes_view(&w.answer),
			    "— " WITNESS_NAME " "));
	}
	end(&w);
}

/* ---- a log of our own */

#define LEAVES 70

static struct own {
	EVP_PKEY	*secret, *other;
	struct hash	 leaves[LEAVES];
} own;

static struct vkey *
own_key(void)
{
	static const uint8_t seed[32] = "a seed that everybody may know.";
	struct vkey *key;

	EVP_PKEY_free(own.secret);
	assert_int_equal(testlog_key(TESTLOG_NAME, VKEY_ED25519, seed,
	    &own.secret, &key), ERR_OK);
	return key;
}

static struct hash
own_root(uint64_t size)
{
	return merkle_root(own.leaves, size);
}

/* RFC 6962 2.1.2, SUBPROOF(m, D[from:to], whole) */
static void
subproof(uint64_t m, uint64_t from, uint64_t to, bool whole,
    struct proof *out)
{
	uint64_t n = to - from, k = 1;

	if (m == n) {
		if (!whole)
			out->at[out->count++] =
			    merkle_root(own.leaves + from, n);
		return;
	}
	while (k * 2 < n)
		k *= 2;
	if (m <= k) {
		subproof(m, from, from + k, whole, out);
		out->at[out->count++] =
		    merkle_root(own.leaves + from + k, n - k);
	} else {
		subproof(m - k, from + k, to, false, out);
		out->at[out->count++] = merkle_root(own.leaves + from, k);
	}
}

static struct proof
own_proof(uint64_t from, uint64_t to)
{
	struct proof p = { 0 };

	if (from > 0 && from < to)
		subproof(from, 0, to, true, &p);
	return p;
}

static void
put_request(const struct world *w, uint64_t old, const struct proof *p,
    uint64_t size, const struct hash *root, struct bytes *out)
{
	AUTO_DONE(bytes) note = { 0 };

	assert_int_equal(testlog_note(own.secret, w->log.keys[0], size, root,
	    &note), ERR_OK);
	bytes_reset(out);
	witness_request_put(out, old, p, bytes_view(&note));
	assert_int_equal(bytes_check(out), ERR_OK);
}

static int
ask_tree(struct world *w, uint64_t old, const struct proof *p, uint64_t size,
    struct hash root)
{
	AUTO_DONE(bytes) body = { 0 };

	put_request(w, old, p, size, &root, &body);
	return ask(w, bytes_view(&body));
}

static int
grow(struct world *w, uint64_t from, uint64_t to)
{
	struct proof p = own_proof(from, to);

	return ask_tree(w, from, &p, to, own_root(to));
}

static void
every_growth_up_to_seventy_is_cosigned(void **state)
{
	struct world w;

	(void)state;
	begin(&w, own_key());
	for (uint64_t from = 0; from < LEAVES; from++)
		for (uint64_t to = from; to <= LEAVES; to++) {
			w.log.size = from;
			w.log.root = own_root(from);
			assert_int_equal(grow(&w, from, to), 200);
		}
	end(&w);
}

static void
a_tree_that_is_no_growth_is_never_cosigned(void **state)
{
	struct proof none = { 0 }, p = own_proof(20, 40);
	struct world w;

	(void)state;
	begin(&w, own_key());
	assert_int_equal(grow(&w, 0, 20), 200);
	/* another root of the same size, and a larger tree of another past */
	assert_int_equal(ask_tree(&w, 20, &none, 20, own_root(21)), 422);
	assert_int_equal(ask_tree(&w, 20, &p, 40, own_root(41)), 422);
	/* one hash too few, one too many, one wrong */
	p.count--;
	assert_int_equal(ask_tree(&w, 20, &p, 40, own_root(40)), 422);
	p.count += 2;
	assert_int_equal(ask_tree(&w, 20, &p, 40, own_root(40)), 422);
	p.count--;
	p.at[1].at[31] ^= 1;
	assert_int_equal(ask_tree(&w, 20, &p, 40, own_root(40)), 422);
	p.at[1].at[31] ^= 1;
	/* a proof where none is due */
	assert_int_equal(ask_tree(&w, 20, &p, 20, own_root(20)), 422);
	/* smaller, or from elsewhere */
	assert_int_equal(ask_tree(&w, 20, &none, 19, own_root(19)), 400);
	assert_int_equal(ask_tree(&w, 19, &none, 19, own_root(19)), 409);
	assert_int_equal(grow(&w, 19, 40), 409);
	assert_int_equal(w.log.size, 20);
	assert_int_equal(ask_tree(&w, 20, &p, 40, own_root(40)), 200);
	end(&w);
}

static void
the_same_tree_is_cosigned_again(void **state)
{
	struct world w;

	(void)state;
	begin(&w, own_key());
	assert_int_equal(grow(&w, 0, 20), 200);
	assert_int_equal(grow(&w, 20, 20), 200);
	end(&w);
}

static void
size_zero_has_the_empty_root_and_no_proof(void **state)
{
	struct proof none = { 0 }, some = { .count = 1 };
	struct world w;

	(void)state;
	begin(&w, own_key());
	assert_int_equal(ask_tree(&w, 0, &none, 0, own_root(1)), 422);
	assert_non_null(strstr(err_why(), "the root of size 0"));
	assert_int_equal(ask_tree(&w, 0, &some, 0, own_root(0)), 422);
	assert_int_equal(grow(&w, 0, 0), 200);
	assert_int_equal(ask_tree(&w, 0, &none, 0, own_root(1)), 422);
	assert_int_equal(ask_tree(&w, 0, &some, 5, own_root(5)), 422);
	assert_int_equal(grow(&w, 0, 5), 200);
	end(&w);
}

static void
extension_lines_are_refused(void **state)
{
	AUTO_DONE(bytes) text = { 0 }, body = { 0 };
	struct hash root = own_root(3);
	uint8_t signature[64];
	struct world w;

	(void)state;
	begin(&w, own_key());
	assert_int_equal(checkpoint_body(TESTLOG_NAME, 3, &root, &text),
	    ERR_OK);
	bytes_put_text(&text, "extra extension line\n");
	assert_int_equal(testlog_sign(own.secret, bytes_view(&text),
	    signature), ERR_OK);
	bytes_put_text(&body, "old 0\n\n");
	note_put_text(&body, bytes_view(&text));
	note_put_signature(&body, w.log.keys[0], VIEW_OF(signature));
	assert_int_equal(ask(&w, bytes_view(&body)), 400);
	assert_non_null(strstr(err_why(), "three lines"));
	end(&w);
}

/* Signed by a key of this log, but of another one. */
static void
another_log_s_checkpoint_is_not_taken_for_this_one_s(void **state)
{
	AUTO_DONE(bytes) text = { 0 }, body = { 0 }, out = { 0 };
	struct hash root = own_root(3);
	struct witness_request r;
	struct checkpoint c;
	uint8_t signature[64];
	struct world w;

	(void)state;
	begin(&w, own_key());
	assert_int_equal(checkpoint_body("example.kr/other", 3, &root, &text),
	    ERR_OK);
	assert_int_equal(testlog_sign(own.secret, bytes_view(&text),
	    signature), ERR_OK);
	bytes_put_text(&body, "old 0\n\n");
	note_put_text(&body, bytes_view(&text));
	note_put_signature(&body, w.log.keys[0], VIEW_OF(signature));
	assert_int_equal(witness_request_get(bytes_view(&body), &r), ERR_OK);
	assert_int_equal(witness_check(&w.log, &r, &c), ERR_SYNTAX);
	assert_non_null(strstr(err_why(), "another log"));
	/* nor is anything cosigned that is no note */
	r.note = view_text("no note\n");
	assert_int_equal(witness_cosign(&w.log, &r, w.cosigner, 1, &out,
	    &out), ERR_SYNTAX);
	assert_int_equal(out.len, 0);
	end(&w);
}

/* A line with the witness's own name and id that it never made. */
static void
a_forged_witness_line_does_not_poison_the_state(void **state)
{
	static const uint8_t zero[72];
	AUTO_DONE(bytes) body = { 0 };
	struct proof none = { 0 };
	struct hash root = own_root(0);
	struct witness_log again;
	struct world w;

	(void)state;
	begin(&w, own_key());
	put_request(&w, 0, &none, 0, &root, &body);
	note_put_signature(&body, cosigner_vkey(w.cosigner), VIEW_OF(zero));
	assert_int_equal(ask(&w, bytes_view(&body)), 200);
	assert_int_equal(grow(&w, 0, 5), 200);
	again = w.log;
	again.size = 0;
	assert_int_equal(witness_restore(&again, w.cosigner,
	    bytes_view(&w.kept)), ERR_OK);
	assert_int_equal(again.size, 5);
	end(&w);
}

static void
the_answer_has_the_witness_line_only(void **state)
{
	struct note kept;
	struct world w;

	(void)state;
	begin(&w, own_key());
	assert_int_equal(grow(&w, 0, 5), 200);
	assert_null(memmem(w.answer.at, w.answer.len, TESTLOG_NAME,
	    strlen(TESTLOG_NAME)));
	assert_int_equal(note_get(bytes_view(&w.kept), &kept), ERR_OK);
	assert_int_equal(kept.count, 2);
	end(&w);
}

static void
one_good_key_of_two_is_enough_but_a_bad_line_is_too_much(void **state)
{
	static const uint8_t seed[32] = "the log's key of a former year.";
	static const uint8_t zero[64];
	AUTO_DONE(bytes) body = { 0 };
	struct proof none = { 0 };
	struct hash root = own_root(5);
	EVP_PKEY *old;
	struct world w;

	(void)state;
	begin(&w, own_key());
	assert_int_equal(testlog_key(TESTLOG_NAME, VKEY_ED25519, seed, &old,
	    &w.log.keys[w.log.key_count++]), ERR_OK);
	EVP_PKEY_free(old);
	put_request(&w, 0, &none, 5, &root, &body);
	assert_int_equal(ask(&w, bytes_view(&body)), 200);
	put_request(&w, 5, &none, 5, &root, &body);
	note_put_signature(&body, w.log.keys[1], VIEW_OF(zero));
	assert_int_equal(ask(&w, bytes_view(&body)), 403);
	end(&w);
}

static void
an_unsigned_checkpoint_is_forbidden(void **state)
{
	static const uint8_t zero[72];
	AUTO_DONE(bytes) text = { 0 }, body = { 0 };
	struct hash root = own_root(3);
	struct world w;

	(void)state;
	begin(&w, own_key());
	assert_int_equal(checkpoint_body(TESTLOG_NAME, 3, &root, &text),
	    ERR_OK);
	bytes_put_text(&body, "old 0\n\n");
	note_put_text(&body, bytes_view(&text));
	note_put_signature(&body, cosigner_vkey(w.cosigner), VIEW_OF(zero));
	assert_int_equal(ask(&w, bytes_view(&body)), 403);
	end(&w);
}

/* ---- the form */

static void
bodies_of_another_form_are_malformed(void **state)
{
	static const char *const heads[] = {
		"", "old", "old \n\n", "old 00\n\n", "old 01\n\n",
		"old -1\n\n", "old +1\n\n", "old 1 \n\n", "old  1\n\n",
		"old 1\r\n\r\n", "Old 1\n\n", "old 9223372036854775808\n\n",
		"old 1\nabc\n\n", "old 1\nKgAA\n\n", "old 1\n" HASH("AA"),
		"old 1\nKgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n\n",
		"\nold 1\n\n",
		/* 33 bytes */
		"old 1\nKgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n\n",
	};
	struct witness_request r;

	(void)state;
	for (size_t i = 0; i < COUNT(heads); i++) {
		AUTO_DONE(bytes) body = { 0 };

		bytes_put_text(&body, heads[i]);
		if (i != 0)	/* a note alone is no request either */
			bytes_put_text(&body, TREE_1);
		assert_int_equal(witness_request_get(bytes_view(&body), &r),
		    ERR_SYNTAX);
	}
	assert_int_equal(witness_request_get(view_text("old 1\n\n"), &r),
	    ERR_SYNTAX);
	assert_int_equal(witness_request_get(view_text("old 1\n\nx"), &r),
	    ERR_OK);
}

static void
sixty_three_proof_lines_are_the_most(void **state)
{
	struct proof p = { .count = WITNESS_PROOF_MAX };
	AUTO_DONE(bytes) body = { 0 }, again = { 0 };
	struct witness_request r;

	(void)state;
	witness_request_put(&body, INT64_MAX, &p, view_text("note"));
	assert_int_equal(witness_request_get(bytes_view(&body), &r), ERR_OK);
	assert_int_equal(r.proof.count, WITNESS_PROOF_MAX);
	witness_request_put(&again, r.old, &r.proof, r.note);
	assert_true(view_equal(bytes_view(&body), bytes_view(&again)));
	p.count++;
	bytes_reset(&body);
	witness_request_put(&body, 1, &p, view_text("note"));
	assert_int_equal(witness_request_get(bytes_view(&body), &r),
	    ERR_SYNTAX);
}

static void
a_size_is_one_line(void **state)
{
	static const char *const wrong[] = { "", "5", "5\n\n", "05\n", " 5\n",
	    "5\r\n", "-5\n", "9223372036854775808\n", "five\n" };
	AUTO_DONE(bytes) out = { 0 };
	uint64_t size = 0;

	(void)state;
	witness_size_put(&out, INT64_MAX);
	assert_int_equal(witness_size_get(bytes_view(&out), &size), ERR_OK);
	assert_int_equal(size, INT64_MAX);
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_int_equal(witness_size_get(view_text(wrong[i]), &size),
		    ERR_SYNTAX);
}

static void
the_monitoring_path_is_the_hash_of_the_origin(void **state)
{
	AUTO_DONE(bytes) out = { 0 };

	(void)state;
	witness_path_put(&out, view_text(""));
	assert_string_equal(bytes_text(&out), "e3b0c44298fc1c149afbf4c8996fb"
	    "92427ae41e4649b934ca495991b7852b855/checkpoint");
}

/* ---- what is kept */

static void
a_kept_checkpoint_needs_both_signatures(void **state)
{
	AUTO_DONE(bytes) unsigned_by_us = { 0 }, text = { 0 };
	AUTO_DONE(bytes) unlogged = { 0 };
	struct hash root = own_root(5);
	struct witness_log l;
	struct world w;

	(void)state;
	begin(&w, own_key());
	assert_int_equal(grow(&w, 0, 5), 200);
	l = w.log;
	assert_int_equal(testlog_note(own.secret, w.log.keys[0], 5, &root,
	    &unsigned_by_us), ERR_OK);
	assert_int_equal(witness_restore(&l, w.cosigner,
	    bytes_view(&unsigned_by_us)), ERR_CORRUPT);
	assert_int_equal(witness_restore(&l, w.cosigner,
	    bytes_view(&w.kept)), ERR_OK);
	/* by the witness, but not by the log */
	assert_int_equal(checkpoint_body(TESTLOG_NAME, 5, &root, &text),
	    ERR_OK);
	note_put_text(&unlogged, bytes_view(&text));
	assert_int_equal(cosigner_sign(w.cosigner, 5, bytes_view(&text),
	    &unlogged), ERR_OK);
	l.size = 0;
	assert_int_equal(witness_restore(&l, w.cosigner,
	    bytes_view(&unlogged)), ERR_CORRUPT);
	assert_int_equal(l.size, 0);
	w.kept.at[w.kept.len - 20] ^= 1;
	assert_int_equal(witness_restore(&l, w.cosigner,
	    bytes_view(&w.kept)), ERR_CORRUPT);
	assert_int_equal(witness_restore(&l, w.cosigner, view_text("")),
	    ERR_CORRUPT);
	end(&w);
}

static void
a_key_comes_back_from_its_files(void **state)
{
	char dir[] = "/tmp/okse-cosigner-XXXXXX", key[64], vkey[64];
	AUTO(cosigner) made = NULL, again = NULL, other = NULL;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(key, sizeof(key), "%s/w.key", dir);
	snprintf(vkey, sizeof(vkey), "%s/w.vkey", dir);
	assert_int_equal(cosigner_new(view_text("example.kr/w1"), &made),
	    ERR_OK);
	assert_int_equal(cosigner_write(made, key, vkey), ERR_OK);
	assert_int_equal(cosigner_write(made, key, vkey), ERR_EXISTS);
	assert_int_equal(cosigner_read(key, vkey, &again), ERR_OK);
	assert_true(view_equal(vkey_id(cosigner_vkey(made)),
	    vkey_id(cosigner_vkey(again))));
	assert_int_equal(chmod(key, 0640), 0);
	assert_int_equal(cosigner_read(key, vkey, &other), ERR_FORBIDDEN);
	assert_int_equal(chmod(key, 0600), 0);
	assert_int_equal(unlink(key), 0);
	assert_int_equal(unlink(vkey), 0);
	assert_int_equal(cosigner_new(view_text("example.kr/w1"), &other),
	    ERR_OK);
	assert_int_equal(cosigner_write(other, key, vkey), ERR_OK);
	assert_int_equal(unlink(key), 0);
	assert_int_equal(unlink(vkey), 0);
	assert_int_equal(cosigner_new(view_text("a b"), &other), ERR_SYNTAX);
	assert_int_equal(rmdir(dir), 0);
}

static int
set_up(void **state)
{
	(void)state;
	if (crypto_init() != ERR_OK)
		return -1;
	for (uint8_t i = 0; i < LEAVES; i++)
		own.leaves[i] = merkle_leaf(VIEW(&i, 1));
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	EVP_PKEY_free(own.secret);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_cases_get_their_published_answers),
		cmocka_unit_test(every_growth_up_to_seventy_is_cosigned),
		cmocka_unit_test(a_tree_that_is_no_growth_is_never_cosigned),
		cmocka_unit_test(the_same_tree_is_cosigned_again),
		cmocka_unit_test(size_zero_has_the_empty_root_and_no_proof),
		cmocka_unit_test(extension_lines_are_refused),
		cmocka_unit_test(
		    another_log_s_checkpoint_is_not_taken_for_this_one_s),
		cmocka_unit_test(
		    a_forged_witness_line_does_not_poison_the_state),
		cmocka_unit_test(the_answer_has_the_witness_line_only),
		cmocka_unit_test(
		    one_good_key_of_two_is_enough_but_a_bad_line_is_too_much),
		cmocka_unit_test(an_unsigned_checkpoint_is_forbidden),
		cmocka_unit_test(bodies_of_another_form_are_malformed),
		cmocka_unit_test(sixty_three_proof_lines_are_the_most),
		cmocka_unit_test(a_size_is_one_line),
		cmocka_unit_test(the_monitoring_path_is_the_hash_of_the_origin),
		cmocka_unit_test(a_kept_checkpoint_needs_both_signatures),
		cmocka_unit_test(a_key_comes_back_from_its_files),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
