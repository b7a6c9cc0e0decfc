/*
 * The key register as text: one form, and every other refused.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "pkcs11/register.h"

static struct bytes good;

static enum err
get(const char *from, const char *to, struct key_register *out)
{
	AUTO_DONE(bytes) text = { 0 };
	const char *all = bytes_text(&good), *at = strstr(all, from);

	if (at == NULL)
		fail_msg("not in the register: %s", from);
	bytes_put(&text, VIEW(all, (size_t)(at - all)));
	bytes_put_text(&text, to);
	bytes_put_text(&text, at + strlen(from));
	return register_get(bytes_view(&text), out);
}

static void
what_is_read_is_written_back(void **state)
{
	AUTO_DONE(bytes) again = { 0 };
	struct key_register r;

	(void)state;
	assert_int_equal(register_get(bytes_view(&good), &r), ERR_OK);
	assert_int_equal(r.key_count, 3);
	assert_int_equal(r.copy_count, 6);
	assert_int_equal(register_live(&r), 1);
	assert_int_equal(register_copies(&r, NULL, REGISTER_LIVE), 2);
	assert_int_equal(register_copies(&r, "issuing-ca",
	    REGISTER_LOST), 1);
	assert_int_equal(register_copies(&r, NULL, REGISTER_DESTROYED), 2);
	assert_int_equal(register_put(&r, &again), ERR_OK);
	assert_string_equal(bytes_text(&again), bytes_text(&good));
}

static void
every_other_form_is_refused(void **state)
{
	static const struct {
		const char	*from, *to;
		enum err	 wanted;
	} cases[] = {
		{ "okse-register 2", "okse-register 1", ERR_SYNTAX },
		{ "token ", "token", ERR_SYNTAX },
		{ "key log", "key  log", ERR_SYNTAX },
		{ "key log", "Key log", ERR_SYNTAX },
		{ "key log", "key issuing-ca", ERR_EXISTS },
		{ " live", " alive", ERR_SYNTAX },
		{ " live", " live ", ERR_SYNTAX },
		{ "p256", "rsa", ERR_SYNTAX },
		{ "p256 0011", "p256 001", ERR_SYNTAX },
		{ "p256 0011", "p256 00112", ERR_SYNTAX },
		{ "aabb", "AABB", ERR_SYNTAX },
		/* copies */
		{ "copy log token", "copy log ticket", ERR_SYNTAX },
		{ "copy log token", "copy paper token", ERR_NOT_FOUND },
		{ "copy log token", "copy issuing-ca token", ERR_EXISTS },
		{ "medium 2", "medium 1", ERR_EXISTS },
		{ "medium 2", "medium 0", ERR_SYNTAX },
		{ "medium 2", "medium 8", ERR_OK },
		{ "medium 2", "medium 9", ERR_SYNTAX },
		{ "medium 2", "medium 02", ERR_SYNTAX },
		{ "backup-quorum 3011", "backup-quorum 301", ERR_SYNTAX },
		{ " 0a0b0c", " 0a0b", ERR_SYNTAX },
		/* states that do not add up */
		{ "qr token okse-rehearsal lost", "qr token okse-rehearsal "
		    "destroyed", ERR_MISMATCH },
		{ "lost\ncopy issuing-ca", "live\ncopy issuing-ca",
		    ERR_MISMATCH },
		{ "issuing-ca token okse-restored live", "issuing-ca token "
		    "okse-restored destroyed", ERR_MISMATCH },
		{ "log token okse-rehearsal destroyed", "log token "
		    "okse-rehearsal live", ERR_MISMATCH },
		{ "certificate iaca", "certificate", ERR_SYNTAX },
		{ "certificate iaca",
		    "certificate a-name-of-more-than-thirty-two-bytes",
		    ERR_SYNTAX },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct key_register r;
		enum err e = get(cases[i].from, cases[i].to, &r);

		if (e != cases[i].wanted)
			fail_msg("case %zu: %s", i, err_code(e));
	}
}

static void
a_cut_anywhere_but_after_a_line_is_refused(void **state)
{
	(void)state;
	for (size_t n = 0; n < good.len; n++) {
		struct key_register r;
		enum err e = register_get(VIEW(good.at, n), &r);
		bool whole = n > 0 && good.at[n - 1] == '\n';

		if (e == ERR_OK && !whole)
			fail_msg("%zu bytes were taken", n);
	}
}

static void
names_are_there_once_and_keys_are_counted(void **state)
{
	struct key_register r = { 0 };
	struct register_key k = { .type = KEY_P256 };
	struct hash h = { 0 };

	(void)state;
	for (int i = 0; i < REGISTER_KEYS; i++) {
		snprintf(k.label, sizeof(k.label), "key-%d", i);
		k.spki.at[0] = (uint8_t)i;
		assert_int_equal(register_add_key(&r, &k), ERR_OK);
	}
	assert_int_equal(register_add_key(&r, &k), ERR_EXISTS);
	snprintf(k.label, sizeof(k.label), "one-more");
	k.spki.at[0] = 5;
	assert_int_equal(register_add_key(&r, &k), ERR_EXISTS);
	assert_non_null(strstr(err_why(), "key-5 and one-more are one"));
	k.spki.at[0] = 255;
	assert_int_equal(register_add_key(&r, &k), ERR_RANGE);
	assert_int_equal(register_add_certificate(&r, "a", &h), ERR_OK);
	assert_int_equal(register_add_certificate(&r, "a", &h), ERR_EXISTS);
}

static void
a_key_is_where_its_copies_are(void **state)
{
	struct key_register r = { .token = "a", .serial = "1", .wraps = true };
	struct register_key k = { .type = KEY_P256, .label = "k" };
	struct hash h = { 0 };

	(void)state;
	assert_int_equal(register_add_on_token(&r, "k", "a", "1"),
	    ERR_NOT_FOUND);
	assert_int_equal(register_add_key(&r, &k), ERR_OK);
	assert_int_equal(register_add_on_token(&r, "k", "a", "1"), ERR_OK);
	assert_int_equal(register_add_on_token(&r, "k", "a", "1"),
	    ERR_EXISTS);
	assert_int_equal(register_add_on_medium(&r, "k", 0, &h), ERR_RANGE);
	assert_int_equal(register_add_on_medium(&r, "k", REGISTER_MEDIA + 1,
	    &h), ERR_RANGE);
	assert_int_equal(register_add_on_medium(&r, "k", REGISTER_MEDIA, &h),
	    ERR_OK);
	assert_int_equal(r.keys[0].state, REGISTER_LIVE);
	register_on_token(&r, "k", "a", "1")->state = REGISTER_LOST;
	register_settle(&r);
	assert_int_equal(r.keys[0].state, REGISTER_LOST);
	register_on_medium(&r, "k", REGISTER_MEDIA)->state =
	    REGISTER_DESTROYED;
	register_settle(&r);
	assert_int_equal(r.keys[0].state, REGISTER_LOST);
	register_on_token(&r, "k", "a", "1")->state = REGISTER_DESTROYED;
	register_settle(&r);
	assert_int_equal(r.keys[0].state, REGISTER_DESTROYED);
	/* on another token of that name */
	assert_int_equal(register_add_on_token(&r, "k", "a", "2"), ERR_OK);
	assert_int_equal(r.keys[0].state, REGISTER_LOST);
}

static int
prepare(void **state)
{
	(void)state;
	return file_read("tests/corpus/key_register/copies", 4096, &good) ==
	    ERR_OK ? 0 : -1;
}

static int
clean_up(void **state)
{
	(void)state;
	bytes_done(&good);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_read_is_written_back),
		cmocka_unit_test(every_other_form_is_refused),
		cmocka_unit_test(a_cut_anywhere_but_after_a_line_is_refused),
		cmocka_unit_test(names_are_there_once_and_keys_are_counted),
		cmocka_unit_test(a_key_is_where_its_copies_are),
	};

	return cmocka_run_group_tests(tests, prepare, clean_up);
}
