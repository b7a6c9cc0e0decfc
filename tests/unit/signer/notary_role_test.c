/*
 * The notary as a process of its own, locked in as in the daemon, with this
 * test as its supervisor, gate and keyholder.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/publish.h"
#include "signer/child.h"
#include "signer/packet.h"
#include "tests/unit/signer/notary.h"

#define WAIT_MS 120000

/* One end of a channel, and the messages of a packet not yet looked at. */
struct wire {
	int		fd;
	uint8_t		packet[MSG_PACKET];
	struct reader	rest;
};

struct stage {
	struct world	*w;		/* its keys and files; not its notary */
	pid_t		 child;
	struct wire	 supervisor, gate, keyholder;
};

static void
send_fd(struct wire *to, enum msg_type type, uint64_t id, struct view body,
    int fd)
{
	struct outbox o = { 0 };

	OK(outbox_put(&o, type, id, body, fd));
	assert_int_equal(outbox_flush(&o, to->fd), 1);
	outbox_done(&o);
}

static void
send_to(struct wire *to, enum msg_type type, uint64_t id, struct view body)
{
	send_fd(to, type, id, body, -1);
}

/* The next message; false at the channel's end. */
static bool
receive(struct wire *from, struct msg *out)
{
	struct pollfd p = { .fd = from->fd, .events = POLLIN };
	ssize_t n = 0;
	int fd;

	while (from->rest.rest.len == 0) {
		assert_int_equal(poll(&p, 1, WAIT_MS), 1);
		n = packet_receive(from->fd, from->packet, &fd);
		if (n == -1)
			return false;
		from->rest = reader_of(VIEW(from->packet, (size_t)n));
		if (n > 0)
			assert_int_equal(reader_u8(&from->rest), MSG_VERSION);
	}
	assert_true(message_get(&from->rest, out));
	return true;
}

/* The next of a type; what belongs to no request is passed over. */
static struct msg
expect(struct wire *from, enum msg_type type)
{
	struct msg m;

	do {
		assert_true(receive(from, &m));
		if (m.type == type)
			return m;
	} while (m.id == 0);
	print_error("%s came, not %s\n", msg_name(m.type), msg_name(type));
	abort();
}

static void
write_config(const struct stage *s, struct bytes *out)
{
	const struct world *w = s->w;

	bytes_printf(out, "origin: " ORIGIN "\nissuer: " ISSUER "\n"
	    "state: %s\nlisten:\n  api: {path: %s/api.sock}\n"
	    "  metrics: {path: %s/metrics.sock}\n"
	    "  admin: {path: %s/admin.sock}\n"
	    "clients: [{name: upstream, uids: [0]}]\n"
	    "token: {uri: 'pkcs11:token=x?module-path=/x.so'}\nkeys:\n"
	    "  - {use: document, label: d, id: '01', certificate: %s, "
	    "public-key: %s}\n"
	    "  - {use: qr, label: q, id: '02', certificate: %s, "
	    "public-key: %s}\n"
	    "  - {use: log, label: l, id: '03', public-key: %s}\n"
	    "  - {use: status, label: s, id: '04', certificate: %s, "
	    "public-key: %s}\n"
	    "registry: %s\nlog: %s\npolicy: %s\nroster: %s\nca: %s\n"
	    "register: /k\nquorum: /q\nlimits: {connections: 10}\n",
	    w->dir, w->dir, w->dir, w->dir, w->keys[0].certificate,
	    w->keys[0].public_key, w->keys[1].certificate,
	    w->keys[1].public_key, w->keys[2].public_key,
	    w->keys[3].certificate,
	    w->keys[3].public_key, w->config.registry,
	    w->config.log, w->config.policy, w->config.roster, w->config.ca);
	OK(bytes_check(out));
}

static void
attach(struct stage *s, struct wire *w, enum role role)
{
	AUTO_DONE(bytes) body = { 0 };
	int pair[2];

	OK(proc_pair(pair));
	bytes_put_u16(&body, (uint16_t)role);
	bytes_put_u16(&body, 0);
	send_fd(&s->supervisor, MSG_ATTACH, 0, bytes_view(&body), pair[1]);
	close(pair[1]);
	*w = (struct wire){ .fd = pair[0] };
}

static void
start(struct stage *s)
{
	AUTO_DONE(bytes) config = { 0 };
	int pair[2];

	OK(proc_pair(pair));
	if ((s->child = fork()) == 0) {
		/* as after exec: nothing but the channel */
		dup2(pair[1], CHILD_CONTROL);
		close_range(CHILD_CONTROL + 1, ~0U, 0);
		_exit(notary_main());
	}
	close(pair[1]);
	s->supervisor = (struct wire){ .fd = pair[0] };
	write_config(s, &config);
	OK(packet_send_first(pair[0], MSG_CONFIG, bytes_view(&config)));
	expect(&s->supervisor, MSG_READY);
	attach(s, &s->gate, ROLE_GATE);
	attach(s, &s->keyholder, ROLE_KEYHOLDER);
}

static void
unseal(struct stage *s)
{
	uint8_t body[KEYS_SIZE];

	memset(body, 7, sizeof(body));
	send_to(&s->supervisor, MSG_OPEN, 0, VIEW_OF(body));
	/* one channel's order says nothing of another's: ask until it is so */
	for (enum err e = ERR_SEALED; e == ERR_SEALED;) {
		AUTO_DONE(bytes) caller = { 0 };
		struct reader r;
		struct msg m;

		bytes_put_block(&caller, view_text("upstream"));
		send_to(&s->gate, MSG_CHALLENGE, 1, bytes_view(&caller));
		m = expect(&s->gate, MSG_ANSWER);
		r = reader_of(m.body);
		e = (enum err)reader_u16(&r);
		assert_true(e == ERR_OK || e == ERR_SEALED);
	}
}

static int
setup(void **state)
{
	struct stage *s = mem_new(1, sizeof(*s));

	assert_non_null(s);
	s->w = world_new_at(time_now());
	start(s);
	*state = s;
	return 0;
}

static void
end_channels(struct stage *s)
{
	close(s->supervisor.fd);
	close(s->gate.fd);
	close(s->keyholder.fd);
}

static int
end(struct stage *s)
{
	int status;

	end_channels(s);
	assert_int_equal(waitpid(s->child, &status, 0), s->child);
	return status;
}

static int
teardown(void **state)
{
	struct stage *s = *state;
	int status = end(s);

	world_free(s->w);
	mem_free(s);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	return 0;
}

/* ---- asking */

static void
ask_token(struct stage *s, uint64_t id, size_t i)
{
	AUTO_DONE(bytes) frame = { 0 };
	struct person p;

	person_init(&p, i, OPERATION_QR_TOKEN);
	request_encode(&p.asked, &frame);
	send_to(&s->gate, MSG_REQUEST, id, bytes_view(&frame));
}

static void
done(struct stage *s, uint64_t id, uint64_t index, enum err e)
{
	AUTO_DONE(bytes) body = { 0 };

	bytes_put_u64(&body, index);
	bytes_put_u8(&body, 0);
	bytes_put_u16(&body, (uint16_t)e);
	bytes_put_block(&body, view_text(e == ERR_OK ? "" : "it broke"));
	send_to(&s->keyholder, MSG_DONE, id, bytes_view(&body));
}

static uint64_t
ticket_of(struct stage *s, uint64_t id)
{
	struct msg m = expect(&s->keyholder, MSG_TICKET);
	struct reader r = reader_of(m.body);

	assert_int_equal(m.id, id);
	return reader_u64(&r);
}

/* The answer to a grant, and its one draft. */
static void
granted(struct stage *s, uint64_t id)
{
	struct msg m = expect(&s->gate, MSG_GRANTED);

	assert_int_equal(m.id, id);
	m = expect(&s->gate, MSG_DRAFT);
	assert_int_equal(m.id, id);
}

static enum err
answer(struct stage *s, uint64_t id)
{
	struct msg m = expect(&s->gate, MSG_ANSWER);
	struct reader r = reader_of(m.body);

	assert_int_equal(m.id, id);
	return (enum err)reader_u16(&r);
}

/* ---- the tests */

static void
sealed_it_answers_that_it_is_sealed(void **state)
{
	struct stage *s = *state;

	ask_token(s, 7, 1);
	assert_int_equal(answer(s, 7), ERR_SEALED);
	unseal(s);
	ask_token(s, 8, 1);
	granted(s, 8);
	assert_int_equal(ticket_of(s, 8), 2);
	send_to(&s->supervisor, MSG_CLOSE, 0, VIEW(NULL, 0));
	for (enum err e = ERR_OK; e != ERR_SEALED;) {
		AUTO_DONE(bytes) caller = { 0 };

		bytes_put_block(&caller, view_text("upstream"));
		send_to(&s->gate, MSG_CHALLENGE, 9, bytes_view(&caller));
		e = answer(s, 9);
	}
}

static void
a_challenge_has_nonce_audience_and_end(void **state)
{
	struct stage *s = *state;
	AUTO_DONE(bytes) caller = { 0 };
	struct msg m;

	unseal(s);
	bytes_put_block(&caller, view_text("upstream"));
	send_to(&s->gate, MSG_CHALLENGE, 9, bytes_view(&caller));
	m = expect(&s->gate, MSG_ANSWER);
	assert_int_equal(m.id, 9);
	assert_non_null(memmem(m.body.at, m.body.len, "\"nonce\":\"", 9));
	assert_non_null(memmem(m.body.at, m.body.len, "\"audience\":\"" ISSUER
	    "\"", strlen(ISSUER) + 13));
	assert_non_null(memmem(m.body.at, m.body.len, "\"expires_at\":\"", 14));
	send_to(&s->gate, MSG_CHALLENGE, 10, view_text("bad"));
	assert_int_equal(answer(s, 10), ERR_SYNTAX);
}

static void
a_grant_goes_to_the_gate_and_its_ticket_to_the_keyholder(void **state)
{
	struct stage *s = *state;
	uint64_t index;

	unseal(s);
	for (uint64_t id = 1; id < 50; id++)
		ask_token(s, id, id);
	for (uint64_t id = 1; id < 50; id++) {
		granted(s, id);
		index = ticket_of(s, id);
		assert_true(index > 0);
		done(s, id, index, ERR_OK);
	}
}

static void
a_failure_is_told_to_the_gate(void **state)
{
	struct stage *s = *state;
	struct reader r;
	struct msg m;

	unseal(s);
	ask_token(s, 5, 1);
	granted(s, 5);
	done(s, 5, ticket_of(s, 5), ERR_TOKEN);
	m = expect(&s->gate, MSG_FAILED);
	assert_int_equal(m.id, 5);
	r = reader_of(m.body);
	assert_int_equal(err_status((enum err)reader_u16(&r)), 503);
}

static void
a_keyholder_that_ends_fails_its_tickets(void **state)
{
	struct stage *s = *state;
	struct msg m;

	unseal(s);
	ask_token(s, 5, 1);
	granted(s, 5);
	ticket_of(s, 5);
	close(s->keyholder.fd);
	m = expect(&s->gate, MSG_FAILED);
	assert_int_equal(m.id, 5);
	ask_token(s, 6, 2);
	assert_int_equal(answer(s, 6), ERR_UNAVAILABLE);
	attach(s, &s->keyholder, ROLE_KEYHOLDER);
	/* the same request, now that somebody signs */
	for (enum err e = ERR_UNAVAILABLE; e != ERR_OK;) {
		ask_token(s, 7, 1);
		do
			assert_true(receive(&s->gate, &m));
		while (m.id == 0);
		e = m.type == MSG_GRANTED ? ERR_OK : ERR_UNAVAILABLE;
	}
	assert_int_equal(ticket_of(s, 7), 2);
}

static void
a_report_on_a_ticket_of_nobody_is_ignored(void **state)
{
	struct stage *s = *state;

	unseal(s);
	done(s, 1, 12345, ERR_OK);
	send_to(&s->keyholder, MSG_DONE, 0, view_text("x"));
	ask_token(s, 5, 1);
	granted(s, 5);
	ticket_of(s, 5);
}

static void
cosign(struct stage *s, bool well)
{
	uint8_t signature[ED25519_SIGNATURE_SIZE];
	size_t len = sizeof(signature);
	AUTO_DONE(bytes) body = { 0 };
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	struct msg m;

	do
		assert_true(receive(&s->keyholder, &m));
	while (m.type != MSG_CHECKPOINT);
	assert_int_equal(EVP_DigestSignInit(c, NULL, NULL, NULL,
	    s->w->log_key), 1);
	assert_int_equal(EVP_DigestSign(c, signature, &len, m.body.at,
	    m.body.len), 1);
	EVP_MD_CTX_free(c);
	if (!well)
		signature[0] ^= 1;
	bytes_put_u16(&body, ERR_OK);
	bytes_put_block(&body, VIEW_OF(signature));
	bytes_put_block(&body, VIEW(NULL, 0));
	send_to(&s->keyholder, MSG_COSIGNED, 0, bytes_view(&body));
}

static void
checkpoints_are_signed_verified_and_published(void **state)
{
	struct stage *s = *state;
	AUTO_DONE(bytes) note = { 0 };

	unseal(s);
	cosign(s, false);	/* is not published, and asked for again */
	cosign(s, true);
	ask_token(s, 5, 1);
	granted(s, 5);
	cosign(s, true);	/* the first one is in place by now */
	OK(publish_read_checkpoint(s->w->config.log, &note));
	assert_true(view_starts(bytes_view(&note), ORIGIN "\n"));
}

static void
a_record_is_confirmed_when_it_is_durable(void **state)
{
	struct stage *s = *state;
	AUTO_DONE(bytes) body = { 0 };
	struct reader r;
	struct msg m;

	bytes_put_block(&body, view_text("unseal.share"));
	bytes_put_u16(&body, 1);
	bytes_put_block(&body, view_text("seat"));
	bytes_put_block(&body, view_text("2"));
	send_to(&s->supervisor, MSG_RECORD, 77, bytes_view(&body));
	m = expect(&s->supervisor, MSG_RECORDED);
	assert_int_equal(m.id, 77);
	r = reader_of(m.body);
	assert_int_equal(reader_u64(&r), 2);
}

static void
metrics_go_to_the_gate(void **state)
{
	struct stage *s = *state;
	struct msg m;

	unseal(s);
	do
		assert_true(receive(&s->gate, &m));
	while (m.type != MSG_METRICS);
	assert_non_null(memmem(m.body.at, m.body.len, "okse_log_entries ",
	    17));
}

static void
a_message_that_is_not_the_gates_ends_its_channel(void **state)
{
	struct stage *s = *state;
	struct msg m;

	send_to(&s->gate, MSG_OPEN, 0, VIEW(NULL, 0));
	expect(&s->supervisor, MSG_BREACH);
	while (receive(&s->gate, &m))
		assert_int_equal(m.id, 0);	/* metrics, until it ends */
}

static void
log_ends_with_stop(struct stage *s)
{
	struct view last;

	world_open(s->w);
	OK(registry_entry_get(s->w->n->registry,
	    journal_durable(s->w->n->journal) - 3, &last));
	assert_non_null(memmem(last.at, last.len, "\"ev\":\"stop\"", 11));
	world_close(s->w);
}

static void
asked_to_stop_it_records_the_stop(void **state)
{
	struct stage *s = *state;
	int status;

	kill(s->child, SIGTERM);
	assert_int_equal(waitpid(s->child, &status, 0), s->child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	log_ends_with_stop(s);
	end_channels(s);
	start(s);
}

static void
it_stops_when_its_supervisor_is_gone(void **state)
{
	struct stage *s = *state;
	int status = end(s);

	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	log_ends_with_stop(s);
	start(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sealed_it_answers_that_it_is_sealed),
		TEST(a_challenge_has_nonce_audience_and_end),
		TEST(a_grant_goes_to_the_gate_and_its_ticket_to_the_keyholder),
		TEST(a_failure_is_told_to_the_gate),
		TEST(a_keyholder_that_ends_fails_its_tickets),
		TEST(a_report_on_a_ticket_of_nobody_is_ignored),
		TEST(checkpoints_are_signed_verified_and_published),
		TEST(a_record_is_confirmed_when_it_is_durable),
		TEST(metrics_go_to_the_gate),
		TEST(a_message_that_is_not_the_gates_ends_its_channel),
		TEST(asked_to_stop_it_records_the_stop),
		TEST(it_stops_when_its_supervisor_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
