/*
 * A token against the register of its ceremony: what nobody planned is named,
 * whatever it is, and so is what is missing.
 */
#include "tests/unit/pkcs11/softtoken.h"

#include "pkcs11/register.h"

static struct token *token;
static struct key_register planned;
static const char *const names[] = { "sixteen bytes id", "another 16 bytes" };

static void
add(struct key_register *r, const struct register_key *k)
{
	assert_ok(register_add_key(r, k));
	assert_ok(register_add_on_token(r, k->label, r->token, r->serial));
}

/* Ids of registers have one length, unlike those of soft_generate(). */
static void
make(const char *label, enum key_type type)
{
	struct register_key k = { .type = type };
	AUTO_DONE(key_record) made = { 0 };

	snprintf(k.label, sizeof(k.label), "%s", label);
	memcpy(k.id, names[planned.key_count], sizeof(k.id));
	assert_ok(token_generate(token, type, label, VIEW_OF(k.id), &made));
	assert_ok(public_hash(made.public_key, &k.spki));
	add(&planned, &k);
}

static int
begin(void **state)
{
	struct token_identity i;

	(void)state;
	soft_make();
	i = soft_initialise(SOFTHSM);
	snprintf(planned.token, sizeof(planned.token), "%s", i.label);
	snprintf(planned.serial, sizeof(planned.serial), "%s", i.serial);
	token = soft_login(SOFTHSM);
	make("document", KEY_P256);
	make("log", KEY_ED25519);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	token_close(token);
	soft_remove();
	return 0;
}

static enum err
account(const struct key_register *r)
{
	size_t objects = 0;
	enum err e = token_account(token, r, &objects);

	assert_int_equal(objects, e == ERR_OK ? 4 : 0);
	return e;
}

static void
what_the_ceremony_left_is_accounted_for(void **state)
{
	(void)state;
	assert_ok(account(&planned));
}

/* ---- objects that nobody planned */

#define MOST 8

/* Puts it in, accounts, takes it out. */
static void
with_object(CK_ATTRIBUTE *template, size_t count, const char *named)
{
	CK_OBJECT_HANDLE object;
	CK_SESSION_HANDLE session;
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE all[MOST + 2] = {
		{ CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_PRIVATE, &yes, sizeof(yes) },
	};

	assert_true(count <= MOST);
	memcpy(all + 2, template, count * sizeof(*template));
	assert_ok(session_open(token, CKF_RW_SESSION, &session));
	assert_int_equal(token->p11->C_CreateObject(session, all, count + 2,
	    &object), CKR_OK);
	assert_err(account(&planned), ERR_MISMATCH);
	assert_why(named);
	assert_int_equal(token->p11->C_DestroyObject(session, object),
	    CKR_OK);
	assert_int_equal(token->p11->C_CloseSession(session), CKR_OK);
	assert_ok(account(&planned));
}

static void
an_object_of_any_class_that_nobody_planned_is_named(void **state)
{
	CK_OBJECT_CLASS data = CKO_DATA, secret = CKO_SECRET_KEY;
	CK_KEY_TYPE aes = CKK_AES;
	uint8_t value[32] = { 7 };
	CK_ATTRIBUTE note[] = {
		{ CKA_CLASS, &data, sizeof(data) },
		{ CKA_LABEL, unconst("no\nte"), 5 },
		{ CKA_VALUE, value, sizeof(value) },
	}, wrapper[] = {
		{ CKA_CLASS, &secret, sizeof(secret) },
		{ CKA_KEY_TYPE, &aes, sizeof(aes) },
		{ CKA_LABEL, unconst("kek"), 3 },
		{ CKA_ID, unconst("\x01\xab"), 2 },
		{ CKA_VALUE, value, sizeof(value) },
	};

	(void)state;
	with_object(note, COUNT(note),
	    "not in the register: data 'no?te' (id )");
	with_object(wrapper, COUNT(wrapper),
	    "not in the register: secret key 'kek' (id 01ab)");
}

/* A key pair of these names, in the token but not by pkcs11/generate.c. */
static void
generate(const char *label, const char *id, bool extractable,
    CK_OBJECT_HANDLE out[2])
{
	CK_MECHANISM mechanism = { .mechanism = CKM_EC_KEY_PAIR_GEN };
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	struct view curve = key_curve(KEY_P256);
	CK_ATTRIBUTE public[] = {
		{ CKA_TOKEN, &yes, 1 },
		{ CKA_EC_PARAMS, unconst(curve.at), curve.len },
		{ CKA_LABEL, unconst(label), strlen(label) },
		{ CKA_ID, unconst(id), strlen(id) },
	}, private[] = {
		{ CKA_TOKEN, &yes, 1 }, { CKA_PRIVATE, &yes, 1 },
		{ CKA_SENSITIVE, &yes, 1 },
		{ CKA_EXTRACTABLE, extractable ? &yes : &no, 1 },
		{ CKA_SIGN, &yes, 1 }, { CKA_DECRYPT, &no, 1 },
		{ CKA_UNWRAP, &no, 1 }, { CKA_DERIVE, &no, 1 },
		{ CKA_LABEL, unconst(label), strlen(label) },
		{ CKA_ID, unconst(id), strlen(id) },
	};
	CK_SESSION_HANDLE session;

	assert_ok(session_open(token, CKF_RW_SESSION, &session));
	assert_int_equal(token->p11->C_GenerateKeyPair(session, &mechanism,
	    public, COUNT(public), private, COUNT(private), &out[0], &out[1]),
	    CKR_OK);
	assert_int_equal(token->p11->C_CloseSession(session), CKR_OK);
}

static void
destroy(CK_OBJECT_HANDLE object)
{
	CK_SESSION_HANDLE session;

	assert_ok(session_open(token, CKF_RW_SESSION, &session));
	assert_int_equal(token->p11->C_DestroyObject(session, object),
	    CKR_OK);
	assert_int_equal(token->p11->C_CloseSession(session), CKR_OK);
}

static void
with_pair(const char *label, const char *id, const char *named)
{
	CK_OBJECT_HANDLE made[2];

	generate(label, id, false, made);
	assert_err(account(&planned), ERR_MISMATCH);
	assert_why(named);
	destroy(made[1]);
	assert_err(account(&planned), ERR_MISMATCH);	/* its public half */
	destroy(made[0]);
	assert_ok(account(&planned));
}

static void
a_key_that_is_like_a_planned_one_is_another(void **state)
{
	(void)state;
	with_pair("document", "0123456789abcdef", "key 'document' (id 3031");
	with_pair("document2", names[0], "key 'document2'");
	/* the type is not that of the register */
	with_pair("log", names[1], "key 'log'");
	with_pair("documen", names[0], "key 'documen'");
}

static void
the_same_key_twice_is_one_too_many(void **state)
{
	(void)state;
	with_pair("document", names[0], "'document': wanted one in the token, "
	    "found 2");
}

static void
a_key_that_may_leave_is_refused_under_any_name(void **state)
{
	struct key_register r = planned;
	struct register_key k = { .label = "loose", .type = KEY_P256 };
	CK_OBJECT_HANDLE made[2];

	(void)state;
	memcpy(k.id, "sixteen bytes ID", sizeof(k.id));
	add(&r, &k);
	generate("loose", "sixteen bytes ID", true, made);
	assert_err(account(&r), ERR_MISMATCH);
	assert_why("private key 'loose'");
	assert_why("may leave");
	destroy(made[0]);
	destroy(made[1]);
}

/* ---- what is not there */

static void
a_key_that_is_missing_is_named(void **state)
{
	struct key_register r = planned;
	struct register_key k = { .label = "status", .type = KEY_P256 };

	(void)state;
	add(&r, &k);
	assert_err(account(&r), ERR_NOT_FOUND);
	assert_why("private key 'status' of the register is not in the token");
	r.copies[2].state = REGISTER_DESTROYED;
	assert_ok(account(&r));
}

static void
half_a_key_is_missing_the_other(void **state)
{
	struct key_register r = planned;
	struct register_key k = { .label = "half", .type = KEY_P256 };
	CK_OBJECT_HANDLE made[2];

	(void)state;
	memcpy(k.id, "sixteen bytes ID", sizeof(k.id));
	add(&r, &k);
	generate("half", "sixteen bytes ID", false, made);
	destroy(made[0]);
	assert_err(account(&r), ERR_NOT_FOUND);
	assert_why("public key 'half'");
	destroy(made[1]);
}

static void
a_destroyed_key_must_be_gone(void **state)
{
	struct key_register r = planned;

	(void)state;
	r.copies[1].state = REGISTER_DESTROYED;
	assert_err(account(&r), ERR_MISMATCH);
	assert_why("not in the register");
	assert_why("'log'");
}

static void
the_register_of_another_token_is_of_no_use(void **state)
{
	struct key_register r = planned;

	(void)state;
	r.serial[0] ^= 1;
	for (size_t i = 0; i < r.copy_count; i++)
		r.copies[i].serial[0] ^= 1;
	assert_err(account(&r), ERR_MISMATCH);
	assert_why("knows none that is okse-test");
	r = planned;
	snprintf(r.token, sizeof(r.token), "okse-tes");
	for (size_t i = 0; i < r.copy_count; i++)
		snprintf(r.copies[i].token, sizeof(r.copies[i].token),
		    "okse-tes");
	assert_err(account(&r), ERR_MISMATCH);
}

/* The register is of the first token, and says what the second has. */
static void
a_token_with_copies_holds_these_and_no_others(void **state)
{
	struct key_register r = planned;
	struct register_key k = { .label = "elsewhere", .type = KEY_P256 };

	(void)state;
	snprintf(r.token, sizeof(r.token), "first");
	snprintf(r.serial, sizeof(r.serial), "1");
	r.copies[1].state = REGISTER_LOST;
	add(&r, &k);		/* on the first alone */
	assert_err(account(&r), ERR_MISMATCH);
	assert_why("not in the register");
	assert_why("'log'");
	r.copies[1].state = REGISTER_LIVE;
	assert_ok(account(&r));
}

static void
a_file_is_read_as_a_whole_or_not_at_all(void **state)
{
	AUTO_DONE(bytes) text = { 0 };
	struct key_register r = { 0 };
	struct hash h, wanted;
	char path[PATH_MAX];

	(void)state;
	assert_ok(register_put(&planned, &text));
	wanted = sha256(bytes_view(&text));
	soft_path("register.txt", path);
	assert_err(register_read(path, &r, &h), ERR_NOT_FOUND);
	soft_write("register.txt", bytes_text(&text));
	assert_ok(register_read(path, &r, &h));
	assert_memory_equal(h.at, wanted.at, sizeof(h.at));
	assert_ok(account(&r));
	bytes_put_text(&text, "\n");
	soft_write("register.txt", bytes_text(&text));
	assert_err(register_read(path, &r, &h), ERR_SYNTAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_ceremony_left_is_accounted_for),
		cmocka_unit_test(
		    an_object_of_any_class_that_nobody_planned_is_named),
		cmocka_unit_test(a_key_that_is_like_a_planned_one_is_another),
		cmocka_unit_test(the_same_key_twice_is_one_too_many),
		cmocka_unit_test(
		    a_key_that_may_leave_is_refused_under_any_name),
		cmocka_unit_test(a_key_that_is_missing_is_named),
		cmocka_unit_test(half_a_key_is_missing_the_other),
		cmocka_unit_test(a_destroyed_key_must_be_gone),
		cmocka_unit_test(the_register_of_another_token_is_of_no_use),
		cmocka_unit_test(
		    a_token_with_copies_holds_these_and_no_others),
		cmocka_unit_test(a_file_is_read_as_a_whole_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
