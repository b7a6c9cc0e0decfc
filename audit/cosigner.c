/*
 * A witness's key, the only private key in this folder. Its files are the
 * witness operator's own; what it signs, witness.c has judged. Next:
 * witness.c.
 */
#include "audit/cosigner.h"

#include <sys/stat.h>

#include "audit/cosignature.h"
#include "base/file.h"
#include "quorum/approve.h"

struct cosigner {
	EVP_PKEY	*key;
	struct vkey	*vkey;
};

void
cosigner_free(struct cosigner *c)
{
	if (c == NULL)
		return;
	EVP_PKEY_free(c->key);
	vkey_free(c->vkey);
	mem_free(c);
}

const struct vkey *
cosigner_vkey(const struct cosigner *c)
{
	return c->vkey;
}

static enum err
derive_vkey(struct cosigner *c, struct view name)
{
	uint8_t raw[ED25519_SIZE];
	size_t len = sizeof(raw);

	if (EVP_PKEY_get_raw_public_key(c->key, raw, &len) != 1 ||
	    len != sizeof(raw))
		return err_because(ERR_UNSUPPORTED,
		    "a witness's key: expected Ed25519");
	return vkey_new(name, VKEY_COSIGNATURE, VIEW_OF(raw), &c->vkey);
}

enum err
cosigner_new(struct view name, struct cosigner **out_cosigner)
{
	AUTO(cosigner) c = mem_new(1, sizeof(*c));

	if (c == NULL)
		return err_because(ERR_MEMORY, "a witness's key");
	TRY(officer_key_new(&c->key));
	TRY(derive_vkey(c, name));
	*out_cosigner = STEAL(c);
	return ERR_OK;
}

enum err
cosigner_write(const struct cosigner *c, const char *key_path,
    const char *vkey_path)
{
	AUTO_DONE(bytes) text = { 0 };

	vkey_put(c->vkey, &text);
	bytes_put_u8(&text, '\n');
	TRY(bytes_check(&text));
	TRY(officer_key_write(key_path, c->key));
	return file_create(vkey_path, bytes_view(&text), 0644);
}

static enum err
check_mode(const char *path)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return err_system("%s", path);
	if ((st.st_mode & 077) != 0)
		return err_because(ERR_FORBIDDEN, "%s: wanted mode 0600, its "
		    "owner's alone, got %04o", path,
		    (unsigned int)(st.st_mode & 07777));
	return ERR_OK;
}

enum err
cosigner_read(const char *key_path, const char *vkey_path,
    struct cosigner **out_cosigner)
{
	AUTO(cosigner) c = mem_new(1, sizeof(*c));
	AUTO(vkey) written = NULL;

	if (c == NULL)
		return err_because(ERR_MEMORY, "a witness's key");
	TRY(check_mode(key_path));
	TRY(officer_key_read(key_path, &c->key));
	TRY(vkey_read(vkey_path, &written));
	TRY(derive_vkey(c, vkey_name(written)));
	if (!view_equal(vkey_id(c->vkey), vkey_id(written)))
		return err_because(ERR_MISMATCH,
		    "%s is not the cosignature key of %s", vkey_path,
		    key_path);
	*out_cosigner = STEAL(c);
	return ERR_OK;
}

static enum err
sign(EVP_PKEY *key, struct view message,
    uint8_t out[ED25519_SIGNATURE_SIZE])
{
	AUTO(EVP_MD_CTX) c = EVP_MD_CTX_new();
	size_t len = ED25519_SIGNATURE_SIZE;

	if (c == NULL || EVP_DigestSignInit(c, NULL, NULL, NULL, key) <= 0 ||
	    EVP_DigestSign(c, out, &len, message.at, message.len) <= 0)
		return err_openssl("a cosignature");
	return ERR_OK;
}

enum err
cosigner_sign(const struct cosigner *c, uint64_t time, struct view text,
    struct bytes *out_line)
{
	AUTO_DONE(bytes) message = { 0 };
	uint8_t raw[ED25519_SIGNATURE_SIZE];

	vkey_cosignature_message(&message, time, text);
	TRY(bytes_check(&message));
	TRY(sign(c->key, bytes_view(&message), raw));
	cosignature_put(out_line, c->vkey, time, VIEW_OF(raw));
	return bytes_check(out_line);
}
