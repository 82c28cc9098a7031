// SPDX-License-Identifier: Apache-2.0
// From a mask to indices, and the kept rows out of all rows.
#include "block.cuh"

// Where the kept tokens are.
//   row_offsets int[rows + 1], mask u8[n], row_kept int[rows] (kept tokens of each row)
//   -> indices int[kept] packed places of the kept tokens, ascending; kept_offsets int[rows + 1]; inverse int[n] or null: a token's place
//      among the kept ones, or -1
//   launch: a block of 1024 for each row
//   byte floor: 5 * n + 4 * kept
extern "C" __global__ void __launch_bounds__(1024) compact(const int* row_offsets, int rows, const u8* mask, const int* row_kept,
        int* indices, int* kept_offsets, int* inverse) {
    __shared__ BlockScratch scratch;
    Block block(&scratch);
    for (int row = blockIdx.x; row < rows; row += gridDim.x) {
        int kept_before = 0;
        for (int r = threadIdx.x; r < row; r += blockDim.x) {
            kept_before += row_kept[r];
        }
        kept_before = block.sum(kept_before);
        if (threadIdx.x == 0) {
            kept_offsets[row] = kept_before;
            if (row == rows - 1) {
                kept_offsets[rows] = kept_before + row_kept[row];
            }
        }
        int end = row_offsets[row + 1];
        for (int base = row_offsets[row]; base < end; base += blockDim.x) {
            int i = base + threadIdx.x;
            bool keep = i < end && mask[i];
            int before;
            int count = block.rank(keep, &before);
            if (keep) {
                indices[kept_before + before] = i;
            }
            if (inverse && i < end) {
                inverse[i] = keep ? kept_before + before : -1;
            }
            kept_before += count;
        }
    }
}

template <class Unit>
__device__ void gather_units(const u8* src, const int* indices, int k, int row_bytes, u8* dst) {
    int units = row_bytes / (int) sizeof(Unit);
    // So many lanes copy a row: one row for a warp, or several where rows are short.
    int lanes = 1;
    while (lanes < WARP && lanes < units) {
        lanes *= 2;
    }
    int thread = blockIdx.x * blockDim.x + threadIdx.x;
    int step = gridDim.x * blockDim.x / lanes;
    for (int i = thread / lanes; i < k; i += step) {
        const Unit* from = (const Unit*) (src + (long long) indices[i] * row_bytes);
        Unit* to = (Unit*) (dst + (long long) i * row_bytes);
        int c = thread % lanes;
        for (; c + (BATCH - 1) * lanes < units; c += BATCH * lanes) {
            Unit u[BATCH];
#pragma unroll
            for (int j = 0; j < BATCH; j++) {
                u[j] = from[c + j * lanes];
            }
#pragma unroll
            for (int j = 0; j < BATCH; j++) {
                to[c + j * lanes] = u[j];
            }
        }
        for (; c < units; c += lanes) {
            to[c] = from[c];
        }
    }
}

// dst[i] = src[indices[i]], rows of so many bytes and of any element type.
//   src bytes[n, row_bytes], indices int[k] -> dst bytes[k, row_bytes]
//   launch: blocks of 256, 8 rows for each
//   byte floor: 2 * k * row_bytes + 4 * k
extern "C" __global__ void __launch_bounds__(256) gather(const u8* src, const int* indices, int k, int row_bytes, u8* dst) {
    unsigned long long all = (unsigned long long) src | (unsigned long long) dst | (unsigned) row_bytes;
    if (all % 16 == 0) {
        gather_units<uint4>(src, indices, k, row_bytes, dst);
    } else if (all % 4 == 0) {
        gather_units<unsigned>(src, indices, k, row_bytes, dst);
    } else {
        gather_units<u8>(src, indices, k, row_bytes, dst);
    }
}

// kept[i] = x[indices[i]], and the RMSNorm of it: normed[i] = kept[i] / sqrt(mean(kept[i]^2) + epsilon) * w, w being weight, or 1 + weight
// with unit_offset != 0.
//   x Row[n, d], indices int[k], weight float[d] -> kept Row[k, d] or null, normed Row[k, d]
//   launch: a warp for each kept token, 8 in a block of 256
//   byte floor: 3 * k * d * sizeof(Row) + 4 * k + 4 * d (the second reading of a row comes from the cache)
extern "C" __global__ void __launch_bounds__(256) gather_norm(const Row* x, const int* indices, int k, int d, const float* weight,
        float epsilon, int unit_offset, Row* kept, Row* normed) {
    float offset = unit_offset ? 1.0f : 0.0f;
    for (int i = first_row(); i < k; i += row_step()) {
        const Row* from = x + (long long) indices[i] * d;
        Row* copy = kept ? kept + (long long) i * d : kept;
        Row* to = normed + (long long) i * d;
        float squares = 0.0f;
        for_each_vector(from, d, aligned(copy), [&](auto way, int c, int count, const float* v) {
            if (copy) {
                store(way, copy + c, count, v);
            }
#pragma unroll
            for (int j = 0; j < VECTOR; j++) {
                squares = fmaf(v[j], v[j], squares);
            }
        });
        float factor = 1.0f / sqrtf(warp_sum(squares) / (float) d + epsilon);
        for_each_vector(from, d, aligned(to) && aligned(weight), [&](auto way, int c, int count, const float* v) {
            float y[VECTOR];
            load_floats(way, weight + c, count, y);
#pragma unroll
            for (int j = 0; j < VECTOR; j++) {
                y[j] = v[j] * factor * (offset + y[j]);
            }
            store(way, to + c, count, y);
        });
    }
}

// dst[i] = row indices[i] of a table in integers: each code times the scale of its block.
//   codes bytes[n, d * bits / 8] two's complement of 8 bits, or of 4, two in a byte, the first in its lower half; scales Row[n, d / block],
//   d a multiple of block and block one of 8 (two vectors of FP32, one of 16 bits); indices int[k] -> dst Row[k, d]
//   launch: a warp for each row, 8 in a block of 256
//   byte floor: k * (d * bits / 8 + d / block * sizeof(Row) + d * sizeof(Row)) + 4 * k
extern "C" __global__ void __launch_bounds__(256) gather_nbits(const u8* codes, const Row* scales, const int* indices, int k, int d, int bits,
        int block, Row* dst) {
    int lane = threadIdx.x % WARP;
    for (int i = first_row(); i < k; i += row_step()) {
        const u8* from = codes + (long long) indices[i] * (d / 8 * bits);
        const Row* scale = scales + (long long) indices[i] * (d / block);
        for (int c = lane * VECTOR; c < d; c += WARP * VECTOR) {
            float s = to_float(scale[c / block]);
            float v[VECTOR];
#pragma unroll
            for (int j = 0; j < VECTOR; j++) {
                int at = c + j;
                int code = bits == 8 ? (signed char) from[at] : ((from[at / 2] >> at % 2 * 4 & 15) ^ 8) - 8;
                v[j] = (float) code * s;
            }
            Row* to = dst + (long long) i * d + c;
            if (aligned(dst)) {
                store(Whole(), to, VECTOR, v);
            } else {
                store(Part(), to, VECTOR, v);
            }
        }
    }
}
