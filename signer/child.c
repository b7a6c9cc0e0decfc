/*
 * The common start of gate, desk, notary and keyholder: prepared, configured,
 * attached, then locked in. What comes over the control channel is the
 * supervisor's and believed.
 */
#include "signer/child.h"

#include <fcntl.h>

#include "base/crypto.h"
#include "signer/log.h"
#include "signer/packet.h"
#include "signer/sandbox.h"

#define CONFIG_WAIT_MS 10000

enum err
child_start(const struct proc_table *table, void *context,
    struct proc **out_proc, struct config **out_config)
{
	AUTO(proc) p = NULL;
	AUTO(config) c = NULL;
	AUTO_DONE(bytes) text = { 0 };

	TRY(sandbox_prepare());
	TRY(crypto_init());
	if (fcntl(CHILD_CONTROL, F_SETFD, FD_CLOEXEC) == -1)
		return err_system("the channel to the supervisor");
	TRY(packet_receive_first(CHILD_CONTROL, MSG_CONFIG, CONFIG_WAIT_MS,
	    &text));
	TRY(config_parse("okse.yaml", bytes_view(&text), &c));
	TRY(proc_new(table, context, &p));
	TRY(proc_attach(p, CHILD_CONTROL, ROLE_SUPERVISOR, 0));
	*out_proc = STEAL(p);
	*out_config = STEAL(c);
	return ERR_OK;
}

enum err
child_serve(struct proc *p, const struct config *config)
{
	enum role self = proc_self(p);

	TRY(sandbox_enter(self, config));
	peer_send(proc_peer(p, ROLE_SUPERVISOR, 0), MSG_READY, 0,
	    VIEW(NULL, 0));
	proc_again(p);		/* it is sent now, not with the first event */
	return proc_loop(p);
}
