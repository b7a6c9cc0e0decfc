/*
 * The manifest's text, both ways. When manifest_get() is called officers have
 * vouched for it, but what they vouched for can still be wrong. Next:
 * bundle.c.
 */
#include "policy/manifest.h"

#include <inttypes.h>
#include <string.h>

#include "policy/yaml.h"

#define NUMBER_MAX ((UINT64_C(1) << 53) - 1)	/* what the log can hold */
#define SUFFIX ".yaml"

bool
manifest_name_fits(struct view name)
{
	size_t suffix = sizeof(SUFFIX) - 1;

	if (name.len <= suffix || name.len > MANIFEST_NAME ||
	    strchr("-_.", name.at[0]) != NULL ||
	    !view_is(VIEW(name.at + name.len - suffix, suffix), SUFFIX))
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (name.at[i] == '\0' || strchr("abcdefghijklmnopqrstuvwxyz"
		    "0123456789-_.", name.at[i]) == NULL)
			return false;
	return true;
}

/* ---- reading */

static int64_t
get_time(struct reader *r)
{
	int64_t at = 0;

	if (instant_get(reader_until(r, '\n'), &at) != ERR_OK)
		r->failed = true;
	return at;
}

static void
get_head(struct reader *r, struct manifest *m)
{
	reader_text(r, MANIFEST_DOMAIN "\nserial ");
	m->serial = (int64_t)reader_decimal(r, NUMBER_MAX);
	reader_text(r, "\nnot-before ");
	m->not_before = get_time(r);
	reader_text(r, "expires ");
	m->expires = get_time(r);
	reader_text(r, "program ");
	m->program = reader_decimal(r, NUMBER_MAX);
	reader_text(r, "\n");
}

static void
get_hash(struct reader *r, struct hash *out)
{
	AUTO_DONE(bytes) raw = { 0 };
	struct view text = reader_until(r, ' ');

	if (text.len != 2 * sizeof(out->at) || hex_get(text, &raw) != ERR_OK) {
		r->failed = true;
		return;
	}
	memcpy(out->at, raw.at, sizeof(out->at));
}

static void
get_file(struct reader *r, struct manifest_file *f)
{
	struct view name;

	reader_text(r, "file ");
	f->length = reader_decimal(r, YAML_FILE_SIZE);
	reader_text(r, " ");
	get_hash(r, &f->hash);
	name = reader_until(r, '\n');
	if (r->failed || !manifest_name_fits(name)) {
		r->failed = true;
		return;
	}
	memcpy(f->name, name.at, name.len);
}

static enum err
get_files(struct reader *r, struct manifest *m)
{
	while (r->rest.len != 0) {
		struct manifest_file *f = &m->files[m->count];

		if (m->count == MANIFEST_FILES)
			return err_because(ERR_SYNTAX,
			    "manifest: more than %d files", MANIFEST_FILES);
		get_file(r, f);
		if (r->failed)
			return err_because(ERR_SYNTAX, "manifest: file %zu: "
			    "wanted \"file\", length, SHA-256 and name",
			    m->count + 1);
		if (m->count != 0 && strcmp(f->name, f[-1].name) <= 0)
			return err_because(ERR_SYNTAX, "manifest: file %zu: "
			    "wanted names once, in byte order", m->count + 1);
		m->count++;
	}
	if (m->count == 0)
		return err_because(ERR_SYNTAX, "manifest: no files");
	return ERR_OK;
}

enum err
manifest_get(struct view text, struct manifest *out)
{
	struct reader r = reader_of(text);
	struct manifest m = { 0 };
	AUTO_DONE(bytes) again = { 0 };

	get_head(&r, &m);
	if (r.failed || m.serial == 0)
		return err_because(ERR_SYNTAX, "manifest: wanted lines \""
		    MANIFEST_DOMAIN "\", serial, not-before, expires and "
		    "program");
	TRY(get_files(&r, &m));
	TRY(manifest_put(&m, &again));
	if (!view_equal(bytes_view(&again), text))
		return err_because(ERR_SYNTAX,
		    "a manifest that is not in its one form");
	if (m.expires <= m.not_before)
		return err_because(ERR_RANGE,
		    "manifest: it expires before it counts");
	*out = m;
	return ERR_OK;
}

/* ---- writing */

enum err
manifest_put(const struct manifest *m, struct bytes *out)
{
	bytes_printf(out, MANIFEST_DOMAIN "\nserial %" PRId64 "\nnot-before ",
	    m->serial);
	instant_put(out, m->not_before);
	bytes_put_text(out, "\nexpires ");
	instant_put(out, m->expires);
	bytes_printf(out, "\nprogram %" PRIu64 "\n", m->program);
	for (size_t i = 0; i < m->count; i++) {
		const struct manifest_file *f = &m->files[i];

		bytes_printf(out, "file %" PRIu64 " ", f->length);
		hex_put(out, VIEW_OF(f->hash.at));
		bytes_printf(out, " %s\n", f->name);
	}
	return bytes_check(out);
}
