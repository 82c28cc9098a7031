// SPDX-License-Identifier: Apache-2.0
// Element types.
#include "rows.cuh"

// Rows of FP32, rounded to nearest, ties to even.
//   from float[n] -> to Row[n]
//   launch: blocks of 256 over the elements
//   byte floor: n * (sizeof(Row) + 4)
extern "C" __global__ void __launch_bounds__(256) narrow(const float* from, long long n, Row* to) {
    for (long long i = (long long) blockIdx.x * blockDim.x + threadIdx.x; i < n; i += (long long) gridDim.x * blockDim.x) {
        from_float(from[i], to + i);
    }
}
