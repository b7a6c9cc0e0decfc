/*
 * A status list as bits (draft-ietf-oauth-status-list 4.1): whether each of
 * many credentials still holds. Entry i has its bits in byte i * bits / 8,
 * the lowest first; it travels as zlib (RFC 1950). Tokens that carry one are
 * in status_token.h.
 */
#ifndef OKSE_CREDENTIAL_STATUS_LIST_H
#define OKSE_CREDENTIAL_STATUS_LIST_H

#include "base/bytes.h"

/* The values of ours (7.1); 2 bits an entry hold them. */
enum status {
	STATUS_VALID = 0,
	STATUS_INVALID = 1,
	STATUS_SUSPENDED = 2,
};
#define STATUS_BITS 2
/* "valid", "invalid", "suspended"; "of another meaning" */
const char *status_name(unsigned int value);

#define STATUS_LIST_ENTRIES ((uint64_t)1 << 20)	/* of the longest list */
#define STATUS_LIST_BYTES ((size_t)1 << 20)	/* of it, with 8 bits each */

struct status_list;

/*
 * All entries are 0. bits is 1, 2, 4 or 8; entries 1 … STATUS_LIST_ENTRIES
 * and a whole number of bytes. ERR_RANGE, ERR_MEMORY.
 */
[[nodiscard]] enum err status_list_new(unsigned int bits, uint64_t entries,
    struct status_list **out_list);
void status_list_free(struct status_list *l);
AUTO_STRUCT(status_list);

unsigned int status_list_bits(const struct status_list *l);
uint64_t status_list_entries(const struct status_list *l);
/* ERR_RANGE: no such entry, or a value that does not fit. */
[[nodiscard]] enum err status_list_get(const struct status_list *l,
    uint64_t index, unsigned int *out_value);
[[nodiscard]] enum err status_list_set(struct status_list *l, uint64_t index,
    unsigned int value);
bool status_list_equal(const struct status_list *a,
    const struct status_list *b);
/* How many entries have this value. */
uint64_t status_list_count(const struct status_list *l, unsigned int value);

/* Appends it compressed, at zlib's highest level. */
[[nodiscard]] enum err status_list_pack(const struct status_list *l,
    struct bytes *out);

/*
 * The same in steps, for who must not stop for a third of a second, which a
 * long list can take: the list as it is now, whatever becomes of it.
 */
struct status_packer;
[[nodiscard]] enum err status_packer_new(const struct status_list *l,
    struct status_packer **out_packer);
void status_packer_free(struct status_packer *p);
AUTO_STRUCT(status_packer);
/* Packs some bytes more of the list; *out_whole once all of it is packed. */
[[nodiscard]] enum err status_packer_step(struct status_packer *p,
    size_t some, bool *out_whole);
/* What is packed. */
struct view status_packer_view(const struct status_packer *p);

/*
 * Back again. Whatever zlib says, no more than STATUS_LIST_BYTES are made of
 * it. ERR_SYNTAX unless it is one whole zlib stream; ERR_RANGE for bits that
 * there are not; ERR_TOO_LARGE.
 */
[[nodiscard]] enum err status_list_unpack(unsigned int bits,
    struct view packed, struct status_list **out_list);

#endif
