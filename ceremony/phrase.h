/*
 * What a ceremony says and asks, in the language of the room. Records are in
 * the transcript's own words whatever is spoken, and so are the answers:
 * "absent", "no", "agree", "exception".
 */
#ifndef OKSE_CEREMONY_PHRASE_H
#define OKSE_CEREMONY_PHRASE_H

enum language { LANGUAGE_ENGLISH, LANGUAGE_KOREAN };

/*
 * The phrase in that language, with the same conversions in the same order; a
 * phrase that is not in the table comes back as it is.
 */
const char *phrase(enum language l, const char *english)
    __attribute__((format_arg(2)));

#endif
