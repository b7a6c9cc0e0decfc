/* device-attestation: how well a device keeps its keys. */
#include "sample.h"

#define NOW "2025-07-01T12:00:00+09:00"

static const char head[] = "kind: policy\nserial: 1\n"
    "leap-birthday: march-1\n";
static const char callers[] = "kind: callers\ncallers: { upstream: [ { "
    "programmes: [resident-id], operations: [qr-token, credential], "
    "purposes: [first-issue], evidence: [qr-token] } ] }\n";
static const char programme[] =
    "kind: programme\nprogramme: resident-id\nvct: v\n"
    "operations: [qr-token, credential]\nformats: [dc+sd-jwt]\n"
    "age-over: []\nclaims: { family_name: { type: text, required: true } }\n"
    "validity: { administrative: P3Y, ends: exact, technical: P30D, "
    "qr-token: PT180S }\nrules:\n"
    "  storage: { kind: device-attestation, operations: [credential], "
    "key-storage: iso_18045_moderate }\n"
    "  both: { kind: device-attestation, operations: [credential], "
    "key-storage: iso_18045_basic, "
    "user-authentication: iso_18045_enhanced-basic }\n";

static enum err
parse(const char *text, struct policy **out)
{
	const struct policy_file files[] = {
		{ "a.yaml", view_text(head) },
		{ "b.yaml", view_text(callers) },
		{ "c.yaml", view_text(text) },
	};

	return policy_parse(files, COUNT(files), out);
}

static int
setup(void **state)
{
	(void)state;
	return crypto_init() == ERR_OK &&
	    parse(programme, &reference) == ERR_OK ? 0 : -1;
}

static struct sample
attested(enum resistance storage, enum resistance user)
{
	struct sample s = sample(NOW);

	s.a.attestation.how = ATTESTED_PROOFS;
	s.a.attestation.key_storage = storage;
	s.a.attestation.user_authentication = user;
	return s;
}

static void
keys_must_resist_at_least_as_much(void **state)
{
	(void)state;
	for (int r = RESISTANCE_NONE; r <= RESISTANCE_HIGH; r++) {
		struct sample s = attested((enum resistance)r,
		    RESISTANCE_HIGH);

		if (r >= RESISTANCE_MODERATE) {
			passes(&s, "storage");
			continue;
		}
		fails(&s, "storage");
		says("must resist attack as iso_18045_moderate");
		says(resistance_name((enum resistance)r));
		assert_false(allowed(&s));
	}
}

static void
so_must_what_knows_their_user(void **state)
{
	(void)state;
	for (int r = RESISTANCE_NONE; r <= RESISTANCE_HIGH; r++) {
		struct sample s = attested(RESISTANCE_HIGH,
		    (enum resistance)r);

		if (r >= RESISTANCE_ENHANCED_BASIC)
			passes(&s, "both");
		else
			fails(&s, "both");
		passes(&s, "storage");
	}
}

static void
without_an_attestation_it_fails(void **state)
{
	struct sample s = attested(RESISTANCE_NONE, RESISTANCE_NONE);
	struct sample v = visit(NOW);

	(void)state;
	fails(&s, "storage");
	says("attested is none");
	does_not_apply(&v, "storage");
	s.a.has_device = false;
	s.a.device_id = view_text("");
	fails(&s, "storage");
	s.a.dry_run = true;
	does_not_apply(&s, "storage");
}

static void
its_levels_have_names(void **state)
{
	AUTO_DONE(bytes) text = { 0 };
	struct policy *p = NULL;
	const char *level = strstr(programme, "iso_18045_moderate");

	(void)state;
	bytes_put(&text, VIEW(programme, (size_t)(level - programme)));
	bytes_put_text(&text, "iso_18045_strong");
	bytes_put_text(&text, level + strlen("iso_18045_moderate"));
	assert_int_equal(parse(bytes_text(&text), &p), ERR_SCHEMA);
	assert_non_null(strstr(err_why(), "iso_18045_moderate"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_must_resist_at_least_as_much),
		cmocka_unit_test(so_must_what_knows_their_user),
		cmocka_unit_test(without_an_attestation_it_fails),
		cmocka_unit_test(its_levels_have_names),
	};

	return cmocka_run_group_tests(tests, setup, free_reference);
}
