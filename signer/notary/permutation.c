/*
 * A Feistel network over the smallest even number of bits that holds size,
 * of ten rounds like FF1's (NIST SP 800-38G), its round functions HMAC-SHA256
 * written out as tables. What falls outside [0, size) goes through again
 * until it does not (cycle walking), which keeps it a permutation. The key is
 * ours, counters are the registry's. Next: status.c.
 */
#include "signer/notary/permutation.h"

#define ROUNDS 10
#define HALF_MAX 12	/* bits */

struct permutation {
	int64_t		size;
	unsigned int	half;		/* bits of each side */
	uint16_t	round[ROUNDS][1 << HALF_MAX];
};

/* Round functions: 16 values of one HMAC over (round, number of the block). */
static void
make_round(struct permutation *p, struct view key, uint8_t round)
{
	const size_t values = SHA256_SIZE / 2;
	struct hash h = { 0 };

	for (size_t i = 0; i < (size_t)1 << p->half; i++) {
		size_t at = i % values * 2;
		uint8_t block[3] = { round, (uint8_t)(i / values >> 8),
		    (uint8_t)(i / values) };

		if (at == 0)
			h = hmac_sha256(key, VIEW_OF(block), VIEW(NULL, 0));
		p->round[round][i] = (uint16_t)((h.at[at] << 8 |
		    h.at[at + 1]) & ((1 << p->half) - 1));
	}
}

enum err
permutation_new(struct view key, int64_t size,
    struct permutation **out_permutation)
{
	struct permutation *p;

	if (size < 1 || size > PERMUTATION_MAX)
		return err_because(ERR_RANGE, "a list of %lld places, not 1 "
		    "to %lld", (long long)size, (long long)PERMUTATION_MAX);
	if ((p = mem_new(1, sizeof(*p))) == NULL)
		return err_because(ERR_MEMORY, "a permutation");
	p->size = size;
	for (p->half = 1; INT64_C(1) << 2 * p->half < size; p->half++)
		;
	for (uint8_t round = 0; round < ROUNDS; round++)
		make_round(p, key, round);
	*out_permutation = p;
	return ERR_OK;
}

void
permutation_free(struct permutation *p)
{
	mem_free(p);
}

static int64_t
once(const struct permutation *p, int64_t v)
{
	uint32_t mask = (1U << p->half) - 1;
	uint32_t left = (uint32_t)v >> p->half, right = (uint32_t)v & mask;

	for (int i = 0; i < ROUNDS; i++) {
		uint32_t next = left ^ p->round[i][right];

		left = right;
		right = next;
	}
	return (int64_t)left << p->half | right;
}

int64_t
permutation_at(const struct permutation *p, int64_t counter)
{
	int64_t v = once(p, counter);

	while (v >= p->size)
		v = once(p, v);
	return v;
}
