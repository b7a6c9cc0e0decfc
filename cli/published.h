/*
 * A published log as it stands at its checkpoint, read entry by
 * entry. Entries are not proved here: audit/verify.h and audit/proof.h do.
 */
#ifndef OKSE_CLI_PUBLISHED_H
#define OKSE_CLI_PUBLISHED_H

#include "audit/checkpoint.h"
#include "audit/files.h"
#include "audit/note.h"
#include "audit/tile.h"
#include "base/mem.h"

struct published;

/* place: as in cli/place.h. The checkpoint's signature is not verified. */
[[nodiscard]] enum err published_open(const char *place,
    struct published **out_published);
void published_free(struct published *l);
AUTO_STRUCT(published);

uint64_t published_size(const struct published *l);
struct view published_note(const struct published *l);	/* the checkpoint */
struct tile_source published_source(struct published *l);
const struct log_files *published_files(const struct published *l);

/*
 * Calls take for entries from … to - 1 (cut to the size) in order, until it
 * fails; published_each() then returns its error.
 */
[[nodiscard]] enum err published_each(struct published *l, uint64_t from,
    uint64_t to,
    enum err (*take)(void *context, uint64_t index, struct view entry),
    void *context);

#endif
