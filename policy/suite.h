/*
 * Tests beside the policy. A file whose name ends in "_test.yaml" holds
 * cases, not rules: a request, what the service would know, a time, and what
 * must come of it (docs/policy.md). policy_load() and policy_parse() run them
 * all and refuse a policy that fails its own.
 */
#ifndef OKSE_POLICY_SUITE_H
#define OKSE_POLICY_SUITE_H

#include "policy/policy.h"

#define SUITE_SUFFIX "_test.yaml"

/* One case judged. The texts live until told() returns. */
struct suite_result {
	const char	*file;
	unsigned int	 line, column;
	const char	*name;
	bool		 passed;
	const char	*expected;	/* "deny by holder-age, card-held" */
	const char	*got;
};

struct suite_listener {
	void	(*told)(void *context, const struct suite_result *r);
	void	*context;
};

/* As policy_load(), but nothing is run: for `okse policy test` alone. */
[[nodiscard]] enum err policy_load_untested(const char *dir,
    struct policy **out_policy);

/*
 * Runs every case and tells each. A case that fails is no error; one that
 * cannot be read is, with file, line and column.
 */
[[nodiscard]] enum err policy_test(const struct policy *p,
    const struct suite_listener *l);

#endif
