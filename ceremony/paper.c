/*
 * What everybody brings on paper of their own: the hashes that a ceremony by
 * this script will show. Made on a machine of the reader's, by a program that
 * they built, or it is worth nothing. Next: attend_open.c asks for them.
 */
#include <limits.h>

#include "base/file.h"
#include "ceremony/steps.h"
#include "quorum/words.h"

static void
put(const struct ceremony_listener *l, const char *what,
    const struct hash *h)
{
	ceremony_tell(l, "%s", what);
	for (size_t i = 0; i < HASH_LINES; i++) {
		AUTO_DONE(bytes) line = { 0 };

		hash_line(h, i, &line);
		ceremony_tell(l, "    %s", bytes_text(&line));
	}
}

static enum err
hash_roster(const struct script *s, struct hash *out)
{
	AUTO_DONE(participants) p = { 0 };
	AUTO_DONE(bytes) text = { 0 };

	participants_of(s, &p);
	TRY(participants_keys(s, &p));
	TRY(participants_roster(s, &p, &text));
	*out = sha256(bytes_view(&text));
	return ERR_OK;
}

static enum err
hash_register(const char *dir, struct hash *out)
{
	char path[PATH_MAX];

	TRY(path_join(dir, "ceremony/register.txt", path, sizeof(path)));
	return ceremony_program_hash(path, out);
}

enum err
ceremony_paper(const struct ceremony_options *o)
{
	AUTO_DONE(bytes) text = { 0 };
	AUTO(script) s = NULL;
	struct ceremony_hashes h;

	TRY(file_read(o->script, YAML_FILE_SIZE, &text));
	TRY(script_parse(o->script, bytes_view(&text), &s));
	TRY(steps_check(s));
	h.script = sha256(bytes_view(&text));
	TRY(ceremony_program_hash("/proc/self/exe", &h.program));
	TRY(ceremony_program_hash(o->module, &h.module));
	TRY(hash_roster(s, &h.roster));
	if (o->previous != NULL)
		TRY(hash_register(o->previous, &h.previous));
	if (o->node != NULL)
		TRY(hash_register(o->node, &h.node));
	put(&o->listener, "script", &h.script);
	put(&o->listener, "program", &h.program);
	put(&o->listener, "module", &h.module);
	put(&o->listener, "roster", &h.roster);
	if (o->previous != NULL)
		put(&o->listener, "register", &h.previous);
	if (o->node != NULL)
		put(&o->listener, "node", &h.node);
	return ERR_OK;
}
