/*
 * What was bound, told again: the tables that read a document say as well
 * what its values are called. Values are as YAML has them (texts for dates,
 * times and periods), defaults included; optional keys that are zero are
 * left out.
 */
#ifndef OKSE_POLICY_YAML_SHOW_H
#define OKSE_POLICY_YAML_SHOW_H

#include "base/json.h"
#include "policy/yaml.h"

/* One member of a record, or nothing when it is optional and zero. */
void yaml_show_field(struct json *j, const struct yaml_field *field,
    const void *record);
/* The members of all fields (NULL: none) into an object that is open. */
void yaml_show_fields(struct json *j, const struct yaml_field *fields,
    const void *record);

#endif
