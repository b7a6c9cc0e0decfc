/*
 * The bits of status lists, and keeping them the registry's. What is read
 * back was written here or by another daemon on the same registry, and is
 * checked for its bounds. Next: lists_sign.c, which publishes them.
 */
#include "signer/notary/lists.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/file.h"
#include "signer/log.h"
#include "signer/notary/notary.h"
#include "signer/notary/ticket.h"
#include "signer/status_file.h"

#define LOOKS 16	/* lists that are asked about at once */
#define SWEEP 512	/* uses that are read at once */
#define PLACES 64	/* worked out at once */

static void
list_free(struct list *k)
{
	if (k == NULL)
		return;
	status_list_free(k->bits);
	status_list_free(k->fresh);
	mem_free(k);
}

AUTO_STRUCT(list);

void
lists_done(struct lists *l)
{
	for (size_t i = 0; i < l->count; i++)
		list_free(l->at[i]);
	places_done(&l->places);
	status_packer_free(l->work.packer);
	ticket_free(l->work.ticket);
	*l = (struct lists){ .serial = l->serial,
	    .signatures = l->signatures, .failures = l->failures };
}

static struct list *
find(const struct lists *l, int64_t list)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->at[i]->list == list)
			return l->at[i];
	return NULL;
}

/* ---- bits */

static enum err
set_some(struct notary *n, struct status_list *bits,
    const struct status_use *use, enum status value)
{
	uint64_t places[PLACES];

	TRY(places_of_use(&n->lists.places, n->keys, n->registry, use,
	    (size_t)use->count, places));
	for (int64_t i = 0; i < use->count; i++)
		TRY(status_list_set(bits, places[i], value));
	return ERR_OK;
}

static enum err
set_use(struct notary *n, const struct list *k, struct status_list *bits,
    const struct status_use *use, enum status value)
{
	struct status_use some = { .list = k->list, .size = k->size };

	if (use->first < 0 || use->count < 0 || use->first > k->size ||
	    use->count > k->size - use->first)
		return err_because(ERR_CORRUPT, "the registry has a use of "
		    "status list %" PRId64 " beyond its end", k->list);
	for (int64_t i = 0; i < use->count; i += some.count) {
		some.first = use->first + i;
		some.count = use->count - i < PLACES ? use->count - i :
		    PLACES;
		TRY(set_some(n, bits, &some, value));
	}
	return ERR_OK;
}

/* ---- our own changes */

static enum err
apply(struct notary *n, struct list *k, const struct registry_change *c)
{
	if (k->bits != NULL) {
		TRY(set_use(n, k, k->bits, &c->use, c->value));
		k->changed = true;
		k->version++;
	}
	if (k->fresh != NULL) {
		TRY(set_use(n, k, k->fresh, &c->use, c->value));
		k->fresh_version++;
	}
	return ERR_OK;
}

/* Of lists that are not known yet all will be read. */
static enum err
apply_changes(struct notary *n)
{
	struct registry_change c;

	while (registry_status_next(n->registry, &c)) {
		struct list *k = find(&n->lists, c.use.list);

		if (k != NULL)
			TRY(apply(n, k, &c));
	}
	return ERR_OK;
}

/* ---- reading */

struct reading {
	struct notary	*notary;
	struct list	*list;
};

static enum err
read_use(void *arg, const struct status_use *use, enum status value)
{
	struct reading *r = arg;

	return set_use(r->notary, r->list, r->list->fresh, use, value);
}

static enum err
begin_reading(struct list *k, int64_t version)
{
	TRY(status_list_new(STATUS_BITS, (uint64_t)k->size, &k->fresh));
	k->sweep = (struct registry_sweep){ .list = k->list };
	k->fresh_version = version;
	return ERR_OK;
}

static enum err
read_some(struct notary *n, struct list *k)
{
	struct reading r = { n, k };

	TRY(registry_status_changed(n->registry, &k->sweep, SWEEP, read_use,
	    &r));
	if (!k->sweep.whole)
		return ERR_OK;
	k->changed = k->changed || k->bits == NULL ||
	    !status_list_equal(k->bits, k->fresh);
	status_list_free(k->bits);
	k->bits = STEAL(k->fresh);
	k->version = k->fresh_version;
	return ERR_OK;
}

/* ---- which there are */

static void
unpublish(const struct notary *n, int64_t list)
{
	for (int form = STATUS_JWT; form < STATUS_FORMS; form++) {
		char name[STATUS_FILE], path[4096];

		if (path_join(n->config->log, status_file(list,
		    (enum status_form)form, name), path, sizeof(path)) ==
		    ERR_OK)
			(void)unlink(path);
	}
}

/* Its last credential has expired, long ago. */
static void
retire(struct notary *n, struct list *k)
{
	struct lists *l = &n->lists;
	size_t i = 0;

	if (l->work.list == k)
		return;		/* the next time */
	while (l->at[i] != k)
		i++;
	log_info("status list %" PRId64 " is over: all its credentials have "
	    "expired", k->list);
	unpublish(n, k->list);
	l->at[i] = l->at[--l->count];
	list_free(k);
}

static enum err
add(struct notary *n, const struct registry_list *found)
{
	struct lists *l = &n->lists;
	AUTO(list) k = NULL;

	if (l->count == LISTS_MAX) {
		if (!l->full)
			log_error("status list %" PRId64 " is not published: "
			    "%d are in use", found->list, LISTS_MAX);
		l->full = true;
		return ERR_OK;
	}
	if ((k = mem_new(1, sizeof(*k))) == NULL)
		return err_because(ERR_MEMORY, "a status list");
	k->list = found->list;
	k->size = found->size;
	TRY(begin_reading(k, found->version));
	l->at[l->count++] = STEAL(k);
	return ERR_OK;
}

/* Whether a list is full is told by there being another. */
static enum err
look_at(struct notary *n, const struct registry_list *found)
{
	struct list *k = find(&n->lists, found->list);
	bool in_use = true;

	if (found->list < n->lists.newest)
		TRY(registry_status_in_use(n->registry, found->list,
		    &in_use));
	if (!in_use) {
		if (k != NULL)
			retire(n, k);
		return ERR_OK;
	}
	if (k == NULL)
		return add(n, found);
	if (k->fresh != NULL || k->version == found->version)
		return ERR_OK;
	return begin_reading(k, found->version);
}

enum err
lists_look(struct notary *n)
{
	struct lists *l = &n->lists;

	if (n->keys == NULL)
		return ERR_OK;
	TRY(apply_changes(n));
	for (size_t i = 0; i < LOOKS; i++) {
		struct registry_list found;
		enum err e = registry_status_list(n->registry, l->look_next,
		    &found);

		if (e == ERR_NOT_FOUND) {
			l->look_next = 0;
			return ERR_OK;
		}
		TRY(e);
		l->look_next = found.list + 1;
		if (found.list > l->newest)
			l->newest = found.list;
		TRY(look_at(n, &found));
	}
	return ERR_OK;
}

/* ---- each pass */

enum err
lists_step(struct notary *n, int64_t now, bool *out_more)
{
	struct lists *l = &n->lists;

	*out_more = false;
	if (n->keys == NULL)
		return ERR_OK;
	TRY(apply_changes(n));
	/* a list that this process has just opened is not waited for */
	if (n->places.list > l->newest)
		TRY(lists_look(n));
	for (size_t i = 0; i < l->count && !*out_more; i++) {
		if (l->at[i]->fresh == NULL)
			continue;
		TRY(read_some(n, l->at[i]));
		*out_more = true;
	}
	*out_more = lists_pack(n, now) || *out_more;
	return ERR_OK;
}

void
lists_metrics(const struct lists *l, struct bytes *out)
{
	int64_t oldest = 0;
	size_t behind = 0;

	for (size_t i = 0; i < l->count; i++) {
		if (i == 0 || l->at[i]->signed_at < oldest)
			oldest = l->at[i]->signed_at;
		behind += l->at[i]->changed;
	}
	tally_head(out, "status_lists", "gauge", "Status lists in use.");
	bytes_printf(out, "okse_status_lists %zu\n", l->count);
	tally_head(out, "status_lists_behind", "gauge",
	    "Status lists with a change that is not published yet.");
	bytes_printf(out, "okse_status_lists_behind %zu\n", behind);
	tally_head(out, "status_list_signed_seconds", "gauge",
	    "When the status list that was signed longest ago was signed.");
	bytes_printf(out, "okse_status_list_signed_seconds %" PRId64 "\n",
	    oldest);
	tally_head(out, "status_list_signatures_total", "counter",
	    "Status lists published, each in two forms.");
	bytes_printf(out, "okse_status_list_signatures_total %" PRIu64 "\n",
	    l->signatures);
	tally_head(out, "status_list_failures_total", "counter",
	    "Attempts to publish a status list that failed.");
	bytes_printf(out, "okse_status_list_failures_total %" PRIu64 "\n",
	    l->failures);
}
