/*
 * Which request goes where: one table of method, path, listener and handler
 * (route.c), and the handlers by subject.
 */
#ifndef OKSE_SIGNER_GATE_ROUTE_H
#define OKSE_SIGNER_GATE_ROUTE_H

#include "credential/status_token.h"
#include "signer/gate/gate.h"

/* Answers the call, or makes it pending. */
void route_call(struct gate *g, const struct call *call);

/* How long the body of a request may be, once its head is known. */
size_t route_body_max(const struct http *http);

/* The visible ASCII of an Idempotency-Key, without its quotes. ERR_SYNTAX */
[[nodiscard]] enum err route_key(struct view field, struct view *out_key);
/* ERR_MEDIA_TYPE unless it is application/json in UTF-8. */
[[nodiscard]] enum err route_media(struct view field);

/* ---- route_issue.c */

void route_qr_token(struct gate *g, const struct call *call);
void route_qr_tokens(struct gate *g, const struct call *call);
void route_credential(struct gate *g, const struct call *call);
void route_status_change(struct gate *g, const struct call *call);
void route_decision(struct gate *g, const struct call *call);
void route_challenge(struct gate *g, const struct call *call);

/* ---- route_keys.c: who signs */

/* Reads the certificates: before the sandbox. */
[[nodiscard]] enum err route_keys_open(struct gate *g);
void route_keys(struct gate *g, const struct call *call);
void route_jwt_vc_issuer(struct gate *g, const struct call *call);
void route_issuer_metadata(struct gate *g, const struct call *call);

/* ---- route_public.c: the log */

/* Opens the log, and what route_keys.c needs: before the sandbox. */
[[nodiscard]] enum err route_open(struct gate *g);
void route_checkpoint(struct gate *g, const struct call *call);
void route_log_state(struct gate *g, const struct call *call);
void route_tile(struct gate *g, const struct call *call);
void route_proof(struct gate *g, const struct call *call);

/* ---- route_status.c */

void route_status_list(struct gate *g, const struct call *call);
/*
 * How much Accept wants a type, in thousandths (RFC 9110 12.5.1): the weight
 * of the range that fits best, 0 when none does.
 */
int route_weight(struct view accept, const char *type);
/* By the value of Accept; ERR_NOT_ACCEPTABLE. */
[[nodiscard]] enum err route_status_form(struct view accept,
    enum status_form *out_form);
/* Whether the client says that this is what it has (RFC 9110 13.2.2). */
bool route_has_it(const struct http *h, const struct shared *d);

/* ---- route_own.c: health, and the officers' */

void route_live(struct gate *g, const struct call *call);
void route_ready(struct gate *g, const struct call *call);
void route_metrics(struct gate *g, const struct call *call);
void route_seal_status(struct gate *g, const struct call *call);
void route_unseal(struct gate *g, const struct call *call);
void route_seal(struct gate *g, const struct call *call);
void route_act(struct gate *g, const struct call *call);
void route_clear_latch(struct gate *g, const struct call *call);
void route_policy(struct gate *g, const struct call *call);
void route_policy_change(struct gate *g, const struct call *call);
void route_registry(struct gate *g, const struct call *call);
void route_registry_stats(struct gate *g, const struct call *call);
void route_registry_backup(struct gate *g, const struct call *call);
void route_registry_repair(struct gate *g, const struct call *call);
void route_periods(struct gate *g, const struct call *call);
void route_period_close(struct gate *g, const struct call *call);
void route_minimum(struct gate *g, const struct call *call);
void route_minimum_set(struct gate *g, const struct call *call);
void route_orphans(struct gate *g, const struct call *call);
void route_orphans_from(struct gate *g, const struct call *call);
void route_orphans_close(struct gate *g, const struct call *call);
void route_device(struct gate *g, const struct call *call);

#endif
