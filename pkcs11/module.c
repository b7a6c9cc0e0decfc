/*
 * Loads the vendor's module and initialises it. The module becomes part of
 * this process, so its file must be beyond others' reach; the directories
 * above it, and what it loads itself, are for whoever installs it to guard.
 * Next: slot.c.
 */
#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkcs11/cryptoki.h"

/*
 * CK_C_INITIALIZE_ARGS with NSS softokn's member before pReserved. Other
 * modules read the member as pReserved, which must then be NULL.
 */
struct initialize_args {
	CK_CREATEMUTEX	 CreateMutex;
	CK_DESTROYMUTEX	 DestroyMutex;
	CK_LOCKMUTEX	 LockMutex;
	CK_UNLOCKMUTEX	 UnlockMutex;
	CK_FLAGS	 flags;
	void		*LibraryParameters;
	void		*pReserved;
};

static enum err
check_file(const char *path)
{
	struct stat st;

	if (path[0] != '/')
		return err_because(ERR_FORBIDDEN,
		    "PKCS#11 module: wanted an absolute path");
	if (stat(path, &st) == -1) {
		(void)err_system("PKCS#11 module %s", path);
		return err_because(ERR_NOT_FOUND,
		    "PKCS#11 module %s: cannot be found", path);
	}
	if (!S_ISREG(st.st_mode))
		return err_because(ERR_FORBIDDEN,
		    "PKCS#11 module %s: not a regular file", path);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return err_because(ERR_FORBIDDEN, "PKCS#11 module %s: must "
		    "belong to root or to user %u, belongs to %u", path,
		    geteuid(), st.st_uid);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return err_because(ERR_FORBIDDEN, "PKCS#11 module %s: must be "
		    "writable by its owner only, has mode %o", path,
		    st.st_mode & 07777);
	return ERR_OK;
}

/* RTLD_LOCAL: two modules, or a module and we, share no symbols. */
static enum err
load(const char *path, CK_FUNCTION_LIST **out_p11)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	CK_C_GetFunctionList get_list;
	CK_FUNCTION_LIST *list = NULL;

	if (library == NULL)
		return err_because(ERR_UNSUPPORTED,
		    "PKCS#11 module cannot be loaded: %s", dlerror());
	get_list = (CK_C_GetFunctionList)dlsym(library, "C_GetFunctionList");
	if (get_list == NULL)
		return err_because(ERR_UNSUPPORTED, "%s: not a PKCS#11 module, "
		    "it has no C_GetFunctionList", path);
	TRY(rv_check("C_GetFunctionList", get_list(&list), false));
	if (list == NULL || list->version.major != 2)
		return err_because(ERR_UNSUPPORTED, "%s: C_GetFunctionList "
		    "gave no version 2 interface (PKCS#11 v2.40 5.4)", path);
	*out_p11 = list;
	return ERR_OK;
}

enum err
module_initialise(const char *path, const char *init_args,
    CK_FUNCTION_LIST **out_p11)
{
	struct initialize_args args = {
		.flags = CKF_OS_LOCKING_OK,	/* SoftHSM locks not without */
		.LibraryParameters = unconst(init_args),
	};
	CK_FUNCTION_LIST *p11 = NULL;
	CK_RV rv;

	TRY(check_file(path));
	TRY(load(path, &p11));
	rv = p11->C_Initialize(&args);
	if (rv == CKR_CRYPTOKI_ALREADY_INITIALIZED)
		return err_because(ERR_INTERNAL, "C_Initialize: %s: the module "
		    "is in use in this process or was before a fork",
		    token_rv_name(rv));
	TRY(rv_check("C_Initialize", rv, false));
	*out_p11 = p11;
	return ERR_OK;
}

void
module_finalise(CK_FUNCTION_LIST *p11)
{
	if (p11 != NULL)
		(void)p11->C_Finalize(NULL);
}
