/*
 * The keyholder, locked in: that each key signs what it is for, and nothing
 * else.
 */
#include "tests/unit/signer/keyholder_role.h"

static struct wire notary, gate;
static uint64_t next_index = 100;

/* It would have come before what the notary has got already. */
static bool
is_silent(struct wire *w)
{
	struct pollfd p = { .fd = w->fd, .events = POLLIN };
	uint8_t packet[MSG_PACKET];
	int fd = -1;

	while (poll(&p, 1, 0) == 1) {
		ssize_t n = packet_receive(w->fd, packet, &fd);
		struct reader r = reader_of(VIEW(packet, (size_t)n));
		struct msg m;

		(void)reader_u8(&r);
		while (message_get(&r, &m))
			if (m.type != MSG_METRICS)
				return false;
	}
	return true;
}

static void
attach(struct wire *w, enum role role)
{
	AUTO_DONE(bytes) body = { 0 };
	int pair[2];

	assert_ok(proc_pair(pair));
	bytes_put_u16(&body, (uint16_t)role);
	bytes_put_u16(&body, 0);
	send_fd(&supervisor, MSG_ATTACH, bytes_view(&body), pair[1]);
	close(pair[1]);
	*w = (struct wire){ .fd = pair[0] };
}

/* ---- drafts and tickets */

/* noise: a list that packing does not help. */
static struct draft *
status_draft(enum status_form form, const struct issuer *by, bool noise)
{
	AUTO(status_list) l = NULL;
	AUTO_DONE(bytes) packed = { 0 };
	struct status_token t = { view_text(LIST), NOW, NOW + DAY, 300,
	    STATUS_BITS, { 0 } };
	uint64_t random = 1;
	struct draft *d = NULL;

	assert_ok(status_list_new(STATUS_BITS, STATUS_LIST_ENTRIES, &l));
	for (uint64_t i = 0; noise && i < STATUS_LIST_ENTRIES; i++) {
		random = random * UINT64_C(6364136223846793005) + 1;
		assert_ok(status_list_set(l, i,
		    (unsigned int)(random >> 62)));
	}
	assert_ok(status_list_pack(l, &packed));
	t.list = bytes_view(&packed);
	assert_ok(status_token_draft(form, &t, by, &d));
	return d;
}

static struct draft *
credential_of(const struct issuer *by)
{
	AUTO_DONE(granted) g = licence();
	struct credential_order o = licence_order(&g, &signers);
	struct draft *d = NULL;

	o.issuer = by;
	assert_ok(credential_draft(FORMAT_SD_JWT, &o, &d));
	return d;
}

static void
send_ticket(const struct draft *d, bool right_hash, int rides)
{
	struct hash h = sha256(draft_tbs(d));
	AUTO_DONE(bytes) body = { 0 }, encoded = { 0 };

	h.at[0] ^= !right_hash;
	draft_encode_to_sign(d, &encoded);
	bytes_put_u64(&body, ++next_index);
	bytes_put_u8(&body, 0);
	bytes_put(&body, VIEW_OF(h.at));
	bytes_put_block(&body, rides == -1 ? bytes_view(&encoded) :
	    VIEW(NULL, 0));
	send_fd(&notary, MSG_TICKET, bytes_view(&body), rides);
}

/* What it reports, and the words with it. */
static enum err
report(struct bytes *words)
{
	struct msg m;
	struct reader r;
	enum err e;

	assert_true(receive(&notary, &m));
	assert_int_equal(m.type, MSG_DONE);
	r = reader_of(m.body);
	assert_int_equal(reader_u64(&r), next_index);
	assert_int_equal(reader_u8(&r), 0);
	e = (enum err)reader_u16(&r);
	bytes_reset(words);
	bytes_put(words, reader_block(&r, 1024));
	assert_ok(reader_end(&r, "DONE"));
	return e;
}

static int
sealed(const struct draft *d)
{
	AUTO_DONE(bytes) encoded = { 0 };
	int fd = -1;

	draft_encode_to_sign(d, &encoded);
	assert_ok(rider_make(bytes_view(&encoded), &fd));
	return fd;
}

/* ---- */

static void
a_list_is_signed_by_its_key_for_the_notary_alone(void **)
{
	AUTO_DONE(bytes) words = { 0 };

	for (int form = STATUS_JWT; form < STATUS_FORMS; form++) {
		AUTO(draft) d = status_draft((enum status_form)form,
		    issuers[STATUS], false);
		struct hash h = sha256(draft_tbs(d));

		send_ticket(d, true, -1);
		assert_int_equal(report(&words), ERR_OK);
		assert_ok(p256_verify(keys[STATUS], &h, bytes_view(&words)));
	}
	assert_true(is_silent(&gate));
}

static void
a_credential_is_signed_by_its_key_for_the_gate(void **)
{
	AUTO(draft) d = credential_of(issuers[DOCUMENT]);
	struct hash h = sha256(draft_tbs(d));
	AUTO_DONE(bytes) words = { 0 };
	struct msg m;

	send_ticket(d, true, -1);
	assert_int_equal(report(&words), ERR_OK);
	assert_int_equal(words.len, 0);
	assert_true(receive(&gate, &m));
	assert_int_equal(m.type, MSG_SIGNATURE);
	assert_ok(p256_verify(keys[DOCUMENT], &h,
	    VIEW(m.body.at + 2, m.body.len - 2)));
}

static void
a_status_key_signs_nothing_else(void **)
{
	AUTO(draft) d = credential_of(issuers[STATUS]);
	AUTO_DONE(bytes) words = { 0 };

	send_ticket(d, true, -1);
	assert_int_equal(report(&words), ERR_MISMATCH);
	assert_non_null(strstr(bytes_text(&words), "use status"));
	assert_true(is_silent(&gate));
}

static void
no_other_key_signs_a_list(void **)
{
	static const int others[] = { DOCUMENT, QR };
	AUTO_DONE(bytes) words = { 0 };

	for (size_t i = 0; i < COUNT(others); i++)
		for (int form = STATUS_JWT; form < STATUS_FORMS; form++) {
			AUTO(draft) d = status_draft((enum status_form)form,
			    issuers[others[i]], false);

			send_ticket(d, true, -1);
			assert_int_equal(report(&words), ERR_MISMATCH);
		}
}

static void
a_long_list_rides_along_and_is_hashed_here(void **)
{
	AUTO(draft) d = status_draft(STATUS_JWT, issuers[STATUS], true);
	struct hash h = sha256(draft_tbs(d));
	AUTO_DONE(bytes) words = { 0 };
	AUTO_FD fd = sealed(d);

	assert_true(draft_tbs(d).len > MSG_LONG);
	send_ticket(d, true, fd);
	assert_int_equal(report(&words), ERR_OK);
	assert_ok(p256_verify(keys[STATUS], &h, bytes_view(&words)));
	send_ticket(d, false, fd);
	assert_int_equal(report(&words), ERR_MISMATCH);
}

/* The last: it ends the channel. */
static void
what_is_not_sealed_is_not_read(void **)
{
	AUTO(draft) d = status_draft(STATUS_CWT, issuers[STATUS], false);
	AUTO_DONE(bytes) encoded = { 0 };
	AUTO_FD fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct msg m;

	draft_encode_to_sign(d, &encoded);
	assert_ok(fd_write(fd, bytes_view(&encoded)));
	send_ticket(d, true, fd);
	assert_false(receive(&notary, &m));
}

static int
setup(void **state)
{
	AUTO_DONE(bytes) words = { 0 };
	uint32_t examined[4];

	(void)role_setup(state);
	start();
	assert_int_equal(login(true, &words, examined), ERR_OK);
	attach(&gate, ROLE_GATE);
	attach(&notary, ROLE_NOTARY);
	return 0;
}

static int
teardown(void **state)
{
	close(notary.fd);
	close(gate.fd);
	stop();
	return role_teardown(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_list_is_signed_by_its_key_for_the_notary_alone),
		cmocka_unit_test(
		    a_credential_is_signed_by_its_key_for_the_gate),
		cmocka_unit_test(a_status_key_signs_nothing_else),
		cmocka_unit_test(no_other_key_signs_a_list),
		cmocka_unit_test(a_long_list_rides_along_and_is_hashed_here),
		cmocka_unit_test(what_is_not_sealed_is_not_read),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
