/*
 * The notary among witnesses, without a courier: witnesses made of the same
 * functions that `okse audit witness` serves, with clocks, memories and
 * tempers of their own, and a time that the test moves.
 */
#ifndef OKSE_TESTS_UNIT_SIGNER_WITNESSES_H
#define OKSE_TESTS_UNIT_SIGNER_WITNESSES_H

#include <inttypes.h>
#include <string.h>

#include "audit/publish.h"
#include "audit/witness.h"
#include "signer/courier/courier.h"
#include "signer/notary/witnesses.h"
#include "tests/unit/signer/publish.h"

#define SECOND INT64_C(1000000)
#define WITNESSES 3

struct fake {
	struct cosigner		*cosigner;
	struct witness_log	 log;
	struct bytes		 kept;
	bool			 away;
	unsigned int		 says;		/* a status instead, or 0 */
	const char		*body;
	int64_t			 clock;		/* seconds it is off */
	unsigned int		 adds, looks;
};

static struct fake fakes[WITNESSES];
static int64_t now_us;
static char policy_path[64];

/* ---- the witnesses' side */

static inline void
serve_add(struct fake *f, struct view request, uint16_t *status,
    struct bytes *answer)
{
	struct witness_request r;
	struct checkpoint c;
	enum err e = witness_request_get(request, &r);

	f->adds++;
	if (e == ERR_OK)
		e = witness_check(&f->log, &r, &c);
	*status = (uint16_t)err_status(e);
	if (e == ERR_EXISTS)
		witness_size_put(answer, f->log.size);
	if (e != ERR_OK)
		return;
	bytes_reset(&f->kept);
	OK(witness_cosign(&f->log, &r, f->cosigner,
	    (uint64_t)(time_now() + f->clock), &f->kept, answer));
	f->log.size = c.size;
	f->log.root = c.root;
}

static inline void
serve(struct fake *f, unsigned int kind, struct view request,
    struct bytes *out)
{
	AUTO_DONE(bytes) answer = { 0 };
	uint16_t status = 200;

	if (f->says != 0) {
		status = (uint16_t)f->says;
		bytes_put_text(&answer, f->body);
	} else if (kind == ERRAND_ADD) {
		serve_add(f, request, &status, &answer);
	} else {
		f->looks++;
		status = f->kept.len != 0 ? 200 : 404;
		bytes_put(&answer, bytes_view(&f->kept));
	}
	bytes_put_u16(out, f->away ? ERR_TIMEOUT : ERR_OK);
	bytes_put_u16(out, f->away ? 0 : status);
	bytes_put_block(out, f->away ? VIEW(NULL, 0) : bytes_view(&answer));
	bytes_put_block(out, view_text(f->away ? "no answer in time" : ""));
}

/* Carries what is due there and back, until nothing is. */
static inline size_t
carry(struct world *w)
{
	size_t carried = 0;
	bool any = true, published;

	while (any) {
		AUTO_DONE(bytes) errand = { 0 }, back = { 0 };
		struct reader r;
		uint64_t id;
		size_t i;
		unsigned int kind;

		OK(attest_next(w->n->attest, now_us, &any, &id, &errand));
		if (!any)
			break;
		r = reader_of(bytes_view(&errand));
		i = reader_u16(&r);
		kind = reader_u8(&r);
		bytes_put_u16(&back, (uint16_t)i);
		serve(&fakes[i], kind, reader_block(&r, MSG_LONG), &back);
		OK(attest_returned(w->n->attest, id, bytes_view(&back),
		    now_us));
		assert_true(++carried < 100);
	}
	OK(attest_pass(w->n->attest, now_us, &published));
	return carried;
}

/* A checkpoint is signed, as by a keyholder, and offered. */
static inline void
offer(struct world *w)
{
	uint8_t signature[ED25519_SIGNATURE_SIZE];
	AUTO_DONE(bytes) body = { 0 };

	now_us += 2 * SECOND;
	OK(journal_checkpoint(w->n->journal, now_us, &body));
	assert_true(body.len != 0);
	sign_body(w, &body, signature);
	OK(journal_cosigned(w->n->journal, VIEW_OF(signature)));
}

static inline size_t
lines(struct world *w)
{
	AUTO_DONE(bytes) text = { 0 };
	struct note n;

	OK(publish_read_checkpoint(w->config.log, &text));
	OK(note_get(bytes_view(&text), &n));
	return n.count - 1;
}

/* ---- worlds */

static inline void
write_policy(struct world *w, const char *quorum)
{
	AUTO_DONE(bytes) text = { 0 };
	AUTO(vkey) log = NULL;

	OK(vkey_of_key(view_text(ORIGIN), w->log_key, &log));
	bytes_put_text(&text, "log ");
	vkey_put(log, &text);
	for (size_t i = 0; i < WITNESSES; i++) {
		bytes_printf(&text, "\nwitness w%zu ", i + 1);
		vkey_put(cosigner_vkey(fakes[i].cosigner), &text);
		bytes_put_text(&text, " http://127.0.0.1:1");
	}
	bytes_printf(&text, "\n%s", quorum);
	OK(bytes_check(&text));
	OK(file_publish(policy_path, bytes_view(&text), 0644));
}

static inline void
meet(struct world *w, size_t i)
{
	char name[16];
	struct fake *f = &fakes[i];

	snprintf(name, sizeof(name), "example/w%zu", i + 1);
	*f = (struct fake){ .log.key_count = 1 };
	OK(cosigner_new(view_text(name), &f->cosigner));
	OK(vkey_of_key(view_text(ORIGIN), w->log_key, &f->log.keys[0]));
}

static inline int
set_up(void **state)
{
	struct world *w = world_new();

	now_us = 1000 * SECOND;
	for (size_t i = 0; i < WITNESSES; i++)
		meet(w, i);
	snprintf(policy_path, sizeof(policy_path), "%s/trust", w->dir);
	write_policy(w, "group two 2 w1 w2 w3\nquorum two\n");
	w->config.witnesses = (struct config_witnesses){
		.policy = policy_path, .interval = 1, .timeout = 1,
		.patience = 5, .lost_after = 20, .stop_after = 60,
	};
	world_open(w);
	*state = w;
	return 0;
}

static inline int
tear_down(void **state)
{
	for (size_t i = 0; i < WITNESSES; i++) {
		cosigner_free(fakes[i].cosigner);
		witness_log_done(&fakes[i].log);
		bytes_done(&fakes[i].kept);
	}
	world_free(*state);
	return 0;
}

#endif
