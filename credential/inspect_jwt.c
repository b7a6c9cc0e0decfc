/*
 * SD-JWT VCs and W3C credentials, read back. An SD-JWT's disclosures are put
 * where their digests stand, as RFC 9901 7.1 says a verifier must: each once,
 * none left over. Next: inspect.c.
 */
#include <string.h>

#include "credential/inspect_format.h"
#include "credential/jws.h"

#define DISCLOSURES 512

/* ---- header.payload.signature */

static enum err
read_signer(const json_t *header, struct inspected *i)
{
	const json_t *x5c = json_object_get(header, "x5c");
	AUTO_DONE(bytes) der = { 0 };
	struct view v;

	if (json_array_size(x5c) != 1)
		return err_because(ERR_SCHEMA, "x5c: wanted the signer's "
		    "certificate alone (HAIP 1.0 6.1.1)");
	v = VIEW(json_string_value(json_array_get(x5c, 0)),
	    json_string_length(json_array_get(x5c, 0)));
	TRY(base64_get(v, &der));
	return inspect_certificate(bytes_view(&der), &i->signer);
}

static enum err
read_part(struct view part, json_t **out)
{
	AUTO_DONE(bytes) text = { 0 };

	TRY(base64url_get(part, &text));
	return inspect_json(bytes_view(&text), out);
}

enum err
inspect_jws(struct view jws, struct inspected *i, json_t **out_payload)
{
	AUTO_DONE(bytes) signature = { 0 };
	AUTO(json_t) header = NULL;
	struct view rest = jws, first = jws_cut(&rest, '.'),
	    second = jws_cut(&rest, '.');

	TRY(base64url_get(rest, &signature));
	if (signature.len != P256_SIGNATURE_SIZE)
		return err_because(ERR_SYNTAX, "wanted header.payload."
		    "signature with 64 bytes of signature (RFC 7518 3.4)");
	memcpy(i->signature[0], signature.at, signature.len);
	bytes_put(&i->part[0], VIEW(jws.at, first.len + 1 + second.len));
	i->parts = 1;
	TRY(read_part(first, &header));
	TRY(read_signer(header, i));
	return read_part(second, out_payload);
}

static enum err
read_times(const json_t *payload, struct inspected *i)
{
	const json_t *nbf = json_object_get(payload, "nbf");
	const json_t *exp = json_object_get(payload, "exp");

	if (!json_is_integer(nbf) || !json_is_integer(exp))
		return err_because(ERR_SCHEMA, "nbf and exp: wanted seconds "
		    "since 1970 (RFC 7519 4.1)");
	i->from = json_integer_value(nbf);
	i->until = json_integer_value(exp);
	return ERR_OK;
}

/* ---- disclosures */

struct disclosures {
	size_t		count, used;
	struct view	text[DISCLOSURES];
	struct hash	digest[DISCLOSURES];
	bool		taken[DISCLOSURES];
};

/* The JSON of the disclosure with this digest; NULL: none, or a decoy. */
static enum err
find_disclosure(struct disclosures *d, const json_t *digest,
    json_t **out_disclosure)
{
	AUTO_DONE(bytes) wanted = { 0 };

	TRY(base64url_get(VIEW(json_string_value(digest),
	    json_string_length(digest)), &wanted));
	for (size_t k = 0; k < d->count; k++) {
		if (!view_equal(bytes_view(&wanted),
		    VIEW_OF(d->digest[k].at)))
			continue;
		if (d->taken[k])
			return err_because(ERR_MISMATCH, "a digest that stands "
			    "twice (RFC 9901 7.1)");
		d->taken[k] = true;
		d->used++;
		return read_part(d->text[k], out_disclosure);
	}
	*out_disclosure = NULL;
	return ERR_OK;
}

static enum err resolve(struct disclosures *d, json_t *value,
    unsigned int depth, json_t **out_resolved);

/* name and value of [salt, name, value] into an object */
static enum err
put_disclosed(struct disclosures *d, const json_t *disclosure,
    unsigned int depth, json_t *into)
{
	const char *name = json_string_value(json_array_get(disclosure, 1));
	json_t *value = json_array_get(disclosure, 2);
	AUTO(json_t) resolved = NULL;

	if (json_array_size(disclosure) != 3 || name == NULL ||
	    strcmp(name, "_sd") == 0 || strcmp(name, "...") == 0 ||
	    json_object_get(into, name) != NULL)
		return err_because(ERR_SCHEMA, "a disclosure that is not of "
		    "[salt, name, value], or of a name that is there "
		    "(RFC 9901 7.1)");
	TRY(resolve(d, value, depth, &resolved));
	if (json_object_set(into, name, resolved) != 0)
		return err_because(ERR_MEMORY, "a disclosure");
	return ERR_OK;
}

static enum err
resolve_digests(struct disclosures *d, const json_t *digests,
    unsigned int depth, json_t *into)
{
	size_t k;
	json_t *digest;

	json_array_foreach(digests, k, digest) {
		AUTO(json_t) disclosure = NULL;

		TRY(find_disclosure(d, digest, &disclosure));
		if (disclosure != NULL)
			TRY(put_disclosed(d, disclosure, depth, into));
	}
	return ERR_OK;
}

static enum err
resolve_object(struct disclosures *d, json_t *value, unsigned int depth,
    json_t *into)
{
	const char *name;
	json_t *member;

	json_object_foreach(value, name, member) {
		AUTO(json_t) resolved = NULL;

		if (strcmp(name, "_sd") == 0 || strcmp(name, "_sd_alg") == 0)
			continue;
		TRY(resolve(d, member, depth, &resolved));
		if (json_object_set(into, name, resolved) != 0)
			return err_because(ERR_MEMORY, "a claim");
	}
	return resolve_digests(d, json_object_get(value, "_sd"), depth, into);
}

/* An element that is not disclosed is left out. */
static enum err
resolve_element(struct disclosures *d, json_t *element, unsigned int depth,
    json_t *into)
{
	const json_t *digest = json_object_get(element, "...");
	AUTO(json_t) disclosure = NULL;
	AUTO(json_t) resolved = NULL;

	if (digest != NULL) {
		TRY(find_disclosure(d, digest, &disclosure));
		if (disclosure == NULL)
			return ERR_OK;
		element = json_array_get(disclosure, 1);
		if (json_array_size(disclosure) != 2)
			return err_because(ERR_SCHEMA, "a disclosure that is "
			    "not of [salt, value] (RFC 9901 4.2.2)");
	}
	TRY(resolve(d, element, depth, &resolved));
	if (json_array_append(into, resolved) != 0)
		return err_because(ERR_MEMORY, "an element");
	return ERR_OK;
}

static enum err
resolve_array(struct disclosures *d, json_t *value, unsigned int depth,
    json_t *into)
{
	size_t k;
	json_t *element;

	json_array_foreach(value, k, element)
		TRY(resolve_element(d, element, depth, into));
	return ERR_OK;
}

/* A copy of the value with its disclosures in place. */
static enum err
resolve(struct disclosures *d, json_t *value, unsigned int depth,
    json_t **out_resolved)
{
	AUTO(json_t) copy = NULL;

	if (depth == INSPECT_DEPTH)
		return err_because(ERR_SCHEMA, "claims nested over %d deep",
		    INSPECT_DEPTH);
	if (json_is_object(value)) {
		copy = json_object();
		TRY(resolve_object(d, value, depth + 1, copy));
	} else if (json_is_array(value)) {
		copy = json_array();
		TRY(resolve_array(d, value, depth + 1, copy));
	} else {
		copy = json_incref(value);
	}
	if (copy == NULL)
		return err_because(ERR_SCHEMA, "a claim without a value");
	*out_resolved = STEAL(copy);
	return ERR_OK;
}

static enum err
read_disclosures(struct view rest, struct disclosures *d)
{
	while (rest.len != 0) {
		const uint8_t *start = rest.at;
		struct view one = jws_cut(&rest, '~');

		if (d->count == DISCLOSURES || one.len == 0 ||
		    start[one.len] != '~')
			return err_because(ERR_SYNTAX, "over %d disclosures, "
			    "an empty one, or no tilde behind the last "
			    "(RFC 9901 4)", DISCLOSURES);
		d->text[d->count] = one;
		d->digest[d->count++] = sha256(one);
	}
	return ERR_OK;
}

enum err
inspect_sd_jwt(struct view text, struct inspected *i)
{
	static struct disclosures d;	/* large; the process has one thread */
	struct view rest = text, jws = jws_cut(&rest, '~');
	AUTO(json_t) payload = NULL;

	d = (struct disclosures){ 0 };
	if (text.at[text.len - 1] != '~')
		return err_because(ERR_SYNTAX, "an SD-JWT VC of an issuer "
		    "ends with a tilde (RFC 9901 4)");
	TRY(read_disclosures(rest, &d));
	TRY(inspect_jws(jws, i, &payload));
	TRY(read_times(payload, i));
	TRY(resolve(&d, payload, 0, &i->content));
	if (d.used != d.count)
		return err_because(ERR_MISMATCH, "%zu disclosures without a "
		    "digest (RFC 9901 7.1)", d.count - d.used);
	return ERR_OK;
}

enum err
inspect_vc_jwt(struct view text, struct inspected *i)
{
	AUTO(json_t) payload = NULL;

	TRY(inspect_jws(text, i, &payload));
	TRY(read_times(payload, i));
	i->content = STEAL(payload);
	return ERR_OK;
}
