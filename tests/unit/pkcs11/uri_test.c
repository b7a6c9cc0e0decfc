/*
 * Token URIs: what is read from good ones, and that everything else is
 * refused for the right reason.
 */
#include "tests/unit/pkcs11/softtoken.h"

#define MODULE "?module-path=/m.so"

static void
a_full_uri_is_read(void **state)
{
	AUTO(token_uri) u = NULL;

	(void)state;
	assert_ok(token_uri_parse("pkcs11:token=My%20Token;serial=0123456789"
	    "abcdef;manufacturer=SoftHSM%20project;model=SoftHSM%20v2?"
	    "module-path=/usr/lib/m%2e.so&pin-source=file:/run/pin", &u));
	assert_string_equal(u->wanted.label, "My Token");
	assert_string_equal(u->wanted.serial, "0123456789abcdef");
	assert_string_equal(u->wanted.manufacturer, "SoftHSM project");
	assert_string_equal(u->wanted.model, "SoftHSM v2");
	assert_string_equal(u->wanted.firmware, "");
	assert_string_equal(u->module_path, "/usr/lib/m..so");
	assert_string_equal(u->pin_file, "/run/pin");
}

static void
what_is_not_given_is_empty(void **state)
{
	AUTO(token_uri) u = NULL;

	(void)state;
	assert_ok(token_uri_parse("pkcs11:token=t" MODULE, &u));
	assert_string_equal(u->wanted.label, "t");
	assert_string_equal(u->wanted.serial, "");
	assert_string_equal(u->wanted.manufacturer, "");
	assert_string_equal(u->wanted.model, "");
	assert_null(u->pin_file);
}

static void
trailing_blanks_are_padding(void **state)
{
	AUTO(token_uri) u = NULL;

	(void)state;
	assert_ok(token_uri_parse("pkcs11:token=t%20%20" MODULE, &u));
	assert_string_equal(u->wanted.label, "t");
}

static void
a_file_uri_may_have_an_empty_authority(void **state)
{
	AUTO(token_uri) u = NULL;

	(void)state;
	assert_ok(token_uri_parse("pkcs11:token=t" MODULE
	    "&pin-source=file:///run/pin", &u));
	assert_string_equal(u->pin_file, "/run/pin");
}

struct refusal {
	const char	*uri;
	enum err	 e;
	const char	*why;
};

static void
refuse_all(const struct refusal *r, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		AUTO(token_uri) u = NULL;
		enum err e = token_uri_parse(r[i].uri, &u);

		if (e != r[i].e || strstr(err_why(), r[i].why) == NULL)
			fail_msg("%s: %s: %s", r[i].uri, err_code(e),
			    err_why());
		assert_null(u);
	}
}

static void
secrets_and_commands_are_refused_by_name(void **state)
{
	static const struct refusal cases[] = {
		{ "pkcs11:token=t" MODULE "&pin-value=1234", ERR_SCHEMA,
		    "pin-value is refused" },
		{ "pkcs11:token=t" MODULE "&pin-source=|cat", ERR_SCHEMA,
		    "no command" },
		{ "pkcs11:token=t" MODULE "&pin-source=%7ccat", ERR_SCHEMA,
		    "no command" },
		{ "pkcs11:token=t" MODULE "&pin-source=/run/pin", ERR_SCHEMA,
		    "pin-source must be file:" },
		{ "pkcs11:token=t" MODULE "&pin-source=file:pin", ERR_SCHEMA,
		    "pin-source must be an absolute path" },
		{ "pkcs11:token=t" MODULE "&pin-source=file:", ERR_SCHEMA,
		    "pin-source must be an absolute path" },
		{ "pkcs11:token=t?module-name=softhsm2", ERR_SCHEMA,
		    "module-name is refused" },
	};

	(void)state;
	refuse_all(cases, COUNT(cases));
}

static void
what_does_not_name_a_token_is_refused(void **state)
{
	static const struct refusal cases[] = {
		{ "pkcs11:token=t;object=k" MODULE, ERR_SCHEMA, "object" },
		{ "pkcs11:token=t;id=%01" MODULE, ERR_SCHEMA, "id is" },
		{ "pkcs11:token=t;type=private" MODULE, ERR_SCHEMA, "type" },
		{ "pkcs11:token=t;slot-id=0" MODULE, ERR_SCHEMA, "slot-id" },
		{ "pkcs11:token=t;x-vendor=1" MODULE, ERR_SCHEMA, "unknown" },
		{ "pkcs11:token=t;TOKEN=t" MODULE, ERR_SCHEMA, "unknown" },
		{ "pkcs11:token=t" MODULE "&x=1", ERR_SCHEMA, "unknown" },
		{ "pkcs11:token=t" MODULE "&token=t", ERR_SCHEMA, "unknown" },
		{ "pkcs11:module-path=/m.so?token=t", ERR_SCHEMA, "unknown" },
		{ "pkcs11:token=t;token=t" MODULE, ERR_SCHEMA, "twice" },
		{ "pkcs11:token=t" MODULE "&module-path=/n.so", ERR_SCHEMA,
		    "module-path comes twice" },
		{ "pkcs11:serial=1" MODULE, ERR_SCHEMA, "token is missing" },
		{ "pkcs11:token=t", ERR_SCHEMA, "module-path is missing" },
		{ "pkcs11:token=t?pin-source=file:/p", ERR_SCHEMA,
		    "module-path is missing" },
		{ "pkcs11:token=t?module-path=m.so", ERR_SCHEMA, "absolute" },
		{ "pkcs11:token=t?module-path=./m.so", ERR_SCHEMA,
		    "absolute" },
	};

	(void)state;
	refuse_all(cases, COUNT(cases));
}

static void
malformed_uris_are_refused(void **state)
{
	static const struct refusal cases[] = {
		{ "", ERR_SYNTAX, "wanted pkcs11:" },
		{ "pkcs11", ERR_SYNTAX, "wanted pkcs11:" },
		{ "PKCS11:token=t" MODULE, ERR_SYNTAX, "wanted pkcs11:" },
		{ " pkcs11:token=t" MODULE, ERR_SYNTAX, "wanted pkcs11:" },
		{ "http:token=t" MODULE, ERR_SYNTAX, "wanted pkcs11:" },
		{ "pkcs11:", ERR_SYNTAX, "name=value" },
		{ "pkcs11:?", ERR_SYNTAX, "name=value" },
		{ "pkcs11:token=t;" MODULE, ERR_SYNTAX, "name=value" },
		{ "pkcs11:;token=t" MODULE, ERR_SYNTAX, "name=value" },
		{ "pkcs11:token=t" MODULE "&", ERR_SYNTAX, "name=value" },
		{ "pkcs11:token=t?", ERR_SYNTAX, "name=value" },
		{ "pkcs11:token" MODULE, ERR_SYNTAX, "name=value" },
		{ "pkcs11:=t" MODULE, ERR_SYNTAX, "name=value" },
		{ "pkcs11:token=" MODULE, ERR_SYNTAX, "token is empty" },
		{ "pkcs11:token=%20" MODULE, ERR_SYNTAX, "token is blank" },
		{ "pkcs11:token=a b" MODULE, ERR_SYNTAX, "not allowed" },
		{ "pkcs11:token=a\nb" MODULE, ERR_SYNTAX, "not allowed" },
		{ "pkcs11:token=a/b" MODULE, ERR_SYNTAX, "not allowed" },
		{ "pkcs11:token=\xed\x98\xb8" MODULE, ERR_SYNTAX,
		    "not allowed" },
		{ "pkcs11:token=t" MODULE "#f", ERR_SYNTAX, "not allowed" },
		{ "pkcs11:token=%" MODULE, ERR_SYNTAX, "not allowed" },
		{ "pkcs11:token=%4" MODULE, ERR_SYNTAX, "not allowed" },
		{ "pkcs11:token=%4g" MODULE, ERR_SYNTAX, "not allowed" },
		{ "pkcs11:token=a%00b" MODULE, ERR_SYNTAX, "not allowed" },
	};

	(void)state;
	refuse_all(cases, COUNT(cases));
}

/* "pkcs11:" NAME "=" len times 'a', and what is missing */
static enum err
parse_long(const char *name, const char *rest, size_t len)
{
	AUTO(token_uri) u = NULL;
	AUTO_DONE(bytes) b = { 0 };

	bytes_printf(&b, "pkcs11:%s=", name);
	for (size_t i = 0; i < len; i++)
		bytes_put_text(&b, i % 2 == 0 ? "a" : "%61");
	bytes_put_text(&b, rest);
	return token_uri_parse(bytes_text(&b), &u);
}

static void
values_end_where_the_fields_of_the_token_do(void **state)
{
	static const char more[] = ";token=t" MODULE;

	(void)state;
	assert_ok(parse_long("token", MODULE, 32));
	assert_err(parse_long("token", MODULE, 33), ERR_RANGE);
	assert_ok(parse_long("manufacturer", more, 32));
	assert_err(parse_long("manufacturer", more, 33), ERR_RANGE);
	assert_ok(parse_long("serial", more, 16));
	assert_err(parse_long("serial", more, 17), ERR_RANGE);
	assert_ok(parse_long("model", more, 16));
	assert_err(parse_long("model", more, 17), ERR_RANGE);
	assert_ok(parse_long("token=t?module-path=/", "", 4093));
	assert_err(parse_long("token=t?module-path=/", "", 4094), ERR_RANGE);
	assert_err(parse_long("token", MODULE, 20000), ERR_TOO_LARGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_uri_is_read),
		cmocka_unit_test(what_is_not_given_is_empty),
		cmocka_unit_test(trailing_blanks_are_padding),
		cmocka_unit_test(a_file_uri_may_have_an_empty_authority),
		cmocka_unit_test(secrets_and_commands_are_refused_by_name),
		cmocka_unit_test(what_does_not_name_a_token_is_refused),
		cmocka_unit_test(malformed_uris_are_refused),
		cmocka_unit_test(values_end_where_the_fields_of_the_token_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
