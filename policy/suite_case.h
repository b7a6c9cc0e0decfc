/* Inside the policy: a case of a suite as it is written and as it is run. */
#ifndef OKSE_POLICY_SUITE_CASE_H
#define OKSE_POLICY_SUITE_CASE_H

#include "policy/model.h"

#define SUITE_CASES 2000	/* of one file */

/* What must be granted; what is not named is not compared. */
struct suite_grant {
	int64_t	valid_from, administrative_expiry, technical_expiry;
};

struct suite_fee {
	const char	*name;
	int64_t		 won;
};

/* A case, or what all cases of a file begin with. */
struct scenario {
	struct asked		asked;
	struct facts		facts;
	int64_t			now;
	YAML_ARRAY(struct view)	formats;	/* into asked by the reader */
	struct yaml_part	claims;
	struct yaml_part	known;		/* "facts" */
	int			outcome;	/* enum suite_outcome */
	YAML_ARRAY(struct yaml_reference) fails;	/* and refuse */
	YAML_ARRAY(struct yaml_reference) monitored;	/* fail, refuse not */
	struct suite_grant	grant;
	YAML_ARRAY(struct suite_fee) fees;
};

enum suite_outcome {
	SUITE_ALLOW = 1,
	SUITE_DENY,
};

struct suite_case {
	const char		*name;
	struct yaml_part	 body;
};

struct suite {
	struct yaml_doc		*doc;
	struct yaml_part	 given;
	YAML_ARRAY(struct suite_case) cases;
};

/* The suite lives as long as the document. */
[[nodiscard]] enum err suite_bind(struct yaml_doc *doc,
    struct suite **out_suite);

/* ERR_MISMATCH naming the first case that fails; see suite.c. */
[[nodiscard]] enum err suites_pass(const struct policy *p);

/*
 * The case over what is given, complete: asked is a dry run by "upstream"
 * unless said otherwise, facts are neutral but for what is known. Its claims
 * live as long as the document.
 */
[[nodiscard]] enum err suite_read(const struct suite *s,
    const struct suite_case *c, struct scenario *out);

#endif
