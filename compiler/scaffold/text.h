/* text.c: drafts and statements as text. */
#ifndef CK_SCAFFOLD_TEXT_H
#define CK_SCAFFOLD_TEXT_H

#include "compiler/scaffold/draft.h"

/* The text of a statement; broken into lines when it is long. In the arena. */
struct ck_str ck_draft_text(struct ck_maker *maker, const struct ck_draft *draft);
struct ck_scaffold_statement ck_draft_finish(struct ck_maker *maker, const struct ck_draft *draft);

/* A comment, wrapped; indented: lines after the first are. */
void ck_put_comment(struct ck_buf *out, struct ck_str text, bool indented);
/* Comment, hints, text, and an empty line. */
void ck_put_statement(struct ck_buf *out, const struct ck_scaffold_statement *statement);

#endif
