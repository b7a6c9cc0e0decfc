/*
 * What it takes to sign a status list of 2^20 entries again, on one core with
 * software keys: status_rate. Prints JSON, a line for each share of entries
 * that are not valid: microseconds of CPU of each step, and of the longest
 * stretch that the notary spends on it at once; bytes of both forms. Not a
 * test.
 */
#include <time.h>

#include "credential/status_token.h"
#include "signer/rider.h"
#include "tests/licence.h"

#define PACK 4096	/* as in lists_sign.c */

static struct signers signers;
static EVP_PKEY *key;
static struct issuer *issuer;

/* Of this process: others on the machine do not count. */
static int64_t
us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

/* A fixed sequence: two runs measure the same list. */
static struct status_list *
entries_of(unsigned int per_mille)
{
	struct status_list *l = NULL;
	uint64_t random = 1;

	MUST(status_list_new(STATUS_BITS, STATUS_LIST_ENTRIES, &l));
	for (uint64_t i = 0; i < STATUS_LIST_ENTRIES; i++) {
		random = random * UINT64_C(6364136223846793005) + 1;
		if ((random >> 33) % 1000 < per_mille)
			MUST(status_list_set(l, i, random >> 61 == 0 ?
			    STATUS_SUSPENDED : STATUS_INVALID));
	}
	return l;
}

static int64_t
pack(const struct status_list *l, struct status_packer **out_packer)
{
	int64_t longest = 0;
	bool whole = false;

	MUST(status_packer_new(l, out_packer));
	while (!whole) {
		int64_t start = us();

		MUST(status_packer_step(*out_packer, PACK, &whole));
		if (us() - start > longest)
			longest = us() - start;
	}
	return longest;
}

/* The way to the keyholder and what it does before it signs. */
static int64_t
hand_over(const struct draft *d)
{
	AUTO_DONE(bytes) encoded = { 0 }, copy = { 0 };
	AUTO(draft) again = NULL;
	int64_t start = us();
	AUTO_FD fd = -1;
	struct hash h;

	draft_encode_to_sign(d, &encoded);
	MUST(rider_make(bytes_view(&encoded), &fd));
	MUST(rider_read(fd, &copy));
	MUST(draft_decode(bytes_view(&copy), &again));
	h = sha256(draft_tbs(again));
	(void)h;
	return us() - start;
}

static void
measure(unsigned int per_mille)
{
	AUTO(status_list) l = entries_of(per_mille);
	AUTO(status_packer) p = NULL;
	struct status_token t = { view_text(URI "/v1/status-lists/1"), NOW,
	    NOW + DAY, 300, STATUS_BITS, { 0 } };
	int64_t start = us(), longest = pack(l, &p), packed = us() - start;
	int64_t drafts = 0, sent = 0, documents = 0;
	size_t bytes[STATUS_FORMS];

	t.list = status_packer_view(p);
	for (int form = STATUS_JWT; form < STATUS_FORMS; form++) {
		AUTO_DONE(bytes) document = { 0 };
		AUTO(draft) d = NULL;

		start = us();
		MUST(status_token_draft((enum status_form)form, &t, issuer,
		    &d));
		drafts += us() - start;
		sent += hand_over(d);
		start = us();
		finish(d, key, &document);
		documents += us() - start;
		bytes[form] = document.len;
	}
	printf("{\"not_valid\":%u.%u,\"pack\":%lld,\"pack_longest\":%lld,"
	    "\"drafts\":%lld,\"keyholder\":%lld,\"sign_and_finish\":%lld,"
	    "\"all\":%lld,\"jwt_bytes\":%zu,\"cwt_bytes\":%zu}\n",
	    per_mille / 10, per_mille % 10, (long long)packed,
	    (long long)longest, (long long)drafts, (long long)sent,
	    (long long)documents,
	    (long long)(packed + drafts + sent + documents),
	    bytes[STATUS_JWT], bytes[STATUS_CWT]);
}

int
main(void)
{
	static const unsigned int shares[] = { 0, 1, 10, 50, 200, 500 };

	signers_init(&signers, NOW);
	key = software_key();
	issuer = signers_issuer(&signers, "Status signer", key, NOW);
	for (size_t i = 0; i < COUNT(shares); i++)
		measure(shares[i]);
	issuer_free(issuer);
	EVP_PKEY_free(key);
	signers_done(&signers);
	return 0;
}
