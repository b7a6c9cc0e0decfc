/*
 * Tiles and entry bundles: their names, their widths, their bytes
 * (C2SP tlog-tiles).
 *
 *	tile/<L>/<N>[.p/<W>]		W hashes of 32 bytes, 256 when full
 *	tile/entries/<N>[.p/<W>]	W times: u16 length, entry
 *
 * Hash i of tile n at level l is the root of the leaves
 * [(n * 256 + i) * 256^l, (n * 256 + i + 1) * 256^l). Only full tiles are
 * hashed upward.
 */
#ifndef OKSE_AUDIT_TILE_H
#define OKSE_AUDIT_TILE_H

#include <stdbool.h>

#include "base/crypto.h"

#define TILE_WIDTH 256
#define TILE_LEVELS 8			/* 256^8 leaves are enough */
#define TILE_SIZE (TILE_WIDTH * SHA256_SIZE)
#define TILE_ENTRIES (-1)		/* the level of entry bundles */
#define TILE_PATH 64			/* any path, with the final NUL */
#define TILE_ENTRY_MAX 65535
#define TILE_BUNDLE_MAX (TILE_WIDTH * (2 + TILE_ENTRY_MAX))

struct tile_id {
	int		level;	/* 0 … 7, or TILE_ENTRIES */
	uint64_t	index;
	unsigned int	width;	/* 1 … 256 */
};

/* "tile/0/x001/x234/067.p/8"; cannot fail. Returns path. */
const char *tile_path(struct tile_id id, char path[TILE_PATH]);
/* The inverse, strictly: ERR_SYNTAX for any other spelling of the same. */
[[nodiscard]] enum err tile_path_get(struct view path,
    struct tile_id *out_id);

/* How many full tiles a level (or the bundles) of a tree of size has. */
uint64_t tile_full(int level, uint64_t size);
/* Width of the partial tile behind the full ones, 0 … 255. */
unsigned int tile_partial(int level, uint64_t size);
/* Width of tile index in a tree of size; 0 when it is not in the tree. */
unsigned int tile_width(int level, uint64_t index, uint64_t size);

/* Appends one entry to a bundle; over 65535 bytes fails the buffer. */
void tile_bundle_put(struct bytes *bundle, struct view entry);
/*
 * Splits a bundle of exactly width entries into views of it; ERR_CORRUPT when
 * it ends early, ERR_SYNTAX when it goes on, ERR_RANGE when width is none that
 * a bundle has: "Empty tiles MUST NOT be served" (C2SP tlog-tiles).
 */
[[nodiscard]] enum err tile_bundle_get(struct view bundle,
    unsigned int width, struct view out_entries[TILE_WIDTH]);

/*
 * Where tiles are read from. read() appends the bytes of a tile; a source
 * that has only the full tile in place of a partial one cuts it. Errors:
 * ERR_NOT_FOUND, and what its own medium reports.
 */
struct tile_source {
	enum err	(*read)(void *arg, struct tile_id id,
	    struct bytes *out);
	void		*arg;
};

/*
 * A read() for sources whose medium reads files by name, at most max bytes:
 * the partial tile, or the full one cut.
 */
[[nodiscard]] enum err tile_fetch(enum err (*read)(void *arg,
    const char *path, size_t max, struct bytes *out), void *arg,
    struct tile_id id, struct bytes *out);

/* Reads below a directory; *dir must stay open as long as the source. */
struct tile_source tile_source_dir(int *dir);

/* A hash tile, its length checked: id.width hashes. ERR_CORRUPT */
[[nodiscard]] enum err tile_read(const struct tile_source *s,
    struct tile_id id, struct hash out_hashes[TILE_WIDTH]);
/* A bundle into buffer (emptied first) and its entries as views of it. */
[[nodiscard]] enum err tile_read_bundle(const struct tile_source *s,
    struct tile_id id, struct bytes *buffer,
    struct view out_entries[TILE_WIDTH]);

#endif
