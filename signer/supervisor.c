/*
 * The parent of all roles: it starts them, hands them their channels and
 * sockets, replaces them, and keeps the PIN between the quorum and the seal.
 * It reads the configuration, officers' shares and its children's short
 * messages; nothing of a client ever reaches it.
 */
#include "signer/supervisor.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/time.h"
#include "pkcs11/register.h"
#include "signer/log.h"
#include "signer/sandbox.h"

#define TICK_MS 50
#define STOP_RECORD_US INT64_C(2000000)	/* for what is not recorded yet */
#define STOP_MAX_US INT64_C(10000000)

void
supervisor_tell_state(struct supervisor *s)
{
	AUTO_DONE(bytes) body = { 0 };

	bytes_put_u16(&body, (uint16_t)s->seal);
	bytes_put_u16(&body, (uint16_t)children_ready(s, ROLE_KEYHOLDER));
	bytes_put_u16(&body, (uint16_t)children_ready(s, ROLE_NOTARY));
	peer_send(proc_peer(s->proc, ROLE_GATE, 0), MSG_STATE, 0,
	    bytes_view(&body));
	peer_send(proc_peer(s->proc, ROLE_DESK, 0), MSG_STATE, 0,
	    bytes_view(&body));
}

/* ---- what children say */

static struct child *
sender(struct supervisor *s, const struct peer *from)
{
	return children_find(s, peer_role(from), peer_index(from));
}

static void
on_ready(struct proc *p, struct peer *from, const struct msg *m)
{
	struct supervisor *s = proc_context(p);
	struct child *c = sender(s, from);

	(void)m;
	log_info("the %s %u (pid %d) is ready", role_name(c->role), c->index,
	    (int)c->pid);
	if (c->role == ROLE_KEYHOLDER) {
		unseal_next_login(s);
		return;		/* wired once it has logged in */
	}
	children_wire(s, c);
	if (c->role != ROLE_NOTARY)
		return;
	unseal_notary_ready(s);
	record_again(s);
}

static void
on_pong(struct proc *p, struct peer *from, const struct msg *m)
{
	struct child *c = sender(proc_context(p), from);
	struct reader r = reader_of(m->body);

	c->pinged_us = 0;
	c->answered_us = time_monotonic_us();
	if (reader_u16(&r) == ERR_OK)
		return;
	log_error("the %s %u is not healthy: killing it", role_name(c->role),
	    c->index);
	child_kill(c, SIGKILL);
}

static void
on_logged_in(struct proc *p, struct peer *from, const struct msg *m)
{
	struct supervisor *s = proc_context(p);
	struct reader r = reader_of(m->body);
	struct login l = { .e = (enum err)reader_u16(&r) };

	l.class = reader_u16(&r);
	l.message = reader_block(&r, 1024);
	for (size_t i = 0; i < COUNT(l.examined); i++)
		l.examined[i] = reader_u32(&r);
	if (reader_end(&r, "LOGGED_IN") == ERR_OK)
		unseal_logged_in(s, sender(s, from), &l);
}

static void
on_recorded(struct proc *p, struct peer *from, const struct msg *m)
{
	(void)from;
	record_done(proc_context(p), m->id);
}

static void
on_witnesses_say(struct proc *p, struct peer *from, const struct msg *m)
{
	struct reader r = reader_of(m->body);
	enum err e = (enum err)reader_u16(&r);
	struct view message = reader_block(&r, m->body.len);

	(void)from;
	if (reader_end(&r, "WITNESSES_SAY") == ERR_OK)
		unseal_witnesses_say(proc_context(p), e, message);
}

/* A child's peer broke the rules: whatever it has become, it is replaced. */
static void
on_breach(struct proc *p, struct peer *from, const struct msg *m)
{
	struct supervisor *s = proc_context(p);
	struct reader r = reader_of(m->body);
	enum role role = (enum role)reader_u16(&r);
	struct child *c = children_find(s, role, reader_u16(&r));

	if (r.failed || c == NULL)
		return;
	log_error("the %s accuses the %s %u: killing it",
	    role_name(peer_role(from)), role_name(role), c->index);
	child_kill(c, SIGKILL);
}

static void
on_gone(struct proc *p, enum role role, unsigned int index)
{
	struct supervisor *s = proc_context(p);
	struct child *c = children_find(s, role, index);

	/* unless its successor has taken the place already */
	if (c != NULL && proc_peer(p, role, index) == NULL)
		child_kill(c, SIGKILL);
}

static const struct proc_rule rules[] = {
	{ MSG_READY, on_ready },
	{ MSG_PONG, on_pong },
	{ MSG_LOGGED_IN, on_logged_in },
	{ MSG_RECORDED, on_recorded },
	{ MSG_BREACH, on_breach },
	{ MSG_ADMIN, on_admin },
	{ MSG_CALL_REPLY, on_call_reply },
	{ MSG_HOLD, on_hold },
	{ MSG_LOG_STATE, on_log_state },
	{ MSG_WITNESSES_SAY, on_witnesses_say },
};

static const struct proc_table table = {
	.self = ROLE_SUPERVISOR,
	.rules = rules,
	.count = COUNT(rules),
	.gone = on_gone,
};

/* ---- time and signals */

/* Last things first: seal, record it, then the notary, then ourselves. */
static void
stop_step(struct supervisor *s)
{
	int64_t waited = time_monotonic_us() - s->stop_us;
	struct child *notary = children_find(s, ROLE_NOTARY, 0);

	if (children_all_gone(s))
		proc_stop(s->proc);
	else if (waited > STOP_MAX_US)
		for (size_t i = 0; i < CHILDREN; i++)
			child_kill(&s->children[i], SIGKILL);
	else if (s->unrecorded == NULL || waited > STOP_RECORD_US)
		child_kill(notary, SIGTERM);
}

static void
on_tick(void *context)
{
	struct supervisor *s = context;

	children_tick(s);
	act_tick(s);
	if (s->stopping)
		stop_step(s);
}

static void
on_stop(void *context)
{
	struct supervisor *s = context;

	if (s->stopping)
		return;
	log_info("stopping");
	s->stopping = true;
	s->stop_us = time_monotonic_us();
	child_kill(children_find(s, ROLE_GATE, 0), SIGTERM);
	child_kill(children_find(s, ROLE_DESK, 0), SIGTERM);
	child_kill(children_find(s, ROLE_COURIER, 0), SIGTERM);
	if (s->seal == SEAL_OPEN || s->seal == SEAL_OPENING ||
	    s->seal == SEAL_ASKING)
		unseal_close(s, "stop", 0);
}

static void
on_child(void *context)
{
	children_reap(context);
}

/* ---- start */

/* Whoever reads the log finds every key that signs in the register. */
static enum err
check_planned(struct key_register *r, const struct config_key *key,
    const struct hash *spki)
{
	const struct register_key *k = register_key(r, key->label);

	if (k == NULL || k->state == REGISTER_DESTROYED)
		return err_because(ERR_MISMATCH, "keys: the register has no "
		    "live key \"%s\"", key->label);
	if (!view_equal(VIEW_OF(k->id), key->id) ||
	    !view_equal(VIEW_OF(k->spki.at), VIEW_OF(spki->at)))
		return err_because(ERR_MISMATCH, "keys: \"%s\": id or "
		    "public-key is not what the register has", key->label);
	return ERR_OK;
}

static enum err
read_keys(struct supervisor *s)
{
	struct key_register planned = { 0 };

	TRY(register_read(s->config->key_register, &planned, &s->planned));
	for (size_t i = 0; i < s->config->keys.count; i++) {
		AUTO(EVP_PKEY) key = NULL;
		AUTO_DONE(bytes) hex = { 0 };
		struct hash h;

		TRY(pem_read_public(s->config->keys.at[i].public_key, &key));
		TRY(public_hash(key, &h));
		TRY(check_planned(&planned, &s->config->keys.at[i], &h));
		hex_put(&hex, VIEW_OF(h.at));
		memcpy(s->spki[i], bytes_text(&hex), sizeof(s->spki[i]));
	}
	return ERR_OK;
}

/* Above the number that a child's control channel takes in become(). */
static enum err
open_program(struct supervisor *s)
{
	AUTO_FD fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	s->program = fd == -1 ? -1 :
	    fcntl(fd, F_DUPFD_CLOEXEC, CHILD_CONTROL + 1);
	return s->program == -1 ? err_system("/proc/self/exe") : ERR_OK;
}

static enum err
prepare(struct supervisor *s, const char *path)
{
	TRY(crypto_init());
	TRY(file_read(path, MSG_LONG, &s->config_text));
	TRY(config_parse(path, bytes_view(&s->config_text), &s->config));
	TRY(read_keys(s));
	TRY(unseal_prepare(s));
	TRY(open_program(s));
	return listen_all(s);
}

static enum err
watch(struct supervisor *s)
{
	TRY(proc_new(&table, s, &s->proc));
	TRY(proc_on_signal(s->proc, SIGCHLD, on_child, s));
	TRY(proc_on_signal(s->proc, SIGTERM, on_stop, s));
	TRY(proc_on_signal(s->proc, SIGINT, on_stop, s));
	return proc_every(s->proc, TICK_MS, on_tick, s);
}

static enum err
run(struct supervisor *s)
{
	TRY(watch(s));
	TRY(sandbox_prepare());
	TRY(sandbox_enter(ROLE_SUPERVISOR, s->config));
	children_plan(s);
	children_tick(s);
	log_info("sealed: waiting for %u of %u shares", s->quorum.threshold,
	    s->quorum.count);
	return proc_loop(s->proc);
}

int
supervisor_main(const char *config_path)
{
	static struct supervisor s;	/* to the end of the process */

	log_start(ROLE_SUPERVISOR, 0);
	if (prepare(&s, config_path) != ERR_OK)
		return log_fatal("start");
	if (run(&s) != ERR_OK) {
		listen_remove(&s);
		return log_fatal("serving");
	}
	listen_remove(&s);
	log_info("stopped");
	return 0;
}
