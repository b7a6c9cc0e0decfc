/*
 * Runs what touches the officers' secret on bytes that valgrind takes for
 * undefined: a branch, an index or a system call that depends on one is an
 * error of memcheck. Run as `valgrind --error-exitcode=9 constant_time split`;
 * "table" and "branch" do what must be found.
 */
#include <stdio.h>
#include <string.h>

#include <valgrind/memcheck.h>

#include "quorum/base32.h"
#include "quorum/derive.h"
#include "quorum/gf256.h"
#include "quorum/quorum.h"

#define LENGTH(what) ((size_t)secret_len(what))

static volatile uint8_t kept;	/* so that nothing is left out */

/*
 * What a comparison of secrets comes to is told to whoever asks: the linker
 * puts this in its place, and the answer is no secret any more.
 */
bool __real_secret_equal(struct view a, struct view b);
bool __wrap_secret_equal(struct view a, struct view b);

bool
__wrap_secret_equal(struct view a, struct view b)
{
	bool equal = __real_secret_equal(a, b);

	(void)VALGRIND_MAKE_MEM_DEFINED(&equal, sizeof(equal));
	return equal;
}

static struct secret *
undefined(void)
{
	struct secret *s = NULL;

	if (secret_new(SHARE_VALUE_SIZE, &s) != ERR_OK ||
	    random_bytes(secret_at(s), SHARE_VALUE_SIZE) != ERR_OK)
		return NULL;
	(void)VALGRIND_MAKE_MEM_UNDEFINED(secret_at(s), LENGTH(s));
	return s;
}

static int
field(void)
{
	AUTO(secret) s = undefined();
	uint8_t product = 1;

	for (size_t i = 0; i < SHARE_VALUE_SIZE; i++)
		product = gf_multiply(gf_inverse(secret_peek(s)[i]), product);
	(void)VALGRIND_MAKE_MEM_DEFINED(&product, 1);
	kept = product;
	return 0;
}

static int
base32(void)
{
	AUTO(secret) s = undefined();
	unsigned char text[48], back[30];

	bool whole;

	base32_put(VIEW(secret_peek(s), 30), text);
	whole = base32_get(VIEW(text, sizeof(text)), back);
	/* whether it was well formed is no secret */
	(void)VALGRIND_MAKE_MEM_DEFINED(&whole, sizeof(whole));
	return !whole;
}

static int
split(void)
{
	struct quorum plan = { .threshold = 3, .count = 5 }, q;
	struct share shares[SHARE_MAX] = { 0 };
	AUTO(secret) s = undefined();
	AUTO(secret) line = NULL;
	int failed;

	for (unsigned int i = 0; i < plan.count; i++)
		snprintf(plan.officers[i], sizeof(plan.officers[i]), "O%u", i);
	failed = quorum_split(s, &plan, &q, shares) != ERR_OK ||
	    share_put(&shares[4], &line) != ERR_OK;
	for (unsigned int i = 0; i < plan.count; i++)
		share_done(&shares[i]);
	return failed;
}

/* Shares beyond the threshold too, which must fit the others. */
static int
combine(void)
{
	struct quorum plan = { .threshold = 3, .count = 5 }, q;
	struct share shares[SHARE_MAX] = { 0 };
	AUTO(secret) s = NULL;
	AUTO(secret) opened = NULL;
	int failed;

	for (unsigned int i = 0; i < plan.count; i++)
		snprintf(plan.officers[i], sizeof(plan.officers[i]), "O%u", i);
	if (secret_new(SHARE_VALUE_SIZE, &s) != ERR_OK ||
	    random_bytes(secret_at(s), SHARE_VALUE_SIZE) != ERR_OK ||
	    quorum_split(s, &plan, &q, shares) != ERR_OK)
		return 1;
	for (unsigned int i = 0; i < plan.count; i++)
		(void)VALGRIND_MAKE_MEM_UNDEFINED(secret_at(shares[i].value),
		    LENGTH(shares[i].value));
	failed = quorum_combine(&q, shares, 5, &opened) != ERR_OK;
	for (unsigned int i = 0; i < plan.count; i++)
		share_done(&shares[i]);
	return failed;
}

static int
pin(void)
{
	AUTO(secret) s = undefined();
	AUTO(secret) out = NULL;

	return derive_pin(s, "okse", &out) != ERR_OK;
}

/* A look-up by a secret, as a careless table would have it. */
static int
table(void)
{
	AUTO(secret) s = undefined();
	static volatile uint8_t squares[256];

	return squares[secret_peek(s)[0]] == 1;
}

/* The multiplication as one would write it first: a bit decides. */
static int
branch(void)
{
	AUTO(secret) s = undefined();
	unsigned int factor = secret_peek(s)[0], power = 3;
	volatile uint8_t product = 0;

	for (; factor != 0; factor >>= 1) {
		if ((factor & 1) != 0)
			product ^= (uint8_t)power;
		power = power << 1 ^ ((power & 0x80) != 0 ? 0x11b : 0);
	}
	(void)product;
	return 0;
}

int
main(int argc, char *argv[])
{
	static const struct {
		const char	*name;
		int		 (*run)(void);
	} rows[] = {
		{ "field", field }, { "base32", base32 }, { "split", split },
		{ "combine", combine }, { "pin", pin }, { "table", table },
		{ "branch", branch },
	};

	if (crypto_init() != ERR_OK)
		return 2;
	for (size_t i = 0; argc == 2 && i < COUNT(rows); i++)
		if (strcmp(argv[1], rows[i].name) == 0)
			return rows[i].run();
	fprintf(stderr, "constant_time: field, base32, split, combine, pin, "
	    "table, branch\n");
	return 2;
}
