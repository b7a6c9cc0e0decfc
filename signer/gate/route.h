/*
 * Which request goes where: one table of method, path, listener and handler.
 */
#ifndef OKSE_SIGNER_GATE_ROUTE_H
#define OKSE_SIGNER_GATE_ROUTE_H

#include "signer/gate/gate.h"

/* Answers the call, or makes it pending. */
void route_call(struct gate *g, const struct call *call);

#endif
