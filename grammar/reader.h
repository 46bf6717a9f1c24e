/**
 * What the parts of the grammar share: the reader of one text, its tokens, the makers of nodes and the writers of messages.
 * Nobody outside this folder includes it; ck_parse() in ast.h is the door.
 */
#ifndef CK_GRAMMAR_READER_H
#define CK_GRAMMAR_READER_H

#include "grammar/ast.h"

/* A list under construction, in the arena. Zero is an empty one. */
struct ck_list {
	void *items;
	size_t n, capacity;
};

struct ck_flags {
	bool also, optional;
	struct ck_span also_span, optional_span;
};

struct ck_from {
	struct ck_ast_ref ref;
	struct ck_ast_value *where;	/* NULL: none */
};

struct ck_targets {
	struct ck_list goals;	/* struct ck_ast_goal */
	bool in_parens;
};

/* What a symbol of the grammar carries; parser.y says which member a symbol uses. */
union ck_semantic {
	int64_t integer;
	double number;
	enum ck_ast_op op;
	struct ck_ast_string string;
	struct ck_ast_ident ident;
	struct ck_ast_value *value;
	struct ck_ast_expr *expr;
	struct ck_ast_stmt *stmt;
	struct ck_ast_type *type;
	struct ck_ast_call call;
	struct ck_ast_arg arg;
	struct ck_ast_name name;
	struct ck_ast_ref ref;
	struct ck_ast_index index;
	struct ck_ast_dim dim;
	struct ck_ast_goal goal;
	struct ck_list list;
	struct ck_flags flags;
	struct ck_from from;
	struct ck_targets targets;
};

struct ck_token {
	int kind;	/* CK_TOK_... or a character */
	struct ck_span span;
	union ck_semantic value;
};

struct ck_open {
	int kind;	/* '(' or '[' */
	struct ck_span span;
};

enum {
	CK_POOL = 2048,		/* bytes; the scanner takes less than 300 */
	CK_MAX_TOKEN = 512,	/* token codes are below; bison numbers ours from 258 */
	CK_HISTORY = 3,
};

/**
 * One text being read. Errors go to the sink as they are met; the tree is good when none came and the arena has not failed.
 * The scanner works on `buffer`, a copy of `text` in which NUL bytes and bytes that are not UTF-8 (reported beforehand) are
 * blanks, so that no rule of it needs to know them.
 */
struct ck_reader {
	struct ck_arena *arena;
	struct ck_diags *diags;
	uint32_t file;
	struct ck_str text;
	char *buffer;		/* text.n + 2 bytes */
	void *scanner;
	size_t n_pool;

	struct ck_token token;		/* the last one given to the parser */
	struct ck_token pending;	/* given next, when has_pending */
	bool has_pending;
	int history[CK_HISTORY];	/* kinds of the tokens before `token`, the nearest first */
	struct ck_span previous;	/* of history[0] */
	struct ck_open open[CK_MAX_NESTING];	/* brackets that wait for their partner */
	size_t n_open, n_prefix;	/* n_prefix: signs before values being read, which nest like brackets */
	bool has_partner;		/* the last closing bracket */
	struct ck_token statement;	/* the word of the statement being read; kind 0 before the first */
	bool in_where, in_pipe, after_arrow;	/* what stood in it */
	bool told_deep;			/* of the statement: nested too deep is said once */
	bool has_edition, stopped;
	uint32_t quiet_end;		/* what begins before it needs no report: it follows from one */

	struct ck_ast_file *tree;
	struct ck_list stmts, allows;
	/* Stand-ins for nodes when memory is short; the tree is thrown away then. */
	struct ck_ast_value no_value;
	struct ck_ast_expr no_expr;
	struct ck_ast_stmt no_stmt;
	struct ck_ast_type no_type;
	struct ck_diag no_diag;
	_Alignas(16) char pool[CK_POOL];
};

/* words.c: the one list of words and signs. */

struct ck_word {
	struct ck_str text;
	int token;
	bool is_reserved;
	bool begins_statement;
	bool is_binary;
};

extern const struct ck_word ck_words[];
extern const size_t ck_n_words;

/* The row of an identifier that means something, or NULL. */
const struct ck_word *ck_word_find(struct ck_str text);
/* The row of a token, or NULL. */
const struct ck_word *ck_word_of(int token);
bool ck_begins_statement(int token);
/* How messages call a kind of token: "a string", "`->`". In the arena of the sink. */
struct ck_str ck_token_name(struct ck_diags *diags, int token);

/* lexer.l */

/* Prepares the scanner; all its memory is the reader's pool, so that it cannot fail. */
void ck_scan_begin(struct ck_reader *reader);
/* The next token, without looking at those around it. 0 at the end. */
int ck_scan(struct ck_token *token, struct ck_reader *reader, void *scanner);

/* literal.c: tokens that need more than a rule. Each sets token->value and returns the token's kind; errors are reported. */

int ck_read_word(struct ck_reader *reader, struct ck_token *token);
int ck_read_number(struct ck_reader *reader, struct ck_token *token);
/* A string from its quote on. quote_bytes is 1, or 3 for typographic ones; only '"' is right. */
int ck_read_string(struct ck_reader *reader, struct ck_token *token);
int ck_read_foreign_string(struct ck_reader *reader, struct ck_token *token, size_t quote_bytes);
/* An identifier with characters outside ASCII. */
int ck_read_foreign_word(struct ck_reader *reader, struct ck_token *token);
/* Anything else; a kind when it is clear what was meant, or 0 to go on as if it were not there. */
int ck_read_stray(struct ck_reader *reader, struct ck_token *token);
/* `//` comments and the like: reported, then skipped. */
void ck_read_foreign_comment(struct ck_reader *reader, struct ck_span span);
void ck_read_comment(struct ck_reader *reader, struct ck_span span);
/* `=>`, which is meant as `->`, or as `>=` in statements without targets. */
int ck_read_fat_arrow(struct ck_reader *reader, struct ck_token *token);
/* Reports `meant` being written as something else. */
void ck_read_misspelt(struct ck_reader *reader, struct ck_span span, const char *meant);
/* Reports bytes that are not UTF-8 and NULs, and blanks them in the buffer. */
void ck_read_encoding(struct ck_reader *reader);

/* read.c */

struct ck_str ck_read_text(const struct ck_reader *reader, struct ck_span span);
/* True when the token is the first one on its line. */
bool ck_is_first_on_line(const struct ck_reader *reader, struct ck_span span);
/* True for a statement word that begins its line and is not followed by `=`: here reading can go on after an error. */
bool ck_is_new_statement(const struct ck_reader *reader, const struct ck_token *token);
/* The parser's scanner: adds what depends on the tokens around. */
int ck_next_token(union ck_semantic *value, struct ck_span *span, struct ck_reader *reader);
/**
 * After an error: goes on to the next statement, beginning with the parser's look-ahead (its kind, or negative when it has none).
 * Returns true when the look-ahead is used up and the next call of ck_next_token() gives the statement's word.
 */
CK_NODISCARD bool ck_resume(struct ck_reader *reader, int look_ahead);
/* Checks the number after `ckmig`; false when nothing more can be understood. */
CK_NODISCARD bool ck_read_edition(struct ck_reader *reader, struct ck_span span, int64_t edition);
/* One level deeper; false (reported) beyond CK_MAX_NESTING. */
CK_NODISCARD bool ck_enter_prefix(struct ck_reader *reader, struct ck_span span);
void ck_leave_prefix(struct ck_reader *reader);
void ck_too_deep(struct ck_reader *reader, struct ck_span span);

/* message.c */

/* An error of the text; the caller adds label and helps. Goes nowhere while reading only looks for the next statement. */
CK_PRINTF(4, 5) struct ck_diag *ck_read_error(struct ck_reader *reader, enum ck_code code, struct ck_span span, const char *format, ...);
/* True when the sink only counts from now on. */
bool ck_errors_are_full(const struct ck_reader *reader);
/* Reports reader->token, which the grammar does not want here. expected[t] says whether it would take token t. */
void ck_unexpected(struct ck_reader *reader, const bool expected[CK_MAX_TOKEN]);

/* build.c: nodes. Never NULL; when memory is short, a stand-in. */

struct ck_list ck_list_add(struct ck_reader *reader, struct ck_list list, const void *item, size_t size);
struct ck_ast_value *ck_build_value(struct ck_reader *reader, enum ck_ast_value_kind kind, struct ck_span span);
struct ck_ast_value *ck_build_number(struct ck_reader *reader, struct ck_span span, double number);
struct ck_ast_value *ck_build_string(struct ck_reader *reader, struct ck_span span, struct ck_ast_string string);
struct ck_ast_value *ck_build_call(struct ck_reader *reader, struct ck_span span, const struct ck_ast_call *call);
struct ck_ast_value *ck_build_items(struct ck_reader *reader, struct ck_span span, struct ck_list items);
struct ck_ast_value *ck_build_unary(struct ck_reader *reader, struct ck_span span, enum ck_ast_op op, struct ck_ast_value *left);
struct ck_ast_value *ck_build_binary(struct ck_reader *reader, struct ck_span span, enum ck_ast_op op, struct ck_ast_value *left,
				     struct ck_ast_value *right);
struct ck_ast_value *ck_build_within(struct ck_reader *reader, struct ck_span span, struct ck_ast_value *left, struct ck_ast_value *low,
				     struct ck_ast_value *high);
struct ck_ast_value *ck_build_expr_value(struct ck_reader *reader, struct ck_ast_expr *expr);
/* An item of a list, which `0 -1` hardly means as a subtraction: warns. */
struct ck_ast_value *ck_build_item(struct ck_reader *reader, struct ck_ast_value *value);

struct ck_ast_expr *ck_build_expr(struct ck_reader *reader, enum ck_ast_expr_kind kind, struct ck_span span);
struct ck_ast_expr *ck_build_plain(struct ck_reader *reader, struct ck_span span, struct ck_ast_string string);
struct ck_ast_expr *ck_build_ref(struct ck_reader *reader, struct ck_span span, const struct ck_ast_ref *ref, const struct ck_list *indexes,
				 struct ck_span index_span, struct ck_ast_type *type);
struct ck_ast_expr *ck_build_fill(struct ck_reader *reader, struct ck_span span, const struct ck_ast_call *call, struct ck_ast_type *type);
struct ck_ast_expr *ck_build_tuple(struct ck_reader *reader, struct ck_span span, struct ck_list members);
struct ck_ast_expr *ck_build_pipe(struct ck_reader *reader, struct ck_span span, struct ck_ast_expr *operand, const struct ck_ast_call *call);
/* expr where value; narrows a grouped expression that has a `where` of its own as a tuple of one. */
struct ck_ast_expr *ck_build_where(struct ck_reader *reader, struct ck_span span, struct ck_ast_expr *expr, struct ck_ast_value *value);

struct ck_ast_ident ck_build_ident(struct ck_reader *reader, struct ck_span span);
struct ck_ast_call ck_build_name_call(struct ck_span span, struct ck_ast_ident name, bool is_template);
struct ck_ast_call ck_build_args_call(struct ck_span span, struct ck_ast_ident name, struct ck_list args);
struct ck_ast_name ck_build_name(struct ck_span span, enum ck_ast_by by, struct ck_ast_string string);
struct ck_ast_ref ck_build_named_ref(struct ck_span span, struct ck_ast_ident input, bool is_rest, const struct ck_ast_name *name);
struct ck_ast_type *ck_build_type(struct ck_reader *reader, struct ck_span span, struct ck_ast_ident dtype, struct ck_list dims);
struct ck_flags ck_add_flag(struct ck_reader *reader, struct ck_flags flags, struct ck_span span, bool also);

struct ck_ast_stmt *ck_build_stmt(struct ck_reader *reader, enum ck_ast_stmt_kind kind, struct ck_span span);
/* An error when a reason is empty or white space. */
void ck_check_reason(struct ck_reader *reader, const struct ck_ast_string *because);
/* keep and drop. because is NULL for keep. */
struct ck_ast_stmt *ck_build_from(struct ck_reader *reader, struct ck_span span, const struct ck_flags *flags, const struct ck_from *from,
				  struct ck_span from_span, const struct ck_ast_string *because);
struct ck_ast_stmt *ck_build_map(struct ck_reader *reader, struct ck_span span, const struct ck_flags *flags, struct ck_ast_expr *expr,
				 const struct ck_targets *targets);
void ck_add_stmt(struct ck_reader *reader, struct ck_ast_stmt *stmt);

#endif
