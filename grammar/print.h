#ifndef CK_GRAMMAR_PRINT_H
#define CK_GRAMMAR_PRINT_H

#include "grammar/ast.h"

/**
 * The tree as a compact S-expression, one line a statement, for tests and for looking. Spans are left out; out->failed when memory
 * is short. For example `map "a" | f(x=1) -> same` prints as
 *     (map (pipe (ref "a") (f x=1)) -> same)
 */
void ck_ast_dump(const struct ck_ast_file *file, struct ck_buf *out);

#endif
