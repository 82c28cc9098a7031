// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.github.depthc.ir.InputException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * NVIDIA's run-time compiler, called without any glue library: it needs neither driver nor GPU. Its library stays loaded as long as
 * the program runs. Any number of threads may compile.
 */
public final class Nvrtc {
    private static final int SUCCESS = 0;
    private static final int COMPILATION = 6;
    private static final int INVALID_OPTION = 5;

    private final Path folder;
    private final SymbolLookup library;

    private Nvrtc(Path folder, SymbolLookup library) {
        this.folder = folder;
        this.library = library;
    }

    /**
     * Finds and loads {@code libnvrtc.so.13}.
     *
     * @param folder where it is, or null: on LD_LIBRARY_PATH, in /usr/local/cuda, in the system's library folders, or in the jar
     *               {@code org.bytedeco:cuda-redist:linux-x86_64} on the class path, unpacked once into the user's cache
     * @throws InputException if it is nowhere, or cannot be loaded
     */
    public static Nvrtc open(Path folder) {
        return open(folder, NvrtcLibrary.userCache());
    }

    /** The same, with the folder to unpack into. */
    public static Nvrtc open(Path folder, Path cache) {
        Path found = NvrtcLibrary.find(folder, cache, Nvrtc.class.getClassLoader());
        // NVRTC loads them by name alone: they must be loaded already, unless they are on the loader's own path.
        NvrtcLibrary.builtins(found).forEach(Nvrtc::load);
        return new Nvrtc(found, load(found.resolve(NvrtcLibrary.FILE)));
    }

    /**
     * Where {@link #open} finds it if no folder is given, for people; nothing is unpacked or loaded.
     *
     * @throws InputException if it is nowhere
     */
    public static String whereabouts() {
        return NvrtcLibrary.describe(Nvrtc.class.getClassLoader());
    }

    @SuppressWarnings("restricted") // loads the library
    private static SymbolLookup load(Path file) {
        try {
            return SymbolLookup.libraryLookup(file, Arena.global());
        } catch (IllegalArgumentException e) {
            throw new InputException(file + " cannot be loaded; expected the library of CUDA 13 for this machine (" + e.getMessage() + ")", e);
        }
    }

    /** The folder it was found in. */
    public Path folder() {
        return folder;
    }

    /** Its version: {@code 13.3}. */
    public String version() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment version = arena.allocate(JAVA_INT, 2);
            check("nvrtcVersion", call("nvrtcVersion", version, version.asSlice(JAVA_INT.byteSize())));
            return version.getAtIndex(JAVA_INT, 0) + "." + version.getAtIndex(JAVA_INT, 1);
        }
    }

    /** The architectures that it compiles for, ascending: 90 for compute capability 9.0. */
    public List<Integer> architectures() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment count = arena.allocate(JAVA_INT);
            check("nvrtcGetNumSupportedArchs", call("nvrtcGetNumSupportedArchs", count));
            MemorySegment list = arena.allocate(JAVA_INT, count.get(JAVA_INT, 0));
            check("nvrtcGetSupportedArchs", call("nvrtcGetSupportedArchs", list));
            return IntStream.of(list.toArray(JAVA_INT)).boxed().toList();
        }
    }

    /**
     * Compiles a program to a cubin.
     *
     * @param name    of the source, for messages
     * @param source  its text
     * @param headers what it may include, text by name
     * @param options of the compiler
     * @return the bytes of an ELF file
     * @throws NvrtcException if it does not compile; the message has the compiler's
     */
    public byte[] compile(String name, String source, Map<String, String> headers, List<String> options) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment handle = arena.allocate(ADDRESS);
            check("nvrtcCreateProgram", call("nvrtcCreateProgram", handle, arena.allocateFrom(source), arena.allocateFrom(name), headers.size(),
                    strings(arena, List.copyOf(headers.values())), strings(arena, List.copyOf(headers.keySet()))));
            MemorySegment program = handle.get(ADDRESS, 0);
            try {
                int code = call("nvrtcCompileProgram", program, options.size(), strings(arena, options));
                if (code == COMPILATION || code == INVALID_OPTION) {
                    String log = new String(read(arena, program, "nvrtcGetProgramLog"), StandardCharsets.UTF_8).replace("\0", "").strip();
                    throw new NvrtcException(failure("nvrtcCompileProgram", code) + " with options " + String.join(" ", options) + ":\n" + log);
                }
                check("nvrtcCompileProgram", code);
                return read(arena, program, "nvrtcGetCUBIN");
            } finally {
                check("nvrtcDestroyProgram", call("nvrtcDestroyProgram", handle));
            }
        }
    }

    private byte[] read(Arena arena, MemorySegment program, String what) {
        MemorySegment size = arena.allocate(JAVA_LONG);
        check(what + "Size", call(what + "Size", program, size));
        MemorySegment bytes = arena.allocate(size.get(JAVA_LONG, 0));
        check(what, call(what, program, bytes));
        return bytes.toArray(JAVA_BYTE);
    }

    private static MemorySegment strings(Arena arena, List<String> texts) {
        MemorySegment pointers = arena.allocate(ADDRESS, texts.size());
        for (int i = 0; i < texts.size(); i++) {
            pointers.setAtIndex(ADDRESS, i, arena.allocateFrom(texts.get(i)));
        }
        return pointers;
    }

    private void check(String call, int code) {
        if (code != SUCCESS) {
            throw new NvrtcException(failure(call, code));
        }
    }

    @SuppressWarnings("restricted") // reads a text of the library's
    private String failure(String call, int code) {
        var text = (MemorySegment) invoke("nvrtcGetErrorString", ADDRESS, code);
        return call + " failed with " + code + " (" + text.reinterpret(Long.MAX_VALUE).getString(0) + ")";
    }

    private int call(String function, Object... arguments) {
        return (int) invoke(function, JAVA_INT, arguments);
    }

    @SuppressWarnings("restricted") // calls functions of the library
    private Object invoke(String function, MemoryLayout result, Object... arguments) {
        MemoryLayout[] layouts = Stream.of(arguments).map(a -> a instanceof Integer ? JAVA_INT : ADDRESS).toArray(MemoryLayout[]::new);
        MemorySegment address = library.find(function).orElseThrow(
                () -> new InputException(folder.resolve(NvrtcLibrary.FILE) + " has no function " + function + "; expected that of CUDA 13"));
        MethodHandle handle = Linker.nativeLinker().downcallHandle(address, FunctionDescriptor.of(result, layouts));
        try {
            return handle.invokeWithArguments(arguments);
        } catch (Throwable e) {
            throw new IllegalStateException(function, e);
        }
    }
}
