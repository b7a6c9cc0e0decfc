/*
 * Matching residences with the policy's regions and phases. Codes of requests
 * are hostile text; those of the policy were checked when they were bound.
 * Used by rule_place.c.
 */
#include "policy/region.h"

#include <string.h>

#include "policy/yaml_tree.h"

static bool
is_digits(struct view v)
{
	for (size_t i = 0; i < v.len; i++) {
		if (v.at[i] < '0' || v.at[i] > '9')
			return false;
	}
	return true;
}

static int
value_of(struct view digits)
{
	int v = 0;

	for (size_t i = 0; i < digits.len; i++)
		v = v * 10 + (digits.at[i] - '0');
	return v;
}

int
region_code(struct view text)
{
	if ((text.len != 5 && text.len != 10) || !is_digits(text))
		return REGION_NONE;
	return value_of(VIEW(text.at, 5));
}

static enum err
check_code(struct yaml_mark at, const void *value)
{
	const char *const *code = value;
	struct view v = view_text(*code);

	if ((v.len != 2 && v.len != 5) || !is_digits(v))
		return yaml_error(at, "expected a code of two or five digits, "
		    "got \"%.40s\"", *code);
	return ERR_OK;
}

static const struct yaml_type place_map =
    YAML_MAP_OF(1, 300, struct place, name, codes, &YAML_LIST_OF(1, 300,
    &YAML_TYPE(.shape = YAML_TEXT, .check = check_code)));

const struct yaml_field regions_fields[] = {
	YAML_FIELD("regions", struct regions, sets, &YAML_MAP_OF(1, 64,
	    struct region_set, name, places, &place_map)),
	YAML_FIELD("municipalities", struct regions, municipalities,
	    &place_map, .optional = true),
	YAML_FIELD("retired", struct regions, retired, &place_map,
	    .optional = true),
	{ 0 },
};

static enum err
link_places(struct yaml_doc *doc, struct place *places, size_t count)
{
	for (struct place *p = places; p < places + count; p++) {
		p->ranges = yaml_doc_new(doc, p->codes.count,
		    sizeof(*p->ranges));
		if (p->ranges == NULL)
			return err_because(ERR_MEMORY, "no memory for regions");
		for (size_t i = 0; i < p->codes.count; i++) {
			struct view code = view_text(p->codes.at[i]);
			int scale = code.len == 2 ? 1000 : 1;
			int low = value_of(code) * scale;

			p->ranges[i] = (struct region_range){ low,
			    low + scale - 1 };
		}
	}
	return ERR_OK;
}

enum err
regions_link(struct yaml_doc *doc, struct regions *r)
{
	for (size_t i = 0; i < r->sets.count; i++)
		TRY(link_places(doc, r->sets.at[i].places.at,
		    r->sets.at[i].places.count));
	TRY(link_places(doc, r->municipalities.at, r->municipalities.count));
	return link_places(doc, r->retired.at, r->retired.count);
}

enum err
regions_find(const struct regions *r, const struct yaml_reference *name,
    const struct region_set **out_set)
{
	struct nearest near = { 0 };
	char words[64];

	for (size_t i = 0; r != NULL && i < r->sets.count; i++) {
		if (strcmp(r->sets.at[i].name, name->name) == 0) {
			*out_set = &r->sets.at[i];
			return ERR_OK;
		}
		nearest_offer(&near, name->name, r->sets.at[i].name);
	}
	return yaml_error(name->at, "expected the name of a set of regions, "
	    "got \"%.40s\"%s", name->name,
	    nearest_words(&near, words, sizeof(words)));
}

static bool
has(const struct place *p, int code)
{
	for (size_t i = 0; i < p->codes.count; i++) {
		if (code >= p->ranges[i].low && code <= p->ranges[i].high)
			return true;
	}
	return false;
}

static const struct place *
find(const struct place *places, size_t count, int code)
{
	for (size_t i = 0; i < count; i++) {
		if (has(&places[i], code))
			return &places[i];
	}
	return NULL;
}

const struct place *
region_place(const struct regions *r, const struct region_set *set, int code)
{
	if (find(r->retired.at, r->retired.count, code) != NULL)
		return NULL;
	return find(set->places.at, set->places.count, code);
}

bool
region_same_municipality(const struct regions *r, int a, int b)
{
	const struct place *city;

	if (a == b || r == NULL)
		return a == b;
	city = find(r->municipalities.at, r->municipalities.count, a);
	return city != NULL && has(city, b);
}

static const struct yaml_field phase_fields[] = {
	YAML_FIELD("regions", struct phase, regions,
	    &YAML_TYPE(.shape = YAML_REFERENCE)),
	YAML_FIELD("from", struct phase, from,
	    &YAML_TYPE(.shape = YAML_INSTANT)),
	{ 0 },
};

const struct yaml_type phases_type =
    YAML_LIST_OF(1, 64, &YAML_STRUCT(struct phase, phase_fields));

enum err
phases_link(struct phases *p, const struct regions *r)
{
	for (size_t i = 0; i < p->list.count; i++)
		TRY(regions_find(r, &p->list.at[i].regions,
		    &p->list.at[i].set));
	return ERR_OK;
}

const struct phase *
phases_find(const struct phases *p, const struct regions *r, int code,
    const struct place **out_place)
{
	for (size_t i = 0; i < p->list.count; i++) {
		const struct phase *phase = &p->list.at[i];
		const struct place *place = region_place(r, phase->set, code);

		if (place != NULL) {
			*out_place = place;
			return phase;
		}
	}
	return NULL;
}
