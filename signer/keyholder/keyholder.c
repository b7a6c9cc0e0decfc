/*
 * The role that holds the token: it alone loads the vendor's module. It signs
 * nothing but what a ticket of the notary covers, with the key that the draft
 * names and whose use fits, after hashing the draft itself; and checkpoints of
 * our own log.
 *
 * Whatever is wrong with the token beyond one signature ends the process: the
 * supervisor starts another, which must log in anew.
 */
#include "signer/child.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "audit/checkpoint.h"
#include "credential/draft.h"
#include "credential/qr_token.h"
#include "pkcs11/token.h"
#include "signer/keyholder/examine.h"
#include "signer/log.h"
#include "signer/rider.h"

#define SAMPLE 64
#define UNREADABLE_MAX 16	/* as config.c allows */
#define METRICS_MS 1000

struct held_key {
	const struct config_key *config;
	EVP_PKEY	*public_key;
	struct hash name;
	struct key	*key;		/* NULL until the login */
	uint64_t	 signatures;
};

struct keyholder {
	struct proc	*proc;
	struct config	*config;
	struct token	*token;
	enum err	 opened;	/* the token; told at the login */
	struct bytes	 why;
	struct key_register planned;
	struct hash	 planned_hash;	/* of the register's text */
	struct held_key	 keys[CONFIG_KEYS];
	size_t		 count;
	bool		 logged_in;
	uint64_t	 failures;
	unsigned int	 index;
};

/* ---- opening */

/* The environment steers modules: nothing in it but what is configured. */
static enum err
set_environment(const struct config *c)
{
	if (clearenv() != 0)
		return err_system("clearing the environment");
	for (size_t i = 0; i < c->token.environment.count; i++) {
		const struct config_variable *v = &c->token.environment.at[i];

		if (setenv(v->name, v->value, 1) == -1)
			return err_system("environment");
	}
	return ERR_OK;
}

static enum err
open_token(struct keyholder *k)
{
	AUTO(token_uri) uri = NULL;
	const struct config_token *c = &k->config->token;
	const char *unreadable[UNREADABLE_MAX + 1] = { 0 };
	struct token_options options = {
		.init_args = c->init_args,
		.unreadable = unreadable,
	};

	for (size_t i = 0; i < c->unreadable.count; i++)
		unreadable[i] = c->unreadable.at[i];
	TRY(set_environment(k->config));
	TRY(token_uri_parse(k->config->token.uri, &uri));
	return token_open(uri, &options, &k->token);
}

/*
 * Before the process is locked in. Whoever gave the PIN is told what is wrong,
 * which the end of a process does not say.
 */
static void
try_to_open(struct keyholder *k)
{
	k->opened = ERR_NOT_FOUND;
	for (unsigned int i = 0; k->opened == ERR_NOT_FOUND &&
	    look_again(i); i++)
		k->opened = open_token(k);
	if (k->opened != ERR_OK)
		bytes_put_text(&k->why, err_why());
}

/* The files are out of reach once the process is locked in. */
static enum err
read_files(struct keyholder *k)
{
	TRY(register_read(k->config->key_register, &k->planned,
	    &k->planned_hash));
	for (; k->count < k->config->keys.count; k->count++) {
		struct held_key *held = &k->keys[k->count];

		held->config = &k->config->keys.at[k->count];
		TRY(pem_read_public(held->config->public_key,
		    &held->public_key));
		TRY(public_hash(held->public_key, &held->name));
	}
	return ERR_OK;
}

static enum err
find_key(struct keyholder *k, struct held_key *held)
{
	struct key_spec spec = {
		.label = held->config->label,
		.id = held->config->id,
		.public_key = held->public_key,
	};
	enum err e = ERR_NOT_FOUND;

	for (unsigned int i = 0; e == ERR_NOT_FOUND && look_again(i); i++)
		e = token_key_find(k->token, &spec, &held->key);
	if (e == ERR_OK && held->config->verify == VERIFY_ALWAYS &&
	    held->config->use == KEY_USE_DOCUMENT)
		key_signs_often(held->key);
	return e;
}

static enum err
log_in(struct keyholder *k, const struct msg *m, struct examined *out)
{
	struct reader r = reader_of(m->body);
	bool first = reader_u8(&r) != 0;	/* of an opening */
	struct view told = reader_take(&r, sizeof(k->planned_hash.at));
	AUTO(secret) pin = NULL;

	if (k->logged_in || r.failed)
		return err_because(ERR_INTERNAL, "LOGIN: %s", k->logged_in ?
		    "logged in already" : "no PIN");
	if (k->opened != ERR_OK)
		return err_because(k->opened, "%s", bytes_text(&k->why));
	TRY(first ? examine_register(&k->planned_hash, told) : ERR_OK);
	TRY(secret_new(r.rest.len, &pin));
	memcpy(secret_at(pin), r.rest.at, r.rest.len);
	TRY(token_login(k->token, pin));
	for (size_t i = 0; i < k->count; i++)
		TRY(find_key(k, &k->keys[i]));
	TRY(first ? examine(k->token, &k->planned, out) : ERR_OK);
	k->logged_in = true;
	return ERR_OK;
}

static void
on_login(struct proc *p, struct peer *from, const struct msg *m)
{
	struct keyholder *k = proc_context(p);
	AUTO_DONE(bytes) body = { 0 };
	struct examined found = { 0 };
	enum err e = log_in(k, m, &found);

	bytes_put_u16(&body, (uint16_t)e);
	bytes_put_u16(&body, (uint16_t)(e == ERR_OK ? TOKEN_OK :
	    token_last_class()));
	bytes_put_block(&body, view_text(e == ERR_OK ? "" : err_why()));
	bytes_put_u32(&body, found.keys);
	bytes_put_u32(&body, found.objects);
	bytes_put_u32(&body, found.refused);
	bytes_put_u32(&body, found.unknown);
	peer_send(from, MSG_LOGGED_IN, 0, bytes_view(&body));
	if (e != ERR_OK) {
		log_error("login: %s", err_why());
		proc_stop(p);
	}
}

/* ---- signing */

/* The key that the draft names, if what it may sign is of this kind. */
static enum err
key_of(struct keyholder *k, const struct draft *d, struct held_key **out)
{
	struct hash name = draft_signer(d);
	enum key_use use = draft_use(d);
	size_t i = 0;

	while (i < k->count && !view_equal(VIEW_OF(k->keys[i].name.at),
	    VIEW_OF(name.at)))
		i++;
	if (i == k->count || !k->logged_in)
		return err_because(ERR_UNAVAILABLE,
		    "the key that the draft names is not here");
	if (k->keys[i].config->use != (int)use)
		return err_because(ERR_MISMATCH, "%s: a key of use %s does "
		    "not sign what is for %s", k->keys[i].config->label,
		    key_use_name((enum key_use)k->keys[i].config->use),
		    key_use_name(use));
	*out = &k->keys[i];
	return ERR_OK;
}

/* The first of each opening, then one in SAMPLE, unless it is every one. */
static bool
verifies_now(struct held_key *held)
{
	uint64_t before = held->signatures++;

	return held->config->verify == VERIFY_ALWAYS || before % SAMPLE == 0;
}

struct ticket_in {
	uint64_t	index;
	uint8_t		part;
	struct hash	hash;
	struct view	draft;
};

/* A draft too long for the message rides along with it, into long_draft. */
static enum err
read_ticket(const struct msg *m, struct bytes *long_draft,
    struct ticket_in *out)
{
	struct reader r = reader_of(m->body);
	struct view hash;

	out->index = reader_u64(&r);
	out->part = reader_u8(&r);
	hash = reader_take(&r, sizeof(out->hash.at));
	out->draft = reader_block(&r, MSG_LONG);
	TRY(reader_end(&r, "ticket"));
	memcpy(out->hash.at, hash.at, hash.len);
	if (out->draft.len != 0)
		return ERR_OK;
	TRY(rider_read(m->fd, long_draft));
	out->draft = bytes_view(long_draft);
	return ERR_OK;
}

static enum err
sign_parts(struct held_key *held, const struct draft *d, struct bytes *out)
{
	uint8_t signature[P256_SIGNATURE_SIZE];

	bytes_put_u8(out, (uint8_t)draft_parts(d));
	for (size_t i = 0; i < draft_parts(d); i++) {
		struct hash digest = sha256(draft_part(d, i));

		TRY(key_sign_digest(held->key, &digest, verifies_now(held),
		    signature));
		bytes_put(out, VIEW_OF(signature));
	}
	return bytes_check(out);
}

/*
 * The guard: this draft, this ticket, the key it names if that is of its use,
 * nothing else. *used is the key once the token has been asked, for judge().
 */
static enum err
sign_ticket(struct keyholder *k, const struct ticket_in *t,
    struct held_key **used, struct bytes *out)
{
	AUTO(draft) draft = NULL;
	struct held_key *held;
	struct hash digest;

	TRY(draft_decode(t->draft, &draft));
	digest = sha256(draft_tbs(draft));
	if (!view_equal(VIEW_OF(digest.at), VIEW_OF(t->hash.at)))
		return err_because(ERR_MISMATCH,
		    "the draft is not the one the ticket covers");
	TRY(key_of(k, draft, &held));
	*used = held;
	return sign_parts(held, draft, out);
}

/* After the token failed with this key: is it one signature or the token? */
static void
judge(struct keyholder *k, struct held_key *held)
{
	enum token_class class = token_last_class();

	k->failures++;
	if (class == TOKEN_CONFIG || class == TOKEN_CAPACITY ||
	    class == TOKEN_OK)
		return;
	if (class == TOKEN_DEVICE && key_canary(held->key) == ERR_OK)
		return;
	log_error("the token is not usable (class %s): leaving",
	    token_class_name(class));
	proc_stop(k->proc);
}

static void
send_done(struct peer *notary, uint64_t id, const struct ticket_in *t,
    enum err e, struct view words)
{
	AUTO_DONE(bytes) body = { 0 };

	bytes_put_u64(&body, t->index);
	bytes_put_u8(&body, t->part);
	bytes_put_u16(&body, (uint16_t)e);
	bytes_put_block(&body, words);
	peer_send(notary, MSG_DONE, id, bytes_view(&body));
}

/*
 * Whoever waits for a signature gets it: the gate, which makes a document of
 * it, or, for what the notary itself publishes, the notary with its report.
 */
static void
hand_over(struct proc *p, struct peer *notary, uint64_t id,
    const struct ticket_in *t, enum key_use use, const struct bytes *body)
{
	/* the first part's: behind the two counts */
	const uint8_t *signature = body->at + 2;
	struct hash name = qr_token_name(&t->hash, signature);

	if (use == KEY_USE_STATUS || use == KEY_USE_METADATA) {
		send_done(notary, id, t, ERR_OK,
		    VIEW(signature, P256_SIGNATURE_SIZE));
		return;
	}
	peer_send(proc_peer(p, ROLE_GATE, 0), MSG_SIGNATURE, id,
	    bytes_view(body));
	send_done(notary, id, t, ERR_OK, VIEW(name.at,
	    use == KEY_USE_QR ? sizeof(name.at) : 0));
}

static void
on_ticket(struct proc *p, struct peer *from, const struct msg *m)
{
	struct keyholder *k = proc_context(p);
	struct held_key *used = NULL;
	AUTO_DONE(bytes) body = { 0 };
	AUTO_DONE(bytes) long_draft = { 0 };
	struct ticket_in t;
	enum err e;

	if (read_ticket(m, &long_draft, &t) != ERR_OK) {
		log_error("%s", err_why());
		proc_drop(p, peer_role(from), peer_index(from));
		return;
	}
	bytes_put_u8(&body, t.part);
	if ((e = sign_ticket(k, &t, &used, &body)) != ERR_OK) {
		log_error("signing: %s", err_why());
		send_done(from, m->id, &t, e, view_text(err_why()));
		if (used != NULL)
			judge(k, used);
		return;
	}
	hand_over(p, from, m->id, &t, (enum key_use)used->config->use, &body);
}

static enum err
sign_note(struct held_key *held, struct view body, struct bytes *out)
{
	uint8_t signature[P256_SIGNATURE_SIZE];	/* as long as Ed25519's */
	struct hash digest = sha256(body);

	if (held->config->use == KEY_USE_LOG) {
		TRY(key_sign_message(held->key, body,
		    verifies_now(held), signature));
		bytes_put(out, VIEW_OF(signature));
		return bytes_check(out);
	}
	TRY(key_sign_digest(held->key, &digest, verifies_now(held),
	    signature));
	return p256_to_der(signature, out);
}

/* By each key of a use, in the order of okse.yaml: all or none. */
static enum err
sign_by_use(struct keyholder *k, enum key_use use, struct view body,
    struct held_key **used, struct bytes *out)
{
	for (size_t i = 0; k->logged_in && i < k->count; i++)
		if (k->keys[i].config->use == (int)use) {
			*used = &k->keys[i];
			TRY(sign_note(*used, body, out));
		}
	return ERR_OK;
}

/* By the log's keys: those of use log, then those of use log-ecdsa. */
static enum err
sign_checkpoint(struct keyholder *k, struct view body,
    struct held_key **used, struct bytes *out)
{
	if (!checkpoint_is_well_formed(body, k->config->origin))
		return err_because(ERR_SCHEMA, "not a checkpoint of %s",
		    k->config->origin);
	TRY(sign_by_use(k, KEY_USE_LOG, body, used, out));
	return *used == NULL ?
	    err_because(ERR_UNAVAILABLE, "no key for the log") :
	    sign_by_use(k, KEY_USE_LOG_ECDSA, body, used, out);
}

static void
on_checkpoint(struct proc *p, struct peer *from, const struct msg *m)
{
	struct keyholder *k = proc_context(p);
	struct held_key *used = NULL;
	AUTO_DONE(bytes) body = { 0 }, signatures = { 0 };
	enum err e = sign_checkpoint(k, m->body, &used, &signatures);

	bytes_put_u16(&body, (uint16_t)e);
	bytes_put_block(&body, bytes_view(&signatures));
	bytes_put_block(&body, view_text(e == ERR_OK ? "" : err_why()));
	peer_send(from, MSG_COSIGNED, m->id, bytes_view(&body));
	if (e == ERR_OK)
		return;
	log_error("signing a checkpoint: %s", err_why());
	if (used != NULL)
		judge(k, used);
}

/* ---- health */

static void
on_ping(struct proc *p, struct peer *from, const struct msg *m)
{
	struct keyholder *k = proc_context(p);
	AUTO_DONE(bytes) body = { 0 };
	enum err e = k->logged_in ? key_canary(k->keys[0].key) : ERR_OK;

	if (e != ERR_OK)
		log_error("canary: %s", err_why());
	bytes_put_u16(&body, (uint16_t)e);
	peer_send(from, MSG_PONG, m->id, bytes_view(&body));
}

/* By all keys of a use together. */
static void
put_signatures(const struct keyholder *k, enum key_use use,
    struct bytes *out)
{
	uint64_t made = 0;

	for (size_t i = 0; i < k->count; i++)
		if (k->keys[i].config->use == (int)use)
			made += k->keys[i].signatures;
	bytes_printf(out, "okse_signatures_total{keyholder=\"%u\",use=\"%s\"}"
	    " %" PRIu64 "\n", k->index, key_use_name(use), made);
}

static void
send_metrics(void *context)
{
	struct keyholder *k = context;
	AUTO_DONE(bytes) text = { 0 };
	struct peer *gate = proc_peer(k->proc, ROLE_GATE, 0);

	/* the gate gives out what has a heading */
	bytes_put_text(&text, "# TYPE okse_signatures_total counter\n");
	for (int use = KEY_USE_DOCUMENT; use <= KEY_USES; use++)
		put_signatures(k, (enum key_use)use, &text);
	bytes_printf(&text, "# TYPE okse_token_failures_total counter\n"
	    "okse_token_failures_total{keyholder=\"%u\"} %" PRIu64 "\n",
	    k->index, k->failures);
	peer_send(gate, MSG_METRICS, 0, bytes_view(&text));
}

static const struct proc_rule rules[] = {
	{ MSG_LOGIN, on_login },
	{ MSG_TICKET, on_ticket },
	{ MSG_CHECKPOINT, on_checkpoint },
	{ MSG_PING, on_ping },
};

static const struct proc_table table = {
	.self = ROLE_KEYHOLDER,
	.rules = rules,
	.count = COUNT(rules),
};

int
keyholder_main(unsigned int index)
{
	static struct keyholder k;	/* to its end: _exit() releases all */

	k.index = index;
	log_start(ROLE_KEYHOLDER, index);
	if (child_start(&table, &k, &k.proc, &k.config) != ERR_OK)
		return log_fatal("start");
	if (read_files(&k) != ERR_OK)
		return log_fatal("the keys' files");
	try_to_open(&k);
	if (proc_every(k.proc, METRICS_MS, send_metrics, &k) != ERR_OK ||
	    child_serve(k.proc, k.config) != ERR_OK)
		return log_fatal("serving");
	return k.failures != 0;
}
