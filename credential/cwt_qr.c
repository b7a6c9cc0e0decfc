/*
 * Compact credentials, as in cwt_qr.txt. What is stated comes from
 * statement.c. Next: cwt_qr_format.c.
 */
#include "credential/cwt_qr.h"

#include <stdlib.h>
#include <string.h>

#include "credential/cbor.h"
#include "credential/format.h"
#include "credential/statement.h"

#define CTI_SIZE 8
#define LABEL_LANGUAGE 3

static void
put_protected(struct bytes *b, struct view kid)
{
	cbor_put_map(b, 3);
	cbor_put_int(b, COSE_ALG);
	cbor_put_int(b, COSE_ES256);
	cbor_put_int(b, COSE_KID);
	cbor_put_bytes(b, kid);
	cbor_put_int(b, COSE_TYP);
	cbor_put_uint(b, COSE_TYP_CWT);
}

/* YYYYMMDD: a date of claim 169 has no hyphens. */
static void
put_date(struct bytes *b, struct view date)
{
	uint8_t digits[10];
	size_t n = 0;

	for (size_t i = 0; i < date.len && n < sizeof(digits); i++)
		if (date.at[i] != '-')
			digits[n++] = date.at[i];
	cbor_put_text(b, VIEW(digits, n));
}

static int
label_order(const void *a, const void *b)
{
	const struct statement *const *x = a, *const *y = b;

	return (*x)->spec->label < (*y)->spec->label ? -1 :
	    (*x)->spec->label > (*y)->spec->label;
}

static void
put_statement(struct bytes *b, const struct statement *s)
{
	cbor_put_int(b, s->spec->label);
	if (s->value.kind == VALUE_INTEGER)
		cbor_put_int(b, s->value.integer);
	else if (s->type == CLAIM_DATE)
		put_date(b, s->value.text);
	else
		cbor_put_text(b, s->value.text);
}

/* The language stands among the claims, in its place. */
static enum err
put_identity(struct bytes *b, const struct credential_order *o)
{
	struct statement language = { .type = CLAIM_STRING };
	static const struct claim_spec third = { .label = LABEL_LANGUAGE };
	const struct statement *sorted[STATEMENTS + 1] = { &language };
	struct statements s;
	size_t n = 1;

	language.spec = &third;
	language.value = (struct value){ .kind = VALUE_STRING,
	    .text = view_text(order_programme(o)->cwt_qr.language) };
	TRY(statements_gather(o, FORMAT_CWT_QR, &s));
	for (size_t i = 0; i < s.count; i++)
		if (s.at[i].spec != NULL)
			sorted[n++] = &s.at[i];
	qsort(sorted, n, sizeof(sorted[0]), label_order);
	cbor_put_map(b, n);
	for (size_t i = 0; i < n; i++)
		put_statement(b, sorted[i]);
	return ERR_OK;
}

static enum err
put_claims(struct bytes *b, const struct credential_order *o)
{
	struct credential_times t = credential_times(o->grant, o->issuer);
	struct hash cti = statement_random(o, "okse cwt-qr cti", 0);

	cbor_put_map(b, o->status != NULL ? 7 : 6);
	cbor_put_int(b, CWT_ISS);
	cbor_put_text(b, view_text(issuer_uri(o->issuer)));
	cbor_put_int(b, CWT_EXP);
	cbor_put_int(b, t.until);
	cbor_put_int(b, CWT_NBF);
	cbor_put_int(b, t.from);
	cbor_put_int(b, CWT_IAT);
	cbor_put_int(b, t.issued);
	cbor_put_int(b, CWT_CTI);
	cbor_put_bytes(b, VIEW(cti.at, CTI_SIZE));
	cbor_put_int(b, CWT_IDENTITY);
	TRY(put_identity(b, o));
	if (o->status != NULL) {
		cbor_put_int(b, CWT_STATUS);
		statement_status_cbor(b, o->status);
	}
	return bytes_check(b);
}

enum err
cwt_qr_draft(const struct credential_order *o, struct draft **out_draft)
{
	AUTO_DONE(bytes) protected = { 0 };
	AUTO_DONE(bytes) payload = { 0 };
	AUTO_DONE(bytes) tbs = { 0 };
	AUTO_DONE(bytes) none = { 0 };

	if (order_programme(o)->cwt_qr.language == NULL)
		return err_because(ERR_UNSUPPORTED,
		    "the programme has no cwt-qr");
	put_protected(&protected, issuer_kid(o->issuer));
	TRY(put_claims(&payload, o));
	TRY(bytes_check(&protected));
	if (protected.len + payload.len > CWT_QR_ROOM)
		return err_because(ERR_RANGE, "/claims: %zu bytes, of which "
		    "%d fit into a QR code of version 19",
		    protected.len + payload.len, CWT_QR_ROOM);
	cose_put_tbs(&tbs, &(struct cose_sign1){ bytes_view(&protected),
	    bytes_view(&payload) });
	return draft_new(DRAFT_CWT_QR, issuer_name(o->issuer), &tbs, &none,
	    out_draft);
}
