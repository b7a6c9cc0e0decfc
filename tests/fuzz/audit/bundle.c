/*
 * Any bytes as an entry bundle (the first byte is its width) and as the path
 * of a tile. What is accepted must be what we would write.
 */
#include <stdlib.h>

#include "audit/tile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_bundle(struct view v, unsigned int width)
{
	struct view entries[TILE_WIDTH];
	AUTO_DONE(bytes) again = { 0 };

	if (tile_bundle_get(v, width, entries) != ERR_OK)
		return;
	for (unsigned int i = 0; i < width; i++)
		tile_bundle_put(&again, entries[i]);
	if (!view_equal(bytes_view(&again), v))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tile_id id;
	char path[TILE_PATH];

	if (size != 0)
		try_bundle(VIEW(data + 1, size - 1), data[0]);
	if (tile_path_get(VIEW(data, size), &id) == ERR_OK &&
	    !view_is(VIEW(data, size), tile_path(id, path)))
		abort();
	return 0;
}
