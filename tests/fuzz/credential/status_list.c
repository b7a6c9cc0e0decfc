/*
 * Packed lists of anybody: what is unpacked is bounded, has as many entries
 * as it says, and can be packed again.
 */
#include <stdlib.h>

#include "credential/status_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(status_list) l = NULL, again = NULL;
	AUTO_DONE(bytes) packed = { 0 };
	uint64_t entries;
	unsigned int v;

	if (size == 0 || status_list_unpack(data[0], VIEW(data + 1, size - 1),
	    &l) != ERR_OK)
		return 0;
	entries = status_list_entries(l);
	if (entries == 0 || entries > STATUS_LIST_ENTRIES ||
	    status_list_get(l, entries - 1, &v) != ERR_OK ||
	    v >= 1u << status_list_bits(l) ||
	    status_list_get(l, entries, &v) == ERR_OK)
		abort();
	if (entries > 4096)
		return 0;	/* packing is slow */
	if (status_list_pack(l, &packed) != ERR_OK ||
	    status_list_unpack(data[0], bytes_view(&packed), &again) !=
	    ERR_OK || status_list_entries(again) != entries)
		abort();
	return 0;
}
