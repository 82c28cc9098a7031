// SPDX-License-Identifier: Apache-2.0
// The kept tokens' new values put back among the skipped ones.
#include "rows.cuh"

// One token. What it becomes is y[inverse] where it is kept (inverse >= 0); where it is skipped: gate * x with a gate, else x. Calls
// body(way, c, count, v) with the vectors as they are stored in out; where nothing changes (out is the row that it comes from)
// nothing is stored, and without read nothing read.
template <class Body>
__device__ inline void combine_row(const Row* x, int i, int d, const int* inverse, const Row* y, const float* skip_gate,
        Row* out, bool read, bool vectors, Body body) {
    int place = inverse[i];
    bool kept = place >= 0;
    bool gated = !kept && skip_gate;
    const Row* from = kept ? y + (long long) place * d : x + (long long) i * d;
    Row* to = out + (long long) i * d;
    vectors = vectors && aligned(to);
    if (gated) {
        float g = skip_gate[i];
        for_each_vector(from, d, vectors, [&](auto way, int c, int count, const float* v) {
            float scaled[VECTOR];
#pragma unroll
            for (int j = 0; j < VECTOR; j++) {
                scaled[j] = rounded(g * v[j]);
            }
            store(way, to + c, count, scaled);
            body(way, c, count, scaled);
        });
    } else if (from != to) {
        for_each_vector(from, d, vectors, [&](auto way, int c, int count, const float* v) {
            store(way, to + c, count, v);
            body(way, c, count, v);
        });
    } else if (read) {
        for_each_vector(from, d, vectors, body);
    }
}

// out[i] = y[inverse[i]] where token i is kept, else skip_gate[i] * x[i], or x[i]. A linear path of skipped tokens is in x already.
//   x Row[n, d], inverse int[n] (place among the kept, or -1), y Row[k, d], skip_gate float[n] or null -> out Row[n, d]
//   out may be x itself: rows that stay as they are are then neither read nor written
//   launch: a warp for each token, 8 in a block of 256
//   byte floor: 2 * k * d * sizeof(Row) + 4 * n in place without gate; 2 * n * d * sizeof(Row) + 4 * n else (and 4 * n for the gate)
extern "C" __global__ void __launch_bounds__(256) combine(const Row* x, int n, int d, const int* inverse, const Row* y,
        const float* skip_gate, Row* out) {
    for (int i = first_row(); i < n; i += row_step()) {
        combine_row(x, i, d, inverse, y, skip_gate, out, false, true, [](auto, int, int, const float*) {});
    }
}

// combine, and the next layer's router in the same pass: score[i] = out[i] . w + bias[0], the very bits that score_linear gives for out.
//   as combine, and w float[d], bias float[1] or null -> score float[n]
//   launch: a warp for each token, 8 in a block of 256
//   byte floor: (n + k) * d * sizeof(Row) + 8 * n + 4 * d in place without gate; 2 * n * d * sizeof(Row) + 8 * n + 4 * d else (and 4 * n for
//   the gate)
extern "C" __global__ void __launch_bounds__(256) combine_score(const Row* x, int n, int d, const int* inverse, const Row* y,
        const float* skip_gate, Row* out, const float* w, const float* bias, float* score) {
    for (int i = first_row(); i < n; i += row_step()) {
        float s = 0.0f;
        combine_row(x, i, d, inverse, y, skip_gate, out, true, aligned(w),
                [&](auto way, int c, int count, const float* v) { s = dot(way, s, v, w + c, count); });
        s = warp_sum(s);
        if (threadIdx.x % WARP == 0) {
            score[i] = bias ? s + bias[0] : s;
        }
    }
}
