/*
 * Inside the policy: judging a scene, for decide.c, where it is seen, and for
 * seen.c, where it is judged again from what was seen.
 */
#ifndef OKSE_POLICY_JUDGE_H
#define OKSE_POLICY_JUDGE_H

#include "policy/rule.h"

/* What observe() gave for one rule. */
struct sight {
	bool	made;		/* the rule has one, and was judged */
	int64_t	value;
};

/*
 * Of each rule of the programme in the order it was written, behind the
 * offer, which no policy can leave out.
 */
struct judged {
	struct rule_result	*results;
	struct sight		*sights;
	struct note		*notes;	/* NULL: nobody reads them */
	bool			 given;	/* sights are, and not made */
	bool			 blind;	/* … one is missing that is needed */
};

/* Whether all of it allows. The scene's terms and entitlement are set. */
bool judge_scene(struct scene *s, struct judged *j);

/* The offer alone, refused: there is no such programme, or no time. */
void judge_nothing(struct judged *j, const char *why);

#endif
