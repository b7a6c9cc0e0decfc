/*
 * Packets on a SOCK_SEQPACKET socket, with or without a descriptor, and the
 * messages in them. What is received is not trusted; signer/proc.c dispatches
 * it.
 */
#include "signer/packet.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/file.h"

#define PACKET_GATHER (48 * 1024)	/* packets are closed beyond this */

struct packet {
	struct packet	*next;
	struct bytes	 bytes;
	int		 fd;		/* rides along, or -1 */
};

void
message_put(struct bytes *b, enum msg_type type, uint64_t id,
    struct view body)
{
	bytes_put_u16(b, (uint16_t)type);
	bytes_put_u64(b, id);
	bytes_put_block(b, body);
}

bool
message_get(struct reader *r, struct msg *out)
{
	out->type = (enum msg_type)reader_u16(r);
	out->id = reader_u64(r);
	out->body = reader_block(r, MSG_PACKET);
	return !r->failed;
}

int
packet_send(int fd, struct view packet, int rides)
{
	/* sendmsg() only reads what it is given */
	struct iovec iov = { (void *)(uintptr_t)packet.at, packet.len };
	union {
		struct cmsghdr	align;
		char		at[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (rides != -1) {
		struct cmsghdr *c;

		m.msg_control = control.at;
		m.msg_controllen = sizeof(control.at);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &rides, sizeof(int));
	}
	if (sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) != -1)
		return 1;
	return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ? 0 : -1;
}

/* Takes the descriptor out of the control data, or -1. */
static int
received_fd(struct msghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	int fd = -1;

	if (c != NULL && c->cmsg_level == SOL_SOCKET &&
	    c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(c), sizeof(int));
	return fd;
}

ssize_t
packet_receive(int fd, uint8_t *packet, int *out_fd)
{
	struct iovec iov = { packet, MSG_PACKET };
	union {
		struct cmsghdr	align;
		char		at[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr m = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.at,
		.msg_controllen = sizeof(control.at),
	};
	ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n == -1)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	*out_fd = received_fd(&m);
	if (n == 0 || (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
		return -1;
	return n;
}

/* ---- what waits to leave */

static void
packet_free(struct packet *packet)
{
	fd_close(&packet->fd);
	bytes_done(&packet->bytes);
	mem_free(packet);
}

static struct packet *
outbox_pop(struct outbox *o)
{
	struct packet *packet = o->first;

	o->backlog -= packet->bytes.len;
	if ((o->first = packet->next) == NULL)
		o->last = NULL;
	return packet;
}

void
outbox_done(struct outbox *o)
{
	while (o->first != NULL)
		packet_free(outbox_pop(o));
}

static struct packet *
add_packet(struct outbox *o)
{
	struct packet *packet = mem_new(1, sizeof(*packet));

	if (packet == NULL)
		return NULL;
	packet->fd = -1;
	packet->bytes.max = MSG_PACKET;
	bytes_put_u8(&packet->bytes, MSG_VERSION);
	o->backlog += packet->bytes.len;
	if (o->last != NULL)
		o->last->next = packet;
	else
		o->first = packet;
	o->last = packet;
	return packet;
}

/* The packet for a message; a descriptor travels in one of its own. */
static struct packet *
packet_for(struct outbox *o, size_t len, int fd)
{
	struct packet *last = o->last;

	if (fd == -1 && last != NULL && last->fd == -1 &&
	    last->bytes.len + MSG_HEAD + len <= PACKET_GATHER)
		return last;
	return add_packet(o);
}

enum err
outbox_put(struct outbox *o, enum msg_type type, uint64_t id,
    struct view body, int fd)
{
	struct packet *packet = packet_for(o, body.len, fd);
	size_t before;

	if (packet == NULL)
		return err_because(ERR_MEMORY, "a packet");
	before = packet->bytes.len;
	if (fd != -1 &&
	    (packet->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0)) == -1)
		return err_system("a descriptor for %s", msg_name(type));
	message_put(&packet->bytes, type, id, body);
	o->backlog += packet->bytes.len - before;
	return bytes_check(&packet->bytes);
}

int
outbox_flush(struct outbox *o, int socket)
{
	while (o->first != NULL) {
		int sent = packet_send(socket, bytes_view(&o->first->bytes),
		    o->first->fd);

		if (sent != 1)
			return sent;
		packet_free(outbox_pop(o));
	}
	return 1;
}

/* ---- before there is a loop */

enum err
packet_send_first(int fd, enum msg_type type, struct view body)
{
	AUTO_DONE(bytes) bytes = { .max = MSG_PACKET };

	bytes_put_u8(&bytes, MSG_VERSION);
	message_put(&bytes, type, 0, body);
	TRY(bytes_check(&bytes));
	if (packet_send(fd, bytes_view(&bytes), -1) != 1)
		return err_system("first message");
	return ERR_OK;
}

enum err
packet_receive_first(int fd, enum msg_type type, int timeout_ms,
    struct bytes *out_body)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	AUTO_DONE(bytes) packet = { .max = MSG_PACKET };
	AUTO_FD rides = -1;
	struct reader r;
	struct msg m;
	ssize_t n;

	if (poll(&p, 1, timeout_ms) != 1 ||
	    bytes_grow(&packet, MSG_PACKET) == NULL ||
	    (n = packet_receive(fd, packet.at, &rides)) <= 0)
		return err_because(ERR_UNAVAILABLE, "no first message came");
	r = reader_of(VIEW(packet.at, (size_t)n));
	if (reader_u8(&r) != MSG_VERSION || !message_get(&r, &m) ||
	    m.type != type)
		return err_because(ERR_SYNTAX, "wanted %s as first message",
		    msg_name(type));
	bytes_put(out_body, m.body);
	return bytes_check(out_body);
}
