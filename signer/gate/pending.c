/*
 * Joining what comes back for a request. Messages are other processes' and
 * their bodies are checked; which request they belong to is told by an id
 * that nobody outside can guess. Next: server_reply().
 */
#include "signer/gate/pending.h"

#include <string.h>

#include "credential/proof.h"
#include "signer/gate/waiting.h"

#define BUCKETS 1024		/* ids are consecutive: few share one */

struct pending {
	struct waiting	*buckets[BUCKETS];
	size_t		 count, max;
	pending_reply	 reply;
	void		*context;
};

static void
waiting_free(struct waiting *w)
{
	if (w == NULL)
		return;
	for (size_t i = 0; i < w->part_room; i++) {
		draft_free(w->parts[i].draft);
		bytes_done(&w->parts[i].signatures);
	}
	mem_free(w->parts);
	mem_free(w->keys);
	bytes_done(&w->decision);
	bytes_done(&w->log);
	bytes_done(&w->status_uri);
	mem_free(w);
}

AUTO_STRUCT(waiting);

enum err
pending_new(size_t max, pending_reply reply, void *context,
    struct pending **out_pending)
{
	struct pending *p = mem_new(1, sizeof(*p));

	if (p == NULL)
		return err_because(ERR_MEMORY, "requests in flight");
	p->max = max;
	p->reply = reply;
	p->context = context;
	*out_pending = p;
	return ERR_OK;
}

void
pending_free(struct pending *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while (p->buckets[i] != NULL) {
			struct waiting *next = p->buckets[i]->next;

			waiting_free(p->buckets[i]);
			p->buckets[i] = next;
		}
	}
	mem_free(p);
}

size_t
pending_count(const struct pending *p)
{
	return p->count;
}

static struct waiting **
find(struct pending *p, uint64_t id)
{
	struct waiting **link = &p->buckets[id % BUCKETS];

	while (*link != NULL && (*link)->id != id)
		link = &(*link)->next;
	return link;
}

static enum err
keep_keys(struct waiting *w, const struct asked *asked)
{
	w->key_count = asked->proof_count;
	w->keys = mem_new(w->key_count, sizeof(*w->keys));
	if (w->keys == NULL)
		return err_because(ERR_MEMORY, "keys of a request");
	for (size_t i = 0; i < w->key_count; i++)
		w->keys[i] = jwk_thumbprint(asked->proofs[i].point);
	return ERR_OK;
}

enum err
pending_add(struct pending *p, const struct call *call,
    enum pending_kind kind, const struct asked *asked)
{
	AUTO(waiting) w = mem_new(1, sizeof(*w));
	struct waiting **bucket = &p->buckets[call->id % BUCKETS];

	if (w == NULL)
		return err_because(ERR_MEMORY, "a request in flight");
	if (p->count >= p->max)
		return err_because(ERR_FULL, "%zu requests are in flight, "
		    "which is the limit", p->count);
	w->id = call->id;
	w->origin = call->origin;
	w->deadline = call->deadline;
	w->kind = kind;
	if (kind == PENDING_QR_TOKEN)
		w->pictures = asked->pictures;
	if (kind == PENDING_CREDENTIAL)
		TRY(keep_keys(w, asked));
	w->next = *bucket;
	*bucket = STEAL(w);
	p->count++;
	return ERR_OK;
}

/* Hands the answer on and forgets the request. */
static void
finish(struct pending *p, struct waiting **link, struct reply *r)
{
	AUTO(waiting) w = *link;

	*link = w->next;
	p->count--;
	p->reply(p->context, w->origin, r);
}

static void
finish_with_problem(struct pending *p, struct waiting **link, enum err e,
    const char *detail, unsigned int retry_after, struct view members)
{
	const struct problem problem = {
		.err = e,
		.detail = detail,
		.request = (*link)->id,
		.retry_after = retry_after,
		.members = members,
	};
	struct reply r = problem_reply(&problem);

	finish(p, link, &r);
}

/* ---- the answer to a grant: granted.c */

/* Answers once grant, drafts and signatures are all there. */
static void
try_to_finish(struct pending *p, struct waiting **link)
{
	const struct waiting *w = *link;
	struct reply r = { .status = 201, .type = REPLY_JSON };
	enum err e;

	if (!w->granted)
		return;
	for (size_t i = 0; i < w->part_count; i++)
		if (w->parts[i].draft == NULL ||
		    w->parts[i].signatures.len == 0)
			return;
	if ((e = waiting_put_granted(w, &r.body)) == ERR_OK) {
		finish(p, link, &r);
		return;
	}
	reply_done(&r);
	/* logged and signed: a retry with the same key gets it */
	finish_with_problem(p, link, e == ERR_MEMORY ? e : ERR_INTERNAL, NULL,
	    0, VIEW(NULL, 0));
}

/* ---- what the others say */

static enum err
make_room(struct waiting *w, size_t parts)
{
	struct part *fresh;

	if (parts <= w->part_room)
		return ERR_OK;
	if ((fresh = mem_resize(w->parts, parts, sizeof(*fresh))) == NULL)
		return err_because(ERR_MEMORY, "parts of a request");
	w->parts = fresh;
	w->part_room = parts;
	return ERR_OK;
}

static enum err
check_count(struct waiting *w, size_t count)
{
	/* a credential for every key in every format, or one token */
	size_t unit = w->kind == PENDING_CREDENTIAL ? w->key_count : 1;

	if (count == 0 || unit == 0 || count % unit != 0 ||
	    (w->kind == PENDING_QR_TOKEN && count != 1))
		return err_because(ERR_SCHEMA, "GRANTED: %zu parts", count);
	return make_room(w, count);
}

static void
read_places(struct waiting *w, struct reader *r)
{
	struct view uri = reader_block(r, MSG_LONG);

	bytes_reset(&w->status_uri);
	bytes_put(&w->status_uri, uri);
	for (size_t i = 0; uri.len != 0 && i < w->part_count; i++)
		w->parts[i].place = reader_u64(r);
}

enum err
pending_granted(struct pending *p, uint64_t id, struct view body)
{
	struct waiting **link = find(p, id), *w = *link;
	struct reader r = reader_of(body);

	if (w == NULL)
		return ERR_OK;
	if (w->granted || (w->kind != PENDING_QR_TOKEN &&
	    w->kind != PENDING_CREDENTIAL))
		return err_because(ERR_SCHEMA, "GRANTED came unasked");
	bytes_reset(&w->decision);
	bytes_reset(&w->log);
	bytes_put(&w->decision, reader_block(&r, MSG_LONG));
	bytes_put(&w->log, reader_block(&r, MSG_LONG));
	w->valid_from = (int64_t)reader_u64(&r);
	w->valid_until = (int64_t)reader_u64(&r);
	w->administrative_expiry = (int64_t)reader_u64(&r);
	w->part_count = reader_u8(&r);
	TRY(check_count(w, w->part_count));
	read_places(w, &r);
	TRY(reader_end(&r, "GRANTED"));
	TRY(bytes_check(&w->status_uri));
	TRY(bytes_check(&w->decision));
	TRY(bytes_check(&w->log));
	w->granted = true;
	try_to_finish(p, link);
	return ERR_OK;
}

enum err
pending_draft(struct pending *p, uint64_t id, struct view body)
{
	struct waiting **link = find(p, id), *w = *link;
	struct reader r = reader_of(body);
	size_t part = reader_u8(&r);
	struct view encoded = reader_block(&r, MSG_LONG);
	AUTO(draft) d = NULL;

	TRY(reader_end(&r, "DRAFT"));
	TRY(draft_decode(encoded, &d));
	if (w == NULL)
		return ERR_OK;
	TRY(make_room(w, part + 1));
	draft_free(w->parts[part].draft);
	w->parts[part].draft = STEAL(d);
	try_to_finish(p, link);
	return ERR_OK;
}

enum err
pending_signature(struct pending *p, uint64_t id, struct view body)
{
	struct waiting **link = find(p, id), *w = *link;
	struct reader r = reader_of(body);
	size_t part = reader_u8(&r);
	size_t count = reader_u8(&r);
	struct view all = reader_take(&r, count * P256_SIGNATURE_SIZE);

	TRY(reader_end(&r, "SIGNATURE"));
	if (count == 0)
		return err_because(ERR_SCHEMA, "SIGNATURE without one");
	if (w == NULL)
		return ERR_OK;
	TRY(make_room(w, part + 1));
	bytes_reset(&w->parts[part].signatures);
	bytes_put(&w->parts[part].signatures, all);
	TRY(bytes_check(&w->parts[part].signatures));
	try_to_finish(p, link);
	return ERR_OK;
}

enum err
pending_answer(struct pending *p, uint64_t id, struct view body)
{
	struct waiting **link = find(p, id);
	struct reader r = reader_of(body);
	enum err e = (enum err)reader_u16(&r);
	struct view members = reader_block(&r, MSG_LONG);
	struct reply reply = { .status = 200, .type = REPLY_JSON };

	TRY(reader_end(&r, "ANSWER"));
	if (*link == NULL)
		return ERR_OK;
	/* a dry run that is refused has told what it was asked */
	if (e == ERR_REFUSED && (*link)->kind == PENDING_DECISION)
		e = ERR_OK;
	if (e != ERR_OK) {
		finish_with_problem(p, link, e, NULL, 0, members);
		return ERR_OK;
	}
	if ((*link)->kind == PENDING_CHALLENGE ||
	    (*link)->kind == PENDING_STATUS_CHANGE)
		reply.status = 201;
	bytes_put_u8(&reply.body, '{');
	bytes_put(&reply.body, members);
	bytes_put_u8(&reply.body, '}');
	finish(p, link, &reply);
	return ERR_OK;
}

enum err
pending_failed(struct pending *p, uint64_t id, struct view body)
{
	struct waiting **link = find(p, id);
	struct reader r = reader_of(body);
	enum err e = (enum err)reader_u16(&r);
	unsigned int retry_after = reader_u16(&r);
	AUTO_DONE(bytes) message = { 0 };

	bytes_put(&message, reader_block(&r, MSG_LONG));
	TRY(reader_end(&r, "FAILED"));
	if (*link == NULL)
		return ERR_OK;
	finish_with_problem(p, link, e == ERR_OK ? ERR_INTERNAL : e,
	    bytes_text(&message), retry_after, VIEW(NULL, 0));
	return ERR_OK;
}

enum err
pending_admin(struct pending *p, uint64_t id, struct view body)
{
	struct waiting **link = find(p, id);
	struct reader r = reader_of(body);
	enum err e = (enum err)reader_u16(&r);
	struct reply reply = { .status = 200, .type = REPLY_JSON };
	AUTO_DONE(bytes) message = { 0 };
	struct view json;

	bytes_put(&message, reader_block(&r, MSG_LONG));
	json = reader_block(&r, MSG_LONG);
	TRY(reader_end(&r, "ADMIN_REPLY"));
	if (*link == NULL)
		return ERR_OK;
	if (e != ERR_OK) {
		finish_with_problem(p, link, e, bytes_text(&message), 0,
		    VIEW(NULL, 0));
		return ERR_OK;
	}
	bytes_put(&reply.body, json);
	finish(p, link, &reply);
	return ERR_OK;
}

/* ---- giving up */

static void
fail_due(struct pending *p, int64_t now, enum err e, const char *detail)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		struct waiting **link = &p->buckets[i];

		while (*link != NULL) {
			if ((*link)->deadline > now)
				link = &(*link)->next;
			else
				finish_with_problem(p, link, e, detail, 0,
				    VIEW(NULL, 0));
		}
	}
}

void
pending_fail_all(struct pending *p, enum err e, const char *detail)
{
	fail_due(p, INT64_MAX, e, detail);
}

void
pending_sweep(struct pending *p, int64_t now)
{
	fail_due(p, now, ERR_UNAVAILABLE, "no answer in time; a retry with "
	    "the same Idempotency-Key is safe");
}
