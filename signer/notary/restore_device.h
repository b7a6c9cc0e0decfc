/*
 * A holder's devices in a programme, brought together again from what logs
 * say of them. Where several nodes share a registry, each log tells a part:
 * what it says is put in its place in whatever order it comes, and once all
 * have told theirs the result is what there was. What is said of a device
 * that no log has told the beginning of yet is kept beside its name.
 */
#ifndef OKSE_SIGNER_NOTARY_RESTORE_DEVICE_H
#define OKSE_SIGNER_NOTARY_RESTORE_DEVICE_H

#include "signer/notary/registry.h"

struct restore_holder {
	struct registry	*registry;
	struct handle	 holder;
	struct view	 programme;
};

/*
 * All of them give the device as it is now. bound: the second that names it.
 * In a registry that nobody shares, ERR_NOT_FOUND and ERR_EXISTS when the log
 * says what cannot have been.
 */

/* It was bound: device, issued_at and administrative_expiry of *d count. */
[[nodiscard]] enum err restore_bound(const struct restore_holder *h,
    int64_t bound, struct registry_device *d);
/* device may be NULL: not told. */
[[nodiscard]] enum err restore_refreshed(const struct restore_holder *h,
    int64_t bound, const struct handle *device, int64_t at,
    struct registry_device *out_device);
[[nodiscard]] enum err restore_changed(const struct restore_holder *h,
    int64_t bound, const struct handle *device, enum device_state to,
    int64_t at, struct registry_device *out_device);

/* What status lists say of a device's credentials. */
enum status restore_status(enum device_state s);

#endif
