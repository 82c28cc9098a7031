// SPDX-License-Identifier: Apache-2.0
// A layer's KV cache and decode attention over it. Each row (slot) has a cache of its own, token-major: K and V are
// Row[capacity, kv_heads * head_dim], the index cache int[capacity] holds each entry's place in its sequence, ascending.
#include "heads.cuh"

#define ATTEND_THREADS 128
#define ATTEND_HEADS 4

// Writes a new token of each row at the end of its cache, and counts it. A row with keep 0 stays as it is. There must be room.
//   k, v Row[rows, w], k_caches and v_caches pointers[rows], index_caches pointers[rows] or null (then sequence_index is not read),
//   sequence_index int[rows], keep u8[rows] or null (all) -> the caches, lengths int[rows] one longer
//   launch: a block of 128 for each row
//   byte floor: 4 * rows * w * sizeof(Row)
extern "C" __global__ void __launch_bounds__(128) append(const Row* k, const Row* v, int rows, int w, Row* const* k_caches,
        Row* const* v_caches, int* const* index_caches, const int* sequence_index, int* lengths, const u8* keep) {
    for (int row = blockIdx.x; row < rows; row += gridDim.x) {
        if (keep && !keep[row]) {
            continue;
        }
        int length = lengths[row];
        Row* k_to = k_caches[row] + (long long) length * w;
        Row* v_to = v_caches[row] + (long long) length * w;
        for (int c = threadIdx.x; c < w; c += blockDim.x) {
            k_to[c] = k[(long long) row * w + c];
            v_to[c] = v[(long long) row * w + c];
        }
        // The length is read by all before it changes.
        __syncthreads();
        if (threadIdx.x == 0) {
            if (index_caches) {
                index_caches[row][length] = sequence_index[row];
            }
            lengths[row] = length + 1;
        }
    }
}

struct AttendScratch {
    float sums[ATTEND_HEADS][ATTEND_THREADS * ELEMENTS];
    float most[ATTEND_HEADS][ATTEND_THREADS];
    float total[ATTEND_HEADS][ATTEND_THREADS];
};

// Query heads of one key head over the entries from .. to - 1. Each team goes through entries of its own with a softmax of its own (largest
// score, sum, weighted values), so many ENTRIES at a time; at the end they are merged. Of HEADS heads only the first "active" exist.
template <int HEADS, int ENTRIES>
__device__ void attend_heads(AttendScratch& scratch, const Row* q, int active, int head_dim, float scale, float softcap, const Row* keys,
        const Row* values, int w, const int* index, int oldest, int from, int to, float* partial, int partial_step) {
    Team team(head_dim);
    int teams = ATTEND_THREADS / team.lanes;
    int mine = threadIdx.x / team.lanes;
    bool vectors = aligned(keys) && aligned(values) && head_dim % ELEMENTS == 0;

    float query[HEADS][ELEMENTS];
    float sums[HEADS][ELEMENTS];
    float most[HEADS];
    float total[HEADS];
#pragma unroll
    for (int h = 0; h < HEADS; h++) {
        load_elements(q + h * head_dim + team.first, h < active ? team.count : 0, false, query[h]);
        most[h] = NEGATIVE_INFINITY;
        total[h] = 0.0f;
#pragma unroll
        for (int j = 0; j < ELEMENTS; j++) {
            sums[h][j] = 0.0f;
        }
    }

    for (int base = from; base < to; base += teams * ENTRIES) {
        float key[ENTRIES][ELEMENTS];
        float value[ENTRIES][ELEMENTS];
        bool seen[ENTRIES];
#pragma unroll
        for (int u = 0; u < ENTRIES; u++) {
            int t = base + u * teams + mine;
            seen[u] = t < to && (!index || index[t] >= oldest);
            long long at = (long long) t * w + team.first;
            load_elements(keys + at, seen[u] ? team.count : 0, vectors, key[u]);
            load_elements(values + at, seen[u] ? team.count : 0, vectors, value[u]);
        }
        float score[HEADS][ENTRIES];
#pragma unroll
        for (int h = 0; h < HEADS; h++) {
#pragma unroll
            for (int u = 0; u < ENTRIES; u++) {
                score[h][u] = dot_elements(query[h], key[u]);
            }
        }
        team.sum(score);
        if (softcap > 0.0f) {
#pragma unroll
            for (int h = 0; h < HEADS; h++) {
#pragma unroll
                for (int u = 0; u < ENTRIES; u++) {
                    score[h][u] = softcap * tanhf(score[h][u] * scale / softcap);
                }
            }
        }
        float factor = softcap > 0.0f ? 1.0f : scale;
#pragma unroll
        for (int h = 0; h < HEADS; h++) {
            float largest = most[h];
#pragma unroll
            for (int u = 0; u < ENTRIES; u++) {
                score[h][u] = seen[u] ? score[h][u] * factor : NEGATIVE_INFINITY;
                largest = fmaxf(largest, score[h][u]);
            }
            // As long as nothing has been seen, any finite number does.
            float shift = largest == NEGATIVE_INFINITY ? 0.0f : largest;
            float correction = expf(most[h] - shift);
            most[h] = largest;
            total[h] *= correction;
#pragma unroll
            for (int j = 0; j < ELEMENTS; j++) {
                sums[h][j] *= correction;
            }
#pragma unroll
            for (int u = 0; u < ENTRIES; u++) {
                float p = expf(score[h][u] - shift);
                total[h] += p;
#pragma unroll
                for (int j = 0; j < ELEMENTS; j++) {
                    sums[h][j] = fmaf(p, value[u][j], sums[h][j]);
                }
            }
        }
    }

#pragma unroll
    for (int h = 0; h < HEADS; h++) {
#pragma unroll
        for (int j = 0; j < ELEMENTS; j++) {
            scratch.sums[h][threadIdx.x * ELEMENTS + j] = sums[h][j];
        }
        // The same in all lanes of a team.
        if (team.first == 0) {
            scratch.most[h][mine] = most[h];
            scratch.total[h][mine] = total[h];
        }
    }
    __syncthreads();
    for (int h = 0; h < active; h++) {
        float* to_head = partial + (long long) h * partial_step;
        float largest = NEGATIVE_INFINITY;
        for (int g = 0; g < teams; g++) {
            largest = fmaxf(largest, scratch.most[h][g]);
        }
        float shift = largest == NEGATIVE_INFINITY ? 0.0f : largest;
        for (int c = threadIdx.x; c < head_dim; c += ATTEND_THREADS) {
            float sum = 0.0f;
            for (int g = 0; g < teams; g++) {
                sum = fmaf(expf(scratch.most[h][g] - shift), scratch.sums[h][g * team.lanes * ELEMENTS + c], sum);
            }
            to_head[c] = sum;
        }
        if (threadIdx.x == 0) {
            float sum = 0.0f;
            for (int g = 0; g < teams; g++) {
                sum = fmaf(expf(scratch.most[h][g] - shift), scratch.total[h][g], sum);
            }
            to_head[head_dim] = largest;
            to_head[head_dim + 1] = sum;
        }
    }
}

// Attention of one new token of each row over its own cache, which has the token already: split over the cache, for attend_merge to add up.
// Scores q . k * scale, with softcap > 0 softcap * tanh(score / softcap). With window > 0 the token sees entries less than window behind it: by
// sequence index where index_caches is given, else by place.
//   q Row[rows, heads * head_dim], heads a multiple of kv_heads, head_dim up to 256, k_caches and v_caches pointers[rows], index_caches
//   pointers[rows] or null, sequence_index int[rows] (read with index_caches and a window only), lengths int[rows], splits >= 1
//   -> partial float[rows, heads, splits, head_dim + 2]: weighted values, the largest score, the sum of weights
//   launch: blocks of 128, grid (splits, kv_heads * ceil(heads / kv_heads / 4), rows)
//   byte floor: 2 * (entries of all rows) * kv_heads * head_dim * sizeof(Row)
extern "C" __global__ void __launch_bounds__(128) attend(const Row* q, int rows, int heads, int kv_heads, int head_dim, float scale,
        float softcap, int window, Row* const* k_caches, Row* const* v_caches, int* const* index_caches, const int* sequence_index,
        const int* lengths, int splits, float* partial) {
    __shared__ AttendScratch scratch;
    int row = blockIdx.z;
    if (row >= rows) {
        return;
    }
    int split = blockIdx.x;
    int group = heads / kv_heads;
    int tiles = (group + ATTEND_HEADS - 1) / ATTEND_HEADS;
    int kv_head = blockIdx.y / tiles;
    int first = blockIdx.y % tiles * ATTEND_HEADS;
    int active = group - first < ATTEND_HEADS ? group - first : ATTEND_HEADS;
    int head = kv_head * group + first;

    int length = lengths[row];
    const int* index = window > 0 && index_caches ? index_caches[row] : 0;
    int oldest = index ? sequence_index[row] - window + 1 : 0;
    int begin = window > 0 && !index && length > window ? length - window : 0;
    int share = (length - begin + splits - 1) / splits;
    int from = begin + split * share;
    int to = from + share < length ? from + share : length;

    int w = kv_heads * head_dim;
    const Row* keys = k_caches[row] + kv_head * head_dim;
    const Row* values = v_caches[row] + kv_head * head_dim;
    const Row* queries = q + ((long long) row * heads + head) * head_dim;
    float* to_heads = partial + (((long long) row * heads + head) * splits + split) * (head_dim + 2);
    int step = splits * (head_dim + 2);
    if (active == 1) {
        attend_heads<1, 4>(scratch, queries, active, head_dim, scale, softcap, keys, values, w, index, oldest, from, to, to_heads, step);
    } else {
        attend_heads<4, 2>(scratch, queries, active, head_dim, scale, softcap, keys, values, w, index, oldest, from, to, to_heads, step);
    }
}

// The splits of attend added up. A row with an empty cache gets zeros.
//   partial float[rows, heads, splits, head_dim + 2] -> out Row[rows, heads * head_dim]
//   launch: a block of 128 for each head of each row
//   byte floor: 4 * rows * heads * splits * (head_dim + 2) + rows * heads * head_dim * sizeof(Row)
extern "C" __global__ void __launch_bounds__(128) attend_merge(const float* partial, int rows, int heads, int head_dim, int splits, Row* out) {
    for (int head = blockIdx.x; head < rows * heads; head += gridDim.x) {
        const float* parts = partial + (long long) head * splits * (head_dim + 2);
        float largest = NEGATIVE_INFINITY;
        for (int s = 0; s < splits; s++) {
            largest = fmaxf(largest, parts[s * (head_dim + 2) + head_dim]);
        }
        float shift = largest == NEGATIVE_INFINITY ? 0.0f : largest;
        for (int c = threadIdx.x; c < head_dim; c += blockDim.x) {
            float sum = 0.0f;
            float total = 0.0f;
            for (int s = 0; s < splits; s++) {
                const float* part = parts + s * (head_dim + 2);
                float weight = expf(part[head_dim] - shift);
                sum = fmaf(weight, part[c], sum);
                total = fmaf(weight, part[head_dim + 1], total);
            }
            from_float(total > 0.0f ? sum / total : 0.0f, out + (long long) head * head_dim + c);
        }
    }
}
