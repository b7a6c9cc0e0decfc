/*
 * Any lines as the entries of a log: read, and compared with each other.
 */
#include <stdlib.h>

#include "audit/reconcile.h"
#include "base/crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SIZE 64

static void
check_views(struct view entry, const struct schema_entry *e)
{
	for (unsigned int m = 0; m < SCHEMA_MEMBER_COUNT; m++) {
		struct view v = e->member[m];

		if (v.at != NULL && (v.at < entry.at || v.len == 0 ||
		    v.at + v.len > entry.at + entry.len))
			abort();
	}
}

static void
try_entry(struct reconcile *r, uint64_t index, struct view entry)
{
	struct schema_entry e;

	if (schema_get(entry, &e) != ERR_OK)
		return;
	check_views(entry, &e);
	(void)reconcile_sequence(r, index, &e);
	(void)reconcile_tickets(r, index, &e);
	(void)reconcile_devices(r, index, &e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(reconcile) r = NULL;
	uint64_t index = 0;
	size_t start = 0;

	if (crypto_init() != ERR_OK || reconcile_new(SIZE, &r) != ERR_OK)
		abort();
	for (size_t i = 0; i <= size && index < SIZE; i++) {
		if (i < size && data[i] != '\n')
			continue;
		try_entry(r, index++, VIEW(data + start, i - start));
		start = i + 1;
	}
	(void)reconcile_totals(r);
	return 0;
}
