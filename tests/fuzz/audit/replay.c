/*
 * Any lines as the entries of a log that is replayed, and of two logs that
 * are replayed together: by the reference policy, whatever they say.
 */
#include <stdio.h>
#include <stdlib.h>

#include "audit/replay_run.h"
#include "base/crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_entry(struct replay *r, const struct policy *p, uint64_t index,
    struct view entry)
{
	struct schema_entry e;

	if (schema_get(entry, &e) != ERR_OK)
		return;
	if (e.event == SCHEMA_EVENT_DECISION)
		replay_decision(r, index, &e, p);
	if (replay_entry(r, index, &e) != ERR_OK)
		abort();
}

/* each: lines of a log, then those of the next; 0: all are of one. */
static void
replay_lines(const struct policy *policy, const uint8_t *data, size_t size,
    uint64_t each)
{
	AUTO(replay) r = NULL;
	AUTO_DONE(bytes) report = { 0 };
	uint64_t index = 0;
	size_t start = 0;
	char origin[32];

	if (replay_new(&r) != ERR_OK)
		abort();
	for (size_t i = 0; i <= size && index < 64; i++) {
		if (i < size && data[i] != '\n')
			continue;
		if (each != 0 && index % each == 0) {
			snprintf(origin, sizeof(origin), "log-%llu",
			    (unsigned long long)(index / each));
			if (replay_log_of(r, origin) != ERR_OK)
				abort();
		}
		try_entry(r, policy, index++, VIEW(data + start, i - start));
		start = i + 1;
	}
	replay_report(replay_result(r), &report);
	if (replay_report_json(replay_result(r), &report) != ERR_OK)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct policy *policy;

	if (policy == NULL && (crypto_init() != ERR_OK ||
	    policy_load("configs/policy", &policy) != ERR_OK))
		abort();
	replay_lines(policy, data, size, 0);
	replay_lines(policy, data, size, 4);
	return 0;
}
