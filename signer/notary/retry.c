/*
 * Idempotency. A key stands for one request of one caller: the same again is
 * served from what was decided then, another one is refused. Refusals are not
 * kept: asking again is a new decision. Next: facts.c, or ticket.c.
 */
#include <inttypes.h>
#include <string.h>

#include "signer/notary/issue.h"
#include "signer/notary/restore.h"

/*
 * Its drafts name that node's certificate and were signed by its token: what
 * could be made here would be another content.
 */
static enum err
decided_elsewhere(struct notary *n, int64_t node)
{
	char origin[REGISTRY_ORIGIN + 1];

	TRY(registry_node_origin(n->registry, node, origin));
	return err_because(ERR_EXISTS, "the first request with this "
	    "Idempotency-Key was decided by %s: ask there", origin);
}

static enum err
judge(struct notary *n, const struct issue *issue)
{
	const struct registry_idem *before = &issue->before;

	if (restore_is_closed(before))
		return err_because(ERR_EXISTS, "decided at index %" PRIu64
		    " of the log, before the registry was repaired; its "
		    "answer cannot be made again: %s", before->index,
		    before->status.list != 0 ? "ask for a reissue" :
		    "use a new key");
	if (memcmp(&before->fingerprint, &issue->fingerprint,
	    sizeof(issue->fingerprint)) != 0)
		return err_because(ERR_MISMATCH,
		    "this Idempotency-Key was used for another request");
	if (before->node != registry_own_node(n->registry))
		return decided_elsewhere(n, before->node);
	if (outstanding_find(&n->outstanding, before->index) != NULL)
		return err_because(ERR_IN_FLIGHT,
		    "the first request with this Idempotency-Key is still "
		    "being served");
	return ERR_OK;
}

enum err
retry_find(struct notary *n, const struct request *r,
    struct issue *out_issue)
{
	const struct asked *asked = request_asked(r);
	struct issue issue = { 0 };
	enum err e = ERR_NOT_FOUND;

	issue.id = pseudonym_retry(n->keys, asked->caller,
	    asked->idempotency_key);
	if (!asked->dry_run) {
		issue.fingerprint = pseudonym_request(n->keys,
		    request_frame(r));
		e = registry_idem_find(n->registry, &issue.id,
		    &issue.before);
	}
	if (e == ERR_OK) {
		TRY(judge(n, &issue));
		issue.retried = true;
		issue.seed = issue.before.seed;
		issue.status = issue.before.status;
	} else if (e == ERR_NOT_FOUND) {
		TRY(random_bytes(issue.seed.at, sizeof(issue.seed.at)));
	} else {
		return e;
	}
	*out_issue = issue;
	return ERR_OK;
}
