/*
 * The notary alone on one core: visits and issues through its coordinator,
 * commits and publication included, signatures left out. Then the time of a
 * start with the log that grew.
 *
 *	notary_rate [PEOPLE [BATCH]]
 *
 * Prints one line of JSON. Not a test: nothing here passes or fails by time.
 */
#include <stdio.h>
#include <stdlib.h>

#include "credential/qr_token.h"
#include "tests/tool/measure.h"
#include "tests/unit/signer/world.h"

struct phase {
	double	seconds, cpu;
	double	p99_ms, longest_ms;	/* of its batches */
};

/* Text of each token, as it would come back from the phone. */
static char (*tokens)[600];

static void
report(struct world *w, const struct served *s)
{
	struct outstanding_ticket *o = outstanding_find(&w->n->outstanding,
	    ticket_index(s->ticket));

	outstanding_remove(&w->n->outstanding, o);
	chores_add_done(&w->n->chores, ticket_index(s->ticket));
}

static void
sign_log(struct world *w)
{
	uint8_t signature[ED25519_SIGNATURE_SIZE];
	size_t len = sizeof(signature);
	AUTO_DONE(bytes) body = { 0 };
	EVP_MD_CTX *c;

	MUST(journal_checkpoint(w->n->journal, time_monotonic_us(), &body));
	if (body.len == 0)
		return;
	c = EVP_MD_CTX_new();
	must_be(EVP_DigestSignInit(c, NULL, NULL, NULL, w->log_key) == 1 &&
	    EVP_DigestSign(c, signature, &len, body.at, body.len) == 1,
	    "Ed25519");
	EVP_MD_CTX_free(c);
	MUST(journal_cosigned(w->n->journal, VIEW_OF(signature)));
}

static void
keep_token(struct world *w, const struct served *s, size_t i)
{
	AUTO_DONE(bytes) body = { 0 }, text = { 0 }, rider = { 0 };
	uint8_t signature[P256_SIGNATURE_SIZE];
	struct draft *d = NULL;
	struct hash hash;

	ticket_put(s->ticket, 0, &body, &rider);
	/* u64 index, u8 part, hash, u32 length */
	MUST(draft_decode(VIEW(body.at + 45, body.len - 45), &d));
	software_sign(w->qr_key, draft_tbs(d), signature);
	MUST(p256_low_s(signature));
	MUST(draft_document(d, signature, &text));
	hash = sha256(draft_tbs(d));
	hash = qr_token_name(&hash, signature);
	vouched_add(&w->n->vouched, &hash);
	snprintf(tokens[i], sizeof(tokens[i]), "%s", bytes_text(&text));
	draft_free(d);
}

static void
ask(struct world *w, size_t i, bool visit)
{
	static struct person p;

	if (visit)
		person_init(&p, i, OPERATION_QR_TOKEN);
	else
		person_credential(w, &p, i, view_text(tokens[i]), "phone");
	if (!visit) {
		static char date[11];
		struct date d = p.asked.holder.birth_date;

		snprintf(date, sizeof(date), "%04u-%02u-%02u",
		    (unsigned)d.year % 10000, (unsigned)d.month % 100,
		    (unsigned)d.day % 100);
		p.claims[2].value.text = view_text(date);
	}
	world_queue(w, &p.asked);
}

static double
cpu(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

static int
by_length(const void *a, const void *b)
{
	const double *first = a, *second = b;

	return (*first > *second) - (*first < *second);
}

/* Only what the notary does is timed, not the making of requests. */
static struct phase
all(struct world *w, size_t people, size_t batch, bool visit)
{
	struct phase sum = { 0 };
	double *took = mem_new(people / batch + 1, sizeof(*took));
	size_t count = 0;

	for (size_t i = 0; i < people; i += batch) {
		size_t n = people - i < batch ? people - i : batch;
		int64_t start;
		double before;

		for (size_t k = 0; k < n; k++)
			ask(w, i + k, visit);
		start = now_ns();
		before = cpu();
		world_run(w);
		registry_tend(w->n->registry);
		sign_log(w);
		took[count] = (double)(now_ns() - start) / 1e6;
		sum.seconds += took[count++] / 1e3;
		sum.cpu += cpu() - before;
		for (size_t k = 0; k < n; k++) {
			must_be(w->batch.at[k].ticket != NULL,
			    (const char *)w->batch.at[k].body.at + 6);
			report(w, &w->batch.at[k]);
			if (visit)
				keep_token(w, &w->batch.at[k], i + k);
		}
	}
	qsort(took, count, sizeof(*took), by_length);
	sum.p99_ms = took[count * 99 / 100];
	sum.longest_ms = took[count - 1];
	mem_free(took);
	return sum;
}

/* One verification, part of every issue: the unit to compare with. */
static double
verify_us(struct world *w)
{
	uint8_t signature[P256_SIGNATURE_SIZE];
	struct view tbs = view_text("measure");
	struct hash digest = sha256(tbs);
	double before;

	software_sign(w->qr_key, tbs, signature);
	before = cpu();
	for (int i = 0; i < 2000; i++)
		MUST(p256_verify(w->qr_key, &digest, VIEW_OF(signature)));
	return (cpu() - before) * 1e6 / 2000;
}

int
main(int argc, char **argv)
{
	size_t people = argc > 1 ? strtoul(argv[1], NULL, 10) : 20000;
	size_t batch = argc > 2 ? strtoul(argv[2], NULL, 10) : 32;
	struct world *w = world_new();
	struct phase visits, issues;
	uint64_t entries;
	int64_t start;
	double rss, verify;

	tokens = mem_new(people, sizeof(*tokens));
	must_be(tokens != NULL && batch > 0 && batch <= BATCH_MAX, "memory");
	world_open(w);
	verify = verify_us(w);
	visits = all(w, people, batch, true);
	issues = all(w, people, batch, false);
	rss = usage_of("self").rss_mib -
	    (double)(people * sizeof(*tokens)) / 1048576;
	world_run(w);
	entries = journal_durable(w->n->journal);
	world_close(w);
	start = now_ns();
	world_open(w);
	printf("{\"people\":%zu,\"batch\":%zu,\"visits_per_second\":%.0f,"
	    "\"visit_cpu_us\":%.1f,\"issues_per_second\":%.0f,"
	    "\"issue_cpu_us\":%.1f,\"issue_batch_p99_ms\":%.1f,"
	    "\"issue_batch_max_ms\":%.1f,\"verify_us\":%.1f,\"entries\":%llu,"
	    "\"rss_mib\":%.1f,\"start_ms\":%.0f}\n", people, batch,
	    (double)people / visits.seconds,
	    visits.cpu * 1e6 / (double)people,
	    (double)people / issues.seconds,
	    issues.cpu * 1e6 / (double)people, issues.p99_ms,
	    issues.longest_ms, verify,
	    (unsigned long long)entries, rss,
	    (double)(now_ns() - start) / 1e6);
	world_free(w);
	mem_free(tokens);
	return 0;
}
