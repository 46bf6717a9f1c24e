/* From a syntax tree to a portable plan: names, patterns, values, types and operators checked, rules lowered to bytecode. */
#ifndef CK_COMPILER_COMPILE_H
#define CK_COMPILER_COMPILE_H

#include "grammar/ast.h"
#include "vm/plan.h"

/**
 * Compiles one file. Everything the text alone allows is checked, all errors are reported. The plan is in arena; its Debug has
 * the text, its digest is set, its first_file is the tree's file. Warnings silenced by comments are not added to the sink.
 * @errors E02xx, E03xx; CK_NOMEM
 */
CK_NODISCARD enum ck_code ck_compile(struct ck_arena *arena, struct ck_diags *diags, const struct ck_ast_file *file,
				     struct ck_plan **ret_plan);

#endif
