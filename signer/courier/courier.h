/*
 * The courier: alone in the daemon it may connect to anything outside. It
 * carries the notary's requests to the log's witnesses and their answers
 * back, and understands neither: no key, no file, no state.
 */
#ifndef OKSE_SIGNER_COURIER_COURIER_H
#define OKSE_SIGNER_COURIER_COURIER_H

#include "base/bytes.h"

enum errand {
	ERRAND_ADD = 1,		/* POST <prefix>/add-checkpoint */
	ERRAND_LOOK,		/* GET <prefix>/<origin hash>/checkpoint */
};

#define ERRAND_ANSWER_MAX 65536

#endif
