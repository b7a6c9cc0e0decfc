/*
 * Requests that wait for the notary and the keyholders. Their messages may
 * come in any order (a signature before the grant that explains it); the
 * answer is made when the last one is there.
 *
 * Part number f * keys + k of a grant is the credential in format f that is
 * bound to the request's key k, counted from 0.
 */
#ifndef OKSE_SIGNER_GATE_PENDING_H
#define OKSE_SIGNER_GATE_PENDING_H

#include "signer/gate/body.h"
#include "signer/gate/server.h"

struct pending;

enum pending_kind {
	PENDING_QR_TOKEN = 1,
	PENDING_CREDENTIAL,
	PENDING_STATUS_CHANGE,
	PENDING_DECISION,
	PENDING_CHALLENGE,
	PENDING_ADMIN,
};

/* Called exactly once for each pending_add(); takes the body over. */
typedef void (*pending_reply)(void *context, struct origin to,
    struct reply *r);

[[nodiscard]] enum err pending_new(size_t max, pending_reply reply,
    void *context, struct pending **out_pending);
void pending_free(struct pending *p);
AUTO_STRUCT(pending);

/*
 * asked is looked at for a QR token or credential only. ERR_FULL, ERR_MEMORY:
 * nothing is kept.
 */
[[nodiscard]] enum err pending_add(struct pending *p, const struct call *call,
    enum pending_kind kind, const struct asked *asked);
size_t pending_count(const struct pending *p);

/*
 * Bodies of ANSWER, GRANTED, DRAFT, FAILED, SIGNATURE and ADMIN_REPLY, as in
 * msg.txt. An id that nobody waits for is ignored. ERR_SYNTAX or ERR_SCHEMA
 * when the body is not of its kind; the request is then still waiting.
 */
[[nodiscard]] enum err pending_answer(struct pending *p, uint64_t id,
    struct view body);
[[nodiscard]] enum err pending_granted(struct pending *p, uint64_t id,
    struct view body);
[[nodiscard]] enum err pending_draft(struct pending *p, uint64_t id,
    struct view body);
[[nodiscard]] enum err pending_failed(struct pending *p, uint64_t id,
    struct view body);
[[nodiscard]] enum err pending_signature(struct pending *p, uint64_t id,
    struct view body);
[[nodiscard]] enum err pending_admin(struct pending *p, uint64_t id,
    struct view body);

/* Answers all with err and detail: the notary is gone. */
void pending_fail_all(struct pending *p, enum err e, const char *detail);
/* Answers those whose time is over: 503. */
void pending_sweep(struct pending *p, int64_t now);

#endif
