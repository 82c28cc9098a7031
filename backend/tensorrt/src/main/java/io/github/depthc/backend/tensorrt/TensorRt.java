// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import io.github.depthc.ir.DType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayDeque;
import java.util.Deque;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.tensorrt.global.nvinfer;
import org.bytedeco.tensorrt.nvinfer.IBuilder;
import org.bytedeco.tensorrt.nvinfer.ILogger;
import org.bytedeco.tensorrt.nvinfer.INoCopy;
import org.bytedeco.tensorrt.nvinfer.IRuntime;
import org.bytedeco.tensorrt.nvonnxparser.IParser;

/**
 * The TensorRT library: what it makes, what it says, and how to get rid of it. Touched only where {@link GpuSupport#check} found nothing
 * missing. Its objects come back as null, or as an address that no object has, where it fails; what it logged then is the reason.
 */
final class TensorRt {
    /** Addresses below are of members of a null object. */
    private static final long FIRST_PAGE = 4096;
    private static final int KEPT_MESSAGES = 8;
    /**
     * Place of the deleting destructor in an object's table of virtual functions (Itanium C++ ABI, 2.5.2): the destructor stands where it was
     * first declared, as a pair. Of INoCopy it is the first member; in IParser six functions stand before it.
     */
    private static final int DELETE = 1;
    private static final int DELETE_PARSER = 7;

    @SuppressWarnings("restricted")
    private static final MethodHandle DESTRUCTOR = Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid(ValueLayout.ADDRESS));

    /** The library has one logger for a process, the first that it is given, and may use it until the process ends. */
    private static final Log LOG = new Log();

    private TensorRt() {
    }

    /** Keeps the last errors for the text of a failure. */
    private static final class Log extends ILogger {
        private final Deque<String> messages = new ArrayDeque<>();

        /** Called on threads of TensorRT's own. */
        @Override
        public synchronized void log(Severity severity, String message) {
            if (severity.value <= Severity.kERROR.value) { // errors come first; JavaCPP gives copies of the constants
                messages.add(message.strip());
                if (messages.size() > KEPT_MESSAGES) {
                    messages.remove();
                }
            }
        }

        synchronized String text() {
            String text = messages.isEmpty() ? "TensorRT gave no reason" : String.join("; ", messages);
            messages.clear();
            return text;
        }
    }

    /** Version of the library: {@code 11.2.1}. */
    static String version() {
        return nvinfer.getInferLibMajorVersion() + "." + nvinfer.getInferLibMinorVersion() + "." + nvinfer.getInferLibPatchVersion();
    }

    static ILogger logger() {
        return LOG;
    }

    static IRuntime runtime() {
        return require(nvinfer.createInferRuntime(LOG), "createInferRuntime");
    }

    static IBuilder builder() {
        return require(nvinfer.createInferBuilder(LOG), "createInferBuilder");
    }

    /** What a call made; a failure where that is nothing. */
    static <T extends Pointer> T require(T made, String call) {
        if (made == null || made.address() < FIRST_PAGE) {
            throw failure(call);
        }
        return made;
    }

    /** A failure where a call says that it did not do it. */
    static void require(boolean done, String call) {
        if (!done) {
            throw failure(call);
        }
    }

    static UncheckedIOException failure(String call) {
        return new UncheckedIOException(new IOException("TensorRT: " + call + " failed: " + LOG.text()));
    }

    /** Deletes an object of TensorRT's, which the Java API has no function for; null is left out. */
    static void delete(INoCopy object) {
        if (object != null) {
            delete(object.address(), DELETE);
        }
    }

    /** Deletes a parser; null is left out. */
    static void delete(IParser parser) {
        if (parser != null) {
            delete(parser.address(), DELETE_PARSER);
        }
    }

    private static void delete(long object, int place) {
        MemorySegment self = NativeMemory.at(object, Long.BYTES);
        MemorySegment table = NativeMemory.at(self.get(ValueLayout.JAVA_LONG, 0), (place + 1L) * Long.BYTES);
        try {
            DESTRUCTOR.invokeExact(MemorySegment.ofAddress(table.getAtIndex(ValueLayout.JAVA_LONG, place)), self);
        } catch (Throwable e) {
            throw new IllegalStateException("a destructor was called with the wrong arguments", e);
        }
    }

    /** An element type as TensorRT has it. */
    static nvinfer.DataType type(DType type) {
        return switch (type) {
            case F32 -> nvinfer.DataType.kFLOAT;
            case F16 -> nvinfer.DataType.kHALF;
            case BF16 -> nvinfer.DataType.kBF16;
            case I32 -> nvinfer.DataType.kINT32;
            case I64 -> nvinfer.DataType.kINT64;
            case U8 -> nvinfer.DataType.kUINT8;
            case BOOL -> nvinfer.DataType.kBOOL;
            default -> throw new IllegalArgumentException("engines have no tensors of " + type);
        };
    }
}
