/*
 * The secret: drawn, split, encrypted to the officers, and opened again by
 * every quorum from what they enter. A share is in the clear in this process
 * and with its officer, nowhere else. Next: step_token.c.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "ceremony/steps.h"

/* ---- split-secret */

static enum err
hand_out(struct ceremony *c, const struct share *s)
{
	struct participant *p = &c->participants.at[s->x - 1];
	AUTO(secret) line = NULL;
	AUTO_DONE(bytes) sealed = { 0 };
	char name[48];

	TRY(share_put(s, &line));
	TRY(share_seal(line, p->recipient, &sealed));
	snprintf(name, sizeof(name), "officers/%u.share.cms", s->x);
	TRY(ceremony_write(c, name, bytes_view(&sealed)));
	ceremony_say(c, "  %s, %s: your share is %s", p->as, p->who.name,
	    name);
	return ERR_OK;
}

static enum err
record_share(struct ceremony *c, unsigned int x)
{
	AUTO_DONE(payload) p = { 0 };

	payload_put_int(&p, "seat", x);
	payload_put(&p, "officer", c->quorum.officers[x - 1]);
	payload_put_hex(&p, "commitment",
	    VIEW_OF(c->quorum.shares[x - 1].at));
	return ceremony_record(c, RECORD_SHARE, &p);
}

static struct quorum
plan_quorum(const struct ceremony *c)
{
	struct quorum plan = {
		.threshold = (unsigned int)c->script->threshold,
		.count = (unsigned int)c->script->officers.count,
	};

	memcpy(plan.ceremony_id, c->id, sizeof(plan.ceremony_id));
	for (unsigned int i = 0; i < plan.count; i++)
		snprintf(plan.officers[i], QUORUM_NAME_SIZE, "%s",
		    c->script->officers.at[i].name);
	return plan;
}

static enum err
write_quorum(struct ceremony *c)
{
	AUTO_DONE(bytes) text = { 0 };

	TRY(quorum_put(&c->quorum, &text));
	c->reg.quorum = sha256(bytes_view(&text));
	return ceremony_write(c, "ceremony/quorum.txt", bytes_view(&text));
}

/* All of an array at once, when the scope ends. */
struct shares {
	struct share	at[SHARE_MAX];
};

static void
shares_done(struct shares *s)
{
	for (size_t i = 0; i < COUNT(s->at); i++)
		share_done(&s->at[i]);
}

/* Officers change: what the old secret stands for goes on. */
static enum err
keep_root(struct ceremony *c)
{
	if (c->script->former.count == 0)
		return ERR_OK;
	if (c->before == NULL)		/* or the step is done again */
		c->before = STEAL(c->secret);
	secret_free(STEAL(c->secret));
	if (c->root != NULL)
		return ERR_OK;
	return quorum_root(&c->quorum, c->before, &c->root);
}

enum err
step_split_secret(struct ceremony *c, const struct script_step *s,
    struct payload *result)
{
	AUTO_DONE(shares) shares = { 0 };
	struct quorum plan = plan_quorum(c);

	(void)s;
	TRY(keep_root(c));
	TRY(secret_new(SHARE_VALUE_SIZE, &c->secret));
	TRY(random_bytes(secret_at(c->secret), SHARE_VALUE_SIZE));
	TRY(quorum_split(c->secret, &plan, &c->quorum, shares.at));
	if (c->root != NULL)
		TRY(quorum_carry(&c->quorum, c->secret, c->root));
	TRY(write_quorum(c));
	for (unsigned int x = 1; x <= c->quorum.count; x++) {
		TRY(hand_out(c, &shares.at[x - 1]));
		TRY(record_share(c, x));
	}
	payload_put_hex(result, "set", VIEW_OF(c->quorum.set_id));
	payload_put_int(result, "threshold", c->quorum.threshold);
	payload_put_int(result, "shares", c->quorum.count);
	return ERR_OK;
}

/* ---- prove-quorums */

/* A line somebody typed or a file had, with its line end or without. */
static enum err
read_line(const struct secret *line, struct share *out)
{
	struct view v = VIEW(secret_peek(line), secret_len(line));

	while (v.len != 0 && (v.at[v.len - 1] == '\n' ||
	    v.at[v.len - 1] == '\r'))
		v.len--;
	return share_get(v, out);
}

/* Asks until it is right: a mistyped share is refused at once, and named. */
enum err
ceremony_take_share(struct ceremony *c, const struct participant *p,
    struct share *out)
{
	for (;;) {
		AUTO(secret) line = NULL;
		enum err e;

		TRY(c->console->share(c->console->context, p, &line));
		e = read_line(line, out);
		if (e == ERR_OK && out->x != p->seat)
			e = err_because(ERR_MISMATCH, "this is the share of "
			    "seat %u", out->x);
		if (e == ERR_OK)
			e = quorum_check_share(&c->quorum, out);
		if (e == ERR_OK)
			return ERR_OK;
		share_done(out);
		ceremony_say(c, "  %s: not taken: %s", p->as, err_why());
		TRY(attend_enter(c, "Enter to try again, or abort"));
	}
}

/* What the officers hold, not what this process remembers. */
static enum err
collect(struct ceremony *c, struct shares *out)
{
	for (unsigned int x = 1; x <= c->quorum.count; x++)
		TRY(ceremony_take_share(c, &c->participants.at[x - 1],
		    &out->at[x - 1]));
	return ERR_OK;
}

enum err
ceremony_open_secret(struct ceremony *c, const struct participant *holders,
    struct secret **out)
{
	AUTO_DONE(shares) some = { 0 };
	unsigned int taken = 0;

	for (unsigned int i = 0; taken < c->quorum.threshold &&
	    i < c->quorum.count; i++)
		if (holders[i].present)
			TRY(ceremony_take_share(c, &holders[i],
			    &some.at[taken++]));
	return quorum_combine(&c->quorum, some.at, taken, out);
}

static enum err
must_open(const struct ceremony *c, const struct share *some, size_t n)
{
	AUTO(secret) opened = NULL;

	TRY(quorum_combine(&c->quorum, some, n, &opened));
	if (!secret_equal(VIEW(secret_peek(opened), SHARE_VALUE_SIZE),
	    VIEW(secret_peek(c->secret), SHARE_VALUE_SIZE)))
		return err_because(ERR_INTERNAL,
		    "a quorum opened another secret");
	return ERR_OK;
}

/* One officer too few, with a record that says they would be enough. */
static enum err
must_not_open(const struct ceremony *c, struct share *some, size_t n)
{
	AUTO(secret) opened = NULL;
	struct quorum lower = c->quorum;
	enum err e;

	lower.threshold = (unsigned int)n;
	for (size_t i = 0; i < n; i++)
		some[i].threshold = (uint8_t)n;
	e = quorum_combine(&lower, some, n, &opened);
	if (e == ERR_OK)
		return err_because(ERR_INTERNAL,
		    "the secret opened to %zu officers", n);
	return e == ERR_MISMATCH ? ERR_OK : e;
}

/*
 * Every set of officers of threshold size, and every set of one fewer. The
 * picked shares borrow the values of all.
 */
static enum err
try_sets(const struct ceremony *c, const struct shares *all,
    int64_t *out_opened, int64_t *out_refused)
{
	unsigned int n = c->quorum.count, m = c->quorum.threshold;

	for (uint32_t set = 1; set < UINT32_C(1) << n; set++) {
		unsigned int size = (unsigned int)__builtin_popcount(set);
		struct share some[SHARE_MAX];
		size_t picked = 0;

		if (size != m && size != m - 1)
			continue;
		for (unsigned int i = 0; i < n; i++)
			if (set >> i & 1)
				some[picked++] = all->at[i];
		if (size == m) {
			TRY(must_open(c, some, picked));
			(*out_opened)++;
			continue;
		}
		TRY(must_not_open(c, some, picked));
		(*out_refused)++;
	}
	return ERR_OK;
}

enum err
step_prove_quorums(struct ceremony *c, const struct script_step *s,
    struct payload *result)
{
	AUTO_DONE(shares) all = { 0 };
	AUTO_DONE(payload) refusals = { 0 };
	int64_t opened = 0, refused = 0;

	(void)s;
	TRY(collect(c, &all));
	TRY(try_sets(c, &all, &opened, &refused));
	payload_put(&refusals, "tried", "one officer too few");
	payload_put_int(&refusals, "sets", refused);
	TRY(ceremony_record(c, RECORD_NEGCTRL, &refusals));
	payload_put_int(result, "opened", opened);
	payload_put_int(result, "refused", refused);
	ceremony_say(c, "  %jd quorums opened the secret, %jd sets "
	    "of one officer fewer did not", (intmax_t)opened,
	    (intmax_t)refused);
	return ERR_OK;
}
