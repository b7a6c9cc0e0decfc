/*
 * Signers, requests and grants for the tests of drafts: a resident of
 * seventeen asks for resident-id with two keys.
 */
#ifndef OKSE_TESTS_GRANTED_H
#define OKSE_TESTS_GRANTED_H

#include <unistd.h>

#include "credential/issuer.h"
#include "policy/policy.h"
#include "tests/software.h"

#define NOW INT64_C(1742022000)		/* 2025-03-15T16:00:00+09:00 */
#define URI "https://id.example.kr"

static const char policy_yaml[] =
    "kind: policy\n"
    "serial: 1\n"
    "leap-birthday: march-1\n";

static const char programme_yaml[] =
    "kind: programme\n"
    "programme: resident-id\n"
    "vct: https://id.example.kr/vct/resident-id\n"
    "operations: [qr-token, credential]\n"
    "formats: [dc+sd-jwt, mso_mdoc, vc+jwt, opendid-vc, cwt-qr]\n"
    "mso_mdoc: { doctype: kr.okse.test.1, namespace: kr.okse.test.1 }\n"
    "vc+jwt:\n"
    "  type: ResidentIdCredential\n"
    "  context: https://id.example.kr/contexts/resident-id/v1\n"
    "opendid-vc:\n"
    "  issuer: did:omn:okse\n"
    "  issuer-name: 행정안전부\n"
    "  verification-method: did:omn:okse?versionId=1#assert\n"
    "  schema: https://id.example.kr/vcschema?name=resident_id\n"
    "  namespace: org.opendid.v1.resident_id\n"
    "  language: ko\n"
    "  evidence-verifier: did:omn:okse\n"
    "  evidence-document: ResidentRegistrationCard\n"
    "cwt-qr: { language: kor }\n"
    "age-over: [14, 17, 18, 19]\n"
    "claims:\n"
    "  family_name:\n"
    "    { type: text, required: true, caption: 성, claim-169: 7 }\n"
    "  given_name:\n"
    "    { type: text, required: true, caption: 이름, claim-169: 5 }\n"
    "  birth_date: { type: date, required: true, claim-169: 8 }\n"
    "  resident_number: { type: text, required: true }\n"
    "  sex: { type: integer, required: false }\n"
    "  address: { type: map, required: false }\n"
    "  veteran: { type: boolean, required: false }\n"
    "  issuing_country:\n"
    "    { type: text, required: true, disclosure: always }\n"
    "  issuing_authority:\n"
    "    { type: text, required: false, disclosure: always }\n"
    "validity:\n"
    "  administrative: P3Y\n"
    "  ends: end-of-day\n"
    "  technical: P90D\n"
    "  qr-token: PT180S\n"
    "rules:\n"
    "  claims-complete: { kind: claims }\n";

static inline struct policy *
test_policy(const char *programme)
{
	const struct policy_file files[] = {
		{ "policy.yaml", view_text(policy_yaml) },
		{ "programme.yaml", view_text(programme) },
	};
	struct policy *p = NULL;

	MUST(policy_parse(files, COUNT(files), &p));
	return p;
}

struct signers {
	EVP_PKEY	*ca_key, *document_key, *qr_key;
	X509		*ca;
	struct issuer	*document, *qr;
};

static inline struct issuer *
signers_issuer(struct signers *s, const char *name, EVP_PKEY *key,
    int64_t now)
{
	char path[] = "/tmp/okse-signer-XXXXXX";
	X509 *x = software_certificate(name, key, s->ca, s->ca_key,
	    now - DAY, now + 400 * DAY);
	struct issuer *i = NULL;

	close(mkstemp(path));
	software_write(path, x);
	MUST(issuer_load(path, URI, &i));
	unlink(path);
	X509_free(x);
	return i;
}

static inline void
signers_init(struct signers *s, int64_t now)
{
	MUST(crypto_init());
	s->ca_key = software_key();
	s->document_key = software_key();
	s->qr_key = software_key();
	s->ca = software_certificate("Test CA", s->ca_key, NULL, s->ca_key,
	    now - DAY, now + 4000 * DAY);
	s->document = signers_issuer(s, "Document signer", s->document_key,
	    now);
	s->qr = signers_issuer(s, "QR signer", s->qr_key, now);
}

static inline void
signers_done(struct signers *s)
{
	EVP_PKEY_free(s->ca_key);
	EVP_PKEY_free(s->document_key);
	EVP_PKEY_free(s->qr_key);
	X509_free(s->ca);
	issuer_free(s->document);
	issuer_free(s->qr);
}

static inline struct value
text_value(const char *text)
{
	return (struct value){ .kind = VALUE_STRING, .text = view_text(text) };
}

static inline void
set_member(struct value *map, size_t i, const char *name, struct value v)
{
	map->members[i].name = view_text(name);
	map->members[i].value = v;
}

/* The claims of a resident; backwards: the same in another order. */
static inline struct value
resident_claims(bool backwards)
{
	struct value claims = { 0 }, address = { 0 };
	size_t n = 8;

#define AT(i) (backwards ? n - 1 - (i) : (i))
	MUST(value_reserve(&address, VALUE_MAP, 3));
	set_member(&address, backwards ? 2 : 0, "region",
	    text_value("세종특별자치시"));
	set_member(&address, 1, "locality", text_value("한누리대로 2130"));
	set_member(&address, backwards ? 0 : 2, "postal_code",
	    text_value("30151"));
	MUST(value_reserve(&claims, VALUE_MAP, n));
	set_member(&claims, AT(0), "family_name", text_value("홍"));
	set_member(&claims, AT(1), "given_name", text_value("길동"));
	set_member(&claims, AT(2), "birth_date", text_value("2008-03-15"));
	set_member(&claims, AT(3), "resident_number",
	    text_value("0803153234567"));
	set_member(&claims, AT(4), "sex",
	    (struct value){ .kind = VALUE_INTEGER, .integer = 1 });
	set_member(&claims, AT(5), "address", address);
	set_member(&claims, AT(6), "veteran",
	    (struct value){ .kind = VALUE_BOOLEAN });
	set_member(&claims, AT(7), "issuing_country", text_value("KR"));
#undef AT
	return claims;
}

static inline struct asked
asked_credential(struct value claims)
{
	struct asked a = {
		.operation = OPERATION_CREDENTIAL,
		.caller = view_text("centre"),
		.idempotency_key = view_text("k-1"),
		.programme = view_text("resident-id"),
		.purpose = PURPOSE_FIRST_ISSUE,
		.holder.number = view_text("0803153234567"),
		.holder.birth_date = { 2008, 3, 15 },
		.holder.residence = view_text("36110"),
		.evidence.kind = EVIDENCE_QR_TOKEN,
		.evidence.qr_token = view_text("OKSE1:"),
		.evidence.centre = view_text("3611025000"),
		.has_device = true,
		.device_id = view_text("phone-1"),
		.proof_count = 2,
		.format_count = 1,
		.formats[0] = view_text("dc+sd-jwt"),
		.claims = claims,
	};

	/* two keys anybody can check: the generator and its double */
	for (size_t i = 0; i < 2; i++) {
		memset(a.proofs[i].point, (int)(4 + i), P256_POINT_SIZE);
		a.proofs[i].point[0] = 4;
		a.proofs[i].nonce = view_text("n");
		a.proofs[i].audience = view_text(URI);
		a.proofs[i].issued_at = NOW;
		a.proofs[i].not_before = INT64_MIN;
		a.proofs[i].expires_at = INT64_MAX;
	}
	return a;
}

static inline struct asked
asked_qr_token(void)
{
	struct asked a = asked_credential((struct value){ 0 });

	a.operation = OPERATION_QR_TOKEN;
	a.has_device = false;
	a.device_id = view_text("");
	a.proof_count = 0;
	a.format_count = 0;
	a.evidence.qr_token = view_text("");
	return a;
}

static const struct grant_terms credential_terms = {
	.issued_at = NOW,
	.valid_from = NOW,
	.administrative_expiry = INT64_C(1836745200), /* 2028-03-15T15:00Z */
	.technical_expiry = NOW + 90 * DAY,
};

static const struct grant_terms qr_terms = {
	.issued_at = NOW,
	.valid_from = NOW,
	.administrative_expiry = TIME_NONE,
	.technical_expiry = NOW + 180,
};

struct granted {
	struct policy	*policy;
	struct request	*request;
	struct grant	*grant;
};

static inline void
granted_done(struct granted *g)
{
	grant_free(g->grant);
	request_free(g->request);
	policy_free(g->policy);
}

/* Takes the claims of a over. */
static inline struct granted
grant_by(const char *programme, struct asked a, struct grant_terms terms)
{
	AUTO_DONE(bytes) frame = { 0 };
	struct granted g = { .policy = test_policy(programme) };

	request_encode(&a, &frame);
	value_done(&a.claims);
	MUST(bytes_check(&frame));
	MUST(request_decode(bytes_view(&frame), &g.request));
	MUST(grant_restore(g.policy, g.request, &terms, &g.grant));
	return g;
}

static inline struct granted
grant_of(struct asked a, struct grant_terms terms)
{
	return grant_by(programme_yaml, a, terms);
}

#endif
