/*
 * Finds a token among the slots by what it says of itself. Slot numbers are
 * not stable (SoftHSM's change when a token is initialised), so nothing keeps
 * one beyond a process. Next: session.c.
 */
#include <stdio.h>
#include <string.h>

#include "pkcs11/cryptoki.h"

#define SLOTS_MAX 256

/* Fields of CK_TOKEN_INFO are padded with blanks, by some modules with NUL. */
static void
trim(char *out, const unsigned char *field, size_t len)
{
	const void *end = memchr(field, 0, len);

	if (end != NULL)
		len = (size_t)((const unsigned char *)end - field);
	while (len != 0 && field[len - 1] == ' ')
		len--;
	memcpy(out, field, len);
	out[len] = '\0';
}

struct token_identity
token_identify(const CK_TOKEN_INFO *info)
{
	struct token_identity id = { 0 };

	trim(id.label, info->label, sizeof(info->label));
	trim(id.manufacturer, info->manufacturerID,
	    sizeof(info->manufacturerID));
	trim(id.model, info->model, sizeof(info->model));
	trim(id.serial, info->serialNumber, sizeof(info->serialNumber));
	snprintf(id.firmware, sizeof(id.firmware), "%u.%u",
	    info->firmwareVersion.major, info->firmwareVersion.minor);
	return id;
}

static bool
same(const char *wanted, const char *seen)
{
	return wanted[0] == '\0' || strcmp(wanted, seen) == 0;
}

static bool
matches(const struct token_identity *wanted, bool blank,
    const struct token_identity *seen)
{
	return (blank || same(wanted->label, seen->label)) &&
	    same(wanted->manufacturer, seen->manufacturer) &&
	    same(wanted->model, seen->model) &&
	    same(wanted->serial, seen->serial);
}

static enum err
list_slots(CK_FUNCTION_LIST *p11, CK_SLOT_ID slots[SLOTS_MAX],
    CK_ULONG *out_count)
{
	CK_ULONG count = 0;

	/* asking for the count is what makes modules look again */
	TRY(rv_check("C_GetSlotList",
	    p11->C_GetSlotList(CK_TRUE, NULL, &count), false));
	count = SLOTS_MAX;
	TRY(rv_check("C_GetSlotList",
	    p11->C_GetSlotList(CK_TRUE, slots, &count), false));
	if (count > SLOTS_MAX) {
		rv_blame(TOKEN_DEVICE);
		return err_because(ERR_TOKEN,
		    "C_GetSlotList: more slots than there is room for");
	}
	*out_count = count;
	return ERR_OK;
}

/* Sets *out_match; an empty or foreign slot is no error and no match. */
static enum err
look(CK_FUNCTION_LIST *p11, CK_SLOT_ID slot, bool blank,
    struct token_identity *out_identity, bool *out_match)
{
	CK_TOKEN_INFO info = { 0 };
	CK_RV rv = p11->C_GetTokenInfo(slot, &info);

	*out_match = false;
	if (rv == CKR_TOKEN_NOT_PRESENT || rv == CKR_TOKEN_NOT_RECOGNIZED)
		return ERR_OK;
	TRY(rv_check("C_GetTokenInfo", rv, true));
	*out_identity = token_identify(&info);
	*out_match = ((info.flags & CKF_TOKEN_INITIALIZED) == 0) == blank;
	return ERR_OK;
}

enum err
slot_find(CK_FUNCTION_LIST *p11, const struct token_identity *wanted,
    bool blank, CK_SLOT_ID *out_slot, struct token_identity *out_identity)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG count = 0, found = 0;

	TRY(list_slots(p11, slots, &count));
	for (CK_ULONG i = 0; i < count; i++) {
		struct token_identity seen;
		bool match;

		TRY(look(p11, slots[i], blank, &seen, &match));
		if (!match || !matches(wanted, blank, &seen))
			continue;
		*out_slot = slots[i];
		*out_identity = seen;
		found++;
	}
	if (found == 1)
		return ERR_OK;
	return err_because(found == 0 ? ERR_NOT_FOUND : ERR_MISMATCH,
	    "%s token '%s': wanted one that matches, found %lu in %lu slots",
	    blank ? "blank" : "initialised", wanted->label, found, count);
}
