/*
 * Sending. Only what is durable gets here. Keyholders may crash or lie about
 * what they did; all they can report on is what they were given. Next:
 * chores.c, which logs the outcome.
 */
#include "signer/notary/dispatch.h"

#include <string.h>

#include "signer/log.h"
#include "signer/notary/ticket.h"
#include "signer/rider.h"

#define RETRY_SECONDS 1

struct peer *
dispatch_keyholder(const struct notary *n, struct proc *p)
{
	struct peer *best = NULL;
	size_t least = SIZE_MAX;

	for (struct peer *k = proc_next(p, ROLE_KEYHOLDER, NULL); k != NULL;
	    k = proc_next(p, ROLE_KEYHOLDER, k)) {
		if (peer_index(k) >= OUTSTANDING_KEYHOLDERS ||
		    n->outstanding.load[peer_index(k)] >= least)
			continue;
		least = n->outstanding.load[peer_index(k)];
		best = k;
	}
	return best;
}

/* ---- how a ticket ends */

static void
tell_failed(struct proc *p, uint64_t id, enum err e, struct view why)
{
	AUTO_DONE(bytes) body = { 0 };

	if (id == 0)
		return;
	bytes_put_u16(&body, (uint16_t)e);
	bytes_put_u16(&body, RETRY_SECONDS);
	bytes_put_block(&body, why);
	peer_send(proc_peer(p, ROLE_GATE, 0), MSG_FAILED, id,
	    bytes_view(&body));
}

/*
 * The first part that fails is told at once. Whatever the token did, it is no
 * fault of the client's: a signature that does not verify is ours to retry.
 */
static void
part_failed(struct proc *p, struct outstanding_ticket *t, enum err e,
    struct view why)
{
	if (t->err != ERR_OK)
		return;
	t->err = e;
	log_warning("a signature failed: %.*s", (int)why.len,
	    (const char *)why.at);
	tell_failed(p, t->id, err_status(e) < 500 ? ERR_TOKEN : e, why);
}

static void
close_ticket(struct notary *n, struct outstanding_ticket *t)
{
	if (t->err == ERR_OK) {
		chores_add_done(&n->chores, t->index);
		n->tally.done++;
	} else {
		chores_add_failed(&n->chores, t->index, t->err);
		n->tally.failed++;
	}
	lists_closed(n, t->index, t->err);
	metadata_closed(n, t->index, t->err);
	outstanding_remove(&n->outstanding, t);
}

/* The name of a QR token, which no other draft has. */
static void
vouch(struct notary *n, struct view name)
{
	struct hash h;

	if (name.len != sizeof(h.at))
		return;
	memcpy(h.at, name.at, sizeof(h.at));
	vouched_add(&n->vouched, &h);
}

static enum err
sane(uint16_t code)
{
	return code < ERR_COUNT ? (enum err)code : ERR_INTERNAL;
}

void
dispatch_done(struct notary *n, struct proc *p, uint32_t keyholder,
    struct view body)
{
	struct reader r = reader_of(body);
	uint64_t index = reader_u64(&r);
	uint8_t part = reader_u8(&r);
	enum err e = sane(reader_u16(&r));
	struct view words = reader_block(&r, MSG_LONG);
	struct outstanding_ticket *t = outstanding_find(&n->outstanding,
	    index);

	if (reader_end(&r, "DONE") != ERR_OK || t == NULL ||
	    t->keyholder != keyholder) {
		log_warning("keyholder %u reports on a ticket it does not "
		    "hold", keyholder);
		return;
	}
	if (e == ERR_OK && lists_ticket(&n->lists, index) != NULL &&
	    (e = lists_signed(n, part, words)) != ERR_OK)
		words = view_text(err_why());
	if (e == ERR_OK)
		metadata_signed(n, index, words);
	if (e != ERR_OK)
		part_failed(p, t, e, words);
	else
		vouch(n, words);
	if (--t->parts == 0)
		close_ticket(n, t);
}

void
dispatch_keyholder_gone(struct notary *n, struct proc *p,
    uint32_t keyholder)
{
	struct outstanding *o = &n->outstanding;

	/* removing moves the last into the hole: backwards meets each once */
	for (size_t i = o->count; i-- > 0;) {
		if (o->at[i].keyholder != keyholder)
			continue;
		part_failed(p, &o->at[i], ERR_UNAVAILABLE,
		    view_text("the process that signs has ended"));
		close_ticket(n, &o->at[i]);
	}
}

void
dispatch_gate_gone(struct notary *n)
{
	for (size_t i = 0; i < n->outstanding.count; i++)
		n->outstanding.at[i].id = 0;
}

/* ---- after a commit */

static enum err
send_part(struct peer *keyholder, uint64_t id, const struct ticket *ticket,
    size_t part)
{
	AUTO_DONE(bytes) body = { 0 }, rider = { 0 };
	AUTO_FD fd = -1;

	ticket_put(ticket, part, &body, &rider);
	TRY(bytes_check(&body));
	TRY(bytes_check(&rider));
	if (rider.len != 0)
		TRY(rider_make(bytes_view(&rider), &fd));
	peer_send_fd(keyholder, MSG_TICKET, id, bytes_view(&body), fd);
	return ERR_OK;
}

static void
send_ticket(struct notary *n, struct proc *p, uint64_t id,
    const struct ticket *ticket)
{
	struct outstanding_ticket *t = outstanding_find(&n->outstanding,
	    ticket_index(ticket));
	struct peer *keyholder = dispatch_keyholder(n, p);
	size_t parts = ticket_parts(ticket);
	enum err e = ERR_OK;

	if (keyholder == NULL) {
		part_failed(p, t, ERR_UNAVAILABLE,
		    view_text("no keyholder is ready"));
		close_ticket(n, t);
		return;
	}
	outstanding_assign(&n->outstanding, t, peer_index(keyholder));
	for (size_t i = 0; i < parts && e == ERR_OK; i++)
		e = send_part(keyholder, id, ticket, i);
	if (e == ERR_OK)
		return;
	/* what was sent before is signed, and reported on to nobody */
	part_failed(p, t, e, view_text(err_why()));
	close_ticket(n, t);
}

static void
send_drafts(struct peer *gate, const struct served *s)
{
	AUTO_DONE(bytes) body = { 0 };

	for (size_t i = 0; i < ticket_parts(s->ticket); i++) {
		bytes_reset(&body);
		ticket_put_draft(s->ticket, i, &body);
		peer_send(gate, MSG_DRAFT, s->id, bytes_view(&body));
	}
}

void
dispatch_batch(struct notary *n, struct proc *p, struct batch *b)
{
	struct peer *gate = proc_peer(p, ROLE_GATE, 0);

	for (size_t i = 0; i < b->count; i++) {
		if (b->at[i].type != 0)
			peer_send(gate, b->at[i].type, b->at[i].id,
			    bytes_view(&b->at[i].body));
		if (b->at[i].ticket == NULL)
			continue;
		if (b->at[i].type != 0)
			send_drafts(gate, &b->at[i]);
		send_ticket(n, p, b->at[i].id, b->at[i].ticket);
	}
	if (b->list.ticket == NULL)
		return;
	lists_take(n, STEAL(b->list.ticket));
	send_ticket(n, p, 0, n->lists.work.ticket);
}

void
dispatch_records(struct notary *n, struct proc *p)
{
	struct peer *supervisor = proc_peer(p, ROLE_SUPERVISOR, 0);

	for (size_t i = 0; i < n->chores.record_count; i++) {
		AUTO_DONE(bytes) body = { 0 };

		bytes_put_u64(&body, n->chores.records[i].index);
		peer_send(supervisor, MSG_RECORDED, n->chores.records[i].id,
		    bytes_view(&body));
	}
}
