/*
 * The exports that sweeps forge: a small one whose every bit is flipped, and
 * tall ones with full tiles, one of them pruned. All are signed by two keys
 * and cosigned by two witnesses, all of whom the policy demands; the auditor
 * kept an older checkpoint.
 */
#ifndef OKSE_TESTS_TESTSWEEP_H
#define OKSE_TESTS_TESTSWEEP_H

#include "audit/verify.h"
#include "testmemory.h"
#include "teststory.h"
#include "testwitness.h"

struct testsweep {
	struct teststory	story;
	EVP_PKEY		*second_secret;
	struct vkey		*second;
	struct testwitness	witness[2];
	struct trust_policy	*full;		/* keys and witnesses */
	struct trust_policy	*key;		/* the first key: cheap */
	struct bytes		kept;		/* an older checkpoint */
	struct testmemory	m;
	struct testmemory	older;		/* as it was at that time */
};

[[maybe_unused]] static enum err
testsweep_ecdsa(EVP_PKEY *secret, struct view text, struct bytes *out)
{
	AUTO(EVP_MD_CTX) c = EVP_MD_CTX_new();
	uint8_t der[80];
	size_t len = sizeof(der);

	if (c == NULL || EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL,
	    secret) != 1 || EVP_DigestSign(c, der, &len, text.at, text.len) !=
	    1)
		return err_openssl("test signature");
	bytes_put(out, VIEW(der, len));
	return bytes_check(out);
}

/* Any body, properly signed by the log and cosigned at the time given. */
[[maybe_unused]] static enum err
testsweep_sign(struct testsweep *s, struct view body, uint64_t time,
    struct bytes *out)
{
	AUTO_DONE(bytes) der = { 0 };
	uint8_t signature[64];

	bytes_reset(out);
	TRY(testlog_sign(s->story.log.secret, body, signature));
	TRY(testsweep_ecdsa(s->second_secret, body, &der));
	note_put_text(out, body);
	note_put_signature(out, s->story.log.key, VIEW_OF(signature));
	note_put_signature(out, s->second, bytes_view(&der));
	for (size_t i = 0; time != 0 && i < COUNT(s->witness); i++)
		TRY(testwitness_line(&s->witness[i], body, time, out));
	return bytes_check(out);
}

#define TESTSWEEP_TIME UINT64_C(1795392010)	/* 10 s after the entries */
#define TESTSWEEP_AGO 700	/* s: of the first period's, in a story */

[[maybe_unused]] static enum err
testsweep_note(struct testsweep *s, uint64_t size, const struct hash *root,
    uint64_t time, struct bytes *out)
{
	AUTO_DONE(bytes) body = { 0 };

	TRY(checkpoint_body(TESTLOG_NAME, size, root, &body));
	return testsweep_sign(s, bytes_view(&body), time, out);
}

[[maybe_unused]] static enum err
testsweep_keys(struct testsweep *s)
{
	AUTO_DONE(bytes) text = { 0 };

	s->second_secret = EVP_EC_gen("P-256");
	TRY(vkey_of_key(view_text(TESTLOG_NAME), s->second_secret,
	    &s->second));
	for (size_t i = 0; i < COUNT(s->witness); i++)
		TRY(testwitness_new((char)('a' + i), &s->witness[i]));
	bytes_put_text(&text, "log ");
	vkey_put(s->story.log.key, &text);
	bytes_put_text(&text, "\nlog ");
	vkey_put(s->second, &text);
	bytes_put_text(&text, "\nwitness a ");
	vkey_put(s->witness[0].key, &text);
	bytes_put_text(&text, "\nwitness b ");
	vkey_put(s->witness[1].key, &text);
	bytes_put_text(&text, "\ngroup both all a b\nquorum both\n");
	TRY(trust_policy_get(bytes_view(&text), &s->full));
	trust_want_all_keys(s->full);
	return trust_key(s->story.log.key, &s->key);
}

[[maybe_unused]] static void
testsweep_put_key(struct testmemory *m, const char *path,
    const struct vkey *key)
{
	AUTO_DONE(bytes) b = { 0 };

	vkey_put(key, &b);
	bytes_put_u8(&b, '\n');
	testmemory_set(m, path, bytes_view(&b));
}

/* The notes of closed periods, signed by all as well. */
static enum err
testsweep_closed(struct testsweep *s, struct testmemory *m)
{
	for (size_t i = 0; i < m->count; i++) {
		AUTO_DONE(bytes) note = { 0 };
		struct note n;

		if (strncmp(m->file[i].path, "closed/", 7) != 0)
			continue;
		TRY(note_get(bytes_view(&m->file[i].content), &n));
		TRY(testsweep_sign(s, n.text, TESTSWEEP_TIME, &note));
		testmemory_set(m, m->file[i].path, bytes_view(&note));
	}
	return ERR_OK;
}

/* The log as it lies there now; note: its checkpoint with cosignatures. */
[[maybe_unused]] static enum err
testsweep_export(struct testsweep *s, struct testmemory *m, struct bytes *note)
{
	struct hash root;
	uint64_t size = publish_ready(s->story.log.publish, &root);

	testmemory_load(m, s->story.log.dir);
	TRY(testsweep_closed(s, m));
	TRY(testsweep_note(s, size, &root, 0, note));
	testmemory_set(m, "checkpoint", bytes_view(note));
	TRY(testsweep_note(s, size, &root, TESTSWEEP_TIME -
	    (uint64_t)s->story.ago / 1000, note));
	testmemory_set(m, "checkpoint.witnessed", bytes_view(note));
	testsweep_put_key(m, "log.vkey", s->story.log.key);
	testsweep_put_key(m, "log-ecdsa.vkey", s->second);
	return ERR_OK;
}

/* n entries, the older checkpoint, cosigned, at half of them; 0 or -1. */
[[maybe_unused]] static int
testsweep_open(struct testsweep *s, uint64_t n,
    enum err (*entry)(uint64_t i, struct bytes *out))
{
	AUTO_DONE(bytes) note = { 0 };
	AUTO_DONE(bytes) b = { 0 };

	if (testlog_open(&s->story.log, testdir_new()) != ERR_OK ||
	    testsweep_keys(s) != ERR_OK)
		return -1;
	for (uint64_t i = 0; i < n; i++) {
		bytes_reset(&b);
		if (entry(i, &b) != ERR_OK || testlog_append(&s->story.log,
		    bytes_view(&b)) != ERR_OK)
			return -1;
		if (i + 1 == n / 2 && (testlog_publish(&s->story.log) !=
		    ERR_OK || testsweep_export(s, &s->older, &s->kept) !=
		    ERR_OK))
			return -1;
	}
	return testlog_publish(&s->story.log) == ERR_OK &&
	    testsweep_export(s, &s->m, &note) == ERR_OK ? 0 : -1;
}

/*
 * A log that closes its first period at this size, where the older checkpoint
 * is, and goes on by so many entries more. Pruned, that is its minimum index,
 * which it says before it closes its second period, and its first bundle is
 * gone.
 */
[[maybe_unused]] static int
testsweep_open_story(struct testsweep *s, unsigned int period,
    unsigned int more, bool pruned)
{
	AUTO_DONE(bytes) note = { 0 };
	struct teststory *y = &s->story;

	teststory_open(y, TESTSWEEP_AGO * 1000);
	if (testsweep_keys(s) != ERR_OK)
		return -1;
	teststory_beats(y, period - 2);
	teststory_close(y, NULL);
	if (testsweep_export(s, &s->older, &s->kept) != ERR_OK)
		return -1;
	y->ago = 0;
	if (pruned) {
		teststory_prune(y, period);
		teststory_close(y, NULL);
	}
	teststory_beats(y, more - (pruned ? 2 : 0));
	(void)teststory_publish(y);
	if (testsweep_export(s, &s->m, &note) != ERR_OK)
		return -1;
	if (pruned)
		testmemory_remove(&s->m, "tile/entries/000");
	return 0;
}

[[maybe_unused]] static void
testsweep_done(struct testsweep *s)
{
	testmemory_done(&s->m);
	testmemory_done(&s->older);
	bytes_done(&s->kept);
	trust_policy_free(s->full);
	trust_policy_free(s->key);
	for (size_t i = 0; i < COUNT(s->witness); i++)
		testwitness_done(&s->witness[i]);
	vkey_free(s->second);
	EVP_PKEY_free(s->second_secret);
	testdir_remove(s->story.log.dir);
	testlog_done(&s->story.log);
}

/* The verdict of an auditor with this policy who kept the older one. */
[[maybe_unused]] static struct verify_result
testsweep_verify(struct testsweep *s, const struct trust_policy *trust)
{
	struct verify_other kept = { "kept.note", bytes_view(&s->kept) };
	struct verify_options o = { .trust = trust, .others = &kept,
		.other_count = 1 };
	struct log_files files = testmemory_files(&s->m);
	struct verify_result r;

	assert_int_equal(verify_with(&files, &o, &r), ERR_OK);
	return r;
}

/* Whether a finding names this file. */
[[maybe_unused]] static bool
testsweep_names(const struct verify_result *r, const char *path)
{
	for (size_t i = 0; i < VERIFY_CHECK_COUNT; i++)
		if (r->finding[i].verdict != VERIFY_VERIFIED &&
		    strcmp(r->finding[i].file, path) == 0)
			return true;
	return false;
}

#endif
