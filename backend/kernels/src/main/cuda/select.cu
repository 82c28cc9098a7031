// SPDX-License-Identifier: Apache-2.0
// Selections: which of each row's candidates are kept. Tokens that are no candidates always are. A share keeps
// k = trunc(float(candidates) * float(ratio)) of a row's candidates.
//
// Common to all: row_offsets int[rows + 1], candidates u8[n] -> mask u8[n] (1 kept, 0 skipped), row_kept int[rows] (kept tokens of the row)
//   launch: a block of 1024 for each row; any row length
// No atomics: the same input gives the same kept tokens, always.
#include "block.cuh"

// Keys that a thread keeps in registers: rows of up to 4096 tokens are read once.
#define CACHED 4

__device__ inline int kept_share(int candidates, float ratio) {
    int k = (int) __fmul_rn((float) candidates, ratio);
    return k < candidates ? k : candidates;
}

__device__ inline int count_candidates(Block& block, const u8* candidates, int n) {
    int count = 0;
    for (int i = threadIdx.x; i < n; i += blockDim.x) {
        count += candidates[i] != 0;
    }
    return block.sum(count);
}

// An unsigned number with the order of floats: -0 as +0, NaN as -infinity (last). Never 0, which stands for "no candidate".
__device__ inline unsigned ordered(float x) {
    unsigned bits = __float_as_uint(x);
    if ((bits & 0x7fffffffu) > 0x7f800000u) {
        bits = 0xff800000u;
    } else if (bits == 0x80000000u) {
        bits = 0;
    }
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

// The keys of one row, by position.
template <class KeyAt>
struct RowKeys {
    unsigned cached[CACHED];
    int n;
    const KeyAt& key_at;

    __device__ RowKeys(int n, const KeyAt& key_at) : n(n), key_at(key_at) {
#pragma unroll
        for (int j = 0; j < CACHED; j++) {
            int i = threadIdx.x + j * blockDim.x;
            cached[j] = i < n ? key_at(i) : 0;
        }
    }

    // body(i, key) for the thread's own positions.
    template <class Body>
    __device__ void each(Body body) const {
#pragma unroll
        for (int j = 0; j < CACHED; j++) {
            int i = threadIdx.x + j * blockDim.x;
            if (i < n) {
                body(i, cached[j]);
            }
        }
        for (int i = threadIdx.x + CACHED * blockDim.x; i < n; i += blockDim.x) {
            body(i, key_at(i));
        }
    }

    // The same with all threads in step, tile by tile in ascending order, so that body may hold barriers; key 0 beyond the row.
    template <class Body>
    __device__ void each_tile(Body body) const {
#pragma unroll
        for (int j = 0; j < CACHED; j++) {
            if (j * (int) blockDim.x < n) {
                body((int) (threadIdx.x + j * blockDim.x), cached[j]);
            }
        }
        for (int base = CACHED * blockDim.x; base < n; base += blockDim.x) {
            int i = base + threadIdx.x;
            body(i, i < n ? key_at(i) : 0);
        }
    }
};

// Keeps the k largest of a row's m keys, ties to the lower position: a radix select, two bits at a time from the top, that ends as soon as
// a digit's keys are all kept. Tokens of key 0 are no candidates and kept.
template <class KeyAt>
__device__ void select_largest(Block& block, int n, int m, int k, const KeyAt& key_at, u8* mask) {
    RowKeys<KeyAt> keys(n, key_at);
    // Kept are the keys above "above", and of those equal to "tied" the first "quota".
    unsigned above = k == m ? 0 : 0xffffffffu;
    unsigned tied = 0;
    int quota = 0;
    if (k > 0 && k < m) {
        unsigned prefix = 0;
        int need = k;
        int with_prefix = m;
        int shift = 32;
        while (shift > 0 && need < with_prefix) {
            shift -= 2;
            int count[3] = {0, 0, 0};
            keys.each([&](int, unsigned key) {
                unsigned digit = (key ^ prefix) >> shift;
                count[0] += digit == 1;
                count[1] += digit == 2;
                count[2] += digit == 3;
            });
            block.sum(count);
            // The digit that the k-th largest key has: keys of a larger one are all kept.
            int zeros = with_prefix - count[0] - count[1] - count[2];
            unsigned digit = 3;
            with_prefix = count[2];
#pragma unroll
            for (int d = 2; d >= 0; d--) {
                if ((int) digit == d + 1 && need > with_prefix) {
                    need -= with_prefix;
                    with_prefix = d > 0 ? count[d > 0 ? d - 1 : 0] : zeros;
                    digit--;
                }
            }
            prefix |= digit << shift;
        }
        bool all = need == with_prefix;
        above = all ? prefix - 1 : prefix;
        tied = all ? 0 : prefix;
        quota = all ? 0 : need;
    }
    if (quota == 0) {
        keys.each([&](int i, unsigned key) { mask[i] = key == 0 || key > above; });
    } else {
        int seen = 0;
        keys.each_tile([&](int i, unsigned key) {
            int before;
            int ties = block.rank(key == tied, &before);
            if (i < n) {
                mask[i] = key == 0 || key > above || (key == tied && seen + before < quota);
            }
            seen += ties;
        });
    }
}

// Position of the candidate that has so many before it, or n when there is none.
__device__ inline int position_of(Block& block, const u8* candidates, int n, int number, int* shared) {
    if (threadIdx.x == 0) {
        *shared = n;
    }
    int seen = 0;
    for (int base = 0; base < n && seen <= number; base += blockDim.x) {
        int i = base + threadIdx.x;
        bool candidate = i < n && candidates[i];
        int before;
        int count = block.rank(candidate, &before);
        if (candidate && seen + before == number) {
            *shared = i;
        }
        seen += count;
    }
    __syncthreads();
    return *shared;
}

// The share of the largest keys, ties to the lower position; NaN ranks as -infinity, -0 equals +0. With recent > 0 the last so many of the
// candidates, no more than the share, and the largest of the others.
//   key float[n], ratio 0 to 1, recent >= 0
//   byte floor: 6 * n
extern "C" __global__ void __launch_bounds__(1024) select_top_k(const int* row_offsets, int rows, const u8* candidates, const float* key,
        float ratio, int recent, u8* mask, int* row_kept) {
    __shared__ BlockScratch scratch;
    __shared__ int found;
    Block block(&scratch);
    for (int row = blockIdx.x; row < rows; row += gridDim.x) {
        int begin = row_offsets[row];
        int n = row_offsets[row + 1] - begin;
        const u8* is_candidate = candidates + begin;
        const float* keys = key + begin;
        int m = count_candidates(block, is_candidate, n);
        int k = kept_share(m, ratio);
        int last = recent < k ? recent : k;
        int from = last > 0 ? position_of(block, is_candidate, n, m - last, &found) : n;
        select_largest(block, n, m, k,
                [=](int i) { return !is_candidate[i] ? 0u : i >= from ? 0xffffffffu : ordered(keys[i]); }, mask + begin);
        if (threadIdx.x == 0) {
            row_kept[row] = n - m + k;
        }
    }
}

// The share of the largest pseudo-random keys: with p = 2^31 - 1 and x the token's index in its sequence, two rounds of
// x = ((a * x + b) mod p)^5 mod p. No two tokens of a row have one key.
//   sequence_index int[n], a and b of each round 1 to p - 1
//   byte floor: 6 * n
extern "C" __global__ void __launch_bounds__(1024) select_random(const int* row_offsets, int rows, const u8* candidates,
        const int* sequence_index, long long a0, long long b0, long long a1, long long b1, float ratio, u8* mask, int* row_kept) {
    __shared__ BlockScratch scratch;
    Block block(&scratch);
    for (int row = blockIdx.x; row < rows; row += gridDim.x) {
        int begin = row_offsets[row];
        int n = row_offsets[row + 1] - begin;
        const u8* is_candidate = candidates + begin;
        const int* index = sequence_index + begin;
        int m = count_candidates(block, is_candidate, n);
        int k = kept_share(m, ratio);
        auto key_at = [=](int i) {
            if (!is_candidate[i]) {
                return 0u;
            }
            const long long p = (1LL << 31) - 1;
            long long x = index[i];
            for (int round = 0; round < 2; round++) {
                x = (x * (round == 0 ? a0 : a1) + (round == 0 ? b0 : b1)) % p;
                long long squared = x * x % p;
                x = squared * squared % p * x % p;
            }
            return (unsigned) x + 1;
        };
        select_largest(block, n, m, k, key_at, mask + begin);
        if (threadIdx.x == 0) {
            row_kept[row] = n - m + k;
        }
    }
}

// Candidates whose score is larger than prompt; in a row of one token, of at least single. NaN is not kept.
//   score float[n]
//   byte floor: 6 * n
extern "C" __global__ void __launch_bounds__(1024) select_threshold(const int* row_offsets, int rows, const u8* candidates,
        const float* score, float prompt, float single, u8* mask, int* row_kept) {
    __shared__ BlockScratch scratch;
    Block block(&scratch);
    for (int row = blockIdx.x; row < rows; row += gridDim.x) {
        int begin = row_offsets[row];
        int end = row_offsets[row + 1];
        int kept = 0;
        for (int i = begin + threadIdx.x; i < end; i += blockDim.x) {
            bool keep = !candidates[i] || (end - begin == 1 ? score[i] >= single : score[i] > prompt);
            mask[i] = keep;
            kept += keep;
        }
        kept = block.sum(kept);
        if (threadIdx.x == 0) {
            row_kept[row] = kept;
        }
    }
}

// Keeps candidates by their number in the row: keep(number, m, k).
template <class Keep>
__device__ void select_by_number(const int* row_offsets, int rows, const u8* candidates, float ratio, u8* mask, int* row_kept, Keep keep) {
    __shared__ BlockScratch scratch;
    Block block(&scratch);
    for (int row = blockIdx.x; row < rows; row += gridDim.x) {
        int begin = row_offsets[row];
        int n = row_offsets[row + 1] - begin;
        int m = count_candidates(block, candidates + begin, n);
        int k = kept_share(m, ratio);
        int seen = 0;
        for (int base = 0; base < n; base += blockDim.x) {
            int i = base + threadIdx.x;
            bool candidate = i < n && candidates[begin + i];
            int before;
            int count = block.rank(candidate, &before);
            if (i < n) {
                mask[begin + i] = !candidate || keep(seen + before, m, k);
            }
            seen += count;
        }
        if (threadIdx.x == 0) {
            row_kept[row] = n - m + k;
        }
    }
}

// The share of the candidates, evenly spaced: candidate j of m (from 0) is kept when floor((j + 1) * k / m) > floor(j * k / m).
//   byte floor: 2 * n
extern "C" __global__ void __launch_bounds__(1024) select_evenly(const int* row_offsets, int rows, const u8* candidates, float ratio,
        u8* mask, int* row_kept) {
    select_by_number(row_offsets, rows, candidates, ratio, mask, row_kept,
            [](long long j, int m, int k) { return (j + 1) * k / m > j * k / m; });
}

// The last share of the candidates.
//   byte floor: 2 * n
extern "C" __global__ void __launch_bounds__(1024) select_most_recent(const int* row_offsets, int rows, const u8* candidates, float ratio,
        u8* mask, int* row_kept) {
    select_by_number(row_offsets, rows, candidates, ratio, mask, row_kept, [](int j, int m, int k) { return j >= m - k; });
}
