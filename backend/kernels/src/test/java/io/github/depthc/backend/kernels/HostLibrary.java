// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** The CUDA sources compiled by the machine's C++ compiler, behind host_shim.h, and called as a GPU would be. */
final class HostLibrary implements KernelRunner {
    private static final FunctionDescriptor ENTRY = FunctionDescriptor.ofVoid(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS);

    private final Map<Kernel, MethodHandle> entries = new EnumMap<>(Kernel.class);

    @SuppressWarnings("restricted") // loads and calls what it has compiled
    private HostLibrary(Path file) {
        SymbolLookup library = SymbolLookup.libraryLookup(file, Arena.global());
        for (Kernel kernel : Kernel.values()) {
            entries.put(kernel, Linker.nativeLinker().downcallHandle(library.findOrThrow("host_" + kernel.symbol()), ENTRY));
        }
    }

    /** Compiles the kernels; the test is skipped where there is no {@code c++}. */
    static HostLibrary compile(Precision precision, Path folder) throws IOException, InterruptedException {
        assumeTrue(hasCompiler(), "no c++ compiler: the CUDA sources are not run on the host");
        for (Map.Entry<String, String> file : KernelSources.files().entrySet()) {
            Files.writeString(folder.resolve(file.getKey()), file.getValue());
        }
        try (InputStream shim = HostLibrary.class.getResourceAsStream("cuda/host_shim.h")) {
            Files.write(folder.resolve("host_shim.h"), shim.readAllBytes());
        }
        var program = new StringBuilder("#include \"host_shim.h\"\n").append(KernelSources.program());
        for (Kernel kernel : Kernel.values()) {
            program.append("HOST_ENTRY(").append(kernel.symbol()).append(")\n");
        }
        Path source = Files.writeString(folder.resolve("host.cpp"), program);
        Path library = folder.resolve("libkernels-" + precision.text() + ".so");
        // longjmp from stack to stack is what fibers do and what _FORTIFY_SOURCE forbids.
        Process compiler = new ProcessBuilder("c++", "-std=c++17", "-O2", "-ffp-contract=off", "-fno-strict-aliasing", "-U_FORTIFY_SOURCE", "-fPIC",
                "-shared", "-DDEPTHC_ROW=" + precision.text(), source.toString(), "-o", library.toString()).redirectErrorStream(true).start();
        String output = new String(compiler.getInputStream().readAllBytes());
        assertEquals(0, compiler.waitFor(), output);
        return new HostLibrary(library);
    }

    private static boolean hasCompiler() throws InterruptedException {
        try {
            Process version = new ProcessBuilder("c++", "--version").redirectErrorStream(true).start();
            version.getInputStream().readAllBytes();
            return version.waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public void launch(Kernel kernel, Launch launch, List<MemorySegment> memory, Object... arguments) {
        List<Parameter> parameters = kernel.parameters();
        assertEquals(parameters.size(), arguments.length, kernel + " takes " + parameters);
        try (Arena arena = Arena.ofConfined()) {
            var pointers = arena.allocate(ADDRESS, arguments.length);
            for (int i = 0; i < arguments.length; i++) {
                pointers.setAtIndex(ADDRESS, i, argument(arena, parameters.get(i), arguments[i]));
            }
            entries.get(kernel).invoke(launch.gridX(), launch.gridY(), launch.gridZ(), launch.block(), pointers);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static MemorySegment argument(Arena arena, Parameter parameter, Object value) {
        return switch (parameter.type()) {
            case INT -> arena.allocateFrom(JAVA_INT, (int) value);
            case LONG -> arena.allocateFrom(JAVA_LONG, (long) value);
            case FLOAT -> arena.allocateFrom(JAVA_FLOAT, (float) value);
            case POINTER -> arena.allocateFrom(ADDRESS, switch (value) {
                case null -> MemorySegment.NULL;
                case Addresses(List<MemorySegment> of) -> pointers(arena, of);
                default -> (MemorySegment) value;
            });
        };
    }

    private static MemorySegment pointers(Arena arena, List<MemorySegment> segments) {
        MemorySegment pointers = arena.allocate(ADDRESS, segments.size());
        for (int i = 0; i < segments.size(); i++) {
            pointers.setAtIndex(ADDRESS, i, segments.get(i));
        }
        return pointers;
    }
}
