#include "compiler/driver/load.h"

enum ck_code ck_cmd_disasm(struct ck_driver *driver)
{
	struct ck_plan *plan;
	enum ck_code code = ck_load_plan(driver, driver->options.operands[0], &plan);
	if (code)
		return code;
	if (driver->json)
		ck_plan_disasm_json(plan, &driver->out);
	else
		ck_plan_disasm(plan, &driver->out);
	return CK_OK;
}
