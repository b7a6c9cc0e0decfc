/*
 * Key attestations: the good one by chain and by name, every rule it can
 * break, and attesters nobody configured.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

#include "credential/attestation.h"
#include "tests/attested.h"

#define NOW INT64_C(1795456000)
#define LEVELS "\"key_storage\":[\"iso_18045_moderate\"],"		      \
    "\"user_authentication\":[\"iso_18045_high\",\"of-the-vendor\"],"

static struct attester_in_test good, other;
static struct attesters attesters;
static EVP_PKEY *first, *second;
static struct bytes header, keys;	/* keys: both, with a comma */

static int
setup(void **)
{
	MUST(crypto_init());
	attester_make(&good, NOW - DAY, NOW + DAY);
	attester_make(&other, NOW - DAY, NOW + DAY);
	MUST(attesters_add_ca(&attesters, good.path));
	first = software_key();
	second = software_key();
	attested_header(&good, "", &header);
	attested_jwk(first, "", &keys);
	bytes_put_u8(&keys, ',');
	attested_jwk(second, "", &keys);
	return 0;
}

static int
teardown(void **)
{
	attesters_done(&attesters);
	attester_free(&good);
	attester_free(&other);
	EVP_PKEY_free(first);
	EVP_PKEY_free(second);
	bytes_done(&header);
	bytes_done(&keys);
	return 0;
}

static struct attestation said;
static struct bytes storage;

static enum err
check_by(const struct attesters *by, EVP_PKEY *key, const char *head,
    const char *payload)
{
	AUTO_DONE(bytes) jwt = { 0 };
	uint8_t *copy;
	enum err e;

	attested_sign(key, head, payload, &jwt);
	/* a block of its own size shows the sanitizers a byte too far */
	copy = mem_new(jwt.len, 1);
	memcpy(copy, jwt.at, jwt.len);
	e = attestation_check(VIEW(copy, jwt.len), by, NOW, &storage, &said);
	mem_free(copy);
	return e;
}

static void
expect(enum err e, const char *head, const char *payload, const char *why)
{
	enum err came = check_by(&attesters, good.key, head, payload);

	if (came != e || (e != ERR_OK && strstr(err_why(), why) == NULL))
		fail_msg("wanted %s \"%s\", got %s: %s", err_code(e), why,
		    err_code(came), came == ERR_OK ? "" : err_why());
}

/* The good payload with this before attested_keys, and these keys. */
static const char *
payload(const char *members, const char *list)
{
	static struct bytes text;

	bytes_reset(&text);
	bytes_printf(&text, "{\"iat\":%lld,%s\"attested_keys\":[%s]}",
	    (long long)NOW, members, list);
	return bytes_text(&text);
}

static void
a_good_attestation_gives_keys_levels_nonce_and_times(void **)
{
	uint8_t point[P256_POINT_SIZE];

	expect(ERR_OK, bytes_text(&header), payload(LEVELS
	    "\"nonce\":\"n-1\",\"exp\":1795456100,\"nbf\":5,",
	    bytes_text(&keys)), "");
	assert_int_equal(said.key_count, 2);
	MUST(p256_point(second, point));
	assert_true(attestation_has(&said, point));
	point[7] ^= 1;
	assert_false(attestation_has(&said, point));
	assert_int_equal(said.said.key_storage, RESISTANCE_MODERATE);
	assert_int_equal(said.said.user_authentication, RESISTANCE_HIGH);
	assert_true(view_is(said.said.nonce, "n-1"));
	assert_int_equal(said.said.issued_at, NOW);
	assert_int_equal(said.said.not_before, 5);
	assert_int_equal(said.said.expires_at, 1795456100);
}

static void
what_may_be_left_out_asserts_nothing(void **)
{
	expect(ERR_OK, bytes_text(&header), payload("", bytes_text(&keys)),
	    "");
	assert_int_equal(said.said.key_storage, RESISTANCE_NONE);
	assert_int_equal(said.said.user_authentication, RESISTANCE_NONE);
	assert_int_equal(said.said.nonce.len, 0);
	assert_true(said.said.expires_at == INT64_MAX);
	expect(ERR_OK, bytes_text(&header), payload("\"key_storage\":"
	    "[\"ISO_18045_HIGH\",\"tee\"],\"certification\":\"x\","
	    "\"status\":{\"status_list\":{}},", bytes_text(&keys)), "");
	assert_int_equal(said.said.key_storage, RESISTANCE_NONE);
}

static void
a_key_of_the_operators_choice_counts_by_its_kid(void **)
{
	char path[] = "/tmp/okse-kid-XXXXXX";
	struct attesters named = { 0 };
	FILE *f;

	close(mkstemp(path));
	f = fopen(path, "we");
	must_be(f != NULL && PEM_write_PUBKEY(f, other.key) &&
	    fclose(f) == 0, path);
	MUST(attesters_add_key(&named, "wallet-1", path));
	unlink(path);
#define BY(kid, key)							      \
	check_by(&named, (key), "{\"typ\":\"key-attestation+jwt\","	      \
	    "\"alg\":\"ES256\",\"kid\":\"" kid "\"}",			      \
	    payload("", bytes_text(&keys)))
	assert_int_equal(BY("wallet-1", other.key), ERR_OK);
	assert_int_equal(BY("wallet-1", good.key), ERR_SIGNATURE);
	assert_int_equal(BY("wallet-2", other.key), ERR_SIGNATURE);
	assert_int_equal(BY("", other.key), ERR_SIGNATURE);
#undef BY
	/* and no chain, with only keys configured */
	assert_int_equal(check_by(&named, good.key, bytes_text(&header),
	    payload("", bytes_text(&keys))), ERR_SIGNATURE);
	attesters_done(&named);
}

static void
nobodys_word_counts_unless_configured(void **)
{
	static const struct attesters nobody;
	AUTO_DONE(bytes) head = { 0 };
	const char *text = payload("", bytes_text(&keys));

	assert_int_equal(check_by(&nobody, good.key, bytes_text(&header),
	    text), ERR_SIGNATURE);
	attested_header(&other, "", &head);
	assert_int_equal(check_by(&attesters, other.key, bytes_text(&head),
	    text), ERR_SIGNATURE);
	/* somebody else's signature under the good certificate */
	assert_int_equal(check_by(&attesters, other.key, bytes_text(&header),
	    text), ERR_SIGNATURE);
}

static void
a_certificate_counts_while_it_is_valid(void **)
{
	const char *text = payload("", bytes_text(&keys));
	AUTO_DONE(bytes) jwt = { 0 };

	attested_sign(good.key, bytes_text(&header), text, &jwt);
#define AT(now)								      \
	attestation_check(bytes_view(&jwt), &attesters, (now), &storage, &said)
	assert_int_equal(AT(NOW - DAY - 1), ERR_SIGNATURE);
	assert_int_equal(AT(NOW - DAY), ERR_OK);
	/* OpenSSL does not count the last second */
	assert_int_equal(AT(NOW + DAY - 1), ERR_OK);
	assert_int_equal(AT(NOW + DAY + 1), ERR_SIGNATURE);
#undef AT
}

static void
the_cas_own_certificate_attests_nothing(void **)
{
	struct attester_in_test self = { .key = good.ca_key,
	    .certificate = good.ca };
	AUTO_DONE(bytes) head = { 0 };

	attested_header(&self, "", &head);
	assert_int_equal(check_by(&attesters, good.ca_key, bytes_text(&head),
	    payload("", bytes_text(&keys))), ERR_SIGNATURE);
}

static void
a_chain_may_have_certificates_between(void **)
{
	EVP_PKEY *key = software_key();
	struct attester_in_test deep = { .key = key };
	AUTO_DONE(bytes) der = { 0 };
	AUTO_DONE(bytes) head = { 0 };
	X509 *leaf;

	/* the one between may not certify: it is a leaf itself */
	leaf = software_certify("Deep", key, good.certificate, good.key,
	    NOW - DAY, NOW + DAY, false);
	deep.certificate = leaf;
	attested_header(&deep, "", &head);
	head.len -= 2;
	MUST(certificate_der(good.certificate, &der));
	bytes_put_text(&head, ",\"");
	base64_put(&head, bytes_view(&der));
	bytes_put_text(&head, "\"]}");
	assert_int_equal(check_by(&attesters, key, bytes_text(&head),
	    payload("", bytes_text(&keys))), ERR_SIGNATURE);
	X509_free(leaf);
	EVP_PKEY_free(key);
}

static void
its_header_is_of_its_kind(void **)
{
	static const struct {
		const char	*head, *why;
		enum err	 e;
	} cases[] = {
		{ "{}", "typ must be", ERR_SCHEMA },
		{ "{\"typ\":\"keyattestation+jwt\",\"alg\":\"ES256\","
		    "\"kid\":\"a\"}", "typ must be", ERR_SCHEMA },
		{ "{\"typ\":\"key-attestation+jwt\",\"alg\":\"none\"}",
		    "alg must be", ERR_SCHEMA },
		{ "{\"typ\":\"key-attestation+jwt\",\"alg\":\"ES256\"}",
		    "either x5c or kid", ERR_SCHEMA },
		{ "{\"typ\":\"key-attestation+jwt\",\"alg\":\"ES256\","
		    "\"kid\":\"a\",\"x5c\":[]}", "either x5c or kid",
		    ERR_SCHEMA },
		{ "{\"typ\":\"key-attestation+jwt\",\"alg\":\"ES256\","
		    "\"trust_chain\":[]}", "trust_chain", ERR_UNSUPPORTED },
		{ "{\"typ\":\"key-attestation+jwt\",\"alg\":\"ES256\","
		    "\"x5c\":[]}", "1 to 4 certificates", ERR_SCHEMA },
		{ "{\"typ\":\"key-attestation+jwt\",\"alg\":\"ES256\","
		    "\"x5c\":[\"\",\"\",\"\",\"\",\"\"]}",
		    "1 to 4 certificates", ERR_SCHEMA },
		{ "{\"typ\":\"key-attestation+jwt\",\"alg\":\"ES256\","
		    "\"x5c\":[7]}", "in base64", ERR_SCHEMA },
		{ "{\"typ\":\"key-attestation+jwt\",\"alg\":\"ES256\","
		    "\"x5c\":[\"MIIB\"]}", "no certificate", ERR_SCHEMA },
		{ "{\"typ\":\"key-attestation+jwt\",\"alg\":\"ES256\","
		    "\"crit\":[\"x\"],\"kid\":\"a\"}", "crit", ERR_SCHEMA },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		expect(cases[i].e, cases[i].head,
		    payload("", bytes_text(&keys)), cases[i].why);
}

static void
its_payload_is_complete_and_typed(void **)
{
	static const struct {
		const char	*members, *why;
	} cases[] = {
		{ "\"key_storage\":[],", "key_storage must be" },
		{ "\"key_storage\":\"iso_18045_high\",", "key_storage must" },
		{ "\"user_authentication\":[7],", "user_authentication must" },
		{ "\"nonce\":\"\",", "nonce must be" },
		{ "\"nonce\":7,", "nonce must be" },
		{ "\"exp\":1.5,", "exp must be" },
	};
	AUTO_DONE(bytes) twice = { 0 };
	AUTO_DONE(bytes) private = { 0 };

	for (size_t i = 0; i < COUNT(cases); i++)
		expect(ERR_SCHEMA, bytes_text(&header),
		    payload(cases[i].members, bytes_text(&keys)),
		    cases[i].why);
	expect(ERR_SCHEMA, bytes_text(&header), "{\"attested_keys\":[]}",
	    "iat is missing");
	expect(ERR_SCHEMA, bytes_text(&header), payload("", ""),
	    "attested_keys must be");
	expect(ERR_SCHEMA, bytes_text(&header), "{\"iat\":1}",
	    "attested_keys must be");
	expect(ERR_SCHEMA, bytes_text(&header), payload("", "7"), "no object");
	bytes_printf(&twice, "%s,", bytes_text(&keys));
	attested_jwk(first, "", &twice);
	expect(ERR_SCHEMA, bytes_text(&header), payload("",
	    bytes_text(&twice)), "a key twice");
	attested_jwk(first, ",\"d\":\"AAAA\"", &private);
	expect(ERR_SCHEMA, bytes_text(&header), payload("",
	    bytes_text(&private)), "private key");
}

static void
a_key_off_the_curve_is_none(void **)
{
	AUTO_DONE(bytes) list = { 0 };
	char *y;

	attested_jwk(first, "", &list);
	bytes_put_u8(&list, 0);
	y = strstr((char *)list.at, "\"y\":\"") + 5;
	*y = *y == 'A' ? 'B' : 'A';
	expect(ERR_SCHEMA, bytes_text(&header), payload("", (char *)list.at),
	    "no P-256 key");
}

static void
it_names_64_keys_at_most(void **)
{
	AUTO_DONE(bytes) list = { 0 };

	for (size_t n = 1; n <= ASKED_PROOFS + 1; n++) {
		EVP_PKEY *key = software_key();

		bytes_put_text(&list, n == 1 ? "" : ",");
		attested_jwk(key, "", &list);
		EVP_PKEY_free(key);
		if (n >= ASKED_PROOFS - 1)
			expect(n <= ASKED_PROOFS ? ERR_OK : ERR_SCHEMA,
			    bytes_text(&header), payload("",
			    bytes_text(&list)), "1 to 64 keys");
	}
}

static void
no_flipped_bit_passes(void **)
{
	AUTO_DONE(bytes) jwt = { 0 };

	attested_sign(good.key, bytes_text(&header), payload(LEVELS,
	    bytes_text(&keys)), &jwt);
	for (size_t i = 0; i < jwt.len * 8; i += 7) {
		jwt.at[i / 8] ^= (uint8_t)(1u << i % 8);
		if (attestation_check(bytes_view(&jwt), &attesters, NOW,
		    &storage, &said) == ERR_OK)
			fail_msg("bit %zu", i);
		jwt.at[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	assert_int_equal(attestation_check(bytes_view(&jwt), &attesters, NOW,
	    &storage, &said), ERR_OK);
	bytes_done(&storage);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_good_attestation_gives_keys_levels_nonce_and_times),
		cmocka_unit_test(what_may_be_left_out_asserts_nothing),
		cmocka_unit_test(
		    a_key_of_the_operators_choice_counts_by_its_kid),
		cmocka_unit_test(nobodys_word_counts_unless_configured),
		cmocka_unit_test(a_certificate_counts_while_it_is_valid),
		cmocka_unit_test(the_cas_own_certificate_attests_nothing),
		cmocka_unit_test(a_chain_may_have_certificates_between),
		cmocka_unit_test(its_header_is_of_its_kind),
		cmocka_unit_test(its_payload_is_complete_and_typed),
		cmocka_unit_test(a_key_off_the_curve_is_none),
		cmocka_unit_test(it_names_64_keys_at_most),
		cmocka_unit_test(no_flipped_bit_passes),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
