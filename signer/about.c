/*
 * The program's and the ceremony's hashes. The files are those of the
 * installation; what is read of them is their bytes. Next: unseal.c, which
 * puts them into a statement, and notary/start.c, which logs them.
 */
#include "signer/about.h"

#include <string.h>

#include "base/file.h"

#define PROGRAM_MAX ((size_t)64 << 20)
#define TRANSCRIPT_MAX ((size_t)16 << 20)

enum err
about_program(struct hash *out)
{
	AUTO_DONE(bytes) binary = { 0 };

	TRY(file_read("/proc/self/exe", PROGRAM_MAX, &binary));
	*out = sha256(bytes_view(&binary));
	return ERR_OK;
}

enum err
about_ceremony(const char *transcript, struct hash *out)
{
	AUTO_DONE(bytes) text = { 0 }, root = { 0 };
	size_t digits = 2 * sizeof(out->at);
	struct view v;

	TRY(file_read(transcript, TRANSCRIPT_MAX, &text));
	v = bytes_view(&text);
	if (v.len < digits + 2 || v.at[v.len - 1] != '\n' ||
	    v.at[v.len - digits - 2] != '|' ||
	    hex_get(VIEW(v.at + v.len - digits - 1, digits), &root) != ERR_OK)
		return err_because(ERR_SYNTAX,
		    "%s: does not end in a record's hash", transcript);
	memcpy(out->at, root.at, sizeof(out->at));
	return ERR_OK;
}
