/*
 * Drawing without a generator of random numbers: sha256sum and a calculator
 * do the same. Used by audit_range.c and audit_report.c.
 */
#include "cli/audit_draw.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/crypto.h"

void
drawn_done(struct drawn *d)
{
	mem_free(d->at);
	*d = (struct drawn){ 0 };
}

static uint64_t
draw(const char *seed, uint64_t i)
{
	char number[24];
	struct hash h;
	uint64_t v = 0;

	snprintf(number, sizeof(number), ":%" PRIu64, i);
	h = sha256_2(view_text(seed), view_text(number));
	for (size_t at = 0; at < 8; at++)
		v = v << 8 | h.at[at];
	return v >> 4;
}

enum err
draw_indexes(const char *seed, const uint64_t *candidates, uint64_t m,
    uint64_t wanted, struct drawn *out_drawn)
{
	uint64_t count = wanted < m ? wanted : m;
	uint8_t *taken = mem_new(m + 1, 1);
	uint64_t *at = mem_new(count + 1, sizeof(*at));
	uint64_t have = 0;

	for (uint64_t i = 1; taken != NULL && at != NULL && have < count;
	    i++) {
		uint64_t number = draw(seed, i) % m;

		if (taken[number] == 0)
			at[have++] = candidates != NULL ?
			    candidates[number] : number;
		taken[number] = 1;
	}
	mem_free(taken);
	if (have < count || at == NULL) {
		mem_free(at);
		return err_because(ERR_MEMORY, "no memory to draw from so "
		    "many entries");
	}
	*out_drawn = (struct drawn){ at, count };
	return ERR_OK;
}
