/*
 * Removing what an archive keeps: the archive is verified where it lies, and
 * only entries that it covers are named to the daemon. Next:
 * signer/notary/prune.c.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "audit/verify.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/place.h"
#include "cli/say.h"
#include "cli/service.h"
#include "cli/trusted.h"

#define POLL_MS 100

static enum err
verify_archive(const struct arguments *a, struct verify_result *out)
{
	AUTO(place) place = NULL;
	AUTO(trust_policy) trust = NULL;
	struct verify_options options = { 0 };
	char path[PATH_MAX];

	TRY(path_join(argument(a, 0), "log", path, sizeof(path)));
	TRY(place_open(path, &place));
	TRY(trusted(a, place_files(place), &trust));
	options.trust = trust;
	return verify_with(place_files(place), &options, out);
}

/* The whole bundles that the archive covers, or fewer as was asked. */
static enum err
choose(const struct arguments *a, uint64_t size, uint64_t *out_min)
{
	const char *text = option_value(a, "min", NULL);
	struct reader r = reader_of(view_text(text != NULL ? text : "0"));
	uint64_t min = reader_decimal(&r, INT64_MAX);

	TRY(reader_end(&r, "--min"));
	if (min > size)
		return err_because(ERR_RANGE, "--min: the archive has %" PRIu64
		    " entries", size);
	*out_min = text != NULL ? min : size / TILE_WIDTH * TILE_WIDTH;
	return *out_min != 0 ? ERR_OK : err_because(ERR_RANGE,
	    "there is no whole bundle of %d entries", TILE_WIDTH);
}

static int
await_removal(const struct arguments *a)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };

	for (;;) {
		AUTO_DONE(answer) answer = { 0 };
		int status = service_ask(a, "GET", "/v1/log/minimum", &answer);
		const char *state;

		if (status != EXIT_DONE)
			return status;
		state = document_text(answer.document, "state");
		if (state != NULL && strcmp(state, "done") == 0) {
			printf("entries below %lld are gone, their hashes "
			    "stay\n", (long long)document_int(answer.document,
			    "minimum", 0));
			return EXIT_DONE;
		}
		nanosleep(&pause, NULL);
	}
}

int
audit_prune(const struct arguments *a)
{
	AUTO_DONE(answer) answer = { 0 };
	struct verify_result r = { 0 };
	char path[64];
	uint64_t min;
	int status;
	enum err e = verify_archive(a, &r);

	if (e != ERR_OK)
		return complain_err("the archive", e);
	if (r.verdict != VERIFY_VERIFIED) {
		AUTO_DONE(bytes) report = { 0 };

		verify_report(&r, &report);
		put_view(bytes_view(&report));
		complain("the archive does not verify: nothing is removed");
		return EXIT_FAILED;
	}
	if ((e = choose(a, r.size, &min)) != ERR_OK)
		return complain_err("the archive", e);
	snprintf(path, sizeof(path), "/v1/log/minimum/%" PRIu64, min);
	status = service_ask(a, "POST", path, &answer);
	return status == EXIT_DONE ? await_removal(a) : status;
}
