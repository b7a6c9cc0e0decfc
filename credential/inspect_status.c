/*
 * Status lists, read back, and what they say of a credential. Both may be
 * anybody's until they are verified. Next: inspect.c.
 */
#include "credential/cbor.h"
#include "credential/cose.h"
#include "credential/inspect_format.h"
#include "credential/status_token.h"

static json_t *
describe_list(const struct status_list *l)
{
	uint64_t entries = status_list_entries(l), told = 0;
	json_t *o = json_pack("{s:i, s:I}", "bits", status_list_bits(l),
	    "entries", (json_int_t)entries);

	for (unsigned int v = STATUS_VALID; v <= STATUS_SUSPENDED; v++) {
		uint64_t n = status_list_count(l, v);

		json_object_set_new(o, status_name(v),
		    json_integer((json_int_t)n));
		told += n;
	}
	if (told != entries)
		json_object_set_new(o, "other",
		    json_integer((json_int_t)(entries - told)));
	return o;
}

static enum err
read_token(enum status_form form, struct inspected *i)
{
	AUTO_DONE(status_room) room = { 0 };
	struct status_token t;

	TRY(bytes_check(&i->part[0]));
	TRY(status_token_get(form, bytes_view(&i->part[0]), &room, &t));
	TRY(status_list_unpack(t.bits, t.list, &i->list));
	i->from = t.issued_at;
	i->until = t.expires_at;
	i->content = json_pack("{s:o, s:o, s:o, s:I, s:o}",
	    "sub", inspect_text(t.uri), "iat", inspect_time(t.issued_at),
	    "exp", inspect_time(t.expires_at), "ttl", (json_int_t)t.ttl,
	    "status_list", describe_list(i->list));
	return i->content != NULL ? ERR_OK :
	    err_because(ERR_MEMORY, "a status list");
}

enum err
inspect_status_jwt(struct view text, struct inspected *i)
{
	AUTO(json_t) payload = NULL;

	TRY(inspect_jws(text, i, &payload));
	return read_token(STATUS_JWT, i);
}

static enum err
read_certificate(struct view protected, struct inspected *i)
{
	struct cbor_reader r = cbor_reader_of(protected);
	struct view certificate;

	cbor_want_map(&r, 3);
	cbor_want_int(&r, COSE_ALG);
	cbor_read_int(&r);
	cbor_want_int(&r, COSE_TYP);
	cbor_read_text(&r, COSE_PART);
	cbor_want_int(&r, COSE_X5CHAIN);
	certificate = cbor_read_bytes(&r, COSE_PART);
	cbor_leave(&r);
	TRY(cbor_end(&r, "status list, protected header"));
	return inspect_certificate(certificate, &i->signer);
}

enum err
inspect_status_cwt(struct view text, struct inspected *i)
{
	struct cose_sign1 s = { 0 };

	TRY(cose_get_sign1(text, &s, i->signature[0]));
	cose_put_tbs(&i->part[0], &s);
	i->parts = 1;
	TRY(read_certificate(s.protected, i));
	return read_token(STATUS_CWT, i);
}

/* ---- what a list says of a credential */

/* {"status_list":{"idx","uri"}}: a JSON format's, an mdoc's, a CWT's */
static const json_t *
place_in(const struct inspected *i)
{
	const json_t *status = json_object_get(i->content, "status");

	if (status == NULL)
		status = json_object_get(i->content, "65535");
	return json_object_get(status, "status_list");
}

enum err
inspected_place(const struct inspected *credential, const char **out_uri,
    uint64_t *out_index)
{
	const json_t *place = place_in(credential);
	const json_t *index = json_object_get(place, "idx");
	const char *uri = json_string_value(json_object_get(place, "uri"));

	if (credential->list != NULL || place == NULL)
		return err_because(ERR_NOT_FOUND,
		    "it names no status list: nobody can take it back");
	if (uri == NULL || !json_is_integer(index) ||
	    json_integer_value(index) < 0)
		return err_because(ERR_SCHEMA, "status: wanted idx and uri "
		    "(draft-ietf-oauth-status-list 6.2)");
	*out_uri = uri;
	*out_index = (uint64_t)json_integer_value(index);
	return ERR_OK;
}

enum err
inspected_status(const struct inspected *credential,
    const struct inspected *list, unsigned int *out_status)
{
	const char *wanted, *uri;
	uint64_t index;

	TRY(inspected_place(credential, &wanted, &index));
	uri = json_string_value(json_object_get(list->content, "sub"));
	if (list->list == NULL || uri == NULL)
		return err_because(ERR_SCHEMA, "this is no status list");
	if (!view_is(view_text(uri), wanted))
		return err_because(ERR_MISMATCH, "the credential is in "
		    "another list: %s (draft-ietf-oauth-status-list 8.3)",
		    wanted);
	return status_list_get(list->list, index, out_status);
}
