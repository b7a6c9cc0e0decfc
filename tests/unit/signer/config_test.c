/* okse.yaml: the good one, and every way in which it stops the start. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "signer/config.h"

static const char good[] =
    "origin: okse.example/log\n"
    "issuer: https://okse.example\n"
    "state: /var/lib/okse\n"
    "listen:\n"
    "  api: {path: /run/okse/api.sock, access: group}\n"
    "  metrics: {path: /run/okse/metrics.sock}\n"
    "  admin: {path: /run/okse/admin.sock}\n"
    "  tls: {address: '[::1]:8443', certificate: /a, key: /b, "
	"client-ca: /c}\n"
    "clients:\n"
    "  - name: upstream\n"
    "    uids: [1000, 0]\n"
    "  - name: tap-service\n"
    "    sans: ['URI:https://tap.example', 'DNS:tap.example']\n"
    "token:\n"
    "  uri: 'pkcs11:token=okse?module-path=/usr/lib/x.so'\n"
    "  environment: {SOFTHSM2_CONF: /etc/okse/softhsm2.conf}\n"
    "  writable: [/var/lib/okse/tokens]\n"
    "  keyholders: 3\n"
    "  deadline: PT5S\n"
    "keys:\n"
    "  - {use: document, label: document-1, id: '0a0b', certificate: /d, "
	"public-key: /d.pub}\n"
    "  - {use: qr, label: qr-1, id: 'ff', certificate: /q, "
	"public-key: /q.pub, verify-after-sign: sampled}\n"
    "  - {use: log, label: log-1, id: '01', public-key: /l.pub}\n"
    "  - {use: status, label: status-1, id: '02', certificate: /s, "
	"public-key: /s.pub}\n"
    "  - {use: document, label: document-2, id: '03', certificate: /e, "
	"public-key: /e.pub, programmes: [driver-licence], "
	"formats: [mso_mdoc, dc+sd-jwt]}\n"
    "  - {use: log-ecdsa, label: log-2, id: '04', public-key: /m.pub}\n"
    "  - {use: metadata, label: metadata-1, id: '05', certificate: /i, "
	"public-key: /i.pub}\n"
    "signer-lead: PT1H\n"
    "registry: /var/lib/okse/registry.db\n"
    "log: /srv/okse/log\n"
    "policy: /etc/okse/policy\n"
    "roster: /etc/okse/roster.txt\n"
    "ca: /etc/okse/ca.pem\n"
    "card-ca: [{certificate: /card.pem, programmes: [resident-id]}]\n"
    "attesters: [{certificate: /w.pem}, {kid: w-1, public-key: /w.pub}]\n"
    "quorum: /etc/okse/quorum.txt\n"
    "status-lists: {uri: 'https://lists.okse.example/s', entries: 4096, "
	"ttl: PT1M, lifetime: PT2M}\n"
    "limits: {connections: 10}\n"
    "register: /etc/okse/register.txt\n";

static void
a_complete_file_is_read(void **state)
{
	AUTO(config) c = NULL;

	(void)state;
	assert_int_equal(config_parse("okse.yaml", view_text(good), &c),
	    ERR_OK);
	assert_string_equal(c->origin, "okse.example/log");
	assert_int_equal(c->listen.api.access, 0660);
	assert_int_equal(c->listen.admin.access, 0600);
	assert_string_equal(c->listen.tls.address, "[::1]:8443");
	assert_int_equal(c->clients.count, 2);
	assert_int_equal(c->clients.at[0].uids.at[0], 1000);
	assert_string_equal(c->clients.at[1].sans.at[1], "DNS:tap.example");
	assert_string_equal(c->token.environment.at[0].name,
	    "SOFTHSM2_CONF");
	assert_int_equal(c->token.keyholders, 3);
	assert_int_equal(c->token.deadline, 5);
	assert_int_equal(c->card_cas.count, 1);
	assert_string_equal(c->card_cas.at[0].certificate, "/card.pem");
	assert_string_equal(c->card_cas.at[0].programmes.at[0],
	    "resident-id");
	assert_null(c->transcript);
	assert_int_equal(c->limits.connections, 10);
	assert_int_equal(c->limits.in_flight, 1024);
	assert_int_equal(config_key(c, KEY_USE_DOCUMENT)->id.len, 2);
	assert_int_equal(config_key(c, KEY_USE_DOCUMENT)->id.at[1], 0x0b);
	assert_int_equal(config_key(c, KEY_USE_DOCUMENT)->verify,
	    VERIFY_ALWAYS);
	assert_int_equal(config_key(c, KEY_USE_QR)->verify, VERIFY_SAMPLED);
	assert_null(config_key(c, KEY_USE_LOG)->certificate);
}

static void
several_keys_of_one_use_divide_programmes_and_formats(void **state)
{
	AUTO(config) c = NULL;
	const struct config_key *key;

	(void)state;
	assert_int_equal(config_parse("okse.yaml", view_text(good), &c),
	    ERR_OK);
	assert_int_equal(c->keys.count, 7);
	assert_int_equal(c->signer_lead, 3600);
	assert_string_equal(c->attesters.at[0].certificate, "/w.pem");
	assert_string_equal(c->attesters.at[1].kid, "w-1");
	key = &c->keys.at[4];
	assert_int_equal(key->use, KEY_USE_DOCUMENT);
	assert_string_equal(key->programmes.at[0], "driver-licence");
	assert_int_equal(key->formats.count, 2);
	assert_string_equal(key->formats.at[1], "dc+sd-jwt");
	assert_int_equal(config_key(c, KEY_USE_DOCUMENT)->formats.count, 0);
	assert_string_equal(config_key(c, KEY_USE_LOG_ECDSA)->label, "log-2");
	assert_string_equal(config_key(c, KEY_USE_METADATA)->certificate,
	    "/i");
}

static void
status_lists_are_as_given_or_as_usual(void **state)
{
	AUTO(config) given = NULL, usual = NULL;
	AUTO_DONE(bytes) text = { 0 };
	const char *at = strstr(good, "status-lists:");
	const char *end = strstr(good, "limits:");

	(void)state;
	assert_int_equal(config_parse("okse.yaml", view_text(good), &given),
	    ERR_OK);
	assert_string_equal(given->status_lists.uri,
	    "https://lists.okse.example/s");
	assert_int_equal(given->status_lists.entries, 4096);
	assert_int_equal(given->status_lists.ttl, 60);
	assert_int_equal(given->status_lists.lifetime, 120);
	bytes_put(&text, VIEW(good, (size_t)(at - good)));
	bytes_put_text(&text, end);
	assert_int_equal(config_parse("okse.yaml", bytes_view(&text),
	    &usual), ERR_OK);
	assert_string_equal(usual->status_lists.uri,
	    "https://okse.example/v1/status-lists");
	assert_int_equal(usual->status_lists.entries, 1 << 20);
	assert_int_equal(usual->status_lists.ttl, 300);
	assert_int_equal(usual->status_lists.lifetime, 86400);
}

/* The good file with one text in place of another. */
static const struct {
	const char	*was, *is;
	const char	*says;		/* part of the message */
} mistakes[] = {
	{ "keyholders: 3", "keyholders: 0", "okse.yaml:18:15:" },
	{ "keyholders: 3", "keyholders: 65", "okse.yaml:18:15:" },
	{ "keyholders: 3", "keyholders: three", "okse.yaml:18:15:" },
	{ "keyholders: 3", "keyholder: 3", "\"keyholders\"" },
	{ "access: group", "access: world", "okse.yaml:5:" },
	{ "registry: /var", "registri: /var", "\"registry\"" },
	{ "registry: /var/lib/okse/registry.db\n", "", "registry" },
	{ "origin: okse.example", "origin: https://okse.example", "scheme" },
	{ "origin: okse.example/log", "origin: okse example", "origin" },
	{ "id: '0a0b'", "id: '0a0'", "document-1" },
	{ "id: '0a0b'", "id: '0A0B'", "document-1" },
	{ "use: qr,", "use: document,", "use \"qr\", which files of older" },
	{ "use: status,", "use: metadata,", "use \"status\", which files" },
	{ "  - {use: log-ecdsa,", "  - {use: log, label: one, id: '71', "
	    "public-key: /x}\n  - {use: log, label: two, id: '72', "
	    "public-key: /y}\n  - {use: log-ecdsa,",
	    "at most 2 keys with use \"log\"" },
	{ "use: status,", "use: seal,", "okse.yaml:24:" },
	{ "id: '04', ", "id: '04', certificate: /l, ", "certificate" },
	{ "certificate: /s, ", "", "certificate" },
	{ "id: '03'", "id: '0a0b'", "of \"document-1\"" },
	{ "public-key: /e.pub", "public-key: /d.pub", "of \"document-1\"" },
	{ "formats: [mso_mdoc", "formats: [paper", "paper" },
	{ "public-key: /s.pub", "public-key: /s.pub, programmes: [x]",
	    "\"status-1\": programmes" },
	{ "public-key: /q.pub", "public-key: /q.pub, formats: [mso_mdoc]",
	    "\"qr-1\": formats" },
	{ "{certificate: /w.pem}", "{certificate: /w.pem, kid: w}",
	    "number 1: expected either" },
	{ "{certificate: /w.pem}", "{}", "number 1: expected either" },
	{ "kid: w-1, ", "", "number 2: expected either" },
	{ "signer-lead: PT1H", "signer-lead: P91D", "okse.yaml:28:" },
	{ "signer-lead: PT1H", "signer-lead: -PT1H", "okse.yaml:28:" },
	{ "certificate: /d, ", "", "certificate" },
	{ "id: '01', ", "id: '01', certificate: /l, ", "certificate" },
	{ "    uids: [1000, 0]\n", "", "upstream" },
	{ "deadline: PT5S", "deadline: 5", "okse.yaml:19:" },
	{ "deadline: PT5S", "deadline: PT0S", "okse.yaml:19:" },
	{ "programmes: [resident-id]", "programmes: []", "1 to 32 items" },
	{ ", programmes: [resident-id]", "", "the key \"programmes\"" },
	{ "{certificate: /card.pem", "{certificat: /card.pem", "certificate" },
	{ "uids: [1000, 0]", "uids: [-1]", "okse.yaml:11:" },
	{ "uids: [1000, 0]", "uids: [4294967296]", "okse.yaml:11:" },
	{ "state: /var/lib/okse\n", "state: /a\nstate: /b\n", "state" },
	{ "entries: 4096", "entries: 4098", "a multiple of 4" },
	{ "entries: 4096", "entries: 60", "okse.yaml:37:" },
	{ "entries: 4096", "entries: 1048580", "okse.yaml:37:" },
	{ "ttl: PT1M", "ttl: PT61S", "twice the ttl" },
	{ "ttl: PT1M", "ttl: PT0S", "okse.yaml:37:" },
	{ "lifetime: PT2M", "lifetime: P32D", "okse.yaml:37:" },
	{ "'https://lists", "'http://lists", "an https URI" },
};

static void
a_mistake_names_its_place_and_what_was_expected(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(mistakes); i++) {
		AUTO(config) c = NULL;
		AUTO_DONE(bytes) text = { 0 };
		const char *at = strstr(good, mistakes[i].was);

		assert_non_null(at);
		bytes_put(&text, VIEW(good, (size_t)(at - good)));
		bytes_put_text(&text, mistakes[i].is);
		bytes_put_text(&text, at + strlen(mistakes[i].was));
		assert_int_not_equal(config_parse("okse.yaml",
		    bytes_view(&text), &c), ERR_OK);
		assert_null(c);
		if (strstr(err_why(), mistakes[i].says) == NULL)
			fail_msg("\"%s\" says: %s", mistakes[i].is,
			    err_why());
	}
}

static void
a_socket_path_must_fit_its_address(void **state)
{
	(void)state;
	for (size_t n = 106; n <= 108; n++) {
		AUTO(config) c = NULL;
		AUTO_DONE(bytes) text = { 0 };
		const char *at = strstr(good, "/run/okse/api.sock");

		bytes_put(&text, VIEW(good, (size_t)(at - good)));
		bytes_put_u8(&text, '/');
		for (size_t k = 1; k < n; k++)
			bytes_put_u8(&text, 'x');
		bytes_put_text(&text, at + strlen("/run/okse/api.sock"));
		assert_int_equal(config_parse("okse.yaml", bytes_view(&text),
		    &c) == ERR_OK, n <= 107);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_complete_file_is_read),
		cmocka_unit_test(
		    several_keys_of_one_use_divide_programmes_and_formats),
		cmocka_unit_test(status_lists_are_as_given_or_as_usual),
		cmocka_unit_test(
		    a_mistake_names_its_place_and_what_was_expected),
		cmocka_unit_test(a_socket_path_must_fit_its_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
