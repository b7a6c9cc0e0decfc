/*
 * Splitting, checking and combining: every quorum opens, nothing less does,
 * and each wrong share is named.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "quorum/quorum.h"
#include "vector.h"

struct split {
	struct secret	*secret;
	struct quorum	 quorum;
	struct share	 shares[SHARE_MAX];
};

static struct quorum
plan_of(unsigned int threshold, unsigned int count)
{
	struct quorum plan = {
		.ceremony_id = "ceremony", .threshold = threshold,
		.count = count,
	};

	for (unsigned int i = 0; i < SHARE_MAX; i++)
		snprintf(plan.officers[i], QUORUM_NAME_SIZE, "Officer %u",
		    i + 1);
	return plan;
}

static void
split(struct split *s, unsigned int threshold, unsigned int count)
{
	struct quorum plan = plan_of(threshold, count);

	assert_int_equal(secret_new(32, &s->secret), ERR_OK);
	assert_int_equal(random_bytes(secret_at(s->secret), 32), ERR_OK);
	assert_int_equal(quorum_split(s->secret, &plan, &s->quorum,
	    s->shares), ERR_OK);
}

static void
split_done(struct split *s)
{
	for (size_t i = 0; i < SHARE_MAX; i++)
		share_done(&s->shares[i]);
	secret_free(s->secret);
	*s = (struct split){ 0 };
}

static void
assert_opens(const struct split *s, const struct share *shares, size_t count)
{
	AUTO(secret) opened = NULL;

	assert_int_equal(quorum_combine(&s->quorum, shares, count, &opened),
	    ERR_OK);
	assert_true(secret_equal(VIEW(secret_peek(opened), 32),
	    VIEW(secret_peek(s->secret), 32)));
}

static enum err
combine(const struct quorum *q, const struct share *shares, size_t count)
{
	AUTO(secret) opened = NULL;
	enum err e = quorum_combine(q, shares, count, &opened);

	assert_true((e == ERR_OK) == (opened != NULL));
	return e;
}

/* The shares whose bits are set in mask; borrowed, not to be released. */
static size_t
pick(const struct split *s, unsigned int mask, struct share *out)
{
	size_t n = 0;

	for (unsigned int i = 0; i < s->quorum.count; i++)
		if (mask >> i & 1)
			out[n++] = s->shares[i];
	return n;
}

/* Subsets below the threshold, with the threshold of the record lowered so
 * that only the mathematics can refuse them. */
static void
assert_too_few(const struct split *s, const struct share *some, size_t n)
{
	struct quorum lower = s->quorum;
	struct share forged[SHARE_MAX];

	assert_int_equal(combine(&s->quorum, some, n), ERR_RANGE);
	if (n < 2)
		return;
	lower.threshold = (unsigned int)n;
	for (size_t i = 0; i < n; i++) {
		forged[i] = some[i];
		forged[i].threshold = (uint8_t)n;
	}
	assert_int_equal(combine(&lower, forged, n), ERR_MISMATCH);
	assert_non_null(strstr(err_why(), "do not combine"));
}

static void
every_quorum_opens_and_nothing_less_does(void **state)
{
	struct share some[SHARE_MAX];

	(void)state;
	for (unsigned int n = 2; n <= 9; n++)
		for (unsigned int m = 2; m <= n; m++) {
			struct split s = { 0 };

			split(&s, m, n);
			for (unsigned int mask = 1; mask < 1u << n; mask++) {
				size_t k = pick(&s, mask, some);

				if (k >= m)
					assert_opens(&s, some, k);
				else
					assert_too_few(&s, some, k);
			}
			split_done(&s);
		}
}

static void
the_largest_quorum_opens(void **state)
{
	struct split s = { 0 };

	(void)state;
	split(&s, SHARE_MAX, SHARE_MAX);
	assert_opens(&s, s.shares, SHARE_MAX);
	assert_int_equal(combine(&s.quorum, s.shares, SHARE_MAX - 1),
	    ERR_RANGE);
	assert_int_equal(combine(&s.quorum, s.shares, SHARE_MAX + 1),
	    ERR_RANGE);
	split_done(&s);
}

static void
shares_open_in_any_order(void **state)
{
	struct split s = { 0 };
	struct share some[3];

	(void)state;
	split(&s, 3, 5);
	some[0] = s.shares[4];
	some[1] = s.shares[0];
	some[2] = s.shares[2];
	assert_opens(&s, some, 3);
	split_done(&s);
}

static void
thresholds_and_counts_outside_their_limits_are_refused(void **state)
{
	static const unsigned int wrong[][2] = {
		{ 0, 0 }, { 0, 3 }, { 1, 1 }, { 1, 3 }, { 3, 2 }, { 2, 0 },
		{ 2, 33 }, { 33, 33 }, { 2, 255 }, { 2, 256 }, { 258, 258 },
	};
	struct share shares[SHARE_MAX] = { 0 };
	AUTO(secret) s = NULL;
	struct quorum out = { 0 };

	(void)state;
	assert_int_equal(secret_new(32, &s), ERR_OK);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct quorum plan = plan_of(wrong[i][0], wrong[i][1]);

		assert_int_equal(quorum_split(s, &plan, &out, shares),
		    ERR_RANGE);
		assert_null(shares[0].value);
	}
}

static void
only_32_bytes_are_split(void **state)
{
	(void)state;
	for (size_t len = 31; len <= 33; len++) {
		struct quorum plan = plan_of(2, 2), out;
		struct share shares[2] = { 0 };
		AUTO(secret) s = NULL;

		assert_int_equal(secret_new(len, &s), ERR_OK);
		assert_int_equal(quorum_split(s, &plan, &out, shares),
		    len == 32 ? ERR_OK : ERR_RANGE);
		share_done(&shares[0]);
		share_done(&shares[1]);
	}
}

static void
an_officer_without_a_fitting_name_is_refused(void **state)
{
	static const char *const wrong[] =
	    { "", " a", "a ", "a\nb", "a\x7f", "\xff" };
	struct share shares[2] = { 0 };
	AUTO(secret) s = NULL;
	struct quorum out;

	(void)state;
	assert_int_equal(secret_new(32, &s), ERR_OK);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct quorum plan = plan_of(2, 2);

		snprintf(plan.officers[1], QUORUM_NAME_SIZE, "%s", wrong[i]);
		assert_int_equal(quorum_split(s, &plan, &out, shares),
		    ERR_RANGE);
	}
}

static void
each_flipped_byte_of_a_share_is_refused_by_name(void **state)
{
	struct split s = { 0 };

	(void)state;
	split(&s, 2, 3);
	for (size_t i = 0; i < SHARE_VALUE_SIZE; i++) {
		unsigned char *at = secret_at(s.shares[1].value) + i;

		*at ^= (unsigned char)(1u << i % 8);
		assert_int_equal(quorum_check_share(&s.quorum, &s.shares[1]),
		    ERR_MISMATCH);
		assert_non_null(strstr(err_why(), "seat 2 (Officer 2)"));
		assert_int_equal(combine(&s.quorum, s.shares, 2),
		    ERR_MISMATCH);
		/* one more than needed, and it is the bad one's fault */
		assert_int_equal(combine(&s.quorum, s.shares, 3),
		    ERR_MISMATCH);
		assert_non_null(strstr(err_why(), "seat 2 (Officer 2)"));
		*at ^= (unsigned char)(1u << i % 8);
	}
	assert_opens(&s, s.shares, 2);
	split_done(&s);
}

static void
a_share_on_another_seat_is_refused(void **state)
{
	struct split s = { 0 };

	(void)state;
	split(&s, 2, 3);
	s.shares[0].x = 3;
	assert_int_equal(quorum_check_share(&s.quorum, &s.shares[0]),
	    ERR_MISMATCH);
	s.shares[0].x = 0;
	assert_int_equal(quorum_check_share(&s.quorum, &s.shares[0]),
	    ERR_RANGE);
	s.shares[0].x = 4;
	assert_int_equal(quorum_check_share(&s.quorum, &s.shares[0]),
	    ERR_RANGE);
	split_done(&s);
}

static void
a_share_of_another_set_or_ceremony_is_refused(void **state)
{
	struct split s = { 0 }, other = { 0 };

	(void)state;
	split(&s, 2, 3);
	split(&other, 2, 3);
	assert_int_equal(quorum_check_share(&s.quorum, &other.shares[0]),
	    ERR_MISMATCH);
	assert_non_null(strstr(err_why(), "another set"));
	s.shares[0].ceremony_id[7] ^= 1;
	assert_int_equal(quorum_check_share(&s.quorum, &s.shares[0]),
	    ERR_MISMATCH);
	assert_non_null(strstr(err_why(), "another ceremony"));
	s.shares[1].count++;
	assert_int_equal(quorum_check_share(&s.quorum, &s.shares[1]),
	    ERR_MISMATCH);
	split_done(&s);
	split_done(&other);
}

static void
the_same_share_twice_is_refused(void **state)
{
	struct split s = { 0 };
	struct share twice[3];

	(void)state;
	split(&s, 2, 3);
	twice[0] = twice[1] = s.shares[1];
	assert_int_equal(combine(&s.quorum, twice, 2), ERR_EXISTS);
	twice[2] = s.shares[0];
	assert_int_equal(combine(&s.quorum, twice, 3), ERR_EXISTS);
	split_done(&s);
}

/* A dealer who gives one officer a share off the polynomial, committed. */
static void
an_inconsistent_dealer_is_found_out(void **state)
{
	struct split s = { 0 };
	uint8_t in[20];

	(void)state;
	split(&s, 2, 3);
	secret_at(s.shares[2].value)[0] ^= 1;
	memcpy(in, "kc/share/v1", 11);
	memcpy(in + 11, s.quorum.set_id, 8);
	in[19] = 3;
	s.quorum.shares[2] = sha256_2(VIEW_OF(in),
	    VIEW(secret_peek(s.shares[2].value), 32));
	assert_int_equal(quorum_check_share(&s.quorum, &s.shares[2]), ERR_OK);
	assert_int_equal(combine(&s.quorum, s.shares, 3), ERR_MISMATCH);
	assert_non_null(strstr(err_why(), "seat 3 (Officer 3)"));
	assert_int_equal(combine(&s.quorum, s.shares + 1, 2), ERR_MISMATCH);
	assert_opens(&s, s.shares, 2);
	split_done(&s);
}

static void
two_splits_of_one_secret_have_nothing_in_common(void **state)
{
	struct split a = { 0 }, b = { 0 };
	struct quorum plan = plan_of(2, 3);

	(void)state;
	split(&a, 2, 3);
	assert_int_equal(quorum_split(a.secret, &plan, &b.quorum, b.shares),
	    ERR_OK);
	assert_memory_not_equal(a.quorum.set_id, b.quorum.set_id, 8);
	assert_memory_not_equal(a.quorum.secret.at, b.quorum.secret.at, 32);
	for (size_t i = 0; i < 3; i++)
		assert_memory_not_equal(secret_peek(a.shares[i].value),
		    secret_peek(b.shares[i].value), 32);
	split_done(&a);
	split_done(&b);
}

/*
 * One share of a fixed secret, over many splits: each of its bytes takes each
 * value about equally often. chi-square with 255 degrees of freedom exceeds
 * 400 with probability below 1e-7 per byte when the share is uniform.
 */
static void
one_share_says_nothing_about_the_secret(void **state)
{
	enum { SPLITS = 20000 };
	static unsigned int seen[SHARE_VALUE_SIZE][256];
	struct quorum plan = plan_of(2, 2);
	AUTO(secret) fixed = NULL;

	(void)state;
	assert_int_equal(secret_new(32, &fixed), ERR_OK);
	for (int i = 0; i < SPLITS; i++) {
		struct split s = { 0 };

		assert_int_equal(quorum_split(fixed, &plan, &s.quorum,
		    s.shares), ERR_OK);
		for (size_t b = 0; b < SHARE_VALUE_SIZE; b++)
			seen[b][secret_peek(s.shares[1].value)[b]]++;
		split_done(&s);
	}
	for (size_t b = 0; b < SHARE_VALUE_SIZE; b++) {
		double mean = SPLITS / 256.0, chi = 0;

		for (size_t v = 0; v < 256; v++)
			chi += (seen[b][v] - mean) * (seen[b][v] - mean) / mean;
		assert_true(chi < 400);
	}
}

/* The host's chance alone is enough: a seed of zeros spoils nothing. */
static void
a_seed_changes_no_secret_whatever_it_is(void **state)
{
	struct quorum plan = plan_of(16, 32);
	AUTO(secret) seed = NULL;

	(void)state;
	assert_int_equal(secret_new(32, &seed), ERR_OK);
	for (int i = 0; i < 2; i++) {
		struct split s = { 0 };

		assert_int_equal(secret_new(32, &s.secret), ERR_OK);
		assert_int_equal(random_bytes(secret_at(s.secret), 32),
		    ERR_OK);
		assert_int_equal(quorum_split_seeded(s.secret, seed, &plan,
		    &s.quorum, s.shares), ERR_OK);
		assert_opens(&s, s.shares, 16);
		assert_opens(&s, s.shares + 16, 16);
		split_done(&s);
		assert_int_equal(random_bytes(secret_at(seed), 32), ERR_OK);
	}
}

static void
the_vector_of_the_other_implementation_opens(void **state)
{
	struct share shares[COUNT(vector_shares)] = { 0 };
	struct quorum q;

	(void)state;
	assert_int_equal(quorum_get(view_text(vector_record), &q), ERR_OK);
	for (size_t i = 0; i < COUNT(shares); i++)
		assert_int_equal(share_get(view_text(vector_shares[i]),
		    &shares[i]), ERR_OK);
	for (size_t from = 0; from + 3 <= COUNT(shares); from++) {
		AUTO(secret) opened = NULL;

		assert_int_equal(quorum_combine(&q, shares + from, 3,
		    &opened), ERR_OK);
		assert_memory_equal(secret_peek(opened), vector_secret, 32);
	}
	for (size_t i = 0; i < COUNT(shares); i++)
		share_done(&shares[i]);
}

/* In place of the C library's: so many calls that work, then none. */
static int calls_left = -1;	/* -1: they all do */

ssize_t
getrandom(void *out, size_t len, unsigned int flags)
{
	if (calls_left == -1)
		return syscall(SYS_getrandom, out, len, flags);
	if (calls_left == 0) {
		errno = EIO;
		return -1;
	}
	calls_left--;
	memset(out, 7, len);
	return (ssize_t)len;
}

static void
without_randomness_nothing_is_split(void **state)
{
	struct quorum plan = plan_of(2, 2), out;
	struct share shares[2] = { 0 };
	AUTO(secret) s = NULL;

	(void)state;
	assert_int_equal(secret_new(32, &s), ERR_OK);
	for (int calls = 0; calls < 2; calls++) {
		enum err e;

		calls_left = calls;
		e = quorum_split(s, &plan, &out, shares);
		calls_left = -1;
		assert_int_equal(e, ERR_SYSTEM);
		assert_null(shares[0].value);
	}
}

static int
prepare(void **state)
{
	(void)state;
	return crypto_init() == ERR_OK ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_quorum_opens_and_nothing_less_does),
		cmocka_unit_test(the_largest_quorum_opens),
		cmocka_unit_test(shares_open_in_any_order),
		cmocka_unit_test(
		    thresholds_and_counts_outside_their_limits_are_refused),
		cmocka_unit_test(only_32_bytes_are_split),
		cmocka_unit_test(an_officer_without_a_fitting_name_is_refused),
		cmocka_unit_test(
		    each_flipped_byte_of_a_share_is_refused_by_name),
		cmocka_unit_test(a_share_on_another_seat_is_refused),
		cmocka_unit_test(a_share_of_another_set_or_ceremony_is_refused),
		cmocka_unit_test(the_same_share_twice_is_refused),
		cmocka_unit_test(an_inconsistent_dealer_is_found_out),
		cmocka_unit_test(
		    two_splits_of_one_secret_have_nothing_in_common),
		cmocka_unit_test(one_share_says_nothing_about_the_secret),
		cmocka_unit_test(a_seed_changes_no_secret_whatever_it_is),
		cmocka_unit_test(the_vector_of_the_other_implementation_opens),
		cmocka_unit_test(without_randomness_nothing_is_split),
	};

	return cmocka_run_group_tests(tests, prepare, NULL);
}
