/*
 * Packets of messages on a SOCK_SEQPACKET socket (the form is in msg.h).
 */
#ifndef OKSE_SIGNER_PACKET_H
#define OKSE_SIGNER_PACKET_H

#include <sys/types.h>

#include "signer/msg.h"

/* The next message of a packet; false when it ends early. */
bool message_get(struct reader *r, struct msg *out);

void message_put(struct bytes *packet, enum msg_type type, uint64_t id,
    struct view body);

/*
 * Sends a whole packet, with a copy of the descriptor rides unless it is -1.
 * 1: sent, 0: the socket is full, -1: it is broken. Never blocks.
 */
int packet_send(int fd, struct view packet, int rides);
/*
 * Receives into MSG_PACKET bytes. Its length, 0 when there is none now, -1 at
 * the channel's end. *out_fd is the descriptor that rode along, or -1.
 */
ssize_t packet_receive(int fd, uint8_t *packet, int *out_fd);

/*
 * What waits to leave on one socket: messages gathered into few packets. All
 * zero is empty.
 */
struct outbox {
	struct packet	*first, *last;
	size_t		 backlog;	/* bytes */
};

void outbox_done(struct outbox *o);
/* A descriptor (or -1) stays the caller's; a copy rides with the message. */
[[nodiscard]] enum err outbox_put(struct outbox *o, enum msg_type type,
    uint64_t id, struct view body, int fd);
/* 1: all is sent, 0: the socket is full, -1: it is broken. */
int outbox_flush(struct outbox *o, int socket);

/*
 * One message alone, without a loop: how a child gets its configuration
 * before it can have one. Receiving waits for at most timeout_ms.
 */
[[nodiscard]] enum err packet_send_first(int fd, enum msg_type type,
    struct view body);
[[nodiscard]] enum err packet_receive_first(int fd, enum msg_type type,
    int timeout_ms, struct bytes *out_body);

#endif
