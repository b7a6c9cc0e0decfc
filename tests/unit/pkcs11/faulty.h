/*
 * A throw-away token behind tests/module/faulty.c, its script and its trace;
 * a key in it, opened for each test that wants one.
 */
#ifndef OKSE_TESTS_UNIT_PKCS11_FAULTY_H
#define OKSE_TESTS_UNIT_PKCS11_FAULTY_H

#include "tests/unit/pkcs11/softtoken.h"

static char module[PATH_MAX];
static struct token *token;
static EVP_PKEY *public_key;
static struct key *key;

/* BUILD/unit/pkcs11/fault_test → BUILD/module/faulty.so */
static void
find_module(void)
{
	ssize_t n = readlink("/proc/self/exe", module, sizeof(module) - 32);

	assert_true(n > 0);
	module[n] = '\0';
	for (int i = 0; i < 3; i++)
		*strrchr(module, '/') = '\0';
	snprintf(module + strlen(module), 32, "/module/faulty.so");
	if (access(module, R_OK) == -1)
		fail_msg("%s: not built (make test builds it)", module);
}

static int
faulty_begin(void **state)
{
	char path[PATH_MAX];

	(void)state;
	find_module();
	soft_make();
	setenv("FAULTY_SCRIPT", soft_path("script", path), 1);
	setenv("FAULTY_TRACE", soft_path("trace", path), 1);
	soft_initialise(module);
	token = soft_login(module);
	public_key = soft_generate(token, KEY_P256, "p256");
	token_close(token);
	token = NULL;
	return 0;
}

static int
faulty_end(void **state)
{
	(void)state;
	EVP_PKEY_free(public_key);
	soft_remove();
	return 0;
}

/*
 * From here on the module does as told, and its trace is empty. The number
 * makes a script that is written twice a new one.
 */
static void
script(const char *text)
{
	static unsigned int number;
	char numbered[400];

	snprintf(numbered, sizeof(numbered), "# %u\n%s", number++, text);
	soft_write("script", numbered);
	soft_write("trace", "");
}

__attribute__((unused)) static void
script_rv(const char *function_and_number, unsigned long rv)
{
	char text[100];

	snprintf(text, sizeof(text), "%s rv 0x%lx\n", function_and_number,
	    rv);
	script(text);
}

/* Calls of one function, or of all with "C_", since script(). */
static int
calls(const char *function)
{
	char path[PATH_MAX], line[100], wanted[60];
	FILE *f = fopen(soft_path("trace", path), "re");
	int count = 0;

	assert_non_null(f);
	snprintf(wanted, sizeof(wanted), " %s%s", function,
	    strcmp(function, "C_") == 0 ? "" : "\n");
	while (fgets(line, sizeof(line), f) != NULL)
		count += strstr(line, wanted) != NULL;
	assert_int_equal(fclose(f), 0);
	return count;
}

__attribute__((unused)) static int
open_key(void **state)
{
	(void)state;
	script("");
	token = soft_login(module);
	assert_ok(soft_find(token, "p256", public_key, &key));
	return 0;
}

__attribute__((unused)) static int
open_nothing(void **state)
{
	(void)state;
	script("");
	return 0;
}

static int
close_all(void **state)
{
	(void)state;
	script("");
	key_free(key);
	key = NULL;
	token_close(token);
	token = NULL;
	return 0;
}

#define assert_class(class)                                                   \
	assert_string_equal(token_class_name(token_last_class()),             \
	    token_class_name(class))

#define WITH_KEY(test)                                                        \
	cmocka_unit_test_setup_teardown(test, open_key, close_all)
#define ALONE(test)                                                           \
	cmocka_unit_test_setup_teardown(test, open_nothing, close_all)

#endif
