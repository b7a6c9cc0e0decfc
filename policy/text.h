/* What a text in a credential may be made of. */
#ifndef OKSE_POLICY_TEXT_H
#define OKSE_POLICY_TEXT_H

#include "base/bytes.h"

/*
 * Well-formed UTF-8 in normalization form C (Unicode 15, UAX 15), without
 * control characters and without those that turn the direction of what
 * follows. False as well when memory is short.
 */
bool text_clean(struct view utf8);
/* Nothing outside ISO/IEC 8859-1. */
bool text_latin(struct view utf8);

#endif
