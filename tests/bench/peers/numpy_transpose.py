"""A matrix transposed by NumPy through mapped files: no checkpoint format, no checksum."""
import sys

import numpy as np

source, output, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
matrix = np.memmap(source, np.float32, "r", shape=(n, n))
np.ascontiguousarray(matrix.T).tofile(output)
