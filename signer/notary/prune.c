/*
 * Removing old entry bundles. The officer is trusted to have archived them;
 * that a period was closed over them, and witnessed, is known here. Next:
 * batch.c, which stages the entry; upkeep.c; audit/verify_entries.c.
 */
#include "signer/notary/prune.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "signer/log.h"
#include "signer/notary/notary.h"

#define MEMORY "prune"		/* u64 min, u64 size */
#define STEP 2048		/* files in a pass */

enum err
prune_load(struct notary *n)
{
	AUTO_DONE(bytes) value = { 0 };
	enum err e = registry_meta_get(n->registry, MEMORY, &value);
	struct reader r = reader_of(bytes_view(&value));
	struct prune p = { .going = true };

	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	TRY(e);
	p.min = reader_u64(&r);
	p.size = reader_u64(&r);
	TRY(reader_end(&r, MEMORY));
	n->prune = p;
	return ERR_OK;
}

/* ---- asking */

enum err
prune_begin(struct notary *n, uint64_t min)
{
	struct prune *p = &n->prune;

	if (p->wanted != 0 || p->going)
		return err_because(ERR_IN_FLIGHT, "entries are being removed");
	if (min == 0 || min % TILE_WIDTH != 0 || min < p->min)
		return err_because(ERR_RANGE, "a minimum index is a multiple "
		    "of %d, and not below the last", TILE_WIDTH);
	if (min == p->min)
		return ERR_OK;
	if (!closed_covers(&n->closed, min))
		return err_because(ERR_NOT_FOUND, "no closed period%s reaches "
		    "so far", n->attest == NULL ? "" : " with its quorum");
	p->wanted = min;
	n->chores.due = true;
	return ERR_OK;
}

/* ---- the entry */

enum err
prune_stage(struct notary *n)
{
	AUTO_DONE(bytes) entry = { 0 }, value = { 0 };
	struct entry_common c;

	if (n->prune.wanted == 0)
		return ERR_OK;
	TRY(journal_next(n->journal, &c));
	TRY(entry_prune(&c, n->prune.wanted, &entry));
	TRY(journal_put(n->journal, bytes_view(&entry), NULL));
	bytes_put_u64(&value, n->prune.wanted);
	bytes_put_u64(&value, c.seq + 1);
	TRY(bytes_check(&value));
	return registry_meta_put(n->registry, MEMORY, bytes_view(&value));
}

enum err
prune_committed(struct notary *n)
{
	return n->prune.wanted == 0 ? ERR_OK : prune_load(n);
}

/* ---- removing */

/* From the first on: what is absent is the log's beginning at any time. */
static enum err
remove_bundle(const struct notary *n, uint64_t index)
{
	struct tile_id id = { TILE_ENTRIES, index, TILE_WIDTH };
	char name[TILE_PATH], path[PATH_MAX];

	TRY(path_join(n->config->log, tile_path(id, name), path,
	    sizeof(path)));
	return unlink(path) == 0 || errno == ENOENT ? ERR_OK :
	    err_system("%s: unlink", path);
}

enum err
prune_step(struct notary *n, bool *out_again)
{
	struct prune *p = &n->prune;

	*out_again = false;
	if (!p->going || journal_published(n->journal) < p->size)
		return ERR_OK;
	for (int i = 0; i < STEP && p->next < p->min / TILE_WIDTH; i++)
		TRY(remove_bundle(n, p->next++));
	*out_again = p->next < p->min / TILE_WIDTH;
	p->going = *out_again;
	if (!p->going)
		log_info("log: entries below %llu are gone",
		    (unsigned long long)p->min);
	return ERR_OK;
}

enum err
prune_put(const struct notary *n, struct bytes *out_json)
{
	const struct prune *p = &n->prune;
	struct json j = json_start(out_json);

	json_record(&j, NULL);
	json_int(&j, "minimum", (int64_t)p->min);
	json_c_text(&j, "state", p->wanted != 0 ? "recording" : !p->going ?
	    "done" : journal_published(n->journal) < p->size ? "publishing" :
	    "removing");
	json_close(&j);
	return json_end(&j);
}
