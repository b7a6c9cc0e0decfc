/*
 * What processes say to each other: SOCK_SEQPACKET pairs, one packet holding
 * any number of messages.
 *
 *	packet	u8 version (MSG_VERSION), messages
 *	message	u16 type, u64 id, u32 length, body
 *
 * MSG_TABLE is the allow-table of both sides: name, number, who may send it,
 * who may receive it, longest body. Sending or receiving anything else ends
 * the channel. Bodies are described in signer/msg.txt. id is the request's,
 * chosen by the gate, or 0.
 */
#ifndef OKSE_SIGNER_MSG_H
#define OKSE_SIGNER_MSG_H

#include "base/bytes.h"

enum role {
	ROLE_SUPERVISOR = 1,
	ROLE_GATE = 2,		/* the clients' sockets */
	ROLE_DESK = 4,		/* a second gate: the officers' socket only */
	ROLE_NOTARY = 8,
	ROLE_KEYHOLDER = 16,
	ROLE_COURIER = 32,	/* alone may connect to anything outside */
	ROLE_WITNESS = 64,	/* of other logs: `okse audit witness` */
};
#define ROLE_CHILD                                                            \
	(ROLE_GATE | ROLE_DESK | ROLE_NOTARY | ROLE_KEYHOLDER | ROLE_COURIER)

const char *role_name(enum role r);
[[nodiscard]] enum err role_of(struct view name, enum role *out_role);

#define MSG_VERSION 1
#define MSG_HEAD 14
#define MSG_PACKET (160 * 1024)		/* longest packet */
#define MSG_LONG (128 * 1024)

#define MSG_TABLE(X)                                                          \
	/* supervisor to its children */                                      \
	X(CONFIG, 1, ROLE_SUPERVISOR, ROLE_CHILD, MSG_LONG)                   \
	X(ATTACH, 2, ROLE_SUPERVISOR, ROLE_CHILD, 8)             /* + fd */   \
	X(LISTEN, 3, ROLE_SUPERVISOR, ROLE_GATE | ROLE_DESK, 8)  /* + fd */   \
	X(STATE, 4, ROLE_SUPERVISOR, ROLE_GATE | ROLE_DESK, 256)              \
	X(LOGIN, 5, ROLE_SUPERVISOR, ROLE_KEYHOLDER, 256)                     \
	X(PING, 6, ROLE_SUPERVISOR, ROLE_CHILD, 0)                            \
	X(OPEN, 7, ROLE_SUPERVISOR, ROLE_NOTARY, 256)                         \
	X(CLOSE, 8, ROLE_SUPERVISOR, ROLE_NOTARY, 0)                          \
	X(RECORD, 9, ROLE_SUPERVISOR, ROLE_NOTARY, 1024)                      \
	X(ADMIN_REPLY, 10, ROLE_SUPERVISOR, ROLE_DESK, 65536)                 \
	X(CALL, 11, ROLE_SUPERVISOR, ROLE_NOTARY, 4096)                       \
	X(ASK_WITNESSES, 12, ROLE_SUPERVISOR, ROLE_NOTARY, 0)                 \
	/* children to their supervisor */                                    \
	X(READY, 20, ROLE_CHILD, ROLE_SUPERVISOR, 64)                         \
	X(PONG, 21, ROLE_CHILD, ROLE_SUPERVISOR, 64)                          \
	X(LOGGED_IN, 22, ROLE_KEYHOLDER, ROLE_SUPERVISOR, 1024)               \
	X(RECORDED, 23, ROLE_NOTARY, ROLE_SUPERVISOR, 64)                     \
	X(BREACH, 24, ROLE_CHILD, ROLE_SUPERVISOR, 64)                        \
	X(ADMIN, 25, ROLE_DESK, ROLE_SUPERVISOR, 4096)                        \
	X(CALL_REPLY, 26, ROLE_NOTARY, ROLE_SUPERVISOR, 65536)                \
	X(HOLD, 27, ROLE_NOTARY, ROLE_SUPERVISOR | ROLE_GATE, 2048)           \
	X(WITNESSES_SAY, 28, ROLE_NOTARY, ROLE_SUPERVISOR, 1024)              \
	X(LOG_STATE, 29, ROLE_NOTARY, ROLE_SUPERVISOR | ROLE_GATE, 32768)     \
	/* the way of a request */                                            \
	X(REQUEST, 40, ROLE_GATE, ROLE_NOTARY, MSG_LONG)                      \
	X(CHALLENGE, 41, ROLE_GATE, ROLE_NOTARY, 256)                         \
	X(COUNTS, 42, ROLE_GATE | ROLE_SUPERVISOR, ROLE_NOTARY, 256)          \
	X(ANSWER, 50, ROLE_NOTARY, ROLE_GATE, MSG_LONG)                       \
	X(GRANTED, 51, ROLE_NOTARY, ROLE_GATE, MSG_LONG)                      \
	X(FAILED, 52, ROLE_NOTARY, ROLE_GATE, 1024)                           \
	X(HEALTH, 53, ROLE_NOTARY, ROLE_GATE, 8)                              \
	X(DRAFT, 54, ROLE_NOTARY, ROLE_GATE, MSG_LONG)                        \
	X(METADATA, 55, ROLE_NOTARY, ROLE_GATE, MSG_LONG)                     \
	X(TICKET, 60, ROLE_NOTARY, ROLE_KEYHOLDER, MSG_LONG)   /* + fd */     \
	X(CHECKPOINT, 61, ROLE_NOTARY, ROLE_KEYHOLDER, 1024)                  \
	X(SIGNATURE, 70, ROLE_KEYHOLDER, ROLE_GATE, 8192)                     \
	X(DONE, 71, ROLE_KEYHOLDER, ROLE_NOTARY, 1024)                        \
	X(COSIGNED, 72, ROLE_KEYHOLDER, ROLE_NOTARY, 1024)                    \
	/* to the log's witnesses and back */                                 \
	X(ERRAND, 75, ROLE_NOTARY, ROLE_COURIER, MSG_LONG)                    \
	X(RETURNED, 76, ROLE_COURIER, ROLE_NOTARY, MSG_LONG)                  \
	/* Prometheus text, for /metrics */                                   \
	X(METRICS, 80, ROLE_SUPERVISOR | ROLE_NOTARY | ROLE_KEYHOLDER,        \
	    ROLE_GATE, 32768)

enum msg_type {
#define X(name, number, from, to, max) MSG_##name = number,
	MSG_TABLE(X)
#undef X
};

const char *msg_name(unsigned int type);
/* Whether from may send type to to with a body of that length. */
bool msg_allowed(unsigned int type, enum role from, enum role to, size_t len);

struct msg {
	enum msg_type	type;
	uint64_t	id;
	struct view	body;	/* valid during the handler */
	int		fd;	/* -1, or owned by the handler */
};

#endif
