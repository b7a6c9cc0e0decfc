/*
 * A decision as one line of JSON, the same code for `okse policy explain` and
 * whoever else wants to know why.
 */
#ifndef OKSE_POLICY_EXPLAIN_H
#define OKSE_POLICY_EXPLAIN_H

#include "policy/policy.h"

/*
 * Appends a decision (decision_json()) and a line feed; when it allows, with
 * "grant": {"valid_from", "administrative_expiry" (null for a QR token),
 * "technical_expiry", "formats"}. The request's dry_run says whether claims,
 * formats and device may be left out. ERR_MEMORY, ERR_TOO_LARGE.
 */
[[nodiscard]] enum err policy_explain(const struct policy *p,
    const struct request *r, const struct facts *f, struct bytes *out);

#endif
