/*
 * What tests of the notary ask of a world: one request served, its answer
 * looked into, its draft signed as a keyholder would.
 */
#ifndef OKSE_TESTS_UNIT_SIGNER_NOTARY_H
#define OKSE_TESTS_UNIT_SIGNER_NOTARY_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/signer/world.h"

#define OK(expr) assert_int_equal(expr, ERR_OK)

static inline int
world_setup(void **state)
{
	struct world *w = world_new();

	world_open(w);
	*state = w;
	return 0;
}

static inline int
world_teardown(void **state)
{
	world_free(*state);
	return 0;
}

/* Serves one request; the result lives until the next. */
static inline struct served *
world_ask(struct world *w, const struct asked *asked)
{
	world_queue(w, asked);
	world_run(w);
	assert_int_equal(w->batch.count, 1);
	return &w->batch.at[0];
}

/* The code of an ANSWER; of a GRANTED, ERR_OK and a ticket is there. */
static inline enum err
served_err(const struct served *s)
{
	struct reader r = reader_of(bytes_view(&s->body));

	assert_int_equal(s->ticket != NULL, s->type == MSG_GRANTED);
	return s->type == MSG_GRANTED ? ERR_OK : (enum err)reader_u16(&r);
}

static inline bool
served_says(const struct served *s, const char *text)
{
	return memmem(s->body.at, s->body.len, text, strlen(text)) != NULL;
}

/* What the policy says of one rule in the answer. */
static inline bool
served_failed(const struct served *s, const char *rule)
{
	char text[128];

	snprintf(text, sizeof(text), "{\"id\":\"%s\",\"outcome\":\"fail\"",
	    rule);
	return served_says(s, text);
}

/* The draft of one part of a ticket, as the gate gets it. */
static inline struct draft *
ticket_whole(const struct ticket *t, size_t part)
{
	AUTO_DONE(bytes) body = { 0 };
	struct draft *d = NULL;
	struct reader r;

	ticket_put_draft(t, part, &body);
	OK(bytes_check(&body));
	r = reader_of(bytes_view(&body));
	assert_int_equal(reader_u8(&r), part);
	OK(draft_decode(reader_block(&r, MSG_LONG), &d));
	OK(reader_end(&r, "draft"));
	return d;
}

/* As a keyholder gets it: the same, without what is not signed. */
static inline struct draft *
ticket_draft(const struct ticket *t, size_t part, struct bytes *storage)
{
	AUTO(draft) whole = ticket_whole(t, part);
	struct draft *d = NULL;
	struct reader r;
	struct view hash;
	AUTO_DONE(bytes) rider = { 0 };
	struct hash tbs;

	bytes_reset(storage);
	ticket_put(t, part, storage, &rider);
	assert_int_equal(rider.len, 0);
	r = reader_of(bytes_view(storage));
	assert_int_equal(reader_u64(&r), ticket_index(t));
	assert_int_equal(reader_u8(&r), part);
	hash = reader_take(&r, SHA256_SIZE);
	OK(draft_decode(reader_block(&r, MSG_LONG), &d));
	OK(reader_end(&r, "ticket"));
	tbs = sha256(draft_tbs(d));
	assert_memory_equal(hash.at, tbs.at, SHA256_SIZE);
	assert_true(view_equal(draft_tbs(d), draft_tbs(whole)));
	return d;
}

/* Signs and reports: the ticket is closed with the next commit. */
static inline void
world_sign(struct world *w, const struct ticket *t, struct bytes *out)
{
	struct outstanding_ticket *o = outstanding_find(&w->n->outstanding,
	    ticket_index(t));
	AUTO_DONE(bytes) storage = { 0 };
	uint8_t signature[P256_SIGNATURE_SIZE];
	struct draft *d = ticket_draft(t, 0, &storage);

	software_sign(world_key_of(w, d), draft_tbs(d), signature);
	draft_free(d);
	d = ticket_whole(t, 0);
	OK(draft_document(d, signature, out));
	draft_free(d);
	assert_non_null(o);
	outstanding_remove(&w->n->outstanding, o);
	chores_add_done(&w->n->chores, ticket_index(t));
}

/* A visit: the text of a QR token for person i. */
static inline void
world_visit(struct world *w, size_t i, enum purpose purpose,
    struct bytes *out)
{
	static uint64_t visits;
	struct served *s;
	struct person p;

	person_init(&p, i, OPERATION_QR_TOKEN);
	p.asked.purpose = purpose;
	if (purpose == PURPOSE_REISSUE)
		p.asked.reason = view_text("device-replaced");
	snprintf(p.key, sizeof(p.key), "visit-%llu",
	    (unsigned long long)++visits);
	p.asked.idempotency_key = view_text(p.key);
	s = world_ask(w, &p.asked);
	assert_int_equal(served_err(s), ERR_OK);
	world_sign(w, s->ticket, out);
}

/* The newest entries of the log contain a text. */
static inline bool
world_logged(struct world *w, uint64_t last, const char *text)
{
	uint64_t count = journal_durable(w->n->journal);

	for (uint64_t i = count > last ? count - last : 0; i < count; i++) {
		struct view e;

		OK(registry_entry_get(w->n->registry, i, &e));
		if (memmem(e.at, e.len, text, strlen(text)) != NULL)
			return true;
	}
	return false;
}

#endif
