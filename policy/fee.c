/*
 * What something beside the decision costs, such as the order of a card. It
 * is stated and never collected, and no rule looks at it. The scene holds the
 * person's data as the upstream system sent them. Next: decide.c.
 */
#include "policy/rule.h"

static bool
holds(const struct fee_waiver *w, const struct asked *a)
{
	struct view status = a->holder.has_card ? a->holder.card_status :
	    view_text("none");

	for (size_t i = 0; i < w->card.count; i++) {
		if (view_is(status, w->card.at[i]))
			return true;
	}
	return false;
}

int64_t
fee_of(const struct fee *fee, const struct scene *s)
{
	for (size_t i = 0; i < fee->waived.count; i++) {
		const struct fee_waiver *w = &fee->waived.at[i];

		if (s->asked->holder.birth_date.year == w->born &&
		    s->today.year == w->year && holds(w, s->asked))
			return 0;
	}
	return fee->won;
}
