/*
 * The officers' commands: a script is checked before anybody travels,
 * rehearsed on a throw-away token, and what came of a ceremony is verified
 * from its files alone. Next: ceremony/ceremony.h.
 */
#include "ceremony/ceremony.h"

#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/say.h"

static void
print_line(void *context, const char *text)
{
	(void)context;
	printf("%s\n", text);
	fflush(stdout);
}

static const struct ceremony_listener listener = { .line = print_line };

static void
print_root(const struct hash *root)
{
	AUTO_DONE(bytes) hex = { 0 };

	hex_put(&hex, VIEW_OF(root->at));
	printf("transcript %s\n", bytes_text(&hex));
}

int
ceremony_check_script(const struct arguments *a)
{
	enum err e = ceremony_check(argument(a, 0), &listener);

	return e == ERR_OK ? EXIT_DONE : complain_err("the script", e);
}

int
ceremony_rehearse_script(const struct arguments *a)
{
	struct rehearse_options o = {
		.script = argument(a, 0),
		.dir = argument(a, 1),
		.module = option_value(a, "module",
		    "/usr/lib/softhsm/libsofthsm2.so"),
		.listener = listener,
	};
	struct rehearse_result result = { 0 };
	enum err e = ceremony_rehearse(&o, &result);

	if (e != ERR_OK)
		return complain_err("the rehearsal", e);
	print_root(&result.root);
	return EXIT_DONE;
}

int
ceremony_verify_files(const struct arguments *a)
{
	const char *text = option_value(a, "root", NULL);
	AUTO_DONE(bytes) given = { 0 };
	struct hash root, expected;
	enum err e;

	if (text != NULL) {
		e = hex_get(view_text(text), &given);
		if (e != ERR_OK || given.len != sizeof(expected.at)) {
			complain("--root is 64 characters of 0-9 and a-f");
			return EXIT_USAGE;
		}
		memcpy(expected.at, given.at, sizeof(expected.at));
	}
	e = ceremony_verify(argument(a, 0), text != NULL ? &expected : NULL,
	    &listener, &root);
	if (e != ERR_OK)
		return complain_err("not verified", e);
	return EXIT_DONE;
}
