/*
 * Open addressing with linear probing, at most half full. Used by what
 * follows holders, tokens and keys through a log. Next: replay.c.
 */
#include "audit/table.h"

#include <string.h>

#define NUMBERS_MAX (UINT32_C(1) << 29)

void
table_done(struct table *t)
{
	mem_free(t->names);
	mem_free(t->items);
	mem_free(t->slots);
	*t = (struct table){ .size = t->size };
}

/* Some names begin with a time: all bytes count. */
static uint32_t
mix(const uint8_t name[TABLE_NAME])
{
	uint64_t a, b;

	memcpy(&a, name, sizeof(a));
	memcpy(&b, name + sizeof(a), sizeof(b));
	a = (a ^ b >> 29 ^ b << 35) * UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(a >> 32) ^ (uint32_t)(b * UINT64_C(
	    0xbf58476d1ce4e5b9) >> 32);
}

/* The slot of a name, or the free one where it belongs. */
static uint32_t *
find_slot(const struct table *t, const uint8_t name[TABLE_NAME])
{
	uint32_t mask = t->room * 2 - 1, at;

	for (at = mix(name) & mask; t->slots[at] != 0; at = (at + 1) & mask)
		if (memcmp(t->names[t->slots[at] - 1], name,
		    TABLE_NAME) == 0)
			break;
	return &t->slots[at];
}

/* On failure what is there stays as it is. */
static bool
grow(struct table *t)
{
	uint32_t room = t->room != 0 ? t->room * 2 : 1024;
	void *names, *items, *slots;

	if (room > NUMBERS_MAX ||
	    (names = mem_resize(t->names, room, TABLE_NAME)) == NULL)
		return false;
	t->names = names;
	if ((items = mem_resize(t->items, room, t->size)) == NULL)
		return false;
	t->items = items;
	if ((slots = mem_new((size_t)room * 2, sizeof(uint32_t))) == NULL)
		return false;
	mem_free(t->slots);
	t->slots = slots;
	t->room = room;
	for (uint32_t i = 0; i < t->count; i++)
		*find_slot(t, t->names[i]) = i + 1;
	return true;
}

void *
table_item(struct table *t, const uint8_t name[TABLE_NAME])
{
	uint32_t *slot;

	if (t->count == t->room && !grow(t))
		return NULL;
	slot = find_slot(t, name);
	if (*slot == 0) {
		memcpy(t->names[t->count], name, TABLE_NAME);
		*slot = ++t->count;
	}
	return table_at(t, *slot - 1);
}

void *
table_find(const struct table *t, const uint8_t name[TABLE_NAME])
{
	const uint32_t *slot;

	if (t->room == 0 || *(slot = find_slot(t, name)) == 0)
		return NULL;
	return table_at(t, *slot - 1);
}

void *
table_at(const struct table *t, uint32_t number)
{
	return t->items + (size_t)number * t->size;
}

uint32_t
table_number(const struct table *t, const void *item)
{
	return (uint32_t)((size_t)((const uint8_t *)item - t->items) /
	    t->size);
}
