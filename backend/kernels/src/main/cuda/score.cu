// SPDX-License-Identifier: Apache-2.0
// Router scores: what a token's hidden state says about how much the layer is worth to it. FP32, whatever the rows are.
#include "rows.cuh"

// score[i] = x[i] . w + bias[0]; bias may be null. The last bit of a token's score does not depend on n, nor on how x is aligned.
//   x Row[n, d], w float[d], bias float[1] or null -> score float[n]
//   launch: a warp for each token, 8 in a block of 256
//   byte floor: n * d * sizeof(Row) + 4 * d + 4 * n
extern "C" __global__ void __launch_bounds__(256) score_linear(const Row* x, int n, int d, const float* w, const float* bias, float* score) {
    for (int i = first_row(); i < n; i += row_step()) {
        float s = 0.0f;
        for_each_vector(x + (long long) i * d, d, aligned(w),
                [&](auto way, int c, int count, const float* v) { s = dot(way, s, v, w + c, count); });
        s = warp_sum(s);
        if (threadIdx.x % WARP == 0) {
            score[i] = bias ? s + bias[0] : s;
        }
    }
}

// score[i] = softmax(w . x[i])[1], x being the layer's normed input.
//   x Row[n, d], w float[2, d] -> score float[n]
//   launch: a warp for each token, 8 in a block of 256
//   byte floor: n * d * sizeof(Row) + 8 * d + 4 * n
extern "C" __global__ void __launch_bounds__(256) score_softmax2(const Row* x, int n, int d, const float* w, float* score) {
    for (int i = first_row(); i < n; i += row_step()) {
        float skip = 0.0f;
        float keep = 0.0f;
        for_each_vector(x + (long long) i * d, d, aligned(w) && aligned(w + d), [&](auto way, int c, int count, const float* v) {
            skip = dot(way, skip, v, w + c, count);
            keep = dot(way, keep, v, w + d + c, count);
        });
        skip = warp_sum(skip);
        keep = warp_sum(keep);
        if (threadIdx.x % WARP == 0) {
            float most = fmaxf(skip, keep);
            float p = expf(keep - most);
            score[i] = p / (expf(skip - most) + p);
        }
    }
}
