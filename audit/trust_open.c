/*
 * A checkpoint in the eyes of a trust policy. The note is anybody's; lines of
 * keys that the policy does not know are counted and otherwise ignored (C2SP
 * signed-note). Next in the flow: verify.c, receipt.c.
 */
#include "audit/trust.h"

#include <string.h>

static void
count_line(const struct vkey *key, struct trust_seen *s)
{
	if (s->signatures++ == 0)
		memcpy(s->key_id, vkey_id(key).at, sizeof(s->key_id));
}

/* *out_former: lines of keys that others had replaced by then. */
static enum err
verify_log_lines(const struct trust_policy *p, struct trust_seen *s,
    size_t *out_wanted, size_t *out_former)
{
	size_t wanted = 0, former = 0;

	for (size_t i = 0; i < trust_log_count(p); i++) {
		const struct trust_log *l = trust_log(p, i);
		bool counts = s->checkpoint.size >= l->since &&
		    s->checkpoint.size <= l->until;
		enum err e;

		if (!view_equal(vkey_name(l->key), s->checkpoint.origin))
			continue;
		wanted += counts;
		e = note_verify(&s->note, l->key, NULL);
		if (e == ERR_NOT_FOUND)
			continue;
		TRY(e);
		if (counts)
			count_line(l->key, s);
		else
			former++;
	}
	*out_wanted = wanted;
	*out_former = former;
	return ERR_OK;
}

static enum err
judge_log_lines(const struct trust_policy *p, struct trust_seen *s)
{
	size_t wanted, former;

	TRY(verify_log_lines(p, s, &wanted, &former));
	if (wanted == 0)
		return err_because(ERR_NOT_FOUND, "the checkpoint's origin is "
		    "not the name of a log that is trusted");
	if (s->signatures == 0 && former != 0)
		return err_because(ERR_MISMATCH, "the checkpoint is signed by "
		    "a key that is not the log's at %llu entries, for it was "
		    "replaced", (unsigned long long)s->checkpoint.size);
	if (s->signatures == 0 ||
	    (trust_wants_all_keys(p) && s->signatures != wanted))
		return err_because(ERR_NOT_FOUND, "the checkpoint is signed "
		    "by %zu of the log's %zu keys", s->signatures, wanted);
	return ERR_OK;
}

static enum err
verify_cosignatures(const struct trust_policy *p, struct trust_seen *s)
{
	for (size_t i = 0; i < trust_witness_count(p); i++) {
		enum err e = note_verify(&s->note, trust_witness(p, i)->key,
		    &s->cosigned[i]);

		if (e == ERR_NOT_FOUND) {
			s->cosigned[i] = TRUST_NEVER;
			continue;
		}
		TRY(e);
		s->witnesses++;
	}
	s->quorum_time = trust_quorum_time(p, s->cosigned);
	return ERR_OK;
}

static size_t
count_unknown(const struct trust_policy *p, const struct note *n)
{
	size_t known = 0;

	for (size_t i = 0; i < trust_log_count(p); i++)
		known += note_lines_of(n, trust_log(p, i)->key);
	for (size_t i = 0; i < trust_witness_count(p); i++)
		known += note_lines_of(n, trust_witness(p, i)->key);
	return n->count - known;
}

enum err
trust_open(const struct trust_policy *p, struct view note,
    struct trust_seen *out_seen)
{
	struct trust_seen s = { 0 };

	TRY(note_get(note, &s.note));
	TRY(checkpoint_get(s.note.text, &s.checkpoint));
	TRY(judge_log_lines(p, &s));
	TRY(verify_cosignatures(p, &s));
	s.unknown = count_unknown(p, &s.note);
	*out_seen = s;
	return ERR_OK;
}
