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
#include "pkcs11/backup.h"

const struct sharing *
sharing_of(enum share_of of)
{
	static const struct sharing all[] = {
		[SHARE_OF_SECRET] = { SHARE_OF_SECRET, "ceremony/quorum.txt",
		    "share", "seat", "one officer too few" },
		[SHARE_OF_BACKUP] = { SHARE_OF_BACKUP,
		    "ceremony/backup-quorum.txt", "backup-share",
		    "backup-seat", "one officer too few, of the backup" },
	};

	return &all[of];
}

static struct quorum *
quorum_of(struct ceremony *c, enum share_of of)
{
	return of == SHARE_OF_BACKUP ? &c->backup_quorum : &c->quorum;
}

static struct secret *
secret_of(const struct ceremony *c, enum share_of of)
{
	return of == SHARE_OF_BACKUP ? c->backup : c->secret;
}

/* ---- chance */

static bool
is_constant(const uint8_t *block, size_t len)
{
	for (size_t i = 1; i < len; i++)
		if (block[i] != block[0])
			return false;
	return true;
}

/* A token whose chance is broken says the same again, or nothing. */
static enum err
draw(struct ceremony *c, uint8_t out[SHA256_SIZE])
{
	struct hash h;

	TRY(token_random(c->token, out, SHA256_SIZE));
	h = sha256(VIEW(out, SHA256_SIZE));
	if (is_constant(out, SHA256_SIZE) ||
	    view_equal(VIEW_OF(h.at), VIEW_OF(c->drawn.at)))
		return err_because(ERR_TOKEN, "the token's random numbers "
		    "repeat themselves");
	c->drawn = h;
	return ERR_OK;
}

enum err
ceremony_random(struct ceremony *c, uint8_t *out, size_t len)
{
	uint8_t block[SHA256_SIZE];
	enum err e;

	if (c->token == NULL)
		return err_because(ERR_INTERNAL, "chance: no token is open");
	TRY(random_bytes(out, len));
	/* the first is only there for others to be compared with */
	e = draw(c, block);
	for (size_t i = 0; e == ERR_OK && i < len; i++) {
		if (i % sizeof(block) == 0)
			e = draw(c, block);
		out[i] ^= block[i % sizeof(block)];
	}
	explicit_bzero(block, sizeof(block));
	return e;
}

/* ---- split-secret */

static enum err
hand_out(struct ceremony *c, enum share_of of, const struct share *s)
{
	struct participant *p = &c->participants.at[s->x - 1];
	AUTO(secret) line = NULL;
	AUTO_DONE(bytes) sealed = { 0 };
	char name[48];

	TRY(share_put(s, &line));
	TRY(share_seal(line, p->recipient, &sealed));
	snprintf(name, sizeof(name), "officers/%u.%s.cms", s->x,
	    sharing_of(of)->file);
	TRY(ceremony_write(c, name, bytes_view(&sealed)));
	ceremony_say(c, "  %s, %s: your share is %s", p->as, p->who.name,
	    name);
	return ERR_OK;
}

static enum err
record_share(struct ceremony *c, enum share_of of, unsigned int x)
{
	const struct quorum *q = quorum_of(c, of);
	AUTO_DONE(payload) p = { 0 };

	payload_put_int(&p, sharing_of(of)->seat, x);
	payload_put(&p, "officer", q->officers[x - 1]);
	payload_put_hex(&p, "commitment", VIEW_OF(q->shares[x - 1].at));
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
write_quorum(struct ceremony *c, enum share_of of)
{
	AUTO_DONE(bytes) text = { 0 };
	struct hash h;

	TRY(quorum_put(quorum_of(c, of), &text));
	h = sha256(bytes_view(&text));
	if (of == SHARE_OF_BACKUP)
		c->reg.backup_quorum = h;
	else
		c->reg.quorum = h;
	return ceremony_write(c, sharing_of(of)->record, bytes_view(&text));
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

static enum err
hand_out_all(struct ceremony *c, enum share_of of, const struct shares *s,
    struct payload *result)
{
	const struct quorum *q = quorum_of(c, of);

	TRY(write_quorum(c, of));
	for (unsigned int x = 1; x <= q->count; x++) {
		TRY(hand_out(c, of, &s->at[x - 1]));
		TRY(record_share(c, of, x));
	}
	payload_put_hex(result, "set", VIEW_OF(q->set_id));
	payload_put_int(result, "threshold", q->threshold);
	payload_put_int(result, "shares", q->count);
	payload_put(result, "chance", "host and token");
	return ERR_OK;
}

/* The polynomials, too, are of both. */
static enum err
deal(struct ceremony *c, const struct secret *secret,
    const struct quorum *plan, struct quorum *out, struct shares *shares)
{
	AUTO(secret) seed = NULL;

	TRY(secret_new(SHARE_VALUE_SIZE, &seed));
	TRY(ceremony_random(c, secret_at(seed), SHARE_VALUE_SIZE));
	return quorum_split_seeded(secret, seed, plan, out, shares->at);
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
	TRY(ceremony_random(c, secret_at(c->secret), SHARE_VALUE_SIZE));
	TRY(deal(c, c->secret, &plan, &c->quorum, &shares));
	if (c->root != NULL)
		TRY(quorum_carry(&c->quorum, c->secret, c->root));
	return hand_out_all(c, SHARE_OF_SECRET, &shares, result);
}

/*
 * Drawn once: when officers change, the new ones share the same, since what is
 * wrapped under it cannot be wrapped again.
 */
static enum err
draw_backup(struct ceremony *c)
{
	if (c->script->former.count != 0)
		return c->backup != NULL ? ERR_OK : err_because(ERR_NOT_FOUND,
		    "nobody has opened the backup's secret");
	if (c->reg.wraps)
		return err_because(ERR_EXISTS, "the officers have backup "
		    "shares already: open-backup-secret opens them");
	secret_free(STEAL(c->backup));		/* or the step is done again */
	TRY(secret_new(SHARE_VALUE_SIZE, &c->backup));
	return ceremony_random(c, secret_at(c->backup), SHARE_VALUE_SIZE);
}

/* A secret of its own: the one that a daemon opens with unwraps nothing. */
enum err
step_split_backup_secret(struct ceremony *c, const struct script_step *s,
    struct payload *result)
{
	AUTO_DONE(shares) shares = { 0 };
	struct quorum plan = plan_quorum(c);
	AUTO(secret) kek = NULL;

	(void)s;
	TRY(draw_backup(c));
	TRY(deal(c, c->backup, &plan, &c->backup_quorum, &shares));
	TRY(hand_out_all(c, SHARE_OF_BACKUP, &shares, result));
	TRY(ceremony_kek(c, &kek));
	TRY(kek_check(kek, c->reg.check));
	payload_put_hex(result, "check", VIEW_OF(c->reg.check));
	c->reg.wraps = true;
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
    enum share_of of, struct share *out)
{
	for (;;) {
		AUTO(secret) line = NULL;
		enum err e;

		TRY(c->console->share(c->console->context, p, of,
		    &line));
		e = read_line(line, out);
		if (e == ERR_OK && out->x != p->seat)
			e = err_because(ERR_MISMATCH, "this is the share of "
			    "seat %u", out->x);
		if (e == ERR_OK)
			e = quorum_check_share(quorum_of(c, of), out);
		if (e == ERR_OK)
			return ERR_OK;
		share_done(out);
		ceremony_say(c, "  %s: not taken: %s", p->as, err_why());
		TRY(attend_enter(c, "Enter to try again, or abort"));
	}
}

/* What the officers hold, not what this process remembers. */
static enum err
collect(struct ceremony *c, enum share_of of, struct shares *out)
{
	for (unsigned int x = 1; x <= quorum_of(c, of)->count; x++)
		TRY(ceremony_take_share(c, &c->participants.at[x - 1], of,
		    &out->at[x - 1]));
	return ERR_OK;
}

enum err
ceremony_open_secret(struct ceremony *c, const struct participant *holders,
    enum share_of of, struct secret **out)
{
	const struct quorum *q = quorum_of(c, of);
	AUTO_DONE(shares) some = { 0 };
	unsigned int taken = 0;

	for (unsigned int i = 0; taken < q->threshold && i < q->count; i++)
		if (holders[i].present)
			TRY(ceremony_take_share(c, &holders[i], of,
			    &some.at[taken++]));
	return quorum_combine(q, some.at, taken, out);
}

/* What is tried with every set of officers. */
struct trial {
	const struct quorum	*quorum;
	const struct secret	*secret;
};

static enum err
must_open(const struct trial *t, const struct share *some, size_t n)
{
	AUTO(secret) opened = NULL;

	TRY(quorum_combine(t->quorum, some, n, &opened));
	if (!secret_equal(VIEW(secret_peek(opened), SHARE_VALUE_SIZE),
	    VIEW(secret_peek(t->secret), SHARE_VALUE_SIZE)))
		return err_because(ERR_INTERNAL,
		    "a quorum opened another secret");
	return ERR_OK;
}

/* One officer too few, with a record that says they would be enough. */
static enum err
must_not_open(const struct trial *t, struct share *some, size_t n)
{
	AUTO(secret) opened = NULL;
	struct quorum lower = *t->quorum;
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
try_sets(const struct trial *t, const struct shares *all,
    int64_t *out_opened, int64_t *out_refused)
{
	unsigned int n = t->quorum->count, m = t->quorum->threshold;

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
			TRY(must_open(t, some, picked));
			(*out_opened)++;
			continue;
		}
		TRY(must_not_open(t, some, picked));
		(*out_refused)++;
	}
	return ERR_OK;
}

static enum err
prove(struct ceremony *c, enum share_of of, struct payload *result)
{
	struct trial trial = { quorum_of(c, of), secret_of(c, of) };
	AUTO_DONE(shares) all = { 0 };
	AUTO_DONE(payload) refusals = { 0 };
	int64_t opened = 0, refused = 0;

	TRY(collect(c, of, &all));
	TRY(try_sets(&trial, &all, &opened, &refused));
	payload_put(&refusals, "tried", sharing_of(of)->tried);
	payload_put_int(&refusals, "sets", refused);
	TRY(ceremony_record(c, RECORD_NEGCTRL, &refusals));
	payload_put_int(result, "opened", opened);
	payload_put_int(result, "refused", refused);
	ceremony_say(c, "  %jd quorums opened the secret, %jd sets "
	    "of one officer fewer did not", (intmax_t)opened,
	    (intmax_t)refused);
	return ERR_OK;
}

enum err
step_prove_quorums(struct ceremony *c, const struct script_step *s,
    struct payload *result)
{
	(void)s;
	return prove(c, SHARE_OF_SECRET, result);
}

enum err
step_prove_backup_quorums(struct ceremony *c, const struct script_step *s,
    struct payload *result)
{
	(void)s;
	return prove(c, SHARE_OF_BACKUP, result);
}

/* ---- opened again */

enum err
step_open_secret(struct ceremony *c, const struct script_step *s,
    struct payload *result)
{
	(void)s;
	TRY(ceremony_open_secret(c, c->participants.at, SHARE_OF_SECRET,
	    &c->secret));
	payload_put_hex(result, "set", VIEW_OF(c->quorum.set_id));
	return ERR_OK;
}

enum err
step_open_backup_secret(struct ceremony *c, const struct script_step *s,
    struct payload *result)
{
	(void)s;
	TRY(ceremony_open_secret(c, participants_holders(c->script,
	    &c->participants), SHARE_OF_BACKUP, &c->backup));
	payload_put_hex(result, "set", VIEW_OF(c->backup_quorum.set_id));
	return ERR_OK;
}
