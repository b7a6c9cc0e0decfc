/*
 * Publishing status lists, one at a time: pack, record, sign, verify, write.
 * No ticket, no signature, as for all else; signatures come from a keyholder
 * and are verified here before anything is replaced. Next: dispatch.c, which
 * gives the ticket to a keyholder.
 */
#include "signer/notary/lists.h"

#include <inttypes.h>
#include <string.h>

#include "audit/entry.h"
#include "base/file.h"
#include "signer/log.h"
#include "signer/notary/notary.h"
#include "signer/notary/ticket.h"
#include "signer/status_file.h"

#define PACK ((size_t)4096)	/* bytes of a list at once: some ms at most */
#define PAUSE INT64_C(1000000)	/* µs between two signatures of a list */
#define PAUSE_FAILED (10 * PAUSE)

/* ---- which is next */

static bool
is_due(const struct list *k, int64_t now)
{
	/* of its time: the service may be away for the other half */
	int64_t half = (k->expires_at - k->signed_at) / 2;

	return k->changed || k->signed_at == 0 ||
	    now >= k->signed_at + half || now < k->signed_at - half;
}

/* Changed ones first, then the one that was signed longest ago. */
static struct list *
next_due(const struct lists *l, int64_t now)
{
	int64_t monotonic = time_monotonic_us();
	struct list *best = NULL;

	for (size_t i = 0; i < l->count; i++) {
		struct list *k = l->at[i];

		if (k->bits == NULL || monotonic < k->not_before ||
		    !is_due(k, now))
			continue;
		if (best == NULL || k->changed > best->changed ||
		    (k->changed == best->changed &&
		    k->signed_at < best->signed_at))
			best = k;
	}
	return best;
}

/* ---- one attempt */

static void
end_attempt(struct lists *l, bool succeeded)
{
	struct list_work *w = &l->work;
	struct list *k = w->list;

	k->not_before = time_monotonic_us() +
	    (succeeded ? PAUSE : PAUSE_FAILED);
	if (succeeded) {
		k->signed_at = w->issued_at;
		k->expires_at = w->expires_at;
		l->signatures++;
	} else {
		k->changed = true;
		l->failures++;
	}
	status_packer_free(w->packer);
	ticket_free(w->ticket);
	*w = (struct list_work){ 0 };
}

static void
give_up(struct lists *l)
{
	log_error("status list %" PRId64 ": %s", l->work.list->list,
	    err_why());
	end_attempt(l, false);
}

static enum err
begin(struct notary *n, struct list *k)
{
	struct list_work *w = &n->lists.work;

	w->state = LIST_PACKING;
	w->list = k;
	TRY(status_packer_new(k->bits, &w->packer));
	k->changed = false;
	return ERR_OK;
}

static enum err
pack_some(struct list_work *w)
{
	bool whole;

	TRY(status_packer_step(w->packer, PACK, &whole));
	if (whole)
		w->state = LIST_PACKED;
	return ERR_OK;
}

bool
lists_pack(struct notary *n, int64_t now)
{
	struct lists *l = &n->lists;
	struct list_work *w = &l->work;
	struct list *k = NULL;
	enum err e = ERR_OK;

	if (w->state == LIST_IDLE && n->keyholders != 0 &&
	    (k = next_due(l, now)) != NULL)
		e = begin(n, k);
	else if (w->state == LIST_PACKING)
		e = pack_some(w);
	else
		return false;
	if (e != ERR_OK)
		give_up(l);
	return w->state == LIST_PACKING || w->state == LIST_PACKED;
}

/* ---- recording */

bool
lists_ready(const struct lists *l)
{
	return l->work.state == LIST_PACKED;
}

/* Within the certificate, should that end before. */
static enum err
choose_issuer(struct notary *n, struct list_work *w)
{
	const struct signer_task task = { .use = KEY_USE_STATUS };

	w->issuer = signers_choose(&n->signers, &task, n->now);
	if (w->issuer == NULL)
		return err_because(ERR_UNAVAILABLE, "no key of use status");
	TRY(issuer_check_time(w->issuer, n->now));
	w->issued_at = n->now;
	w->expires_at = n->now + n->config->status_lists.lifetime;
	if (w->expires_at > issuer_not_after(w->issuer))
		w->expires_at = issuer_not_after(w->issuer);
	return ERR_OK;
}

static enum err
make_drafts(struct notary *n, const struct list_work *w, struct drafts *out)
{
	char uri[PLACES_URI];
	struct status_token t = {
		.issued_at = w->issued_at,
		.expires_at = w->expires_at,
		.ttl = n->config->status_lists.ttl,
		.bits = STATUS_BITS,
		.list = status_packer_view(w->packer),
	};

	TRY(places_uri(n->config->status_lists.uri, w->list->list, uri));
	t.uri = view_text(uri);
	for (int form = STATUS_JWT; form < STATUS_FORMS; form++) {
		struct draft *d;

		TRY(status_token_draft((enum status_form)form, &t, w->issuer,
		    &d));
		out->hash[out->count] = sha256(draft_tbs(d));
		out->at[out->count++] = d;
	}
	return ERR_OK;
}

static enum err
record(struct notary *n, const struct list_work *w, struct drafts *drafts,
    struct served *out)
{
	struct hash name = issuer_name(w->issuer);
	struct entry_signed_facts f = {
		.list = (uint64_t)w->list->list,
		.serial = n->lists.serial + 1,
		.expiry = w->expires_at * 1000,
		.signer = name.at,
	};

	if (f.serial < (uint64_t)n->now)
		f.serial = (uint64_t)n->now;
	TRY(ticket_record_list(n, &f, drafts, out));
	n->lists.serial = f.serial;
	return ERR_OK;
}

enum err
lists_stage(struct notary *n, struct served *out)
{
	struct list_work *w = &n->lists.work;
	AUTO_DONE(drafts) drafts = { 0 };
	enum err e;

	if (w->state != LIST_PACKED || n->outstanding.count == OUTSTANDING_MAX)
		return ERR_OK;
	e = choose_issuer(n, w);
	if (e == ERR_OK)
		e = make_drafts(n, w, &drafts);
	if (e != ERR_OK) {
		give_up(&n->lists);
		return ERR_OK;
	}
	return record(n, w, &drafts, out);
}

void
lists_take(struct notary *n, struct ticket *t)
{
	struct list_work *w = &n->lists.work;

	w->ticket = t;
	w->state = LIST_SIGNING;
}

const struct ticket *
lists_ticket(const struct lists *l, uint64_t index)
{
	return l->work.ticket != NULL &&
	    ticket_index(l->work.ticket) == index ? l->work.ticket : NULL;
}

/* ---- signed */

static enum err
publish(const struct notary *n, enum status_form form, struct view document)
{
	char name[STATUS_FILE], path[4096];

	TRY(path_join(n->config->log, STATUS_DIR, path, sizeof(path)));
	TRY(dir_make(path, 0755));
	TRY(path_join(n->config->log, status_file(n->lists.work.list->list,
	    form, name), path, sizeof(path)));
	return file_replace(path, document, 0644);
}

enum err
lists_signed(struct notary *n, size_t part, struct view signature)
{
	struct list_work *w = &n->lists.work;
	AUTO_DONE(bytes) document = { 0 };
	const struct draft *d;
	struct hash digest;

	if (part >= STATUS_FORMS || signature.len != P256_SIGNATURE_SIZE)
		return err_because(ERR_SIGNATURE, "no signature of a status "
		    "list came back");
	d = ticket_part(w->ticket, part);
	digest = sha256(draft_tbs(d));
	TRY(p256_verify(issuer_key(w->issuer), &digest, signature));
	TRY(draft_document(d, signature.at, &document));
	TRY(publish(n, (enum status_form)part, bytes_view(&document)));
	w->published |= 1u << part;
	return ERR_OK;
}

void
lists_closed(struct notary *n, uint64_t index, enum err outcome)
{
	struct lists *l = &n->lists;
	bool all = l->work.published == (1u << STATUS_FORMS) - 1;

	if (lists_ticket(l, index) == NULL)
		return;
	if (outcome != ERR_OK || !all)
		log_error("status list %" PRId64 " is not published: %s",
		    l->work.list->list, err_code(outcome));
	end_attempt(l, outcome == ERR_OK && all);
}
