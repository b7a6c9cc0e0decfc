/* Inside the policy: what a decision shares with explain.c. */
#ifndef OKSE_POLICY_DECIDE_H
#define OKSE_POLICY_DECIDE_H

#include "policy/policy.h"

/* The members of decision_json(), with every message, into an open object. */
void decision_put(const struct decision *d, struct json *j);

#endif
