/*
 * The roster's text, both ways. It is read before anything an officer signed,
 * from a file that only the operator can replace; whoever does, decides which
 * policies count, so its hash is in the ceremony's transcript. Next:
 * approval.c.
 */
#include "quorum/roster.h"

#include <string.h>

#include "base/file.h"

#define ROSTER_SIZE 32768

static const struct {
	const char	*name;
	const char	*type;		/* OpenSSL's */
} algorithms[] = {
	[OFFICER_ED25519] = { "ed25519", "ED25519" },
	[OFFICER_P256] = { "p256", "EC" },
};

const char *
officer_algorithm_name(enum officer_algorithm a)
{
	return algorithms[a].name;
}

enum err
officer_algorithm_of(EVP_PKEY *key, enum officer_algorithm *out)
{
	uint8_t point[P256_POINT_SIZE];

	if (EVP_PKEY_is_a(key, algorithms[OFFICER_ED25519].type)) {
		*out = OFFICER_ED25519;
		return ERR_OK;
	}
	TRY(p256_point(key, point));
	*out = OFFICER_P256;
	return ERR_OK;
}

void
roster_done(struct roster *r)
{
	for (size_t i = 0; i < ROSTER_SEATS; i++)
		EVP_PKEY_free(r->officers[i].key);
	*r = (struct roster){ 0 };
}

/* ---- reading */

/* Another encoding of the same key is found by roster_get() at its end. */
static enum err
get_key(struct view base64, EVP_PKEY **out)
{
	AUTO_DONE(bytes) der = { 0 };
	const uint8_t *at;

	TRY(base64_get(base64, &der));
	at = der.at;
	if (der.len == 0 ||
	    (*out = d2i_PUBKEY(NULL, &at, (long)der.len)) == NULL) {
		(void)err_openssl("an officer's key");
		return err_because(ERR_SYNTAX,
		    "wanted a SubjectPublicKeyInfo (RFC 5280 4.1.2.7)");
	}
	return ERR_OK;
}

enum err
officer_key_put(const struct officer *o, struct bytes *out)
{
	AUTO_DONE(bytes) der = { 0 };

	TRY(public_der(o->key, &der));
	base64_put(out, bytes_view(&der));
	return bytes_check(out);
}

enum err
officer_key_get(struct view base64, struct officer *out)
{
	struct officer o = { 0 };
	AUTO_DONE(bytes) again = { 0 };
	AUTO(EVP_PKEY) key = NULL;

	TRY(get_key(base64, &key));
	o.key = key;
	TRY(officer_algorithm_of(key, &o.algorithm));
	TRY(officer_key_put(&o, &again));
	if (!view_equal(bytes_view(&again), base64))
		return err_because(ERR_SYNTAX,
		    "a public key that is not in its one form");
	out->algorithm = o.algorithm;
	out->key = STEAL(key);
	return ERR_OK;
}

static enum err
get_officer(struct view line, unsigned int seat, struct officer *o)
{
	struct reader r = reader_of(line);
	struct view algorithm, key;

	reader_text(&r, "seat ");
	if (reader_decimal(&r, ROSTER_SEATS) != seat)
		r.failed = true;
	reader_text(&r, " ");
	algorithm = reader_until(&r, ' ');
	key = reader_until(&r, ' ');
	if (r.failed || !quorum_name_fits(r.rest))
		return err_because(ERR_SYNTAX, "wanted \"seat %u\", an "
		    "algorithm, a key and a name of 1 to %d bytes", seat,
		    QUORUM_NAME_SIZE - 1);
	memcpy(o->name, r.rest.at, r.rest.len);
	TRY(get_key(key, &o->key));
	TRY(officer_algorithm_of(o->key, &o->algorithm));
	if (!view_is(algorithm, officer_algorithm_name(o->algorithm)))
		return err_because(ERR_SYNTAX, "seat %u: not a key of this "
		    "algorithm", seat);
	return ERR_OK;
}

static enum err
get_head(struct reader *r, struct roster *out)
{
	if (!view_is(reader_until(r, '\n'), "okse-roster 1"))
		return err_because(ERR_UNSUPPORTED,
		    "wanted \"okse-roster 1\" as the first line");
	reader_text(r, "threshold ");
	out->threshold = (unsigned int)reader_decimal(r, ROSTER_SEATS);
	reader_text(r, "\nseats ");
	out->count = (unsigned int)reader_decimal(r, ROSTER_SEATS);
	reader_text(r, "\n");
	if (r->failed)
		return err_because(ERR_SYNTAX, "wanted lines \"threshold m\" "
		    "and \"seats n\", at most %d", ROSTER_SEATS);
	if (out->threshold < 2 || out->threshold > out->count)
		return err_because(ERR_RANGE,
		    "wanted 2 <= threshold <= seats");
	return ERR_OK;
}

static enum err
check_different(const struct roster *r)
{
	for (unsigned int b = 1; b < r->count; b++)
		for (unsigned int a = 0; a < b; a++)
			if (EVP_PKEY_eq(r->officers[a].key,
			    r->officers[b].key) == 1 ||
			    strcmp(r->officers[a].name,
			    r->officers[b].name) == 0)
				return err_because(ERR_EXISTS, "seats %u and "
				    "%u have one key or one name", a + 1,
				    b + 1);
	return ERR_OK;
}

static enum err
get_roster(struct view text, struct roster *r)
{
	struct reader in = reader_of(text);
	AUTO_DONE(bytes) again = { 0 };

	TRY(get_head(&in, r));
	for (unsigned int x = 1; x <= r->count; x++)
		TRY(get_officer(reader_until(&in, '\n'), x,
		    &r->officers[x - 1]));
	TRY(reader_end(&in, "roster"));
	TRY(check_different(r));
	TRY(roster_put(r, &again));
	if (!view_equal(bytes_view(&again), text))
		return err_because(ERR_SYNTAX,
		    "a roster that is not in its one form");
	return ERR_OK;
}

enum err
roster_get(struct view text, struct roster *out)
{
	AUTO_DONE(roster) r = { 0 };

	TRY(get_roster(text, &r));
	*out = r;
	r = (struct roster){ 0 };
	return ERR_OK;
}

enum err
roster_read(const char *path, struct roster *out)
{
	AUTO_DONE(bytes) text = { 0 };
	enum err e;

	TRY(file_read(path, ROSTER_SIZE, &text));
	e = roster_get(bytes_view(&text), out);
	return e == ERR_OK ? ERR_OK :
	    err_because(e, "%s: %s", path, err_why());
}

/* ---- writing */

enum err
roster_put(const struct roster *r, struct bytes *out)
{
	bytes_printf(out, "okse-roster 1\nthreshold %u\nseats %u\n",
	    r->threshold, r->count);
	for (unsigned int i = 0; i < r->count; i++) {
		const struct officer *o = &r->officers[i];

		bytes_printf(out, "seat %u %s ", i + 1,
		    officer_algorithm_name(o->algorithm));
		TRY(officer_key_put(o, out));
		bytes_printf(out, " %s\n", o->name);
	}
	return bytes_check(out);
}
