/*
 * A throw-away SoftHSM token for one test program: its directory, its
 * configuration, its URI. The same through tests/module/faulty.c, whose
 * script and trace the tests write and read.
 */
#ifndef OKSE_TESTS_UNIT_PKCS11_SOFTTOKEN_H
#define OKSE_TESTS_UNIT_PKCS11_SOFTTOKEN_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "pkcs11/cryptoki.h"

#define SOFTHSM "/usr/lib/softhsm/libsofthsm2.so"
#define USER_PIN "user-pin-of-test"
#define SO_PIN "so-pin-of-test"
#define LABEL "okse-test"

/*
 * SoftHSM leaks for each Ed25519 signature; here that is nobody's fault. To
 * see that it is SoftHSM, stacks must be walked through libcrypto.
 */
const char *__asan_default_options(void);
__attribute__((used)) const char *
__asan_default_options(void)
{
	return "fast_unwind_on_malloc=0";
}

const char *__lsan_default_suppressions(void);
__attribute__((used)) const char *
__lsan_default_suppressions(void)
{
	return "leak:libsofthsm2.so\nleak:libsoftokn3.so\n";
}

static char soft_dir[PATH_MAX];

#define assert_ok(expr)                                                       \
	do {                                                                  \
		enum err e_ = (expr);                                         \
		if (e_ != ERR_OK)                                             \
			fail_msg("%s: %s: %s", #expr, err_code(e_),           \
			    err_why());                                       \
	} while (0)
#define assert_err(expr, wanted)                                              \
	do {                                                                  \
		enum err e_ = (expr);                                         \
		if (e_ != (wanted))                                           \
			fail_msg("%s: wanted %s, got %s: %s", #expr,          \
			    err_code(wanted), err_code(e_), err_why());       \
	} while (0)
#define assert_why(text)                                                      \
	do {                                                                  \
		if (strstr(err_why(), (text)) == NULL)                        \
			fail_msg("wanted \"%s\" in: %s", (text), err_why());  \
	} while (0)

static inline const char *
soft_path(const char *name, char path[PATH_MAX])
{
	assert_ok(path_join(soft_dir, name, path, PATH_MAX));
	return path;
}

/* In place, as a script is for a module that keeps the file open. */
static inline void
soft_write(const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *f = fopen(soft_path(name, path), "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* A new directory with an empty SoftHSM that this process will use. */
static inline void
soft_make(void)
{
	char path[PATH_MAX], config[PATH_MAX + 200];

	assert_ok(crypto_init());
	snprintf(soft_dir, sizeof(soft_dir), "%s/okse-pkcs11-XXXXXX",
	    getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	assert_non_null(mkdtemp(soft_dir));
	assert_int_equal(mkdir(soft_path("tokens", path), 0700), 0);
	snprintf(config, sizeof(config), "directories.tokendir = %s\n"
	    "objectstore.backend = file\nlog.level = ERROR\n", path);
	soft_write("softhsm2.conf", config);
	setenv("SOFTHSM2_CONF", soft_path("softhsm2.conf", path), 1);
}

static inline int
soft_remove_one(const char *path, const struct stat *st, int type,
    struct FTW *where)
{
	(void)st, (void)type, (void)where;
	return remove(path);
}

static inline void
soft_remove(void)
{
	nftw(soft_dir, soft_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline struct secret *
soft_secret(const char *text)
{
	struct secret *s = NULL;

	assert_ok(secret_new(strlen(text), &s));
	memcpy(secret_at(s), text, strlen(text));
	return s;
}

static inline struct token_uri *
soft_uri(const char *module)
{
	struct token_uri *uri = NULL;
	char text[2 * PATH_MAX];

	snprintf(text, sizeof(text), "pkcs11:token=okse-test?module-path=%s",
	    module);
	assert_ok(token_uri_parse(text, &uri));
	return uri;
}

/* The token of LABEL, with both PINs; its serial is in the result. */
static inline struct token_identity
soft_initialise(const char *module)
{
	AUTO(token_uri) uri = soft_uri(module);
	AUTO(secret) so_pin = soft_secret(SO_PIN);
	AUTO(secret) user_pin = soft_secret(USER_PIN);
	struct token_identity identity = { 0 };

	assert_ok(token_initialise(uri, NULL, so_pin, user_pin, &identity));
	return identity;
}

static inline struct token *
soft_open(const char *module)
{
	AUTO(token_uri) uri = soft_uri(module);
	struct token *t = NULL;

	assert_ok(token_open(uri, NULL, &t));
	return t;
}

static inline struct token *
soft_login(const char *module)
{
	AUTO(secret) pin = soft_secret(USER_PIN);
	struct token *t = soft_open(module);

	assert_ok(token_login(t, pin));
	return t;
}

/* A key pair named label, whose id is the label's bytes. */
static inline EVP_PKEY *
soft_generate(struct token *t, enum key_type type, const char *label)
{
	AUTO_DONE(key_record) record = { 0 };

	assert_ok(token_generate(t, type, label, view_text(label), &record));
	return STEAL(record.public_key);
}

static inline enum err
soft_find(struct token *t, const char *label, EVP_PKEY *public_key,
    struct key **out)
{
	struct key_spec spec = { label, view_text(label), public_key };

	return token_key_find(t, &spec, out);
}

#endif
