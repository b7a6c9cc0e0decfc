/*
 * Any bytes as a trust policy and as a file of keys. What is taken holds what
 * the format promises: a quorum that all witnesses together reach and none
 * reaches by being absent.
 */
#include <stdlib.h>

#include "audit/trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
ask(const struct trust_policy *p)
{
	uint64_t cosigned[TRUST_MAX];
	bool none = view_is(trust_quorum(p), "none");

	for (size_t i = 0; i < TRUST_MAX; i++)
		cosigned[i] = 1 + i;
	if (trust_quorum_time(p, cosigned) > trust_witness_count(p))
		abort();
	for (size_t i = 0; i < TRUST_MAX; i++)
		cosigned[i] = TRUST_NEVER;
	if (trust_quorum_time(p, cosigned) != (none ? 0 : TRUST_NEVER))
		abort();
	for (size_t i = 0; i < trust_log_count(p); i++)
		if (vkey_type(trust_log(p, i)->key) == VKEY_COSIGNATURE)
			abort();
	for (size_t i = 0; i < trust_witness_count(p); i++)
		if (vkey_type(trust_witness(p, i)->key) != VKEY_COSIGNATURE)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(trust_policy) p = NULL;
	AUTO(trust_policy) keys = NULL;
	static bool ready;

	if (!ready && crypto_init() != ERR_OK)
		abort();
	ready = true;
	if (trust_policy_get(VIEW(data, size), &p) == ERR_OK)
		ask(p);
	if (trust_keys_get(VIEW(data, size), &keys) == ERR_OK) {
		if (trust_log_count(keys) == 0)
			abort();
		ask(keys);
	}
	return 0;
}
