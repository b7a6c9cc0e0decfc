/*
 * Status lists, set and read entry by entry, packed and unpacked. What is
 * unpacked may be anybody's, and made to grow. Next: status_token.c.
 */
#include "credential/status_list.h"

#include <string.h>

#include <zlib.h>

struct status_list {
	unsigned int	 bits;
	uint64_t	 entries;
	struct bytes	 at;
};

const char *
status_name(unsigned int value)
{
	static const char *const names[] = {
		[STATUS_VALID] = "valid",
		[STATUS_INVALID] = "invalid",
		[STATUS_SUSPENDED] = "suspended",
	};

	return value < COUNT(names) ? names[value] : "of another meaning";
}

void
status_list_free(struct status_list *l)
{
	if (l == NULL)
		return;
	bytes_done(&l->at);
	mem_free(l);
}

static enum err
check_bits(unsigned int bits)
{
	if (bits != 1 && bits != 2 && bits != 4 && bits != 8)
		return err_because(ERR_RANGE, "status list: wanted 1, 2, 4 or "
		    "8 bits an entry, got %u (draft-ietf-oauth-status-list "
		    "4.1)", bits);
	return ERR_OK;
}

enum err
status_list_new(unsigned int bits, uint64_t entries,
    struct status_list **out_list)
{
	AUTO(status_list) l = mem_new(1, sizeof(*l));

	TRY(check_bits(bits));
	if (entries == 0 || entries > STATUS_LIST_ENTRIES ||
	    entries * bits % 8 != 0)
		return err_because(ERR_RANGE, "status list: wanted a whole "
		    "number of bytes for 1 to %llu entries",
		    (unsigned long long)STATUS_LIST_ENTRIES);
	if (l == NULL || bytes_grow(&l->at, entries * bits / 8) == NULL)
		return err_because(ERR_MEMORY, "a status list");
	l->bits = bits;
	l->entries = entries;
	memset(l->at.at, 0, l->at.len);
	*out_list = STEAL(l);
	return ERR_OK;
}

unsigned int
status_list_bits(const struct status_list *l)
{
	return l->bits;
}

uint64_t
status_list_entries(const struct status_list *l)
{
	return l->entries;
}

static unsigned int
mask(const struct status_list *l)
{
	return (1u << l->bits) - 1;
}

static unsigned int
value_at(const struct status_list *l, uint64_t index)
{
	unsigned int shift = (unsigned int)(index * l->bits % 8);

	return (unsigned int)l->at.at[index * l->bits / 8] >> shift & mask(l);
}

enum err
status_list_get(const struct status_list *l, uint64_t index,
    unsigned int *out_value)
{
	if (index >= l->entries)
		return err_because(ERR_RANGE, "status list: it ends before "
		    "this entry (draft-ietf-oauth-status-list 8.3)");
	*out_value = value_at(l, index);
	return ERR_OK;
}

enum err
status_list_set(struct status_list *l, uint64_t index, unsigned int value)
{
	unsigned int shift = (unsigned int)(index * l->bits % 8);
	uint8_t *at;

	if (index >= l->entries || value > mask(l))
		return err_because(ERR_RANGE, "status list: no such entry, or "
		    "a value of more than %u bits", l->bits);
	at = &l->at.at[index * l->bits / 8];
	*at = (uint8_t)((*at & ~(mask(l) << shift)) | value << shift);
	return ERR_OK;
}

bool
status_list_equal(const struct status_list *a, const struct status_list *b)
{
	return a->bits == b->bits &&
	    view_equal(bytes_view(&a->at), bytes_view(&b->at));
}

uint64_t
status_list_count(const struct status_list *l, unsigned int value)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < l->entries; i++)
		n += value_at(l, i) == value;
	return n;
}

/* ---- packing */

struct status_packer {
	z_stream	z;
	bool		started;
	struct bytes	list;		/* as it was */
	struct bytes	packed;
};

void
status_packer_free(struct status_packer *p)
{
	if (p == NULL)
		return;
	if (p->started)
		deflateEnd(&p->z);
	bytes_done(&p->list);
	bytes_done(&p->packed);
	mem_free(p);
}

enum err
status_packer_new(const struct status_list *l,
    struct status_packer **out_packer)
{
	AUTO(status_packer) p = mem_new(1, sizeof(*p));
	size_t most = compressBound(l->at.len);

	if (p == NULL || bytes_grow(&p->packed, most) == NULL)
		return err_because(ERR_MEMORY, "packing a status list");
	bytes_put(&p->list, bytes_view(&l->at));
	TRY(bytes_check(&p->list));
	p->started = deflateInit(&p->z, Z_BEST_COMPRESSION) == Z_OK;
	if (!p->started)
		return err_because(ERR_MEMORY, "zlib");
	p->z.next_in = p->list.at;
	p->z.next_out = p->packed.at;
	p->z.avail_out = (uInt)most;
	*out_packer = STEAL(p);
	return ERR_OK;
}

enum err
status_packer_step(struct status_packer *p, size_t some, bool *out_whole)
{
	size_t left = p->list.len - p->z.total_in;
	bool last = some >= left;
	int r;

	p->z.avail_in = (uInt)(last ? left : some);
	r = deflate(&p->z, last ? Z_FINISH : Z_NO_FLUSH);
	if (r != (last ? Z_STREAM_END : Z_OK))
		return err_because(ERR_INTERNAL, "zlib made more of a status "
		    "list than it promised");
	p->packed.len = p->z.total_out;
	*out_whole = last;
	return ERR_OK;
}

struct view
status_packer_view(const struct status_packer *p)
{
	return bytes_view(&p->packed);
}

enum err
status_list_pack(const struct status_list *l, struct bytes *out)
{
	AUTO(status_packer) p = NULL;
	bool whole;

	TRY(status_packer_new(l, &p));
	TRY(status_packer_step(p, SIZE_MAX, &whole));
	bytes_put(out, status_packer_view(p));
	return bytes_check(out);
}

/* ---- unpacking */

static enum err
inflate_all(struct view packed, uint8_t *room, size_t *out_len)
{
	uLongf len = STATUS_LIST_BYTES;
	uLong used = packed.len;
	int r = uncompress2(room, &len, packed.at, &used);

	if (r == Z_BUF_ERROR && len == STATUS_LIST_BYTES)
		return err_because(ERR_TOO_LARGE, "status list: over %zu "
		    "bytes when unpacked", STATUS_LIST_BYTES);
	if (r != Z_OK || used != packed.len)
		return err_because(ERR_SYNTAX, "status list: not one whole "
		    "zlib stream (RFC 1950 2.2)");
	*out_len = len;
	return ERR_OK;
}

enum err
status_list_unpack(unsigned int bits, struct view packed,
    struct status_list **out_list)
{
	AUTO(status_list) l = mem_new(1, sizeof(*l));
	uint8_t *room;

	TRY(check_bits(bits));
	if (l == NULL ||
	    (room = bytes_grow(&l->at, STATUS_LIST_BYTES)) == NULL)
		return err_because(ERR_MEMORY, "a status list");
	TRY(inflate_all(packed, room, &l->at.len));
	l->bits = bits;
	l->entries = (uint64_t)l->at.len * 8 / bits;
	if (l->entries == 0 || l->entries > STATUS_LIST_ENTRIES)
		return err_because(ERR_TOO_LARGE, "status list: wanted 1 to "
		    "%llu entries", (unsigned long long)STATUS_LIST_ENTRIES);
	*out_list = STEAL(l);
	return ERR_OK;
}
