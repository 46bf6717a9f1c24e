#include "compiler/driver/driver.h"
enum ck_code ck_cmd_verify(struct ck_driver *driver) { (void)driver; return CK_OK; }
