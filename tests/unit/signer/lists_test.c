/*
 * Status lists in the notary: that they say what the registry says, when they
 * are signed again, and what is published when something goes wrong.
 */
#include "tests/unit/signer/notary.h"

#include "credential/inspect.h"
#include "signer/rider.h"
#include "signer/status_file.h"

#define TTL 300

static int
setup(void **state)
{
	struct world *w = world_new_at(time_now());

	w->config.status_lists.ttl = TTL;
	w->config.status_lists.lifetime = DAY;
	world_open(w);
	*state = w;
	return 0;
}

/* ---- what the process does each pass */

static void
keep(struct world *w)
{
	bool more = true;

	OK(lists_look(w->n));
	while (more && w->n->lists.work.state != LIST_PACKED)
		OK(lists_step(w->n, w->now, &more));
}

/* What a keyholder is sent, decoded as it would. */
static struct draft *
sent(const struct ticket *t, size_t part, bool *out_rides)
{
	AUTO_DONE(bytes) body = { 0 }, rider = { 0 };
	struct draft *d = NULL;
	struct reader r;
	struct view draft;

	ticket_put(t, part, &body, &rider);
	assert_true(body.len <= MSG_LONG);
	r = reader_of(bytes_view(&body));
	assert_int_equal(reader_u64(&r), ticket_index(t));
	assert_int_equal(reader_u8(&r), part);
	(void)reader_take(&r, SHA256_SIZE);
	draft = reader_block(&r, MSG_LONG);
	OK(reader_end(&r, "TICKET"));
	*out_rides = draft.len == 0;
	assert_int_equal(*out_rides, rider.len != 0);
	OK(draft_decode(*out_rides ? bytes_view(&rider) : draft, &d));
	return d;
}

static void
close_ticket(struct world *w, uint64_t index, enum err outcome)
{
	struct outstanding_ticket *o = outstanding_find(&w->n->outstanding,
	    index);

	assert_non_null(o);
	outstanding_remove(&w->n->outstanding, o);
	lists_closed(w->n, index, outcome);
}

static bool
record(struct world *w)
{
	world_run(w);
	if (w->batch.list.ticket == NULL)
		return false;
	lists_take(w->n, STEAL(w->batch.list.ticket));
	return true;
}

/* Records, signs and publishes what is packed; whether anything was. */
static bool
publish(struct world *w)
{
	uint64_t index;
	bool rides;

	if (!record(w))
		return false;
	index = ticket_index(w->n->lists.work.ticket);
	for (size_t part = 0; part < STATUS_FORMS; part++) {
		AUTO(draft) d = sent(w->n->lists.work.ticket, part, &rides);
		uint8_t signature[P256_SIGNATURE_SIZE];

		assert_int_equal(draft_use(d), KEY_USE_STATUS);
		software_sign(world_key_of(w, d), draft_tbs(d), signature);
		OK(lists_signed(w->n, part, VIEW_OF(signature)));
	}
	close_ticket(w, index, ERR_OK);
	return true;
}

/* As if the pauses between two signatures were over. */
static void
pass(struct world *w, int64_t seconds)
{
	w->now += seconds;
	for (size_t i = 0; i < w->n->lists.count; i++)
		w->n->lists.at[i]->not_before = 0;
}

static bool
keep_and_publish(struct world *w)
{
	keep(w);
	return publish(w);
}

/* ---- what is published */

static bool
is_published(const struct world *w, int64_t list, enum status_form form)
{
	char name[STATUS_FILE], path[128];

	MUST(path_join(w->config.log, status_file(list, form, name), path,
	    sizeof(path)));
	return file_exists(path);
}

static struct inspected *
published(const struct world *w, int64_t list, enum status_form form)
{
	struct trust t = { .ca = w->ca, .now = w->now };
	AUTO_DONE(bytes) text = { 0 };
	char name[STATUS_FILE], path[128];
	struct inspected *i = NULL;

	MUST(path_join(w->config.log, status_file(list, form, name), path,
	    sizeof(path)));
	MUST(file_read(path, INSPECT_MAX, &text));
	OK(inspect(bytes_view(&text), &i));
	OK(inspected_verify(i, &t, NULL));
	return i;
}

/* Of a credential, by both forms, which must agree. */
static unsigned int
state_of(const struct world *w, const struct bytes *credential)
{
	AUTO(inspected) c = NULL, jwt = published(w, 1, STATUS_JWT),
	    cwt = published(w, 1, STATUS_CWT);
	unsigned int one, other;

	OK(inspect(bytes_view(credential), &c));
	OK(inspected_status(c, jwt, &one));
	OK(inspected_status(c, cwt, &other));
	assert_int_equal(one, other);
	return one;
}

static void
says(const struct world *w, const char *text)
{
	AUTO(inspected) i = published(w, 1, STATUS_JWT);
	AUTO_DONE(bytes) json = { 0 };

	OK(inspected_json(i, &json));
	assert_non_null(strstr(bytes_text(&json), text));
}

/* ---- people */

static void
issue(struct world *w, size_t i, enum purpose purpose, const char *device,
    struct bytes *out)
{
	AUTO_DONE(bytes) token = { 0 };
	struct served *s;
	struct person p;

	world_visit(w, i, purpose, &token);
	person_credential(w, &p, i, bytes_view(&token), device);
	p.asked.purpose = purpose;
	if (purpose == PURPOSE_REISSUE)
		p.asked.reason = view_text("device-replaced");
	snprintf(p.key, sizeof(p.key), "%s-%zu", device, i);
	p.asked.idempotency_key = view_text(p.key);
	s = world_ask(w, &p.asked);
	assert_int_equal(served_err(s), ERR_OK);
	world_sign(w, s->ticket, out);
}

static void
set_status(struct world *w, size_t i, enum status value)
{
	struct registry_device device;
	struct handle holder;
	struct person p;

	person_init(&p, i, OPERATION_CREDENTIAL);
	holder = pseudonym_holder(w->n->keys, p.asked.holder.number);
	OK(registry_begin(w->n->registry));
	OK(registry_device_find(w->n->registry, &holder, p.asked.programme,
	    &device));
	OK(registry_status_set(w->n->registry, &device.serial, value));
	OK(registry_commit(w->n->registry));
}

/* ---- */

static void
a_list_is_published_once_a_credential_names_it(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) credential = { 0 };

	assert_false(keep_and_publish(w));
	assert_int_equal(w->n->lists.count, 0);
	issue(w, 1, PURPOSE_FIRST_ISSUE, "phone", &credential);
	assert_true(keep_and_publish(w));
	assert_int_equal(state_of(w, &credential), STATUS_VALID);
	says(w, "\"sub\": \"" ISSUER "/v1/status-lists/1\"");
	says(w, "\"valid\": 1048576");
	says(w, "\"ttl\": 300");
	assert_false(keep_and_publish(w));
}

static void
a_change_is_published_and_changes_nobody_else(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) one = { 0 }, other = { 0 };

	issue(w, 1, PURPOSE_FIRST_ISSUE, "phone", &one);
	issue(w, 2, PURPOSE_FIRST_ISSUE, "phone", &other);
	assert_true(keep_and_publish(w));
	set_status(w, 1, STATUS_SUSPENDED);
	pass(w, 1);
	assert_true(keep_and_publish(w));
	assert_int_equal(state_of(w, &one), STATUS_SUSPENDED);
	assert_int_equal(state_of(w, &other), STATUS_VALID);
	says(w, "\"suspended\": 1");
	set_status(w, 1, STATUS_VALID);
	pass(w, 1);
	assert_true(keep_and_publish(w));
	assert_int_equal(state_of(w, &one), STATUS_VALID);
	set_status(w, 1, STATUS_INVALID);
	pass(w, 1);
	assert_true(keep_and_publish(w));
	assert_int_equal(state_of(w, &one), STATUS_INVALID);
	assert_int_equal(state_of(w, &other), STATUS_VALID);
}

static void
the_credential_of_a_replaced_phone_is_invalid(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) old = { 0 }, new = { 0 };

	issue(w, 1, PURPOSE_FIRST_ISSUE, "phone", &old);
	assert_true(keep_and_publish(w));
	pass(w, 1);
	issue(w, 1, PURPOSE_REISSUE, "another", &new);
	assert_true(keep_and_publish(w));
	assert_int_equal(state_of(w, &old), STATUS_INVALID);
	assert_int_equal(state_of(w, &new), STATUS_VALID);
	says(w, "\"invalid\": 1");
}

static void
a_list_is_signed_again_when_half_its_time_is_over(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) credential = { 0 };

	issue(w, 1, PURPOSE_FIRST_ISSUE, "phone", &credential);
	assert_true(keep_and_publish(w));
	pass(w, DAY / 2 - 1);
	assert_false(keep_and_publish(w));
	pass(w, 1);
	assert_true(keep_and_publish(w));
	pass(w, 1);
	assert_false(keep_and_publish(w));
}

static void
a_list_does_not_outlive_its_certificate(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) credential = { 0 };
	struct list *k;

	issue(w, 1, PURPOSE_FIRST_ISSUE, "phone", &credential);
	assert_true(keep_and_publish(w));
	k = w->n->lists.at[0];
	pass(w, 400 * DAY - 1000);
	assert_true(keep_and_publish(w));
	assert_int_equal(k->expires_at - k->signed_at, 1000);
	/* half of what is left, and not every second */
	pass(w, 499);
	assert_false(keep_and_publish(w));
	pass(w, 1);
	assert_true(keep_and_publish(w));
	/* less than a verifier would go on with its copy: not made */
	pass(w, 300);
	assert_false(keep_and_publish(w));
	assert_int_equal(w->n->lists.failures, 1);
}

static void
changes_while_a_list_is_on_its_way_come_with_the_next(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) one = { 0 }, other = { 0 };

	issue(w, 1, PURPOSE_FIRST_ISSUE, "phone", &one);
	issue(w, 2, PURPOSE_FIRST_ISSUE, "phone", &other);
	set_status(w, 1, STATUS_SUSPENDED);
	keep(w);
	set_status(w, 2, STATUS_SUSPENDED);
	assert_true(publish(w));
	assert_int_equal(state_of(w, &one), STATUS_SUSPENDED);
	assert_int_equal(state_of(w, &other), STATUS_VALID);
	pass(w, 1);
	assert_true(keep_and_publish(w));
	assert_int_equal(state_of(w, &other), STATUS_SUSPENDED);
}

/* As after another daemon's change: the version says more than we know. */
static void
what_others_changed_is_read_when_the_version_tells(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) credential = { 0 };
	struct registry_change c;

	issue(w, 1, PURPOSE_FIRST_ISSUE, "phone", &credential);
	assert_true(keep_and_publish(w));
	set_status(w, 1, STATUS_SUSPENDED);
	assert_true(registry_status_next(w->n->registry, &c));
	pass(w, 1);
	keep(w);		/* lists 1 … */
	assert_true(keep_and_publish(w));	/* and from the first again */
	assert_int_equal(state_of(w, &credential), STATUS_SUSPENDED);
	pass(w, 1);
	assert_false(keep_and_publish(w));
	assert_false(keep_and_publish(w));
}

static void
our_changes_while_a_list_is_read_again_are_not_lost(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) one = { 0 }, other = { 0 };
	struct registry_change c;
	bool more;

	issue(w, 1, PURPOSE_FIRST_ISSUE, "phone", &one);
	issue(w, 2, PURPOSE_FIRST_ISSUE, "phone", &other);
	assert_true(keep_and_publish(w));
	set_status(w, 1, STATUS_SUSPENDED);
	assert_true(registry_status_next(w->n->registry, &c));
	OK(lists_look(w->n));
	OK(lists_look(w->n));
	assert_non_null(w->n->lists.at[0]->fresh);
	set_status(w, 2, STATUS_INVALID);
	OK(lists_step(w->n, w->now, &more));
	assert_null(w->n->lists.at[0]->fresh);
	pass(w, 1);
	assert_true(keep_and_publish(w));
	assert_int_equal(state_of(w, &one), STATUS_SUSPENDED);
	assert_int_equal(state_of(w, &other), STATUS_INVALID);
	pass(w, 1);
	keep(w);
	assert_false(keep_and_publish(w));
}

/* ---- the log */

static void
a_list_is_in_the_log_before_it_is_signed(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) credential = { 0 }, hex = { 0 };
	struct schema_entry e;
	struct hash digest;
	struct view bytes;

	issue(w, 1, PURPOSE_FIRST_ISSUE, "phone", &credential);
	keep(w);
	assert_true(record(w));
	assert_false(is_published(w, 1, STATUS_JWT));
	OK(registry_entry_get(w->n->registry,
	    ticket_index(w->n->lists.work.ticket), &bytes));
	OK(schema_get(bytes, &e));
	assert_int_equal(e.event, SCHEMA_EVENT_STATUS_LIST);
	assert_int_equal(schema_count(&e, SCHEMA_LIST), 1);
	assert_int_equal(schema_count(&e, SCHEMA_SERIAL), w->now);
	assert_int_equal(schema_count(&e, SCHEMA_EXPIRY),
	    (w->now + DAY) * 1000);
	for (size_t part = 0; part < STATUS_FORMS; part++) {
		digest = sha256(draft_tbs(ticket_part(
		    w->n->lists.work.ticket, part)));
		bytes_reset(&hex);
		hex_put(&hex, VIEW_OF(digest.at));
		assert_non_null(memmem(bytes.at, bytes.len, hex.at,
		    hex.len));
	}
}

static void
after_a_crash_the_ticket_is_an_orphan_and_all_made_anew(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) credential = { 0 };

	issue(w, 1, PURPOSE_FIRST_ISSUE, "phone", &credential);
	set_status(w, 1, STATUS_SUSPENDED);
	keep(w);
	assert_true(record(w));
	world_reopen(w);
	/* nobody will ask for it: it is closed at once */
	assert_true(world_logged(w, 3, "\"ev\":\"orphan\""));
	assert_true(world_logged(w, 1, "\"ev\":\"orphan.closed\""));
	assert_true(world_logged(w, 1, "\"what\":\"remade\""));
	assert_true(keep_and_publish(w));
	assert_int_equal(state_of(w, &credential), STATUS_SUSPENDED);
}

static void
after_a_start_every_list_is_signed_anew(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) credential = { 0 };

	issue(w, 1, PURPOSE_FIRST_ISSUE, "phone", &credential);
	assert_true(keep_and_publish(w));
	world_reopen(w);
	assert_true(is_published(w, 1, STATUS_CWT));
	assert_true(keep_and_publish(w));
	assert_int_equal(state_of(w, &credential), STATUS_VALID);
}

static void
while_it_is_sealed_nothing_is_known_or_signed(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) credential = { 0 };
	struct keys *keys;

	issue(w, 1, PURPOSE_FIRST_ISSUE, "phone", &credential);
	keep(w);
	keys = STEAL(w->n->keys);
	lists_done(&w->n->lists);
	keep(w);
	assert_int_equal(w->n->lists.count, 0);
	assert_false(publish(w));
	w->n->keys = keys;
	assert_true(keep_and_publish(w));
}

static void
without_a_keyholder_nothing_is_begun(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) credential = { 0 };

	issue(w, 1, PURPOSE_FIRST_ISSUE, "phone", &credential);
	w->n->keyholders = 0;
	assert_false(keep_and_publish(w));
	w->n->keyholders = 1;
	assert_true(keep_and_publish(w));
}

/* ---- what goes wrong */

static void
a_signature_of_another_key_is_not_published(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) credential = { 0 };
	uint8_t signature[P256_SIGNATURE_SIZE];
	uint64_t index;
	bool rides;

	issue(w, 1, PURPOSE_FIRST_ISSUE, "phone", &credential);
	keep(w);
	assert_true(record(w));
	index = ticket_index(w->n->lists.work.ticket);
	AUTO(draft) d = sent(w->n->lists.work.ticket, 0, &rides);
	software_sign(w->document_key, draft_tbs(d), signature);
	assert_int_equal(lists_signed(w->n, 0, VIEW_OF(signature)),
	    ERR_SIGNATURE);
	assert_int_equal(lists_signed(w->n, 0, VIEW(signature, 63)),
	    ERR_SIGNATURE);
	assert_int_equal(lists_signed(w->n, 2, VIEW_OF(signature)),
	    ERR_SIGNATURE);
	close_ticket(w, index, ERR_SIGNATURE);
	assert_false(is_published(w, 1, STATUS_JWT));
	assert_int_equal(w->n->lists.failures, 1);
	assert_false(keep_and_publish(w));	/* not at once */
	pass(w, 0);
	assert_true(keep_and_publish(w));
}

static void
half_a_list_is_not_taken_for_signed(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) credential = { 0 };
	uint8_t signature[P256_SIGNATURE_SIZE];
	bool rides;

	issue(w, 1, PURPOSE_FIRST_ISSUE, "phone", &credential);
	keep(w);
	assert_true(record(w));
	AUTO(draft) d = sent(w->n->lists.work.ticket, 0, &rides);
	software_sign(world_key_of(w, d), draft_tbs(d), signature);
	OK(lists_signed(w->n, 0, VIEW_OF(signature)));
	close_ticket(w, ticket_index(w->n->lists.work.ticket),
	    ERR_UNAVAILABLE);
	assert_int_equal(w->n->lists.at[0]->signed_at, 0);
	pass(w, 0);
	assert_true(keep_and_publish(w));
}

static void
a_ticket_of_somebody_else_is_no_lists(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) credential = { 0 };
	uint64_t index;

	issue(w, 1, PURPOSE_FIRST_ISSUE, "phone", &credential);
	keep(w);
	assert_true(record(w));
	index = ticket_index(w->n->lists.work.ticket);
	assert_non_null(lists_ticket(&w->n->lists, index));
	assert_null(lists_ticket(&w->n->lists, index + 1));
	lists_closed(w->n, index + 1, ERR_TOKEN);
	assert_int_equal(w->n->lists.work.state, LIST_SIGNING);
}

static void
a_full_house_does_not_take_requests_back(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) credential = { 0 };
	size_t count;

	issue(w, 1, PURPOSE_FIRST_ISSUE, "phone", &credential);
	keep(w);
	count = w->n->outstanding.count;
	w->n->outstanding.count = OUTSTANDING_MAX;
	assert_false(publish(w));
	assert_true(w->batch.durable);
	w->n->outstanding.count = count;
	assert_true(publish(w));
}

/* ---- sizes */

static void
a_list_too_long_for_a_packet_rides_along(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) credential = { 0 };
	struct status_list *bits;
	uint64_t random = 1;
	bool rides;

	issue(w, 1, PURPOSE_FIRST_ISSUE, "phone", &credential);
	keep(w);
	assert_true(publish(w));
	bits = w->n->lists.at[0]->bits;
	for (uint64_t i = 0; i < STATUS_LIST_ENTRIES; i++) {
		random = random * UINT64_C(6364136223846793005) + 1;
		OK(status_list_set(bits, i, (unsigned int)(random >> 62)));
	}
	w->n->lists.at[0]->changed = true;
	pass(w, 1);
	keep(w);
	assert_true(record(w));
	for (size_t part = 0; part < STATUS_FORMS; part++) {
		AUTO(draft) d = sent(w->n->lists.work.ticket, part, &rides);

		assert_true(rides);
		assert_true(view_equal(draft_tbs(d), draft_tbs(ticket_part(
		    w->n->lists.work.ticket, part))));
	}
}

static void
a_list_goes_when_its_last_credential_is_long_over(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) credential = { 0 };

	w->config.status_lists.entries = 64;
	for (size_t i = 1; i <= 65; i++)
		issue(w, i, PURPOSE_FIRST_ISSUE, "phone", &credential);
	while (keep_and_publish(w))
		continue;
	assert_int_equal(w->n->lists.count, 2);
	assert_true(is_published(w, 1, STATUS_JWT));
	assert_true(is_published(w, 2, STATUS_CWT));
	OK(registry_begin(w->n->registry));
	OK(registry_forget(w->n->registry, w->now + 400 * DAY, 1000));
	OK(registry_commit(w->n->registry));
	for (int i = 0; i < 3; i++)
		OK(lists_look(w->n));
	assert_int_equal(w->n->lists.count, 1);
	assert_int_equal(w->n->lists.at[0]->list, 2);	/* still being used */
	assert_false(is_published(w, 1, STATUS_JWT));
	assert_false(is_published(w, 1, STATUS_CWT));
	assert_true(is_published(w, 2, STATUS_JWT));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_list_is_published_once_a_credential_names_it),
		TEST(a_change_is_published_and_changes_nobody_else),
		TEST(the_credential_of_a_replaced_phone_is_invalid),
		TEST(a_list_is_signed_again_when_half_its_time_is_over),
		TEST(a_list_does_not_outlive_its_certificate),
		TEST(changes_while_a_list_is_on_its_way_come_with_the_next),
		TEST(what_others_changed_is_read_when_the_version_tells),
		TEST(our_changes_while_a_list_is_read_again_are_not_lost),
		TEST(a_list_is_in_the_log_before_it_is_signed),
		TEST(after_a_crash_the_ticket_is_an_orphan_and_all_made_anew),
		TEST(after_a_start_every_list_is_signed_anew),
		TEST(while_it_is_sealed_nothing_is_known_or_signed),
		TEST(without_a_keyholder_nothing_is_begun),
		TEST(a_signature_of_another_key_is_not_published),
		TEST(half_a_list_is_not_taken_for_signed),
		TEST(a_ticket_of_somebody_else_is_no_lists),
		TEST(a_full_house_does_not_take_requests_back),
		TEST(a_list_too_long_for_a_packet_rides_along),
		TEST(a_list_goes_when_its_last_credential_is_long_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
