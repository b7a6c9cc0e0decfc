/*
 * Makes real documents with software keys, for software not written here to
 * judge: make_documents DIR PROOF checks a wallet's proof, prints its nonce
 * and audience, and writes
 *
 *	DIR/ca.pem, DIR/qr-public.pem	what a verifier trusts
 *	DIR/credential			SD-JWT VC bound to the proof's key
 *	DIR/qr-token			"OKSE1:…"
 *	DIR/qr-token.png, .svg, .txt	pictures of it
 */
#include "credential/credential.h"
#include "credential/proof.h"
#include "credential/qr_picture.h"
#include "credential/qr_token.h"
#include "tests/granted.h"

static const char *dir;

static void
put_file(const char *name, struct view content)
{
	char path[4096];

	MUST(path_join(dir, name, path, sizeof(path)));
	MUST(file_publish(path, content, 0644));
}

static void
put_trust(const struct signers *s)
{
	char path[4096];
	FILE *f;

	MUST(path_join(dir, "ca.pem", path, sizeof(path)));
	software_write(path, s->ca);
	MUST(path_join(dir, "qr-public.pem", path, sizeof(path)));
	f = fopen(path, "we");
	must_be(f != NULL && PEM_write_PUBKEY(f, s->qr_key) &&
	    fclose(f) == 0, path);
}

static void
sign_and_put(const struct draft *d, EVP_PKEY *key, const char *name,
    struct bytes *text)
{
	uint8_t signature[P256_SIGNATURE_SIZE];

	software_sign(key, draft_tbs(d), signature);
	MUST(draft_document(d, signature, text));
	put_file(name, bytes_view(text));
}

static void
put_credential(const struct signers *s, const struct device_proof *proof,
    int64_t now)
{
	struct asked a = asked_credential(resident_claims(false));
	struct grant_terms t = credential_terms;
	uint8_t seed[CREDENTIAL_SEED_SIZE];
	AUTO_DONE(bytes) text = { 0 };
	AUTO(draft) d = NULL;

	MUST(random_bytes(seed, sizeof(seed)));
	a.proofs[0] = *proof;
	a.proof_count = 1;
	t.issued_at = t.valid_from = now;
	t.technical_expiry = now + 90 * DAY;
	t.administrative_expiry += now - NOW;
	AUTO_DONE(granted) g = grant_of(a, t);
	MUST(credential_draft(FORMAT_SD_JWT, &(struct credential_order){
		.grant = g.grant,
		.request = g.request,
		.issuer = s->document,
		.seed = VIEW_OF(seed),
	}, &d));
	sign_and_put(d, s->document_key, "credential", &text);
}

static void
put_pictures(struct view text)
{
	AUTO(qr_picture) p = NULL;
	AUTO_DONE(bytes) png = { 0 };
	AUTO_DONE(bytes) svg = { 0 };
	AUTO_DONE(bytes) blocks = { 0 };

	MUST(qr_picture_new(text, &p));
	MUST(qr_picture_png(p, 6, &png));
	qr_picture_svg(p, &svg);
	qr_picture_text(p, &blocks);
	put_file("qr-token.png", bytes_view(&png));
	put_file("qr-token.svg", bytes_view(&svg));
	put_file("qr-token.txt", bytes_view(&blocks));
}

static void
put_qr_token(const struct signers *s, int64_t now)
{
	struct qr_fields f = { .audience = URI };
	struct grant_terms t = qr_terms;
	AUTO_DONE(bytes) text = { 0 };
	AUTO(draft) d = NULL;

	MUST(random_bytes(f.cti, sizeof(f.cti)));
	MUST(random_bytes(f.holder, sizeof(f.holder)));
	t.issued_at = t.valid_from = now;
	t.technical_expiry = now + QR_TOKEN_LIFE;
	AUTO_DONE(granted) g = grant_of(asked_qr_token(), t);
	MUST(qr_token_draft(g.grant, g.request, &f, s->qr, &d));
	sign_and_put(d, s->qr_key, "qr-token", &text);
	put_pictures(bytes_view(&text));
}

int
main(int argc, char **argv)
{
	int64_t now = time_now();
	AUTO_DONE(bytes) storage = { 0 };
	struct device_proof proof;
	struct signers s;

	if (argc != 3) {
		fprintf(stderr, "usage: make_documents DIR PROOF\n");
		return 2;
	}
	dir = argv[1];
	signers_init(&s, now);
	if (proof_check(view_text(argv[2]), &storage, &proof) != ERR_OK) {
		fprintf(stderr, "%s\n", err_why());
		return 1;
	}
	printf("%.*s\n%.*s\n", (int)proof.nonce.len, proof.nonce.at,
	    (int)proof.audience.len, proof.audience.at);
	put_trust(&s);
	put_credential(&s, &proof, now);
	put_qr_token(&s, now);
	signers_done(&s);
	return 0;
}
