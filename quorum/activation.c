/*
 * The texts of an opening, both ways. An officer reads a statement that comes
 * through a socket, the daemon an act that comes through the desk: any bytes
 * at all. Next: signer/round.c, which judges acts.
 */
#include "quorum/activation.h"

#include <string.h>

#include "base/time.h"

#define STATEMENT_DOMAIN "okse/unseal/v2\n"
#define ACT_DOMAIN "okse/unseal-act/v1\n"

/* ---- the statement */

static void
put_hex(struct bytes *out, const char *name, struct view v)
{
	bytes_printf(out, "%s ", name);
	hex_put(out, v);
	bytes_put_u8(out, '\n');
}

enum err
activation_put(const struct activation *a, struct bytes *out)
{
	bytes_put_text(out, STATEMENT_DOMAIN);
	put_hex(out, "program", VIEW_OF(a->program.at));
	put_hex(out, "config", VIEW_OF(a->config.at));
	put_hex(out, "roster", VIEW_OF(a->roster.at));
	put_hex(out, "register", VIEW_OF(a->key_register.at));
	put_hex(out, "ceremony", VIEW_OF(a->ceremony.at));
	put_hex(out, "set", VIEW_OF(a->set_id));
	bytes_printf(out, "token %s\nserial %s\n", a->token,
	    a->serial[0] != '\0' ? a->serial : "-");
	put_hex(out, "nonce", VIEW_OF(a->nonce.at));
	bytes_put_text(out, "expires ");
	instant_put(out, a->expires);
	bytes_put_u8(out, '\n');
	put_hex(out, "key", VIEW_OF(a->point));
	return bytes_check(out);
}

static struct view
take(struct reader *r, const char *name)
{
	reader_text(r, name);
	reader_text(r, " ");
	return reader_until(r, '\n');
}

/* A failure is remembered by the reader, as everything else is. */
static void
take_hex(struct reader *r, const char *name, uint8_t *out, size_t size)
{
	AUTO_DONE(bytes) raw = { 0 };

	if (hex_get(take(r, name), &raw) != ERR_OK || raw.len != size)
		r->failed = true;
	else
		memcpy(out, raw.at, size);
}

/* Printable text without blanks at its ends. */
static void
take_text(struct reader *r, const char *name, char *out, size_t size)
{
	struct view v = take(r, name);

	if (!quorum_name_fits(v) || v.len >= size) {
		r->failed = true;
		return;
	}
	memcpy(out, v.at, v.len);
	out[v.len] = '\0';
}

enum err
activation_get(struct view text, struct activation *out)
{
	struct reader r = reader_of(text);
	struct activation a = { 0 };
	AUTO_DONE(bytes) again = { 0 };
	struct view expires;

	reader_text(&r, STATEMENT_DOMAIN);
	take_hex(&r, "program", a.program.at, sizeof(a.program.at));
	take_hex(&r, "config", a.config.at, sizeof(a.config.at));
	take_hex(&r, "roster", a.roster.at, sizeof(a.roster.at));
	take_hex(&r, "register", a.key_register.at,
	    sizeof(a.key_register.at));
	take_hex(&r, "ceremony", a.ceremony.at, sizeof(a.ceremony.at));
	take_hex(&r, "set", a.set_id, sizeof(a.set_id));
	take_text(&r, "token", a.token, sizeof(a.token));
	take_text(&r, "serial", a.serial, sizeof(a.serial));
	take_hex(&r, "nonce", a.nonce.at, sizeof(a.nonce.at));
	expires = take(&r, "expires");
	take_hex(&r, "key", a.point, sizeof(a.point));
	TRY(reader_end(&r, "an unseal statement"));
	TRY(instant_get(expires, &a.expires));
	if (strcmp(a.serial, "-") == 0)
		a.serial[0] = '\0';
	TRY(activation_put(&a, &again));
	if (!view_equal(bytes_view(&again), text))
		return err_because(ERR_SYNTAX,
		    "an unseal statement that is not in its one form");
	*out = a;
	return ERR_OK;
}

/* ---- acts */

static const char *const names[] = {
	[ACT_SHARE] = "share",
	[ACT_CANCEL] = "cancel",
	[ACT_SEAL] = "seal",
};

const char *
act_name(enum act_kind kind)
{
	return names[kind];
}

void
act_done(struct act *a)
{
	bytes_done(&a->sealed);
	bytes_done(&a->signature);
	*a = (struct act){ 0 };
}

enum err
act_begin(const struct act *a, struct bytes *out)
{
	bytes_put_text(out, ACT_DOMAIN);
	put_hex(out, "statement", VIEW_OF(a->statement.at));
	bytes_printf(out, "seat %u\nact %s\n", a->seat, names[a->kind]);
	if (a->kind == ACT_SHARE) {
		bytes_put_text(out, "sealed ");
		base64_put(out, bytes_view(&a->sealed));
		bytes_put_u8(out, '\n');
	}
	return bytes_check(out);
}

enum err
act_finish(struct view signature, struct bytes *text)
{
	bytes_put_text(text, "signature ");
	base64_put(text, signature);
	bytes_put_u8(text, '\n');
	return bytes_check(text);
}

static void
take_base64(struct reader *r, const char *name, struct bytes *out)
{
	if (base64_get(take(r, name), out) != ERR_OK || out->len == 0)
		r->failed = true;
}

static void
take_kind(struct reader *r, enum act_kind *out)
{
	struct view name = take(r, "act");

	for (size_t i = ACT_SHARE; i < COUNT(names); i++)
		if (view_is(name, names[i]))
			*out = (enum act_kind)i;
	if (*out == 0)
		r->failed = true;
}

enum err
act_get(struct view text, struct act *out)
{
	struct reader r = reader_of(text);
	AUTO_DONE(act) a = { 0 };

	reader_text(&r, ACT_DOMAIN);
	take_hex(&r, "statement", a.statement.at, sizeof(a.statement.at));
	reader_text(&r, "seat ");
	a.seat = (unsigned int)reader_decimal(&r, ROSTER_SEATS);
	reader_text(&r, "\n");
	take_kind(&r, &a.kind);
	if (!r.failed && a.kind == ACT_SHARE)
		take_base64(&r, "sealed", &a.sealed);
	a.message = VIEW(text.at, text.len - r.rest.len);
	take_base64(&r, "signature", &a.signature);
	TRY(reader_end(&r, "an officer's act"));
	*out = a;
	a = (struct act){ 0 };		/* handed over */
	return ERR_OK;
}
