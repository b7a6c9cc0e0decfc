/*
 * mdoc drafts (ISO/IEC 18013-5 9.1.2), as in mdoc.txt. What is stated comes
 * from statement.c. Next: mdoc_format.c.
 */
#include <stdlib.h>
#include <string.h>

#include "credential/cbor.h"
#include "credential/cose.h"
#include "credential/format.h"
#include "credential/mdoc_element.h"
#include "credential/statement.h"

#define NAMESPACES 8
#define SALT_SIZE 16		/* ISO/IEC 18013-5 9.1.2.5: at least 16 */

/* One digest: of an item, or of nothing. */
struct item {
	const struct statement	*statement;	/* NULL: a decoy */
	struct hash		 random;	/* salt, then place */
};

struct making {
	const struct credential_order *order;
	const struct programme	*programme;
	struct statements	 statements;
	uint32_t		 items;		/* numbered so far */
	struct item		 sorted[STATEMENTS + 32];
	struct bytes		 item, encoded;	/* scratch */
	struct bytes		 namespaces;	/* their items */
	struct bytes		 digests;	/* valueDigests */
	struct bytes		 mso;
};

static void
making_done(struct making *m)
{
	bytes_done(&m->item);
	bytes_done(&m->encoded);
	bytes_done(&m->namespaces);
	bytes_done(&m->digests);
	bytes_done(&m->mso);
}

static const char *
namespace_of(const struct making *m, const struct statement *s)
{
	return s->spec != NULL && s->spec->namespace != NULL ?
	    s->spec->namespace : m->programme->mdoc.namespace;
}

static const char *
element_of(const struct statement *s)
{
	return s->spec != NULL && s->spec->element != NULL ?
	    s->spec->element : s->name;
}

/* ---- items */

static int
place_order(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return memcmp(x->random.at + SALT_SIZE, y->random.at + SALT_SIZE, 8);
}

static size_t
collect_items(struct making *m, const char *namespace)
{
	size_t n = 0;

	for (size_t i = 0; i < m->statements.count; i++) {
		const struct statement *s = &m->statements.at[i];

		if (strcmp(namespace_of(m, s), namespace) == 0)
			m->sorted[n++].statement = s;
	}
	for (int64_t i = 0; i < m->programme->mdoc.decoys; i++)
		m->sorted[n++].statement = NULL;
	for (size_t i = 0; i < n; i++)
		m->sorted[i].random = statement_random(m->order,
		    "okse mdoc item", m->items++);
	qsort(m->sorted, n, sizeof(m->sorted[0]), place_order);
	return n;
}

/* Keys in the order of their encoding: the shorter first. */
static enum err
put_item(struct making *m, const struct item *item, size_t id)
{
	const char *element = element_of(item->statement);

	bytes_reset(&m->item);
	cbor_put_map(&m->item, 4);
	cbor_put_text(&m->item, view_text("random"));
	cbor_put_bytes(&m->item, VIEW(item->random.at, SALT_SIZE));
	cbor_put_text(&m->item, view_text("digestID"));
	cbor_put_uint(&m->item, id);
	cbor_put_text(&m->item, view_text("elementValue"));
	TRY(mdoc_put_element(&m->item, item->statement));
	cbor_put_text(&m->item, view_text("elementIdentifier"));
	cbor_put_text(&m->item, view_text(element));
	TRY(bytes_check(&m->item));
	bytes_reset(&m->encoded);
	cbor_put_encoded(&m->encoded, bytes_view(&m->item));
	return bytes_check(&m->encoded);
}

/* Items and digests in the order of their ids. */
static enum err
put_namespace(struct making *m, const char *name)
{
	size_t n = collect_items(m, name);

	cbor_put_text(&m->namespaces, view_text(name));
	cbor_put_array(&m->namespaces, n -
	    (size_t)m->programme->mdoc.decoys);
	cbor_put_text(&m->digests, view_text(name));
	cbor_put_map(&m->digests, n);
	for (size_t i = 0; i < n; i++) {
		struct hash digest = sha256(VIEW_OF(m->sorted[i].random.at));

		if (m->sorted[i].statement != NULL) {
			TRY(put_item(m, &m->sorted[i], i));
			bytes_put(&m->namespaces, bytes_view(&m->encoded));
			digest = sha256(bytes_view(&m->encoded));
		}
		cbor_put_uint(&m->digests, i);
		cbor_put_bytes(&m->digests, VIEW_OF(digest.at));
	}
	return ERR_OK;
}

/* As their encodings compare: the shorter first. */
static int
name_order(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;
	size_t m = strlen(*x), n = strlen(*y);

	return m != n ? (m < n ? -1 : 1) : strcmp(*x, *y);
}

static enum err
put_namespaces(struct making *m)
{
	const char *names[NAMESPACES];
	size_t count = 0;

	for (size_t i = 0; i < m->statements.count; i++) {
		const char *name = namespace_of(m, &m->statements.at[i]);
		size_t k = 0;

		while (k < count && strcmp(names[k], name) != 0)
			k++;
		if (k == NAMESPACES)
			return err_because(ERR_INTERNAL,
			    "mdoc: over %d namespaces", NAMESPACES);
		if (k == count)
			names[count++] = name;
	}
	qsort(names, count, sizeof(names[0]), name_order);
	cbor_put_map(&m->namespaces, count);
	cbor_put_map(&m->digests, count);
	for (size_t i = 0; i < count; i++)
		TRY(put_namespace(m, names[i]));
	return ERR_OK;
}

/* ---- the MobileSecurityObject */

static void
put_validity(struct bytes *b, const struct credential_times *t)
{
	cbor_put_text(b, view_text("validityInfo"));
	cbor_put_map(b, 3);
	cbor_put_text(b, view_text("signed"));
	mdoc_put_instant(b, t->issued);
	cbor_put_text(b, view_text("validFrom"));
	mdoc_put_instant(b, t->from);
	cbor_put_text(b, view_text("validUntil"));
	mdoc_put_instant(b, t->until);
}

/* A COSE_Key: EC2, P-256 (RFC 9053 7.1.1) */
static void
put_device_key(struct bytes *b, const uint8_t point[P256_POINT_SIZE])
{
	cbor_put_text(b, view_text("deviceKeyInfo"));
	cbor_put_map(b, 1);
	cbor_put_text(b, view_text("deviceKey"));
	cbor_put_map(b, 4);
	cbor_put_int(b, 1);
	cbor_put_int(b, 2);
	cbor_put_int(b, -1);
	cbor_put_int(b, 1);
	cbor_put_int(b, -2);
	cbor_put_bytes(b, VIEW(point + 1, 32));
	cbor_put_int(b, -3);
	cbor_put_bytes(b, VIEW(point + 33, 32));
}

static void
put_mso(struct making *m)
{
	const struct credential_order *o = m->order;
	struct credential_times t = credential_times(o->grant, o->issuer);
	struct bytes *b = &m->mso;

	cbor_put_map(b, o->status != NULL ? 7 : 6);
	if (o->status != NULL) {
		cbor_put_text(b, view_text("status"));
		statement_status_cbor(b, o->status);
	}
	cbor_put_text(b, view_text("docType"));
	cbor_put_text(b, view_text(m->programme->mdoc.doctype));
	cbor_put_text(b, view_text("version"));
	cbor_put_text(b, view_text("1.0"));
	put_validity(b, &t);
	cbor_put_text(b, view_text("valueDigests"));
	bytes_put(b, bytes_view(&m->digests));
	put_device_key(b, order_point(o));
	cbor_put_text(b, view_text("digestAlgorithm"));
	cbor_put_text(b, view_text("SHA-256"));
}

static enum err
put_tbs(struct making *m, struct bytes *out)
{
	AUTO_DONE(bytes) protected = { 0 };
	AUTO_DONE(bytes) payload = { 0 };

	TRY(bytes_check(&m->digests));
	put_mso(m);
	TRY(bytes_check(&m->mso));
	cose_put_alg(&protected);
	cbor_put_encoded(&payload, bytes_view(&m->mso));
	TRY(bytes_check(&protected));
	TRY(bytes_check(&payload));
	cose_put_tbs(out, &(struct cose_sign1){ bytes_view(&protected),
	    bytes_view(&payload) });
	return bytes_check(out);
}

enum err
mdoc_draft(const struct credential_order *o, struct draft **out_draft)
{
	AUTO_DONE(making) m = { .order = o, .programme = order_programme(o) };
	AUTO_DONE(bytes) tbs = { 0 };
	AUTO_DONE(bytes) tail = { 0 };

	if (m.programme->mdoc.doctype == NULL)
		return err_because(ERR_UNSUPPORTED,
		    "the programme has no mso_mdoc");
	TRY(statements_gather(o, FORMAT_MDOC, &m.statements));
	TRY(put_namespaces(&m));
	TRY(bytes_check(&m.namespaces));
	TRY(put_tbs(&m, &tbs));
	cbor_put_array(&tail, 2);
	cbor_put_bytes(&tail, issuer_der(o->issuer));
	bytes_put(&tail, bytes_view(&m.namespaces));
	return draft_new(DRAFT_MDOC, issuer_name(o->issuer), &tbs, &tail,
	    out_draft);
}
