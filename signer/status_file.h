/* Where status lists lie in the published directory: one file a form. */
#ifndef OKSE_SIGNER_STATUS_FILE_H
#define OKSE_SIGNER_STATUS_FILE_H

#include "credential/status_token.h"

#define STATUS_DIR "status-lists"
#define STATUS_FILE 48		/* with the final NUL */

/* "status-lists/7.jwt", "status-lists/7.cwt" */
const char *status_file(int64_t list, enum status_form form,
    char out[STATUS_FILE]);

#endif
