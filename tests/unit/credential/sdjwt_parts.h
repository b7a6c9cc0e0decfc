/* An SD-JWT VC draft made and taken apart, for its tests. */
#ifndef OKSE_TESTS_SDJWT_PARTS_H
#define OKSE_TESTS_SDJWT_PARTS_H

#include "credential/credential.h"
#include "tests/granted.h"

static struct signers signers;
static uint8_t seed[CREDENTIAL_SEED_SIZE];

static inline int
setup(void **)
{
	signers_init(&signers, NOW);
	for (size_t i = 0; i < sizeof(seed); i++)
		seed[i] = (uint8_t)i;
	return 0;
}

static inline int
teardown(void **)
{
	signers_done(&signers);
	return 0;
}

/* A draft taken apart. */
struct parts {
	struct draft	*draft;
	struct bytes	 payload;	/* JSON */
	struct bytes	 tail;		/* "~…~" */
	struct bytes	 disclosures;	/* JSON of each, a line each */
	size_t		 count;
};

static inline void
parts_done(struct parts *p)
{
	draft_free(p->draft);
	bytes_done(&p->payload);
	bytes_done(&p->tail);
	bytes_done(&p->disclosures);
}

static inline void
split_tail(struct parts *p)
{
	const char *at = bytes_text(&p->tail);

	assert_int_equal(*at, '~');
	while (*++at != '\0') {
		const char *end = strchr(at, '~');

		assert_non_null(end);
		MUST(base64url_get(VIEW(at, (size_t)(end - at)),
		    &p->disclosures));
		bytes_put_u8(&p->disclosures, '\n');
		p->count++;
		at = end;
	}
}

static inline enum err
make(struct asked a, struct grant_terms t, size_t index, struct draft **out)
{
	AUTO_DONE(granted) g = grant_of(a, t);

	return credential_draft(FORMAT_SD_JWT, &(struct credential_order){
		.grant = g.grant,
		.request = g.request,
		.key = index,
		.issuer = signers.document,
		.seed = VIEW_OF(seed),
	}, out);
}

static inline struct parts
take_apart(struct draft *d)
{
	uint8_t signature[P256_SIGNATURE_SIZE] = { [31] = 1, [63] = 1 };
	AUTO_DONE(bytes) text = { 0 };
	struct parts p = { .draft = d };
	struct view tbs = draft_tbs(d);
	const char *dot;

	dot = memchr(tbs.at, '.', tbs.len);
	MUST(base64url_get(VIEW(dot + 1,
	    tbs.len - (size_t)(dot + 1 - (const char *)tbs.at)), &p.payload));
	MUST(draft_document(d, signature, &text));
	bytes_put_text(&p.tail, strchr(bytes_text(&text), '~'));
	split_tail(&p);
	return p;
}

static inline struct parts
resident(bool backwards, size_t index)
{
	struct draft *d = NULL;

	MUST(make(asked_credential(resident_claims(backwards)),
	    credential_terms, index, &d));
	return take_apart(d);
}

static inline bool
holds(struct bytes *b, const char *text)
{
	return strstr(bytes_text(b), text) != NULL;
}

#endif
