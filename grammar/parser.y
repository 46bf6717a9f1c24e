/*
 * The grammar of .ckmig files, edition 1; LALR(1) without conflicts. Builds the tree of ast.h and nothing else.
 *
 * A string alone in an argument is a value, in a tuple a source. So both have two symbols, one for a bare string (`text`, which
 * may stand in parentheses) and one for all else (`value_x`, `expr_x`); what a text is, is decided by what comes after it.
 * What ends in `rest` or an identifier may be followed by `:` and a type or by `:` and a name; these are written out.
 */
%require "3.8"
%define api.pure full
%define api.prefix {ck_yy}
%define api.token.prefix {CK_TOK_}
%define api.value.type {union ck_semantic}
%define api.location.type {struct ck_span}
%define parse.error custom
%define parse.lac full
%locations
%expect 0
%param {struct ck_reader *reader}

%code requires {
#include "grammar/reader.h"
}

%code {
static int ck_yylex(union ck_semantic *value, struct ck_span *span, struct ck_reader *reader);
static void ck_yyerror(const struct ck_span *span, struct ck_reader *reader, const char *text);

#define YYMALLOC ck_alloc
#define YYFREE ck_free
#define YYLLOC_DEFAULT(whole, parts, n) ((whole) = span_of((parts), (size_t)(n)))

/* An empty symbol stands at the end of the one before it. */
static struct ck_span span_of(const struct ck_span *parts, size_t n)
{
	if (n)
		return (struct ck_span){parts[1].file, parts[1].begin, parts[n].end};
	return (struct ck_span){parts[0].file, parts[0].end, parts[0].end};
}

#define ADD(list, item) ck_list_add(reader, (list), &(item), sizeof(item))
#define NO_IDENT ((struct ck_ast_ident){0})
#define NO_LIST ((struct ck_list){0})
}

%token END 0
%token <string> STRING
%token <integer> INT
%token <number> FLOAT
%token <ident> IDENT
/* A reserved word with `=` after it: the name of an argument. `rest` stays what it is, because of `new rest = ...`. */
%token <ident> WORD
/* Words that mean something in few places and are identifiers elsewhere. */
%token <ident> FOLLOW AS NAMES OBJECTS WITHIN
%token <ident> TEMPLATE SOURCE REST
%token CKMIG MIGRATION AFTER SUMMARY LET PARAM INPUT TARGET SLOT SLOTS MAP ALSO OPTIONAL KEEP DROP NEW ALIAS CHECK SAME PATH FULL
%token WHERE BECAUSE INF NAN
%token ARROW ELLIPSIS UNDERSCORE OR AND EQ NE LE GE

%left OR
%left AND
%nonassoc EQ NE '<' LE '>' GE WITHIN
%left '+' '-'
%left '*' '/' '%'
%precedence PREFIX

%type <stmt> stmt
%type <list> afters after_list exprs args indexes index_list dims dim_list values value_list goals
%type <string> text
%type <ident> ident word input_word source_word input
%type <flags> flags
%type <from> from
%type <ref> ref long_ref rest_ref typed_rest
%type <name> name long_name
%type <value> value value_x maybe_value arg_value
%type <expr> expr expr_x term_x operand fill_term
%type <index> index
%type <dim> dim
%type <type> type maybe_type
%type <targets> targets
%type <goal> goal
%type <call> call args_call fill
%type <arg> arg
%type <stmt> summary subject

%%

file:
	header stmts
	;

header:
	CKMIG INT				{ if (!ck_read_edition(reader, @2, $2)) YYABORT; }
	| error					{ if (ck_resume(reader, yychar)) yyclearin; yyerrok; }
	;

stmts:
	%empty
	| stmts stmt				{ ck_add_stmt(reader, $2); }
	| stmts error				{ if (ck_resume(reader, yychar)) yyclearin; yyerrok; }
	;

stmt:
	MIGRATION STRING afters summary		{ $$ = $4; $$->span = @$; $$->string = $2; $$->afters = $3.items; $$->n_afters = $3.n; }
	| LET ident '=' value			{ $$ = ck_build_stmt(reader, CK_AST_LET, @$); $$->name = $2; $$->value = $4; }
	| PARAM ident '=' value			{ $$ = ck_build_stmt(reader, CK_AST_PARAM, @$); $$->name = $2; $$->value = $4; }
	| INPUT ident				{ $$ = ck_build_stmt(reader, CK_AST_INPUT, @$); $$->name = $2; }
	| TARGET NAMES				{ $$ = ck_build_stmt(reader, CK_AST_TARGET, @$); $$->name = $2; }
	| TARGET OBJECTS			{ $$ = ck_build_stmt(reader, CK_AST_TARGET, @$); $$->name = $2; }
	| SLOTS FOLLOW				{ $$ = ck_build_stmt(reader, CK_AST_SLOTS_FOLLOW, @$); }
	| SLOTS FOLLOW AS ident			{ $$ = ck_build_stmt(reader, CK_AST_SLOTS_FOLLOW, @$); $$->name = $4; }
	| SLOTS DROP BECAUSE STRING		{ ck_check_reason(reader, &$4); $$ = ck_build_stmt(reader, CK_AST_SLOTS_DROP, @$); $$->because = $4; }
	| SLOT ident '=' STRING			{ $$ = ck_build_stmt(reader, CK_AST_SLOT, @$); $$->name = $2; $$->string = $4; }
	| MAP flags expr ARROW targets		{ $$ = ck_build_map(reader, @$, &$2, $3, &$5); }
	| KEEP flags from			{ $$ = ck_build_from(reader, @$, &$2, &$3, @3, NULL); }
	| DROP flags from BECAUSE STRING	{ $$ = ck_build_from(reader, @$, &$2, &$3, @3, &$5); }
	| NEW subject maybe_type '=' fill	{ $$ = $2; $$->span = @$; $$->type = $3; $$->fill = $5; }
	| ALIAS STRING '=' STRING		{ $$ = ck_build_stmt(reader, CK_AST_ALIAS, @$); $$->string = $2; $$->string2 = $4; }
	| CHECK value				{ $$ = ck_build_stmt(reader, CK_AST_CHECK, @$); $$->value = $2; }
	;

afters:
	%empty					{ $$ = NO_LIST; }
	| AFTER after_list			{ $$ = $2; }
	;

after_list:
	STRING					{ $$ = ADD(NO_LIST, $1); }
	| after_list ',' STRING			{ $$ = ADD($1, $3); }
	;

summary:
	%empty					{ $$ = ck_build_stmt(reader, CK_AST_MIGRATION, @$); }
	| SUMMARY STRING			{ $$ = ck_build_stmt(reader, CK_AST_MIGRATION, @$); $$->has_summary = true; $$->summary = $2; }
	;

subject:
	name					{ $$ = ck_build_stmt(reader, CK_AST_NEW, @$); $$->target = $1; }
	| REST					{ $$ = ck_build_stmt(reader, CK_AST_NEW, @$); $$->is_rest = true; }
	;

flags:
	%empty					{ $$ = (struct ck_flags){0}; }
	| flags ALSO				{ $$ = ck_add_flag(reader, $1, @2, true); }
	| flags OPTIONAL			{ $$ = ck_add_flag(reader, $1, @2, false); }
	;

ident:
	IDENT | FOLLOW | AS | NAMES | OBJECTS | WITHIN
	;

/* Names of variables, and references to them. */

long_name:
	PATH ':' STRING				{ $$ = ck_build_name(@$, CK_AST_BY_PATH, $3); }
	| FULL ':' STRING			{ $$ = ck_build_name(@$, CK_AST_BY_FULL, $3); }
	;

name:
	long_name
	| STRING				{ $$ = ck_build_name(@$, CK_AST_BY_NAME, $1); }
	;

/* `template` is an input and a fill, an identifier too; `source` is no fill. */
input_word:
	ident ':'
	| TEMPLATE ':'
	;

source_word:
	SOURCE ':'
	;

input:
	input_word
	| source_word
	;

long_ref:
	long_name				{ $$ = ck_build_named_ref(@$, NO_IDENT, false, &$1); }
	| REST ':' name				{ $$ = ck_build_named_ref(@$, NO_IDENT, true, &$3); }
	| input name				{ $$ = ck_build_named_ref(@$, $1, false, &$2); }
	| input REST ':' name			{ $$ = ck_build_named_ref(@$, $1, true, &$4); }
	;

rest_ref:
	REST					{ $$ = ck_build_named_ref(@$, NO_IDENT, true, NULL); }
	| input REST				{ $$ = ck_build_named_ref(@$, $1, true, NULL); }
	;

typed_rest:
	REST ':'				{ $$ = ck_build_named_ref(@1, NO_IDENT, true, NULL); }
	| input REST ':'			{ $$ = ck_build_named_ref(ck_span_join(@1, @2), $1, true, NULL); }
	;

ref:
	STRING					{
							struct ck_ast_name name = ck_build_name(@$, CK_AST_BY_NAME, $1);
							$$ = ck_build_named_ref(@$, NO_IDENT, false, &name);
						}
	| long_ref
	| rest_ref
	;

from:
	ref					{ $$ = (struct ck_from){$1, NULL}; }
	| ref WHERE value			{ $$ = (struct ck_from){$1, $3}; }
	;

/* Expressions over sources. */

expr:
	text					{ $$ = ck_build_plain(reader, @1, $1); }
	| expr_x
	;

expr_x:
	term_x
	| expr '|' call				{ $$ = ck_build_pipe(reader, @$, $1, &$3); }
	;

term_x:
	operand
	| operand WHERE value			{ $$ = ck_build_where(reader, @$, $1, $3); }
	| STRING WHERE value			{ $$ = ck_build_where(reader, @$, ck_build_plain(reader, @1, $1), $3); }
	| fill_term
	| '(' expr_x ')'			{ $$ = $2; $$->span = @$; }
	| '(' expr_x ')' WHERE value		{ $2->span = ck_span_join(@1, @3); $$ = ck_build_where(reader, @$, $2, $5); }
	| '(' text ')' WHERE value		{ $$ = ck_build_where(reader, @$, ck_build_plain(reader, @2, $2), $5); }
	| '(' exprs ')'				{ $$ = ck_build_tuple(reader, @$, $2); }
	| '(' exprs ')' WHERE value		{ $$ = ck_build_where(reader, @$, ck_build_tuple(reader, ck_span_join(@1, @3), $2), $5); }
	;

/* A tuple: one member needs a comma after it, more may have one. */
exprs:
	expr ','				{ $$ = ADD(NO_LIST, $1); }
	| members
	| members ','
	;

%type <list> members;
members:
	expr ',' expr				{ $$ = ADD(NO_LIST, $1); $$ = ADD($$, $3); }
	| members ',' expr			{ $$ = ADD($1, $3); }
	;

operand:
	STRING ':' type				{ $$ = ck_build_plain(reader, @1, $1); $$->type = $3; $$->span = @$; }
	| STRING indexes maybe_type		{
							struct ck_ast_name name = ck_build_name(@1, CK_AST_BY_NAME, $1);
							struct ck_ast_ref ref = ck_build_named_ref(@1, NO_IDENT, false, &name);
							$$ = ck_build_ref(reader, @$, &ref, &$2, @2, $3);
						}
	| long_ref maybe_type			{ $$ = ck_build_ref(reader, @$, &$1, NULL, @1, $2); }
	| long_ref indexes maybe_type		{ $$ = ck_build_ref(reader, @$, &$1, &$2, @2, $3); }
	| rest_ref				{ $$ = ck_build_ref(reader, @$, &$1, NULL, @1, NULL); }
	| typed_rest type			{ $$ = ck_build_ref(reader, @$, &$1, NULL, @1, $2); }
	| rest_ref indexes maybe_type		{ $$ = ck_build_ref(reader, @$, &$1, &$2, @2, $3); }
	;

fill_term:
	input_word type				{
							struct ck_ast_call call = ck_build_name_call($1.span, $1, ck_word_find($1.text) != NULL &&
								ck_word_find($1.text)->token == CK_TOK_TEMPLATE);
							$$ = ck_build_fill(reader, @$, &call, $2);
						}
	| args_call ':' type			{ $$ = ck_build_fill(reader, @$, &$1, $3); }
	;

indexes:
	'[' index_list ']'			{ $$ = $2; }
	| '[' index_list ',' ']'		{ $$ = $2; }
	;

index_list:
	index					{ $$ = ADD(NO_LIST, $1); }
	| index_list ',' index			{ $$ = ADD($1, $3); }
	;

index:
	value					{ $$ = (struct ck_ast_index){.span = @$, .start = ck_build_item(reader, $1)}; }
	| maybe_value ':' maybe_value		{ $$ = (struct ck_ast_index){@$, true, $1, $3, NULL}; }
	| maybe_value ':' maybe_value ':' maybe_value	{ $$ = (struct ck_ast_index){@$, true, $1, $3, $5}; }
	;

maybe_value:
	%empty					{ $$ = NULL; }
	| value
	;

/* Targets. */

targets:
	goal					{ $$ = (struct ck_targets){ADD(NO_LIST, $1), false}; }
	| '(' goal ')'				{ $$ = (struct ck_targets){ADD(NO_LIST, $2), false}; }
	| '(' goals ')'				{ $$ = (struct ck_targets){$2, true}; }
	;

goals:
	goal ','				{ $$ = ADD(NO_LIST, $1); }
	| goal_list
	| goal_list ','
	;

%type <list> goal_list;
goal_list:
	goal ',' goal				{ $$ = ADD(NO_LIST, $1); $$ = ADD($$, $3); }
	| goal_list ',' goal			{ $$ = ADD($1, $3); }
	;

goal:
	name maybe_type				{ $$ = (struct ck_ast_goal){@$, false, $1, $2}; }
	| SAME maybe_type			{ $$ = (struct ck_ast_goal){.span = @$, .is_same = true, .type = $2}; }
	;

/* Types. */

maybe_type:
	%empty					{ $$ = NULL; }
	| ':' type				{ $$ = $2; }
	;

type:
	ident dims				{ $$ = ck_build_type(reader, @$, $1, $2); }
	| UNDERSCORE dims			{ $$ = ck_build_type(reader, @$, NO_IDENT, $2); }
	;

dims:
	'[' ']'					{ $$ = NO_LIST; }
	| '[' dim_list ']'			{ $$ = $2; }
	| '[' dim_list ',' ']'			{ $$ = $2; }
	;

dim_list:
	dim					{ $$ = ADD(NO_LIST, $1); }
	| dim_list ',' dim			{ $$ = ADD($1, $3); }
	;

dim:
	value					{ $$ = (struct ck_ast_dim){CK_AST_DIM_VALUE, @$, ck_build_item(reader, $1)}; }
	| UNDERSCORE				{ $$ = (struct ck_ast_dim){CK_AST_DIM_ANY, @$, NULL}; }
	| ELLIPSIS				{ $$ = (struct ck_ast_dim){CK_AST_DIM_ELLIPSIS, @$, NULL}; }
	;

/* Calls. */

call:
	ident					{ $$ = ck_build_name_call(@$, $1, false); }
	| args_call
	;

args_call:
	ident '(' ')'				{ $$ = ck_build_args_call(@$, $1, NO_LIST); }
	| ident '(' args ')'			{ $$ = ck_build_args_call(@$, $1, $3); }
	| ident '(' args ',' ')'		{ $$ = ck_build_args_call(@$, $1, $3); }
	;

fill:
	call
	| TEMPLATE				{ $$ = ck_build_name_call(@$, $1, true); }
	;

args:
	arg					{ $$ = ADD(NO_LIST, $1); }
	| args ',' arg				{ $$ = ADD($1, $3); }
	;

arg:
	arg_value				{ $$ = (struct ck_ast_arg){@$, NO_IDENT, ck_build_item(reader, $1)}; }
	| word '=' arg_value			{ $$ = (struct ck_ast_arg){@$, $1, ck_build_item(reader, $3)}; }
	;

word:
	ident | WORD | REST
	;

arg_value:
	text					{ $$ = ck_build_string(reader, @$, $1); }
	| value_x
	| expr_x				{ $$ = ck_build_expr_value(reader, $1); }
	;

/* Values. */

text:
	STRING
	| '(' text ')'				{ $$ = $2; }
	;

value:
	text					{ $$ = ck_build_string(reader, @$, $1); }
	| value_x
	;

value_x:
	INT					{ $$ = ck_build_value(reader, CK_AST_INT, @$); $$->integer = $1; }
	| FLOAT					{ $$ = ck_build_number(reader, @$, $1); }
	| INF					{ $$ = ck_build_number(reader, @$, __builtin_inf()); }
	| NAN					{ $$ = ck_build_number(reader, @$, __builtin_nan("")); }
	| fill					{ $$ = ck_build_call(reader, @$, &$1); }
	| '(' value_x ')'			{ $$ = $2; $$->span = @$; }
	| '[' values ']'			{ $$ = ck_build_items(reader, @$, $2); }
	| '-' deeper value %prec PREFIX		{ $$ = ck_build_unary(reader, @$, CK_AST_NEG, $3); ck_leave_prefix(reader); }
	| '!' deeper value %prec PREFIX		{ $$ = ck_build_unary(reader, @$, CK_AST_NOT, $3); ck_leave_prefix(reader); }
	| value OR value			{ $$ = ck_build_binary(reader, @$, CK_AST_OR, $1, $3); }
	| value AND value			{ $$ = ck_build_binary(reader, @$, CK_AST_AND, $1, $3); }
	| value EQ value			{ $$ = ck_build_binary(reader, @$, CK_AST_EQ, $1, $3); }
	| value NE value			{ $$ = ck_build_binary(reader, @$, CK_AST_NE, $1, $3); }
	| value '<' value			{ $$ = ck_build_binary(reader, @$, CK_AST_LT, $1, $3); }
	| value LE value			{ $$ = ck_build_binary(reader, @$, CK_AST_LE, $1, $3); }
	| value '>' value			{ $$ = ck_build_binary(reader, @$, CK_AST_GT, $1, $3); }
	| value GE value			{ $$ = ck_build_binary(reader, @$, CK_AST_GE, $1, $3); }
	| value '+' value			{ $$ = ck_build_binary(reader, @$, CK_AST_ADD, $1, $3); }
	| value '-' value			{ $$ = ck_build_binary(reader, @$, CK_AST_SUB, $1, $3); }
	| value '*' value			{ $$ = ck_build_binary(reader, @$, CK_AST_MUL, $1, $3); }
	| value '/' value			{ $$ = ck_build_binary(reader, @$, CK_AST_DIV, $1, $3); }
	| value '%' value			{ $$ = ck_build_binary(reader, @$, CK_AST_MOD, $1, $3); }
	| value WITHIN '(' value ',' value ')'	{ $$ = ck_build_within(reader, @$, $1, $4, $6); }
	| value WITHIN '(' value ',' value ',' ')'	{ $$ = ck_build_within(reader, @$, $1, $4, $6); }
	;

/* Signs before a value nest like parentheses, and are counted here. */
deeper:
	%empty					{ if (!ck_enter_prefix(reader, @$)) YYERROR; }
	;

values:
	%empty					{ $$ = NO_LIST; }
	| value_list
	| value_list ','
	;

value_list:
	value					{ struct ck_ast_value *item = ck_build_item(reader, $1); $$ = ADD(NO_LIST, item); }
	| value_list ',' value			{ struct ck_ast_value *item = ck_build_item(reader, $3); $$ = ADD($1, item); }
	;

%%

static int ck_yylex(union ck_semantic *value, struct ck_span *span, struct ck_reader *reader)
{
	return ck_next_token(value, span, reader);
}

/* Nesting is counted, so what bison reports here is short memory. */
static void ck_yyerror(const struct ck_span *span, struct ck_reader *reader, const char *text)
{
	(void)span, (void)text;
	reader->stopped = true;
	(void)ck_error_nomem(reader->diags);
}

static int yyreport_syntax_error(const yypcontext_t *context, struct ck_reader *reader)
{
	yysymbol_kind_t kinds[YYNTOKENS];
	bool expected[CK_MAX_TOKEN] = {false};
	int n = yypcontext_expected_tokens(context, kinds, YYNTOKENS);

	_Static_assert(YYMAXUTOK < CK_MAX_TOKEN, "token codes fit");
	if (n < 0) {
		ck_yyerror(NULL, reader, "");
		return 0;
	}
	/* bison has its own numbers for symbols; the rest of this folder knows tokens by their codes. */
	for (int token = 0; token <= YYMAXUTOK; token++) {
		yysymbol_kind_t kind = YYTRANSLATE(token);

		for (int i = 0; kind != YYSYMBOL_YYUNDEF && i < n; i++)
			expected[token] = expected[token] || kinds[i] == kind;
	}
	ck_unexpected(reader, expected);
	return 0;
}
