/* What the files of the binder share; for vm/bind*.c, vm/relation.c and vm/join.c only. One struct ck_binder a call of ck_bind(). */
#ifndef CK_VM_BIND_INTERNAL_H
#define CK_VM_BIND_INTERNAL_H

#include "bundle/counters.h"
#include "vm/bind.h"

/* ---- what patterns match against: the variables of an input, or (in checks) the targets */

struct ck_subject {
	enum ck_variable_kind kind;
	struct ck_str name;			/* of a slot its variable's */
	struct ck_str slot, optimizer;		/* slot.n == 0: no slot */
	struct ck_str full_name;
	struct ck_type type;
	uint64_t n_bytes;
	int32_t node;
	size_t owner;
};

struct ck_subjects {
	const struct ck_manifest *manifest;	/* NULL: targets */
	bool given;
	struct ck_subject *items;		/* [n] parallel to the manifest's variables */
	size_t n;
	size_t *by_head, *by_tail, n_plain;	/* no slots; sorted by name, and by name read backwards */
	size_t *slots_by_head, n_slots;		/* slots, sorted by their variable's name */
	struct ck_segments *segments;		/* names by what stands between slashes, when many patterns ask */
	size_t n_wide_searches;
	struct ck_map by_full, by_path;		/* when first asked for */
	size_t *next_full;			/* [n] others of the same full name, as a list behind that of by_full; SIZE_MAX ends it */
	size_t *next_slot, *first_slot;		/* [n] slots of a variable, as a list; SIZE_MAX ends it */
	struct ck_claim **claims;		/* [n] who reads it */
	bool *plainly_claimed;			/* [n] by a plain pattern */
	struct ck_str **paths;			/* [n] all paths of a variable's node, when `path:` first asks */
	size_t *n_paths;
	struct ck_map names;			/* of targets; a manifest has its own */
};

/* One statement that reads a variable. */
struct ck_claim {
	size_t rule, insn;
	struct ck_claim *next;
};

/* ---- values and rows */

/* One row's match of one SOURCE. Shared by all rows made of it. */
struct ck_origin {
	uint32_t input;
	size_t variable, insn;
	bool out;				/* the `where` of a tuple leaves it out */
};

/* A value: lazily, an operator applied to others. In arena, shared, immutable. */
struct ck_node {
	enum ck_op op;				/* LOAD, FILL or an operator of one result */
	size_t insn;				/* where it was made, for messages */
	struct ck_type type;			/* known, but for FILLs that wait for a dimension */
	const struct ck_value *args;		/* [info->n_params] */
	struct ck_node **operands;
	size_t n_operands;
	uint32_t input;				/* LOAD */
	size_t variable;
	const Ck__Plan__Type *waits;		/* FILL whose type has dimensions that a tuple's other members bind */
	size_t number, epoch;			/* scratch of walks: register in the walk `epoch` */
	struct ck_node *image;			/* scratch of slots */
};

struct ck_row {
	struct ck_binding *bindings;		/* [n_locals] */
	struct ck_node **nodes;
	size_t n_nodes;
	struct ck_origin **origins;
	size_t n_origins;
};

struct ck_relation {
	struct ck_row *rows;
	size_t n_rows, capacity;
	bool *has;				/* [n_locals] what its rows bind */
};

enum ck_strength { CK_PLAIN, CK_REST_PATTERN, CK_REST };

/* A rule (or check) while it is bound. */
struct ck_unit {
	size_t number;
	bool is_check;
	const Ck__Plan__Rule *rule;		/* NULL for a check */
	Ck__Plan__Local *const *locals;
	size_t n_locals;
	Ck__Plan__Insn *const *code;
	size_t n_code;
	struct ck_relation *registers;
	struct ck_relation *matches;		/* [n_code] of SOURCEs */
	bool *reported;				/* [n_code + 1] one message an instruction is enough */
	bool *used;				/* [n_locals] decides targets, groups, joins or where */
	enum ck_strength strength;		/* of its weakest source */
	bool done, failed;
};

/* A target while it is bound. */
struct ck_made {
	struct ck_str name, slot, optimizer;	/* slot.n == 0: no slot */
	struct ck_str label, key;
	uint32_t by;
	size_t rule, goal;
	struct ck_node *node;			/* NULL: zeros like the template's (zero slots) */
	const struct ck_row *row;
	size_t origin;				/* index in source's subjects of what it mainly comes from, SIZE_MAX */
	size_t in_template;			/* variable of the template, SIZE_MAX */
	size_t owner;				/* of slots: number in makes, SIZE_MAX */
	bool follows, is_same, is_attribute, refused;
	struct ck_str suffix;			/* tf1 slots: what follows the name in the key */
};

/* Where an optimizer of the source goes, by what rules do to its counters. */
struct ck_moved_optimizer {
	struct ck_str from, to;		/* paths; to.n == 0: nothing tells */
};

struct ck_binder {
	const struct ck_plan *plan;
	const Ck__Plan__Code *code;
	bool told_scaffold;			/* the sink says how to begin */
	const struct ck_bind_options *options;
	struct ck_arena *arena;			/* what may become a part of the bound plan: texts, types, messages */
	struct ck_arena *scratch;		/* what certainly does not, such as rows and nodes: freed when all is bound */
	struct ck_diags *diags;
	size_t errors_before;
	bool nomem;

	struct ck_subjects *inputs;		/* [n_inputs] by input number; CK_INPUT_TARGET is filled for checks */
	size_t n_inputs;
	struct ck_value *params;		/* [code->n_params] */
	struct ck_unit *units;			/* [code->n_rules] */
	struct ck_made *makes;
	size_t n_makes, makes_capacity;
	struct ck_map made_labels;		/* label -> number in makes */
	size_t epoch;
	struct ck_moved_optimizer moved[8];
	size_t n_moved;

	bool blind;				/* a pattern could not be asked without an object graph: what it left is no finding */
	bool objects;				/* the result has an object graph */
	struct ck_str *notices;
	size_t n_notices, notices_capacity;
	Ck__Plan__Bound *bound;
};

/* Always false; remembered. */
static inline bool ck_bind_nomem(struct ck_binder *binder)
{
	binder->nomem = true;
	return false;
}

/* ---- bind.c */
bool ck_bind_failed(const struct ck_binder *binder);	/* errors so far */
/* True the first time for an instruction (SIZE_MAX: the statement): whether to tell. */
bool ck_bind_once(struct ck_unit *unit, size_t insn);
struct ck_span ck_unit_span(const struct ck_binder *binder, const struct ck_unit *unit, size_t insn);
CK_PRINTF(2, 3) void ck_bind_notice(struct ck_binder *binder, const char *format, ...);
struct ck_env ck_bind_env(struct ck_binder *binder, const struct ck_unit *unit, const struct ck_binding *bindings);
/* "x" or "x@m"; of a target too. */
struct ck_str ck_subject_label(struct ck_binder *binder, uint32_t input, size_t variable);
/* The same, escaped, in the arena of the sink. */
struct ck_str ck_bind_label_text(struct ck_binder *binder, uint32_t input, size_t variable);
void ck_bind_unknown_setting(const struct ck_plan *plan, const struct ck_setting *setting, struct ck_diags *diags);
/* Prepares a unit's frame. */
bool ck_unit_init(struct ck_binder *binder, struct ck_unit *unit);
/* Sets unit->used. */
bool ck_unit_find_used(struct ck_binder *binder, struct ck_unit *unit);

/* ---- bind_index.c */
bool ck_subjects_of_manifest(struct ck_binder *binder, struct ck_subjects *subjects, const struct ck_manifest *manifest);
bool ck_subjects_index(struct ck_binder *binder, struct ck_subjects *subjects);
/* Sets paths[i] and n_paths[i]. */
bool ck_subjects_paths(struct ck_binder *binder, struct ck_subjects *subjects, size_t i);
/* Whether any subject but slots has this name; *ret_index may be NULL. by: ck_name_by. */
bool ck_subjects_find(struct ck_binder *binder, struct ck_subjects *subjects, uint32_t by, struct ck_str name, size_t *ret_index);
/* The slot of a variable called so, under this optimizer (n == 0: any); SIZE_MAX if none. */
size_t ck_subjects_slot(const struct ck_subjects *subjects, size_t owner, struct ck_str slot, struct ck_str optimizer);
/* Numbers of subjects that a pattern can match, sorted by their names; SIZE_MAX among them means nothing. */
struct ck_candidates {
	const size_t *items;
	size_t begin, end;
};
bool ck_subjects_candidates(struct ck_binder *binder, struct ck_subjects *subjects, const Ck__Plan__Pattern *pattern,
			    struct ck_candidates *ret_candidates);

/* ---- bind_source.c */
/* The relation of a SOURCE (or UNMADE's pattern), `where` applied; messages for what matches nothing or in two ways. */
bool ck_bind_source(struct ck_binder *binder, struct ck_unit *unit, size_t insn, struct ck_relation *ret_relation);
bool ck_bind_claim(struct ck_binder *binder, uint32_t input, size_t variable, size_t rule, size_t insn);
/* Registers what a unit reads. */
bool ck_bind_claims(struct ck_binder *binder, struct ck_unit *unit, size_t insn);
void ck_bind_overlaps(struct ck_binder *binder);

/* ---- bind_split.c */
/* A name of a variable, or one of its paths, that a SOURCE matches. */
struct ck_split_place {
	size_t insn;
	uint32_t input;
	size_t variable;
	struct ck_str name;
};
struct ck_splits;
/**
 * A name that the matcher finds AMBIGUOUS: sets bindings to one split; a message unless all splits give the same targets, groups
 * and `where`. *splits_cache is room for the next call with the same unit, NULL at first. False when memory is short.
 */
bool ck_bind_split(struct ck_binder *binder, struct ck_unit *unit, struct ck_split_place place, struct ck_matcher *matcher,
		   struct ck_splits **splits_cache, struct ck_binding *bindings);

/* ---- bind_explain*.c */
void ck_explain_no_match(struct ck_binder *binder, struct ck_unit *unit, size_t insn, size_t n_left_by_where);
/* What a pattern that matches nothing was perhaps meant to be, as helps and notes. */
void ck_explain_instead(struct ck_binder *binder, struct ck_unit *unit, size_t insn, struct ck_diag *diag);
/* What a SOURCE matches without its `where`, whoever has claimed it; no messages. */
bool ck_explain_match(struct ck_binder *binder, struct ck_unit *unit, size_t insn, struct ck_relation *ret_relation);

/* ---- bind_list.c */
/* For a name that a scaffold put in for what is left open: says so. False when it is no such name. */
bool ck_explain_open(struct ck_binder *binder, struct ck_diag *diag, struct ck_str name);
void ck_explain_unaccounted(struct ck_binder *binder, uint32_t input, const size_t *variables, size_t n);
/* Whether there are slots, in an optimizer's list `_variables`, that are none without the object graph; and the message about it. */
bool ck_hides_slots(const struct ck_manifest *manifest);
void ck_explain_numbered_slots(struct ck_binder *binder, struct ck_span span, uint32_t input);
/* Notes that list labels, like ones grouped, at most ten. */
void ck_explain_list(struct ck_binder *binder, struct ck_diag *diag, const struct ck_str *labels, size_t n);
/* Which full name was perhaps meant, or which there are (name.p NULL: a pattern). False when it said nothing. */
bool ck_explain_full_names(struct ck_binder *binder, struct ck_diag *diag, const struct ck_subjects *subjects, struct ck_str name);
/* "layer_{0..11}, pooler, ...": some in a row, in the arena of the sink. */
struct ck_str ck_explain_row(struct ck_binder *binder, const struct ck_str *names, size_t n);

/* ---- relation.c, join.c */
struct ck_row *ck_relation_add(struct ck_binder *binder, struct ck_relation *relation);
bool ck_relation_init(struct ck_binder *binder, const struct ck_unit *unit, struct ck_relation *relation);
bool ck_relation_join(struct ck_binder *binder, struct ck_unit *unit, size_t insn, struct ck_relation *ret_relation);
/* Rows that agree on everything but `over` become one, members in its order. */
bool ck_relation_group(struct ck_binder *binder, struct ck_unit *unit, size_t insn, uint32_t over, const struct ck_value *args,
		       const struct ck_relation *relation, struct ck_relation *ret_relation);
struct ck_binding *ck_bindings_copy(struct ck_binder *binder, const struct ck_unit *unit, const struct ck_binding *bindings);

/* ---- bind_where.c: expressions of rows */
/* The truth of a `where` for a row. False after a message (*ret_truth is false then). */
bool ck_bind_where(struct ck_binder *binder, struct ck_unit *unit, size_t insn, const struct ck_row *row, bool *ret_truth);
/* A type as written against a value's: dimensions bound and compared; a message about `insn` where it does not fit. */
struct ck_type_place {
	size_t insn, goal;		/* goal SIZE_MAX: a TYPE instruction */
};
bool ck_bind_assert(struct ck_binder *binder, struct ck_unit *unit, struct ck_type_place place, const Ck__Plan__Type *type,
		    const struct ck_node *node, struct ck_row *row);
/* The type of a fill; *ret_waits when a dimension is not bound yet. False after a message. */
bool ck_bind_fill_type(struct ck_binder *binder, struct ck_unit *unit, size_t insn, const Ck__Plan__Type *type,
		       const struct ck_binding *bindings, struct ck_type *ret_type, bool *ret_waits);

/* ---- bind_shape.c: types that do not fit */
/**
 * "concat gives [2, 1] but the template has [1, 2]": code by what differs; points at the last operator that grows (and tells the
 * axis that would fit), at the source and at the goal. has is such as "the template has", where the goal's label ends with.
 */
void ck_bind_mismatch(struct ck_binder *binder, struct ck_unit *unit, size_t goal, const struct ck_node *node, const struct ck_type *wanted,
		      const char *has, struct ck_str where);
bool ck_type_fits(const struct ck_type *type, const struct ck_type *wanted);

/* ---- bind_file.c: the list of indices in a file that take names: one a line. False after a message */
bool ck_bind_indices(struct ck_binder *binder, struct ck_unit *unit, size_t insn, struct ck_str name, struct ck_value *ret_list);

/* ---- bind_rule.c: the code of a rule */
bool ck_bind_unit(struct ck_binder *binder, struct ck_unit *unit);
struct ck_node *ck_node_load(struct ck_binder *binder, uint32_t input, size_t variable, size_t insn);
struct ck_node *ck_node_fill(struct ck_binder *binder, const struct ck_value *fill, struct ck_type type, size_t insn);
/* An operator of one result; NULL after a message (or quietly, without `unit`). */
struct ck_node *ck_node_op(struct ck_binder *binder, struct ck_unit *unit, enum ck_op op, size_t insn, const struct ck_value *args,
			   struct ck_node **operands, size_t n_operands);
struct ck_node *ck_node_from(struct ck_binder *binder, const struct ck_node *like, struct ck_node **operands, const struct ck_value *args);
struct ck_value ck_value_zeros(void);
/* The computed fill of a FILL instruction. False after a message. */
bool ck_bind_eval_fill(struct ck_binder *binder, struct ck_unit *unit, size_t insn, const struct ck_binding *bindings,
		       struct ck_value *ret_fill);
/* args[i] of the operator's parameter called so. */
const struct ck_value *ck_node_arg(const struct ck_node *node, const char *name);

/* ---- bind_target.c: STORE, names, the template */
bool ck_bind_store(struct ck_binder *binder, struct ck_unit *unit, size_t insn, struct ck_relation *relation);
/* Adds a target, with its label and its place in the template; a message when the name is taken. */
bool ck_bind_make(struct ck_binder *binder, const struct ck_made *made);

/* ---- bind_template.c: what --onto says */
/* What `new` with a pattern makes, or (rest) what `new rest` then makes of what is left. */
bool ck_bind_unmade(struct ck_binder *binder, bool rest);
/* Types that come from the template or the slot's variable; then everything against the template. */
bool ck_bind_template(struct ck_binder *binder);

/* ---- bind_slots.c */
bool ck_bind_slots_follow(struct ck_binder *binder);
/* Whether what happens to the slot is told by its variable: no statement is about it. */
bool ck_slot_follows(const struct ck_binder *binder, uint32_t input, size_t slot);

/* ---- bind_counters.c: what optimizers keep beside their slots */
enum ck_counter ck_counter_of(const struct ck_subjects *subjects, size_t variable);
/* What makes beta1_power or beta2_power of a step count, as a text " | ..."; NULL where no operator of this version does. */
const char *ck_counter_power(enum ck_counter meaning);
/* Statements that make the template's counters among variables, as helps. */
void ck_counters_unmade(struct ck_binder *binder, struct ck_diag *diag, const size_t *variables, size_t n);
/* What to do with the source's counters among variables, which have no place in the template under their names. */
void ck_counters_left(struct ck_binder *binder, struct ck_diag *diag, const size_t *variables, size_t n, bool tell_places);

/* ---- bind_convention.c */
/* Whether slots can be stored as the result stores them. False only when memory is short. */
bool ck_bind_convention(struct ck_binder *binder);
/* A target that the template lacks: the slot of nobody knows which variable, as if it were one. */
bool ck_made_unclear(const struct ck_binder *binder, const struct ck_made *made);
/* Warns of such values of the source that go with the rest. */
void ck_bind_warn_unclear(struct ck_binder *binder);
/* How a slot is stored when there is no template: the one place that decides it. slot: of the source, NULL: none tells. */
enum ck_convention ck_slot_convention(const struct ck_binder *binder, const struct ck_variable *slot);

/* ---- bind_keys.c: keys of targets, the object graph */
bool ck_bind_keys(struct ck_binder *binder);

/* ---- bind_code.c: straight-line code of targets */
struct ck_coder {
	struct ck_binder *binder;
	struct ck_map args_made;		/* pointer to a node's arguments -> number in args */
	Ck__Plan__Expr ***args;
	size_t n_args, args_capacity;
	struct ck_map types_made;		/* dtype and dimensions -> number in types */
	Ck__Plan__Type **types;
	size_t n_types, types_capacity;
	bool *lossy;				/* [n_rules] uses a cast or a take that has no inverse */

	/* Of the target that was coded last. */
	Ck__Plan__Insn **code;
	size_t n_code, code_capacity, n_loads;
	const struct ck_node *load;		/* its last LOAD */
	bool keeps_bytes, is_new;
};

bool ck_coder_init(struct ck_binder *binder, struct ck_coder *coder);
/* Sets code, n_registers, unchanged, kept and is_new. False after a message. */
bool ck_code_target(struct ck_coder *coder, const struct ck_made *made, Ck__Plan__Target *target);
/* The code of a target that is a variable of an input. */
bool ck_code_copy(struct ck_coder *coder, uint32_t input, size_t variable, Ck__Plan__Target *target);

/* ---- bind_layout.c, bind_uses.c */
bool ck_bind_layout(struct ck_binder *binder);
/* The second half of it: targets that are made get their places, and the plan its cost and its inputs. */
bool ck_bind_place(struct ck_binder *binder);

/* ---- bind_link.c */
/* Gives unchanged targets the places that their bytes have in shards of inputs, which become the output's first shards. */
bool ck_bind_links(struct ck_binder *binder);
bool ck_bind_is_linked(const struct ck_binder *binder, const Ck__Plan__Target *target);

bool ck_bind_uses(struct ck_binder *binder);
/* Of a known type: 0 where elements have no fixed width, UINT64_MAX for 2^63 and more. */
uint64_t ck_type_n_bytes(const struct ck_type *type);
ProtobufCBinaryData ck_bind_bytes(struct ck_str s);

/* ---- bind_check.c, bind_warn.c */
bool ck_bind_checks(struct ck_binder *binder);
void ck_bind_warnings(struct ck_binder *binder);
/* A warning at a place of a rule; NULL where a comment silences it, whose reason the report repeats. */
CK_PRINTF(5, 6) struct ck_diag *ck_bind_warn(struct ck_binder *binder, enum ck_code code, size_t rule, struct ck_span span, const char *format, ...);
void ck_bind_warn_optimizers(struct ck_binder *binder);	/* bind_warn_slots.c */
/* Whether a cast between the dtypes keeps every value, and whether it keeps at least the range. */
bool ck_cast_widens(enum ck_dtype from, enum ck_dtype to);
bool ck_cast_keeps_range(enum ck_dtype from, enum ck_dtype to);

#endif
