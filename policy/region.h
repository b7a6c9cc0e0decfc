/*
 * Places by administrative code. A residence or a centre has five digits or
 * ten; the first five say which city, county or district it is. The policy
 * lists codes of five digits, or of two for a whole province.
 */
#ifndef OKSE_POLICY_REGION_H
#define OKSE_POLICY_REGION_H

#include "policy/yaml.h"

#define REGION_NONE (-1)	/* neither five nor ten digits */

struct region_range {
	int	low, high;	/* of five digits, inclusive */
};

struct place {
	const char		*name;		/* "Goyang-si" */
	YAML_ARRAY(const char *) codes;
	struct region_range	*ranges;	/* as many, regions_link() */
};

struct region_set {
	const char		*name;
	YAML_ARRAY(struct place) places;
};

/* The file of kind "regions". */
struct regions {
	const struct yaml_variant	*variant;
	YAML_ARRAY(struct region_set)	 sets;
	YAML_ARRAY(struct place)	 municipalities;
	YAML_ARRAY(struct place)	 retired;
};

extern const struct yaml_field regions_fields[];

/* Completes what was bound from doc. */
[[nodiscard]] enum err regions_link(struct yaml_doc *doc, struct regions *r);

/* The set of a name; unknown ones are an error with a suggestion. */
[[nodiscard]] enum err regions_find(const struct regions *r,
    const struct yaml_reference *name, const struct region_set **out_set);

/* "36110", "3611025000" to 36110; REGION_NONE for anything else. */
int region_code(struct view text);

/* The place of the set that has the code and is not retired, or NULL. */
const struct place *region_place(const struct regions *r,
    const struct region_set *set, int code);

/* Equal, or districts of one city. */
bool region_same_municipality(const struct regions *r, int a, int b);

/* An opening by region and date; the first with the residence decides. */
struct phase {
	struct yaml_reference	 regions;
	int64_t			 from;
	const struct region_set	*set;
};

struct phases {
	YAML_ARRAY(struct phase) list;
};

extern const struct yaml_type phases_type;

[[nodiscard]] enum err phases_link(struct phases *p,
    const struct regions *r);
/* Also the place it was found in; NULL when no phase has the code. */
const struct phase *phases_find(const struct phases *p,
    const struct regions *r, int code, const struct place **out_place);

#endif
