/*
 * The allow-table of the internal messages. Both ends of every channel ask
 * it; see signer/proc.c.
 */
#include "signer/msg.h"

static const struct {
	unsigned int	type;
	unsigned int	from, to;	/* sets of roles */
	size_t		max;
} table[] = {
#define X(name, number, from, to, max) { number, from, to, max },
	MSG_TABLE(X)
#undef X
};

static const struct {
	enum role	 role;
	const char	*name;
} roles[] = {
	{ ROLE_SUPERVISOR, "supervisor" },
	{ ROLE_GATE, "gate" },
	{ ROLE_DESK, "desk" },
	{ ROLE_NOTARY, "notary" },
	{ ROLE_KEYHOLDER, "keyholder" },
	{ ROLE_COURIER, "courier" },
	{ ROLE_WITNESS, "witness" },
};

const char *
role_name(enum role r)
{
	for (size_t i = 0; i < COUNT(roles); i++)
		if (roles[i].role == r)
			return roles[i].name;
	return "nobody";
}

enum err
role_of(struct view name, enum role *out_role)
{
	for (size_t i = 0; i < COUNT(roles); i++) {
		if (!view_is(name, roles[i].name))
			continue;
		*out_role = roles[i].role;
		return ERR_OK;
	}
	return err_because(ERR_NOT_FOUND, "there is no such role");
}

/* A switch: two messages of one number do not compile. */
const char *
msg_name(unsigned int type)
{
	switch (type) {
#define X(name, number, from, to, max) case number: return #name;
	MSG_TABLE(X)
#undef X
	}
	return "unknown";
}

bool
msg_allowed(unsigned int type, enum role from, enum role to, size_t len)
{
	for (size_t i = 0; i < COUNT(table); i++)
		if (table[i].type == type)
			return (table[i].from & from) != 0 &&
			    (table[i].to & to) != 0 && len <= table[i].max;
	return false;
}
