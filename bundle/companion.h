/**
 * A file that tells about an output, such as the report of a run. It gets its name after the output has got its own, and what had
 * that name goes before anything of an output that is replaced: at no moment does it tell of an output that is not there.
 */
#ifndef CK_BUNDLE_COMPANION_H
#define CK_BUNDLE_COMPANION_H

#include <stdatomic.h>

#include "bundle/base/io.h"

struct ck_companion {
	struct ck_str path;		/* in any folder; not one of the output's own files */
	struct ck_text text;		/* made when the output is whole and has no name yet */
};

/* One on its way. All zeros: none, and every step does nothing. */
struct ck_companion_file {
	const char *path, *temporary;
	const char *aside;		/* where what it replaces goes; NULL: it replaces nothing */
	atomic_bool exists;		/* the temporary name was taken by us */
	atomic_bool hidden, shown;	/* a rename may have happened */
};

/**
 * Writes it whole under a temporary name beside its own, in a folder that is there. NULL: none.
 * @file    all zeros; paths in arena; it must be left to ck_companion_undo() or ck_companion_settle() also on failure
 * @errors  CK_IO, CK_NOMEM
 */
CK_NODISCARD enum ck_code ck_companion_write(struct ck_companion_file *file, const struct ck_companion *companion, bool sync,
					     struct ck_arena *arena, struct ck_diags *diags);
/* First of all: moves aside what has the name. @errors CK_IO */
CK_NODISCARD enum ck_code ck_companion_hide(struct ck_companion_file *file, struct ck_diags *diags);
/* When the output is there: gives it the name. @errors CK_IO */
CK_NODISCARD enum ck_code ck_companion_show(struct ck_companion_file *file, struct ck_diags *diags);

/* Takes the name back, before the output loses its own. These three are async-signal-safe and may be called again. */
void ck_companion_withdraw(struct ck_companion_file *file);
/* Removes it, and what had the name has it again. After the output that it told about is back. */
void ck_companion_undo(struct ck_companion_file *file);
/* Removes what it replaced. After the output has its name for good. */
void ck_companion_settle(struct ck_companion_file *file);

#endif
