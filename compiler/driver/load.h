/* What commands read: migrations, plans, checkpoints. */
#ifndef CK_DRIVER_LOAD_H
#define CK_DRIVER_LOAD_H

#include "compiler/driver/driver.h"
#include "vm/bind.h"

/**
 * Reads FILE ("-": standard input), told apart by content: a plan is decoded and verified, a text compiled. Sets the stage.
 * @errors those of ck_plan_decode(), ck_parse() and ck_compile(); CK_IO
 */
CK_NODISCARD enum ck_code ck_load_plan(struct ck_driver *driver, struct ck_str path, struct ck_plan **ret_plan);
/* Several FILEs, which are applied in order as one: a series. All of them are looked at, also when one has errors. @errors those above, CK_ORDER */
CK_NODISCARD enum ck_code ck_load_files(struct ck_driver *driver, const struct ck_str *paths, size_t n, struct ck_plan **ret_plan);
/* How many operands of `plan` and `run` are FILEs: all but the last, which is SOURCE; one alone is a FILE. */
size_t ck_n_files(const struct ck_driver *driver);
static inline bool ck_plan_is_bound(const struct ck_plan *plan)
{
	return plan->message->bound != NULL;
}

/* The checkpoints of a run. */
struct ck_loaded_inputs {
	struct ck_inputs inputs;		/* view of the manifests */
	struct ck_manifest **manifests;		/* by input number */
};

/**
 * Opens what a plan wants: SOURCE (p is NULL: left out, which only bound plans allow), --onto, --input. Each declared input must
 * be given, and nothing else; a bound plan knows where its inputs were.
 * @errors CK_USAGE, those of ck_manifest_open()
 */
CK_NODISCARD enum ck_code ck_load_inputs(struct ck_driver *driver, const struct ck_plan *plan, struct ck_str source,
					 struct ck_loaded_inputs *ret_inputs);
void ck_loaded_inputs_clear(struct ck_loaded_inputs *inputs);
/* What must not be written over: "PREFIX.index" of every input, and every FILE; in the driver's arena. */
CK_NODISCARD enum ck_code ck_input_files(struct ck_driver *driver, const struct ck_loaded_inputs *inputs, struct ck_str **ret_files,
					 size_t *ret_n);

/**
 * FILE and SOURCE of `plan` and `run`, bound: compiles and binds by the options, or takes a bound plan that is still fresh.
 * *ret_inputs is to be cleared also on failure; between loading and binding, before() may refuse (NULL: nothing to refuse).
 */
CK_NODISCARD enum ck_code ck_load_bound(struct ck_driver *driver, enum ck_code (*before)(struct ck_driver *, const struct ck_loaded_inputs *),
					struct ck_loaded_inputs *ret_inputs, struct ck_plan **ret_bound);

/* Writes a plan file ("-": standard output) unless that would destroy something else. sources are never written over. */
CK_NODISCARD enum ck_code ck_save_plan(struct ck_driver *driver, const struct ck_plan *plan, struct ck_str path, const struct ck_str *sources,
				       size_t n_sources);

/* Memory and threads, from the options. */
uint64_t ck_memory_of(const struct ck_driver *driver);
size_t ck_jobs_of(const struct ck_driver *driver);

#endif
