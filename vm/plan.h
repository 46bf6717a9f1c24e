/**
 * Plans in memory and as files. The messages of vm/plan.proto are the plan; there is no second representation.
 *
 * A plan file is: 8 bytes "\x89CKPLAN\n", SHA-256 of what follows (32 bytes), then the packed Plan message.
 */
#ifndef CK_VM_PLAN_H
#define CK_VM_PLAN_H

#include "bundle/manifest.h"
#include "vm/plan.pb-c.h"

#define CK_PLAN_MAGIC "\x89" "CKPLAN\n"
enum { CK_PLAN_FORMAT = 1 };

enum ck_rule_kind { CK_RULE_MAP = 1, CK_RULE_KEEP, CK_RULE_DROP, CK_RULE_NEW };
enum ck_target_kind { CK_TARGET_AS_SOURCE, CK_TARGET_NAMES, CK_TARGET_OBJECTS };
/* Numbers of inputs. CK_INPUT_TARGET stands for the migrated checkpoint itself, in checks only. */
enum ck_input { CK_INPUT_SOURCE, CK_INPUT_TEMPLATE, CK_INPUT_TARGET, CK_INPUT_DECLARED };
enum ck_name_by { CK_BY_NAME, CK_BY_PATH, CK_BY_FULL };
enum ck_exactness { CK_EXACT = 1, CK_LOSSY, CK_ONE_WAY };
enum ck_use { CK_USE_MAPPED = 1, CK_USE_KEPT, CK_USE_DROPPED };

enum ck_local_kind {
	CK_LOCAL_TEXT = 1,	/* {i}, {x:pattern}: text */
	CK_LOCAL_INT,		/* {i:int}: digits, compared as a number */
	CK_LOCAL_UNIQ,		/* {i:uniq} */
	CK_LOCAL_CHOICE,	/* an alternation, named or not: text and position */
	CK_LOCAL_ONE, CK_LOCAL_STAR, CK_LOCAL_STARSTAR, CK_LOCAL_CLASS,	/* unnamed wildcards, by form; a lone `rest` is STARSTAR */
	CK_LOCAL_DIM,		/* bound by a type */
	CK_LOCAL_INDEX,		/* introduced by as= */
};

enum ck_piece_kind {
	CK_PIECE_LITERAL = 1, CK_PIECE_ONE, CK_PIECE_STAR, CK_PIECE_STARSTAR, CK_PIECE_CLASS, CK_PIECE_CHOICE,
	CK_PIECE_SEGMENT,	/* {i}: one or more characters other than '/' */
	CK_PIECE_INT, CK_PIECE_UNIQ, CK_PIECE_GROUP,
};

enum ck_part_kind { CK_PART_LITERAL = 1, CK_PART_LOCAL, CK_PART_NUMBER, CK_PART_TEXT, CK_PART_CHOICE };
enum ck_dim_kind { CK_DIM_VALUE = 1, CK_DIM_ANY, CK_DIM_ELLIPSIS, CK_DIM_BIND };

enum ck_expr_kind {
	CK_EXPR_NONE, CK_EXPR_INT, CK_EXPR_FLOAT, CK_EXPR_TEXT, CK_EXPR_LIST, CK_EXPR_DTYPE, CK_EXPR_WORD,
	CK_EXPR_FILL,		/* index: ck_fill, args: its parameters in the order of fill.def */
	CK_EXPR_LOCAL, CK_EXPR_PARAM,
	CK_EXPR_CALL,		/* index: ck_function */
	CK_EXPR_REGISTER,	/* subject of a check function */
	CK_EXPR_NAMED,		/* text: keyword, args[0]: value; only in operators that take any keyword (rearrange) */
	/* operators; args hold the operands. The order is that of enum ck_ast_op */
	CK_EXPR_OR = 16, CK_EXPR_AND, CK_EXPR_EQ, CK_EXPR_NE, CK_EXPR_LT, CK_EXPR_LE, CK_EXPR_GT, CK_EXPR_GE,
	CK_EXPR_ADD, CK_EXPR_SUB, CK_EXPR_MUL, CK_EXPR_DIV, CK_EXPR_MOD, CK_EXPR_NEG, CK_EXPR_NOT,
	CK_EXPR_WITHIN,		/* value, low, high */
};

/* A plan with its place in memory. */
struct ck_plan {
	Ck__Plan__Plan *message;
	struct ck_arena *arena;		/* owns the message when the plan was decoded; borrowed otherwise */
	uint8_t digest[CK_SHA256];	/* of the packed Code; of a series, of its parts' digests */
	uint32_t first_file;		/* `file` of the spans of Debug.files[0] in the sink; 0: not registered */
	const char *directory;		/* files that operators name are relative to it; NULL: to the working directory */
	const struct ck_series *series;	/* of several migrations in one (vm/series.h), whose message has no code; else NULL */
};

/* Sets digest from the packed Code. Not for a series, which ck_series_make() seals. */
CK_NODISCARD enum ck_code ck_plan_seal(struct ck_plan *plan, struct ck_diags *diags);
/* The bytes of a plan file, appended to out. The same plan gives the same bytes. */
CK_NODISCARD enum ck_code ck_plan_encode(const struct ck_plan *plan, struct ck_diags *diags, struct ck_buf *out);
bool ck_plan_is(struct ck_str bytes);	/* begins with the magic */
/**
 * Decodes and verifies (ck_plan_verify) a plan file's bytes into arena and registers its source texts in the sink.
 * @errors CK_BAD_PLAN, CK_NEW_PLAN, CK_NOMEM
 */
CK_NODISCARD enum ck_code ck_plan_decode(struct ck_str bytes, struct ck_str path, struct ck_arena *arena, struct ck_diags *diags,
					 struct ck_plan **ret_plan);
/* Registers the source texts that a plan has in the sink, once; so that messages show them. @errors CK_NOMEM */
CK_NODISCARD enum ck_code ck_plan_register(struct ck_plan *plan, struct ck_diags *diags);
/**
 * Proves that a plan keeps the rules of the bytecode: registers and locals in their frame and defined before use, operators,
 * fills, functions, dtypes and enum values known, argument counts and kinds as op.def says, expression depth bounded, one STORE
 * at the end of a map; of bound code also: each target stored once, types as ck_op_infer() gives them, sizes true, layout without
 * overlap and within its shards. Everything that runs a plan may rely on it.
 * @errors CK_BAD_PLAN, CK_NOMEM
 */
CK_NODISCARD enum ck_code ck_plan_verify(const struct ck_plan *plan, struct ck_diags *diags);
/* Prints a listing of all sections there are (vm/disasm.c). */
void ck_plan_disasm(const struct ck_plan *plan, struct ck_buf *out);
/* The same as JSON text. */
void ck_plan_disasm_json(const struct ck_plan *plan, struct ck_buf *out);

/* Spans for diagnostics; "no place" where the plan has none. insn SIZE_MAX: the statement. Rules and checks are those of no series. */
struct ck_span ck_plan_rule_span(const struct ck_plan *plan, size_t rule, size_t insn);
struct ck_span ck_plan_goal_span(const struct ck_plan *plan, size_t rule, size_t goal);
struct ck_span ck_plan_alias_span(const struct ck_plan *plan, size_t alias);
struct ck_span ck_plan_after_span(const struct ck_plan *plan, size_t after);
struct ck_span ck_plan_slots_span(const struct ck_plan *plan);	/* of the statement `slots follow` or `slots drop` */
struct ck_span ck_plan_check_span(const struct ck_plan *plan, size_t check, size_t insn);
/* Name of an input for messages: "source", "template", "teacher". */
struct ck_str ck_plan_input_name(const struct ck_plan *plan, uint32_t input);
/* Declared inputs: numbers CK_INPUT_DECLARED + [0, n). Those of a series' parts, each name once. */
size_t ck_plan_n_inputs(const struct ck_plan *plan);
/*
 * The id that `migration` gives, else the name of the file it was compiled from, without .ckmig; empty when neither is known.
 * Of a series those of its parts: "first + second".
 */
struct ck_str ck_plan_id(const struct ck_plan *plan);
/* Borrowed view of protobuf bytes. */
static inline struct ck_str ck_str_of(ProtobufCBinaryData data)
{
	return (struct ck_str){ (const char *)data.data, data.len };
}

#endif
