// SPDX-License-Identifier: Apache-2.0
// The functions of the CUDA driver that depthc calls, on the host: device memory is this process's, work is done at once, and kernels are the
// CUDA sources behind host_shim.h, which is included before this file. What a GPU refuses is refused: memory and waiting while a stream is
// recorded, copies beyond an allocation, a launch of no blocks.
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace fake {
const int INVALID_VALUE = 1, OUT_OF_MEMORY = 2, INVALID_CONTEXT = 201, NOT_FOUND = 500, CAPTURE_UNSUPPORTED = 900;

typedef unsigned long long Word;
typedef std::function<void()> Work;
typedef std::function<Work(int, int, int, int, void**)> Entry;

struct Graph {
    std::vector<Work> work;
};

std::map<Word, size_t> allocations;
size_t used, memory = 1ull << 30;
Word device_objects;  // streams, modules, graphs, pinned memory and contexts that have not been destroyed
Word launches, replays;
thread_local bool entered;
Graph* capture;
int broken;  // what every call says after an error that stays
Word refused_host = -1ull;  // pinned memory of so many bytes and more is refused
bool no_room;  // for graphs and modules
bool older;    // modules are of another version: they lack the symbol that says which

inline std::map<std::string, Entry>& entries() {
    static std::map<std::string, Entry> all;
    return all;
}

// Arguments are read at once, as by the real driver; a recorded launch has its own copy.
template <class... Arguments>
int entry(const char* name, void (*kernel)(Arguments...)) {
    entries()[name] = [kernel](int x, int y, int z, int block, void** arguments) -> Work {
        auto kept = std::make_shared<std::vector<std::string>>();
        size_t sizes[] = {sizeof(Arguments)...};
        for (size_t i = 0; i < sizeof...(Arguments); i++) {
            kept->emplace_back((const char*) arguments[i], sizes[i]);
        }
        return [=] {
            void* pointers[sizeof...(Arguments)];
            for (size_t i = 0; i < sizeof...(Arguments); i++) {
                pointers[i] = (*kept)[i].data();
            }
            launches++;
            shim::launch(kernel, x, y, z, block, pointers);
        };
    };
    return 0;
}

bool inside(Word address, size_t bytes) {
    auto after = allocations.upper_bound(address);
    if (after == allocations.begin()) {
        return false;
    }
    --after;
    return address + bytes <= after->first + after->second;
}

int start(Work work) {
    if (!entered) {
        return INVALID_CONTEXT;
    }
    if (capture) {
        capture->work.push_back(work);
    } else {
        work();
    }
    return 0;
}

template <class T>
T* made(T* object) {
    device_objects++;
    return object;
}
}  // namespace fake

extern "C" {
using fake::Word;

Word fake_allocated() { return fake::used; }
Word fake_objects() { return fake::device_objects; }
Word fake_launches() { return fake::launches; }
Word fake_replays() { return fake::replays; }
// Starts work that the test does itself, as engines do theirs.
int fake_start(void (*call)(int), int number) { return fake::start([=] { call(number); }); }
// What frees and waits says so from now on; the memory goes all the same, as it does with the context.
void fake_broken(Word code) { fake::broken = (int) code; }
void fake_refuse_host(Word bytes) { fake::refused_host = bytes; }
void fake_no_room(Word yes) { fake::no_room = yes != 0; }
void fake_older(Word yes) { fake::older = yes != 0; }
void fake_memory(Word bytes) { fake::memory = bytes; }

int cuInit(unsigned) { return 0; }
int cuDriverGetVersion(int* version) { *version = 13010; return 0; }
int cuDeviceGetCount(int* count) { *count = 1; return 0; }
int cuDeviceGet(int* device, int index) { *device = index; return index == 0 ? 0 : 101; }
int cuDeviceGetName(char* name, int size, int) { snprintf(name, size, "Host GPU"); return 0; }
int cuDeviceGetAttribute(int* value, int attribute, int) { *value = attribute == 75 ? 9 : attribute == 76 ? 0 : 4; return 0; }
int cuDeviceTotalMem_v2(size_t* bytes, int) { *bytes = fake::memory; return 0; }
int cuDevicePrimaryCtxRetain(void** context, int) { *context = (void*) 16; fake::device_objects++; return 0; }
int cuDevicePrimaryCtxRelease_v2(int) { fake::device_objects--; return 0; }
int cuCtxSetCurrent(void* context) { fake::entered = context == (void*) 16; return 0; }
int cuMemGetInfo_v2(size_t* unused, size_t* all) { *unused = fake::memory - fake::used; *all = fake::memory; return 0; }

int cuMemAlloc_v2(Word* address, size_t bytes) {
    if (!fake::entered || bytes == 0) {
        return fake::entered ? fake::INVALID_VALUE : fake::INVALID_CONTEXT;
    }
    if (fake::capture) {
        return fake::CAPTURE_UNSUPPORTED;
    }
    if (bytes > fake::memory - fake::used) {
        return fake::OUT_OF_MEMORY;
    }
    void* made = aligned_alloc(256, (bytes + 255) / 256 * 256);
    memset(made, 0xc5, bytes);
    *address = (Word) made;
    fake::allocations[*address] = bytes;
    fake::used += bytes;
    return 0;
}

int cuMemFree_v2(Word address) {
    auto found = fake::allocations.find(address);
    if (found == fake::allocations.end()) {
        return fake::INVALID_VALUE;
    }
    memset((void*) address, 0xdd, found->second);
    free((void*) address);
    fake::used -= found->second;
    fake::allocations.erase(found);
    return fake::broken;
}

int cuMemHostAlloc(void** memory, size_t bytes, unsigned) {
    if (bytes >= fake::refused_host) {
        return fake::OUT_OF_MEMORY;
    }
    *memory = fake::made(aligned_alloc(4096, (bytes + 4095) / 4096 * 4096));
    return 0;
}
int cuMemFreeHost(void* memory) { free(memory); fake::device_objects--; return 0; }

int cuMemcpyHtoDAsync_v2(Word to, const void* from, size_t bytes, void*) {
    return !fake::inside(to, bytes) ? fake::INVALID_VALUE : fake::capture ? fake::CAPTURE_UNSUPPORTED : fake::start([=] { memcpy((void*) to, from, bytes); });
}
int cuMemcpyDtoHAsync_v2(void* to, Word from, size_t bytes, void*) {
    return !fake::inside(from, bytes) ? fake::INVALID_VALUE : fake::start([=] { memcpy(to, (void*) from, bytes); });
}
int cuMemcpyDtoDAsync_v2(Word to, Word from, size_t bytes, void*) {
    return !fake::inside(from, bytes) || !fake::inside(to, bytes) ? fake::INVALID_VALUE : fake::start([=] { memmove((void*) to, (void*) from, bytes); });
}
int cuMemsetD32Async(Word to, unsigned value, size_t count, void*) {
    return !fake::inside(to, 4 * count) ? fake::INVALID_VALUE : fake::start([=] {
        for (size_t i = 0; i < count; i++) {
            ((unsigned*) to)[i] = value;
        }
    });
}

int cuStreamCreate(void** stream, unsigned) { *stream = (void*) 32; fake::device_objects++; return fake::entered ? 0 : fake::INVALID_CONTEXT; }
int cuStreamDestroy_v2(void*) { fake::device_objects--; return 0; }
int cuStreamSynchronize(void*) { return fake::capture ? fake::CAPTURE_UNSUPPORTED : fake::broken; }
int cuStreamBeginCapture_v2(void*, int) { fake::capture = fake::made(new fake::Graph()); return 0; }
int cuStreamEndCapture(void*, void** graph) { *graph = fake::capture; fake::capture = nullptr; return 0; }
int cuGraphInstantiateWithFlags(void** executable, void* graph, Word) {
    if (fake::no_room) {
        return fake::OUT_OF_MEMORY;
    }
    *executable = fake::made(new fake::Graph(*(fake::Graph*) graph));
    return 0;
}
int cuGraphDestroy(void* graph) { delete (fake::Graph*) graph; fake::device_objects--; return 0; }
int cuGraphExecDestroy(void* executable) { delete (fake::Graph*) executable; fake::device_objects--; return 0; }
int cuGraphLaunch(void* executable, void*) {
    fake::replays++;
    for (auto& work : ((fake::Graph*) executable)->work) {
        work();
    }
    return fake::entered ? 0 : fake::INVALID_CONTEXT;
}

int cuModuleLoadData(void** module, const void* image) {
    if (fake::no_room) {
        return fake::OUT_OF_MEMORY;
    }
    *module = (void*) 48;
    fake::device_objects++;
    return memcmp(image, "cubin", 5) ? 200 : 0;
}
int cuModuleUnload(void*) { fake::device_objects--; return 0; }
int cuModuleGetFunction(void** function, void*, const char* name) {
    auto found = fake::entries().find(name);
    *function = found == fake::entries().end() || (fake::older && !strncmp(name, "kernels_", 8)) ? nullptr : &found->second;
    return *function ? 0 : fake::NOT_FOUND;
}
int cuLaunchKernel(void* function, unsigned x, unsigned y, unsigned z, unsigned block, unsigned block_y, unsigned block_z, unsigned shared, void*,
        void** arguments, void**) {
    bool bad = !x || !y || !z || !block || block > 1024 || block_y != 1 || block_z != 1 || y > 65535 || z > 65535 || shared > 49152;
    return bad ? fake::INVALID_VALUE : fake::start((*(fake::Entry*) function)(x, y, z, block, arguments));
}

int cuGetErrorName(int code, const char** name) {
    *name = code == fake::OUT_OF_MEMORY ? "CUDA_ERROR_OUT_OF_MEMORY" : code == fake::CAPTURE_UNSUPPORTED ? "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED"
            : code == fake::INVALID_VALUE ? "CUDA_ERROR_INVALID_VALUE" : "CUDA_ERROR_OTHER";
    return 0;
}
int cuGetErrorString(int, const char** text) { *text = "as the driver says it"; return 0; }
}
