// SPDX-License-Identifier: Apache-2.0
// Filling and element types.
#include "rows.cuh"

__device__ inline long long first_element() {
    return (long long) blockIdx.x * blockDim.x + threadIdx.x;
}

__device__ inline long long element_step() {
    return (long long) gridDim.x * blockDim.x;
}

// to[0 .. n) = value.
//   launch: blocks of 256 over the elements
//   byte floor: n
extern "C" __global__ void __launch_bounds__(256) fill_u8(u8* to, long long n, int value) {
    for (long long i = first_element(); i < n; i += element_step()) {
        to[i] = (u8) value;
    }
}

// FP32 of rows.
//   from Row[n] -> to float[n]
//   launch: blocks of 256 over the elements
//   byte floor: n * (sizeof(Row) + 4)
extern "C" __global__ void __launch_bounds__(256) widen(const Row* from, long long n, float* to) {
    for (long long i = first_element(); i < n; i += element_step()) {
        to[i] = to_float(from[i]);
    }
}

// Rows of FP32, rounded to nearest, ties to even.
//   from float[n] -> to Row[n]
//   launch: blocks of 256 over the elements
//   byte floor: n * (sizeof(Row) + 4)
extern "C" __global__ void __launch_bounds__(256) narrow(const float* from, long long n, Row* to) {
    for (long long i = first_element(); i < n; i += element_step()) {
        from_float(from[i], to + i);
    }
}
