/*
 * The gate before production: the identical script has been rehearsed, not
 * long ago, by the identical program, and what came of it verifies.
 * Next: hold.c.
 */
#include "base/time.h"
#include "ceremony/steps.h"
#include "ceremony/verify.h"

static enum err
lacks(const char *what)
{
	return err_because(ERR_FORBIDDEN, "the rehearsal %s", what);
}

/* This very program, not one that says so. */
static enum err
check_program(const struct evidence *v)
{
	const struct record *env;
	struct hash program;

	TRY(ceremony_program_hash("/proc/self/exe", &program));
	TRY(evidence_find(v, RECORD_ENV, NULL, NULL, &env));
	return record_says_hex(env, "tool-sha256", VIEW_OF(program.at)) ==
	    ERR_OK ? ERR_OK : lacks("was held by another program");
}

enum err
rehearsal_check(const char *dir, struct view script, int64_t days,
    struct rehearsed *out)
{
	AUTO_DONE(evidence) v = { .dir = dir };
	struct hash root, wanted = sha256(script);
	int64_t held;

	if (dir == NULL)
		return lacks("is not given; production needs one");
	TRY(ceremony_verify(dir, NULL, NULL, &root));
	TRY(evidence_load(&v, NULL));
	if (v.mode != MODE_REHEARSAL)
		return lacks("is none, but a ceremony in production");
	if (!view_equal(VIEW_OF(v.script_hash.at), VIEW_OF(wanted.at)))
		return lacks("was of another script");
	TRY(check_program(&v));
	held = v.records.at[v.records.count - 1].time;
	if (held + days * DAY < time_now())
		return lacks("was held too long ago");
	*out = (struct rehearsed){ .root = root, .held = held };
	return ERR_OK;
}
