/*
 * SD-JWT VC drafts of what is disclosed member by member, and of what hides
 * how much there is: decoys and coarse times.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/licence.h"
#include "tests/unit/credential/sdjwt_parts.h"

static struct parts
licence_parts(const struct credential_order *changes)
{
	AUTO_DONE(granted) g = licence();
	struct credential_order o = licence_order(&g, &signers);
	struct draft *d = NULL;

	if (changes != NULL) {
		o.key = changes->key;
		o.status = changes->status;
	}
	MUST(credential_draft(FORMAT_SD_JWT, &o, &d));
	return take_apart(d);
}

/* The digest, in base64url, of disclosure number n. */
static void
digest_of(struct parts *p, size_t n, struct bytes *out)
{
	const char *at = bytes_text(&p->tail) + 1;
	struct hash h;

	for (; n > 0; n--)
		at = strchr(at, '~') + 1;
	h = sha256(VIEW(at, (size_t)(strchr(at, '~') - at)));
	bytes_reset(out);
	base64url_put(out, VIEW_OF(h.at));
}

/* The number of the disclosure whose JSON has this in it. */
static size_t
number_of(struct parts *p, const char *text)
{
	const char *all = bytes_text(&p->disclosures);
	const char *at = strstr(all, text);
	size_t n = 0;

	assert_non_null(at);
	for (; all < at; all++)
		n += *all == '\n';
	return n;
}

static void
a_map_hides_its_members_one_by_one(void **)
{
	AUTO_DONE(parts) p = licence_parts(NULL);
	AUTO_DONE(bytes) city = { 0 };
	AUTO_DONE(bytes) street = { 0 };
	AUTO_DONE(bytes) want = { 0 };

	digest_of(&p, number_of(&p, "\"city\",\"세종특별자치시\"]"), &city);
	digest_of(&p, number_of(&p, "\"street\",\"한누리대로 2130\"]"),
	    &street);
	bytes_put_text(&want, "\"address\",{\"_sd\":[\"");
	/* sorted by what they encode: the letters' order is not the bytes' */
	assert_true(holds(&p.disclosures, bytes_text(&want)));
	assert_true(holds(&p.disclosures, bytes_text(&city)));
	assert_true(holds(&p.disclosures, bytes_text(&street)));
	assert_false(holds(&p.payload, bytes_text(&city)));
	assert_false(holds(&p.payload, bytes_text(&street)));
}

static void
a_list_hides_its_elements_and_keeps_their_order(void **)
{
	AUTO_DONE(parts) p = licence_parts(NULL);
	AUTO_DONE(bytes) first = { 0 };
	AUTO_DONE(bytes) second = { 0 };
	AUTO_DONE(bytes) want = { 0 };

	digest_of(&p, number_of(&p, ",\"안경\"]"), &first);
	digest_of(&p, number_of(&p, ",\"자동변속기\"]"), &second);
	bytes_printf(&want, "\"conditions\",[{\"...\":\"%s\"},"
	    "{\"...\":\"%s\"}]]", bytes_text(&first), bytes_text(&second));
	assert_true(holds(&p.disclosures, bytes_text(&want)));
}

static void
what_is_always_disclosed_is_in_the_clear(void **)
{
	AUTO_DONE(parts) p = licence_parts(NULL);

	assert_true(holds(&p.payload, "\"driving_privileges\":[{\"codes\":"
	    "[{\"code\":\"79\",\"value\":\"3500\"}],"
	    "\"issue_date\":\"2010-01-02\","
	    "\"vehicle_category_code\":\"B\"}]"));
	assert_true(holds(&p.payload, "\"issuing_country\":\"KR\""));
	assert_true(holds(&p.disclosures,
	    "\"un_distinguishing_sign\",\"ROK\""));
}

static void
what_is_never_disclosed_is_not_there(void **)
{
	AUTO_DONE(parts) p = licence_parts(NULL);

	assert_false(holds(&p.disclosures, "portrait"));
	assert_false(holds(&p.payload, "portrait"));
	assert_false(holds(&p.disclosures, "HONG"));
	assert_false(holds(&p.payload, "jpeg"));
}

static size_t
count_of(struct bytes *b, const char *text)
{
	size_t n = 0;

	for (const char *at = bytes_text(b); (at = strstr(at, text)) != NULL;
	    at++)
		n++;
	return n;
}

/* 10 claims, four members of two of them, and three digests of nothing. */
static void
decoys_stand_among_the_digests(void **)
{
	AUTO_DONE(parts) a = licence_parts(NULL);
	AUTO_DONE(parts) b = licence_parts(
	    &(struct credential_order){ .key = 1 });
	const char *sd = strstr(bytes_text(&a.payload), "\"_sd\":[");
	AUTO_DONE(bytes) list = { 0 };

	bytes_put(&list, VIEW(sd + 6, strcspn(sd + 6, "]")));
	assert_int_equal(a.count, 10 + 4);
	assert_int_equal(count_of(&list, "\"") / 2, 10 + 3);
	/* other ones for each key */
	for (size_t i = 0; i < 13; i++) {
		char one[46] = "";

		memcpy(one, list.at + 1 + i * 46, 45);
		assert_false(holds(&b.payload, one));
	}
}

static void
times_are_rounded_down_to_the_hour(void **)
{
	AUTO_DONE(parts) p = licence_parts(NULL);

	assert_true(holds(&p.payload, "\"iat\":1742022000,\"nbf\":1742022000,"
	    "\"exp\":1749798000,"));
	assert_int_equal(1742022000 % 3600, 0);
}

static struct credential_times
rounded(int64_t issued, int64_t from, int64_t until)
{
	AUTO_DONE(bytes) portrait = { 0 };
	struct asked a = asked_credential(licence_claims(&portrait));
	struct grant_terms t = { issued, from, NOW + 1000 * DAY, until };

	a.programme = view_text("licence");
	AUTO_DONE(granted) g = grant_by(licence_yaml, a, t);
	return credential_times(g.grant, signers.document);
}

/* The certificate begins a day before NOW, which is a full hour. */
static void
no_time_is_before_the_certificate_or_an_empty_validity(void **)
{
	struct credential_times t = rounded(NOW + 59 * 60, NOW + 3600 + 1,
	    NOW + 7200 - 1);

	assert_int_equal(t.issued, NOW);
	assert_int_equal(t.from, NOW + 3600);
	/* less than an hour: its end stands */
	assert_int_equal(t.until, NOW + 7200 - 1);
	t = rounded(NOW, NOW, NOW + 3600);
	assert_int_equal(t.until, NOW + 3600);
	t = rounded(NOW, NOW, NOW + 3599);
	assert_int_equal(t.until, NOW + 3599);
	t = rounded(NOW - DAY, NOW - DAY, NOW + DAY + 1);
	assert_int_equal(t.from, NOW - DAY);
	assert_int_equal(t.issued, NOW - DAY);
	assert_int_equal(t.until, NOW + DAY);
}

static void
a_certificate_may_begin_within_the_hour(void **)
{
	struct signers own;

	signers_init(&own, NOW + 1800);		/* its own from NOW - DAY + … */
	AUTO_DONE(bytes) portrait = { 0 };
	struct asked a = asked_credential(licence_claims(&portrait));
	struct grant_terms t = { NOW - DAY + 1900, NOW - DAY + 1900,
	    NOW + 1000 * DAY, NOW + DAY };

	a.programme = view_text("licence");
	AUTO_DONE(granted) g = grant_by(licence_yaml, a, t);
	struct credential_times c = credential_times(g.grant, own.document);

	assert_int_equal(issuer_not_before(own.document), NOW - DAY + 1800);
	assert_int_equal(c.from, NOW - DAY + 1800);
	assert_int_equal(c.issued, NOW - DAY + 1800);
	signers_done(&own);
}

static void
a_status_entry_is_never_disclosed_apart(void **)
{
	static const struct status_entry status = { URI "/s/1", 70000 };
	AUTO_DONE(parts) p = licence_parts(
	    &(struct credential_order){ .status = &status });

	assert_true(holds(&p.payload, "\"status\":{\"status_list\":"
	    "{\"idx\":70000,\"uri\":\"https://id.example.kr/s/1\"}}"));
	assert_false(holds(&p.disclosures, "status"));
}

static enum err
try_member(const char *name, struct value v)
{
	AUTO_DONE(bytes) portrait = { 0 };
	struct value c = licence_claims(&portrait);
	struct value *address = &claim_named(&c, "address")->value;
	AUTO(draft) d = NULL;

	address->members[0].name = view_text(name);
	address->members[0].value = v;
	AUTO_DONE(granted) g = licence_of(c);
	struct credential_order o = licence_order(&g, &signers);
	return credential_draft(FORMAT_SD_JWT, &o, &d);
}

static void
members_apart_have_no_reserved_names_and_are_texts(void **)
{
	assert_int_equal(try_member("town", text_value("x")), ERR_OK);
	assert_int_equal(try_member("_sd", text_value("x")), ERR_SCHEMA);
	assert_int_equal(try_member("...", text_value("x")), ERR_SCHEMA);
	assert_int_equal(try_member("town",
	    (struct value){ .kind = VALUE_INTEGER }), ERR_SCHEMA);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_map_hides_its_members_one_by_one),
		cmocka_unit_test(
		    a_list_hides_its_elements_and_keeps_their_order),
		cmocka_unit_test(what_is_always_disclosed_is_in_the_clear),
		cmocka_unit_test(what_is_never_disclosed_is_not_there),
		cmocka_unit_test(decoys_stand_among_the_digests),
		cmocka_unit_test(times_are_rounded_down_to_the_hour),
		cmocka_unit_test(
		    no_time_is_before_the_certificate_or_an_empty_validity),
		cmocka_unit_test(a_certificate_may_begin_within_the_hour),
		cmocka_unit_test(a_status_entry_is_never_disclosed_apart),
		cmocka_unit_test(
		    members_apart_have_no_reserved_names_and_are_texts),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
