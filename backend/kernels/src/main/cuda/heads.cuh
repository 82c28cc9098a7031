// SPDX-License-Identifier: Apache-2.0
// Vectors of attention heads, up to 256 wide. A team of lanes (a power of two of them, 1 to 32) holds one vector, 8 elements each; the last
// lanes may have fewer, or none.
#pragma once
#include "rows.cuh"

#define ELEMENTS 8
#define MAX_HEAD_DIM 256

struct Team {
    int lanes;
    // This lane's elements: from first, count of them.
    int first;
    int count;

    __device__ explicit Team(int head_dim) {
        lanes = 1;
        while (lanes * ELEMENTS < head_dim) {
            lanes *= 2;
        }
        first = (int) threadIdx.x % lanes * ELEMENTS;
        int left = head_dim - first;
        count = left < 0 ? 0 : left < ELEMENTS ? left : ELEMENTS;
    }

    // Each x becomes its sum over the team, the same bits in each of its lanes. All lanes of the warp must call.
    template <int ROWS, int COLUMNS>
    __device__ void sum(float (&x)[ROWS][COLUMNS]) const {
        for (int offset = lanes / 2; offset > 0; offset /= 2) {
#pragma unroll
            for (int i = 0; i < ROWS; i++) {
#pragma unroll
                for (int j = 0; j < COLUMNS; j++) {
                    x[i][j] += __shfl_xor_sync(FULL_WARP, x[i][j], offset);
                }
            }
        }
    }
};

// p[0 .. count) and zeros after it; with vectors (p aligned to 16 bytes, count 0 or ELEMENTS) by 16-byte loads.
__device__ inline void load_elements(const Row* p, int count, bool vectors, float* v) {
    if (vectors && count == ELEMENTS) {
#pragma unroll
        for (int j = 0; j < ELEMENTS; j += VECTOR) {
            unpack(*(const uint4*) (p + j), v + j);
        }
    } else {
#pragma unroll
        for (int j = 0; j < ELEMENTS; j++) {
            v[j] = j < count ? to_float(p[j]) : 0.0f;
        }
    }
}

__device__ inline float dot_elements(const float* a, const float* b) {
    float s = 0.0f;
#pragma unroll
    for (int j = 0; j < ELEMENTS; j++) {
        s = fmaf(a[j], b[j], s);
    }
    return s;
}
