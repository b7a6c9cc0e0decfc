/*
 * The answer to a grant: documents out of drafts and signatures, and what the
 * notary told of them. Next: reply.c.
 */
#include "base/json.h"
#include "credential/qr_picture.h"
#include "signer/gate/waiting.h"

#define PICTURE_SCALE 8		/* pixels of a module */

static void
put_instant(struct json *j, const char *name, int64_t instant)
{
	char text[INSTANT_TEXT];

	if (instant == TIME_NONE)
		json_none(j, name);
	else
		json_c_text(j, name, instant_text(instant, text));
}

static enum err
put_pictures(struct json *j, struct view token)
{
	AUTO(qr_picture) picture = NULL;
	AUTO_DONE(bytes) png = { 0 }, svg = { 0 };

	TRY(qr_picture_new(token, &picture));
	TRY(qr_picture_png(picture, PICTURE_SCALE, &png));
	qr_picture_svg(picture, &svg);
	TRY(bytes_check(&svg));
	json_base64(j, "png", bytes_view(&png));
	json_base64(j, "svg", bytes_view(&svg));
	return ERR_OK;
}

static enum err
put_document(const struct part *part, struct bytes *out)
{
	if (part->signatures.len != draft_parts(part->draft) *
	    P256_SIGNATURE_SIZE)
		return err_because(ERR_INTERNAL, "%zu bytes of signatures",
		    part->signatures.len);
	return draft_document(part->draft, part->signatures.at, out);
}

static enum err
put_qr_token(const struct waiting *w, struct json *j)
{
	const struct part *part = &w->parts[0];
	AUTO_DONE(bytes) token = { 0 };

	TRY(put_document(part, &token));
	json_text(j, "qr_token", bytes_view(&token));
	put_instant(j, "expires_at", w->valid_until);
	return w->pictures ? put_pictures(j, bytes_view(&token)) : ERR_OK;
}

static void
put_place(const struct waiting *w, const struct part *part, struct json *j)
{
	if (w->status_uri.len == 0)
		return;
	json_record(j, "status");
	json_text(j, "uri", bytes_view(&w->status_uri));
	json_int(j, "idx", (int64_t)part->place);
	json_close(j);
}

static enum err
put_credential(const struct waiting *w, size_t i, struct json *j)
{
	const struct part *part = &w->parts[i];
	const struct hash *key = &w->keys[i % w->key_count];
	AUTO_DONE(bytes) document = { 0 };

	TRY(put_document(part, &document));
	json_record(j, NULL);
	json_c_text(j, "format", draft_format(part->draft));
	json_text(j, "credential", bytes_view(&document));
	json_base64url(j, "key", VIEW_OF(key->at));
	put_instant(j, "valid_from", w->valid_from);
	put_instant(j, "valid_until", w->valid_until);
	put_place(w, part, j);
	json_close(j);
	return ERR_OK;
}

static enum err
put_credentials(const struct waiting *w, struct json *j)
{
	json_items(j, "credentials");
	for (size_t i = 0; i < w->part_count; i++)
		TRY(put_credential(w, i, j));
	json_close(j);
	put_instant(j, "administrative_expiry", w->administrative_expiry);
	return ERR_OK;
}

enum err
waiting_put_granted(const struct waiting *w, struct bytes *out)
{
	struct json j = json_start(out);

	json_record(&j, NULL);
	TRY(w->kind == PENDING_QR_TOKEN ? put_qr_token(w, &j) :
	    put_credentials(w, &j));
	json_raw(&j, "decision", bytes_view(&w->decision));
	json_raw(&j, "log", bytes_view(&w->log));
	json_close(&j);
	return json_end(&j);
}
