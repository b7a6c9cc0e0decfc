/*
 * The policy author's commands: reading a policy, testing it by its own
 * cases, telling what it does. The files are the author's, mistakes included.
 * Next: policy/policy.h; cases in policy_cases.c.
 */
#include "cli/policy.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/commands.h"
#include "cli/effective.h"
#include "cli/say.h"
#include "policy/bundle.h"
#include "policy/effective.h"
#include "policy/suite.h"
#include "policy/yaml.h"

/* ---- a mistake, and the line it is in */

/* "file:12:3: …" taken apart; false for any other message. */
static bool
find_place(const char *why, char *name, size_t size, unsigned long *line,
    unsigned long *column)
{
	const char *colon = strchr(why, ':');
	char *end;

	if (colon == NULL || (size_t)(colon - why) >= size ||
	    !isdigit((unsigned char)colon[1]))
		return false;
	memcpy(name, why, (size_t)(colon - why));
	name[colon - why] = '\0';
	*line = strtoul(colon + 1, &end, 10);
	if (*end != ':')
		return false;
	*column = strtoul(end + 1, &end, 10);
	return *end == ':' && *line != 0 && *column != 0;
}

/* A tab stays one, so that the mark stands below what is meant. */
static void
show_line(const char *text, size_t len, unsigned long line,
    unsigned long column)
{
	fprintf(stderr, "%6lu | %.*s\n       | ", line, (int)len, text);
	for (size_t i = 0, at = 1; i < len && at < column; i++) {
		if (((unsigned char)text[i] & 0xc0) == 0x80)
			continue;
		fputc(text[i] == '\t' ? '\t' : ' ', stderr);
		at++;
	}
	fprintf(stderr, "%s^%s\n", paint(stderr, RED), paint(stderr, PLAIN));
}

static void
show_place(const char *dir, const char *why)
{
	AUTO_DONE(bytes) content = { 0 };
	char name[NAME_MAX + 1], path[PATH_MAX];
	unsigned long line, column;
	const char *text;

	if (!find_place(why, name, sizeof(name), &line, &column) ||
	    path_join(dir, name, path, sizeof(path)) != ERR_OK ||
	    file_read(path, YAML_FILE_SIZE, &content) != ERR_OK)
		return;
	text = bytes_text(&content);
	for (unsigned long i = 1; i < line && text != NULL; i++) {
		text = strchr(text, '\n');
		text = text != NULL ? text + 1 : NULL;
	}
	if (text != NULL)
		show_line(text, strcspn(text, "\n"), line, column);
}

int
policy_complain(const char *dir, enum err e)
{
	AUTO(text) why = mem_text(err_why());
	int status = complain_err("the policy", e);

	if (why != NULL)
		show_place(dir, why);
	return status;
}

/* A directory of bundles, as an instance has it, stands for its newest. */
static const char *
policy_place(const char *dir, char bundle[PATH_MAX])
{
	int64_t serial;

	if (bundle_newest(dir, &serial) != ERR_OK ||
	    bundle_path(dir, serial, bundle) != ERR_OK)
		return dir;
	complain("%s holds bundles: reading %s", dir, bundle);
	return bundle;
}

int
policy_open(const char *dir, struct policy **out_policy)
{
	char bundle[PATH_MAX];
	const char *place = policy_place(dir, bundle);
	enum err e = policy_load(place, out_policy);

	return e == ERR_OK ? EXIT_DONE : policy_complain(place, e);
}

/* ---- check */

static void
count_case(void *context, const struct suite_result *r)
{
	size_t *count = context;

	(void)r;
	++*count;
}

int
policy_check(const struct arguments *a)
{
	AUTO(policy) policy = NULL;
	int status = policy_open(argument(a, 0), &policy);
	size_t cases = 0;
	enum err e;

	if (status != EXIT_DONE)
		return status;
	e = policy_test(policy, &(struct suite_listener){ count_case,
	    &cases });
	if (e != ERR_OK)
		return policy_complain(argument(a, 0), e);
	fprintf(stderr, "serial %lld: no mistakes, %zu cases pass\n",
	    (long long)policy_serial(policy), cases);
	return EXIT_DONE;
}

/* ---- test */

struct testing {
	bool		quiet;		/* told as JSON at the end */
	size_t		cases, failed;
	struct json	json;
};

static void
put_failure(struct json *j, const struct suite_result *r)
{
	json_record(j, NULL);
	json_c_text(j, "file", r->file);
	json_int(j, "line", r->line);
	json_c_text(j, "case", r->name);
	json_c_text(j, "expected", r->expected);
	json_c_text(j, "got", r->got);
	json_close(j);
}

static void
told_case(void *context, const struct suite_result *r)
{
	struct testing *t = context;

	t->cases++;
	if (r->passed)
		return;
	t->failed++;
	if (t->quiet) {
		put_failure(&t->json, r);
		return;
	}
	printf("%sFAIL%s %s:%u: %s\n     expected %s\n     got      %s\n",
	    paint(stdout, RED), paint(stdout, PLAIN), r->file, r->line,
	    r->name, r->expected, r->got);
}

static enum err
finish_json(struct testing *t)
{
	json_close(&t->json);
	json_int(&t->json, "cases", (int64_t)t->cases);
	json_close(&t->json);
	TRY(json_end(&t->json));
	put_line(bytes_view(t->json.out));
	return ERR_OK;
}

static enum err
run_cases(const char *dir, struct testing *t)
{
	AUTO(policy) policy = NULL;
	AUTO_DONE(bytes) out = { 0 };

	TRY(policy_load_untested(dir, &policy));
	t->json = json_start(&out);
	json_record(&t->json, NULL);
	json_items(&t->json, "failed");
	TRY(policy_test(policy, &(struct suite_listener){ told_case, t }));
	if (t->quiet)
		return finish_json(t);
	printf("%zu cases, %zu failed\n", t->cases, t->failed);
	return ERR_OK;
}

int
policy_test_cases(const struct arguments *a)
{
	struct testing t = { .quiet = option_given(a, "json") };
	char bundle[PATH_MAX];
	const char *dir = policy_place(argument(a, 0), bundle);
	enum err e = run_cases(dir, &t);

	if (e != ERR_OK)
		return policy_complain(dir, e);
	if (t.cases == 0)
		complain("%s has no file *%s", dir, SUITE_SUFFIX);
	return t.failed == 0 && t.cases != 0 ? EXIT_DONE : EXIT_FAILED;
}

/* ---- show */

static void
put_summary(const struct policy *p, struct json *j)
{
	json_hex(j, "sha256", VIEW_OF(policy_hash(p)->at));
	json_int(j, "serial", policy_serial(p));
}

static enum err
show(const struct policy *p, bool effective, bool readable)
{
	AUTO_DONE(bytes) out = { 0 };
	struct json j = json_start(&out);

	json_record(&j, NULL);
	if (effective)
		policy_effective(p, &j);
	else
		put_summary(p, &j);
	json_close(&j);
	TRY(json_end(&j));
	if (readable)
		return effective_print(bytes_view(&out));
	put_line(bytes_view(&out));
	return ERR_OK;
}

int
policy_show(const struct arguments *a)
{
	AUTO(policy) policy = NULL;
	int status = policy_open(argument(a, 0), &policy);
	bool effective = option_given(a, "effective");
	enum err e;

	if (status != EXIT_DONE)
		return status;
	e = show(policy, effective, effective && !option_given(a, "json"));
	return e == ERR_OK ? EXIT_DONE : complain_err("the policy", e);
}
