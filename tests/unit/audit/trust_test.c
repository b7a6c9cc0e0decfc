/*
 * Trust policies: what the file may say, when a quorum is one, and checkpoints
 * in the eyes of a policy.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/file.h"
#include "testdir.h"
#include "testwitness.h"

#define WITNESSES 5

static struct testlog_keys {
	EVP_PKEY	*secret;
	struct vkey	*key;
} ours, foreign;
static struct testwitness witness[WITNESSES];	/* a … e */

/* "%L" our log's key, "%F" another log's, "%a" … "%e" the witnesses'. */
static const char *
expand(const char *text, struct bytes *b)
{
	bytes_reset(b);
	for (; *text != '\0'; text++) {
		if (*text != '%') {
			bytes_put_u8(b, (uint8_t)*text);
			continue;
		}
		text++;
		vkey_put(*text == 'L' ? ours.key : *text == 'F' ?
		    foreign.key : witness[*text - 'a'].key, b);
	}
	return bytes_text(b);
}

static enum err
get(const char *text, struct trust_policy **out_policy)
{
	AUTO_DONE(bytes) b = { 0 };

	(void)expand(text, &b);
	return trust_policy_get(bytes_view(&b), out_policy);
}

static struct trust_policy *
policy(const char *text)
{
	struct trust_policy *p = NULL;

	if (get(text, &p) != ERR_OK)
		fail_msg("%s", err_why());
	return p;
}

#define FIVE "log %L\nwitness a %a\nwitness b %b\nwitness c %c\n"            \
	"witness d %d\nwitness e %e\n"

static void
comments_blanks_and_any_octets_in_names_are_taken(void **state)
{
	AUTO(trust_policy) p = policy("# ours\n\n \t\n  log\t%L  https://l \n"
	    "witness A %a https://a/\n   # one more\nwitness \xff %b\n"
	    "group g any A \xff\t\nquorum g\n");

	(void)state;
	assert_true(trust_log_count(p) == 1 && trust_witness_count(p) == 2);
	assert_true(view_is(trust_log(p, 0)->url, "https://l"));
	assert_true(view_is(trust_witness(p, 1)->name, "\xff"));
}

static void
what_it_says_can_be_asked(void **state)
{
	AUTO(trust_policy) p = policy("log %L https://l\nlog %F\n"
	    "witness A %a https://a/\nwitness B %b\ngroup g all A B\n"
	    "quorum g\n");

	(void)state;
	assert_true(trust_log_count(p) == 2);
	assert_true(view_is(trust_log(p, 0)->url, "https://l"));
	assert_true(trust_log(p, 1)->url.len == 0);
	assert_true(vkey_same_key(trust_log(p, 0)->key, ours.key));
	assert_true(trust_witness_count(p) == 2);
	assert_true(view_is(trust_witness(p, 0)->name, "A"));
	assert_true(view_is(trust_witness(p, 0)->url, "https://a/"));
	assert_true(vkey_same_key(trust_witness(p, 1)->key, witness[1].key));
	assert_true(view_is(trust_quorum(p), "g"));
	assert_false(trust_wants_all_keys(p));
}

static void
each_slip_in_a_policy_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *text, *line;
	} bad[] = {
		{ "", "no quorum" },
		{ "log %L\n", "no quorum" },
		{ "quorum none", "line 1" },
		{ "quorum none\nquorum none\n", "line 2" },
		{ "quorum\n", "line 1" },
		{ "quorum a\nwitness a %a\n", "line 1" },
		{ "quorum none none\n", "line 1" },
		{ "quorum none # none\n", "line 1" },
		{ "Quorum none\n", "line 1" },
		{ "quorum none\r\n", "line 1" },
		{ "quorum none\nlog\n", "line 2" },
		{ "log %L\nlog %L\nquorum none\n", "line 2" },
		{ "log %a\nquorum none\n", "line 1" },
		{ "log %L u v\nquorum none\n", "line 1" },
		{ "witness a\nquorum none\n", "line 1" },
		{ "witness a %L\nquorum a\n", "line 1" },
		{ "witness none %a\nquorum none\n", "line 1" },
		{ "witness a %a\nwitness a %b\nquorum a\n", "line 2" },
		{ "witness a %a\nwitness b %a\nquorum a\n", "line 2" },
		{ "witness a %a u v\nquorum a\n", "line 1" },
		{ "group g any a\nwitness a %a\nquorum none\n", "line 1" },
		{ "group g any\nquorum none\n", "line 1" },
		{ "group\nquorum none\n", "line 1" },
		{ FIVE "group a any b\nquorum a\n", "line 7" },
		{ FIVE "group g any g\nquorum a\n", "line 7" },
		{ FIVE "group g any none\nquorum a\n", "line 7" },
		{ FIVE "group g any a a\nquorum a\n", "line 7" },
		{ FIVE "group g any a\ngroup h any a\nquorum h\n", "line 8" },
		{ FIVE "group g 0 a b\nquorum g\n", "line 7" },
		{ FIVE "group g 3 a b\nquorum g\n", "line 7" },
		{ FIVE "group g 01 a b\nquorum g\n", "line 7" },
		{ FIVE "group g +1 a b\nquorum g\n", "line 7" },
		{ FIVE "group g most a b\nquorum g\n", "line 7" },
		{ FIVE "group g 99999999999999999999 a\nquorum g\n",
		    "line 7" },
		{ FIVE "\x01\nquorum a\n", "line 7" },
		{ FIVE "#\x7f\nquorum a\n", "line 7" },
		{ FIVE "quorum f\n", "line 7" },
		{ "witness\nquorum none\n", "wanted a name other" },
		{ "group g any a\nwitness a %a\nquorum none\n",
		    "wanted members defined on earlier" },
		{ FIVE "group g 1x a b\nquorum g\n", "wanted \"all\"" },
		{ FIVE "group g any\nquorum g\n", "wanted 1 to as many" },
		{ "# \x01\nquorum none\n", "wanted no control" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		AUTO(trust_policy) p = NULL;

		if (get(bad[i].text, &p) != ERR_SYNTAX)
			fail_msg("taken: %s", bad[i].text);
		assert_null(p);
		if (strstr(err_why(), bad[i].line) == NULL)
			fail_msg("%s: %s", bad[i].text, err_why());
	}
}

static void
a_key_that_does_not_fit_its_id_is_refused(void **state)
{
	AUTO(trust_policy) p = NULL;
	AUTO_DONE(bytes) b = { 0 };
	char *id;

	(void)state;
	id = strchr(expand("log %L\nquorum none\n", &b), '+') + 1;
	*id = *id == '0' ? '1' : '0';
	assert_int_equal(trust_policy_get(bytes_view(&b), &p), ERR_MISMATCH);
}

static void
as_many_as_allowed_of_each_and_not_one_more(void **state)
{
	AUTO_DONE(bytes) b = { 0 };
	AUTO(trust_policy) full = NULL;
	AUTO(trust_policy) over = NULL;

	(void)state;
	for (int i = 0; i < TRUST_MAX; i++) {
		struct testwitness w;
		EVP_PKEY *secret;
		struct vkey *log;
		uint8_t seed[32] = { 9, (uint8_t)i };

		assert_int_equal(testwitness_new((char)(i + 33 + (i > 9)),
		    &w), ERR_OK);
		assert_int_equal(testlog_key("l", VKEY_ED25519, seed, &secret,
		    &log), ERR_OK);
		bytes_put_text(&b, "log ");
		vkey_put(log, &b);
		bytes_printf(&b, "\nwitness w%d ", i);
		vkey_put(w.key, &b);
		bytes_printf(&b, "\ngroup g%d all w%d\n", i, i);
		vkey_free(log);
		EVP_PKEY_free(secret);
		testwitness_done(&w);
	}
	bytes_put_text(&b, "quorum g63\n");
	if (trust_policy_get(bytes_view(&b), &full) != ERR_OK)
		fail_msg("%s", err_why());
	for (size_t len = b.len, i = 0; i < 3; i++) {
		static const char *const more[] = { "log ", "witness w64 ",
			"group g64 all g63\n" };
		static const char *const wanted[] = { "64 logs",
			"64 witnesses", "64 groups" };

		b.len = len;
		bytes_put_text(&b, more[i]);
		if (i < 2)
			vkey_put(i == 0 ? ours.key : witness[0].key, &b);
		bytes_put_text(&b, i < 2 ? "\n" : "");
		assert_int_equal(trust_policy_get(bytes_view(&b), &over),
		    ERR_TOO_LARGE);
		assert_non_null(strstr(err_why(), wanted[i]));
	}
}

static void
a_file_of_64_kib_is_taken_and_no_longer_one(void **state)
{
	AUTO(trust_policy) full = NULL;
	AUTO(trust_policy) over = NULL;
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	bytes_put_text(&b, "quorum none\n");
	while (b.len < TRUST_SIZE)
		bytes_put_u8(&b, '\n');
	assert_int_equal(trust_policy_get(bytes_view(&b), &full), ERR_OK);
	bytes_put_u8(&b, '\n');
	assert_int_equal(trust_policy_get(bytes_view(&b), &over),
	    ERR_TOO_LARGE);
	bytes_put_u8(&b, '\n');
	assert_int_equal(trust_keys_get(bytes_view(&b), &over),
	    ERR_TOO_LARGE);
}

static void
a_file_that_is_no_policy_or_no_keys_is_refused_as_what_it_is(void **state)
{
	AUTO(trust_policy) p = NULL;
	AUTO_DONE(bytes) b = { 0 };
	char path[512];

	(void)state;
	snprintf(path, sizeof(path), "%s/trust", testdir_new());
	assert_int_equal(trust_policy_read(path, &p), ERR_NOT_FOUND);
	assert_int_equal(trust_keys_read(path, &p), ERR_NOT_FOUND);
	assert_int_equal(file_publish(path, view_text("?\n"), 0600), ERR_OK);
	assert_int_equal(trust_policy_read(path, &p), ERR_SYNTAX);
	assert_int_equal(trust_keys_read(path, &p), ERR_SYNTAX);
	assert_null(p);
	(void)expand("%L\n", &b);
	assert_int_equal(file_publish(path, bytes_view(&b), 0600), ERR_OK);
	assert_int_equal(trust_keys_read(path, &p), ERR_OK);
	*strrchr(path, '/') = '\0';
	testdir_remove(path);
	/* nor is a witness a log */
	trust_policy_free(STEAL(p));
	assert_int_equal(trust_key(witness[0].key, &p), ERR_SYNTAX);
}

/* Times of the five witnesses, one digit each; '-': it did not cosign. */
static uint64_t
quorum_time(const struct trust_policy *p, const char *times)
{
	uint64_t cosigned[TRUST_MAX];

	for (size_t i = 0; i < WITNESSES; i++)
		cosigned[i] = times[i] == '-' ? TRUST_NEVER :
		    (uint64_t)(times[i] - '0');
	return trust_quorum_time(p, cosigned);
}

static void
a_quorum_is_reached_when_the_last_it_needs_has_cosigned(void **state)
{
	static const struct {
		const char	*rest, *times;
		uint64_t	 reached;
	} cases[] = {
		{ "quorum none\n", "-----", 0 },
		{ "quorum none\n", "12345", 0 },
		{ "quorum c\n", "12-45", TRUST_NEVER },
		{ "quorum c\n", "12345", 3 },
		{ "group g any a b c\nquorum g\n", "---11", TRUST_NEVER },
		{ "group g any a b c\nquorum g\n", "-7411", 4 },
		{ "group g all a b c\nquorum g\n", "-74--", TRUST_NEVER },
		{ "group g all a b c\nquorum g\n", "374--", 7 },
		{ "group g 2 a b c\nquorum g\n", "-7---", TRUST_NEVER },
		{ "group g 2 a b c\nquorum g\n", "-74--", 7 },
		{ "group g 2 a b c\nquorum g\n", "374--", 4 },
		/* nested: two of abc, and d or e */
		{ "group x 2 a b c\ngroup y any d e\ngroup z all x y\n"
		    "quorum z\n", "374--", TRUST_NEVER },
		{ "group x 2 a b c\ngroup y any d e\ngroup z all x y\n"
		    "quorum z\n", "3-48-", 8 },
		{ "group x 2 a b c\ngroup y any d e\ngroup z all x y\n"
		    "quorum z\n", "--488", TRUST_NEVER },
		/* a group that is not the quorum does not count */
		{ "group x all d e\ngroup y any a b\nquorum y\n", "-6---",
		    6 },
	};

	static const char five[] = FIVE;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[512];
		AUTO(trust_policy) p = NULL;

		snprintf(text, sizeof(text), "%s%s", five, cases[i].rest);
		p = policy(text);
		if (quorum_time(p, cases[i].times) != cases[i].reached)
			fail_msg("case %zu", i);
	}
}

/* ---- checkpoints */

static void
checkpoint_of(const struct testlog_keys *log, struct bytes *out)
{
	struct hash root = merkle_leaf(view_text("one"));

	bytes_reset(out);
	assert_int_equal(testlog_note(log->secret, log->key, 1, &root, out),
	    ERR_OK);
}

static void
a_checkpoint_is_seen_with_all_its_lines(void **state)
{
	AUTO(trust_policy) p = policy(FIVE "group g 2 a b c\nquorum g\n");
	AUTO(trust_policy) less = policy("log %L\nwitness b %b\nquorum b\n");
	AUTO_DONE(bytes) note = { 0 };
	struct trust_seen s;

	(void)state;
	checkpoint_of(&ours, &note);
	assert_int_equal(trust_open(p, bytes_view(&note), &s), ERR_OK);
	assert_true(s.signatures == 1 && s.witnesses == 0 && s.unknown == 0);
	assert_true(s.quorum_time == TRUST_NEVER);
	assert_int_equal(testwitness_cosign(&witness[1], 70, &note), ERR_OK);
	assert_int_equal(testwitness_cosign(&witness[2], 60, &note), ERR_OK);
	assert_int_equal(trust_open(p, bytes_view(&note), &s), ERR_OK);
	assert_true(s.checkpoint.size == 1 && s.witnesses == 2);
	assert_true(s.cosigned[0] == TRUST_NEVER && s.cosigned[1] == 70);
	assert_true(s.quorum_time == 70);
	assert_int_equal(trust_open(less, bytes_view(&note), &s), ERR_OK);
	assert_true(s.quorum_time == 70 && s.unknown == 1);
	assert_memory_equal(s.key_id, vkey_id(ours.key).at, VKEY_ID_SIZE);
}

static void
a_checkpoint_that_no_trusted_log_signed_is_refused(void **state)
{
	AUTO(trust_policy) p = policy("log %L\nquorum none\n");
	AUTO(trust_policy) none = policy("quorum none\n");
	static const uint8_t seed[32] = { 78 };
	struct testlog_keys other;
	AUTO_DONE(bytes) note = { 0 };
	struct trust_seen s;

	(void)state;
	checkpoint_of(&foreign, &note);
	assert_int_equal(trust_open(p, bytes_view(&note), &s), ERR_NOT_FOUND);
	assert_int_equal(trust_open(none, bytes_view(&note), &s),
	    ERR_NOT_FOUND);
	/* of our origin, by a key of that name that nobody named */
	assert_int_equal(testlog_key(TESTLOG_NAME, VKEY_ED25519, seed,
	    &other.secret, &other.key), ERR_OK);
	checkpoint_of(&other, &note);
	assert_int_equal(trust_open(p, bytes_view(&note), &s), ERR_NOT_FOUND);
	assert_non_null(strstr(err_why(), "by 0 of the log's 1 keys"));
	vkey_free(other.key);
	EVP_PKEY_free(other.secret);
	/* our body, signed with a key that is not ours */
	checkpoint_of(&(struct testlog_keys){ foreign.secret, ours.key },
	    &note);
	assert_int_equal(trust_open(p, bytes_view(&note), &s), ERR_SIGNATURE);
}

static void
a_note_is_told_from_a_checkpoint(void **state)
{
	AUTO(trust_policy) p = policy("log %L\nquorum none\n");
	struct view body = view_text(TESTLOG_NAME "\n1\nroot\n");
	AUTO_DONE(bytes) note = { 0 };
	uint8_t signature[64];
	struct trust_seen s;

	(void)state;
	assert_int_equal(trust_open(p, body, &s), ERR_SYNTAX);
	assert_non_null(strstr(err_why(), "a blank line"));
	assert_int_equal(testlog_sign(ours.secret, body, signature), ERR_OK);
	note_put_text(&note, body);
	note_put_signature(&note, ours.key, VIEW_OF(signature));
	assert_int_equal(trust_open(p, bytes_view(&note), &s), ERR_SYNTAX);
	body = view_text(TESTLOG_NAME "\n1\n");
	assert_int_equal(testlog_sign(ours.secret, body, signature), ERR_OK);
	bytes_reset(&note);
	note_put_text(&note, body);
	note_put_signature(&note, ours.key, VIEW_OF(signature));
	assert_int_equal(trust_open(p, bytes_view(&note), &s), ERR_SYNTAX);
	assert_non_null(strstr(err_why(), "three lines"));
}

static void
a_known_witness_s_line_that_does_not_verify_spoils_the_note(void **state)
{
	AUTO(trust_policy) p = policy(FIVE "group g 2 a b c\nquorum g\n");
	AUTO_DONE(bytes) note = { 0 };
	struct trust_seen s;

	(void)state;
	checkpoint_of(&ours, &note);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(testwitness_cosign(&witness[i], 5, &note),
		    ERR_OK);
	/* a line of d made with the key of e: two of the quorum are good */
	assert_int_equal(testwitness_cosign(&(struct testwitness){
	    witness[4].secret, witness[3].key }, 5, &note), ERR_OK);
	assert_int_equal(trust_open(p, bytes_view(&note), &s), ERR_SIGNATURE);
}

static void
all_keys_of_a_key_file_must_have_signed(void **state)
{
	AUTO_DONE(bytes) keys = { 0 };
	AUTO_DONE(bytes) note = { 0 };
	AUTO(trust_policy) p = NULL;
	AUTO(trust_policy) one = NULL;
	AUTO(trust_policy) two = NULL;
	AUTO(EVP_PKEY) secret = NULL;
	AUTO(vkey) second = NULL;
	uint8_t seed[32] = { 77 }, signature[64];
	struct trust_seen s;

	(void)state;
	assert_int_equal(testlog_key(TESTLOG_NAME, VKEY_ED25519, seed,
	    &secret, &second), ERR_OK);
	checkpoint_of(&ours, &note);
	assert_int_equal(trust_key(ours.key, &one), ERR_OK);
	assert_true(trust_wants_all_keys(one));
	assert_int_equal(trust_open(one, bytes_view(&note), &s), ERR_OK);
	assert_true(s.quorum_time == 0);
	vkey_put(ours.key, &keys);
	bytes_put_u8(&keys, '\n');
	vkey_put(second, &keys);
	bytes_put_u8(&keys, '\n');
	assert_int_equal(trust_keys_get(bytes_view(&keys), &two), ERR_OK);
	assert_int_equal(trust_open(two, bytes_view(&note), &s),
	    ERR_NOT_FOUND);
	assert_int_equal(note_get(bytes_view(&note), &s.note), ERR_OK);
	assert_int_equal(testlog_sign(secret, s.note.text, signature),
	    ERR_OK);
	note_put_signature(&note, second, VIEW_OF(signature));
	assert_int_equal(trust_open(two, bytes_view(&note), &s), ERR_OK);
	assert_true(s.signatures == 2);
	/* nothing but keys of one log */
	bytes_put_text(&keys, "#\n");
	assert_int_equal(trust_keys_get(bytes_view(&keys), &p), ERR_SYNTAX);
	(void)expand("%L\n%F\n", &keys);
	assert_int_equal(trust_keys_get(bytes_view(&keys), &p), ERR_SYNTAX);
	(void)expand("%L https://l\n", &keys);
	assert_int_equal(trust_keys_get(bytes_view(&keys), &p), ERR_SYNTAX);
	(void)expand("%L\thttps://l\n", &keys);
	assert_int_equal(trust_keys_get(bytes_view(&keys), &p), ERR_SYNTAX);
	(void)expand("%L\n%L\n", &keys);
	assert_int_equal(trust_keys_get(bytes_view(&keys), &p), ERR_SYNTAX);
	assert_int_equal(trust_keys_get(view_text(""), &p), ERR_SYNTAX);
	assert_int_equal(trust_keys_get(view_text("\n"), &p), ERR_SYNTAX);
}

/* ---- what a witness answers */

static void
the_newest_good_line_of_an_answer_is_taken(void **state)
{
	struct view text = view_text("example.kr/okse\n0\nroot\n");
	AUTO_DONE(bytes) answer = { 0 };
	AUTO_DONE(bytes) line = { 0 };
	AUTO_DONE(bytes) wanted = { 0 };
	uint64_t time;

	(void)state;
	assert_int_equal(testwitness_line(&witness[1], text, 9, &answer),
	    ERR_OK);
	assert_int_equal(cosignature_take(bytes_view(&answer), text,
	    witness[0].key, &time, &line), ERR_NOT_FOUND);
	assert_int_equal(testwitness_line(&witness[0], text, 7, &answer),
	    ERR_OK);
	assert_int_equal(testwitness_line(&witness[0], text, 8, &answer),
	    ERR_OK);
	assert_int_equal(testwitness_line(&witness[0], text, 8, &wanted),
	    ERR_OK);
	assert_int_equal(cosignature_take(bytes_view(&answer), text,
	    witness[0].key, &time, &line), ERR_OK);
	assert_true(time == 8);
	assert_true(view_equal(bytes_view(&line), bytes_view(&wanted)));
}

static void
an_answer_of_another_text_or_form_is_refused(void **state)
{
	struct view text = view_text("example.kr/okse\n0\nroot\n");
	AUTO_DONE(bytes) answer = { 0 };
	AUTO_DONE(bytes) line = { 0 };
	uint64_t time = 4;

	(void)state;
	assert_int_equal(testwitness_line(&witness[0], text, 7, &answer),
	    ERR_OK);
	assert_int_equal(cosignature_take(bytes_view(&answer),
	    view_text("example.kr/okse\n1\nroot\n"), witness[0].key, &time,
	    &line), ERR_SIGNATURE);
	bytes_put_text(&answer, "\n");
	assert_int_equal(cosignature_take(bytes_view(&answer), text,
	    witness[0].key, &time, &line), ERR_SYNTAX);
	assert_int_equal(cosignature_take(view_text(""), text,
	    witness[0].key, &time, &line), ERR_SYNTAX);
	assert_true(time == 4 && line.len == 0);
}

static void
only_a_note_gets_a_cosignature_and_only_of_that_form(void **state)
{
	AUTO_DONE(bytes) note = { 0 }, line = { 0 }, out = { 0 };

	(void)state;
	checkpoint_of(&ours, &note);
	assert_int_equal(testwitness_line(&witness[0], view_text("text\n"),
	    1, &line), ERR_OK);
	assert_int_equal(cosignature_add(view_text("no note\n"),
	    witness[0].key, bytes_view(&line), &out), ERR_SYNTAX);
	assert_int_equal(cosignature_add(bytes_view(&note), witness[0].key,
	    view_text("no line\n"), &out), ERR_SYNTAX);
	assert_int_equal(out.len, 0);
}

static void
a_newer_cosignature_takes_the_place_of_the_older(void **state)
{
	AUTO(trust_policy) p = policy(FIVE "quorum a\n");
	AUTO_DONE(bytes) note = { 0 };
	struct trust_seen s;

	(void)state;
	checkpoint_of(&ours, &note);
	assert_int_equal(testwitness_cosign(&witness[0], 5, &note), ERR_OK);
	assert_int_equal(testwitness_cosign(&witness[1], 5, &note), ERR_OK);
	assert_int_equal(testwitness_cosign(&witness[0], 6, &note), ERR_OK);
	assert_int_equal(trust_open(p, bytes_view(&note), &s), ERR_OK);
	assert_true(s.note.count == 3 && s.witnesses == 2);
	assert_true(s.quorum_time == 6);
}

static int
setup(void **state)
{
	static const uint8_t one[32] = { 1 }, two[32] = { 2 };

	(void)state;
	if (crypto_init() != ERR_OK ||
	    testlog_key(TESTLOG_NAME, VKEY_ED25519, one, &ours.secret,
	    &ours.key) != ERR_OK ||
	    testlog_key("example.kr/other", VKEY_ED25519, two,
	    &foreign.secret, &foreign.key) != ERR_OK)
		return -1;
	for (int i = 0; i < WITNESSES; i++)
		if (testwitness_new((char)('a' + i), &witness[i]) != ERR_OK)
			return -1;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	for (int i = 0; i < WITNESSES; i++)
		testwitness_done(&witness[i]);
	vkey_free(ours.key);
	vkey_free(foreign.key);
	EVP_PKEY_free(ours.secret);
	EVP_PKEY_free(foreign.secret);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    comments_blanks_and_any_octets_in_names_are_taken),
		cmocka_unit_test(what_it_says_can_be_asked),
		cmocka_unit_test(
		    each_slip_in_a_policy_is_refused_with_its_line),
		cmocka_unit_test(a_key_that_does_not_fit_its_id_is_refused),
		cmocka_unit_test(as_many_as_allowed_of_each_and_not_one_more),
		cmocka_unit_test(a_file_of_64_kib_is_taken_and_no_longer_one),
		cmocka_unit_test(
	    a_file_that_is_no_policy_or_no_keys_is_refused_as_what_it_is),
		cmocka_unit_test(
		    a_quorum_is_reached_when_the_last_it_needs_has_cosigned),
		cmocka_unit_test(a_checkpoint_is_seen_with_all_its_lines),
		cmocka_unit_test(
		    a_checkpoint_that_no_trusted_log_signed_is_refused),
		cmocka_unit_test(a_note_is_told_from_a_checkpoint),
		cmocka_unit_test(
	    a_known_witness_s_line_that_does_not_verify_spoils_the_note),
		cmocka_unit_test(all_keys_of_a_key_file_must_have_signed),
		cmocka_unit_test(the_newest_good_line_of_an_answer_is_taken),
		cmocka_unit_test(an_answer_of_another_text_or_form_is_refused),
		cmocka_unit_test(
		    a_newer_cosignature_takes_the_place_of_the_older),
		cmocka_unit_test(
		    only_a_note_gets_a_cosignature_and_only_of_that_form),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
