/* Inside the policy: what a decision shares with explain.c, seen.c. */
#ifndef OKSE_POLICY_DECIDE_H
#define OKSE_POLICY_DECIDE_H

#include "policy/judge.h"

/* The members of decision_json(), with every message, into an open object. */
void decision_put(const struct decision *d, struct json *j);

/* NULL when nothing was judged; then neither have the others anything. */
const struct programme_file *decision_programme(const struct decision *d);
const struct judged *decision_judged(const struct decision *d);

#endif
