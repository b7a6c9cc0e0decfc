/* What the policy author's commands share. */
#ifndef OKSE_CLI_POLICY_H
#define OKSE_CLI_POLICY_H

#include "policy/policy.h"
#include "policy/request.h"

/* policy_load(), or a complaint with the line it is about: exit status. */
[[nodiscard]] int policy_open(const char *dir, struct policy **out_policy);
/* Complains of what err_why() says of a policy in dir. */
int policy_complain(const char *dir, enum err e);

/* A recorded case: the request, and what the service knew. */
struct recorded {
	struct request	*request;
	struct facts	 facts;
};
void recorded_done(struct recorded *r);

/*
 * One line of JSON, as `okse policy explain` takes it: decoded by the gate's
 * code, framed, decoded again.
 */
[[nodiscard]] enum err recorded_read(struct view line,
    struct recorded *out_case);

/*
 * Each line of a file (NULL: standard input) to one(), whose failure is told
 * by bad(). EXIT_FAILED when a line was bad or the file could not be read.
 */
struct line_reader {
	enum err	(*one)(void *context, struct view line);
	enum err	(*bad)(void *context, size_t number);
	void		*context;
};
int policy_lines(const char *path, const struct line_reader *r);

#endif
