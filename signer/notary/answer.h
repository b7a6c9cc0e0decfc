/*
 * What a client hears of a decision: bodies of ANSWER and GRANTED
 * (signer/msg.txt).
 */
#ifndef OKSE_SIGNER_NOTARY_ANSWER_H
#define OKSE_SIGNER_NOTARY_ANSWER_H

#include "signer/notary/issue.h"

/* Where the log has it. */
struct place {
	const char	*origin;
	uint64_t	 index;
	struct hash	 leaf;
};

/*
 * ANSWER of a decision that nothing is signed for: a refusal, or a dry run,
 * which has its answer (ERR_OK) whatever the decision is.
 */
[[nodiscard]] enum err answer_decided(const struct decision *d, bool dry_run,
    const struct place *place, struct bytes *out);
/* ANSWER of a status change that was made; and the same for a retry. */
[[nodiscard]] enum err answer_changed(const struct decision *d,
    enum action a, const struct place *place, struct bytes *out);
[[nodiscard]] enum err answer_changed_again(struct view entry,
    const struct place *place, struct bytes *out);
/* ANSWER without a decision: the code, and why when a client may know. */
void answer_refused(enum err e, struct bytes *out);

[[nodiscard]] enum err answer_granted(const struct decision *d,
    const struct place *place, const struct grant_terms *terms,
    const struct drafts *drafts, struct bytes *out);
/* The same for a retry, from the decision's entry in the log. */
[[nodiscard]] enum err answer_granted_again(struct view entry,
    const struct place *place, const struct grant_terms *terms,
    const struct drafts *drafts, struct bytes *out);

#endif
