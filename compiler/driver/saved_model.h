/* SavedModels: what `plan` and `run` do with one as SOURCE. */
#ifndef CK_DRIVER_SAVED_MODEL_H
#define CK_DRIVER_SAVED_MODEL_H

#include "bundle/saved_model.h"
#include "compiler/driver/load.h"
#include "vm/report.h"

/**
 * Decides by the paths whether the result is a SavedModel: when SOURCE is one, and --onto too if it is given. It then has to fit the
 * template's program; without --onto *template becomes the source, so that names, shapes and dtypes have to stay. Sets
 * driver->saved_model and fits_itself.
 */
CK_NODISCARD enum ck_code ck_saved_model_choose(struct ck_driver *driver, struct ck_str source, struct ck_str *template, bool is_bound);
/* Adds to the first error of a binding that did not fit why it has to, and what can be done. */
void ck_saved_model_explain(struct ck_driver *driver);

/* -o OUT without slashes at its end, where that is a folder. */
struct ck_str ck_saved_model_output(struct ck_driver *driver);
/* May OUT and the report be written? Never over, into or around an input. @errors CK_OUTPUT_EXISTS, CK_USAGE, CK_IO, CK_NOMEM */
CK_NODISCARD enum ck_code ck_saved_model_check(struct ck_driver *driver, const struct ck_loaded_inputs *inputs, struct ck_str report);
/* Begins OUT, with all that is carried along. */
CK_NODISCARD enum ck_code ck_saved_model_begin(struct ck_driver *driver, const struct ck_plan *bound, struct ck_saved_model **ret_model);

#endif
