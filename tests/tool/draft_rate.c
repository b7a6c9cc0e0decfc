/*
 * How long one core takes for each step of credential/, software keys and a
 * resident's claims: draft_rate [ROUNDS]. Prints one line of JSON, in
 * microseconds. Not a test: nothing here passes or fails by time.
 */
#include "base/json.h"
#include "credential/credential.h"
#include "credential/proof.h"
#include "credential/qr_token.h"
#include "tests/granted.h"

static struct signers signers;
static struct granted visit, issue;
static struct draft *token, *credential;
static struct bytes token_text, token_sent, credential_sent, proof;
static uint8_t signature[P256_SIGNATURE_SIZE];

static void
draft_token(void)
{
	static const struct qr_fields fields = { .audience = URI };
	AUTO(draft) d = NULL;

	MUST(qr_token_draft(visit.grant, visit.request, &fields, signers.qr,
	    &d));
	if (token == NULL)
		token = STEAL(d);
}

static void
draft_credential(void)
{
	static const uint8_t seed[CREDENTIAL_SEED_SIZE];
	AUTO(draft) d = NULL;

	MUST(credential_draft(FORMAT_SD_JWT, &(struct credential_order){
		.grant = issue.grant,
		.request = issue.request,
		.issuer = signers.document,
		.seed = VIEW_OF(seed),
	}, &d));
	if (credential == NULL)
		credential = STEAL(d);
}

static void
decode_token(void)
{
	AUTO(draft) d = NULL;

	MUST(draft_decode(bytes_view(&token_sent), &d));
}

static void
decode_credential(void)
{
	AUTO(draft) d = NULL;

	MUST(draft_decode(bytes_view(&credential_sent), &d));
}

static void
finish_token(void)
{
	bytes_reset(&token_text);
	MUST(draft_document(token, signature, &token_text));
}

static void
finish_credential(void)
{
	AUTO_DONE(bytes) text = { 0 };

	MUST(draft_document(credential, signature, &text));
}

static void
read_token(void)
{
	const struct issuer *issuers[] = { signers.qr };
	struct qr_token t;

	MUST(qr_token_read(bytes_view(&token_text), issuers, 1, &t));
}

static void
check_proof(void)
{
	AUTO_DONE(bytes) storage = { 0 };
	struct device_proof p;

	MUST(proof_check(bytes_view(&proof), &storage, &p));
}

static void
make_proof(void)
{
	AUTO_DONE(bytes) header = { 0 };
	struct view point = issuer_point(signers.qr);
	uint8_t s[P256_SIGNATURE_SIZE];

	bytes_put_text(&header, "{\"typ\":\"openid4vci-proof+jwt\","
	    "\"alg\":\"ES256\",\"jwk\":{\"kty\":\"EC\","
	    "\"crv\":\"P-256\",\"x\":\"");
	base64url_put(&header, VIEW(point.at + 1, 32));
	bytes_put_text(&header, "\",\"y\":\"");
	base64url_put(&header, VIEW(point.at + 33, 32));
	bytes_put_text(&header, "\"}}");
	base64url_put(&proof, bytes_view(&header));
	bytes_put_u8(&proof, '.');
	base64url_put(&proof, view_text("{\"aud\":\"https://id.example.kr\","
	    "\"nonce\":\"01234567890123456789012345678901\","
	    "\"iat\":1742022000}"));
	software_sign(signers.qr_key, bytes_view(&proof), s);
	bytes_put_u8(&proof, '.');
	base64url_put(&proof, VIEW_OF(s));
}

static void
measure(const char *name, void (*step)(void), int rounds, bool last)
{
	int64_t start = time_monotonic_us();

	for (int i = 0; i < rounds; i++)
		step();
	printf("\"%s\":%.2f%s", name,
	    (double)(time_monotonic_us() - start) / rounds,
	    last ? "}\n" : ",");
}

int
main(int argc, char **argv)
{
	int rounds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 20000;

	signers_init(&signers, NOW);
	visit = grant_of(asked_qr_token(), qr_terms);
	issue = grant_of(asked_credential(resident_claims(false)),
	    credential_terms);
	make_proof();
	draft_token();
	draft_credential();
	draft_encode(token, &token_sent);
	draft_encode(credential, &credential_sent);
	software_sign(signers.qr_key, draft_tbs(token), signature);
	finish_token();
	printf("{");
	measure("qr_token_draft", draft_token, rounds, false);
	measure("qr_token_decode", decode_token, rounds, false);
	measure("qr_token_document", finish_token, rounds, false);
	measure("qr_token_read", read_token, rounds / 10, false);
	measure("sdjwt_draft", draft_credential, rounds, false);
	measure("sdjwt_decode", decode_credential, rounds, false);
	measure("sdjwt_document", finish_credential, rounds, false);
	measure("proof_check", check_proof, rounds / 10, true);
	return 0;
}
