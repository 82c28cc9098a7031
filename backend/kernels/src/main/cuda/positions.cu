// SPDX-License-Identifier: Apache-2.0
// What is made of tokens' positions and places.
#include "rows.cuh"

// The tables of rotary embeddings: cos(positions[i] * inverse[j]) * factor, and sin, with long_inverse at positions from long_from on. The
// product is rounded to FP32, and then its cosine taken.
//   positions int[n], inverse and long_inverse float[angles] -> cos, sin float[n, angles]
//   launch: blocks of 256 over the n * angles elements
//   byte floor: 8 * n * angles
extern "C" __global__ void __launch_bounds__(256) rotary_table(const int* positions, int n, const float* inverse, const float* long_inverse,
        long long long_from, int angles, float factor, float* cos, float* sin) {
    long long all = (long long) n * angles;
    for (long long i = (long long) blockIdx.x * blockDim.x + threadIdx.x; i < all; i += (long long) gridDim.x * blockDim.x) {
        int position = positions[i / angles];
        float angle = (float) position * (position >= long_from ? long_inverse : inverse)[i % angles];
        cos[i] = cosf(angle) * factor;
        sin[i] = sinf(angle) * factor;
    }
}

// Where all tokens were computed, kept or not: inverse[i] = i where token i is kept, else -1.
//   mask u8[n] -> inverse int[n]
//   launch: blocks of 256 over the tokens
//   byte floor: 5 * n
extern "C" __global__ void __launch_bounds__(256) keep_in_place(const u8* mask, int n, int* inverse) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
        inverse[i] = mask[i] ? i : -1;
    }
}
