/* mdoc drafts: their bytes, read by a reader not written here (libcbor). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <cbor.h>

#include "credential/mdoc.h"
#include "tests/licence.h"

static struct signers signers;

static int
setup(void **)
{
	signers_init(&signers, NOW);
	return 0;
}

static int
teardown(void **)
{
	signers_done(&signers);
	return 0;
}

/* ---- a draft taken apart by libcbor */

struct parts {
	struct draft	*draft;
	cbor_item_t	*structure;	/* Sig_structure */
	cbor_item_t	*mso;
	cbor_item_t	*tail;
	struct bytes	 encoded;
};

static void
parts_done(struct parts *p)
{
	draft_free(p->draft);
	cbor_decref(&p->structure);
	cbor_decref(&p->mso);
	cbor_decref(&p->tail);
	bytes_done(&p->encoded);
}

static cbor_item_t *
load(struct view v)
{
	struct cbor_load_result r;
	cbor_item_t *item = cbor_load(v.at, v.len, &r);

	assert_non_null(item);
	assert_int_equal(r.read, v.len);
	return item;
}

static struct view
string_of(const cbor_item_t *item)
{
	return cbor_isa_string(item) ? VIEW(cbor_string_handle(item),
	    cbor_string_length(item)) : VIEW(cbor_bytestring_handle(item),
	    cbor_bytestring_length(item));
}

/* The value of a text key, borrowed. */
static cbor_item_t *
get(const cbor_item_t *map, const char *name)
{
	struct cbor_pair *pairs = cbor_map_handle(map);

	for (size_t i = 0; i < cbor_map_size(map); i++)
		if (cbor_isa_string(pairs[i].key) &&
		    view_is(string_of(pairs[i].key), name))
			return pairs[i].value;
	return NULL;
}

/* What is inside 24(bstr) */
static cbor_item_t *
unwrap(const cbor_item_t *tag)
{
	cbor_item_t *inner = cbor_tag_item(tag), *item;

	assert_int_equal(cbor_tag_value(tag), 24);
	item = load(string_of(inner));
	cbor_decref(&inner);
	return item;
}

static struct parts
take_apart(struct draft *d)
{
	struct parts p = { .draft = d };
	struct reader r;
	cbor_item_t *payload;

	p.structure = load(draft_tbs(d));
	payload = load(string_of(cbor_array_handle(p.structure)[3]));
	p.mso = unwrap(payload);
	cbor_decref(&payload);
	draft_encode(d, &p.encoded);
	r = reader_of(bytes_view(&p.encoded));
	reader_u16(&r);
	reader_take(&r, SHA256_SIZE);
	reader_block(&r, SIZE_MAX);
	p.tail = load(reader_block(&r, SIZE_MAX));
	return p;
}

static struct parts
made_of(const struct granted *g, const struct credential_order *changes)
{
	struct credential_order o = licence_order(g, &signers);
	struct draft *d = NULL;

	if (changes != NULL) {
		o.key = changes->key;
		o.status = changes->status;
	}
	MUST(credential_draft(FORMAT_MDOC, &o, &d));
	return take_apart(d);
}

static struct parts
made(void)
{
	AUTO_DONE(granted) g = licence();

	return made_of(&g, NULL);
}

/* The items of a namespace: an array of 24(bstr) */
static cbor_item_t *
items_of(const struct parts *p, const char *namespace)
{
	return get(cbor_array_handle(p->tail)[1], namespace);
}

/* elementValue of an element: to be released. */
static cbor_item_t *
element(const struct parts *p, const char *namespace, const char *name)
{
	cbor_item_t *items = items_of(p, namespace);

	for (size_t i = 0; i < cbor_array_size(items); i++) {
		cbor_item_t *item = unwrap(cbor_array_handle(items)[i]);
		cbor_item_t *value = view_is(string_of(get(item,
		    "elementIdentifier")), name) ?
		    cbor_incref(get(item, "elementValue")) : NULL;

		cbor_decref(&item);
		if (value != NULL)
			return value;
	}
	return NULL;
}

#define MDL "org.iso.18013.5.1"

/* ---- the MSO */

static void
what_is_signed_is_a_sig_structure_with_es256(void **)
{
	static const uint8_t es256[] = { 0xa1, 0x01, 0x26 };
	AUTO_DONE(parts) p = made();
	cbor_item_t **at = cbor_array_handle(p.structure);

	assert_int_equal(cbor_array_size(p.structure), 4);
	assert_true(view_is(string_of(at[0]), "Signature1"));
	assert_true(view_equal(string_of(at[1]), VIEW_OF(es256)));
	assert_int_equal(cbor_bytestring_length(at[2]), 0);
}

static void
the_mso_is_that_of_mdoc_txt(void **)
{
	AUTO_DONE(parts) p = made();
	cbor_item_t *key = get(get(p.mso, "deviceKeyInfo"), "deviceKey");
	uint8_t four[32];

	memset(four, 4, sizeof(four));
	assert_int_equal(cbor_map_size(p.mso), 6);
	assert_true(view_is(string_of(get(p.mso, "docType")), MDL ".mDL"));
	assert_true(view_is(string_of(get(p.mso, "version")), "1.0"));
	assert_true(view_is(string_of(get(p.mso, "digestAlgorithm")),
	    "SHA-256"));
	assert_int_equal(cbor_map_size(key), 4);
	assert_true(view_equal(string_of(cbor_map_handle(key)[2].value),
	    VIEW_OF(four)));
}

static void
is_tdate(const cbor_item_t *item, const char *text)
{
	cbor_item_t *inner = cbor_tag_item(item);

	assert_int_equal(cbor_tag_value(item), 0);
	assert_true(view_is(string_of(inner), text));
	cbor_decref(&inner);
}

/* 16:00 in Seoul is 07:00Z; to the hour; 90 days. No fractions, no offset. */
static void
times_are_tdates_to_the_hour(void **)
{
	AUTO_DONE(parts) p = made();
	cbor_item_t *v = get(p.mso, "validityInfo");

	assert_int_equal(cbor_map_size(v), 3);
	is_tdate(get(v, "signed"), "2025-03-15T07:00:00Z");
	is_tdate(get(v, "validFrom"), "2025-03-15T07:00:00Z");
	is_tdate(get(v, "validUntil"), "2025-06-13T07:00:00Z");
}

static void
a_status_entry_stands_in_the_mso(void **)
{
	static const struct status_entry status = { URI "/s/1", 70000 };
	AUTO_DONE(granted) g = licence();
	AUTO_DONE(parts) p = made_of(&g,
	    &(struct credential_order){ .status = &status });
	cbor_item_t *list = get(get(p.mso, "status"), "status_list");

	assert_int_equal(cbor_get_int(get(list, "idx")), 70000);
	assert_true(view_is(string_of(get(list, "uri")), URI "/s/1"));
}

/* ---- items and digests */

static void
every_digest_is_that_of_its_item(void **)
{
	static const char *const names[] = { MDL, "kr.okse.more" };
	static const size_t counts[] = { 14, 1 };
	AUTO_DONE(parts) p = made();

	for (size_t n = 0; n < 2; n++) {
		cbor_item_t *digests = get(get(p.mso, "valueDigests"),
		    names[n]);
		cbor_item_t *items = items_of(&p, names[n]);

		assert_int_equal(cbor_array_size(items), counts[n]);
		/* two decoys in each */
		assert_int_equal(cbor_map_size(digests), counts[n] + 2);
		for (size_t i = 0; i < cbor_array_size(items); i++) {
			cbor_item_t *tag = cbor_array_handle(items)[i];
			cbor_item_t *item = unwrap(tag);
			uint8_t id = cbor_get_uint8(get(item, "digestID"));
			struct view listed = string_of(
			    cbor_map_handle(digests)[id].value);
			unsigned char *bytes = NULL;
			size_t size, len = cbor_serialize_alloc(tag, &bytes,
			    &size);
			struct hash h = sha256(VIEW(bytes, len));

			assert_true(view_equal(listed, VIEW_OF(h.at)));
			assert_int_equal(cbor_bytestring_length(get(item,
			    "random")), 16);
			free(bytes);
			cbor_decref(&item);
		}
	}
}

static void
no_salt_is_used_twice(void **)
{
	AUTO_DONE(granted) g = licence();
	AUTO_DONE(bytes) seen = { 0 };

	for (size_t key = 0; key < 2; key++) {
		AUTO_DONE(parts) p = made_of(&g,
		    &(struct credential_order){ .key = key });
		cbor_item_t *items = items_of(&p, MDL);

		for (size_t i = 0; i < cbor_array_size(items); i++) {
			cbor_item_t *item = unwrap(
			    cbor_array_handle(items)[i]);
			struct view salt = string_of(get(item, "random"));

			assert_null(memmem(bytes_text(&seen), seen.len,
			    salt.at, salt.len));
			bytes_put(&seen, salt);
			cbor_decref(&item);
		}
	}
}

/* With another key the elements stand elsewhere. */
static void
digest_ids_tell_nothing_of_elements(void **)
{
	AUTO_DONE(granted) g = licence();
	AUTO_DONE(bytes) first = { 0 };
	AUTO_DONE(bytes) second = { 0 };

	for (size_t key = 0; key < 2; key++) {
		AUTO_DONE(parts) p = made_of(&g,
		    &(struct credential_order){ .key = key });
		cbor_item_t *items = items_of(&p, MDL);

		for (size_t i = 0; i < cbor_array_size(items); i++) {
			cbor_item_t *item = unwrap(
			    cbor_array_handle(items)[i]);

			bytes_put(key == 0 ? &first : &second, string_of(get(
			    item, "elementIdentifier")));
			cbor_decref(&item);
		}
	}
	assert_int_equal(first.len, second.len);
	assert_false(view_equal(bytes_view(&first), bytes_view(&second)));
}

static void
the_same_order_makes_the_same_bytes(void **)
{
	AUTO_DONE(parts) a = made();
	AUTO_DONE(parts) b = made();

	assert_true(view_equal(bytes_view(&a.encoded),
	    bytes_view(&b.encoded)));
}

static void
the_order_of_the_requests_members_does_not_matter(void **)
{
	AUTO_DONE(bytes) portrait = { 0 };
	struct value c = licence_claims(&portrait), *address;
	struct member m = c.members[0];

	c.members[0] = c.members[9];
	c.members[9] = m;
	address = &claim_named(&c, "address")->value;
	m = address->members[0];
	address->members[0] = address->members[1];
	address->members[1] = m;
	AUTO_DONE(granted) g = licence_of(c);
	AUTO_DONE(parts) a = made_of(&g, NULL);
	AUTO_DONE(parts) b = made();
	assert_true(view_equal(bytes_view(&a.encoded),
	    bytes_view(&b.encoded)));
}

/* ---- elements in their types */

static void
is_text(const struct parts *p, const char *name, const char *text)
{
	cbor_item_t *v = element(p, MDL, name);

	assert_non_null(v);
	assert_true(cbor_isa_string(v) && view_is(string_of(v), text));
	cbor_decref(&v);
}

static void
names_go_where_the_programme_says(void **)
{
	AUTO_DONE(parts) p = made();

	is_text(&p, "family_name", "HONG");
	is_text(&p, "family_name_national_character", "홍");
	is_text(&p, "un_distinguishing_sign", "ROK");
	is_text(&p, "issuing_country", "KR");
	assert_null(element(&p, MDL, "organ_donor"));
}

static void
dates_are_full_dates(void **)
{
	static const char *const names[][2] = {
		{ "birth_date", "2000-02-29" },
		{ "expiry_date", "2028-03-15" },
	};
	AUTO_DONE(parts) p = made();

	for (size_t i = 0; i < COUNT(names); i++) {
		cbor_item_t *v = element(&p, MDL, names[i][0]);
		cbor_item_t *inner = cbor_tag_item(v);

		assert_int_equal(cbor_tag_value(v), 1004);
		assert_true(view_is(string_of(inner), names[i][1]));
		cbor_decref(&inner);
		cbor_decref(&v);
	}
}

static void
the_others_have_their_types(void **)
{
	AUTO_DONE(parts) p = made();
	cbor_item_t *sex = element(&p, MDL, "sex");
	cbor_item_t *donor = element(&p, "kr.okse.more", "organ_donor");
	cbor_item_t *over = element(&p, MDL, "age_over_19");
	cbor_item_t *portrait = element(&p, MDL, "portrait");
	cbor_item_t *taken = element(&p, MDL, "portrait_capture_date");
	cbor_item_t *list = element(&p, MDL, "conditions");
	cbor_item_t *map = element(&p, MDL, "address");

	assert_true(cbor_isa_uint(sex) && cbor_get_int(sex) == 2);
	assert_true(cbor_is_bool(donor) && cbor_get_bool(donor));
	assert_true(cbor_is_bool(over) && cbor_get_bool(over));
	assert_true(cbor_isa_bytestring(portrait));
	assert_true(view_equal(string_of(portrait), VIEW_OF(licence_jpeg)));
	is_tdate(taken, "2025-03-01T09:30:00Z");
	assert_true(view_is(string_of(cbor_array_handle(list)[0]), "안경"));
	assert_true(view_is(string_of(get(map, "city")), "세종특별자치시"));
	/* the shorter name first */
	assert_true(view_is(string_of(cbor_map_handle(map)[0].key), "city"));
	cbor_decref(&sex);
	cbor_decref(&donor);
	cbor_decref(&over);
	cbor_decref(&portrait);
	cbor_decref(&taken);
	cbor_decref(&list);
	cbor_decref(&map);
}

static void
driving_privileges_are_those_of_the_standard(void **)
{
	AUTO_DONE(parts) p = made();
	cbor_item_t *list = element(&p, MDL, "driving_privileges");
	cbor_item_t *one = cbor_array_handle(list)[0];
	cbor_item_t *date = get(one, "issue_date");
	cbor_item_t *code = cbor_array_handle(get(one, "codes"))[0];

	assert_int_equal(cbor_array_size(list), 1);
	assert_true(view_is(string_of(get(one, "vehicle_category_code")),
	    "B"));
	assert_int_equal(cbor_tag_value(date), 1004);
	assert_true(view_is(string_of(get(code, "code")), "79"));
	assert_true(view_is(string_of(get(code, "value")), "3500"));
	cbor_decref(&list);
}

/* ---- what is refused */

static enum err
try_claims(struct value claims, const char *why)
{
	AUTO_DONE(granted) g = licence_of(claims);
	struct credential_order o = licence_order(&g, &signers);
	AUTO(draft) d = NULL;
	enum err e = credential_draft(FORMAT_MDOC, &o, &d);

	if (e != ERR_OK && strstr(err_why(), why) == NULL)
		fail_msg("wanted %s, got: %s", why, err_why());
	return e;
}

static void
a_country_that_is_not_the_signers_is_refused(void **)
{
	AUTO_DONE(bytes) portrait = { 0 };
	struct value c = licence_claims(&portrait);

	also(&c, "issuing_country", text_value("US"));
	assert_int_equal(try_claims(c, "/claims/issuing_country: not what"),
	    ERR_SCHEMA);
	c = licence_claims(&portrait);
	also(&c, "un_distinguishing_sign", text_value("USA"));
	assert_int_equal(try_claims(c, "/claims/un_distinguishing_sign"),
	    ERR_SCHEMA);
}

static void
a_missing_claim_is_named(void **)
{
	AUTO_DONE(bytes) portrait = { 0 };
	struct value c = licence_claims(&portrait);

	*claim_named(&c, "portrait") = c.members[--c.count];
	assert_int_equal(try_claims(c, "/claims/portrait: required"),
	    ERR_SCHEMA);
}

static void
values_of_another_kind_are_refused(void **)
{
	AUTO_DONE(bytes) portrait = { 0 };
	static const char *const names[] = { "family_name", "birth_date",
	    "sex", "organ_donor", "address", "conditions", "portrait",
	    "portrait_capture_date", "driving_privileges" };

	for (size_t i = 0; i < COUNT(names); i++) {
		struct value c = licence_claims(&portrait);
		struct value *v = &claim_named(&c, names[i])->value;
		bool boolean = v->kind == VALUE_BOOLEAN;

		value_done(v);
		*v = (struct value){ .kind = boolean ? VALUE_INTEGER :
		    VALUE_BOOLEAN };
		assert_int_equal(try_claims(c, names[i]), ERR_SCHEMA);
	}
}

static void
privileges_hold_no_other_values(void **)
{
	AUTO_DONE(bytes) portrait = { 0 };
	struct value c = licence_claims(&portrait), *one;

	one = &claim_named(&c, "driving_privileges")->value.members[0].value;
	claim_named(one, "issue_date")->value =
	    (struct value){ .kind = VALUE_INTEGER };
	assert_int_equal(try_claims(c, "/claims/driving_privileges"),
	    ERR_SCHEMA);
}

/* ---- the keyholder's guard */

/* Everything of an MSO with one member in another form. */
static void
a_changed_mso_is_not_signed(void **)
{
	AUTO_DONE(parts) p = made();
	struct view tbs = draft_tbs(p.draft);
	AUTO_DONE(bytes) encoded = { 0 };
	static const char *const words[] = { "Signature1", "docType",
	    "version", "1.0", "validityInfo", "signed", "validFrom",
	    "validUntil", "valueDigests", "deviceKeyInfo", "deviceKey",
	    "digestAlgorithm", "SHA-256", "2025-03-15T07", "07:00:00Z" };

	for (size_t i = 0; i < COUNT(words); i++) {
		const uint8_t *at = memmem(tbs.at, tbs.len, words[i],
		    strlen(words[i]));
		AUTO(draft) d = NULL;

		assert_non_null(at);
		bytes_reset(&encoded);
		draft_encode_to_sign(p.draft, &encoded);
		/* version, kind and a length stand before it */
		encoded.at[6 + SHA256_SIZE + (at - tbs.at)] ^= 0x01;
		if (draft_decode(bytes_view(&encoded), &d) == ERR_OK)
			fail_msg("%s", words[i]);
	}
}

static void
an_mso_is_read_as_it_was_made(void **)
{
	AUTO_DONE(parts) p = made();
	cbor_item_t *payload = cbor_array_handle(p.structure)[3];
	struct mdoc m;

	MUST(mdoc_get_payload(string_of(payload), &m));
	assert_true(view_is(m.doctype, MDL ".mDL"));
	assert_int_equal(m.issued, NOW - NOW % 3600);
	assert_int_equal(m.from, m.issued);
	assert_int_equal(m.until, m.issued + 90 * DAY);
	assert_int_equal(m.status_uri.len, 0);
	for (size_t n = 0; n < string_of(payload).len; n++)
		assert_int_not_equal(mdoc_get_payload(VIEW(
		    string_of(payload).at, n), &m), ERR_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_signed_is_a_sig_structure_with_es256),
		cmocka_unit_test(the_mso_is_that_of_mdoc_txt),
		cmocka_unit_test(times_are_tdates_to_the_hour),
		cmocka_unit_test(a_status_entry_stands_in_the_mso),
		cmocka_unit_test(every_digest_is_that_of_its_item),
		cmocka_unit_test(no_salt_is_used_twice),
		cmocka_unit_test(digest_ids_tell_nothing_of_elements),
		cmocka_unit_test(the_same_order_makes_the_same_bytes),
		cmocka_unit_test(
		    the_order_of_the_requests_members_does_not_matter),
		cmocka_unit_test(names_go_where_the_programme_says),
		cmocka_unit_test(dates_are_full_dates),
		cmocka_unit_test(the_others_have_their_types),
		cmocka_unit_test(driving_privileges_are_those_of_the_standard),
		cmocka_unit_test(a_country_that_is_not_the_signers_is_refused),
		cmocka_unit_test(a_missing_claim_is_named),
		cmocka_unit_test(values_of_another_kind_are_refused),
		cmocka_unit_test(privileges_hold_no_other_values),
		cmocka_unit_test(a_changed_mso_is_not_signed),
		cmocka_unit_test(an_mso_is_read_as_it_was_made),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
