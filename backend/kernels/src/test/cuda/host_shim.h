// SPDX-License-Identifier: Apache-2.0
// The part of CUDA that the kernels use, for a C++ compiler on the host: blocks run one after the other, the threads of a block as fibers that
// give way at barriers and warp operations. A warp operation waits for all 32 lanes; lanes that disagree about where they wait end the
// program, which a GPU would not notice.
#pragma once
#include <math.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <tuple>
#include <utility>

#define __global__
#define __device__
#define __shared__ static
#define __launch_bounds__(threads)

struct uint3 {
    unsigned x, y, z;
};
struct alignas(16) uint4 {
    unsigned x, y, z, w;
};
struct alignas(16) float4 {
    float x, y, z, w;
};

namespace shim {
const int LANES = 32;
const int MAX_THREADS = 1024;
const size_t STACK = 64 << 10;

// What a fiber waits at: the site of the operation, 0 for none.
struct Fiber {
    ucontext_t context;
    jmp_buf at;
    bool started;
    bool done;
    const char* waits;
    bool whole_block;
};

inline Fiber fibers[MAX_THREADS];
inline char* stacks = nullptr;
inline jmp_buf scheduler;
inline int threads;
inline bool backward;
inline int current;
inline uint64_t lane_values[MAX_THREADS];
inline void (*body)(void*);
inline void* body_argument;

inline void wait(const char* site, bool whole_block) {
    Fiber& f = fibers[current];
    f.waits = site;
    f.whole_block = whole_block;
    if (!_setjmp(f.at)) {
        _longjmp(scheduler, 1);
    }
}

inline void run_fiber() {
    body(body_argument);
    fibers[current].done = true;
    fibers[current].waits = nullptr;
    _longjmp(scheduler, 1);
}

inline void fail(const char* what, const char* a, const char* b) {
    fprintf(stderr, "host_shim: %s: %s and %s\n", what, a, b ? b : "the end");
    abort();
}

// Runs one fiber until it waits or ends.
inline void resume(int thread) {
    current = thread;
    Fiber& f = fibers[thread];
    if (_setjmp(scheduler)) {
        return;
    }
    if (f.started) {
        _longjmp(f.at, 1);
    }
    f.started = true;
    setcontext(&f.context);
}

inline void run_block() {
    if (!stacks) {
        stacks = (char*) malloc(MAX_THREADS * STACK);
    }
    for (int t = 0; t < threads; t++) {
        Fiber& f = fibers[t];
        getcontext(&f.context);
        f.context.uc_stack.ss_sp = stacks + t * STACK;
        f.context.uc_stack.ss_size = STACK;
        f.context.uc_link = nullptr;
        makecontext(&f.context, run_fiber, 0);
        f.started = f.done = f.whole_block = false;
        f.waits = nullptr;
    }
    // The first warp goes first in one block and last in the next: what a missing barrier gives depends on it.
    backward = !backward;
    for (;;) {
        // Each warp goes on until all of its lanes have ended or wait for the block.
        for (int i = 0; i < threads; i += LANES) {
            int warp = backward ? threads - LANES - i : i;
            do {
                for (int t = warp; t < warp + LANES; t++) {
                    if (!fibers[t].done) {
                        resume(t);
                    }
                }
                for (int t = warp + 1; t < warp + LANES; t++) {
                    if (fibers[t].waits != fibers[warp].waits && !fibers[t].done && !fibers[warp].done) {
                        fail("lanes of a warp wait apart", fibers[warp].waits, fibers[t].waits);
                    }
                    if (fibers[t].done != fibers[warp].done && !fibers[warp].whole_block && !fibers[t].whole_block) {
                        fail("a lane waits for one that has ended", fibers[warp].done ? fibers[t].waits : fibers[warp].waits, nullptr);
                    }
                }
            } while (!fibers[warp].done && !fibers[warp].whole_block);
        }
        int ended = 0;
        for (int t = 0; t < threads; t++) {
            ended += fibers[t].done;
        }
        if (ended == threads) {
            return;
        }
        for (int t = 0; t < threads; t++) {
            if (fibers[t].done || fibers[t].waits != fibers[0].waits) {
                fail("threads of a block wait apart", fibers[0].waits ? fibers[0].waits : "the end", fibers[t].waits);
            }
        }
    }
}

inline uint64_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, 4);
    return bits;
}
}  // namespace shim

inline uint3 blockIdx, blockDim, gridDim;

// Every use asks which fiber runs.
#define threadIdx (uint3 {(unsigned) shim::current, 0, 0})

#define SHIM_TEXT2(x) #x
#define SHIM_TEXT(x) SHIM_TEXT2(x)
#define SHIM_SITE __FILE__ ":" SHIM_TEXT(__LINE__)
#define __syncthreads() shim::wait(SHIM_SITE " __syncthreads", true)

namespace shim {
// All lanes write, wait, read, and wait again before a next operation writes.
inline uint64_t exchange(uint64_t mine, int lane, const char* site) {
    lane_values[current] = mine;
    wait(site, false);
    uint64_t theirs = lane_values[current / LANES * LANES + lane];
    wait(site, false);
    return theirs;
}

inline float shuffle_xor(float x, int mask, const char* site) {
    uint32_t bits = (uint32_t) exchange(bits_of(x), (current % LANES) ^ mask, site);
    float y;
    memcpy(&y, &bits, 4);
    return y;
}

inline int reduce_add(int x, const char* site) {
    lane_values[current] = (uint32_t) x;
    wait(site, false);
    uint32_t sum = 0;
    for (int i = 0; i < LANES; i++) {
        sum += (uint32_t) lane_values[current / LANES * LANES + i];
    }
    wait(site, false);
    return (int) sum;
}

inline unsigned ballot(bool flag, const char* site) {
    lane_values[current] = flag;
    wait(site, false);
    unsigned flags = 0;
    for (int i = 0; i < LANES; i++) {
        flags |= (unsigned) lane_values[current / LANES * LANES + i] << i;
    }
    wait(site, false);
    return flags;
}

template <class... Arguments, size_t... I>
void call(void (*kernel)(Arguments...), void** arguments, std::index_sequence<I...>) {
    kernel(*(Arguments*) arguments[I]...);
}

// As cuLaunchKernel: a pointer to each argument.
template <class... Arguments>
void launch(void (*kernel)(Arguments...), int grid_x, int grid_y, int grid_z, int block, void** arguments) {
    struct Bound {
        void (*kernel)(Arguments...);
        void** arguments;
    } bound {kernel, arguments};
    threads = block;
    blockDim = {(unsigned) block, 1, 1};
    gridDim = {(unsigned) grid_x, (unsigned) grid_y, (unsigned) grid_z};
    body_argument = &bound;
    body = [](void* b) { call(((Bound*) b)->kernel, ((Bound*) b)->arguments, std::index_sequence_for<Arguments...>()); };
    for (unsigned z = 0; z < gridDim.z; z++) {
        for (unsigned y = 0; y < gridDim.y; y++) {
            for (unsigned x = 0; x < gridDim.x; x++) {
                blockIdx = {x, y, z};
                run_block();
            }
        }
    }
}
}  // namespace shim

#define __shfl_xor_sync(mask, x, lanes) shim::shuffle_xor(x, lanes, SHIM_SITE)
#define __reduce_add_sync(mask, x) shim::reduce_add(x, SHIM_SITE)
#define __ballot_sync(mask, flag) shim::ballot(flag, SHIM_SITE)

inline int __popc(unsigned x) {
    return __builtin_popcount(x);
}

inline unsigned __float_as_uint(float x) {
    return (unsigned) shim::bits_of(x);
}

inline float __uint_as_float(unsigned bits) {
    float x;
    memcpy(&x, &bits, 4);
    return x;
}

inline float __fmul_rn(float a, float b) {
    return a * b;
}

// By bits, to nearest even; what a GPU does in one instruction.
#define DEPTHC_OWN_F16
inline float f16_to_float(unsigned short bits) {
    unsigned exponent = bits >> 10 & 31;
    unsigned mantissa = bits & 1023;
    float magnitude = exponent == 31 ? (mantissa ? NAN : INFINITY) : exponent == 0 ? ldexpf((float) mantissa, -24) : ldexpf((float) (mantissa + 1024), (int) exponent - 25);
    return bits & 0x8000 ? -magnitude : magnitude;
}

inline unsigned short float_to_f16(float x) {
    unsigned short sign = __float_as_uint(x) >> 16 & 0x8000;
    float a = fabsf(x);
    if (a != a) {
        return sign | 0x7e00;
    }
    if (a == 0) {
        return sign;
    }
    if (a >= 65520.0f) {
        return sign | 0x7c00;
    }
    int exponent;
    frexpf(a, &exponent);
    // The distance of neighbours, 2^-24 for subnormals; rintf rounds to even.
    int step = exponent - 11 < -24 ? -24 : exponent - 11;
    unsigned units = (unsigned) rintf(ldexpf(a, -step));
    return sign | (unsigned short) (units + ((unsigned) (step + 24) << 10));
}

#define HOST_ENTRY(kernel) \
    extern "C" void host_##kernel(int x, int y, int z, int block, void** arguments) { \
        shim::launch(kernel, x, y, z, block, arguments); \
    }
