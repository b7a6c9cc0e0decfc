/*
 * Drafts of any format: kept, sent from process to process, and completed to
 * documents. draft_decode() is where the keyholder meets bytes of another
 * process and believes nothing. The formats are in files of their own.
 *
 * Wire form: u8 version, u8 kind, 32 bytes signer, block tbs, block tail.
 */
#include "credential/format.h"

#include <string.h>

#define DRAFT_VERSION 2
#define DRAFT_TBS ((size_t)1 << 20)
#define DRAFT_TAIL ((size_t)1 << 20)

static const struct format *const formats[] = {
	&format_qr_token,
	&format_sdjwt,
	&format_mdoc,
	&format_vc_jwt,
	&format_opendid,
	&format_cwt_qr,
	&format_status_jwt,
	&format_status_cwt,
	&format_metadata,
};

static const struct {
	enum key_use	 use;
	const char	*name;
} uses[] = {
	{ KEY_USE_DOCUMENT, "document" },
	{ KEY_USE_QR, "qr" },
	{ KEY_USE_LOG, "log" },
	{ KEY_USE_STATUS, "status" },
	{ KEY_USE_LOG_ECDSA, "log-ecdsa" },
	{ KEY_USE_METADATA, "metadata" },
};

struct draft {
	const struct format	*format;
	struct hash	 signer;
	struct bytes		 tail;
	size_t			 count;
	struct bytes		 parts[DRAFT_PARTS];	/* first: the tbs */
};

const char *
key_use_name(enum key_use u)
{
	for (size_t i = 0; i < COUNT(uses); i++)
		if (uses[i].use == u)
			return uses[i].name;
	return "?";
}

enum err
key_use_of(struct view name, enum key_use *out)
{
	for (size_t i = 0; i < COUNT(uses); i++) {
		if (!view_is(name, uses[i].name))
			continue;
		*out = uses[i].use;
		return ERR_OK;
	}
	return err_because(ERR_SCHEMA,
	    "key use: wanted document, qr, log, "
	    "status, log-ecdsa or metadata");
}

static const struct format *
format_of(uint8_t kind)
{
	for (size_t i = 0; i < COUNT(formats); i++)
		if (formats[i]->kind == kind)
			return formats[i];
	return NULL;
}

void
draft_free(struct draft *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < d->count; i++)
		bytes_done(&d->parts[i]);
	bytes_done(&d->tail);
	mem_free(d);
}

static struct bytes
take_over(struct bytes *b)
{
	struct bytes taken = *b;

	*b = (struct bytes){ .max = b->max };
	return taken;
}

enum err
draft_add_part(struct draft *d, struct bytes *part)
{
	TRY(bytes_check(part));
	if (d->count == DRAFT_PARTS)
		return err_because(ERR_SCHEMA, "draft: over %d signatures",
		    DRAFT_PARTS);
	d->parts[d->count++] = take_over(part);
	return ERR_OK;
}

enum err
draft_new(enum draft_kind kind, struct hash signer, struct bytes *tbs,
    struct bytes *tail, struct draft **out_draft)
{
	AUTO(draft) d = NULL;

	TRY(bytes_check(tail));
	if ((d = mem_new(1, sizeof(*d))) == NULL)
		return err_because(ERR_MEMORY, "a draft");
	d->format = format_of((uint8_t)kind);
	d->signer = signer;
	TRY(draft_add_part(d, tbs));
	d->tail = take_over(tail);
	if (d->format->split != NULL)
		TRY(d->format->split(draft_tbs(d), d));
	*out_draft = STEAL(d);
	return ERR_OK;
}

enum draft_kind
draft_kind(const struct draft *d)
{
	return d->format->kind;
}

enum key_use
draft_use(const struct draft *d)
{
	return d->format->use;
}

struct hash
draft_signer(const struct draft *d)
{
	return d->signer;
}

struct view
draft_tbs(const struct draft *d)
{
	return bytes_view(&d->parts[0]);
}

size_t
draft_parts(const struct draft *d)
{
	return d->count;
}

struct view
draft_part(const struct draft *d, size_t i)
{
	return bytes_view(&d->parts[i]);
}

const char *
draft_format(const struct draft *d)
{
	return d->format->name;
}

static void
encode(const struct draft *d, struct view tail, struct bytes *out)
{
	bytes_put_u8(out, DRAFT_VERSION);
	bytes_put_u8(out, (uint8_t)d->format->kind);
	bytes_put(out, VIEW_OF(d->signer.at));
	bytes_put_block(out, draft_tbs(d));
	bytes_put_block(out, tail);
}

void
draft_encode(const struct draft *d, struct bytes *out)
{
	encode(d, bytes_view(&d->tail), out);
}

void
draft_encode_to_sign(const struct draft *d, struct bytes *out)
{
	encode(d, VIEW(NULL, 0), out);
}

static enum err
check(const struct format *f, struct view tbs, struct view tail)
{
	TRY(f->check(tbs));
	if (tail.len == 0)
		return ERR_OK;
	if (f->check_tail == NULL)
		return err_because(ERR_SCHEMA, "draft: nothing stands beside "
		    "what is signed in a document of kind %s", f->name);
	return f->check_tail(tail);
}

enum err
draft_decode(struct view encoded, struct draft **out_draft)
{
	struct reader r = reader_of(encoded);
	uint8_t version = reader_u8(&r);
	const struct format *f = format_of(reader_u8(&r));
	struct view signer = reader_take(&r, SHA256_SIZE);
	struct view tbs = reader_block(&r, DRAFT_TBS);
	struct view tail = reader_block(&r, DRAFT_TAIL);
	AUTO_DONE(bytes) own_tbs = { 0 };
	AUTO_DONE(bytes) own_tail = { 0 };
	struct hash name;

	TRY(reader_end(&r, "draft"));
	if (version != DRAFT_VERSION || f == NULL)
		return err_because(ERR_SCHEMA,
		    "draft: version %u or its kind is not known", version);
	TRY(check(f, tbs, tail));
	bytes_put(&own_tbs, tbs);
	bytes_put(&own_tail, tail);
	memcpy(name.at, signer.at, sizeof(name.at));
	return draft_new(f->kind, name, &own_tbs, &own_tail, out_draft);
}

enum err
draft_document(const struct draft *d, const uint8_t signatures[],
    struct bytes *out)
{
	uint8_t canonical[DRAFT_PARTS * P256_SIGNATURE_SIZE];
	struct signed_draft s = { d, bytes_view(&d->tail), canonical };

	if (d->format->check_tail != NULL && d->tail.len == 0)
		return err_because(ERR_INTERNAL, "draft: what stands beside "
		    "the signed bytes was left out");
	/* (r, s) and (r, n - s) both verify: one document has one text */
	memcpy(canonical, signatures, d->count * P256_SIGNATURE_SIZE);
	for (size_t i = 0; i < d->count; i++)
		TRY(p256_low_s(canonical + i * P256_SIGNATURE_SIZE));
	return d->format->document(&s, out);
}
