/*
 * Real credentials by the real policy with software keys, for software not
 * written here to judge: make_credentials DIR POLICY REQUEST … reads each
 * REQUEST (a file with the body of POST /v1/credentials), decides, and writes
 *
 *	DIR/ca.pem, DIR/signer.der		what a verifier trusts and knows
 *	DIR/PROGRAMME.FORMAT.KEY		each credential
 *	DIR/PROGRAMME.FORMAT.KEY.tbs		what was signed for it
 *	DIR/PROGRAMME.FORMAT.KEY.png, .svg	a picture of one for a QR code
 *
 * Those of the second key have the entry 4711 in the status list
 * https://id.example.kr/v1/status-lists/1, the others none.
 */
#include "credential/credential.h"
#include "credential/qr_picture.h"
#include "signer/gate/body.h"
#include "tests/granted.h"

static const char *dir;
static struct signers signers;

static void
put_file(const char *name, struct view content)
{
	char path[4096];

	MUST(path_join(dir, name, path, sizeof(path)));
	MUST(file_publish(path, content, 0644));
}

static void
put_certificates(void)
{
	char path[4096];

	MUST(path_join(dir, "ca.pem", path, sizeof(path)));
	software_write(path, signers.ca);
	put_file("signer.der", issuer_der(signers.document));
}

static void
put_part(struct bytes *name, const char *end, struct view content)
{
	size_t len = name->len;

	bytes_put_text(name, end);
	put_file(bytes_text(name), content);
	name->len = len;
}

static void
put_pictures(struct bytes *name, struct view text)
{
	AUTO(qr_picture) p = NULL;
	AUTO_DONE(bytes) png = { 0 };
	AUTO_DONE(bytes) svg = { 0 };

	MUST(qr_picture_new(text, &p));
	MUST(qr_picture_png(p, 4, &png));
	qr_picture_svg(p, &svg);
	put_part(name, ".png", bytes_view(&png));
	put_part(name, ".svg", bytes_view(&svg));
}

static void
put_credential(const struct credential_order *o, struct view format)
{
	static uint8_t signatures[DRAFT_PARTS][P256_SIGNATURE_SIZE];
	AUTO_DONE(bytes) sent = { 0 };
	AUTO_DONE(bytes) text = { 0 };
	AUTO_DONE(bytes) name = { 0 };
	AUTO(draft) made = NULL;
	AUTO(draft) d = NULL;
	enum credential_format f;

	MUST(format_of(format, &f));
	MUST(credential_draft(f, o, &made));
	draft_encode(made, &sent);
	MUST(draft_decode(bytes_view(&sent), &d));
	for (size_t i = 0; i < draft_parts(d); i++)
		software_sign(signers.document_key, draft_part(d, i),
		    signatures[i]);
	MUST(draft_document(d, signatures[0], &text));
	bytes_printf(&name, "%s.%s.%zu", grant_programme(o->grant)->id,
	    draft_format(d), o->key);
	put_part(&name, "", bytes_view(&text));
	put_part(&name, ".tbs", draft_tbs(d));
	if (f == FORMAT_CWT_QR)
		put_pictures(&name, bytes_view(&text));
}

static bool
decided(const struct policy *p, const struct request *r,
    struct decision **out)
{
	struct facts f = facts_neutral(time_now());

	MUST(policy_decide(p, r, &f, out));
	for (size_t i = 0; i < decision_count(*out); i++) {
		const struct rule_result *rule = decision_rule(*out, i);

		if (rule->outcome == OUTCOME_FAIL)
			fprintf(stderr, "%s: %s\n", rule->id, rule->message);
	}
	return decision_allows(*out);
}

static bool
make(const struct policy *p, const char *path)
{
	static const struct status_entry status =
	    { URI "/v1/status-lists/1", 4711 };
	static uint8_t seed[CREDENTIAL_SEED_SIZE];
	static struct body body;
	AUTO_DONE(bytes) json = { 0 };
	AUTO_DONE(bytes) frame = { 0 };
	AUTO(request) r = NULL;
	AUTO(decision) d = NULL;
	struct credential_order o = { .seed = VIEW_OF(seed) };
	const struct asked *asked;

	MUST(file_read(path, 1 << 20, &json));
	body = (struct body){ 0 };
	MUST(body_decode(bytes_view(&json), OPERATION_CREDENTIAL, &body));
	body.asked.caller = view_text("upstream");
	body.asked.idempotency_key = view_text("k");
	request_encode(&body.asked, &frame);
	MUST(request_decode(bytes_view(&frame), &r));
	if (!decided(p, r, &d))
		return false;
	MUST(random_bytes(seed, sizeof(seed)));
	asked = request_asked(r);
	o.grant = decision_grant(d);
	o.request = r;
	o.issuer = signers.document;
	for (size_t i = 0; i < asked->format_count; i++)
		for (o.key = 0; o.key < asked->proof_count; o.key++) {
			o.status = o.key == 1 ? &status : NULL;
			put_credential(&o, asked->formats[i]);
		}
	body_done(&body);
	return true;
}

int
main(int argc, char **argv)
{
	AUTO(policy) p = NULL;

	if (argc < 4) {
		fprintf(stderr,
		    "usage: make_credentials DIR POLICY REQUEST …\n");
		return 2;
	}
	dir = argv[1];
	signers_init(&signers, time_now());
	put_certificates();
	MUST(policy_load(argv[2], &p));
	for (int i = 3; i < argc; i++)
		if (!make(p, argv[i]))
			return 1;
	signers_done(&signers);
	return 0;
}
