/*
 * Between two ceremonies somebody with the PIN was at the token. As many
 * objects as before are there, and the next ceremony says which is not the
 * ceremony's.
 */
#include "tests/unit/ceremony/faults.h"

#include "pkcs11/register.h"

static char before[PATH_MAX + 16];

/* What somebody does to the QR signer's key; in a process of their own. */
typedef void meddle_fn(struct token *t, const struct register_key *qr);

static void
destroy_qr(struct token *t, const struct register_key *qr)
{
	for (int half = 0; half < 2; half++)
		assert_ok(token_destroy_one(t, qr->type, qr->label,
		    VIEW_OF(qr->id)));
}

static void
make(struct token *t, const char *label, enum key_type type, struct view id)
{
	AUTO_DONE(key_record) made = { 0 };

	assert_ok(token_generate(t, type, label, id, &made));
}

static void
nothing(struct token *t, const struct register_key *qr)
{
	(void)t, (void)qr;
}

static void
another_key_of_that_name(struct token *t, const struct register_key *qr)
{
	destroy_qr(t, qr);
	make(t, qr->label, qr->type, VIEW_OF(qr->id));
}

static void
another_name(struct token *t, const struct register_key *qr)
{
	destroy_qr(t, qr);
	make(t, "qt", qr->type, VIEW_OF(qr->id));
}

static void
another_id(struct token *t, const struct register_key *qr)
{
	uint8_t id[REGISTER_KEY_ID];

	memcpy(id, qr->id, sizeof(id));
	id[0] ^= 1;
	destroy_qr(t, qr);
	make(t, qr->label, qr->type, VIEW_OF(id));
}

static void
another_type(struct token *t, const struct register_key *qr)
{
	destroy_qr(t, qr);
	make(t, qr->label, KEY_ED25519, VIEW_OF(qr->id));
}

static void
one_half_less(struct token *t, const struct register_key *qr)
{
	assert_ok(token_destroy_one(t, qr->type, qr->label,
	    VIEW_OF(qr->id)));
}

static void
meddle(meddle_fn *how)
{
	struct token_uri uri = { .module_path = module };
	AUTO(secret) secret = open_secret(1, 3);
	AUTO(secret) pin = NULL;
	AUTO(token) t = NULL;
	struct key_register r;
	struct hash unused;
	char path[PATH_MAX + 64];

	snprintf(uri.wanted.label, sizeof(uri.wanted.label),
	    "okse-rehearsal");
	snprintf(path, sizeof(path), "%s/ceremony/register.txt", dir);
	assert_ok(register_read(path, &r, &unused));
	assert_ok(derive_pin(secret, "okse-rehearsal", &pin));
	assert_ok(token_open(&uri, NULL, &t));
	assert_ok(token_login(t, pin));
	how(t, register_key(&r, "qr"));
	fflush(stdout);
	_exit(0);
}

/* In a child: err_why() is read where it was said. */
static enum err
go_on(const struct ceremony_options *o, struct ceremony_result *out)
{
	enum err e = ceremony_hold(o, out);

	soft_write("why", e == ERR_OK ? "" : err_why());
	return e;
}

static void
the_next_ceremony_says(meddle_fn *how, enum err wanted, const char *why)
{
	struct ceremony_options o = {
		.script = "configs/ceremony/document-signer.yaml",
		.dir = dir, .module = module, .previous = before,
	};
	AUTO_DONE(bytes) said = { 0 };
	char path[PATH_MAX];
	enum err e;
	int status;
	pid_t pid;

	begin();
	assert_int_equal(birth(ceremony_hold, ""), ERR_OK);
	if ((pid = fork()) == 0)
		meddle(how);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	snprintf(before, sizeof(before), "%s", dir);
	snprintf(dir, sizeof(dir), "%s/next", soft_dir);
	e = in_child(go_on, &o, "");
	assert_ok(file_read(soft_path("why", path), 4096, &said));
	if (e != wanted || strstr(bytes_text(&said), why) == NULL)
		fail_msg("wanted %s, %s; got %s: %s", err_code(wanted), why,
		    err_code(e), bytes_text(&said));
	soft_remove();
}

static void
a_token_that_nobody_touched_is_gone_on_with(void **state)
{
	(void)state;
	the_next_ceremony_says(nothing, ERR_OK, "");
}

static void
a_key_that_only_has_the_name_is_found_out(void **state)
{
	(void)state;
	the_next_ceremony_says(another_key_of_that_name, ERR_SIGNATURE,
	    "does not sign as the recorded");
}

static void
another_name_id_or_type_is_found_out(void **state)
{
	(void)state;
	the_next_ceremony_says(another_name, ERR_MISMATCH, "'qt'");
	the_next_ceremony_says(another_id, ERR_MISMATCH, "'qr'");
	the_next_ceremony_says(another_type, ERR_MISMATCH, "'qr'");
}

static void
a_half_that_is_gone_is_missed(void **state)
{
	(void)state;
	the_next_ceremony_says(one_half_less, ERR_NOT_FOUND, "'qr'");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_that_nobody_touched_is_gone_on_with),
		cmocka_unit_test(a_key_that_only_has_the_name_is_found_out),
		cmocka_unit_test(another_name_id_or_type_is_found_out),
		cmocka_unit_test(a_half_that_is_gone_is_missed),
	};

	return cmocka_run_group_tests(tests, prepare, NULL);
}
