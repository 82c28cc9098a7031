// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Whether this machine can run engines, asked before any class of CUDA's or TensorRT's Java API is touched: those throw
 * {@link UnsatisfiedLinkError} where a library is missing.
 */
public final class GpuSupport {
    /** What the glue needs, each after what it needs itself. */
    private static final List<Required> REQUIRED = List.of(
            new Required("libcudart.so.13", "org/bytedeco/cuda", "the CUDA 13 toolkit"),
            new Required("libnvrtc.so.13", "org/bytedeco/cuda", "the CUDA 13 toolkit"),
            new Required("libcublasLt.so.13", "org/bytedeco/cuda", "cuBLAS 13, which the CUDA 13 toolkit has"),
            new Required("libcublas.so.13", "org/bytedeco/cuda", "cuBLAS 13, which the CUDA 13 toolkit has"),
            new Required("libcudnn_graph.so.9", "org/bytedeco/cuda", "cuDNN 9 for CUDA 13"),
            new Required("libcudnn_ops.so.9", "org/bytedeco/cuda", "cuDNN 9 for CUDA 13"),
            new Required("libcudnn_cnn.so.9", "org/bytedeco/cuda", "cuDNN 9 for CUDA 13"),
            new Required("libcudnn_adv.so.9", "org/bytedeco/cuda", "cuDNN 9 for CUDA 13"),
            new Required("libnvinfer.so.11", "org/bytedeco/tensorrt", "TensorRT 11.2 for CUDA 13"),
            new Required("libnvinfer_plugin.so.11", "org/bytedeco/tensorrt", "TensorRT 11.2 for CUDA 13"),
            new Required("libnvonnxparser.so.11", "org/bytedeco/tensorrt", "TensorRT 11.2 for CUDA 13"));
    private static final String TENSORRT = "11.2.";
    private static final String PLATFORM = "/linux-x86_64";

    private GpuSupport() {
    }

    private record Required(String library, String resources, String comesWith) {
    }

    /** What is missing, what was looked for and what to install, in one line; empty when nothing is. */
    public static Optional<String> check() {
        Optional<String> missing = check(Libraries.ofSystem(), System.getProperty("os.name") + " " + System.getProperty("os.arch"));
        return missing.isPresent() ? missing : tensorRt();
    }

    /** Everything is there; whether it can be loaded, and is what the glue was made for. */
    private static Optional<String> tensorRt() {
        try {
            String version = TensorRt.version();
            return version.startsWith(TENSORRT) ? Optional.empty()
                    : Optional.of("the TensorRT that was found is " + version + ", expected " + TENSORRT + "x: engines and calls of other versions differ");
        } catch (LinkageError e) {
            return Optional.of("TensorRT cannot be loaded: " + String.valueOf(e.getMessage()).lines().findFirst().orElse("") + "; install TensorRT " + TENSORRT + "x for CUDA 13");
        }
    }

    static Optional<String> check(Libraries libraries, String platform) {
        if (!platform.toLowerCase(Locale.ROOT).matches("linux (amd64|x86_64)")) {
            return Optional.of("engines run on Linux on x86-64 alone; this is " + platform);
        }
        Driver driver;
        try {
            driver = Driver.open(libraries);
            Gpu.list(driver);
        } catch (MissingGpuException e) {
            return Optional.of(e.getMessage());
        } catch (UncheckedIOException e) {
            return Optional.of("the NVIDIA driver does not work: " + e.getCause().getMessage());
        }
        return REQUIRED.stream().filter(r -> !libraries.has(r.library(), r.resources() + PLATFORM)).findFirst()
                .map(r -> r.library() + " was not found in " + libraries.where() + "; install " + r.comesWith() + ", or name its folder in LD_LIBRARY_PATH");
    }

    /** Bytes of a GPU's memory that are free now. */
    public static long freeBytes(Gpu gpu) {
        try (Cuda cuda = Cuda.open(Driver.open(Libraries.ofSystem()), gpu)) {
            cuda.enter();
            return cuda.freeBytes();
        }
    }

    /** The GPUs that this process sees; {@link MissingGpuException} where {@link #check} has something to say. */
    public static List<Gpu> gpus() {
        check().ifPresent(missing -> {
            throw new MissingGpuException(missing);
        });
        return Gpu.list(Driver.open(Libraries.ofSystem()));
    }
}
