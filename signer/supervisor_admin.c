/*
 * What officers ask, as the desk passes it on. The arguments of ADMIN_ACT and
 * ADMIN_SHARE are the only texts here that come from outside: unseal_act.c.
 * What is about the policy the notary answers.
 */
#include "signer/supervisor.h"

#include "base/json.h"
#include "signer/log.h"

static const char *
seal_name(enum seal_state seal)
{
	static const char *const names[] = {
		[SEAL_SEALED] = "sealed",
		[SEAL_OPENING] = "opening",
		[SEAL_OPEN] = "open",
		[SEAL_LATCHED] = "latched",
		[SEAL_ASKING] = "asking",
	};

	return names[seal];
}

static enum err
put_status(struct supervisor *s, struct bytes *out)
{
	struct json j = json_start(out);

	json_record(&j, NULL);
	json_bool(&j, "sealed", s->seal != SEAL_OPEN);
	json_c_text(&j, "state", seal_name(s->seal));
	json_int(&j, "threshold", s->quorum.threshold);
	json_int(&j, "seats", s->quorum.count);
	json_items(&j, "given");
	for (unsigned int i = 0; i < s->share_count; i++)
		json_int(&j, NULL, s->shares[i].x);
	json_close(&j);
	json_bool(&j, "plain_lines", s->config->unseal == UNSEAL_LINES);
	json_text(&j, "statement", bytes_view(&s->round.text));
	json_int(&j, "keyholders", children_ready(s, ROLE_KEYHOLDER));
	json_int(&j, "keyholders_wanted", s->config->token.keyholders);
	json_bool(&j, "gate", children_ready(s, ROLE_GATE) != 0);
	json_bool(&j, "notary", children_ready(s, ROLE_NOTARY) != 0);
	if (s->hold.len != 0)
		json_raw(&j, "hold", bytes_view(&s->hold));
	if (s->refused.len != 0)
		json_text(&j, "refused", bytes_view(&s->refused));
	if (s->log_state.len != 0)
		json_raw(&j, "log", bytes_view(&s->log_state));
	json_close(&j);
	return json_end(&j);
}

/*
 * Whoever may use the socket may close what is open; shares that officers
 * gave, only an officer makes it forget.
 */
static enum err
close_here(struct supervisor *s)
{
	if (s->seal == SEAL_SEALED && s->share_count != 0)
		return err_because(ERR_FORBIDDEN, "a round that has begun is "
		    "cancelled by an officer: okse seal --cancel");
	unseal_close(s, "officer", 0);
	return ERR_OK;
}

static enum err
serve(struct supervisor *s, enum admin_verb verb, struct view argument,
    struct bytes *out)
{
	switch (verb) {
	case ADMIN_STATUS:
		break;
	case ADMIN_SHARE:
		TRY(act_hear_line(s, argument));
		break;
	case ADMIN_ACT:
		TRY(act_hear(s, argument));
		break;
	case ADMIN_SEAL:
		TRY(close_here(s));
		break;
	case ADMIN_CLEAR_LATCH:
		TRY(unseal_clear_latch(s));
		break;
	default:
		return err_because(ERR_NOT_FOUND, "there is no such verb");
	}
	return put_status(s, out);
}

static void
reply(struct supervisor *s, uint64_t id, enum err e, struct view json)
{
	AUTO_DONE(bytes) body = { 0 };

	bytes_put_u16(&body, (uint16_t)e);
	bytes_put_block(&body, view_text(e == ERR_OK ? "" : err_why()));
	bytes_put_block(&body, json);
	peer_send(proc_peer(s->proc, ROLE_DESK, 0), MSG_ADMIN_REPLY, id,
	    bytes_view(&body));
}

/* ---- what the notary answers */

static enum err
ask_notary(struct supervisor *s, const struct msg *m)
{
	struct peer *notary = children_ready(s, ROLE_NOTARY) != 0 ?
	    proc_peer(s->proc, ROLE_NOTARY, 0) : NULL;

	if (notary == NULL)
		return err_because(ERR_UNAVAILABLE, "the notary is restarting");
	if (s->call_count == NOTARY_CALLS)
		return err_because(ERR_FULL, "%d questions to the notary wait",
		    NOTARY_CALLS);
	s->calls[s->call_count++] = m->id;
	peer_send(notary, MSG_CALL, m->id, m->body);
	return ERR_OK;
}

static enum err
check_reply(struct view body)
{
	struct reader r = reader_of(body);
	uint16_t code = reader_u16(&r);

	(void)reader_block(&r, body.len);
	(void)reader_block(&r, body.len);
	TRY(reader_end(&r, "CALL_REPLY"));
	return code < ERR_COUNT ? ERR_OK :
	    err_because(ERR_SYNTAX, "CALL_REPLY: no such error");
}

/* Only what was asked for, and of its form, goes on to the desk. */
void
on_call_reply(struct proc *p, struct peer *from, const struct msg *m)
{
	struct supervisor *s = proc_context(p);
	size_t i = 0;

	(void)from;
	if (check_reply(m->body) != ERR_OK) {
		log_error("the notary: %s", err_why());
		return;
	}
	while (i < s->call_count && s->calls[i] != m->id)
		i++;
	if (i == s->call_count)
		return;
	s->calls[i] = s->calls[--s->call_count];
	peer_send(proc_peer(p, ROLE_DESK, 0), MSG_ADMIN_REPLY, m->id,
	    m->body);
}

/* Why it decides nothing, for whoever asks for the status. */
void
on_hold(struct proc *p, struct peer *from, const struct msg *m)
{
	struct supervisor *s = proc_context(p);
	struct reader r = reader_of(m->body);
	struct view json;

	(void)from;
	(void)reader_block(&r, m->body.len);
	json = reader_block(&r, m->body.len);
	if (reader_end(&r, "HOLD") != ERR_OK || !utf8_valid(json)) {
		log_error("the notary: a broken HOLD");
		return;
	}
	bytes_reset(&s->hold);
	bytes_put(&s->hold, json);
}

void
on_log_state(struct proc *p, struct peer *from, const struct msg *m)
{
	struct supervisor *s = proc_context(p);
	struct reader r = reader_of(m->body);
	struct view json;

	(void)from;
	(void)reader_u16(&r);
	json = reader_block(&r, m->body.len);
	if (reader_end(&r, "LOG_STATE") != ERR_OK || !utf8_valid(json)) {
		log_error("the notary: a broken LOG_STATE");
		return;
	}
	bytes_reset(&s->log_state);
	bytes_put(&s->log_state, json);
}

void
admin_notary_gone(struct supervisor *s)
{
	bytes_reset(&s->hold);
	bytes_reset(&s->log_state);
	while (s->call_count != 0)
		reply(s, s->calls[--s->call_count],
		    err_because(ERR_UNAVAILABLE, "the notary has ended"),
		    VIEW(NULL, 0));
}

/* ---- every call */

void
on_admin(struct proc *p, struct peer *from, const struct msg *m)
{
	struct supervisor *s = proc_context(p);
	struct reader r = reader_of(m->body);
	enum admin_verb verb = (enum admin_verb)reader_u16(&r);
	struct view argument = reader_block(&r, ADMIN_SHARE_MAX);
	AUTO_DONE(bytes) json = { 0 };
	enum err e = reader_end(&r, "ADMIN");

	(void)from;
	if (e == ERR_OK && verb >= ADMIN_POLICY) {
		if ((e = ask_notary(s, m)) == ERR_OK)
			return;		/* on_call_reply() goes on */
	} else if (e == ERR_OK)
		e = serve(s, verb, argument, &json);
	if (e != ERR_OK) {
		log_warning("an officer's request failed: %s", err_why());
		bytes_reset(&json);
	}
	reply(s, m->id, e, bytes_view(&json));
}
