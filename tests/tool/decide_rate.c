/*
 * How many decisions a second one core makes: the full policy of a directory,
 * a credential request that every rule allows, policy_decide() alone.
 *
 *	decide_rate [DIR [SECONDS]]
 *
 * Prints one line of JSON; time is the processor's, so that other work on the
 * machine does not count. Not a test: nothing passes or fails by time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "policy/policy.h"

#define NOW INT64_C(1751328000)	/* 2025-07-01T00:00:00Z */

static struct member claims[] = {
	{ VIEW("family_name", 11), { VALUE_STRING, VIEW("홍", 3), 0, 0, 0 } },
	{ VIEW("given_name", 10), { VALUE_STRING, VIEW("길동", 6), 0, 0, 0 } },
	{ VIEW("birth_date", 10),
	    { VALUE_STRING, VIEW("2001-02-03", 10), 0, 0, 0 } },
};

static struct asked
sample(void)
{
	struct asked a = {
		.operation = OPERATION_CREDENTIAL,
		.caller = view_text("upstream"),
		.idempotency_key = view_text("rate"),
		.programme = view_text("resident-id"),
		.purpose = PURPOSE_FIRST_ISSUE,
		.holder = {
			.number = view_text("0102033234560"),
			.birth_date = { 2001, 2, 3 },
			.residence = view_text("4128100000"),
			.has_card = true,
			.card_status = view_text("issued"),
			.has_card_date = true,
			.card_issued_on = { 2020, 1, 2 },
		},
		.evidence = {
			.kind = EVIDENCE_QR_TOKEN,
			.qr_token = view_text("OKSE1:X"),
			.centre = view_text("4128500000"),
		},
		.has_device = true,
		.device_id = view_text("device"),
		.format_count = 1,
		.formats = { view_text("dc+sd-jwt") },
		.claims = { VALUE_MAP, { 0 }, 0, claims, COUNT(claims) },
	};

	return a;
}

static int64_t
processor_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t
decide_for(const struct policy *p, const struct request *r, int64_t us)
{
	struct facts f = facts_neutral(NOW);
	int64_t end = processor_us() + us;
	int64_t count = 0;

	do {
		for (int i = 0; i < 1000; i++, count++) {
			AUTO(decision) d = NULL;

			if (policy_decide(p, r, &f, &d) != ERR_OK ||
			    !decision_allows(d))
				return -1;
		}
	} while (processor_us() < end);
	return count;
}

int
main(int argc, char **argv)
{
	const char *dir = argc > 1 ? argv[1] : "configs/policy";
	long seconds = argc > 2 ? strtol(argv[2], NULL, 10) : 2;
	AUTO(policy) p = NULL;
	AUTO(request) r = NULL;
	AUTO_DONE(bytes) frame = { 0 };
	struct asked a = sample();
	int64_t start, count, took;

	request_encode(&a, &frame);
	if (crypto_init() != ERR_OK || policy_load(dir, &p) != ERR_OK ||
	    request_decode(bytes_view(&frame), &r) != ERR_OK) {
		fprintf(stderr, "decide_rate: %s\n", err_why());
		return 1;
	}
	start = processor_us();
	count = decide_for(p, r, seconds * 1000000);
	took = processor_us() - start;
	if (count < 0) {
		fprintf(stderr, "decide_rate: the sample is refused\n");
		return 1;
	}
	printf("{\"decisions\":%lld,\"per_second\":%lld,\"ns_each\":%lld}\n",
	    (long long)count, (long long)(count * 1000000 / took),
	    (long long)(took * 1000 / count));
	return 0;
}
