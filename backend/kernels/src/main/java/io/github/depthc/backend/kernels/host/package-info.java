// SPDX-License-Identifier: Apache-2.0
/**
 * The kernels in plain Java, with FP32 rows: what the CPU runs, and what the CUDA sources are compared with. Shapes, nulls and the
 * order of parameters are those of the kernels; buffers are memory segments of floats, ints or bytes in the machine's order, on the heap or
 * not, and offsets into them are 64-bit.
 */
package io.github.depthc.backend.kernels.host;
