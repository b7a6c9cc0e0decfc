/* Inside the policy: a grant, and the terms it would have. */
#ifndef OKSE_POLICY_GRANT_H
#define OKSE_POLICY_GRANT_H

#include "policy/model.h"

struct grant {
	const struct programme	*programme;
	struct grant_terms	 terms;
	int64_t			 age;	/* at terms.issued_at */
};

/*
 * What would be granted now by the programme's validity. f->now must be
 * sound (calendar_sound()). For a refresh the administrative expiry is that
 * of the active device, TIME_NONE when there is none.
 */
struct grant_terms grant_terms_of(const struct programme_file *p,
    const struct asked *a, const struct facts *f);

#endif
