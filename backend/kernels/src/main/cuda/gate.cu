// SPDX-License-Identifier: Apache-2.0
// The gate of each token: the factor made of its score.
#include "block.cuh"

#define GATE_ONE 0
#define GATE_TANH 1
#define GATE_SIGMOID 2
#define GATE_SOFTMAX 3
#define GATE_PROBABILITY 4

// gate[i] = one where the token is no candidate, else by kind, s being score[i]:
//   0: 1   1: alpha * tanh(s) + beta   2: alpha * sigmoid(s) + beta   3: alpha * softmax(s) + beta over the row's candidates   4: s
//   score float[n] (null for kind 0), candidates u8[n], row_offsets int[rows + 1] -> gate float[n]
//   launch: a block of 1024 for each row
//   byte floor: 9 * n
extern "C" __global__ void __launch_bounds__(1024) gate(int kind, float alpha, float beta, const float* score, const u8* candidates,
        const int* row_offsets, int rows, float* gate) {
    __shared__ BlockScratch scratch;
    Block block(&scratch);
    for (int row = blockIdx.x; row < rows; row += gridDim.x) {
        int begin = row_offsets[row];
        int end = row_offsets[row + 1];
        float most = 0.0f;
        float total = 1.0f;
        if (kind == GATE_SOFTMAX) {
            most = NEGATIVE_INFINITY;
            for (int i = begin + threadIdx.x; i < end; i += blockDim.x) {
                most = candidates[i] ? fmaxf(most, score[i]) : most;
            }
            most = block.largest(most);
            total = 0.0f;
            for (int i = begin + threadIdx.x; i < end; i += blockDim.x) {
                total += candidates[i] ? expf(score[i] - most) : 0.0f;
            }
            total = block.sum(total);
        }
        for (int i = begin + threadIdx.x; i < end; i += blockDim.x) {
            float g = 1.0f;
            if (candidates[i] && kind != GATE_ONE) {
                float s = score[i];
                switch (kind) {
                    case GATE_TANH: g = alpha * tanhf(s) + beta; break;
                    case GATE_SIGMOID: g = alpha * (1.0f / (1.0f + expf(-s))) + beta; break;
                    case GATE_SOFTMAX: g = alpha * (expf(s - most) / total) + beta; break;
                    default: g = s;
                }
            }
            gate[i] = g;
        }
    }
}
