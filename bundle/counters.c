#include "bundle/counters.h"

enum { TF1 = 1 << CK_TF1, TF2 = 1 << CK_TF2, KERAS2 = 1 << CK_KERAS2, KERAS3 = 1 << CK_KERAS3 };

static const struct counter {
	struct ck_str name;		/* last segment of a variable's name */
	enum ck_counter meaning;
	unsigned conventions;
} counters[] = {
	{ CK_STR("global_step"), CK_COUNTER_STEPS, TF1 },
	{ CK_STR("iter"), CK_COUNTER_STEPS, TF2 },
	{ CK_STR("_iterations"), CK_COUNTER_STEPS, KERAS2 | KERAS3 },
	{ CK_STR("iterations"), CK_COUNTER_STEPS, KERAS3 },
	{ CK_STR("beta1_power"), CK_COUNTER_POWER_1, TF1 },
	{ CK_STR("beta2_power"), CK_COUNTER_POWER_2, TF1 },
	{ CK_STR("learning_rate"), CK_COUNTER_RATE, TF2 },
	{ CK_STR("_learning_rate"), CK_COUNTER_RATE, KERAS2 | KERAS3 },
	{ CK_STR("momentum_cache"), CK_COUNTER_SCHEDULE, TF2 },
	{ CK_STR("_u_product"), CK_COUNTER_SCHEDULE, KERAS2 | KERAS3 },
	{ CK_STR("current_loss_scale"), CK_COUNTER_LOSS_SCALE, TF2 | KERAS2 },
	{ CK_STR("dynamic_scale"), CK_COUNTER_LOSS_SCALE, KERAS3 },
	{ CK_STR("good_steps"), CK_COUNTER_GOOD_STEPS, TF2 | KERAS2 },
	{ CK_STR("step_counter"), CK_COUNTER_GOOD_STEPS, KERAS3 },
	{ CK_STR("beta_1"), CK_COUNTER_OTHER, TF2 },
	{ CK_STR("beta_2"), CK_COUNTER_OTHER, TF2 },
	{ CK_STR("decay"), CK_COUNTER_OTHER, TF2 },
	{ CK_STR("rho"), CK_COUNTER_OTHER, TF2 },
	{ CK_STR("momentum"), CK_COUNTER_OTHER, TF2 },
	{ CK_STR("beta"), CK_COUNTER_OTHER, TF2 },
	{ CK_STR("learning_rate_power"), CK_COUNTER_OTHER, TF2 },
	{ CK_STR("l1_regularization_strength"), CK_COUNTER_OTHER, TF2 },
	{ CK_STR("l2_regularization_strength"), CK_COUNTER_OTHER, TF2 },
};

struct ck_str ck_counter_segment(struct ck_str name, bool numbered)
{
	size_t slash = ck_str_rfind(name, '/'), n;
	struct ck_str last = slash < name.n ? ck_str_slice(name, slash + 1, name.n) : name;

	for (n = last.n; numbered && n > 1 && last.p[n - 1] >= '0' && last.p[n - 1] <= '9'; n--)
		;
	return numbered && n < last.n && last.p[n - 1] == '_' ? ck_str_slice(last, 0, n - 1) : last;
}

/* Whether the variable is a child of an optimizer, or of what it keeps, such as `loss_scale`. Names alone do not tell. */
static bool is_in_optimizer(const struct ck_manifest *manifest, struct ck_str name)
{
	const struct ck_graph *graph = manifest->graph;
	size_t slash = ck_str_rfind(name, '/');

	if (!graph)
		return slash < name.n;
	for (int level = 0; level < 2 && slash < name.n; level++) {
		int32_t node;

		name = ck_str_slice(name, 0, slash);
		node = ck_graph_find(graph, name);
		if (node >= 0 && graph->is_optimizer[node])
			return true;
		slash = ck_str_rfind(name, '/');
	}
	return false;
}

enum ck_counter ck_counter_called(struct ck_str segment, bool objects)
{
	for (size_t i = 0; i < CK_COUNT(counters); i++)
		if (ck_str_equal(counters[i].name, segment) && (counters[i].conventions == TF1) != objects)
			return counters[i].meaning;
	return CK_COUNTER_NONE;
}

enum ck_counter ck_counter_find(const struct ck_manifest *manifest, const struct ck_variable *variable)
{
	bool objects = manifest->object_based;
	enum ck_counter found;

	if (variable->kind != CK_VARIABLE || variable->convention != CK_CONVENTION_NONE || variable->shape.rank != 0)
		return CK_COUNTER_NONE;
	found = ck_counter_called(ck_counter_segment(variable->name, !objects), objects);
	return !objects || is_in_optimizer(manifest, variable->name) ? found : CK_COUNTER_NONE;
}

bool ck_counter_serves(struct ck_str name, enum ck_convention convention)
{
	struct ck_str last = ck_counter_segment(name, convention == CK_TF1);

	for (size_t i = 0; i < CK_COUNT(counters); i++)
		if (ck_str_equal(counters[i].name, last) && counters[i].conventions & 1u << convention)
			return true;
	return false;
}

struct ck_str ck_counter_name(enum ck_counter meaning, enum ck_convention convention)
{
	for (size_t i = 0; i < CK_COUNT(counters); i++)
		if (counters[i].meaning == meaning && counters[i].conventions & 1u << convention)
			return counters[i].name;
	return (struct ck_str){ 0 };
}
