/*
 * What officers ask, as the desk passes it on. The argument of ADMIN_SHARE is
 * the only text here that comes from outside; share_get() reads it strictly.
 */
#include "signer/supervisor.h"

#include "base/json.h"
#include "policy/policy.h"
#include "signer/log.h"

static const char *
seal_name(enum seal_state seal)
{
	static const char *const names[] = {
		[SEAL_SEALED] = "sealed",
		[SEAL_OPENING] = "opening",
		[SEAL_OPEN] = "open",
		[SEAL_LATCHED] = "latched",
	};

	return names[seal];
}

static enum err
put_status(struct supervisor *s, struct bytes *out)
{
	struct json j = json_start(out);

	json_object(&j, NULL);
	json_bool(&j, "sealed", s->seal != SEAL_OPEN);
	json_string(&j, "state", seal_name(s->seal));
	json_int(&j, "threshold", s->quorum.threshold);
	json_int(&j, "seats", s->quorum.count);
	json_array(&j, "given");
	for (unsigned int i = 0; i < s->share_count; i++)
		json_int(&j, NULL, s->shares[i].x);
	json_close(&j);
	json_int(&j, "keyholders", children_ready(s, ROLE_KEYHOLDER));
	json_int(&j, "keyholders_wanted", s->config->token.keyholders);
	json_bool(&j, "gate", children_ready(s, ROLE_GATE) != 0);
	json_bool(&j, "notary", children_ready(s, ROLE_NOTARY) != 0);
	json_close(&j);
	return json_end(&j);
}

/* The files as they are now, which a restart would take into force. */
static enum err
put_policy(const struct supervisor *s, struct bytes *out)
{
	AUTO(policy) policy = NULL;
	struct json j = json_start(out);

	TRY(policy_load(s->config->policy, &policy));
	json_object(&j, NULL);
	json_hex(&j, "sha256", VIEW_OF(policy_hash(policy)->at));
	json_int(&j, "serial", policy_serial(policy));
	json_close(&j);
	return json_end(&j);
}

static enum err
serve(struct supervisor *s, enum admin_verb verb, struct view argument,
    struct bytes *out)
{
	switch (verb) {
	case ADMIN_STATUS:
		break;
	case ADMIN_SHARE:
		TRY(unseal_share(s, argument));
		break;
	case ADMIN_SEAL:
		unseal_close(s, "officer");
		break;
	case ADMIN_CLEAR_LATCH:
		TRY(unseal_clear_latch(s));
		break;
	case ADMIN_POLICY:
		return put_policy(s, out);
	default:
		return err_because(ERR_NOT_FOUND, "there is no such verb");
	}
	return put_status(s, out);
}

void
on_admin(struct proc *p, struct peer *from, const struct msg *m)
{
	struct supervisor *s = proc_context(p);
	struct reader r = reader_of(m->body);
	enum admin_verb verb = (enum admin_verb)reader_u16(&r);
	struct view argument = reader_block(&r, ADMIN_SHARE_MAX);
	AUTO_DONE(bytes) json = { 0 };
	AUTO_DONE(bytes) body = { 0 };
	enum err e = reader_end(&r, "ADMIN");

	if (e == ERR_OK)
		e = serve(s, verb, argument, &json);
	if (e != ERR_OK) {
		log_warning("an officer's request failed: %s", err_why());
		bytes_reset(&json);
	}
	bytes_put_u16(&body, (uint16_t)e);
	bytes_put_block(&body, view_text(e == ERR_OK ? "" : err_why()));
	bytes_put_block(&body, bytes_view(&json));
	peer_send(from, MSG_ADMIN_REPLY, m->id, bytes_view(&body));
}
