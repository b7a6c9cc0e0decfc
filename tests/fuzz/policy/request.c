/*
 * A request's frame from a gate that was taken over. What is accepted must
 * encode to itself, and the reference policy must decide it.
 */
#include <stdlib.h>

#include "policy/explain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct policy *
reference(void)
{
	static struct policy *p;

	if (p == NULL && (crypto_init() != ERR_OK ||
	    policy_load("configs/policy", &p) != ERR_OK))
		abort();
	return p;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct facts f = facts_neutral(1751328000);
	AUTO_DONE(bytes) again = { 0 };
	AUTO_DONE(bytes) line = { 0 };
	AUTO(request) r = NULL;

	if (request_decode(VIEW(data, size), &r) != ERR_OK)
		return 0;
	request_encode(request_asked(r), &again);
	if (!view_equal(bytes_view(&again), VIEW(data, size)))
		abort();
	if (policy_explain(reference(), r, &f, &line) != ERR_OK)
		abort();
	return 0;
}
