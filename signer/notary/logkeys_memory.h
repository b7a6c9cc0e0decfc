/*
 * What the registry remembers of the log's keys, under one name: of each, in
 * the order of their time, u64 the tree since which it signs, u8 whether the
 * one before was lost, block the last part of its vkey.
 */
#ifndef OKSE_SIGNER_NOTARY_LOGKEYS_MEMORY_H
#define OKSE_SIGNER_NOTARY_LOGKEYS_MEMORY_H

#include "audit/vkey.h"
#include "signer/notary/registry.h"

#define LOGKEYS_MEMORY "logkeys"

struct logkeys_memory {
	uint64_t	since;
	bool		lost;
	struct view	key;
};

static inline struct logkeys_memory
logkeys_memory_get(struct reader *r)
{
	struct logkeys_memory m;

	m.since = reader_u64(r);
	m.lost = reader_u8(r) != 0;
	m.key = reader_block(r, 4096);
	return m;
}

static inline void
logkeys_memory_put(struct bytes *out, const struct logkeys_memory *m)
{
	bytes_put_u64(out, m->since);
	bytes_put_u8(out, m->lost);
	bytes_put_block(out, m->key);
}

/* Empty when nothing is remembered. */
[[nodiscard]] static inline enum err
logkeys_recall(struct registry *r, struct bytes *out)
{
	enum err e = registry_meta_get(r, LOGKEYS_MEMORY, out);

	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

#endif
