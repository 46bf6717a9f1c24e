/* The values of a variable: as text in the manner of NumPy, and as a .npy file. */
#ifndef CK_DRIVER_VALUES_H
#define CK_DRIVER_VALUES_H

#include "bundle/data.h"
#include "compiler/driver/driver.h"

/**
 * Prints the values: all of up to 1000, else three at either end of each axis. Floats have as many digits as their dtype needs to
 * be read back. @errors CK_IO, CK_BAD_CHECKSUM (strings), CK_NOMEM
 */
CK_NODISCARD enum ck_code ck_values_put(struct ck_driver *driver, const struct ck_data *data, const struct ck_variable *variable);

/* The shortest decimal that reads back as x in a floating dtype: "0.1", "1e-05", "-inf". */
enum { CK_FLOAT_TEXT = 40 };
void ck_float_text(enum ck_dtype dtype, double x, char ret_text[CK_FLOAT_TEXT]);

/**
 * Writes NumPy's .npy format, version 1.0, in the byte order of the checkpoint (npy.c). bf16 and f8 become unsigned integers of the same bits, i4
 * and u4 a byte each. Source: numpy/lib/format.py. @errors CK_FORMAT_NOT_AVAILABLE (strings), CK_BAD_CHECKSUM, CK_IO, CK_NOMEM
 */
CK_NODISCARD enum ck_code ck_npy_write(struct ck_driver *driver, const struct ck_data *data, const struct ck_variable *variable,
				       struct ck_str path);

#endif
