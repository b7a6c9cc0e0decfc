/*
 * What anybody who may connect may read of the published log, from a
 * directory opened before the lock. Paths come from clients: they are read
 * into numbers and names are made from those again.
 */
#include "signer/gate/route.h"

#include <fcntl.h>

#include "audit/publish.h"
#include "audit/receipt.h"
#include "audit/tile.h"
#include "base/file.h"

#define CHECKPOINT "checkpoint"
#define IMMUTABLE "public, max-age=31536000, immutable"
#define PATH_LOG "/v1/log/"
#define PATH_PROOFS "/v1/log/proofs/"

enum err
route_open(struct gate *g)
{
	TRY(route_keys_open(g));
	TRY(dir_make(g->config->log, 0755));
	g->log = open(g->config->log, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (g->log == -1)
		return err_system("%s", g->config->log);
	return ERR_OK;
}

static void
give(struct gate *g, const struct call *call, const char *type,
    const char *cache, struct bytes *body)
{
	struct reply r = { .status = 200, .type = type, .cache = cache };

	r.body = *body;
	*body = (struct bytes){ 0 };
	server_reply(g->server, call->origin, &r);
}

void
route_checkpoint(struct gate *g, const struct call *call)
{
	AUTO_DONE(bytes) note = { 0 };
	enum err e = file_read_at(g->log, CHECKPOINT, NOTE_MAX, &note);

	if (e != ERR_OK)
		gate_refuse(g, call, e, "there is no checkpoint yet");
	else
		give(g, call, "text/plain; charset=utf-8", "no-cache", &note);
}

void
route_log_state(struct gate *g, const struct call *call)
{
	AUTO_DONE(bytes) body = { 0 };

	if (g->log_state.len == 0) {
		gate_refuse(g, call, ERR_UNAVAILABLE,
		    "the notary has not told yet");
		return;
	}
	bytes_put(&body, bytes_view(&g->log_state));
	give(g, call, REPLY_JSON, "no-cache", &body);
}

void
route_tile(struct gate *g, const struct call *call)
{
	struct view path = http_target(call->http);
	size_t skip = sizeof(PATH_LOG) - 1;
	AUTO_DONE(bytes) tile = { 0 };
	char name[TILE_PATH];
	struct tile_id id;
	enum err e;

	e = tile_path_get(VIEW(path.at + skip, path.len - skip), &id);
	if (e != ERR_OK) {
		gate_refuse(g, call, ERR_NOT_FOUND,
		    "not the path of a tile (C2SP tlog-tiles)");
		return;
	}
	e = file_read_at(g->log, tile_path(id, name), TILE_BUNDLE_MAX, &tile);
	if (e != ERR_OK)
		gate_refuse(g, call, e, "the log has no such tile");
	else
		give(g, call, "application/octet-stream",
		    id.width == TILE_WIDTH ? IMMUTABLE : NULL, &tile);
}

/* Decimal, without leading zeros. */
static bool
get_index(struct view text, uint64_t *out)
{
	uint64_t n = 0;

	if (text.len == 0 || text.len > 18 ||
	    (text.len > 1 && text.at[0] == '0'))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(text.at[i] - '0');
	}
	*out = n;
	return true;
}

static enum err
build_proof(struct gate *g, uint64_t index, struct bytes *out)
{
	struct tile_source source = tile_source_dir(&g->log);
	AUTO_DONE(bytes) note = { 0 };

	TRY(file_read_at(g->log, CHECKPOINT, NOTE_MAX, &note));
	return receipt_build(&source, index, bytes_view(&note), out);
}

void
route_proof(struct gate *g, const struct call *call)
{
	struct view path = http_target(call->http);
	size_t skip = sizeof(PATH_PROOFS) - 1;
	AUTO_DONE(bytes) proof = { 0 };
	uint64_t index;
	enum err e;

	if (!get_index(VIEW(path.at + skip, path.len - skip), &index)) {
		gate_refuse(g, call, ERR_NOT_FOUND,
		    "an index is a decimal number");
		return;
	}
	e = build_proof(g, index, &proof);
	if (e == ERR_RANGE || e == ERR_NOT_FOUND)
		gate_refuse(g, call, ERR_NOT_FOUND,
		    "no checkpoint covers this index yet");
	else if (e != ERR_OK)
		gate_refuse(g, call, e, err_why());
	else
		give(g, call, "text/plain; charset=utf-8", NULL, &proof);
}
