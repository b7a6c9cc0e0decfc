/*
 * Scripts: the committed one is right; every fault is refused at its line.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "ceremony/steps.h"

#define SCRIPT "configs/ceremony/rehearsal.yaml"

static struct bytes good;

static enum err
check(struct view text)
{
	AUTO(script) s = NULL;
	enum err e = script_parse("s.yaml", text, &s);

	return e == ERR_OK ? steps_check(s) : e;
}

static void
the_committed_script_is_right(void **state)
{
	AUTO(script) s = NULL;
	struct certificate_plan p;

	(void)state;
	assert_int_equal(script_parse(SCRIPT, bytes_view(&good), &s), ERR_OK);
	assert_int_equal(steps_check(s), ERR_OK);
	assert_int_equal(s->mode, MODE_REHEARSAL);
	assert_int_equal(s->officers.count, 3);
	assert_string_equal(s->officers.at[2].name, "Practice Officer Three");
	assert_int_equal(s->keys.count, 7);
	assert_int_equal(script_key_index(s, "log"), 3);
	assert_int_equal(script_key_index(s, "none"), -1);
	p = script_plan(MODE_REHEARSAL, &s->certificates.at[1], 86400);
	assert_true(p.rehearsal);
	assert_int_equal(p.not_before, 86400);
	assert_int_equal(p.not_after, 458 * 86400 - 1);
	assert_int_equal(ceremony_check(SCRIPT, NULL), ERR_OK);
}

/* The committed script with the first `from` replaced. */
static void
change(const char *from, const char *to, struct bytes *out)
{
	const char *text = bytes_text(&good);
	const char *at = strstr(text, from);

	if (at == NULL)
		fail_msg("not in the script: %s", from);
	bytes_put(out, VIEW(text, (size_t)(at - text)));
	bytes_put_text(out, to);
	bytes_put_text(out, at + strlen(from));
}

/* Line of the first `mark` in the changed script, from 1. */
static unsigned int
line_of(struct bytes *text, const char *mark)
{
	const char *start = bytes_text(text);
	const char *at = strstr(start, mark);
	unsigned int line = 1;

	if (at == NULL)
		fail_msg("not in the changed script: %s", mark);
	for (; start < at; start++)
		line += *start == '\n';
	return line;
}

static const struct {
	const char	*from, *to;
	const char	*at;	/* what stands on the line of the error */
	const char	*says;
} faults[] = {
	{ "mode: rehearsal", "mode: dress", "mode: dress", "rehearsal" },
	{ "mode: rehearsal", "mode: production", "mode:", "window" },
	{ "mode: rehearsal", "mode: production\nwindow: { from: "
	    "2026-12-01T09:00:00Z, to: 2026-12-01T09:00:00Z }", "mode:",
	    "before its" },
	{ "mode: rehearsal", "mode: production\nwindow: { from: "
	    "2026-12-01T09:00:00Z, to: 2026-12-01T19:00:00Z }", "mode:",
	    "witnesses" },
	{ "mode: rehearsal", "mode: production\nwindow: { from: "
	    "2026-12-01T09:00:00Z, to: 2026-12-01T19:00:00Z }\nwitnesses: "
	    "[ { role: auditor, name: A } ]", "mode:", "no key and card" },
	{ "mode: rehearsal", "mode: rehearsal\nwitnesses: "
	    "[ { role: auditor, name: Practice Officer One } ]", "mode:",
	    "seat 1" },
	{ "mode: rehearsal", "mode: rehearsal\nwitnesses: "
	    "[ { role: officer, name: A } ]", "role: officer", "auditor" },
	{ "seat: 1, name: Practice Officer One", "seat: 1, name: Practice "
	    "Officer One, key: AAAA", "AAAA", "public key" },
	{ "seat: 1, name: Practice Officer One", "seat: 1, name: Practice "
	    "Officer One, recipient: AAAA", "AAAA", "certificate" },
	{ "seat: 1, name: Practice Officer One", "seat: 1, name: Practice "
	    "Officer One, card: \"pkcs11:x=y\"", "pkcs11:x=y", "URI" },
	{ "mode: rehearsal", "mode: rehearsal\nnode: true", "mode:",
	    "node: only in" },
	{ "label: qr, type: p256", "label: qr, type: p256, brought: true",
	    "mode:", "cannot be brought" },
	{ "mode: rehearsal", "moode: rehearsal", "moode:", "known key" },
	{ "threshold: 2", "threshold: 1", "threshold: 1", "2" },
	{ "threshold: 2", "threshold: 4", "mode:", "threshold" },
	{ "threshold: 2", "threshold: 17", "threshold: 17", "16" },
	{ "threshold: 2", "threshold: two", "threshold: two", "" },
	{ "threshold: 2", "threshold: 2\nthreshold: 2", "", "" },
	{ "seat: 3", "seat: 2", "mode:", "seats 1, 2" },
	{ "Officer Two", "Officer One", "mode:", "same name" },
	{ "name: Practice Officer Two", "name: \" x\"", "\" x\"", "blanks" },
	{ "token: okse-rehearsal", "token: Okse", "token: Okse", "" },
	{ "key: log\n", "key: qr\n", "key: qr\n", "ed25519" },
	{ "key: log\n", "key: none\n", "key: none", "label of a key" },
	{ "ecdsa-key: log-ecdsa", "ecdsa-key: log", "ecdsa-key: log", "p256" },
	{ "ecdsa-key: log-ecdsa", "ecdsa-key: none", "ecdsa-key: none",
	    "label of a key" },
	{ "ecdsa-key: log-ecdsa", "ecdsa-key: qr", "key: qr\n    issuer",
	    "the log has it" },
	{ "origin: okse.example/rehearsal", "origin: \"a b\"", "\"a b\"",
	    "origin" },
	{ "label: qr, type: p256", "label: document, type: p256", "mode:",
	    "twice" },
	{ "label: qr, type: p256", "label: qr, type: rsa", "type: rsa", "" },
	{ "label: qr, type: p256", "label: qr, type: ed25519", "key: qr\n",
	    "p256" },
	{ "country: KR", "country: kr", "country: kr", "capital" },
	{ "country: KR", "country: NO", "country: NO", "quote" },
	{ "country: KR", "country: \"NO\"", "issuer: iaca\n    subject:\n"
	    "      country: KR", "country" },
	{ "days: 457", "days: 458", "key: document", "457" },
	{ "days: 3285", "days: 0", "days: 0", "" },
	{ "days: 3285", "days: 7301", "days: 7301", "7300" },
	{ "contact: https://okse.example/contact", "contact: ftp://x",
	    "ftp://x", "http" },
	{ "contact: https://okse.example/contact", "contact: \"https://x,y\"",
	    "https://x,y", "URI" },
	{ "profile: qr-signer", "profile: iaca", "issuer: iaca\n    subject:"
	    "\n      country: KR\n      organisation: Okse\n"
	    "      common-name: Okse QR", "itself" },
	{ "issuer: iaca\n", "issuer: qr-signer\n", "issuer: qr-signer",
	    "itself" },
	{ "key: document\n", "key: qr\n", "key: qr\n    issuer: iaca\n"
	    "    subject:\n      country: KR\n      organisation: Okse\n"
	    "      common-name: Okse QR", "of its own" },
	{ "key: document\n", "key: paper\n", "key: paper", "label of a key" },
	{ "name: qr-signer", "name: document-signer", "mode:", "twice" },
	{ "common-name: Okse Issuing Authority", "common-name: An authority "
	    "whose name is one or two letters too long", "common-name: An",
	    "52" },
	/* steps */
	{ "step: split-secret", "step: share-secret", "step: share-secret",
	    "catalogue" },
	{ "- step: split-secret\n  ", "", "step: prove-quorums", "split" },
	{ "- step: prove-quorums\n  ", "", "step: change-pins", "proven" },
	{ "- step: initialise-token\n  ", "", "step: split-secret",
	    "opened" },
	{ "- step: change-pins\n  ", "", "generate-key, key: issuing-ca",
	    "PINs to be changed" },
	{ "- step: split-secret", "- step: split-secret\n"
	    "  - step: split-secret", "step: split-secret\n"
	    "  - step: prove", "once" },
	/* backups */
	{ "label: qr, type: p256", "label: qr, backup: wrapped, type: p256",
	    "mode:", "token and media" },
	{ "label: qr, type: p256", "label: qr, backup: some, type: p256",
	    "backup: some", "wrapped" },
	{ "token: okse-rehearsal", "backup: { token: b, media: 9 }\n"
	    "token: okse-rehearsal", "media: 9", "8" },
	{ "token: okse-rehearsal", "backup: { token: b, media: 2 }\n"
	    "token: okse-rehearsal", "mode:", "token and media" },
	{ "token: okse-rehearsal", "lost: [ other ]\n"
	    "token: okse-rehearsal", "mode:", "continues" },
	{ "step: close", "step: wrap-keys\n  - step: close",
	    "step: wrap-keys", "to be wrapped" },
	{ "step: close", "step: restore-keys\n  - step: close",
	    "step: restore-keys", "loss" },
	{ "- { step: generate-key, key: qr }\n  ", "", "certificate: qr-signer",
	    "qr" },
	{ "- { step: generate-key, key: log }\n  ", "", "step: close", "log" },
	{ "generate-key, key: qr", "generate-key, key: log",
	    "generate-key, key: log }\n  - { step: generate-key, key: log-e",
	    "before" },
	{ "generate-key, key: qr", "generate-key, key: ink", "key: ink",
	    "label" },
	{ "generate-key, key: qr", "generate-key", "step: generate-key }",
	    "\"key\"" },
	{ "step: close", "step: close\n    key: qr", "step: close",
	    "no \"key\"" },
	{ "certify, certificate: qr-signer", "certify", "step: certify }",
	    "\"certificate\"" },
	{ "certify, certificate: qr-signer", "certify, certificate: paper",
	    "certificate: paper", "name of a certificate" },
	{ "- { step: certify, certificate: iaca }\n  ", "",
	    "certificate: document-signer }", "issuer" },
	{ "- { step: certify, certificate: qr-signer }\n  ", "", "step: close",
	    "qr-signer" },
	{ "certify, certificate: qr-signer", "certify, certificate: iaca",
	    "certificate: iaca }\n  - { step: certify, certificate: status",
	    "before" },
	{ "  - step: close\n", "", "certificate: metadata-signer }", "last" },
	{ "step: close\n", "step: close\n  - step: close\n", "", "" },
};

static void
each_fault_is_refused_at_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(faults); i++) {
		AUTO_DONE(bytes) text = { 0 };
		char place[32];
		enum err e;

		change(faults[i].from, faults[i].to, &text);
		e = check(bytes_view(&text));
		if (e != ERR_SCHEMA && e != ERR_SYNTAX)
			fail_msg("fault %zu: %s", i, e == ERR_OK ? "accepted" :
			    err_why());
		if (faults[i].at[0] == '\0')
			continue;
		snprintf(place, sizeof(place), "s.yaml:%u:",
		    line_of(&text, faults[i].at));
		if (strncmp(err_why(), place, strlen(place)) != 0 ||
		    strstr(err_why(), faults[i].says) == NULL)
			fail_msg("fault %zu: wanted %s %s, got %s", i, place,
			    faults[i].says, err_why());
	}
}

static void
a_certificate_outliving_its_issuer_is_refused_before_the_ceremony(
    void **state)
{
	AUTO_DONE(bytes) text = { 0 };
	char path[] = "/tmp/okse-script-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_int_not_equal(fd, -1);
	fd_close(&fd);
	change("days: 3285", "days: 400", &text);
	assert_int_equal(check(bytes_view(&text)), ERR_OK);
	assert_int_equal(file_replace(path, bytes_view(&text), 0600), ERR_OK);
	assert_int_equal(ceremony_check(path, NULL), ERR_MISMATCH);
	assert_non_null(strstr(err_why(), "within-issuer"));
	remove(path);
	assert_int_equal(ceremony_check(path, NULL), ERR_NOT_FOUND);
}

static int
prepare(void **state)
{
	(void)state;
	return crypto_init() == ERR_OK &&
	    file_read(SCRIPT, 1 << 20, &good) == ERR_OK ? 0 : -1;
}

static int
clean_up(void **state)
{
	(void)state;
	bytes_done(&good);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_committed_script_is_right),
		cmocka_unit_test(each_fault_is_refused_at_its_line),
		cmocka_unit_test(
	a_certificate_outliving_its_issuer_is_refused_before_the_ceremony),
	};

	return cmocka_run_group_tests(tests, prepare, clean_up);
}
