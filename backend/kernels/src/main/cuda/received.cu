// SPDX-License-Identifier: Apache-2.0
// Scores by attention: how much each token gets from the last observers of its row, over the tokens of this call alone. Three kernels with a
// scratch of their own between them, each sum in one order: no atomics, the same bits always.
#include "block.cuh"
#include "heads.cuh"

#define OBSERVERS_AT_A_TIME 16

// An observer of a row: number 0 .. observers - 1 from the first one on. Rows of fewer tokens have fewer observers.
__device__ inline int first_observer(int n, int observers) {
    return n > observers ? n - observers : 0;
}

// The scores of observers and keys: q . k * scale, with softcap, -infinity where a causal observer does not see the key.
//   q Row[n, heads * head_dim], k Row[n, kv_heads * head_dim], heads a multiple of kv_heads, head_dim up to 256, row_offsets int[rows + 1]
//   -> scores float[heads, observers, n]; lines of observers that a row lacks are left as they are
//   launch: blocks of 256, grid (tiles of a row, heads, rows), any number of tiles
//   byte floor: n * kv_heads * head_dim * sizeof(Row) + 4 * heads * observers * n
extern "C" __global__ void __launch_bounds__(256) received_scores(const Row* q, const Row* k, int n, const int* row_offsets, int rows,
        int heads, int kv_heads, int head_dim, float scale, float softcap, int observers, int causal, float* scores) {
    __shared__ float queries[OBSERVERS_AT_A_TIME * MAX_HEAD_DIM];
    Team team(head_dim);
    int teams = blockDim.x / team.lanes;
    int head = blockIdx.y;
    if ((int) blockIdx.z >= rows) {
        return;
    }
    int begin = row_offsets[blockIdx.z];
    int length = row_offsets[blockIdx.z + 1] - begin;
    int kv_head = head / (heads / kv_heads);
    int w = kv_heads * head_dim;
    bool vectors = aligned(k) && head_dim % ELEMENTS == 0;
    int first = first_observer(length, observers);
    int padded = team.lanes * ELEMENTS;
    for (int some = 0; some < length - first; some += OBSERVERS_AT_A_TIME) {
        int left = length - first - some;
        int count = left < OBSERVERS_AT_A_TIME ? left : OBSERVERS_AT_A_TIME;
        __syncthreads();
        for (int i = threadIdx.x; i < count * padded; i += blockDim.x) {
            int c = i % padded;
            long long observer = begin + first + some + i / padded;
            queries[i] = c < head_dim ? to_float(q[(observer * heads + head) * head_dim + c]) : 0.0f;
        }
        __syncthreads();
        // All teams of a warp go round together, as sums over teams need.
        for (int base = blockIdx.x * teams; base < length; base += gridDim.x * teams) {
            int t = base + threadIdx.x / team.lanes;
            float key[ELEMENTS];
            load_elements(k + (long long) (begin + t) * w + kv_head * head_dim + team.first, t < length ? team.count : 0, vectors, key);
            for (int o = 0; o < count; o++) {
                float product[1][1] = {{dot_elements(queries + o * padded + team.first, key)}};
                team.sum(product);
                if (team.first == 0 && t < length) {
                    float s = product[0][0] * scale;
                    s = softcap > 0.0f ? softcap * tanhf(s / softcap) : s;
                    bool seen = !causal || t <= first + some + o;
                    scores[((long long) head * observers + some + o) * n + begin + t] = seen ? s : NEGATIVE_INFINITY;
                }
            }
        }
    }
}

// The softmax of each observer's line over the tokens of its row, in place.
//   scores float[heads, observers, n]
//   launch: blocks of 256, grid (observers, heads, rows)
//   byte floor: 8 * heads * observers * n
extern "C" __global__ void __launch_bounds__(256) received_softmax(float* scores, int n, const int* row_offsets, int rows, int observers) {
    __shared__ BlockScratch scratch;
    Block block(&scratch);
    if ((int) blockIdx.z >= rows) {
        return;
    }
    int begin = row_offsets[blockIdx.z];
    int length = row_offsets[blockIdx.z + 1] - begin;
    if ((int) blockIdx.x >= length - first_observer(length, observers)) {
        return;
    }
    float* line = scores + ((long long) blockIdx.y * observers + blockIdx.x) * n + begin;
    float most = NEGATIVE_INFINITY;
    for (int t = threadIdx.x; t < length; t += blockDim.x) {
        most = fmaxf(most, line[t]);
    }
    most = block.largest(most);
    float total = 0.0f;
    for (int t = threadIdx.x; t < length; t += blockDim.x) {
        float p = expf(line[t] - most);
        line[t] = p;
        total += p;
    }
    total = block.sum(total);
    for (int t = threadIdx.x; t < length; t += blockDim.x) {
        line[t] /= total;
    }
}

// Each token's sum over observers, averaged over heads.
//   probs float[heads, observers, n] -> score float[n]
//   launch: blocks of 256, grid (tiles of a row, 1, rows), any number of tiles
//   byte floor: 4 * heads * observers * n + 4 * n
extern "C" __global__ void __launch_bounds__(256) received_sum(const float* probs, int n, const int* row_offsets, int rows, int heads,
        int observers, float* score) {
    if ((int) blockIdx.z >= rows) {
        return;
    }
    int begin = row_offsets[blockIdx.z];
    int length = row_offsets[blockIdx.z + 1] - begin;
    int present = length - first_observer(length, observers);
    for (int t = blockIdx.x * blockDim.x + threadIdx.x; t < length; t += gridDim.x * blockDim.x) {
        float sum = 0.0f;
        for (int head = 0; head < heads; head++) {
            float of_head = 0.0f;
            for (int o = 0; o < present; o++) {
                of_head += probs[((long long) head * observers + o) * n + begin + t];
            }
            sum += of_head;
        }
        score[begin + t] = sum / (float) heads;
    }
}
