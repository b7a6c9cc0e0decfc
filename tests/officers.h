/*
 * Three officers, any two of whom agree: seats 1 and 2 sign with Ed25519, seat
 * 3 with P-256. For tests and tools; everything aborts on failure.
 */
#ifndef OKSE_TESTS_OFFICERS_H
#define OKSE_TESTS_OFFICERS_H

#include "quorum/approve.h"
#include "tests/software.h"

#define OFFICERS 3

struct officers {
	struct roster	 roster;
	EVP_PKEY	*keys[OFFICERS];	/* private */
};

static inline void
officers_make(struct officers *o)
{
	*o = (struct officers){
		.roster = { .threshold = 2, .count = OFFICERS },
	};
	MUST(officer_key_new(&o->keys[0]));
	MUST(officer_key_new(&o->keys[1]));
	o->keys[2] = software_key();
	for (unsigned int i = 0; i < OFFICERS; i++) {
		struct officer *officer = &o->roster.officers[i];

		snprintf(officer->name, sizeof(officer->name), "Officer %u",
		    i + 1);
		officer->key = o->keys[i];
		EVP_PKEY_up_ref(o->keys[i]);
		MUST(officer_algorithm_of(o->keys[i], &officer->algorithm));
	}
}

static inline void
officers_done(struct officers *o)
{
	roster_done(&o->roster);
	for (size_t i = 0; i < OFFICERS; i++)
		EVP_PKEY_free(o->keys[i]);
}

/* The signatures of these seats (ended by 0) over message, as a file. */
static inline void
officers_sign(const struct officers *o, const char *domain,
    struct view message, const unsigned int *seats, struct bytes *out)
{
	for (; *seats != 0; seats++) {
		AUTO_DONE(bytes) after = { 0 };

		MUST(approve(&(struct approve){ &o->roster, domain, message,
		    bytes_view(out) }, *seats, o->keys[*seats - 1], &after));
		bytes_reset(out);
		bytes_put(out, bytes_view(&after));
	}
}

#define SEATS(...) ((const unsigned int[]){ __VA_ARGS__, 0 })

#endif
