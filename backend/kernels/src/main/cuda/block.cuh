// SPDX-License-Identifier: Apache-2.0
// Sums, largest values and ranks over the threads of a block, whose size is a multiple of 32. Each costs one barrier: two scratch areas
// are used in turns, so that a warp that is ahead never overwrites what another one still reads. All threads of the block must call.
#pragma once
#include "rows.cuh"

#define MAX_WARPS 32
#define MAX_SUMS 3

struct BlockScratch {
    int sums[2][MAX_SUMS][MAX_WARPS];
};

struct Block {
    BlockScratch* scratch;
    int turn;

    __device__ explicit Block(BlockScratch* scratch) : scratch(scratch), turn(0) {
    }

    // x[i] becomes its sum over the block.
    template <int COUNT>
    __device__ void sum(int (&x)[COUNT]) {
        int lane = threadIdx.x % WARP;
        int warp = threadIdx.x / WARP;
#pragma unroll
        for (int i = 0; i < COUNT; i++) {
            x[i] = __reduce_add_sync(FULL_WARP, x[i]);
            if (lane == 0) {
                scratch->sums[turn][i][warp] = x[i];
            }
        }
        __syncthreads();
#pragma unroll
        for (int i = 0; i < COUNT; i++) {
            x[i] = __reduce_add_sync(FULL_WARP, of_warp(i, lane));
        }
        turn ^= 1;
    }

    __device__ int sum(int x) {
        int one[1] = {x};
        sum(one);
        return one[0];
    }

    // How many threads have the flag, and how many of the lower ones.
    __device__ int rank(bool flag, int* before) {
        int lane = threadIdx.x % WARP;
        int warp = threadIdx.x / WARP;
        unsigned flags = __ballot_sync(FULL_WARP, flag);
        if (lane == 0) {
            scratch->sums[turn][0][warp] = __popc(flags);
        }
        __syncthreads();
        int count = of_warp(0, lane);
        int lower = __reduce_add_sync(FULL_WARP, lane < warp ? count : 0);
        *before = lower + __popc(flags & ((1u << lane) - 1));
        turn ^= 1;
        return __reduce_add_sync(FULL_WARP, count);
    }

    __device__ float sum(float x) {
        return over_warps(warp_sum(x), 0.0f, false);
    }

    __device__ float largest(float x) {
        for (int offset = WARP / 2; offset > 0; offset /= 2) {
            x = fmaxf(x, __shfl_xor_sync(FULL_WARP, x, offset));
        }
        return over_warps(x, NEGATIVE_INFINITY, true);
    }

private:
    __device__ int of_warp(int i, int warp) {
        return warp < (int) (blockDim.x / WARP) ? scratch->sums[turn][i][warp] : 0;
    }

    __device__ float over_warps(float x, float none, bool largest) {
        int lane = threadIdx.x % WARP;
        if (lane == 0) {
            scratch->sums[turn][0][threadIdx.x / WARP] = (int) __float_as_uint(x);
        }
        __syncthreads();
        float y = lane < (int) (blockDim.x / WARP) ? __uint_as_float((unsigned) scratch->sums[turn][0][lane]) : none;
        for (int offset = WARP / 2; offset > 0; offset /= 2) {
            float other = __shfl_xor_sync(FULL_WARP, y, offset);
            y = largest ? fmaxf(y, other) : y + other;
        }
        turn ^= 1;
        return y;
    }
};
