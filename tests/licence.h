/*
 * A driver's licence with every type of claim, for the tests of formats: its
 * programme has two namespaces, decoys, and claims disclosed in each way.
 */
#ifndef OKSE_TESTS_LICENCE_H
#define OKSE_TESTS_LICENCE_H

#include "credential/credential.h"
#include "tests/granted.h"

static const char licence_yaml[] =
    "kind: programme\n"
    "programme: licence\n"
    "vct: urn:okse:licence:1\n"
    "operations: [credential]\n"
    "formats: [dc+sd-jwt, mso_mdoc, vc+jwt, opendid-vc, cwt-qr]\n"
    "age-over: [18, 19]\n"
    "mso_mdoc:\n"
    "  doctype: org.iso.18013.5.1.mDL\n"
    "  namespace: org.iso.18013.5.1\n"
    "  decoys: 2\n"
    "dc+sd-jwt: { decoys: 3 }\n"
    "vc+jwt:\n"
    "  type: LicenceCredential\n"
    "  context: https://id.example.kr/contexts/licence/v1\n"
    "opendid-vc:\n"
    "  issuer: did:omn:okse\n"
    "  issuer-name: 경찰청\n"
    "  verification-method: did:omn:okse?versionId=1#assert\n"
    "  schema: https://id.example.kr/vcschema?name=licence\n"
    "  namespace: org.opendid.v1.licence\n"
    "  language: ko\n"
    "  evidence-verifier: did:omn:okse\n"
    "  evidence-document: DriverLicence\n"
    "cwt-qr: { language: kor }\n"
    "claims:\n"
    "  family_name: { type: text, required: true, caption: 성,\n"
    "    claim-169: 7, element: family_name_national_character }\n"
    "  name_latin: { type: text, required: true, characters: latin,\n"
    "    formats: [mso_mdoc], element: family_name }\n"
    "  birth_date: { type: date, required: true, claim-169: 8 }\n"
    "  sex: { type: integer, required: true, claim-169: 9 }\n"
    "  organ_donor: { type: boolean, required: true,\n"
    "    namespace: kr.okse.more }\n"
    "  address: { type: map, required: true, apart: true }\n"
    "  conditions: { type: list, required: true, apart: true }\n"
    "  portrait: { type: portrait, required: true, disclosure: never,\n"
    "    width: { min: 8, max: 480 }, height: { min: 8, max: 640 } }\n"
    "  portrait_capture_date: { type: instant, required: true,\n"
    "    disclosure: never }\n"
    "  driving_privileges: { type: privileges, required: true,\n"
    "    disclosure: always }\n"
    "  un_distinguishing_sign: { type: text, required: false, value: ROK }\n"
    "  issuing_country: { type: text, required: false,\n"
    "    disclosure: always }\n"
    "validity:\n"
    "  administrative: P3Y\n"
    "  ends: end-of-day\n"
    "  technical: P90D\n"
    "  qr-token: PT180S\n"
    "  rounding: PT1H\n"
    "rules:\n"
    "  claims-complete: { kind: claims }\n";

/* 16 pixels wide, 24 high, and nothing in its scan: enough for its reader. */
static const uint8_t licence_jpeg[] = {
	0xff, 0xd8,
	0xff, 0xe0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0,
	0xff, 0xc0, 0, 11, 8, 0, 24, 0, 16, 1, 1, 0x11, 0,
	0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0,
	0x55,
	0xff, 0xd9,
};

static inline struct value
map_of(size_t count)
{
	struct value v = { 0 };

	MUST(value_reserve(&v, VALUE_MAP, count));
	return v;
}

static inline struct value
list_of(size_t count)
{
	struct value v = { 0 };

	MUST(value_reserve(&v, VALUE_LIST, count));
	return v;
}

static inline struct value
privileges(void)
{
	struct value list = list_of(1), one = map_of(3), codes = list_of(1),
	    code = map_of(2);

	set_member(&code, 0, "value", text_value("3500"));
	set_member(&code, 1, "code", text_value("79"));
	codes.members[0].value = code;
	set_member(&one, 0, "vehicle_category_code", text_value("B"));
	set_member(&one, 1, "issue_date", text_value("2010-01-02"));
	set_member(&one, 2, "codes", codes);
	list.members[0].value = one;
	return list;
}

/*
 * portrait is the buffer that the claim's text is in. There is room for one
 * claim more, see also().
 */
static inline struct value
licence_claims(struct bytes *portrait)
{
	struct value claims = map_of(11), address = map_of(2),
	    conditions = list_of(2);

	claims.count = 10;
	bytes_reset(portrait);
	base64_put(portrait, VIEW_OF(licence_jpeg));
	set_member(&address, 0, "street", text_value("한누리대로 2130"));
	set_member(&address, 1, "city", text_value("세종특별자치시"));
	conditions.members[0].value = text_value("안경");
	conditions.members[1].value = text_value("자동변속기");
	set_member(&claims, 0, "family_name", text_value("홍"));
	set_member(&claims, 1, "name_latin", text_value("HONG"));
	set_member(&claims, 2, "birth_date", text_value("2000-02-29"));
	set_member(&claims, 3, "sex",
	    (struct value){ .kind = VALUE_INTEGER, .integer = 2 });
	set_member(&claims, 4, "organ_donor",
	    (struct value){ .kind = VALUE_BOOLEAN, .integer = 1 });
	set_member(&claims, 5, "address", address);
	set_member(&claims, 6, "conditions", conditions);
	set_member(&claims, 7, "portrait", (struct value){
	    .kind = VALUE_STRING, .text = bytes_view(portrait) });
	set_member(&claims, 8, "portrait_capture_date",
	    text_value("2025-03-01T09:30:00Z"));
	set_member(&claims, 9, "driving_privileges", privileges());
	return claims;
}

static inline struct member *
claim_named(struct value *map, const char *name)
{
	for (size_t i = 0; i < map->count; i++)
		if (view_is(map->members[i].name, name))
			return &map->members[i];
	abort();
}

static inline void
also(struct value *claims, const char *name, struct value v)
{
	set_member(claims, claims->count++, name, v);
}

static inline struct granted
licence_of(struct value claims)
{
	struct asked a = asked_credential(claims);

	a.programme = view_text("licence");
	a.holder.birth_date = (struct date){ 2000, 2, 29 };
	return grant_by(licence_yaml, a, credential_terms);
}

static inline struct granted
licence(void)
{
	AUTO_DONE(bytes) portrait = { 0 };

	return licence_of(licence_claims(&portrait));
}

static const uint8_t licence_seed[CREDENTIAL_SEED_SIZE] = { 1, 2, 3, 4 };

static inline struct credential_order
licence_order(const struct granted *g, const struct signers *s)
{
	return (struct credential_order){
		.grant = g->grant,
		.request = g->request,
		.issuer = s->document,
		.seed = VIEW_OF(licence_seed),
	};
}

/* Signs all parts with a software key and finishes the document. */
static inline void
finish(const struct draft *d, EVP_PKEY *key, struct bytes *out)
{
	static uint8_t signatures[DRAFT_PARTS][P256_SIGNATURE_SIZE];

	for (size_t i = 0; i < draft_parts(d); i++)
		software_sign(key, draft_part(d, i), signatures[i]);
	MUST(draft_document(d, signatures[0], out));
}

static inline void
licence_document(const struct credential_order *o,
    enum credential_format format, EVP_PKEY *key, struct bytes *out)
{
	struct draft *d = NULL;

	MUST(credential_draft(format, o, &d));
	finish(d, key, out);
	draft_free(d);
}

#endif
