/**
 * A first migration to start from, made from one checkpoint or from two. What is certain or obvious becomes statements, each with
 * a comment that says how sure it is and why; what is neither becomes statements that do not fit until somebody fills them in.
 * Nothing is read but manifests, and the same manifests give the same text.
 */
#ifndef CK_SCAFFOLD_SCAFFOLD_H
#define CK_SCAFFOLD_SCAFFOLD_H

#include "bundle/manifest.h"

/*
 * SURE: name, dtype and shape agree, or nothing else can be meant. LIKELY: one reading fits much better than any other; to be read.
 * OPEN: nobody but the author can know. The statement names a variable that is not there (ck_scaffold.marker), so that a plan fails
 * at it.
 */
enum ck_certainty { CK_SURE, CK_LIKELY, CK_OPEN };

const char *ck_certainty_name(enum ck_certainty certainty);	/* "sure" */

struct ck_scaffold_statement {
	const char *kind;		/* the word it begins with: "map" */
	enum ck_certainty certainty;
	struct ck_str reason;		/* why, as a clause without a full stop */
	struct ck_str *hints;		/* of open ones: statements that could stand there instead, and remarks */
	size_t n_hints;
	struct ck_str text;		/* may be several lines */
	struct ck_str *sources, *targets;	/* names of all variables that it is about */
	size_t n_sources, n_targets;
};

struct ck_scaffold {
	struct ck_scaffold_statement *statements;	/* in the order of the text */
	size_t n_statements, n_open;
	struct ck_str migration;	/* its name */
	struct ck_str marker;		/* what names of open statements begin with: "TODO" */
	struct ck_str text;		/* the whole file */
};

/**
 * Without onto: `keep rest`, and in comments what is in the checkpoint and what could be done with it. With onto: statements that make
 * every variable of that checkpoint. All of the result is in arena; manifests must stay open as long as it is used.
 * @cost     linear in the variables, but for sorting their names; of many variables with the same shape and much the same words in
 *           their names only some pairs are compared
 * @errors   CK_AMBIGUOUS_NAME (two variables of one name, with onto), CK_NOMEM
 */
CK_NODISCARD enum ck_code ck_scaffold(const struct ck_manifest *source, const struct ck_manifest *onto, struct ck_arena *arena,
				      struct ck_diags *diags, struct ck_scaffold **ret_scaffold);

#endif
