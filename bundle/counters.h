/**
 * Counters and hyperparameters that optimizers keep beside their slots. They are variables; but every generation of optimizers has
 * names of its own for them.
 * Source: tensorflow/python/training/adam.py; optimizer_v2.py, optimizer.py and base_optimizer.py of Keras.
 */
#ifndef CK_BUNDLE_COUNTERS_H
#define CK_BUNDLE_COUNTERS_H

#include "bundle/manifest.h"

enum ck_counter {
	CK_COUNTER_NONE,
	CK_COUNTER_STEPS,			/* how many steps were made */
	CK_COUNTER_POWER_1, CK_COUNTER_POWER_2,	/* beta1_power, beta2_power */
	CK_COUNTER_RATE,			/* the learning rate */
	CK_COUNTER_SCHEDULE,			/* Nadam's product of momentums */
	CK_COUNTER_LOSS_SCALE, CK_COUNTER_GOOD_STEPS,	/* of mixed precision */
	CK_COUNTER_OTHER,			/* a constant of the program */
};

/* What a variable is: by its name, and in an object graph only as a child of an optimizer that has slots. */
enum ck_counter ck_counter_find(const struct ck_manifest *manifest, const struct ck_variable *variable);
/* What a last segment means in an optimizer of a checkpoint with or without objects. */
enum ck_counter ck_counter_called(struct ck_str segment, bool objects);
/* Whether optimizers of the convention have counters of this name. */
bool ck_counter_serves(struct ck_str name, enum ck_convention convention);
/* The last segment of its name there; nothing if they have none. */
struct ck_str ck_counter_name(enum ck_counter meaning, enum ck_convention convention);
/* The last segment of a name; numbered: without TensorFlow's number, "beta1_power" of "adam/beta1_power_1". */
struct ck_str ck_counter_segment(struct ck_str name, bool numbered);

#endif
