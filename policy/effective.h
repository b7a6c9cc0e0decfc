/*
 * A policy as it takes effect: for each programme and operation the rules
 * that are judged, each with its mode, all its figures and its basis. For
 * people who must say what is in force, and for tools.
 */
#ifndef OKSE_POLICY_EFFECTIVE_H
#define OKSE_POLICY_EFFECTIVE_H

#include "policy/policy.h"

/*
 * The members {"sha256","serial",…,"programmes":[{"programme",…,
 * "operations":[{"operation","rules":[{"id","kind","mode","purposes",
 * "parameters","basis"}]}]}],"callers","regions"} into an object that is
 * open; docs/policy.md has an example.
 */
void policy_effective(const struct policy *p, struct json *j);

#endif
