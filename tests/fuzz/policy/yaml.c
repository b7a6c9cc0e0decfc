/*
 * One file of a policy from outside: the YAML reader with the real schema,
 * linking, cases, a decision by whatever was accepted, and all it does told.
 * The first byte says which of the other parts stand beside it, and whether
 * the file is one of cases.
 */
#include <stdlib.h>

#include "policy/effective.h"
#include "policy/explain.h"

#define IS_SUITE 0x10

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const parts[] = {
	"kind: policy\nserial: 1\nleap-birthday: march-1\n",
	"kind: regions\nregions: { pilot: { Sejong: [\"36110\"] }, "
	    "second: { Daegu: [\"27\"] }, third: { Incheon: [\"28\"] }, "
	    "fourth: { Seoul: [\"11\"] }, everywhere: { Jeju: [\"50\"] } }\n",
	"kind: callers\ncallers: { upstream: [ { programmes: [resident-id], "
	    "operations: [credential], purposes: [first-issue], "
	    "evidence: [qr-token] } ] }\n",
	"kind: programme\nprogramme: resident-id\nvct: v\n"
	    "operations: [credential]\nformats: [dc+sd-jwt]\nage-over: []\n"
	    "claims: { birth_date: { type: date, required: true } }\n"
	    "validity: { administrative: P3Y, ends: exact, technical: P30D,"
	    " qr-token: PT180S }\n"
	    "rules: { open: { kind: period, from: 2024-12-27T00:00:00Z } }\n",
};

static void
decide(const struct policy *p)
{
	struct asked a = {
		.operation = OPERATION_CREDENTIAL,
		.dry_run = true,
		.caller = view_text("upstream"),
		.programme = view_text("resident-id"),
		.purpose = PURPOSE_REISSUE,
		.reason = view_text("device-lost"),
		.holder.number = view_text("0102033234560"),
		.holder.birth_date = { 2001, 2, 3 },
		.holder.residence = view_text("3611000000"),
		.evidence.kind = EVIDENCE_QR_TOKEN,
		.evidence.centre = view_text("36110"),
	};
	struct facts f = facts_neutral(1751328000);
	AUTO_DONE(bytes) frame = { 0 };
	AUTO_DONE(bytes) out = { 0 };
	AUTO(request) r = NULL;

	request_encode(&a, &frame);
	if (request_decode(bytes_view(&frame), &r) != ERR_OK ||
	    policy_explain(p, r, &f, &out) != ERR_OK)
		abort();
}

static void
tell(const struct policy *p)
{
	AUTO_DONE(bytes) out = { 0 };
	struct json j = json_start(&out);

	json_record(&j, NULL);
	policy_effective(p, &j);
	json_close(&j);
	if (json_end(&j) != ERR_OK)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy_file files[COUNT(parts) + 1];
	AUTO(policy) p = NULL;
	size_t count = 0;

	if (size == 0 || crypto_init() != ERR_OK)
		return 0;
	for (size_t i = 0; i < COUNT(parts); i++) {
		if ((data[0] >> i & 1) != 0)
			files[count++] = (struct policy_file){ "part.yaml",
			    view_text(parts[i]) };
	}
	files[count++] = (struct policy_file){ (data[0] & IS_SUITE) != 0 ?
	    "fuzz_test.yaml" : "fuzz.yaml", VIEW(data + 1, size - 1) };
	if (policy_parse(files, count, &p) == ERR_OK) {
		decide(p);
		tell(p);
	}
	return 0;
}
