/*
 * From options to a trust policy. The files named are the auditor's own; keys
 * beside the log are the log's word about itself and said to be so. Next:
 * audit/trust.h.
 */
#include "cli/trusted.h"

#include <stdio.h>

#include "audit/note.h"
#include "audit/rotation.h"
#include "base/file.h"
#include "cli/say.h"

/* What its checkpoint says that this log is; a stranger's word. */
static enum err
origin_of(const struct log_files *log, struct bytes *out)
{
	AUTO_DONE(bytes) note = { 0 };
	struct reader r;

	TRY(log->read(log->arg, "checkpoint", NOTE_MAX, &note));
	r = reader_of(bytes_view(&note));
	bytes_put(out, reader_until(&r, '\n'));
	bytes_put_u8(out, '+');
	return bytes_check(out);
}

/* What is wrong with a key is said of its file. */
static enum err
read_key(const char *path, struct bytes *out)
{
	AUTO(trust_policy) alone = NULL;
	char why[200];
	enum err e;

	TRY(file_read(path, TRUST_SIZE, out));
	if ((e = trust_keys_get(bytes_view(out), &alone)) == ERR_OK)
		return ERR_OK;
	snprintf(why, sizeof(why), "%s", err_why());
	return err_because(e, "--key %s: %s", path, why);
}

/* Of keys of several logs, those of this one; otherwise all of them. */
static enum err
keys_given(const struct arguments *a, const struct log_files *log,
    struct trust_policy **out_policy)
{
	AUTO_DONE(bytes) keys = { 0 }, own = { 0 }, origin = { 0 };
	const char *path;

	for (size_t i = 0; (path = option_nth(a, "key", i)) != NULL; i++) {
		AUTO_DONE(bytes) key = { 0 };

		TRY(read_key(path, &key));
		bytes_put(&keys, bytes_view(&key));
		if (argument(a, 1) == NULL || log == NULL)
			continue;
		if (origin.len == 0)
			TRY(origin_of(log, &origin));
		if (view_starts(bytes_view(&key), bytes_text(&origin)))
			bytes_put(&own, bytes_view(&key));
	}
	TRY(bytes_check(&own));
	return trust_keys_get(bytes_view(own.len != 0 ? &own : &keys),
	    out_policy);
}

static enum err
keys_beside(const struct log_files *log, struct trust_policy **out_policy)
{
	AUTO_DONE(bytes) keys = { 0 };
	enum err e;

	TRY(log->read(log->arg, "log.vkey", TRUST_SIZE, &keys));
	e = log->read(log->arg, "log-ecdsa.vkey", TRUST_SIZE, &keys);
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	complain("the log's keys are those that lie beside it: compare them "
	    "with the ones you were given, or use --key or --policy");
	return trust_keys_get(bytes_view(&keys), out_policy);
}

static enum err
named(const struct arguments *a, const struct log_files *log,
    struct trust_policy **out_policy)
{
	const char *policy = option_value(a, "policy", NULL);

	if (policy != NULL && option_given(a, "key"))
		return err_because(ERR_SCHEMA, "--policy or --key, not both");
	if (policy != NULL) {
		TRY(trust_policy_read(policy, out_policy));
		if (option_given(a, "all-keys"))
			trust_want_all_keys(*out_policy);
		return ERR_OK;
	}
	if (option_given(a, "key"))
		return keys_given(a, log, out_policy);
	if (log == NULL)
		return err_because(ERR_NOT_FOUND,
		    "--policy or --key says whom to trust");
	return keys_beside(log, out_policy);
}

static enum err
take_rotated(const char *path, struct trust_policy *p)
{
	AUTO_DONE(bytes) receipt = { 0 };
	enum err e;

	TRY(file_read(path, RECEIPT_MAX, &receipt));
	e = rotation_take(p, bytes_view(&receipt));
	return e == ERR_OK ? ERR_OK : err_because(e, "%s: %s", path,
	    err_why());
}

enum err
trusted_rotated(const struct arguments *a, struct trust_policy *p)
{
	const char *path;

	for (size_t i = 0; (path = option_nth(a, "rotated", i)) != NULL; i++)
		TRY(take_rotated(path, p));
	return ERR_OK;
}

enum err
trusted(const struct arguments *a, const struct log_files *log,
    struct trust_policy **out_policy)
{
	AUTO(trust_policy) p = NULL;

	TRY(named(a, log, &p));
	TRY(trusted_rotated(a, p));
	if (log != NULL)
		TRY(rotation_follow(p, log));
	*out_policy = STEAL(p);
	return ERR_OK;
}
