/*
 * The keyholder as a process of its own, locked in as in the daemon, with a
 * software token of four keys and this test as its supervisor, notary and
 * gate.
 */
#ifndef OKSE_TESTS_UNIT_SIGNER_KEYHOLDER_ROLE_H
#define OKSE_TESTS_UNIT_SIGNER_KEYHOLDER_ROLE_H

#include "tests/unit/pkcs11/softtoken.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "credential/status_token.h"
#include "pkcs11/generate.h"
#include "pkcs11/register.h"
#include "signer/child.h"
#include "signer/packet.h"
#include "signer/rider.h"
#include "tests/licence.h"

#define WAIT_MS 120000
#define LIST URI "/v1/status-lists/1"

struct wire {
	int		fd;
	uint8_t		packet[MSG_PACKET];
	struct reader	rest;
};

enum { DOCUMENT, QR, STATUS, LOG, KEYS };
static const char *const labels[KEYS] = { "document", "qr", "status", "log" };

static pid_t child;
static struct wire supervisor;
static struct signers signers;
static EVP_PKEY *keys[KEYS];
static struct issuer *issuers[KEYS];	/* of the token's keys */

/* ---- channels */

static void
send_fd(struct wire *to, enum msg_type type, struct view body, int fd)
{
	struct outbox o = { 0 };

	assert_ok(outbox_put(&o, type, 0, body, fd));
	assert_int_equal(outbox_flush(&o, to->fd), 1);
	outbox_done(&o);
}

/* The next message that is no metrics; false at the channel's end. */
static bool
receive(struct wire *from, struct msg *out)
{
	struct pollfd p = { .fd = from->fd, .events = POLLIN };
	int fd = -1;

	do {
		ssize_t n = 0;

		if (from->rest.rest.len == 0) {
			assert_int_equal(poll(&p, 1, WAIT_MS), 1);
			n = packet_receive(from->fd, from->packet, &fd);
			if (n <= 0)
				return false;
			from->rest = reader_of(VIEW(from->packet, (size_t)n));
			assert_int_equal(reader_u8(&from->rest), MSG_VERSION);
		}
		assert_true(message_get(&from->rest, out));
	} while (out->type == MSG_METRICS);
	return true;
}

/* ---- the token, and what its keys certify */

static void
write_public(const char *name, EVP_PKEY *key)
{
	char path[PATH_MAX];
	FILE *f = fopen(soft_path(name, path), "we");

	assert_true(f != NULL && PEM_write_PUBKEY(f, key) == 1);
	assert_int_equal(fclose(f), 0);
}

static void
certify(size_t i)
{
	X509 *x = software_certify(labels[i], keys[i], signers.ca,
	    signers.ca_key, NOW - DAY, NOW + 400 * DAY, i == DOCUMENT);
	char name[32], path[PATH_MAX];

	snprintf(name, sizeof(name), "%s.pem", labels[i]);
	software_write(soft_path(name, path), x);
	X509_free(x);
	assert_ok(issuer_load(path, URI, &issuers[i]));
}

/* As long as a register's, and the label's bytes for the rest. */
static void
id_of(size_t i, uint8_t out[REGISTER_KEY_ID])
{
	memset(out, '.', REGISTER_KEY_ID);
	memcpy(out, labels[i], strlen(labels[i]));
}

static EVP_PKEY *
make_key(struct token *t, size_t i, struct key_register *planned)
{
	struct register_key k = { .type = i == LOG ? KEY_ED25519 : KEY_P256 };
	AUTO_DONE(key_record) made = { 0 };

	snprintf(k.label, sizeof(k.label), "%s", labels[i]);
	id_of(i, k.id);
	assert_ok(token_generate(t, k.type, k.label, VIEW_OF(k.id), &made));
	assert_ok(public_hash(made.public_key, &k.spki));
	assert_ok(register_add_key(planned, &k));
	assert_ok(register_add_on_token(planned, k.label, planned->token,
	    planned->serial));
	return STEAL(made.public_key);
}

static void
make_keys(void)
{
	struct token_identity who = soft_initialise(SOFTHSM);
	struct key_register planned = { 0 };
	AUTO_DONE(bytes) text = { 0 };
	struct token *t;
	char name[32];

	snprintf(planned.token, sizeof(planned.token), "%s", who.label);
	snprintf(planned.serial, sizeof(planned.serial), "%s", who.serial);
	t = soft_login(SOFTHSM);
	for (size_t i = 0; i < KEYS; i++) {
		keys[i] = make_key(t, i, &planned);
		snprintf(name, sizeof(name), "%s.pub", labels[i]);
		write_public(name, keys[i]);
		if (i != LOG)
			certify(i);
	}
	assert_ok(register_put(&planned, &text));
	soft_write("register.txt", bytes_text(&text));
	token_close(t);
}

static void
write_config(struct bytes *out)
{
	bytes_printf(out, "origin: okse.example/log\nissuer: " URI "\n"
	    "state: %s\nlisten:\n  api: {path: %s/a}\n  metrics: {path: "
	    "%s/m}\n  admin: {path: %s/d}\nclients: [{name: upstream, uids: "
	    "[0]}]\ntoken:\n  uri: 'pkcs11:token=okse-test?module-path="
	    SOFTHSM "'\n  environment: {SOFTHSM2_CONF: %s/softhsm2.conf}\n"
	    "  writable: [%s/tokens]\nkeys:\n", soft_dir, soft_dir, soft_dir,
	    soft_dir, soft_dir, soft_dir);
	for (size_t i = 0; i < KEYS; i++) {
		uint8_t id[REGISTER_KEY_ID];

		bytes_printf(out, "  - {use: %s, label: %s, id: '", labels[i],
		    labels[i]);
		id_of(i, id);
		hex_put(out, VIEW_OF(id));
		bytes_printf(out, "', public-key: %s/%s.pub", soft_dir,
		    labels[i]);
		if (i != LOG)
			bytes_printf(out, ", certificate: %s/%s.pem",
			    soft_dir, labels[i]);
		bytes_put_text(out, "}\n");
	}
	bytes_printf(out, "registry: %s/r\nlog: %s\npolicy: %s\nroster: /r\n"
	    "ca: /c\nquorum: /q\nregister: %s/register.txt\n"
	    "limits: {connections: 10}\n", soft_dir, soft_dir, soft_dir,
	    soft_dir);
	assert_ok(bytes_check(out));
}

/*
 * As the first of an opening, or as a further one; what it says. told: the
 * register's hash as the statement has it.
 */
static enum err
login_told(bool first, const struct hash *told, struct bytes *words,
    uint32_t examined[4])
{
	AUTO_DONE(bytes) body = { 0 };
	struct reader r;
	struct msg m;
	enum err e;

	bytes_put_u8(&body, first);
	bytes_put(&body, VIEW_OF(told->at));
	bytes_put_text(&body, USER_PIN);
	send_fd(&supervisor, MSG_LOGIN, bytes_view(&body), -1);
	assert_true(receive(&supervisor, &m));
	assert_int_equal(m.type, MSG_LOGGED_IN);
	r = reader_of(m.body);
	e = (enum err)reader_u16(&r);
	(void)reader_u16(&r);
	bytes_reset(words);
	bytes_put(words, reader_block(&r, 1024));
	for (size_t i = 0; i < 4; i++)
		examined[i] = reader_u32(&r);
	assert_ok(reader_end(&r, "LOGGED_IN"));
	return e;
}

static enum err
login(bool first, struct bytes *words, uint32_t examined[4])
{
	char path[PATH_MAX];
	struct key_register r;
	struct hash told;

	assert_ok(register_read(soft_path("register.txt", path), &r, &told));
	return login_told(first, &told, words, examined);
}

static void
start(void)
{
	AUTO_DONE(bytes) config = { 0 };
	struct msg m;
	int pair[2];

	assert_ok(proc_pair(pair));
	if ((child = fork()) == 0) {
		dup2(pair[1], CHILD_CONTROL);
		close_range(CHILD_CONTROL + 1, ~0U, 0);
		_exit(keyholder_main(0));
	}
	close(pair[1]);
	supervisor = (struct wire){ .fd = pair[0] };
	write_config(&config);
	assert_ok(packet_send_first(pair[0], MSG_CONFIG,
	    bytes_view(&config)));
	assert_true(receive(&supervisor, &m));
	assert_int_equal(m.type, MSG_READY);
}

static void
stop(void)
{
	int status;

	close(supervisor.fd);
	assert_int_equal(waitpid(child, &status, 0), child);
	/* by no signal: its sandbox let it do all it does */
	assert_true(WIFEXITED(status));
}

static int
role_setup(void **)
{
	soft_make();
	signers_init(&signers, NOW);
	make_keys();
	return 0;
}

static int
role_teardown(void **)
{
	for (size_t i = 0; i < KEYS; i++) {
		EVP_PKEY_free(keys[i]);
		issuer_free(issuers[i]);
	}
	signers_done(&signers);
	soft_remove();
	return 0;
}

#endif
