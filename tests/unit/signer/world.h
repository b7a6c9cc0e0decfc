/*
 * A notary in a directory of its own, with software keys, the reference
 * policy, and people who visit a centre. For tests and tools; everything
 * aborts on failure.
 */
#ifndef OKSE_TESTS_UNIT_SIGNER_WORLD_H
#define OKSE_TESTS_UNIT_SIGNER_WORLD_H

#include "credential/draft.h"
#include "signer/notary/batch.h"
#include "signer/notary/nonce.h"
#include "signer/notary/ticket.h"
#include "tests/bundle.h"
#include "tests/tool/people.h"

#define ISSUER "https://id.example.kr"
#define ORIGIN "okse.example/log"
#define NOON INT64_C(1751338800)	/* 2025-07-01T12:00:00+09:00 */

struct world_key {
	EVP_PKEY		*key;
	struct hash	 name;
	char			 certificate[64], public_key[64];
};

struct world {
	char			 dir[32];
	char			 path[8][64];
	char			 policy[64], roster[64];
	struct officers		 officers;
	struct config		 config;
	struct config_key	 keys[CONFIG_KEYS];
	struct world_key	 signers[CONFIG_KEYS];	/* as keys */
	X509			*ca;
	EVP_PKEY		*ca_key;
	EVP_PKEY		*document_key, *qr_key;	/* of signers */
	EVP_PKEY		*log_key;
	struct notary		*n;
	struct queue		 queue;
	struct batch		 batch;
	int64_t			 now;
	uint64_t		 next_id;
};

static inline void
world_path(struct world *w, size_t i, const char *name)
{
	MUST(path_join(w->dir, name, w->path[i], sizeof(w->path[i])));
}

static inline void
world_write_key(const char *path, EVP_PKEY *key)
{
	FILE *f = fopen(path, "we");

	must_be(f != NULL && PEM_write_PUBKEY(f, key) && fclose(f) == 0,
	    path);
}

/* A key, its certificate by the world's CA, and both in okse.yaml. */
static inline struct world_key *
world_add_signer(struct world *w, enum key_use use, int64_t from, int64_t to)
{
	struct world_key *k = &w->signers[w->config.keys.count];
	char name[32];
	X509 *x;

	k->key = software_key();
	x = software_certify(key_use_name(use), k->key, w->ca, w->ca_key,
	    from, to, use == KEY_USE_DOCUMENT);
	snprintf(name, sizeof(name), "%zu.pem", w->config.keys.count);
	MUST(path_join(w->dir, name, k->certificate, sizeof(k->certificate)));
	snprintf(name, sizeof(name), "%zu.pub", w->config.keys.count);
	MUST(path_join(w->dir, name, k->public_key, sizeof(k->public_key)));
	software_write(k->certificate, x);
	world_write_key(k->public_key, k->key);
	MUST(public_hash(k->key, &k->name));
	w->keys[w->config.keys.count++] = (struct config_key){
	    .use = (int)use, .label = key_use_name(use),
	    .certificate = k->certificate, .public_key = k->public_key };
	X509_free(x);
	return k;
}

/* The key that a draft names. */
static inline EVP_PKEY *
world_key_of(const struct world *w, const struct draft *d)
{
	struct hash name = draft_signer(d);

	for (size_t i = 0; i < w->config.keys.count; i++)
		if (memcmp(&w->signers[i].name, &name, sizeof(name)) == 0)
			return w->signers[i].key;
	must_be(0, "the draft names a key of the world");
	return NULL;
}

static inline void
world_keys(struct world *w)
{
	w->ca_key = software_key();
	w->ca = software_certificate("Test CA", w->ca_key, NULL, w->ca_key,
	    w->now - 1000 * DAY, w->now + 4000 * DAY);
	w->config.keys.at = w->keys;
	world_add_signer(w, KEY_USE_DOCUMENT, w->now - DAY,
	    w->now + 400 * DAY);
	world_add_signer(w, KEY_USE_QR, w->now - DAY, w->now + 400 * DAY);
	w->document_key = w->signers[0].key;
	w->qr_key = w->signers[1].key;
	w->log_key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	world_path(w, 4, "log.pub");
	world_write_key(w->path[4], w->log_key);
	w->keys[w->config.keys.count++] = (struct config_key){
	    .use = KEY_USE_LOG, .public_key = w->path[4] };
	world_add_signer(w, KEY_USE_STATUS, w->now - DAY, w->now + 400 * DAY);
	world_path(w, 7, "ca.pem");
	software_write(w->path[7], w->ca);
	w->config.ca = w->path[7];
}

/* The reference policy as a bundle under its serial, by two officers. */
static inline void
world_policy(struct world *w)
{
	/* the world's clock and the wall's are both within it */
	const struct bundle_plan plan = { 0, time_now() + 4000 * DAY };
	AUTO_DONE(bytes) roster = { 0 };
	char command[192];

	officers_make(&w->officers);
	MUST(roster_put(&w->officers.roster, &roster));
	MUST(path_join(w->dir, "roster.txt", w->roster, sizeof(w->roster)));
	MUST(file_publish(w->roster, bytes_view(&roster), 0644));
	MUST(path_join(w->dir, "policy", w->policy, sizeof(w->policy)));
	snprintf(command, sizeof(command), "mkdir %s && cp -r configs/policy "
	    "%s/1", w->policy, w->policy);
	must_be(system(command) == 0, command);
	snprintf(command, sizeof(command), "%s/1", w->policy);
	bundle_seal(command, &w->officers, &plan, SEATS(1, 2));
	w->config.policy = w->policy;
	w->config.roster = w->roster;
}

static inline void
world_unseal(struct world *w)
{
	uint8_t body[KEYS_SIZE];

	memset(body, 7, sizeof(body));
	MUST(keys_new(VIEW_OF(body), &w->n->keys));
	w->n->keyholders = 1;
}

static inline enum err
world_try_open(struct world *w)
{
	return notary_open(&w->config, &w->n);
}

static inline void
world_open(struct world *w)
{
	must_be(world_try_open(w) == ERR_OK, "notary_open");
	world_unseal(w);
}

static inline struct world *
world_new_at(int64_t now)
{
	struct world *w = mem_new(1, sizeof(*w));

	must_be(w != NULL, "world");
	MUST(crypto_init());
	w->now = now;
	strncpy(w->dir, "/tmp/okse-notary-XXXXXX", sizeof(w->dir) - 1);
	must_be(mkdtemp(w->dir) != NULL, "mkdtemp");
	world_keys(w);
	world_path(w, 5, "registry.db");
	world_path(w, 6, "log");
	w->config.status_lists.uri = ISSUER "/v1/status-lists";
	w->config.status_lists.entries = 1 << 20;
	w->config.origin = ORIGIN;
	w->config.issuer = ISSUER;
	w->config.registry = w->path[5];
	w->config.log = w->path[6];
	w->config.state = w->dir;
	world_policy(w);
	return w;
}

static inline struct world *
world_new(void)
{
	return world_new_at(NOON);
}

static inline void
world_close(struct world *w)
{
	batch_done(&w->batch);
	queue_done(&w->queue);
	w->queue = (struct queue){ 0 };
	notary_close(STEAL(w->n));
}

static inline void
world_free(struct world *w)
{
	char command[64];

	world_close(w);
	snprintf(command, sizeof(command), "rm -r %s", w->dir);
	must_be(system(command) == 0, command);
	officers_done(&w->officers);
	for (size_t i = 0; i < COUNT(w->signers); i++)
		EVP_PKEY_free(w->signers[i].key);
	EVP_PKEY_free(w->log_key);
	EVP_PKEY_free(w->ca_key);
	X509_free(w->ca);
	mem_free(w);
}

/* As after a crash: nothing is said, everything is opened again. */
static inline void
world_reopen(struct world *w)
{
	world_close(w);
	world_open(w);
}

/* ---- people and what they ask */

/* Texts that an asked points to; one person at a time. */
struct person {
	char		number[14], key[40], device[24];
	char		nonces[4][NONCE_TEXT + 1];
	struct member	claims[3];
	struct asked	asked;
};

static inline void
person_init(struct person *p, size_t i, enum operation op)
{
	*p = (struct person){ 0 };
	p->asked = (struct asked){
		.operation = op,
		.caller = view_text("upstream"),
		.programme = view_text("resident-id"),
		.purpose = PURPOSE_FIRST_ISSUE,
		.holder = {
			.birth_date = holder(i, p->number),
			.residence = view_text("1111000000"),
			.has_card = true,
			.card_status = view_text("issued"),
			.has_card_date = true,
			.card_issued_on = { 2010, 4, 1 },
		},
		.evidence.kind = EVIDENCE_QR_TOKEN,
		.evidence.centre = view_text("1111051500"),
	};
	p->asked.holder.number = view_text(p->number);
	snprintf(p->key, sizeof(p->key), "key-%d-%zu", (int)op, i);
	p->asked.idempotency_key = view_text(p->key);
}

/* A phone with this many keys, each proven over the same nonce. */
static inline void
person_device(const struct world *w, struct person *p, const char *device,
    size_t keys)
{
	AUTO_DONE(bytes) nonce = { 0 };
	static uint64_t serial;
	int64_t until;

	MUST(nonce_new(w->n->keys, p->asked.caller, w->now, &nonce, &until));
	memcpy(p->nonces[0], nonce.at, NONCE_TEXT);
	snprintf(p->device, sizeof(p->device), "%s", device);
	p->asked.has_device = true;
	p->asked.device_id = view_text(p->device);
	p->asked.proof_count = keys;
	for (size_t k = 0; k < keys; k++) {
		struct device_proof *proof = &p->asked.proofs[k];

		serial++;
		proof->point[0] = 4;
		memcpy(proof->point + 1, &serial, sizeof(serial));
		memcpy(proof->point + 16, p->number, 13);
		proof->nonce = view_text(p->nonces[0]);
		proof->audience = view_text(ISSUER);
		proof->issued_at = w->now;
		proof->not_before = INT64_MIN;
		proof->expires_at = INT64_MAX;
	}
}

static inline void
person_credential(const struct world *w, struct person *p, size_t i,
    struct view token, const char *device)
{
	person_init(p, i, OPERATION_CREDENTIAL);
	person_device(w, p, device, 1);
	p->asked.evidence.qr_token = token;
	p->asked.format_count = 1;
	p->asked.formats[0] = view_text("dc+sd-jwt");
	p->claims[0] = (struct member){ view_text("family_name"),
	    { .kind = VALUE_STRING, .text = view_text("홍") } };
	p->claims[1] = (struct member){ view_text("given_name"),
	    { .kind = VALUE_STRING, .text = view_text("길동") } };
	p->claims[2] = (struct member){ view_text("birth_date"),
	    { .kind = VALUE_STRING, .text = view_text("1950-01-01") } };
	p->asked.claims = (struct value){ .kind = VALUE_MAP,
	    .members = p->claims, .count = COUNT(p->claims) };
}

/* ---- asking */

static inline uint64_t
world_queue(struct world *w, const struct asked *asked)
{
	AUTO_DONE(bytes) frame = { 0 };

	request_encode(asked, &frame);
	MUST(bytes_check(&frame));
	MUST(queue_add(&w->queue, ++w->next_id, bytes_view(&frame)));
	return w->next_id;
}

static inline void
world_run(struct world *w)
{
	MUST(batch_run(w->n, &w->queue, w->now, &w->batch));
	if (w->batch.durable)
		chores_clear(&w->n->chores);
}

#endif
