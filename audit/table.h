/*
 * What is known of names: one item for each, all zero when the name is new.
 * Names are 16 bytes: pseudonyms, parts of hashes, ids that begin with a time.
 * Somebody who chose them to collide would only slow us down.
 *
 *	struct table devices = { .size = sizeof(struct device) };
 *	struct device *d = table_item(&devices, name);
 */
#ifndef OKSE_AUDIT_TABLE_H
#define OKSE_AUDIT_TABLE_H

#include <stdbool.h>

#include "base/bytes.h"

#define TABLE_NAME 16

struct table {
	size_t		 size;		/* of an item */
	uint8_t		(*names)[TABLE_NAME];
	uint8_t		*items;
	uint32_t	*slots;		/* 1 + number; 0: free */
	uint32_t	 count, room;	/* slots: twice the room */
};

void table_done(struct table *t);

/* The name's item, made when new; NULL: no memory. It moves with the next. */
void *table_item(struct table *t, const uint8_t name[TABLE_NAME]);
/* NULL: the name was never seen. */
void *table_find(const struct table *t, const uint8_t name[TABLE_NAME]);

/* Items by number, in the order of their making, and back. */
void *table_at(const struct table *t, uint32_t number);
uint32_t table_number(const struct table *t, const void *item);

#endif
