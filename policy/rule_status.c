/*
 * The rule of status changes: a device goes from one state to another by an
 * action, for a reason that the policy lists. Which actions lead where is the
 * programme's promise and the same for every policy (docs/devices.md); who
 * may take them, and why, is the policy's. Next: rule_validity.c.
 */
#include "policy/rule.h"

struct status_change {
	struct rule	rule;
	YAML_ARRAY(const char *) suspend, reinstate, revoke;
};

#define REASONS(key, member)                                                  \
	YAML_FIELD(key, struct status_change, member,                         \
	    &YAML_LIST_OF(1, 32, &YAML_TYPE(.shape = YAML_NAME)),             \
	    .optional = true)

static const struct yaml_field status_change_fields[] = {
	REASONS("suspend", suspend),
	REASONS("reinstate", reinstate),
	REASONS("revoke", revoke),
	{ 0 },
};

static bool
lists(const char *const *names, size_t count, struct view reason)
{
	for (size_t i = 0; i < count; i++)
		if (view_is(reason, names[i]))
			return true;
	return false;
}

static bool
is_permitted(const struct status_change *r, enum action a,
    struct view reason)
{
	switch (a) {
	case ACTION_SUSPEND:
		return lists(r->suspend.at, r->suspend.count, reason);
	case ACTION_REINSTATE:
		return lists(r->reinstate.at, r->reinstate.count, reason);
	case ACTION_REVOKE:
		return lists(r->revoke.at, r->revoke.count, reason);
	}
	return false;
}

bool
rule_lists_change(const struct rule *rule, enum action a, struct view reason)
{
	return rule_kind(rule) == &rule_status_change &&
	    is_permitted((const struct status_change *)rule, a, reason);
}

static void
note_state(struct note *n, enum action a, enum device_state state)
{
	note_text(n, action_name(a));
	note_text(n, " is for a device that is ");
	note_text(n, a == ACTION_SUSPEND ? "active" :
	    a == ACTION_REINSTATE ? "suspended" : "active or suspended");
	note_text(n, state == DEVICE_NONE ? "; the holder has none" :
	    "; the holder's is ");
	if (state != DEVICE_NONE)
		note_text(n, device_state_name(state));
}

static enum outcome
judge_status_change(const struct rule *rule, const struct scene *s,
    struct note *n)
{
	const struct status_change *r = (const struct status_change *)rule;
	const struct asked *a = s->asked;
	enum device_state state = facts_device_state(s->facts);

	if (a->operation != OPERATION_STATUS_CHANGE) {
		note_text(n, "no status is changed");
		return OUTCOME_NOT_APPLICABLE;
	}
	note_state(n, a->action, state);
	if (s->facts->other_device)
		note_text(n, ", and not the device that was named");
	note_text(n, "; reason: ");
	note_view(n, a->reason);
	if (!is_permitted(r, a->action, a->reason)) {
		note_text(n, a->reason.len == 0 ? "none given; it needs one" :
		    " is not a permitted one");
		return OUTCOME_FAIL;
	}
	return outcome_of(action_fits(a->action, state) &&
	    !s->facts->other_device);
}

const struct rule_kind rule_status_change = {
	{ "status-change", sizeof(struct status_change),
	    status_change_fields },
	.tells_state = true,
	.judge = judge_status_change,
};
