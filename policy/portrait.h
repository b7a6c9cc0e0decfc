/* The portrait: a JPEG (ISO/IEC 10918-1), looked at but not decoded. */
#ifndef OKSE_POLICY_PORTRAIT_H
#define OKSE_POLICY_PORTRAIT_H

#include "base/bytes.h"

struct portrait {
	unsigned int	width, height;	/* in pixels */
};

/*
 * One picture from its first marker to its last, baseline, extended or
 * progressive, of one or three components. ERR_SYNTAX.
 */
[[nodiscard]] enum err portrait_read(struct view jpeg,
    struct portrait *out_portrait);

#endif
