/*
 * How long one core takes for each step of credential/, software keys and a
 * resident's claims: draft_rate [ROUNDS] [POLICY REQUEST]. Prints JSON, in
 * microseconds: the steps, then a line for each format with the bytes of its
 * document. POLICY and REQUEST (a body of POST /v1/credentials) take the place
 * of the resident. Not a test: nothing here passes or fails by time.
 */
#include "credential/proof.h"
#include "credential/qr_token.h"
#include "signer/gate/body.h"
#include "tests/licence.h"

static struct signers signers;
static struct granted visit, issue;
static struct draft *token;
static struct bytes token_text, token_sent, proof;
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

static struct credential_order order;
static enum credential_format format;
static struct draft *whole;
static struct bytes whole_sent, to_sign;

static void
draft_credential(void)
{
	AUTO(draft) d = NULL;

	MUST(credential_draft(format, &order, &d));
	if (whole == NULL)
		whole = STEAL(d);
}

static void
decode_token(void)
{
	AUTO(draft) d = NULL;

	MUST(draft_decode(bytes_view(&token_sent), &d));
}

static void
decode_whole(void)
{
	AUTO(draft) d = NULL;

	MUST(draft_decode(bytes_view(&whole_sent), &d));
}

static void
decode_to_sign(void)
{
	AUTO(draft) d = NULL;

	MUST(draft_decode(bytes_view(&to_sign), &d));
}

static void
finish_token(void)
{
	bytes_reset(&token_text);
	MUST(draft_document(token, signature, &token_text));
}

static uint8_t signatures[DRAFT_PARTS][P256_SIGNATURE_SIZE];

static void
finish_whole(void)
{
	AUTO_DONE(bytes) text = { 0 };

	MUST(draft_document(whole, signatures[0], &text));
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

/* One line: draft in the notary, decode in keyholder and gate, document. */
static void
measure_format(const char *name, int rounds)
{
	AUTO_DONE(bytes) text = { 0 };

	draft_free(STEAL(whole));
	draft_credential();
	bytes_reset(&whole_sent);
	bytes_reset(&to_sign);
	draft_encode(whole, &whole_sent);
	draft_encode_to_sign(whole, &to_sign);
	for (size_t i = 0; i < draft_parts(whole); i++)
		software_sign(signers.document_key, draft_part(whole, i),
		    signatures[i]);
	MUST(draft_document(whole, signatures[0], &text));
	printf("{\"format\":\"%s\",\"bytes\":%zu,\"to_gate\":%zu,"
	    "\"to_keyholder\":%zu,\"signatures\":%zu,", name, text.len,
	    whole_sent.len, to_sign.len, draft_parts(whole));
	measure("draft", draft_credential, rounds, false);
	measure("decode_to_sign", decode_to_sign, rounds, false);
	measure("decode", decode_whole, rounds, false);
	measure("document", finish_whole, draft_parts(whole) > 1 ?
	    rounds / 20 + 1 : rounds, true);
}

static void
measure_steps(int rounds)
{
	make_proof();
	draft_token();
	draft_encode(token, &token_sent);
	software_sign(signers.qr_key, draft_tbs(token), signature);
	finish_token();
	printf("{");
	measure("qr_token_draft", draft_token, rounds, false);
	measure("qr_token_decode", decode_token, rounds, false);
	measure("qr_token_document", finish_token, rounds, false);
	measure("qr_token_read", read_token, rounds / 10, false);
	measure("proof_check", check_proof, rounds / 10, true);
}

static void
take_request(const char *policy, const char *path)
{
	static struct body body;
	AUTO_DONE(bytes) json = { 0 };
	AUTO_DONE(bytes) frame = { 0 };
	struct grant_terms t = credential_terms;

	MUST(file_read(path, 1 << 20, &json));
	MUST(body_decode(bytes_view(&json), OPERATION_CREDENTIAL, &body));
	body.asked.caller = view_text("upstream");
	body.asked.idempotency_key = view_text("k");
	request_encode(&body.asked, &frame);
	MUST(policy_load(policy, &issue.policy));
	MUST(request_decode(bytes_view(&frame), &issue.request));
	MUST(grant_restore(issue.policy, issue.request, &t, &issue.grant));
	body_done(&body);
}

int
main(int argc, char **argv)
{
	int rounds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 20000;
	const char *const *f;

	signers_init(&signers, NOW);
	visit = grant_of(asked_qr_token(), qr_terms);
	if (argc > 3)
		take_request(argv[2], argv[3]);
	else
		issue = grant_of(asked_credential(resident_claims(false)),
		    credential_terms);
	order = licence_order(&issue, &signers);
	measure_steps(rounds);
	for (f = grant_programme(issue.grant)->formats; *f != NULL; f++) {
		MUST(format_of(view_text(*f), &format));
		measure_format(*f, rounds);
	}
	return 0;
}
