/*
 * Which counter: its name is keyed, so that it tells nobody who was counted,
 * and begins with its window's end, so that it is forgotten then. Windows are
 * those of Korean time: a day is a day in Seoul. Previous: facts.c,
 * reserve.c.
 */
#include "signer/notary/quotas.h"

#include <string.h>

static struct view
subject_of(const struct policy_quota *q, const struct asked *asked,
    const struct findings *f)
{
	if (q->per == PER_CLIENT)
		return asked->caller;
	return q->per == PER_CENTRE ? asked->evidence.centre :
	    VIEW_OF(f->holder.at);
}

static enum err
count_by(const struct notary *n, const struct policy_quota *q,
    const struct asked *asked, struct findings *f)
{
	struct view subject = subject_of(q, asked, f);
	int64_t korean = n->now + SEOUL;
	struct handle id = handle_at(n->now + q->window - korean % q->window);
	AUTO_DONE(bytes) text = { 0 };
	struct handle name;

	/* whoever names no centre is counted at none */
	if (subject.len == 0)
		return ERR_OK;
	bytes_put_block(&text, asked->programme);
	bytes_put_block(&text, view_text(q->id));
	bytes_put_block(&text, subject);
	TRY(bytes_check(&text));
	name = pseudonym_quota(n->keys, bytes_view(&text));
	memcpy(id.at + 4, name.at, sizeof(id.at) - 4);
	f->counters[f->counter_count].id = id;
	f->counters[f->counter_count++].at_most = q->at_most;
	return registry_quota_used(n->registry, &id,
	    &f->facts.quotas_used[q->place]);
}

enum err
quotas_gather(struct notary *n, const struct asked *asked,
    struct findings *f)
{
	struct policy_quota quotas[POLICY_QUOTAS];
	size_t count = policy_quotas(n->policy, asked, quotas);

	for (size_t i = 0; i < count; i++)
		TRY(count_by(n, &quotas[i], asked, f));
	return ERR_OK;
}

enum err
quotas_take(struct notary *n, const struct findings *f)
{
	for (size_t i = 0; i < f->counter_count; i++)
		TRY(registry_quota_take(n->registry, &f->counters[i].id,
		    f->counters[i].at_most));
	return ERR_OK;
}
