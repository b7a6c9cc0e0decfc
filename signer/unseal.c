/*
 * From sealed to open: shares are checked one by one, the secret is proven
 * against its commitment before anybody logs in, and logins are handed out
 * one keyholder at a time. A PIN that the token refuses latches everything,
 * across restarts, until an officer clears it. Shares come from officers
 * through the desk; a wrong one is named and costs nothing.
 */
#include "signer/supervisor.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/time.h"
#include "pkcs11/token.h"
#include "quorum/derive.h"
#include "signer/about.h"
#include "signer/log.h"

#define LATCH "pin.latch"	/* its existence is what counts */
#define STATEMENTS "statements"	/* by which it was opened, by their hash */
#define RACES_MAX 20

static enum err
latch_path(const struct supervisor *s, char path[PATH_MAX])
{
	return path_join(s->config->state, LATCH, path, PATH_MAX);
}

enum err
unseal_prepare(struct supervisor *s)
{
	char latch[PATH_MAX];

	TRY(about_quorum(s->config, &s->quorum));
	TRY(dir_make(s->config->state, 0700));
	TRY(act_prepare(s));
	TRY(latch_path(s, latch));
	s->seal = file_exists(latch) ? SEAL_LATCHED : SEAL_SEALED;
	return ERR_OK;
}

/* ---- shares */

static void
forget_shares(struct supervisor *s)
{
	while (s->share_count > 0)
		share_done(&s->shares[--s->share_count]);
}

static enum err
take_share(struct supervisor *s, struct share *share)
{
	TRY(quorum_check_share(&s->quorum, share));
	for (unsigned int i = 0; i < s->share_count; i++)
		if (s->shares[i].x == share->x)
			return err_because(ERR_EXISTS,
			    "seat %u has given its share already", share->x);
	s->shares[s->share_count++] = *share;
	*share = (struct share){ 0 };
	return ERR_OK;
}

static int
by_seat(const void *a, const void *b)
{
	const struct share *x = a, *y = b;

	return x->x - y->x;
}

static void
record_unseal(struct supervisor *s)
{
	AUTO_DONE(bytes) seats = { 0 }, statement = { 0 };

	qsort(s->shares, s->share_count, sizeof(s->shares[0]), by_seat);
	for (unsigned int i = 0; i < s->share_count; i++)
		bytes_printf(&seats, "%s%u", i == 0 ? "" : ",",
		    s->shares[i].x);
	hex_put(&statement, VIEW_OF(s->round.hash.at));
	record(s, "unseal", "seats", bytes_text(&seats), "statement",
	    bytes_text(&statement), NULL);
}

/* ---- what is derived */

static enum err
derive_notary_keys(struct supervisor *s, const struct secret *secret)
{
	static const char *const purposes[] = { "pseudonym", "nonce", "seed" };
	AUTO(secret) all = NULL;

	TRY(secret_new(COUNT(purposes) * DERIVE_KEY_SIZE, &all));
	for (size_t i = 0; i < COUNT(purposes); i++) {
		AUTO(secret) key = NULL;

		TRY(derive_key(secret, purposes[i], &key));
		memcpy(secret_at(all) + i * DERIVE_KEY_SIZE, secret_peek(key),
		    DERIVE_KEY_SIZE);
	}
	s->notary_keys = STEAL(all);
	return ERR_OK;
}

static enum err
derive_all(struct supervisor *s)
{
	AUTO(secret) secret = NULL;
	AUTO(secret) root = NULL;
	AUTO(token_uri) uri = NULL;

	TRY(quorum_combine(&s->quorum, s->shares, s->share_count, &secret));
	TRY(token_uri_parse(s->config->token.uri, &uri));
	TRY(derive_pin(secret, uri->wanted.label, &s->pin));
	TRY(quorum_root(&s->quorum, secret, &root));
	return derive_notary_keys(s, root);
}

static void
forget_secrets(struct supervisor *s)
{
	secret_free(STEAL(s->pin));
	secret_free(STEAL(s->notary_keys));
	forget_shares(s);
}

/* For whoever wants to know what the hash in the log stands for. */
static void
keep_statement(struct supervisor *s)
{
	AUTO_DONE(bytes) name = { 0 };
	char dir[PATH_MAX], path[PATH_MAX];

	hex_put(&name, VIEW_OF(s->round.hash.at));
	bytes_put_text(&name, ".txt");
	if (path_join(s->config->state, STATEMENTS, dir, sizeof(dir)) !=
	    ERR_OK || dir_make(dir, 0700) != ERR_OK ||
	    path_join(dir, bytes_text(&name), path, sizeof(path)) !=
	    ERR_OK || file_publish(path, bytes_view(&s->round.text), 0600) !=
	    ERR_OK)
		log_error("the statement is not kept: %s", err_why());
}

static void
go_on(struct supervisor *s)
{
	record_unseal(s);
	keep_statement(s);
	forget_shares(s);
	act_new_round(s);
	s->seal = SEAL_OPENING;
	s->token_tried = false;
	s->races = 0;
	unseal_notary_ready(s);
	children_want_keyholders(s, (unsigned int)s->config->token.keyholders);
	children_tick(s);
	supervisor_tell_state(s);
	log_info("the quorum is complete: opening");
}

static void
ask_witnesses(struct supervisor *s)
{
	peer_send(proc_peer(s->proc, ROLE_NOTARY, 0), MSG_ASK_WITNESSES, 0,
	    VIEW(NULL, 0));
}

/* The secret is proven; before anybody logs in, the world is asked. */
static enum err
open_up(struct supervisor *s)
{
	enum err e = derive_all(s);

	if (e != ERR_OK) {
		forget_secrets(s);
		act_new_round(s);
		return e;
	}
	bytes_reset(&s->refused);
	if (s->config->witnesses.policy == NULL) {
		go_on(s);
		return ERR_OK;
	}
	s->seal = SEAL_ASKING;
	ask_witnesses(s);
	log_info("the quorum is complete: asking the log's witnesses");
	return ERR_OK;
}

void
unseal_witnesses_say(struct supervisor *s, enum err e, struct view message)
{
	if (e == ERR_OK && s->seal == SEAL_ASKING)
		go_on(s);
	if (e == ERR_OK || s->seal == SEAL_SEALED || s->seal == SEAL_LATCHED)
		return;
	bytes_reset(&s->refused);
	bytes_put(&s->refused, message);
	log_error("sealing: %s", bytes_text(&s->refused));
	unseal_close(s, "witnesses", 0);
}

enum err
unseal_share(struct supervisor *s, struct share *share)
{
	char seat[8];

	if (s->seal == SEAL_LATCHED)
		return err_because(ERR_PIN, "the token refused a PIN: an "
		    "officer must clear that first");
	if (s->seal == SEAL_ASKING)
		return err_because(ERR_EXISTS, "the quorum is complete: the "
		    "log's witnesses are being asked");
	if (s->seal != SEAL_SEALED)
		return err_because(ERR_EXISTS, "the daemon is open already");
	if (children_ready(s, ROLE_NOTARY) == 0)
		return err_because(ERR_UNAVAILABLE,
		    "the notary is not ready to record it: try again");
	TRY(take_share(s, share));
	snprintf(seat, sizeof(seat), "%u", s->shares[s->share_count - 1].x);
	log_info("share of seat %s accepted, %u of %u", seat, s->share_count,
	    s->quorum.threshold);
	record(s, "unseal.share", "seat", seat, NULL);
	if (s->share_count < s->quorum.threshold)
		return ERR_OK;
	return open_up(s);
}

void
unseal_close(struct supervisor *s, const char *reason, unsigned int seat)
{
	char text[8];

	children_want_keyholders(s, 0);
	s->logging_in = NULL;
	forget_secrets(s);
	act_new_round(s);
	peer_send(proc_peer(s->proc, ROLE_NOTARY, 0), MSG_CLOSE, 0,
	    VIEW(NULL, 0));
	if (s->seal != SEAL_LATCHED)
		s->seal = SEAL_SEALED;
	snprintf(text, sizeof(text), "%u", seat);
	record(s, "seal", "reason", reason, seat != 0 ? "seat" : NULL, text,
	    NULL);
	supervisor_tell_state(s);
	log_info("sealed (%s)", reason);
}

/* ---- the latch */

static void
set_latch(struct supervisor *s)
{
	char path[PATH_MAX];

	s->seal = SEAL_LATCHED;
	if (latch_path(s, path) != ERR_OK ||
	    (!file_exists(path) &&
	    file_create(path, view_text("a PIN was refused\n"), 0600) !=
	    ERR_OK))
		log_error("the latch will not survive a restart: %s",
		    err_why());
}

enum err
unseal_clear_latch(struct supervisor *s)
{
	char path[PATH_MAX];

	if (s->seal != SEAL_LATCHED)
		return err_because(ERR_NOT_FOUND, "nothing is latched");
	TRY(latch_path(s, path));
	if (unlink(path) == -1 && errno != ENOENT)
		return err_system("%s", path);
	TRY(dir_sync(s->config->state));
	s->seal = SEAL_SEALED;
	supervisor_tell_state(s);
	log_warning("an officer cleared the latch");
	return ERR_OK;
}

/* ---- logins */

void
unseal_next_login(struct supervisor *s)
{
	struct child *c = s->logging_in;
	AUTO(secret) body = NULL;
	size_t head = 1 + sizeof(s->planned.at), len;

	if (c == NULL || s->pin == NULL)
		return;
	len = head + secret_len(s->pin);
	if (secret_new(len, &body) != ERR_OK) {
		log_error("login: %s", err_why());
		child_kill(c, SIGKILL);
		return;
	}
	secret_at(body)[0] = !s->token_tried;
	memcpy(secret_at(body) + 1, s->planned.at, sizeof(s->planned.at));
	memcpy(secret_at(body) + head, secret_peek(s->pin), len - head);
	peer_send(proc_peer(s->proc, c->role, c->index), MSG_LOGIN, 0,
	    VIEW(secret_peek(body), len));
}

static void
record_key_use(struct supervisor *s, const struct child *c, bool stop)
{
	char index[16];

	snprintf(index, sizeof(index), "%u", c->index);
	for (size_t i = 0; i < s->config->keys.count; i++)
		record(s, "key.use", "keyholder", index, "label",
		    s->config->keys.at[i].label, "spki", s->spki[i], "stop",
		    stop ? "true" : "false", NULL);
}

/* What the first of an opening found out, before any key is used. */
static void
record_token(struct supervisor *s, const struct login *l)
{
	AUTO_DONE(bytes) planned = { 0 };
	char number[COUNT(l->examined)][16];

	hex_put(&planned, VIEW_OF(s->planned.at));
	for (size_t i = 0; i < COUNT(number); i++)
		snprintf(number[i], sizeof(number[i]), "%u", l->examined[i]);
	record(s, "token", "register", bytes_text(&planned), "keys",
	    number[0], "objects", number[1], "refused", number[2], "unknown",
	    number[3], NULL);
	s->token_tried = true;
	log_info("the token holds the register's %s keys and nothing else, "
	    "and refused %s attempts", number[0], number[2]);
}

/*
 * Not there, not the ceremony's, or its keys are not safe in it: no other try
 * changes that. What fails as devices do is tried again.
 */
static bool
is_unfit(enum err e)
{
	return e == ERR_MISMATCH || e == ERR_NOT_FOUND ||
	    e == ERR_SIGNATURE || e == ERR_FORBIDDEN || e == ERR_UNSUPPORTED;
}

static void
refuse_login(struct supervisor *s, struct child *c, const struct login *l)
{
	log_error("keyholder %u could not log in: %.*s", c->index,
	    (int)l->message.len, (const char *)l->message.at);
	if (l->e == ERR_PIN || l->class == TOKEN_PIN) {
		set_latch(s);
		unseal_close(s, "pin", 0);
	} else if (!s->token_tried && is_unfit(l->e)) {
		bytes_reset(&s->refused);
		bytes_put(&s->refused, l->message);
		unseal_close(s, "token", 0);
	}
}

void
unseal_logged_in(struct supervisor *s, struct child *c, const struct login *l)
{
	if (s->logging_in == c)
		s->logging_in = NULL;
	if (l->e != ERR_OK) {
		refuse_login(s, c, l);
		return;
	}
	if (!s->token_tried)
		record_token(s, l);
	s->races = 0;
	c->failures = 0;
	record_key_use(s, c, false);
	children_wire(s, c);
	if (s->seal == SEAL_OPENING) {
		s->seal = SEAL_OPEN;
		log_info("open");
	}
	supervisor_tell_state(s);
	children_tick(s);
}

void
unseal_keyholder_gone(struct supervisor *s, struct child *c, bool served)
{
	if (s->logging_in == c) {
		s->logging_in = NULL;
		/* lost races are expected, and cost no attempt at the PIN */
		if (++s->races < RACES_MAX)
			c->failures = 0;
		return;
	}
	if (served)
		record_key_use(s, c, true);
}

void
unseal_notary_ready(struct supervisor *s)
{
	if (s->seal == SEAL_ASKING) {	/* its predecessor did not answer */
		ask_witnesses(s);
		return;
	}
	if (s->notary_keys != NULL)
		peer_send(proc_peer(s->proc, ROLE_NOTARY, 0), MSG_OPEN, 0,
		    VIEW(secret_peek(s->notary_keys),
		    secret_len(s->notary_keys)));
}
