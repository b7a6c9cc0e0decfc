/*
 * A whole rehearsal on SoftHSM, looked at from outside: by openssl, by the
 * officers' shares, by the verifier, and for secrets where none belong.
 */
#include "tests/unit/pkcs11/softtoken.h"

#include <dirent.h>
#include <sys/wait.h>

#include "audit/vkey.h"
#include "ceremony/ceremony.h"
#include "quorum/approve.h"
#include "quorum/derive.h"
#include "quorum/quorum.h"

#define SCRIPT "configs/ceremony/rehearsal.yaml"

static char dir[PATH_MAX + 16];
static struct bytes told;
static struct ceremony_result result;

static void
tell(void *context, const char *text)
{
	(void)context;
	bytes_put_text(&told, text);
	bytes_put_u8(&told, '\n');
}

static const struct ceremony_listener listener = { .line = tell };

/* Runs the command in dir; its exit status. */
static int
run(const char *command)
{
	AUTO_DONE(bytes) line = { 0 };
	int status;

	bytes_printf(&line, "cd %s && %s", dir, command);
	status = system(bytes_text(&line));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
path_of(const char *name, char out[PATH_MAX])
{
	assert_int_equal(path_join(dir, name, out, PATH_MAX), ERR_OK);
}

static void
read_share(unsigned int seat, struct share *out)
{
	char name[32], path[PATH_MAX];

	snprintf(name, sizeof(name), "officers/%u.share", seat);
	path_of(name, path);
	assert_int_equal(share_read(path, out), ERR_OK);
}

/* The secret out of two of the three shares, as at an unsealing. */
static struct secret *
open_secret(unsigned int first, unsigned int second)
{
	struct share shares[2] = { 0 };
	struct secret *s = NULL;
	char path[PATH_MAX];
	struct quorum q;

	path_of("ceremony/quorum.txt", path);
	assert_int_equal(quorum_read(path, &q), ERR_OK);
	read_share(first, &shares[0]);
	read_share(second, &shares[1]);
	assert_int_equal(quorum_combine(&q, shares, 2, &s), ERR_OK);
	share_done(&shares[0]);
	share_done(&shares[1]);
	return s;
}

static void
openssl_accepts_every_certificate(void **state)
{
	(void)state;
	assert_int_equal(run("openssl verify -x509_strict -CAfile ca/iaca.pem "
	    "ca/iaca.pem ca/document-signer.pem ca/qr-signer.pem "
	    "ca/status-signer.pem ca/metadata-signer.pem "
	    ">openssl.out 2>&1"), 0);
	assert_int_equal(run("openssl verify -CAfile ca/document-signer.pem "
	    "ca/qr-signer.pem >openssl.out 2>&1"), 2);
}

static void
openssl_sees_the_profile_of_the_document_signer(void **state)
{
	(void)state;
	assert_int_equal(run("openssl x509 -in ca/document-signer.pem -noout "
	    "-text >text.out"), 0);
	assert_int_equal(run("grep -q 'CN = Okse Document Signer "
	    "(REHEARSAL)' text.out"), 0);
	assert_int_equal(run("grep -A1 'Extended Key Usage: critical' text.out "
	    "| grep -q 1.0.18013.5.1.2"), 0);
	assert_int_equal(run("grep -A1 'X509v3 Key Usage: critical' text.out "
	    "| grep -q '^ *Digital Signature$'"), 0);
	assert_int_equal(run("grep -q 'Basic Constraints' text.out"), 1);
	assert_int_equal(run("grep -A1 'CRL Distribution' text.out"
	    " >/dev/null"), 0);
}

static void
every_certificate_holds_the_key_of_its_own(void **state)
{
	static const char *const pairs[][2] = {
		{ "iaca", "issuing-ca" }, { "document-signer", "document" },
		{ "qr-signer", "qr" }, { "status-signer", "status" },
		{ "metadata-signer", "metadata" },
	};
	char command[256];

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		snprintf(command, sizeof(command), "openssl x509 -in ca/%s.pem "
		    "-noout -pubkey | cmp -s - ca/keys/%s.pub.pem",
		    pairs[i][0], pairs[i][1]);
		assert_int_equal(run(command), 0);
	}
}

static void
two_of_three_officers_log_in(void **state)
{
	AUTO(secret) s = open_secret(3, 1);
	AUTO(secret) pin = NULL;
	AUTO(token_uri) uri = NULL;
	AUTO(token) t = NULL;

	(void)state;
	assert_int_equal(derive_pin(s, result.token.label, &pin), ERR_OK);
	assert_int_equal(token_uri_parse("pkcs11:token=okse-rehearsal"
	    "?module-path=" SOFTHSM, &uri), ERR_OK);
	assert_int_equal(token_open(uri, NULL, &t), ERR_OK);
	assert_int_equal(token_login(t, pin), ERR_OK);
	assert_string_equal(token_identity(t)->serial, result.token.serial);
	for (size_t i = 0; i < result.key_count; i++) {
		char name[128], path[PATH_MAX];
		AUTO(EVP_PKEY) public = NULL;
		AUTO(key) key = NULL;
		struct key_spec spec = {
			.label = result.keys[i].label,
			.id = VIEW_OF(result.keys[i].id),
		};

		snprintf(name, sizeof(name), "ca/keys/%s.pub.pem",
		    spec.label);
		path_of(name, path);
		assert_int_equal(pem_read_public(path, &public), ERR_OK);
		spec.public_key = public;
		assert_int_equal(token_key_find(t, &spec, &key), ERR_OK);
		assert_int_equal(key_canary(key), ERR_OK);
	}
}

static void
another_pin_does_not_log_in(void **state)
{
	AUTO(secret) pin = NULL;
	AUTO(token_uri) uri = NULL;
	AUTO(token) t = NULL;

	(void)state;
	assert_int_equal(secret_new(32, &pin), ERR_OK);
	memset(secret_at(pin), 'A', 32);
	assert_int_equal(token_uri_parse("pkcs11:token=okse-rehearsal"
	    "?module-path=" SOFTHSM, &uri), ERR_OK);
	assert_int_equal(token_open(uri, NULL, &t), ERR_OK);
	assert_int_equal(token_login(t, pin), ERR_PIN);
}

static void
the_log_key_is_the_scripts(void **state)
{
	char path[PATH_MAX];
	AUTO(vkey) key = NULL;

	(void)state;
	path_of("log/log.vkey", path);
	assert_int_equal(vkey_read(path, &key), ERR_OK);
	assert_true(view_is(vkey_name(key), "okse.example/rehearsal"));
	assert_int_equal(vkey_type(key), VKEY_ED25519);
}

static void
the_logs_second_key_has_the_same_name_and_is_p256(void **state)
{
	AUTO(EVP_PKEY) public = NULL;
	AUTO(vkey) wanted = NULL;
	AUTO(vkey) key = NULL;
	char path[PATH_MAX];

	(void)state;
	path_of("log/log-ecdsa.vkey", path);
	assert_int_equal(vkey_read(path, &key), ERR_OK);
	assert_int_equal(vkey_type(key), VKEY_ECDSA);
	path_of("ca/keys/log-ecdsa.pub.pem", path);
	assert_int_equal(pem_read_public(path, &public), ERR_OK);
	assert_int_equal(vkey_of_key(view_text("okse.example/rehearsal"),
	    public, &wanted), ERR_OK);
	assert_true(view_equal(vkey_name(wanted), vkey_name(key)));
	assert_true(view_equal(vkey_id(wanted), vkey_id(key)));
}

static void
shares_are_their_officers_alone(void **state)
{
	(void)state;
	for (unsigned int seat = 1; seat <= 3; seat++) {
		char name[32], path[PATH_MAX];
		struct stat st;

		snprintf(name, sizeof(name), "officers/%u.share", seat);
		path_of(name, path);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
}

static void
every_officer_has_the_key_that_the_roster_says(void **state)
{
	AUTO_DONE(roster) r = { 0 };
	char name[32], path[PATH_MAX];

	(void)state;
	path_of("ceremony/roster.txt", path);
	assert_int_equal(roster_read(path, &r), ERR_OK);
	assert_int_equal(r.threshold, 2);
	assert_int_equal(r.count, 3);
	for (unsigned int seat = 1; seat <= r.count; seat++) {
		AUTO(EVP_PKEY) key = NULL;
		struct stat st;

		snprintf(name, sizeof(name), "officers/%u.key", seat);
		path_of(name, path);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
		assert_int_equal(officer_key_read(path, &key), ERR_OK);
		assert_int_equal(EVP_PKEY_eq(key, r.officers[seat - 1].key),
		    1);
	}
}

static void
the_chain_holds_for_a_shell_too(void **state)
{
	(void)state;
	/* ceremony/transcript.txt, word for word */
	assert_int_equal(run("( prev=$(printf '%064d' 0)\n"
	    "while IFS= read -r line; do\n"
	    "body=${line%|*}\n"
	    "[ \"${body##*|}\" = \"$prev\" ] || echo \"wrong: $body\"\n"
	    "prev=$(printf 'kc/rec/v1/rehearsal\\n%s' \"$body\" | sha256sum |"
	    " cut -c-64)\n"
	    "[ \"${line##*|}\" = \"$prev\" ] || echo \"wrong: $body\"\n"
	    "done <ceremony/transcript.log ) >chain.out; test ! -s chain.out"),
	    0);
}

static void
the_verifier_is_content(void **state)
{
	struct hash root;

	(void)state;
	assert_int_equal(ceremony_verify(dir, &result.root, &listener, &root),
	    ERR_OK);
	assert_memory_equal(&root, &result.root, sizeof(root));
	assert_int_equal(ceremony_verify(dir, NULL, &listener, &root), ERR_OK);
	root.at[0] ^= 1;
	assert_int_equal(ceremony_verify(dir, &root, &listener, &root),
	    ERR_MISMATCH);
}

/* Flips one bit of a file, verifies, and flips it back. */
static enum err
verify_with_flip(const char *name, size_t divisor)
{
	AUTO_DONE(bytes) content = { 0 };
	char path[PATH_MAX];
	struct hash root;
	enum err e;

	path_of(name, path);
	assert_int_equal(file_read(path, 1 << 20, &content), ERR_OK);
	content.at[content.len / divisor] ^= 1;
	assert_int_equal(file_replace(path, bytes_view(&content), 0644),
	    ERR_OK);
	e = ceremony_verify(dir, &result.root, &listener, &root);
	content.at[content.len / divisor] ^= 1;
	assert_int_equal(file_replace(path, bytes_view(&content), 0644),
	    ERR_OK);
	return e;
}

static void
a_changed_file_is_found(void **state)
{
	static const char *const names[] = {
		"ca/iaca.pem", "ca/document-signer.pem", "ca/qr-signer.pem",
		"ca/keys/issuing-ca.pub.pem", "ca/keys/document.pub.pem",
		"ca/keys/qr.pub.pem", "ca/keys/log.pub.pem", "log/log.vkey",
		"ca/status-signer.pem", "ca/metadata-signer.pem",
		"ca/keys/log-ecdsa.pub.pem", "log/log-ecdsa.vkey",
		"ceremony/script.yaml", "ceremony/roster.txt",
		"ceremony/quorum.txt",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		for (size_t divisor = 2; divisor < 5; divisor++) {
			assert_int_equal(verify_with_flip(names[i], divisor),
			    ERR_MISMATCH);
			assert_non_null(strstr(err_why(), names[i]));
		}
	assert_int_equal(verify_with_flip("ceremony/transcript.log", 2),
	    ERR_CORRUPT);
}

static void
a_second_rehearsal_in_the_same_place_is_refused(void **state)
{
	struct ceremony_options o = {
		.script = SCRIPT, .dir = dir, .module = SOFTHSM,
		.listener = listener,
	};
	struct ceremony_result other;
	char elsewhere[PATH_MAX + 16];

	(void)state;
	assert_int_equal(ceremony_hold(&o, &other), ERR_EXISTS);
	/* and elsewhere, since the token's label is taken */
	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", soft_dir);
	o.dir = elsewhere;
	assert_int_equal(ceremony_hold(&o, &other), ERR_EXISTS);
	assert_int_equal(ceremony_verify(elsewhere, NULL, &listener,
	    &other.root), ERR_MISMATCH);
	assert_non_null(strstr(err_why(), "ABORT"));
	assert_int_equal(run("test -f ca/iaca.pem"), 0);
}

/* ---- secrets where none belong */

static bool
contains(struct view text, struct view part)
{
	return memmem(text.at, text.len, part.at, part.len) != NULL;
}

static void
assert_absent(struct view text, struct view secret)
{
	AUTO_DONE(bytes) form = { 0 };

	assert_false(contains(text, secret));
	hex_put(&form, secret);
	assert_false(contains(text, bytes_view(&form)));
	bytes_reset(&form);
	base64_put(&form, secret);
	/* its end depends on what follows */
	assert_false(contains(text, VIEW(form.at, form.len - 4)));
	bytes_reset(&form);
	base64url_put(&form, secret);
	assert_false(contains(text, VIEW(form.at, form.len - 4)));
}

struct secrets {
	struct view	at[8];
	size_t		count;
};

static void
assert_all_absent(struct view text, const struct secrets *s)
{
	for (size_t i = 0; i < s->count; i++)
		assert_absent(text, s->at[i]);
}

/* Every file below, except the shares and the token's own. */
static void
walk(const char *path, const struct secrets *s, unsigned int *files)
{
	DIR *d = opendir(path);

	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		AUTO_DONE(bytes) content = { 0 };
		char full[PATH_MAX];
		struct stat st;

		if (e->d_name[0] == '.' || strcmp(e->d_name, "officers") == 0)
			continue;
		assert_int_equal(path_join(path, e->d_name, full,
		    sizeof(full)), ERR_OK);
		assert_int_equal(lstat(full, &st), 0);
		if (S_ISDIR(st.st_mode)) {
			walk(full, s, files);
			continue;
		}
		assert_int_equal(file_read(full, 1 << 24, &content), ERR_OK);
		assert_all_absent(bytes_view(&content), s);
		(*files)++;
	}
	closedir(d);
}

static void
no_secret_is_in_any_file_or_message(void **state)
{
	AUTO(secret) s = open_secret(1, 2);
	AUTO(secret) pin = NULL;
	AUTO(secret) so_pin = NULL;
	AUTO(secret) pseudonym = NULL;
	struct share shares[3] = { 0 };
	struct secrets all = { 0 };
	unsigned int files = 0;

	(void)state;
	assert_int_equal(derive_pin(s, "okse-rehearsal", &pin), ERR_OK);
	assert_int_equal(derive_so_pin(s, "okse-rehearsal", &so_pin), ERR_OK);
	assert_int_equal(derive_pseudonym_key(s, &pseudonym), ERR_OK);
	all.at[all.count++] = VIEW(secret_peek(s), 32);
	all.at[all.count++] = VIEW(secret_peek(pin), 32);
	all.at[all.count++] = VIEW(secret_peek(so_pin), 32);
	all.at[all.count++] = VIEW(secret_peek(pseudonym), 32);
	for (unsigned int i = 0; i < 3; i++) {
		read_share(i + 1, &shares[i]);
		all.at[all.count++] = VIEW(secret_peek(shares[i].value), 32);
	}
	walk(soft_dir, &all, &files);
	assert_true(files > 20);	/* the token's directory, too */
	assert_all_absent(bytes_view(&told), &all);
	assert_false(contains(bytes_view(&told), view_text("okse-share1")));
	for (size_t i = 0; i < 3; i++)
		share_done(&shares[i]);
}

/* ---- preparation */

static int
rehearse(void **state)
{
	struct ceremony_options o = {
		.script = SCRIPT, .dir = dir, .module = SOFTHSM,
		.listener = listener,
	};

	(void)state;
	soft_make();
	snprintf(dir, sizeof(dir), "%s/instance", soft_dir);
	if (ceremony_hold(&o, &result) != ERR_OK) {
		print_error("%s\n", err_why());
		return -1;
	}
	return 0;
}

static int
clean_up(void **state)
{
	(void)state;
	bytes_done(&told);
	soft_remove();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(openssl_accepts_every_certificate),
		cmocka_unit_test(
		    openssl_sees_the_profile_of_the_document_signer),
		cmocka_unit_test(every_certificate_holds_the_key_of_its_own),
		cmocka_unit_test(two_of_three_officers_log_in),
		cmocka_unit_test(another_pin_does_not_log_in),
		cmocka_unit_test(the_log_key_is_the_scripts),
		cmocka_unit_test(
		    the_logs_second_key_has_the_same_name_and_is_p256),
		cmocka_unit_test(shares_are_their_officers_alone),
		cmocka_unit_test(
		    every_officer_has_the_key_that_the_roster_says),
		cmocka_unit_test(the_chain_holds_for_a_shell_too),
		cmocka_unit_test(the_verifier_is_content),
		cmocka_unit_test(a_changed_file_is_found),
		cmocka_unit_test(
		    a_second_rehearsal_in_the_same_place_is_refused),
		cmocka_unit_test(no_secret_is_in_any_file_or_message),
	};

	return cmocka_run_group_tests(tests, rehearse, clean_up);
}
