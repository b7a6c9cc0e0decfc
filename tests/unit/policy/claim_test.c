/* Claims against the schema of their programme, and that schema in YAML. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "policy/policy.h"

static int
setup(void **)
{
	return crypto_init() == ERR_OK ? 0 : -1;
}

/* ---- a programme with these claims and formats */

static enum err
load(const char *formats, const char *sections, const char *claims,
    struct policy **out)
{
	AUTO_DONE(bytes) yaml = { 0 };
	struct policy_file files[2] = {
		{ "policy.yaml", view_text("kind: policy\nserial: 1\n"
		    "leap-birthday: march-1\n") },
	};

	bytes_printf(&yaml, "kind: programme\nprogramme: card\nvct: v\n"
	    "operations: [credential]\nformats: %s\n%sage-over: []\nclaims:\n"
	    "%svalidity: { administrative: P3Y, ends: exact, technical: P30D,"
	    " qr-token: PT180S }\nrules: { c: { kind: claims } }\n", formats,
	    sections, claims);
	files[1] = (struct policy_file){ "card.yaml", bytes_view(&yaml) };
	return policy_parse(files, 2, out);
}

static void
refused(const char *formats, const char *sections, const char *claims,
    const char *why)
{
	AUTO(policy) p = NULL;

	assert_int_equal(load(formats, sections, claims, &p), ERR_SCHEMA);
	if (strstr(err_why(), why) == NULL)
		fail_msg("wanted %s, got: %s", why, err_why());
}

#define NAME "  name: { type: text, required: true }\n"
#define CLAIM(words) "  name: { " words " }\n"

static void
bad_claim(const char *claim, const char *why)
{
	refused("[dc+sd-jwt]", "", claim, why);
}

static void
a_format_must_be_known_and_described(void **)
{
	AUTO(policy) p = NULL;

	assert_int_equal(load("[dc+sd-jwt]", "", NAME, &p), ERR_OK);
	refused("[mso_mdocs]", "", NAME, "did you mean \"mso_mdoc\"?");
	refused("[mso_mdoc]", "", NAME, "to describe mso_mdoc");
	refused("[vc+jwt]", "", NAME, "to describe vc+jwt");
	refused("[opendid-vc]", "", NAME, "to describe opendid-vc");
	refused("[cwt-qr]", "", NAME, "to describe cwt-qr");
	refused("[mso_mdoc]", "mso_mdoc: { doctype: d }\n", NAME,
	    "expected the key \"namespace\"");
	refused("[cwt-qr]", "cwt-qr: { language: ko }\n", NAME, "");
}

static void
keys_go_with_their_types(void **)
{
	bad_claim(CLAIM("type: date, required: true, value: x"),
	    "value is for");
	bad_claim(CLAIM("type: date, required: true, characters: latin"),
	    "characters is for");
	bad_claim(CLAIM("type: list, required: true, members: [a]"),
	    "members is for");
	bad_claim(CLAIM("type: text, required: true, apart: true"),
	    "apart is for");
	bad_claim(CLAIM("type: map, required: true, apart: true, "
	    "disclosure: never"), "apart is for");
	bad_claim(CLAIM("type: text, required: true, "
	    "width: { min: 1, max: 2 }"), "width and height");
	bad_claim(CLAIM("type: map, required: true, claim-169: 10"),
	    "claim-169 is for");
	bad_claim(CLAIM("type: text, required: true, claim-169: 3"),
	    "3 is the language");
	bad_claim(CLAIM("type: text, required: true, claim-169: 100"), "");
	bad_claim(CLAIM("type: map, required: true, formats: [opendid-vc]"),
	    "opendid-vc has texts only");
	bad_claim(CLAIM("type: text, required: true, min: 3, max: 2"),
	    "min to be at most max");
	bad_claim("  a: { type: text, required: true, claim-169: 4 }\n"
	    "  b: { type: text, required: true, claim-169: 4 }\n",
	    "claim b: expected each claim-169 once");
}

static uint32_t
formats_of(const char *claim)
{
	AUTO(policy) p = NULL;

	assert_int_equal(load("[dc+sd-jwt]", "", claim, &p), ERR_OK);
	return policy_programme(p, view_text("card"))->claims[0].formats;
}

#define BITS(a) ((a) & 0x1f)

static void
a_claim_goes_everywhere_unless_something_else_is_said(void **)
{
	const uint32_t sd = FORMAT_BIT(FORMAT_SD_JWT),
	    mdoc = FORMAT_BIT(FORMAT_MDOC), vc = FORMAT_BIT(FORMAT_VC_JWT),
	    od = FORMAT_BIT(FORMAT_OPENDID), qr = FORMAT_BIT(FORMAT_CWT_QR);

	assert_int_equal(BITS(formats_of(NAME)), sd | mdoc | vc | od);
	assert_int_equal(BITS(formats_of(CLAIM("type: text, required: true, "
	    "claim-169: 4"))), sd | mdoc | vc | od | qr);
	assert_int_equal(BITS(formats_of(CLAIM("type: text, required: true, "
	    "disclosure: never"))), mdoc | vc | od);
	assert_int_equal(BITS(formats_of(CLAIM("type: portrait, "
	    "required: true"))), sd | mdoc | vc);
	assert_int_equal(BITS(formats_of(CLAIM("type: text, required: true, "
	    "formats: [mso_mdoc, cwt-qr]"))), mdoc);
}

/* ---- values */

static struct value
text(const char *t)
{
	return (struct value){ .kind = VALUE_STRING, .text = view_text(t) };
}

static void
is_wrong(const struct claim_spec *spec, const struct value *v,
    const char *why)
{
	const char *wrong = claim_wrong(spec, v);

	if (why == NULL && wrong != NULL)
		fail_msg("%s", wrong);
	if (why != NULL && (wrong == NULL || strstr(wrong, why) == NULL))
		fail_msg("wanted %s, got: %s", why,
		    wrong != NULL ? wrong : "nothing");
}

static void
texts_have_their_bytes_and_characters(void **)
{
	struct claim_spec spec = { .type = CLAIM_STRING, .min = 2, .max = 3 };
	struct value v = text("a");

	is_wrong(&spec, &v, "type or size");
	v = text("ab");
	is_wrong(&spec, &v, NULL);
	v = text("abc");
	is_wrong(&spec, &v, NULL);
	v = text("abcd");
	is_wrong(&spec, &v, "type or size");
	v = text("홍");
	is_wrong(&spec, &v, NULL);
	spec.characters = CHARACTERS_LATIN;
	is_wrong(&spec, &v, "Latin");
	v = text("e\u0301");
	is_wrong(&spec, &v, "NFC");
	spec = (struct claim_spec){ .type = CLAIM_STRING, .value = "ROK" };
	is_wrong(&spec, &v, "NFC");
	v = text("USA");
	is_wrong(&spec, &v, "the programme states");
	v = text("ROK");
	is_wrong(&spec, &v, NULL);
}

static void
times_have_one_form(void **)
{
	const struct claim_spec spec = { .type = CLAIM_INSTANT };
	static const char *const bad[] = { "2025-03-01T09:30:00.5Z",
	    "2025-03-01T09:30:00+09:00", "2025-03-01T09:30:00z",
	    "2025-02-30T09:30:00Z", "2025-03-01", "" };
	struct value v = text("2025-03-01T09:30:00Z");

	is_wrong(&spec, &v, NULL);
	for (size_t i = 0; i < COUNT(bad); i++) {
		v = text(bad[i]);
		is_wrong(&spec, &v, "type or size");
	}
}

static void
maps_have_the_members_of_their_schema(void **)
{
	static const char *names[] = { "city", "street" };
	struct claim_spec spec = { .type = CLAIM_MAP,
	    .members = { names, 2 }, .max = 10 };
	struct member members[2] = {
		{ view_text("city"), text("세종") },
		{ view_text("street"), text("x") },
	};
	struct value v = { .kind = VALUE_MAP, .members = members, .count = 2 };

	is_wrong(&spec, &v, NULL);
	members[1].name = view_text("road");
	is_wrong(&spec, &v, "member that the schema does not know");
	members[1].name = view_text("street");
	members[1].value = text("12345678901");
	is_wrong(&spec, &v, "type or size");
	members[1].value = (struct value){ .kind = VALUE_INTEGER };
	is_wrong(&spec, &v, "type or size");
	v.count = 0;
	is_wrong(&spec, &v, "type or size");
	v.kind = VALUE_LIST;
	v.count = 1;
	is_wrong(&spec, &v, "type or size");
	spec = (struct claim_spec){ .type = CLAIM_LIST };
	is_wrong(&spec, &v, NULL);
}

/* ---- driving privileges */

struct licence {
	struct member	entry[3], code[3], codes[1], entries[1];
	struct value	value;
};

static void
licence(struct licence *l)
{
	*l = (struct licence){ 0 };
	l->code[0] = (struct member){ view_text("code"), text("79") };
	l->code[1] = (struct member){ view_text("sign"), text("<=") };
	l->code[2] = (struct member){ view_text("value"), text("3500") };
	l->codes[0].value = (struct value){ .kind = VALUE_MAP,
	    .members = l->code, .count = 3 };
	l->entry[0] = (struct member){ view_text("vehicle_category_code"),
	    text("B") };
	l->entry[1] = (struct member){ view_text("issue_date"),
	    text("2010-01-02") };
	l->entry[2] = (struct member){ view_text("codes"),
	    { .kind = VALUE_LIST, .members = l->codes, .count = 1 } };
	l->entries[0].value = (struct value){ .kind = VALUE_MAP,
	    .members = l->entry, .count = 3 };
	l->value = (struct value){ .kind = VALUE_LIST,
	    .members = l->entries, .count = 1 };
}

static void
driving_privileges_have_the_standards_members(void **)
{
	const struct claim_spec spec = { .type = CLAIM_PRIVILEGES };
	struct licence l;

	licence(&l);
	is_wrong(&spec, &l.value, NULL);
#define BAD(change)                                                           \
	licence(&l);                                                          \
	change;                                                               \
	is_wrong(&spec, &l.value, "type or size")
	BAD(l.value.count = 0);
	BAD(l.value.kind = VALUE_MAP);
	BAD(l.entries[0].value.kind = VALUE_LIST);
	BAD(l.entry[0].name = view_text("vehicle"));
	BAD(l.entry[0].value = text(""));
	BAD(l.entry[0].value = (struct value){ .kind = VALUE_INTEGER });
	BAD(l.entry[1].value = text("2010-02-30"));
	BAD(l.entry[1].name = view_text("issued"));
	BAD(l.entry[2].value.count = 0);
	BAD(l.entry[2].value.kind = VALUE_MAP);
	BAD(l.codes[0].value.kind = VALUE_LIST);
	BAD(l.code[0].name = view_text("id"));
	BAD(l.code[2].name = view_text("note"));
	BAD(l.code[1].value = text("\n"));
	BAD(l.code[1].value = (struct value){ .kind = VALUE_INTEGER });
#undef BAD
}

/* ---- the portrait: 16 by 24, 29 bytes */

static void
a_portrait_has_its_bytes_and_pixels(void **)
{
	static const char jpeg[] =
	    "/9j/wAALCAAYABABAREA/9oACAEBAAA/AFX/2Q==";
	struct claim_spec spec = { .type = CLAIM_PORTRAIT, .min = 28,
	    .max = 28, .width = { 16, 16 }, .height = { 24, 24 } };
	struct value v = text(jpeg);

	is_wrong(&spec, &v, NULL);
	spec.min = spec.max = 27;
	is_wrong(&spec, &v, "more or fewer bytes");
	spec.min = spec.max = 29;
	is_wrong(&spec, &v, "more or fewer bytes");
	spec.min = spec.max = 0;
	spec.width = (struct claim_range){ 17, 20 };
	is_wrong(&spec, &v, "wider, higher or smaller");
	spec.width = (struct claim_range){ 1, 15 };
	is_wrong(&spec, &v, "wider, higher or smaller");
	spec.width = (struct claim_range){ 0 };
	spec.height = (struct claim_range){ 25, 30 };
	is_wrong(&spec, &v, "wider, higher or smaller");
	v = text("/9j/wAALCAAYABABAREA/9oACAEBAAA/AFX/2Q");
	is_wrong(&spec, &v, "base64");
	v = text("aGVsbG8h");
	is_wrong(&spec, &v, "not a JPEG");
	v.kind = VALUE_INTEGER;
	is_wrong(&spec, &v, "base64");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_format_must_be_known_and_described),
		cmocka_unit_test(keys_go_with_their_types),
		cmocka_unit_test(
		    a_claim_goes_everywhere_unless_something_else_is_said),
		cmocka_unit_test(texts_have_their_bytes_and_characters),
		cmocka_unit_test(times_have_one_form),
		cmocka_unit_test(maps_have_the_members_of_their_schema),
		cmocka_unit_test(
		    driving_privileges_have_the_standards_members),
		cmocka_unit_test(a_portrait_has_its_bytes_and_pixels),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
