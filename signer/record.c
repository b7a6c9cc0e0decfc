/*
 * What the supervisor wants in the log. It keeps each request until the
 * notary says that the entry is durable, and asks a new notary again: an
 * opening may be recorded twice, but never not at all.
 */
#include "signer/supervisor.h"

#include <stdarg.h>

#include "signer/log.h"

static void
send_one(struct supervisor *s, const struct unrecorded *u)
{
	peer_send(proc_peer(s->proc, ROLE_NOTARY, 0), MSG_RECORD, u->id,
	    bytes_view(&u->body));
}

static uint16_t
count_pairs(va_list ap)
{
	uint16_t count = 0;

	while (va_arg(ap, const char *) != NULL)
		count++;
	return count / 2;
}

void
record(struct supervisor *s, const char *event, ...)
{
	struct unrecorded *u = mem_new(1, sizeof(*u)), **end = &s->unrecorded;
	const char *text;
	va_list ap;

	if (u == NULL) {
		log_error("no memory to record \"%s\"", event);
		return;
	}
	u->id = ++s->next_record;
	bytes_put_block(&u->body, view_text(event));
	va_start(ap, event);
	bytes_put_u16(&u->body, count_pairs(ap));
	va_end(ap);
	va_start(ap, event);
	while ((text = va_arg(ap, const char *)) != NULL)
		bytes_put_block(&u->body, view_text(text));
	va_end(ap);
	while (*end != NULL)
		end = &(*end)->next;
	*end = u;
	if (children_ready(s, ROLE_NOTARY) != 0)
		send_one(s, u);
}

void
record_again(struct supervisor *s)
{
	for (struct unrecorded *u = s->unrecorded; u != NULL; u = u->next)
		send_one(s, u);
}

void
record_done(struct supervisor *s, uint64_t id)
{
	for (struct unrecorded **u = &s->unrecorded; *u != NULL;
	    u = &(*u)->next) {
		struct unrecorded *done = *u;

		if (done->id != id)
			continue;
		*u = done->next;
		bytes_done(&done->body);
		mem_free(done);
		return;
	}
}
