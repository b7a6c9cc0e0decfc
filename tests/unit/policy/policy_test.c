/* Loading a policy: what it refuses, where it says so, what it hashes. */
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"

#include "sample.h"

#define HEAD "kind: policy\nserial: 7\nleap-birthday: march-1\n"
#define REGIONS "kind: regions\nregions: { town: { Sejong: [\"36110\"] } }\n"
#define CALLERS "kind: callers\ncallers:\n  upstream:\n"                      \
    "    - programmes: [card]\n      operations: [credential]\n"              \
    "      purposes: [first-issue]\n      evidence: [none]\n"
#define CARD "kind: programme\nprogramme: card\nvct: v\n"                     \
    "operations: [credential]\nformats: [dc+sd-jwt]\nage-over: [18]\n"        \
    "claims: { name: { type: text, required: true } }\n"                      \
    "validity: { administrative: P3Y, ends: exact, technical: P30D,"          \
    " qr-token: PT180S }\n"
#define RULES "rules: { open: { kind: period,"                                \
    " from: 2024-12-27T00:00:00+09:00 } }\n"

static enum err
parse(const char *const texts[], size_t count, struct policy **out)
{
	static const char *const names[] = { "a.yaml", "b.yaml", "c.yaml",
	    "d.yaml", "e.yaml" };
	struct policy_file files[5];

	for (size_t i = 0; i < count; i++)
		files[i] = (struct policy_file){ names[i],
		    view_text(texts[i]) };
	return policy_parse(files, count, out);
}

static void
refused(const char *const texts[], size_t count, const char *words)
{
	AUTO(policy) p = NULL;

	assert_int_not_equal(parse(texts, count, &p), ERR_OK);
	assert_null(p);
	if (strstr(err_why(), words) == NULL)
		fail_msg("wanted \"%s\", got \"%s\"", words, err_why());
}

#define REFUSED(words, ...)                                                   \
	refused((const char *const[]){ __VA_ARGS__ },                         \
	    COUNT(((const char *const[]){ __VA_ARGS__ })), (words))

static void
files_make_one_policy(void **state)
{
	static const char *const texts[] = { HEAD, REGIONS, CALLERS,
	    CARD RULES };
	AUTO(policy) p = NULL;
	const struct programme *card;

	(void)state;
	if (parse(texts, 4, &p) != ERR_OK)
		fail_msg("%s", err_why());
	assert_int_equal(policy_serial(p), 7);
	card = policy_programme(p, view_text("card"));
	assert_non_null(card);
	assert_string_equal(card->id, "card");
	assert_string_equal(card->formats[0], "dc+sd-jwt");
	assert_null(card->formats[1]);
	assert_int_equal(card->claim_count, 1);
	assert_string_equal(card->claims[0].name, "name");
	assert_int_equal(card->claims[0].type, CLAIM_STRING);
	assert_true(card->claims[0].required);
	assert_int_equal(card->claims[0].disclosure, DISCLOSE_SELECTIVELY);
	assert_int_equal(card->age_over[0], 18);
	assert_null(policy_programme(p, view_text("cards")));
}

static void
parts_come_once_and_names_are_known(void **state)
{
	(void)state;
	REFUSED("kind \"policy\"; there is none", CARD RULES);
	REFUSED("b.yaml:1:1: expected one file of kind \"policy\"", HEAD, HEAD);
	REFUSED("expected one file of kind \"regions\"", HEAD, REGIONS,
	    REGIONS);
	REFUSED("expected one file of kind \"callers\"", HEAD, CARD RULES,
	    CALLERS, CALLERS);
	REFUSED("c.yaml:1:1: expected each programme once, got \"card\"", HEAD,
	    CARD RULES, CARD RULES);
	REFUSED("b.yaml:4:20: expected the name of a programme, got \"card\"",
	    HEAD, CALLERS);
	REFUSED("a.yaml:1:7: expected a known kind, got \"polcy\"; did you "
	    "mean \"policy\"?", "kind: polcy\n");
	REFUSED("a.yaml:2:9: expected an integer from 1",
	    "kind: policy\nserial: 0\nleap-birthday: march-1\n");
	REFUSED("leap-birthday", "kind: policy\nserial: 1\n");
}

static void
rules_name_what_exists(void **state)
{
	(void)state;
	REFUSED("b.yaml:1:1: expected the key \"rules\"", HEAD, CARD);
	REFUSED("1 to 64 entries, got 0", HEAD, CARD "rules: {}\n");
	REFUSED("b.yaml:9:21: expected a known kind, got \"perod\"; did you "
	    "mean \"period\"?", HEAD, CARD "rules: { r: { kind: perod } }\n");
	REFUSED("expected the key \"from\"", HEAD,
	    CARD "rules: { r: { kind: period } }\n");
	REFUSED("got \"untl\"; did you mean \"until\"?", HEAD, CARD "rules: { "
	    "r: { kind: period, from: 2024-12-27T00:00:00Z, untl: 1 } }\n");
	REFUSED("set of regions, got \"twon\"; did you mean \"town\"?", HEAD,
	    REGIONS, CARD "rules: { r: { kind: region, phases: [ { regions: "
	    "twon, from: 2024-12-27T00:00:00Z } ] } }\n");
	REFUSED("set of regions, got \"town\"", HEAD, CARD "rules: { r: { "
	    "kind: region, phases: [ { regions: town, "
	    "from: 2024-12-27T00:00:00Z } ] } }\n");
	REFUSED("claim of the programme, got \"nane\"; did you mean \"name\"?",
	    HEAD, CARD "rules: { r: { kind: claims, birth-date: nane } }\n");
	REFUSED("b.yaml:9:13: expected a period whose \"until\" is after", HEAD,
	    CARD "rules: { r: { kind: period, from: 2024-12-27T00:00:00Z, "
	    "until: 2024-12-27T00:00:00Z } }\n");
	REFUSED("expected digits, got \"5-8\"", HEAD, CARD "rules: { r: { "
	    "kind: number-digit, position: 7, refused: \"5-8\" } }\n");
	REFUSED("one digit for each of the centuries, got \"33\"", HEAD, CARD
	    "rules: { r: { kind: number-birth-date, centuries: "
	    "{ \"33\": 2000 } } }\n");
	REFUSED("enforce, monitor", HEAD, CARD "rules: { r: { kind: claims, "
	    "mode: off-duty } }\n");
	REFUSED("two or five digits", HEAD,
	    "kind: regions\nregions: { town: { A: [\"3611\"] } }\n");
	REFUSED("quoted", HEAD,
	    "kind: regions\nregions: { town: { A: [36110] } }\n");
	REFUSED("a period over zero", HEAD, "kind: programme\nprogramme: card\n"
	    "vct: v\noperations: [credential]\nformats: [x]\nage-over: []\n"
	    "claims: { name: { type: text, required: true } }\n"
	    "validity: { administrative: P0Y, ends: exact, technical: P30D,"
	    " qr-token: PT180S }\n" RULES);
}

static void
the_hash_knows_names_contents_and_serial(void **state)
{
	static const char *const one[] = { HEAD, CARD RULES };
	static const char *const other[] = { HEAD, CARD RULES "# x\n" };
	AUTO(policy) p = NULL;
	AUTO(policy) q = NULL;
	AUTO(policy) swapped = NULL;
	AUTO(policy) renamed = NULL;
	struct policy_file files[] = {
		{ "b.yaml", view_text(CARD RULES) },
		{ "a.yaml", view_text(HEAD) },
	};

	(void)state;
	assert_int_equal(parse(one, 2, &p), ERR_OK);
	assert_int_equal(parse(other, 2, &q), ERR_OK);
	assert_memory_not_equal(policy_hash(p), policy_hash(q),
	    sizeof(struct hash));
	assert_int_equal(policy_parse(files, 2, &swapped), ERR_OK);
	assert_memory_equal(policy_hash(p), policy_hash(swapped),
	    sizeof(struct hash));
	files[0].name = "c.yaml";
	assert_int_equal(policy_parse(files, 2, &renamed), ERR_OK);
	assert_memory_not_equal(policy_hash(p), policy_hash(renamed),
	    sizeof(struct hash));
}

static void
the_number_of_files_is_limited(void **state)
{
	struct policy_file files[65] = { { "a.yaml", view_text(HEAD) } };
	AUTO(policy) p = NULL;

	(void)state;
	assert_int_equal(policy_parse(files, 0, &p), ERR_RANGE);
	assert_int_equal(policy_parse(files, 65, &p), ERR_RANGE);
	assert_int_equal(policy_parse(files, 1, &p), ERR_OK);
}

static void
put_file(const char *dir, const char *name, const char *text)
{
	char path[256];

	assert_int_equal(path_join(dir, name, path, sizeof(path)), ERR_OK);
	assert_int_equal(file_publish(path, view_text(text), 0600), ERR_OK);
}

static void
only_yaml_files_of_a_directory_are_read(void **state)
{
	char dir[] = "/tmp/okse-policy-XXXXXX", path[256];
	AUTO(policy) p = NULL;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(policy_load(dir, &p), ERR_NOT_FOUND);
	put_file(dir, "p.yaml", HEAD);
	put_file(dir, ".hidden.yaml", "not: [yaml");
	put_file(dir, "p.yaml~", "not: [yaml");
	put_file(dir, "notes.txt", "not: [yaml");
	if (policy_load(dir, &p) != ERR_OK)
		fail_msg("%s", err_why());
	policy_free(STEAL(p));
	put_file(dir, "q.yaml", "kind: [yaml\n");
	assert_int_equal(policy_load(dir, &p), ERR_SYNTAX);
	assert_int_equal(strncmp(err_why(), "q.yaml:2:1: ", 12), 0);
	for (size_t i = 0; i < 5; i++) {
		static const char *const names[] = { "p.yaml", ".hidden.yaml",
		    "p.yaml~", "notes.txt", "q.yaml" };

		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
	assert_int_equal(policy_load(dir, &p), ERR_SYSTEM);
}

static void
the_reference_policy_has_the_four_programmes(void **state)
{
	static const char *const ids[] = { "resident-id", "driver-licence",
	    "public-official-id", "veteran-id" };

	(void)state;
	for (size_t i = 0; i < COUNT(ids); i++)
		assert_non_null(policy_programme(reference,
		    view_text(ids[i])));
}

static void
names_of_facts_read_back(void **state)
{
	enum evidence_state e = EVIDENCE_MISSING;
	enum proof_state p = PROOF_MISSING;

	(void)state;
	for (int i = EVIDENCE_VALID; i <= EVIDENCE_OTHER_CENTRE; i++) {
		assert_int_equal(evidence_state_of(view_text(
		    evidence_state_name((enum evidence_state)i)), &e), ERR_OK);
		assert_int_equal(e, i);
	}
	for (int i = PROOF_VALID; i <= PROOF_OTHER_HOLDER; i++) {
		assert_int_equal(proof_state_of(view_text(
		    proof_state_name((enum proof_state)i)), &p), ERR_OK);
		assert_int_equal(p, i);
	}
	assert_int_equal(evidence_state_of(view_text("fine"), &e), ERR_RANGE);
	assert_int_equal(proof_state_of(view_text(""), &p), ERR_RANGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_make_one_policy),
		cmocka_unit_test(parts_come_once_and_names_are_known),
		cmocka_unit_test(rules_name_what_exists),
		cmocka_unit_test(the_hash_knows_names_contents_and_serial),
		cmocka_unit_test(the_number_of_files_is_limited),
		cmocka_unit_test(only_yaml_files_of_a_directory_are_read),
		cmocka_unit_test(the_reference_policy_has_the_four_programmes),
		cmocka_unit_test(names_of_facts_read_back),
	};

	return cmocka_run_group_tests(tests, load_reference, free_reference);
}
