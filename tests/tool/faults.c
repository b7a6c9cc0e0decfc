/*
 * faults prepare: makes a notary's directory, prints its name.
 * faults run DIR: the notary at work in DIR: tokens, credentials, changes of
 * status, checkpoints, the end of a period, a stop and a second start. What is
 * acknowledged is put down in DIR/receipts, through memory alone, so that
 * whoever makes this process's system calls fail (tests/faults.sh) hits the
 * notary's and no others.
 * faults judge DIR: opens it again as the supervisor would and compares it
 * with the receipts. Exit status 0 when every promise was kept.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "audit/merkle.h"
#include "audit/proof.h"
#include "audit/publish.h"
#include "audit/verify.h"
#include "signer/notary/period.h"
#include "tests/unit/signer/notary.h"

#define PEOPLE 3	/* in one batch */
#define CHANGES 4	/* in a round */
#define ROUNDS 4
#define PERIOD "2026-11"
#define GAVE_UP 3	/* exit status: an error was met, and taken as final */

struct kept {
	uint64_t	index;
	struct hash	leaf;
	struct hash	draft;		/* of a change of status: zero */
	enum action	action;		/* of that, or 0 */
	size_t		person;
	size_t		len;
	uint8_t		frame[2048];	/* the request, to be retried */
};

struct receipts {
	size_t		count;
	struct kept	at[(2 * PEOPLE + CHANGES) * ROUNDS];
	uint64_t	closed;		/* size of the period's tree */
	size_t		checkpoint_count;
	struct {
		uint64_t	size;
		struct hash	root;
	}		checkpoints[2 * ROUNDS + 4];
};

static struct receipts *receipts;

#define DO(expr)                                                              \
	do {                                                                  \
		if ((expr) != ERR_OK)                                         \
			_exit(GAVE_UP);                                       \
	} while (0)

/* ---- the world in a directory */

static void
private_path(const struct world *w, const char *name, char out[64])
{
	MUST(path_join(w->dir, name, out, 64));
}

static void
save_private(const struct world *w, const char *name, EVP_PKEY *key)
{
	char path[64];
	FILE *f;

	private_path(w, name, path);
	f = fopen(path, "we");
	must_be(f != NULL && PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL,
	    NULL) && fclose(f) == 0, path);
}

static EVP_PKEY *
load_private(const struct world *w, const char *name)
{
	char path[64];
	EVP_PKEY *key;
	FILE *f;

	private_path(w, name, path);
	f = fopen(path, "re");
	must_be(f != NULL, path);
	key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	must_be(key != NULL && fclose(f) == 0, path);
	return key;
}

static int
prepare(void)
{
	struct world *w = world_new();
	char path[64];
	int fd;

	for (size_t i = 0; i < w->config.keys.count; i++) {
		char name[32];

		snprintf(name, sizeof(name), "%zu.private", i);
		if (w->signers[i].key != NULL)
			save_private(w, name, w->signers[i].key);
	}
	save_private(w, "log.private", w->log_key);
	private_path(w, "receipts", path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	must_be(fd != -1 && ftruncate(fd, sizeof(*receipts)) == 0, path);
	printf("%s\n", w->dir);
	return 0;
}

static void
load_signer(struct world *w, size_t i, enum key_use use)
{
	struct world_key *k = &w->signers[i];
	char name[32];

	if (use == KEY_USE_LOG) {
		w->keys[i] = (struct config_key){ .use = (int)use,
		    .public_key = w->path[4] };
		return;
	}
	snprintf(name, sizeof(name), "%zu.private", i);
	k->key = load_private(w, name);
	MUST(public_hash(k->key, &k->name));
	snprintf(name, sizeof(name), "%zu.pem", i);
	private_path(w, name, k->certificate);
	snprintf(name, sizeof(name), "%zu.pub", i);
	private_path(w, name, k->public_key);
	w->keys[i] = (struct config_key){ .use = (int)use,
	    .certificate = k->certificate, .public_key = k->public_key };
}

/* As world_new_at() left it, with the keys it had. */
static struct world *
world_at(const char *dir)
{
	static const char *const names[] = { "log.pub", "registry.db", "log",
	    "ca.pem" };
	static const enum key_use uses[] = { KEY_USE_DOCUMENT, KEY_USE_QR,
	    KEY_USE_LOG, KEY_USE_STATUS };
	struct world *w = mem_new(1, sizeof(*w));

	must_be(w != NULL && strlen(dir) < sizeof(w->dir), dir);
	MUST(crypto_init());
	w->now = NOON;
	memcpy(w->dir, dir, strlen(dir) + 1);
	for (size_t i = 0; i < COUNT(names); i++)
		world_path(w, 4 + i, names[i]);
	w->log_key = load_private(w, "log.private");
	private_path(w, "policy", w->policy);
	private_path(w, "roster.txt", w->roster);
	for (size_t i = 0; i < COUNT(uses); i++)
		load_signer(w, i, uses[i]);
	w->document_key = w->signers[0].key;
	w->qr_key = w->signers[1].key;
	w->config = (struct config){
		.origin = ORIGIN, .issuer = ISSUER, .state = w->dir,
		.registry = w->path[5], .log = w->path[6], .ca = w->path[7],
		.policy = w->policy, .roster = w->roster,
		.keys = { .at = w->keys, .count = COUNT(uses) },
		.status_lists = { .uri = ISSUER "/v1/status-lists",
		    .entries = 1 << 20 },
	};
	return w;
}

static void
map_receipts(const struct world *w)
{
	char path[64];
	int fd;

	private_path(w, "receipts", path);
	fd = open(path, O_RDWR | O_CLOEXEC);
	receipts = mmap(NULL, sizeof(*receipts), PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	must_be(fd != -1 && receipts != MAP_FAILED, path);
	close(fd);
}

/* ---- run */

static void
open_or_give_up(struct world *w)
{
	DO(world_try_open(w));
	world_unseal(w);
}

/* The answer has left the house: from now on it is a promise. */
static struct kept *
put_down(struct world *w, uint64_t index, size_t person, struct view frame)
{
	struct kept *r = &receipts->at[receipts->count];
	struct view entry;

	must_be(receipts->count < COUNT(receipts->at), "receipts");
	must_be(frame.len <= sizeof(r->frame), "a frame");
	r->index = index;
	DO(registry_entry_get(w->n->registry, r->index, &entry));
	r->leaf = merkle_leaf(entry);
	r->person = person;
	r->len = frame.len;
	memcpy(r->frame, frame.at, frame.len);
	return r;
}

static void
put_down_ticket(struct world *w, const struct served *s, size_t person,
    struct view frame)
{
	AUTO_DONE(bytes) storage = { 0 };
	AUTO(draft) d = ticket_draft(s->ticket, 0, &storage);
	struct kept *r = put_down(w, ticket_index(s->ticket), person,
	    frame);

	r->draft = sha256(draft_tbs(d));
	receipts->count++;
}

/* The place in the log that an answer tells; UINT64_MAX: it has none. */
static uint64_t
told_index(const struct served *s)
{
	static const char word[] = "\"index\":";
	const uint8_t *at = memmem(s->body.at, s->body.len, word,
	    sizeof(word) - 1);

	return at == NULL || served_err(s) != ERR_OK ? UINT64_MAX :
	    strtoull((const char *)at + sizeof(word) - 1, NULL, 10);
}

/* Serves what was queued; whoever got a ticket has a receipt and a document */
static void
serve(struct world *w, struct bytes frames[PEOPLE], size_t first,
    struct bytes documents[PEOPLE])
{
	for (size_t i = 0; i < PEOPLE; i++)
		if (frames[i].len != 0)
			DO(queue_add(&w->queue, i, bytes_view(&frames[i])));
	DO(batch_run(w->n, &w->queue, w->now, &w->batch));
	if (w->batch.durable)
		chores_clear(&w->n->chores);
	for (size_t i = 0; i < w->batch.count; i++) {
		const struct served *s = &w->batch.at[i];

		if (s->ticket == NULL)
			continue;
		put_down_ticket(w, s, first + s->id,
		    bytes_view(&frames[s->id]));
		world_sign(w, s->ticket, &documents[s->id]);
	}
}

static void
change(struct world *w, size_t person, enum action a, const char *reason)
{
	AUTO_DONE(bytes) frame = { 0 };
	const struct served *s = &w->batch.at[0];
	struct person p;

	person_init(&p, person, OPERATION_STATUS_CHANGE);
	p.asked.purpose = (enum purpose)0;
	p.asked.action = a;
	p.asked.reason = view_text(reason);
	p.asked.evidence.kind = EVIDENCE_NONE;
	p.asked.evidence.centre = view_text("");
	p.asked.holder.has_card = false;
	snprintf(p.key, sizeof(p.key), "%s-%zu", action_name(a), person);
	p.asked.idempotency_key = view_text(p.key);
	request_encode(&p.asked, &frame);
	DO(queue_add(&w->queue, 0, bytes_view(&frame)));
	DO(batch_run(w->n, &w->queue, w->now, &w->batch));
	if (!w->batch.durable)
		return;		/* a full disk: nothing promised */
	chores_clear(&w->n->chores);
	if (told_index(s) == UINT64_MAX)
		return;
	put_down(w, told_index(s), person, bytes_view(&frame))->action = a;
	receipts->count++;
}

/* One phone is lost, one is found again, one is gone for good. */
static void
change_some(struct world *w, size_t first)
{
	change(w, first, ACTION_SUSPEND, "phone-lost");
	change(w, first + 1, ACTION_SUSPEND, "phone-lost");
	change(w, first + 1, ACTION_REINSTATE, "phone-found");
	change(w, first + 2, ACTION_REVOKE, "phone-lost");
}

static void
publish(struct world *w)
{
	static int64_t now_us = 1;
	uint8_t signature[ED25519_SIGNATURE_SIZE];
	size_t len = sizeof(signature), n = receipts->checkpoint_count;
	AUTO_DONE(bytes) body = { 0 };
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	now_us += JOURNAL_PAUSE;
	DO(journal_checkpoint(w->n->journal, now_us, &body));
	must_be(EVP_DigestSignInit(c, NULL, NULL, NULL, w->log_key) == 1 &&
	    EVP_DigestSign(c, signature, &len, body.at, body.len) == 1,
	    "Ed25519");
	EVP_MD_CTX_free(c);
	DO(journal_cosigned(w->n->journal, VIEW_OF(signature)));
	receipts->checkpoints[n].size = journal_published(w->n->journal);
	receipts->checkpoints[n].root = journal_root(w->n->journal);
	receipts->checkpoint_count++;
	DO(guard_published(w->n));
}

static void
close_step(struct world *w)
{
	bool again = true;

	while (again)
		DO(period_step(w->n, &again));
}

/* Ends the period; its checkpoint is kept once it is published. */
static void
close_period(struct world *w)
{
	DO(period_begin(w->n, view_text(PERIOD)));
	close_step(w);
	DO(batch_run(w->n, &w->queue, w->now, &w->batch));
	if (!w->batch.durable)
		return;		/* a full disk */
	chores_clear(&w->n->chores);
	receipts->closed = journal_durable(w->n->journal);
	DO(period_committed(w->n));
	publish(w);
	close_step(w);
}

/* Three people get their credentials, and what becomes of their phones. */
static void
one_round(struct world *w, size_t first)
{
	struct bytes frames[PEOPLE] = { 0 }, tokens[PEOPLE] = { 0 };
	struct bytes documents[PEOPLE] = { 0 };
	struct person p;

	for (size_t i = 0; i < PEOPLE; i++) {
		person_init(&p, first + i, OPERATION_QR_TOKEN);
		request_encode(&p.asked, &frames[i]);
	}
	serve(w, frames, first, tokens);
	for (size_t i = 0; i < PEOPLE; i++) {
		bytes_reset(&frames[i]);
		if (tokens[i].len == 0)
			continue;	/* a full disk: nothing promised */
		person_credential(w, &p, first + i, bytes_view(&tokens[i]),
		    "phone");
		request_encode(&p.asked, &frames[i]);
	}
	serve(w, frames, first, documents);
	change_some(w, first);
	publish(w);
	for (size_t i = 0; i < PEOPLE; i++) {
		bytes_done(&frames[i]);
		bytes_done(&tokens[i]);
		bytes_done(&documents[i]);
	}
}

static int
run(const char *dir)
{
	struct world *w = world_at(dir);

	map_receipts(w);
	for (size_t round = 0; round < ROUNDS; round++) {
		if (round % 2 == 0)
			open_or_give_up(w);
		one_round(w, round * PEOPLE);
		if (round == 0)
			close_period(w);
		if (round % 2 == 0)
			continue;
		DO(notary_stop(w->n, "stop"));
		world_close(w);
	}
	return 0;
}

/* ---- judge */

static bool good = true;

static void
judge(bool holds, const char *what, size_t which)
{
	if (holds)
		return;
	printf("%s (%zu)\n", what, which);
	good = false;
}

static void
judge_receipt(struct world *w, size_t i)
{
	const struct kept *r = &receipts->at[i];
	AUTO_DONE(bytes) storage = { 0 }, document = { 0 };
	AUTO(draft) d = NULL;
	struct view entry;
	struct hash leaf, draft;
	const struct served *s;

	if (registry_entry_get(w->n->registry, r->index, &entry) != ERR_OK) {
		judge(false, "acknowledged and lost", i);
		return;
	}
	leaf = merkle_leaf(entry);
	judge(merkle_equal(&leaf, &r->leaf), "another entry", i);
	MUST(queue_add(&w->queue, i, VIEW(r->frame, r->len)));
	world_run(w);
	s = &w->batch.at[0];
	if (r->action != 0) {
		judge(s->ticket == NULL && told_index(s) == r->index,
		    "a retry is not the same change", i);
		return;
	}
	judge(s->ticket != NULL && ticket_index(s->ticket) == r->index,
	    "a retry is not the same decision", i);
	if (s->ticket == NULL)
		return;
	d = ticket_draft(s->ticket, 0, &storage);
	draft = sha256(draft_tbs(d));
	judge(merkle_equal(&draft, &r->draft), "another content", i);
	world_sign(w, s->ticket, &document);
}

static enum device_state
state_of(struct world *w, size_t person)
{
	struct registry_device d;
	struct handle holder;
	struct person p;

	person_init(&p, person, OPERATION_QR_TOKEN);
	holder = pseudonym_holder(w->n->keys, view_text(p.number));
	if (registry_device_find(w->n->registry, &holder, p.asked.programme,
	    &d) != ERR_OK)
		MUST(registry_device_last(w->n->registry, &holder,
		    p.asked.programme, &d));
	return d.state;
}

/* The last that a person was told holds; the next may have come through. */
static void
judge_change(struct world *w, size_t i)
{
	const struct kept *r = &receipts->at[i];
	enum device_state is = state_of(w, r->person);

	for (size_t k = i + 1; k < receipts->count; k++)
		if (receipts->at[k].action != 0 &&
		    receipts->at[k].person == r->person)
			return;
	judge(is == action_state(r->action) ||
	    (r->action == ACTION_SUSPEND && is == DEVICE_ACTIVE &&
	    r->person % PEOPLE == 1), "another state", i);
}

/* Whoever has a device is refused another first one. */
static void
judge_second_device(struct world *w, const struct kept *r)
{
	struct person p;

	if (state_of(w, r->person) == DEVICE_REVOKED)
		return;

	person_init(&p, r->person, OPERATION_QR_TOKEN);
	p.asked.idempotency_key = view_text("again");
	world_queue(w, &p.asked);
	world_run(w);
	judge(w->batch.at[0].ticket == NULL, "a second device", r->person);
}

static bool
is_credential(struct world *w, const struct kept *r)
{
	struct view entry;

	MUST(registry_entry_get(w->n->registry, r->index, &entry));
	return memmem(entry.at, entry.len, "\"op\":\"credential\"", 17) != NULL;
}

/* Its checkpoint is of its size, whatever came between. */
static void
judge_period(struct world *w)
{
	const struct closed_period *p = closed_find(&w->n->closed, PERIOD);

	close_step(w);	/* published just before the crash */
	publish(w);
	close_step(w);
	if (journal_published(w->n->journal) < journal_durable(w->n->journal))
		publish(w);
	if (receipts->closed != 0)
		judge(p != NULL && p->size == receipts->closed, "a period "
		    "that was closed is forgotten", receipts->closed);
	judge(p == NULL || p->note.len != 0, "a period has no checkpoint",
	    receipts->closed);
}

static void
judge_log(struct world *w)
{
	AUTO_FD fd = open(w->config.log, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct tile_source tiles = tile_source_dir(&fd);
	struct hash root = journal_root(w->n->journal);
	uint64_t size = journal_published(w->n->journal);
	struct verify_result v;

	MUST(verify_log(w->config.log, w->n->log_key, &v));
	judge(v.verdict == VERIFY_VERIFIED, "the log does not verify", 0);
	judge(v.open == 0, "a ticket without an outcome", v.open);
	for (size_t i = 0; i + 1 < receipts->checkpoint_count; i++) {
		struct proof p;

		judge(proof_consistency(&tiles, receipts->checkpoints[i].size,
		    size, &p) == ERR_OK && proof_check_consistency(&p,
		    receipts->checkpoints[i].size, size,
		    &receipts->checkpoints[i].root, &root) == ERR_OK,
		    "a checkpoint that was seen is of another log", i);
	}
}

static int
judge_all(const char *dir)
{
	struct world *w = world_at(dir);
	size_t count;

	map_receipts(w);
	if (world_try_open(w) != ERR_OK || w->n->guard.held) {
		printf("it does not start again: %s\n", err_why());
		return 1;
	}
	world_unseal(w);
	w->now = NOON + 60;
	count = receipts->count;
	for (size_t i = 0; i < count; i++)
		judge_receipt(w, i);
	for (size_t i = 0; i < count; i++) {
		if (is_credential(w, &receipts->at[i]))
			judge_second_device(w, &receipts->at[i]);
		if (receipts->at[i].action != 0)
			judge_change(w, i);
	}
	world_run(w);
	judge_period(w);
	judge_log(w);
	MUST(notary_stop(w->n, "stop"));
	world_close(w);
	printf("%zu receipts, %zu checkpoints\n", count,
	    receipts->checkpoint_count - 1);
	return good ? 0 : 1;
}

int
main(int argc, char *argv[])
{
	if (argc == 2 && strcmp(argv[1], "prepare") == 0)
		return prepare();
	if (argc == 3 && strcmp(argv[1], "run") == 0)
		return run(argv[2]);
	if (argc == 3 && strcmp(argv[1], "judge") == 0)
		return judge_all(argv[2]);
	fprintf(stderr, "usage: faults prepare | run DIR | judge DIR\n");
	return 2;
}
