/*
 * A policy in force, for people: the JSON of policy/effective.h as text, one
 * rule after the other, its figures in the words of the YAML. The JSON is our
 * own. (jansson and base/json.h share names: one file sees one of them.)
 */
#include "cli/effective.h"

#include <jansson.h>
#include <string.h>

#include "base/mem.h"
#include "cli/say.h"

AUTO_DEFINE(json_t, json_t, json_decref);

static const char *
text(const json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));

	return s != NULL ? s : "";
}

/* ---- values, as they stand in the files */

static void
print_value(const json_t *v)
{
	const char *name, *comma = "";
	json_t *member;
	size_t i;

	switch (json_typeof(v)) {
	case JSON_OBJECT:
		printf("{ ");
		json_object_foreach((json_t *)(uintptr_t)v, name, member) {
			printf("%s%s: ", comma, name);
			print_value(member);
			comma = ", ";
		}
		printf(" }");
		return;
	case JSON_ARRAY:
		printf("[");
		json_array_foreach(v, i, member) {
			printf("%s", i != 0 ? ", " : "");
			print_value(member);
		}
		printf("]");
		return;
	case JSON_INTEGER:
		printf("%" JSON_INTEGER_FORMAT, json_integer_value(v));
		return;
	case JSON_STRING:
		printf("%s", json_string_value(v));
		return;
	default:
		printf("%s", json_is_true(v) ? "true" : "false");
	}
}

/* Long ones one below the other: what maps and lists of maps are for. */
static void
print_items(const json_t *v, int indent)
{
	const char *name;
	json_t *member;
	size_t i;

	json_array_foreach(v, i, member) {
		printf("%*s- ", indent, "");
		print_value(member);
		printf("\n");
	}
	json_object_foreach((json_t *)(uintptr_t)v, name, member) {
		printf("%*s%s: ", indent, "", name);
		print_value(member);
		printf("\n");
	}
}

static void
print_member(const char *name, const json_t *v, int indent)
{
	bool rows = json_is_object(v) ||
	    (json_is_array(v) && json_is_object(json_array_get(v, 0)));

	printf("%*s%s:", indent, "", name);
	if (rows) {
		printf("\n");
		print_items(v, indent + 2);
		return;
	}
	printf(" ");
	print_value(v);
	printf("\n");
}

static void
print_members(const json_t *object, int indent)
{
	const char *name;
	json_t *member;

	json_object_foreach((json_t *)(uintptr_t)object, name, member)
		print_member(name, member, indent);
}

/* ---- rules */

static void
print_rule(const json_t *rule)
{
	const json_t *purposes = json_object_get(rule, "purposes");
	bool monitor = strcmp(text(rule, "mode"), "monitor") == 0;

	printf("    %s%-24s%s %s%-8s%s %s\n", paint(stdout, BOLD),
	    text(rule, "id"), paint(stdout, PLAIN),
	    paint(stdout, monitor ? RED : GREEN), text(rule, "mode"),
	    paint(stdout, PLAIN), text(rule, "kind"));
	if (json_array_size(purposes) != 3)
		print_member("purposes", purposes, 6);
	print_members(json_object_get(rule, "parameters"), 6);
	if (*text(rule, "basis") != '\0')
		printf("      %s%s%s\n", paint(stdout, DIM),
		    text(rule, "basis"), paint(stdout, PLAIN));
}

static void
print_operation(const json_t *programme, const json_t *operation)
{
	const json_t *rules = json_object_get(operation, "rules"), *rule;
	size_t i;

	printf("\n  %s, %s: %zu rules\n", text(programme, "programme"),
	    text(operation, "operation"), json_array_size(rules));
	json_array_foreach(rules, i, rule)
		print_rule(rule);
}

static void
print_programme(const json_t *programme)
{
	const char *name;
	json_t *member;
	size_t i;

	printf("\n%s%s%s\n", paint(stdout, BOLD), text(programme, "programme"),
	    paint(stdout, PLAIN));
	json_object_foreach((json_t *)(uintptr_t)programme, name, member)
		if (strcmp(name, "programme") != 0 &&
		    strcmp(name, "operations") != 0)
			print_member(name, member, 2);
	json_array_foreach(json_object_get(programme, "operations"), i,
	    member)
		print_operation(programme, member);
}

enum err
effective_print(struct view json)
{
	AUTO(json_t) all = json_loadb((const char *)json.at, json.len, 0, NULL);
	const char *name;
	json_t *member;
	size_t i;

	if (all == NULL)
		return err_because(ERR_INTERNAL, "our own JSON is none");
	json_object_foreach(all, name, member) {
		if (strcmp(name, "programmes") != 0) {
			print_member(name, member, 0);
			continue;
		}
		json_array_foreach(json_object_get(all, name), i, member)
			print_programme(member);
		printf("\n");
	}
	return ERR_OK;
}
