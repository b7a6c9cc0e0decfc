/*
 * The policy author's commands. Cases come from whoever tries the policy;
 * they go the way of a request: decoded by the gate's code, framed, decoded
 * again, decided. Next: signer/gate/body.h, policy/explain.h.
 */
#include "policy/policy.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/commands.h"
#include "cli/say.h"
#include "policy/explain.h"
#include "signer/gate/body.h"

static int
load(const char *dir, struct policy **out_policy)
{
	enum err e = policy_load(dir, out_policy);

	return e == ERR_OK ? EXIT_DONE : complain_err("the policy", e);
}

int
policy_check(const struct arguments *a)
{
	AUTO(policy) policy = NULL;

	return load(argument(a, 0), &policy);
}

int
policy_show(const struct arguments *a)
{
	AUTO(policy) policy = NULL;
	AUTO_DONE(bytes) out = { 0 };
	struct json j = json_start(&out);
	int status = load(argument(a, 0), &policy);
	enum err e;

	if (status != EXIT_DONE)
		return status;
	json_object(&j, NULL);
	json_hex(&j, "sha256", VIEW_OF(policy_hash(policy)->at));
	json_int(&j, "serial", policy_serial(policy));
	json_close(&j);
	if ((e = json_end(&j)) != ERR_OK)
		return complain_err("the policy", e);
	put_line(bytes_view(&out));
	return EXIT_DONE;
}

static enum err
explain_case(const struct policy *policy, struct view line,
    struct bytes *out)
{
	AUTO_DONE(body) body = { 0 };
	AUTO_DONE(bytes) frame = { 0 };
	AUTO(request) request = NULL;

	TRY(body_decode_case(line, &body));
	request_encode(&body.asked, &frame);
	TRY(bytes_check(&frame));
	TRY(request_decode(bytes_view(&frame), &request));
	return policy_explain(policy, request, &body.facts, out);
}

/* A case that cannot be read has its line, too: {"error":…}. */
static enum err
put_error(struct bytes *out)
{
	struct json j;

	bytes_reset(out);
	j = json_start(out);
	json_object(&j, NULL);
	json_string(&j, "error", err_why());
	json_close(&j);
	bytes_put_text(out, "\n");
	return json_end(&j);
}

static int
explain_lines(const struct policy *policy, FILE *in)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	int status = EXIT_DONE;

	while ((n = getline(&line, &size, in)) > 0) {
		AUTO_DONE(bytes) out = { 0 };

		if (explain_case(policy, VIEW(line, (size_t)n), &out) !=
		    ERR_OK) {
			status = EXIT_FAILED;
			if (put_error(&out) != ERR_OK)
				break;
		}
		put_view(bytes_view(&out));
		if (fflush(stdout) != 0)
			break;
	}
	free(line);	/* lint: getline() took it */
	return status;
}

int
policy_explain_cases(const struct arguments *a)
{
	AUTO(policy) policy = NULL;
	const char *dir = option_value(a, "policy", NULL);
	FILE *in = stdin;
	int status;

	if (dir == NULL) {
		complain("--policy says which policy decides");
		return EXIT_USAGE;
	}
	if ((status = load(dir, &policy)) != EXIT_DONE)
		return status;
	body_setup();
	if (argument(a, 0) != NULL &&
	    (in = fopen(argument(a, 0), "re")) == NULL)
		return complain_err(argument(a, 0), err_system("open"));
	status = explain_lines(policy, in);
	if (in != stdin)
		fclose(in);
	return status;
}
