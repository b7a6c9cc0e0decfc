/*
 * Officers' questions. They come through the desk and the supervisor, which
 * believe nothing of the arguments; each is read strictly here. Next: force.c
 * for policies.
 */
#include "signer/notary/calls.h"

#define ARGUMENT_MAX 1024

/* ---- policies: the argument is a serial */

static enum err
show_policy(struct notary *n, enum admin_verb verb, struct reader *argument,
    bool *out_broken, struct bytes *out_json)
{
	(void)verb;
	(void)argument;
	(void)out_broken;
	return force_put(n, out_json);
}

static enum err
change_policy(struct notary *n, enum admin_verb verb,
    struct reader *argument, bool *out_broken, struct bytes *out_json)
{
	int64_t serial = (int64_t)reader_u64(argument);

	TRY(reader_end(argument, "the serial of a policy"));
	TRY(force_change(n, verb, serial, out_broken));
	return force_put(n, out_json);
}

/* ---- all of them */

static const struct {
	enum admin_verb	verb;
	bool		held;	/* served while the notary is held, too */
	enum err	(*serve)(struct notary *n, enum admin_verb verb,
			    struct reader *argument, bool *out_broken,
			    struct bytes *out_json);
} calls[] = {
	{ ADMIN_POLICY, false, show_policy },
	{ ADMIN_POLICY_ACTIVATE, false, change_policy },
	{ ADMIN_POLICY_SHADOW, false, change_policy },
};

static enum err
serve(struct notary *n, struct view call, bool *out_broken,
    struct bytes *out_json)
{
	struct reader r = reader_of(call);
	enum admin_verb verb = (enum admin_verb)reader_u16(&r);
	struct reader argument = reader_of(reader_block(&r, ARGUMENT_MAX));

	TRY(reader_end(&r, "CALL"));
	for (size_t i = 0; i < COUNT(calls); i++) {
		if (calls[i].verb != verb)
			continue;
		if (!calls[i].held)
			TRY(guard_check(&n->guard));
		return calls[i].serve(n, verb, &argument, out_broken,
		    out_json);
	}
	return err_because(ERR_NOT_FOUND, "there is no such verb");
}

void
calls_serve(struct notary *n, struct view call, bool *out_broken,
    struct bytes *out_reply)
{
	AUTO_DONE(bytes) json = { 0 };
	enum err e = serve(n, call, out_broken, &json);

	if (e != ERR_OK)
		bytes_reset(&json);
	bytes_put_u16(out_reply, (uint16_t)e);
	bytes_put_block(out_reply, view_text(e == ERR_OK ? "" : err_why()));
	bytes_put_block(out_reply, bytes_view(&json));
}
