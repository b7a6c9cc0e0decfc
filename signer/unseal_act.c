/*
 * What officers answer to the daemon's statement: a share, a word to close,
 * or to begin anew. Acts come through the desk and are believed for their
 * signature only; what is refused is named to whoever sent it and counted in
 * the log, so that nobody can flood it. Next: unseal.c.
 */
#include "signer/supervisor.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/time.h"
#include "pkcs11/token.h"
#include "quorum/envelope.h"
#include "signer/about.h"
#include "signer/log.h"

#define COUNT_US INT64_C(1000000)	/* between two sums of refusals */

static enum err
read_token(struct supervisor *s)
{
	AUTO(token_uri) uri = NULL;

	TRY(token_uri_parse(s->config->token.uri, &uri));
	snprintf(s->about.token, sizeof(s->about.token), "%s",
	    uri->wanted.label);
	snprintf(s->about.serial, sizeof(s->about.serial), "%s",
	    uri->wanted.serial);
	return ERR_OK;
}

enum err
act_prepare(struct supervisor *s)
{
	TRY(about_program(&s->about.program));
	s->about.config = s->config->hash;
	memcpy(s->about.set_id, s->quorum.set_id, sizeof(s->about.set_id));
	s->about.key_register = s->planned;
	TRY(about_roster(s->config, &s->roster, &s->about.roster));
	TRY(read_token(s));
	if (s->config->transcript != NULL)
		TRY(about_ceremony(s->config->transcript,
		    &s->about.ceremony));
	TRY(envelope_prepare());
	if (s->config->unseal == UNSEAL_LINES)
		log_warning("unseal: lines: shares are taken in the clear, "
		    "from whoever may use the officers' socket");
	return round_begin(&s->round, &s->about);
}

void
act_new_round(struct supervisor *s)
{
	if (round_begin(&s->round, &s->about) == ERR_OK)
		return;
	round_done(&s->round);		/* nothing is heard without one */
	log_error("no new round: %s", err_why());
}

/* ---- refusals, in sums */

static void
count_refusal(struct supervisor *s, enum err e)
{
	if (e == ERR_SYNTAX)
		s->malformed++;
	else
		s->unsigned_acts++;
}

static void
tell_counts(struct supervisor *s)
{
	AUTO_DONE(bytes) body = { 0 };

	if ((s->malformed | s->unsigned_acts) == 0 ||
	    children_ready(s, ROLE_NOTARY) == 0 ||
	    time_monotonic_us() - s->counted_us < COUNT_US)
		return;
	bytes_put_u64(&body, s->malformed);
	bytes_put_u64(&body, s->unsigned_acts);
	bytes_put_u64(&body, 0);
	peer_send(proc_peer(s->proc, ROLE_NOTARY, 0), MSG_COUNTS, 0,
	    bytes_view(&body));
	log_warning("%llu officers' acts refused for their form, %llu for "
	    "what they answer or who signed",
	    (unsigned long long)s->malformed,
	    (unsigned long long)s->unsigned_acts);
	s->malformed = s->unsigned_acts = 0;
	s->counted_us = time_monotonic_us();
}

void
act_tick(struct supervisor *s)
{
	tell_counts(s);
	if (!round_over(&s->round) || s->stopping ||
	    s->seal == SEAL_ASKING)
		return;
	if (s->seal == SEAL_SEALED && s->share_count != 0)
		unseal_close(s, "expired", 0);
	else
		act_new_round(s);
}

/* ---- acts */

static enum err
take_share(struct supervisor *s, const struct act *a)
{
	AUTO_DONE(share) share = { 0 };

	TRY(round_share(&s->round, a, &share));
	return unseal_share(s, &share);
}

static enum err
cancel(struct supervisor *s, const struct act *a)
{
	if (s->seal != SEAL_SEALED || s->share_count == 0)
		return err_because(ERR_NOT_FOUND, "no share has been given: "
		    "there is nothing to cancel");
	unseal_close(s, "cancel", a->seat);
	return ERR_OK;
}

static enum err
close_it(struct supervisor *s, const struct act *a)
{
	if (s->seal == SEAL_SEALED || s->seal == SEAL_LATCHED)
		return err_because(ERR_EXISTS, "the daemon is sealed already");
	unseal_close(s, "officer", a->seat);
	return ERR_OK;
}

enum err
act_hear(struct supervisor *s, struct view text)
{
	AUTO_DONE(act) a = { 0 };
	enum err e = round_hear(&s->round, &s->roster, text, &a);

	if (e != ERR_OK) {
		count_refusal(s, e);
		return e;
	}
	switch (a.kind) {
	case ACT_SHARE:
		e = take_share(s, &a);
		break;
	case ACT_CANCEL:
		return cancel(s, &a);
	case ACT_SEAL:
		return close_it(s, &a);
	}
	/* an officer's, but no share that counts; not so if it came twice */
	if (e == ERR_SYNTAX || e == ERR_CORRUPT || e == ERR_MISMATCH)
		count_refusal(s, e);
	return e;
}

enum err
act_hear_line(struct supervisor *s, struct view line)
{
	AUTO_DONE(share) share = { 0 };

	if (s->config->unseal != UNSEAL_LINES)
		return err_because(ERR_FORBIDDEN, "a share in the clear is not "
		    "taken here: give it with okse unseal, signed by its seat");
	TRY(share_get(line, &share));
	return unseal_share(s, &share);
}
