// SPDX-License-Identifier: Apache-2.0
// Rows of hidden states. Row is their element type, chosen when compiling: -DDEPTHC_ROW=f32, bf16 or f16. All arithmetic is in FP32; a value
// is rounded to Row (to nearest, ties to even) when it is stored. Offsets into rows are 64-bit: n * d may pass 2^31.
#pragma once

#define WARP 32
#define FULL_WARP 0xffffffffu
#define NEGATIVE_INFINITY __uint_as_float(0xff800000u)

typedef unsigned char u8;
typedef float f32;
struct bf16 {
    unsigned short bits;
};
struct f16 {
    unsigned short bits;
};
typedef DEPTHC_ROW Row;

// Elements of a row that one 16-byte load brings.
static const int VECTOR = 16 / sizeof(Row);
// Such loads that a lane has under way at a time.
static const int BATCH = 4;

// The host that tests these sources has no PTX and brings its own.
#ifndef DEPTHC_OWN_F16
__device__ inline float f16_to_float(unsigned short bits) {
    float x;
    asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(bits));
    return x;
}

__device__ inline unsigned short float_to_f16(float x) {
    unsigned short bits;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x));
    return bits;
}
#endif

__device__ inline float to_float(f32 x) {
    return x;
}

__device__ inline float to_float(bf16 x) {
    return __uint_as_float((unsigned) x.bits << 16);
}

__device__ inline float to_float(f16 x) {
    return f16_to_float(x.bits);
}

__device__ inline void from_float(float x, f32* to) {
    *to = x;
}

__device__ inline void from_float(float x, bf16* to) {
    unsigned bits = __float_as_uint(x);
    // Rounding the bits of a NaN could make an infinity of it.
    bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
    to->bits = (unsigned short) (nan ? bits >> 16 | 0x40u : (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

__device__ inline void from_float(float x, f16* to) {
    to->bits = float_to_f16(x);
}

// x as it reads back once it has been stored in a row.
__device__ inline float rounded(float x) {
    Row r;
    from_float(x, &r);
    return to_float(r);
}

__device__ inline bool aligned(const void* p) {
    return ((unsigned long long) p & 15) == 0;
}

// The first row of a warp, and the distance to its next one.
__device__ inline int first_row() {
    return (int) ((blockIdx.x * blockDim.x + threadIdx.x) / WARP);
}

__device__ inline int row_step() {
    return (int) (gridDim.x * blockDim.x / WARP);
}

__device__ inline void unpack(const uint4& raw, float* v) {
    const Row* r = (const Row*) &raw;
#pragma unroll
    for (int j = 0; j < VECTOR; j++) {
        v[j] = to_float(r[j]);
    }
}

// p[0 .. count) and zeros after it.
__device__ inline void load_part(const Row* p, int count, float* v) {
#pragma unroll
    for (int j = 0; j < VECTOR; j++) {
        v[j] = j < count ? to_float(p[j]) : 0.0f;
    }
}

// Which of two ways a vector goes: whole, by 16-byte loads and stores, or element by element.
struct Whole {
};
struct Part {
};

// p[0 .. count) = v.
__device__ inline void store(Whole, Row* p, int, const float* v) {
    uint4 raw;
    Row* r = (Row*) &raw;
#pragma unroll
    for (int j = 0; j < VECTOR; j++) {
        from_float(v[j], &r[j]);
    }
    *(uint4*) p = raw;
}

__device__ inline void store(Part, Row* p, int count, const float* v) {
#pragma unroll
    for (int j = 0; j < VECTOR; j++) {
        if (j < count) {
            from_float(v[j], &p[j]);
        }
    }
}

// w[0 .. count) in FP32, and zeros after it.
__device__ inline void load_floats(Whole, const float* w, int, float* v) {
#pragma unroll
    for (int j = 0; j < VECTOR; j += 4) {
        float4 four = *(const float4*) (w + j);
        v[j] = four.x;
        v[j + 1] = four.y;
        v[j + 2] = four.z;
        v[j + 3] = four.w;
    }
}

__device__ inline void load_floats(Part, const float* w, int count, float* v) {
#pragma unroll
    for (int j = 0; j < VECTOR; j++) {
        v[j] = j < count ? w[j] : 0.0f;
    }
}

// A lane's share of a row: calls body(way, c, count, v) for its vectors in ascending order, v being row[c .. c + count) and zeros after it. The way
// is Whole only with vectors, which says that all pointers of the body are aligned. Which element belongs to which lane depends on d
// alone, so that sums over it have one order.
template <class Body>
__device__ inline void for_each_vector(const Row* row, int d, bool vectors, Body body) {
    const int step = WARP * VECTOR;
    int c = (int) (threadIdx.x % WARP) * VECTOR;
    if (vectors && aligned(row)) {
        for (; c + (BATCH - 1) * step + VECTOR <= d; c += BATCH * step) {
            uint4 raw[BATCH];
#pragma unroll
            for (int u = 0; u < BATCH; u++) {
                raw[u] = *(const uint4*) (row + c + u * step);
            }
#pragma unroll
            for (int u = 0; u < BATCH; u++) {
                float v[VECTOR];
                unpack(raw[u], v);
                body(Whole(), c + u * step, VECTOR, v);
            }
        }
        for (; c + VECTOR <= d; c += step) {
            float v[VECTOR];
            unpack(*(const uint4*) (row + c), v);
            body(Whole(), c, VECTOR, v);
        }
    }
    for (; c < d; c += step) {
        float v[VECTOR];
        int count = d - c < VECTOR ? d - c : VECTOR;
        load_part(row + c, count, v);
        body(Part(), c, count, v);
    }
}

// The sum over a warp, the same bits in every lane.
__device__ inline float warp_sum(float x) {
    for (int offset = WARP / 2; offset > 0; offset /= 2) {
        x += __shfl_xor_sync(FULL_WARP, x, offset);
    }
    return x;
}

// A lane's part of a dot product, one vector further.
template <class Way>
__device__ inline float dot(Way way, float sum, const float* v, const float* w, int count) {
    float f[VECTOR];
    load_floats(way, w, count, f);
#pragma unroll
    for (int j = 0; j < VECTOR; j++) {
        sum = fmaf(v[j], f[j], sum);
    }
    return sum;
}
